package warehouse

import (
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.5 and §2.7: the project, and the permission to upload to it.

// hasContent checks row 43. Content that is not a file makes PyPI fail (§2.11).
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

// projectExists checks rows 44 and 46. It makes a new project for the token of a user.
func projectExists(u *upload) *refusal {
	name := u.form.get("name")
	u.project = u.ix.projects[pep.Normalize(name)]
	switch {
	case u.project != nil:
		return nil
	case u.token.publisher != nil:
		return bad("Non-user identities cannot create new projects. This was probably caused by successfully using a pending " +
			"publisher but specifying the project name incorrectly (either in the publisher or in your project's metadata). " +
			"Please ensure that both match. See: https://docs.pypi.org/trusted-publishers/troubleshooting/#token-minting")
	}
	if u.behavior.TooManyProjects {
		return tooManyProjects()
	}
	if refused := u.ix.mayCreate(name); refused != nil {
		return refused
	}
	u.project, u.creates = u.ix.newProject(name), true
	return nil
}

// tooManyProjects returns the refusal of a user who has made the new projects of an hour (§2.9). It says when the hour ends, and has no
// Retry-After.
func tooManyProjects() *refusal {
	refused := refuse(http.StatusTooManyRequests, "Too many new projects created")
	refused.header = http.Header{
		"Ratelimit-Policy": {`"project.create.ip";q=40;w=3600;pk=:ip:, "project.create.user";q=20;w=3600;pk=:user:`},
		"Ratelimit":        {`"project.create.ip";r=19;t=3133, "project.create.user";r=0;t=3133`},
	}
	return refused
}

// userInOrder checks row 45: the user has a verified email address and two-factor authentication.
func userInOrder(u *upload) *refusal {
	switch {
	case u.token.publisher != nil:
		return nil
	case u.behavior.NoEmail:
		return refuse(http.StatusForbidden, "User %s, associated with the API token used, does not have a verified primary email address. "+
			"Please add a verified primary email before attempting to upload to PyPI. See %s#verified-email for more information.",
			pep.Repr(apiUser), u.help())
	case u.behavior.NoSecondFactor:
		return refuse(http.StatusForbidden,
			"User %s, associated with the API token used, does not have two-factor authentication enabled. "+
				"Please enable two-factor authentication before attempting to upload to PyPI. "+
				"See %s#two-factor-authentication for more information.",
			pep.Repr(apiUser), u.help())
	}
	return nil
}

// checkCaveats checks row 47: the token's signature and caveats are valid for the project.
func checkCaveats(u *upload) *refusal {
	if problems := u.ix.verify(u.auth.token, u.token, u.project); len(problems) > 0 {
		return refuse(http.StatusForbidden, "Invalid API Token: %s", strings.Join(problems, ", "))
	}
	return nil
}

// permitted checks row 48: the project's status allows the token's owner to upload.
func permitted(u *upload) *refusal {
	if u.project.status == statusActive {
		return nil
	}
	if u.token.publisher != nil {
		return refuse(http.StatusForbidden,
			"The given token isn't allowed to upload to project %s. See %s#project-name for more information.", pep.Repr(u.project.name),
			u.help())
	}
	if u.project.status == statusQuarantined {
		return nil // its owners may still upload
	}
	return refuse(http.StatusForbidden, "The user %s isn't allowed to upload to project %s. See %s#project-name for more information.",
		pep.Repr(apiUser), pep.Repr(u.project.name), u.help())
}

// goodStanding checks row 49: the organization that owns the project is in good standing.
func goodStanding(u *upload) *refusal {
	if !u.behavior.Inactive {
		return nil
	}
	return bad("Organization account owning this project is inactive. This may be due to inactive billing for Company " +
		"Organizations, or administrator intervention for Community Organizations. Please contact support@pypi.org.")
}

// findRelease looks up the release (row 51). commit finds a release that this request does not see.
func findRelease(u *upload) *refusal {
	u.release = u.project.releases[u.version.Canonical()]
	return nil
}

// mayCreate checks the rules of §2.9. An existing project with this name was found earlier.
func (ix *Index) mayCreate(name string) *refusal {
	if ix.behavior.NoProjects {
		return refuse(http.StatusForbidden,
			"New project registration temporarily disabled. See %s#admin-intervention for more information.", ix.help())
	}
	for _, check := range creationRules() {
		if refused := check(ix, name); refused != nil {
			return refused
		}
	}
	return nil
}

func creationRules() []func(*Index, string) *refusal {
	return []func(*Index, string) *refusal{nameValid, nameNotStandard, nameProhibited, nameDistinct}
}

func nameValid(_ *Index, name string) *refusal {
	if !pep.ValidName(name) {
		return bad("The name %s is invalid.", pep.Repr(name))
	}
	return nil
}

func nameProhibited(ix *Index, name string) *refusal {
	for _, prohibited := range ix.behavior.Prohibited {
		if pep.Normalize(prohibited) == pep.Normalize(name) {
			return bad("The name %s isn't allowed. See %s#project-name for more information.", pep.Repr(name), ix.help())
		}
	}
	return nil
}

func nameDistinct(ix *Index, name string) *refusal {
	for key := range ix.projects {
		if ultranormal(string(key)) == ultranormal(name) {
			return bad("The name %s is too similar to an existing project. See %s#project-name for more information.", pep.Repr(name),
				ix.help())
		}
	}
	return nil
}

// ultranormal returns the same text for names that are easily confused.
func ultranormal(name string) string {
	return strings.ToLower(strings.NewReplacer(".", "", "_", "", "-", "", "l", "1", "L", "1",
		"i", "1", "I", "1", "o", "0", "O", "0").Replace(name))
}
