package publish

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// check judges the whole set by the index's rules. All findings are told; errors stop the run.
func (r *run) check() error {
	var failed []error
	judged := ledger.Judged{Files: len(r.files), Rules: len(preflight.Rules())}
	r.found = r.judge(nil)
	for _, f := range r.found {
		switch f.Severity {
		case finding.Error:
			failed = append(failed, f)
			continue
		case finding.Warning:
			judged.Warnings++
		}
		r.Book.Note(ledger.Noted{Finding: f})
	}
	judged.Errors = len(failed)
	r.Book.Note(judged)
	if len(failed) == 0 {
		failed = r.nameless()
	}
	return errors.Join(append(failed, r.lookErrors())...)
}

// judge has preflight judge the set. Where the user asked for it, errors of rules that can be waived are warnings. stored are the files
// that the index's file host has although its page has not, where that was asked.
func (r *run) judge(stored map[string]bool) []finding.Finding {
	found := preflight.Check(preflight.Set{
		Files: r.files, Held: r.held, Warehouse: r.Index.Site().Warehouse, UserToken: r.Password != nil, Pyproject: r.pyproject,
		Classifiers: r.classifiers,
		Stored:      stored, Waive: !r.VerifyMetadata, ExpectedVersion: r.ExpectedVersion, Now: r.Now(),
	})
	for i := range found {
		found[i].File = r.shown(found[i].File)
	}
	return found
}

// nameless are the files of no known release: they cannot be sent, whatever the user asked.
func (r *run) nameless() []error {
	var failed []error
	for _, d := range r.files {
		if _, err := d.Release(); err != nil {
			failed = append(failed, finding.Finding{
				ID: "no-release", Severity: finding.Error, File: r.shown(d.Path), Message: err.Error(),
				Fix: "without a name and a version it cannot be published, with `verify-metadata: false` neither",
			})
		}
	}
	return failed
}

// decide makes the plan and tells it. Conflicts stop the run.
func (r *run) decide() error {
	r.stand()
	r.Book.Note(ledger.Planned{Files: r.plan, Releases: r.releases()})
	before := r.Book.Receipt().Findings // a plan that is made again after a wait says nothing twice
	if f, unseen := unseenFiles(r.Index.Site()); unseen && !slices.Contains(before, f) {
		r.Book.Note(ledger.Noted{Finding: f})
	}
	var failed []error
	for _, f := range r.plan {
		switch f.Status {
		case ledger.Conflict:
			failed = append(failed, conflict(f, f.Held))
		case ledger.Skipped:
			if told := kept(f, f.Held); !slices.Contains(before, told) {
				r.Book.Note(ledger.Noted{Finding: told})
			}
		}
	}
	return errors.Join(failed...)
}

// stand compares the files with what the index holds.
func (r *run) stand() {
	r.plan = r.described()
	for i, d := range r.files {
		f := &r.plan[i]
		f.Status, f.Held = standing(d, r.held[f.Release.Project], r.SkipExisting, r.Index.Site().MayReplace())
	}
}

// standing returns what to do with a file, given what the index holds of its project, and the digest of the index's file where that has
// other bytes. A file of the same name without a digest that can be compared counts as there where the index may replace it, without a
// digest; elsewhere the index itself decides.
func standing(d *dist.Distribution, listing pep.Listing, skip, mayReplace bool) (status ledger.Status, held string) {
	there := ledger.Conflict
	if skip {
		there = ledger.Skipped
	}
	status = ledger.Upload
	for _, h := range listing.Files {
		theirs, ours := digestsOf(d, h)
		switch {
		case h.Name != d.Name:
		case theirs == "" && mayReplace:
			status = there // unless the page names it a second time, with a digest
		case theirs == "":
		case theirs == ours:
			return ledger.Present, ""
		default:
			return there, theirs
		}
	}
	return status, ""
}

// onlyMD5 begins a digest that is no SHA-256.
const onlyMD5 = "MD5 "

// digestsOf are the digests of one kind of what the index holds and of a file; empty where there is no such kind. An MD5
// counts only where the index gives nothing better, and says what it is.
func digestsOf(d *dist.Distribution, h pep.Held) (theirs, ours string) {
	switch {
	case h.SHA256 != "":
		return h.SHA256, hex.EncodeToString(d.Digests.SHA256[:])
	case h.MD5 != "" && d.Digests.MD5 != [md5.Size]byte{}:
		return onlyMD5 + h.MD5, onlyMD5 + hex.EncodeToString(d.Digests.MD5[:])
	default:
		return "", ""
	}
}

// releases are those of the set, in the order of its files, with their pages.
func (r *run) releases() []ledger.Release {
	var all []ledger.Release
	known := map[pep.Release]bool{}
	for i, f := range r.plan {
		if known[f.Release] {
			continue
		}
		known[f.Release] = true
		all = append(all, ledger.Release{
			Release: f.Release, Name: r.files[i].Header("Name"), Version: f.Version,
			URL: r.Index.Site().Page(f.Release, f.Version),
		})
	}
	return all
}

func (r *run) nothingMissing() bool {
	for _, f := range r.plan {
		if f.Status == ledger.Upload {
			return false
		}
	}
	return true
}

// conflict is a name under which the index has other bytes, or a file without a digest that can be compared: held is empty then.
func conflict(f ledger.File, held string) finding.Finding {
	if held == "" {
		return finding.Finding{
			ID: "conflict-no-digest", Severity: finding.Error, File: f.Path,
			Message: fmt.Sprintf("the index has a file named %s, and gives no digest that it could be compared by with this one, whose SHA-256 is %s",
				f.Name, f.SHA256),
			Fix: "compare the two files: if they are the same, finish the release with `skip-existing: true`, else raise the version; " +
				"with an `index-url` whose pages have digests, the run compares them",
		}
	}
	digests := fmt.Sprintf("its SHA-256 is %s, this file's is %s", held, f.SHA256)
	if theirs, only := strings.CutPrefix(held, onlyMD5); only {
		digests = fmt.Sprintf("its MD5 is %s, which this file with the SHA-256 %s does not have", theirs, f.SHA256)
	}
	return finding.Finding{
		ID: "conflict", Severity: finding.Error, File: f.Path,
		Message: fmt.Sprintf("the index has other bytes under the name %s: %s", f.Name, digests),
		Fix:     "re-run only the publish job with the files of the first build, raise the version, or finish the release with `skip-existing: true`",
	}
}

// kept is the warning that the index's file stays, as the user asked. held is empty where its digest is not known.
func kept(f ledger.File, held string) finding.Finding {
	told := conflict(f, held)
	told.ID, told.Severity = "skipped", finding.Warning
	told.Fix = "see that this is what you want: users get the index's file"
	if held == "" {
		told.Message = fmt.Sprintf("the index has a file named %s, and it is unknown whether its SHA-256 is this one's, %s", f.Name, f.SHA256)
		told.Fix += "; with an `index-url` whose pages have digests, the run compares them"
	}
	told.Message += "; the index's file stays, and this one is not published"
	return told
}
