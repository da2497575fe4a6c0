package warehouse

import (
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.5 and §2.7: the project and the right to upload to it.

// hasContent is row 43; content that is no file breaks the index (§2.11).
func hasContent(u *upload) *refusal {
	switch {
	case u.form.content != nil:
		return nil
	case u.form.plainFile:
		return refuse(http.StatusInternalServerError, "")
	default:
		return bad("Upload payload does not have a file.")
	}
}

// projectExists is rows 44 and 46.
func projectExists(u *upload) *refusal {
	name := u.form.get("name")
	u.project = u.ix.projects[pep.Normalize(name)]
	switch {
	case u.project != nil:
		return nil
	case u.grant.publisher != nil:
		return bad("Non-user identities cannot create new projects. This was probably caused by successfully using a pending " +
			"publisher but specifying the project name incorrectly (either in the publisher or in your project's metadata). " +
			"Please ensure that both match. See: https://docs.pypi.org/trusted-publishers/troubleshooting/#token-minting")
	}
	if u.switches.TooManyProjects {
		return refuse(http.StatusTooManyRequests, "Too many new projects created")
	}
	if no := u.ix.mayCreate(name); no != nil {
		return no
	}
	u.project, u.creates = u.ix.newProject(name), true
	return nil
}

// userInOrder is row 45.
func userInOrder(u *upload) *refusal {
	switch {
	case u.grant.publisher != nil:
		return nil
	case u.switches.NoEmail:
		return refuse(http.StatusForbidden, "User %s, associated with the API token used, does not have a verified primary email address. "+
			"Please add a verified primary email before attempting to upload to PyPI. See %s#verified-email for more information.", repr(apiUser), u.help())
	case u.switches.NoSecondFactor:
		return refuse(http.StatusForbidden, "User %s, associated with the API token used, does not have two-factor authentication enabled. "+
			"Please enable two-factor authentication before attempting to upload to PyPI. See %s#two-factor-authentication for more information.", repr(apiUser), u.help())
	}
	return nil
}

// caveatsHold is row 47.
func caveatsHold(u *upload) *refusal {
	if problems := u.ix.verify(u.auth.token, u.grant, u.project); len(problems) > 0 {
		return refuse(http.StatusForbidden, "Invalid API Token: %s", strings.Join(problems, ", "))
	}
	return nil
}

// permitted is row 48.
func permitted(u *upload) *refusal {
	if u.project.status == statusActive {
		return nil
	}
	if u.grant.publisher != nil {
		return refuse(http.StatusForbidden, "The given token isn't allowed to upload to project %s. See %s#project-name for more information.",
			repr(u.project.name), u.help())
	}
	if u.project.status == statusQuarantined {
		return nil // its owners may still upload
	}
	return refuse(http.StatusForbidden, "The user %s isn't allowed to upload to project %s. See %s#project-name for more information.",
		repr(apiUser), repr(u.project.name), u.help())
}

// goodStanding is row 49.
func goodStanding(u *upload) *refusal {
	if !u.switches.Inactive {
		return nil
	}
	return bad("Organization account owning this project is inactive. This may be due to inactive billing for Company " +
		"Organizations, or administrator intervention for Community Organizations. Please contact support@pypi.org.")
}

// findRelease is row 51. A release that this request does not see is found at commit.
func findRelease(u *upload) *refusal {
	u.release = u.project.releases[u.version.Canonical()]
	return nil
}

// mayCreate applies the rules of §2.9. That a project of the name exists is found out earlier.
func (ix *Index) mayCreate(name string) *refusal {
	if ix.switches.NoProjects {
		return refuse(http.StatusForbidden, "New project registration temporarily disabled. See %s#admin-intervention for more information.", ix.help())
	}
	for _, check := range creationRules() {
		if no := check(ix, name); no != nil {
			return no
		}
	}
	return nil
}

func creationRules() []func(*Index, string) *refusal {
	return []func(*Index, string) *refusal{nameValid, nameNotStandard, nameProhibited, nameDistinct}
}

func nameValid(_ *Index, name string) *refusal {
	if !pep.ValidName(name) {
		return bad("The name %s is invalid.", repr(name))
	}
	return nil
}

func nameProhibited(ix *Index, name string) *refusal {
	for _, prohibited := range ix.switches.Prohibited {
		if pep.Normalize(prohibited) == pep.Normalize(name) {
			return bad("The name %s isn't allowed. See %s#project-name for more information.", repr(name), ix.help())
		}
	}
	return nil
}

func nameDistinct(ix *Index, name string) *refusal {
	for key := range ix.projects {
		if ultranormal(string(key)) == ultranormal(name) {
			return bad("The name %s is too similar to an existing project. See %s#project-name for more information.", repr(name), ix.help())
		}
	}
	return nil
}

// ultranormal maps names that are easily taken for each other to one text.
func ultranormal(name string) string {
	return strings.ToLower(strings.NewReplacer(".", "", "_", "", "-", "", "l", "1", "L", "1", "i", "1", "I", "1", "o", "0", "O", "0").Replace(name))
}
