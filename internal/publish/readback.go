package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

const (
	// hits is how many times in a row the index must serve everything: the first look after a change may be answered from one cache
	// that is fresh, and the next from one that is not (reference: pypi-server.md, section 7.3).
	hits = 2

	firstPause   = time.Second
	longestPause = 15 * time.Second
)

// readBack waits until the index serves every file of the release with its digest, twice in a row. A wrong digest is an error; time that
// is up, and a signal, are told, but what is published is published. Where the index keeps other bytes of all files, as the user asked,
// there is nothing to see.
func (r *run) readBack(ctx context.Context) error {
	if r.Wait <= 0 || r.Index.Site().Simple == nil || !slices.ContainsFunc(r.Book.Receipt().Files, ledger.File.There) {
		return nil
	}
	r.phase("Read back")
	bounded, stop := context.WithTimeout(ctx, r.Wait)
	defer stop()
	seen, pause := 0, firstPause
	var missing []string
	for {
		now, silent, wrong := r.unserved(bounded)
		if bounded.Err() != nil {
			break // a look that was cut off tells nothing
		}
		missing = now
		if wrong != nil {
			r.Book.Note(ledger.ReadBack{Otherwise: true, Missing: missing})
			return wrong
		}
		if len(missing) == 0 {
			seen, pause = seen+1, firstPause
		} else {
			seen = 0
		}
		switch {
		case seen == hits && len(silent) > 0:
			r.Book.Note(ledger.ReadBack{Silent: len(silent)})
			r.Book.Note(ledger.Noted{Finding: noDigest(silent)})
			return nil
		case seen == hits:
			r.Book.Note(ledger.ReadBack{Served: true, Skipped: r.Book.Receipt().Count(ledger.Skipped)})
			return nil
		}
		if r.Sleep(bounded, pause) != nil || bounded.Err() != nil {
			break
		}
		if len(missing) > 0 {
			pause = min(2*pause, longestPause)
		}
	}
	r.Book.Note(ledger.ReadBack{Missing: missing})
	r.Book.Note(ledger.Noted{Finding: notServed(ctx, r.Wait, missing)})
	return nil
}

// unserved are the files that the index does not serve yet, and those that it serves without telling a digest. A file that it
// serves with another digest is an error: an index never changes the bytes of a name.
func (r *run) unserved(ctx context.Context) (missing, silent []string, wrong error) {
	pages := r.newPages()
	var failed []error
	for i, f := range r.Book.Receipt().Files {
		if !f.There() {
			continue
		}
		// A page that cannot be read is one that does not serve the file yet.
		page, _ := pages.of(ctx, f.Release.Project)
		at := slices.IndexFunc(page.Files, func(h pep.Held) bool { return h.Name == f.Name })
		if at < 0 {
			missing = append(missing, f.Name)
			continue
		}
		h := page.Files[at]
		theirs, ours := digestsOf(r.files[i], h)
		switch {
		case theirs != ours, h.Size != 0 && h.Size != f.Size:
			failed = append(failed, otherBytes(f, h, theirs))
		case theirs == "":
			silent = append(silent, f.Name)
		default:
			late, err := r.unproven(ctx, i, f, h)
			if late {
				missing = append(missing, "the provenance of "+f.Name)
			}
			failed = append(failed, err)
		}
	}
	return missing, silent, errors.Join(failed...)
}

// noDigest is told where a file is served and nobody can say whether it is the one.
func noDigest(names []string) finding.Finding {
	return finding.Finding{
		ID: "no-digest", Severity: finding.Warning,
		Message: "the index serves these files and tells no digest of them, so that they were not compared: " + listed(names),
		Fix:     "nothing has to be done; `wait-for-index: 0` does not ask",
	}
}

func otherBytes(f ledger.File, h pep.Held, digest string) finding.Finding {
	return finding.Finding{
		ID: "served-otherwise", Severity: finding.Error, File: f.Path,
		Message: fmt.Sprintf("the index took %s and serves something else under its name: digest %s, %d bytes, where the file has SHA-256 %s, %d bytes", f.Name,
			cmp.Or(digest, "(not told)"), h.Size, f.SHA256, f.Size),
		Fix: "do not announce this release: tell the operators of the index, and yank it until it is understood",
	}
}

// notServed is told where the index was not seen to serve everything: in time, or before a signal.
func notServed(ctx context.Context, wait time.Duration, missing []string) finding.Finding {
	why := fmt.Sprintf("within %v", wait)
	if cause := context.Cause(ctx); cause != nil {
		why = "before the run was ended: " + cause.Error()
	}
	what := "all files twice in a row"
	if len(missing) > 0 {
		what = listed(missing)
	}
	return finding.Finding{
		ID: "not-served-yet", Severity: finding.Warning,
		Message: fmt.Sprintf("the index took every file, and was not seen to serve %s %s", what, why),
		Fix:     "nothing has to be done: look at the release's page in some minutes; `wait-for-index` waits longer",
	}
}
