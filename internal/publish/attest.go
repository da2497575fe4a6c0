package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// attest gets the attestations of everything that is missing ready before the first upload: those that stand beside the
// files and hold, and new ones for the rest. Where nobody would take them it says why.
func (r *run) attest(ctx context.Context) error {
	if r.Attest == config.AttestNever {
		r.leaveSidecars()
		return nil
	}
	if why := r.unattestable(); why != nil {
		return r.unattested(*why)
	}
	r.phase("Attest")
	return r.excused(ctx, r.sign(ctx))
}

// unattestable tells why this index, or this way to authorize, has no attestations at all; nil where it has.
func (r *run) unattestable() *finding.Finding {
	told := finding.Finding{ID: "attestations-off", Severity: finding.Notice}
	switch {
	case r.Lease == nil:
		told.Message = "nothing is signed: an index takes attestations from Trusted Publishers alone"
		told.Fix = "use Trusted Publishing, without `password`; `attestations: false` says that you know"
	case r.Signer == nil:
		told.Message = "nothing is signed: this index is not known to take attestations"
		told.Fix = "`attestations: false` says that you know"
	default:
		return nil
	}
	return &told
}

// unattested goes on without attestations, unless they were asked for.
func (r *run) unattested(why finding.Finding) error {
	if r.Attest == config.AttestAlways {
		why.Severity = finding.Error
		return workflow(why)
	}
	r.leaveSidecars()
	r.Book.Note(ledger.Noted{Finding: why})
	return nil
}

// excused decides what a failure to sign means: an outage is one that `best-effort` takes, and everything else stops the run
// before any upload.
func (r *run) excused(ctx context.Context, err error) error {
	var outage *attest.Outage
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &outage) && r.Attest == config.AttestBestEffort:
		told := outage.Finding
		told.Severity = finding.Warning
		told.Message = "the files go without attestations, as `attestations: best-effort` allows: " + told.Message
		told.Fix = "nothing has to be done; these files stay without, since an index takes attestations together with the file alone"
		r.attested = nil
		r.Book.Note(ledger.Unattested{})
		return r.unattested(told)
	default:
		return err
	}
}

// sign takes or makes an attestation for every file that is missing. What the index would make of this identity is asked
// before anything of it is in a public log.
func (r *run) sign(ctx context.Context) error {
	if refused := r.Signer.Refused(r.claims); refused != nil {
		told := finding.Of(refused)[0]
		told.Severity = finding.Notice
		told.Message = "nothing is signed: " + told.Message
		return r.unattested(told)
	}
	r.attested = make([][]attest.Attestation, len(r.files))
	var unsigned []int
	for i, f := range r.plan {
		if f.Status != ledger.Upload {
			continue
		}
		if err := r.adopt(ctx, i); err != nil {
			return err
		}
		if !r.isSigned(i) {
			unsigned = append(unsigned, i)
		}
	}
	if err := r.signEach(ctx, unsigned); err != nil {
		return err
	}
	return r.keepAttestations()
}

// signEach makes the attestations that are missing, of the files at these places.
func (r *run) signEach(ctx context.Context, places []int) error {
	files := pick(r.files, places)
	if len(files) == 0 {
		return nil
	}
	if told, is := attest.Disclosed(r.claims); is {
		r.Book.Note(ledger.Noted{Finding: told})
	}
	_, err := r.Signer.Sign(ctx, files, func(n int, a attest.Attestation) { r.take(places[n], a, false) })
	return err
}

func pick[T any](all []T, places []int) []T {
	picked := make([]T, 0, len(places))
	for _, i := range places {
		picked = append(picked, all[i])
	}
	return picked
}

// take has the attestation sent with the file at this place, in the order of the suffixes whichever came first.
func (r *run) take(i int, a attest.Attestation, adopted bool) {
	r.attested[i] = append(r.attested[i], a)
	slices.SortStableFunc(r.attested[i], func(a, b attest.Attestation) int { return cmp.Compare(place(a), place(b)) })
	told := described(a)
	told.Adopted = adopted
	r.Book.Note(ledger.Attested{File: r.plan[i].Name, Attestation: told})
}

// described is an attestation as people are told of it.
func described(a attest.Attestation) ledger.Attestation {
	return ledger.Attestation{Predicate: a.Predicate, Identity: a.Identity, LogIndex: a.LogIndex, LogURL: a.LogURL}
}

func (r *run) isSigned(i int) bool {
	for _, a := range r.attested[i] {
		if a.Predicate == attest.PublishPredicate {
			return true
		}
	}
	return false
}

// attestationsOf is the form field of the file at this place; nil where it has no attestations.
func (r *run) attestationsOf(i int) []byte {
	if r.attested == nil || len(r.attested[i]) == 0 {
		return nil
	}
	return attest.Field(r.attested[i])
}

// suffixes are the names of the files in which attestations stand beside a distribution, in the order in which they are sent.
func suffixes() []string { return []string{".publish.attestation", ".slsa.attestation"} }

// keepAttestations writes the attestations where the user wants them as well.
func (r *run) keepAttestations() error {
	if r.AttestationsDir == "" {
		return nil
	}
	for i, all := range r.attested {
		for _, a := range all {
			path := filepath.Join(r.AttestationsDir, r.files[i].Name+suffixOf(a))
			if err := r.Save(path, append(a.JSON, '\n')); err != nil {
				return asFinding(err, "attestations-dir", "set `attestations-dir` to a folder that can be written to, or leave it out")
			}
		}
	}
	return nil
}

func suffixOf(a attest.Attestation) string { return suffixes()[place(a)] }

// place is where an attestation of this kind stands among the suffixes.
func place(a attest.Attestation) int {
	if a.Predicate == attest.PublishPredicate {
		return 0
	}
	return 1
}

// apart tells whether the folder for attestations is one of the distributions', or inside of one: other tools would take
// them for distributions there. Where the distributions stand in the workspace itself, all else is inside of it.
func (r *run) apart(distributions []string) error {
	if r.AttestationsDir == "" {
		return nil
	}
	kept := whole(r.AttestationsDir)
	for _, path := range distributions {
		folder := whole(filepath.Dir(path))
		top := folder == whole(".") || folder == whole(r.Workspace)
		if kept == folder || (strings.HasPrefix(kept, folder+string(filepath.Separator)) && !top) {
			return workflow(finding.Finding{
				ID: "attestations-dir", Severity: finding.Error,
				Message: fmt.Sprintf("attestations-dir is %s, where the distributions are: other tools would take the attestations for distributions", r.AttestationsDir),
				Fix:     "set `attestations-dir` to a folder of its own, such as `attestations`",
			})
		}
	}
	return nil
}

// whole is the one spelling of a path, as far as it is there; an empty one stays so.
func whole(path string) string {
	if path == "" {
		return ""
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		return real
	}
	// What is not there yet stands in a folder that may be.
	folder, err := filepath.EvalSymlinks(filepath.Dir(whole))
	if err != nil {
		return whole
	}
	return filepath.Join(folder, filepath.Base(whole))
}
