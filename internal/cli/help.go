package cli

import (
	"cmp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// home is where this program's documentation is, unless GitHub says that the action comes from another repository.
const home = "org/pypi-oidc-publish"

// source returns the repository and the ref that the action comes from. known is false where GitHub does not say both.
func (w World) source() (repository, ref string, known bool) {
	repository, ref = w.Getenv("GITHUB_ACTION_REPOSITORY"), w.Getenv("GITHUB_ACTION_REF")
	return repository, ref, repository != "" && ref != "" && !strings.ContainsAny(repository+ref, " ?#")
}

// help returns the URL of the page that explains an id: at the release that runs, since another one may say something else.
func (w World) help(id finding.ID) string {
	repository, ref, known := w.source()
	if !known {
		repository, ref = home, "main"
	}
	return "https://github.com/" + repository + "/blob/" + ref + "/" + page(id)
}

// page returns where an id is explained: a path in this repository, with the heading. The rules of preflight have a table of their own.
func page(id finding.ID) string { return cmp.Or(preflight.Page(id), id.Page()) }

// rulePage returns where a rule is described: in the repository that GitHub took the action from, or else in ours as a path. It is
// empty for a finding of no rule.
func (w World) rulePage(id finding.ID) string {
	path := preflight.Page(id)
	if _, _, known := w.source(); path == "" || !known {
		return path
	}
	return w.help(id)
}
