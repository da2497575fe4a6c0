package cli

import (
	"cmp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// home is where this program's documentation is, unless GitHub says that the action comes from another repository.
const home = "org/pypi-oidc-publish"

// help is where more is said about the findings of an id: at the release that runs, since another one may say something else.
func (w World) help(id string) string {
	repository, ref := w.Getenv("GITHUB_ACTION_REPOSITORY"), w.Getenv("GITHUB_ACTION_REF")
	if repository == "" || ref == "" || strings.ContainsAny(repository+ref, " ?#") {
		repository, ref = home, "main"
	}
	return "https://github.com/" + repository + "/blob/" + ref + "/" + cmp.Or(preflight.Page(id), "docs/troubleshooting.md#"+id)
}
