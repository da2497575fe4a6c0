package cli

import (
	"cmp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// home is the repository with the documentation, unless GitHub says that the action comes from another one.
const home = "org/pypi-oidc-publish"

// source returns the repository and the ref that the action comes from. known is false if GitHub does not name both.
func (w Process) source() (repository, ref string, known bool) {
	repository, ref = w.Getenv("GITHUB_ACTION_REPOSITORY"), w.Getenv("GITHUB_ACTION_REF")
	return repository, ref, repository != "" && ref != "" && !strings.ContainsAny(repository+ref, " ?#")
}

// help returns the URL of the page that explains an id. It links to the version that runs, because others may differ.
func (w Process) help(id finding.ID) string {
	repository, ref, known := w.source()
	if !known {
		repository, ref = home, "main"
	}
	return "https://github.com/" + repository + "/blob/" + ref + "/" + page(id)
}

// page returns the path in this repository, with a fragment, of the text that explains an id. The rules of preflight have their own
// page.
func page(id finding.ID) string { return cmp.Or(preflight.Page(id), id.Page()) }

// rulePage returns the page that describes a rule: a URL if the repository of the action is known, or else a path in this repository. It
// returns an empty string for other findings.
func (w Process) rulePage(id finding.ID) string {
	path := preflight.Page(id)
	if _, _, known := w.source(); path == "" || !known {
		return path
	}
	return w.help(id)
}
