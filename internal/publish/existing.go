package publish

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// setIndexURL is the next step where a run does not know where to look.
const setIndexURL = "set `index-url` to the URL that pip installs from"

// checkSkipExisting refuses to skip what cannot be seen: on an index that may replace files, leaving out what is there needs its pages.
func checkSkipExisting(site index.Site, skip bool) error {
	if !skip || site.Simple != nil || !site.MayReplace() {
		return nil
	}
	return finding.New(finding.SkipExistingUnseen,
		fmt.Sprintf("`skip-existing: true` needs to see which files %s already has, "+
			"but no simple index is known for it (`index-url` is `none`, or empty and `repository-url` leads to none)", site.Upload.Host),
		setIndexURL+", or remove `skip-existing`")
}

// unseenWords says what is not checked where no simple index is known.
func unseenWords(site index.Site) string {
	return fmt.Sprintf("no simple index is known for %s, so the run cannot see existing files", site.Upload.Host)
}

// unseenFiles returns what a plan has to say where nothing can be seen of an index that may replace files; ok is false elsewhere.
func unseenFiles(site index.Site) (f finding.Finding, ok bool) {
	f = finding.New(finding.ExistingUnseen,
		unseenWords(site)+": an upload may replace a file with the same name, "+
			"and the run cannot verify that the index stored what it accepted",
		setIndexURL+", to let the run compare files before and after it uploads; `index-url: none` turns queries off")
	if site.Declined {
		f.Severity, f.Fix = finding.Notice, setIndexURL+", to let the run compare files before and after it uploads"
	}
	return f, site.Simple == nil && site.MayReplace()
}

// queryFailure returns the finding of a project whose page could not be read. It is a warning, but an error where the user asks to skip
// files that the index has, and the index may replace them instead.
func queryFailure(site index.Site, skip bool, project pep.Project, err error) finding.Finding {
	message := couldNotQuery(site, failedQuery{project, err})
	fix := "no action needed: " + site.Name() + " recognises files that it already has; to turn queries off, set `index-url: none`"
	switch {
	case site.MayReplace() && skip:
		return finding.New(finding.SkipExistingLookFailed,
			fmt.Sprintf("`skip-existing: true` needs to see which files %s has of %s, but the query failed: %v", site.Upload.Host, project,
				err),
			cmp.Or(wire.Advice(err), readable(err), "check `index-url`, then run the job again; nothing was uploaded"))
	case site.MayReplace():
		fix = cmp.Or(readable(err), "check `index-url`") +
			": this index may replace files with the same name, and the run could not see them"
	}
	return finding.New(finding.LookFailed, message, cmp.Or(wire.Advice(err), fix))
}

// couldNotQuery returns the message about a project whose page could not be read.
func couldNotQuery(site index.Site, failure failedQuery) string {
	return fmt.Sprintf("could not query %s for the files of %s: %v", site.Name(), failure.project, failure.err)
}

// readable returns the next step for a page that cannot be read, by what the index answered; empty if that tells none.
func readable(err error) string {
	var signIn *index.SignInError
	status := wire.StatusOf(err)
	switch {
	case errors.As(err, &signIn), status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "check that `user` and `password` may read the index, too, and that `index-url` is on the host of `repository-url`: " +
			"they are sent nowhere else"
	case status/100 == 3:
		return "set `index-url` to the address that it redirects to"
	case errors.Is(err, pep.ErrNoListing):
		return "set `index-url` to the URL that pip installs from: this is no page of a simple index"
	}
	return ""
}

// recordUnseen reports, once, that nothing can be seen of an index that may replace files.
func (r *run) recordUnseen() {
	if f, unseen := unseenFiles(r.Index.Site()); unseen && !r.unseenNoted {
		r.unseenNoted = true // a plan that is made again after a wait says nothing twice
		r.record(f)
	}
}
