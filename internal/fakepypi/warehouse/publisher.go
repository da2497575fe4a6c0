package warehouse

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/idtoken"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The checks of GitHub's claims (docs/reference/pypi-server.md §4.4), in PyPI's order. An error's text is the reason that the client
// receives.

// mismatch is the reason why claims do not match, in PyPI's words.
type mismatch string

// Error returns the reason.
func (m mismatch) Error() string { return string(m) }

// requiredClaims returns the names of the claims that must be present; ref and sha may be empty.
func requiredClaims() []string {
	return []string{"repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "event_name", "jti", "ref", "sha"}
}

// claimCheck checks one claim of a token against the publisher that was found by the others.
type claimCheck struct {
	claim string
	check func(p *publisher, c idtoken.Claims) error
}

// claimChecks returns the checks in PyPI's order.
func claimChecks() []claimCheck {
	return []claimCheck{
		{"repository", sameRepository},
		{"repository_owner", sameOwner},
		{"repository_owner_id", sameOwnerID},
		{"event_name", safeEvent},
		{"job_workflow_ref", sameWorkflow},
	}
}

// match returns the publisher among candidates that the claims name, after it has checked every claim. Every error is a mismatch.
func match(candidates []*publisher, c idtoken.Claims) (*publisher, error) {
	for _, name := range requiredClaims() {
		if _, given := c[name]; !given {
			return nil, mismatch(fmt.Sprintf("Missing claim %s", pep.Repr(name)))
		}
	}
	p, err := matchPublisher(candidates, c)
	if err != nil {
		return nil, err
	}
	for _, check := range claimChecks() {
		if err := check.check(p, c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// workflowFile matches the workflow's file name: the text between the last slash and the at sign.
var workflowFile = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^/]+\.(yml|yaml)@`) })

// matchPublisher returns the candidate whose registered values are those of the claims, as PyPI's database query does: letter case
// counts. A publisher of the claimed environment comes before one of any environment.
func matchPublisher(candidates []*publisher, c idtoken.Claims) (*publisher, error) {
	repository, _ := c.Text("repository")
	owner, name, _ := strings.Cut(repository, "/")
	ownerID, _ := c.Text("repository_owner_id")
	ref, _ := c.Text("job_workflow_ref")
	file := strings.TrimSuffix(workflowFile().FindString(ref), "@")
	if file == "" {
		return nil, mismatch("Could not job extract workflow filename from OIDC claims")
	}
	environment, _ := c.Text("environment")
	var anyEnvironment *publisher
	for _, p := range candidates {
		if p.owner != owner || p.repository != name || p.ownerID != ownerID || p.workflow != file {
			continue
		}
		if p.environment == "" {
			anyEnvironment = p
		} else if p.environment == strings.ToLower(environment) {
			return p, nil
		}
	}
	if anyEnvironment == nil {
		return nil, mismatch("Publisher with matching claims was not found")
	}
	return anyEnvironment, nil
}

// failedClaim returns the mismatch of a claim whose check failed.
func failedClaim(name string) error {
	return mismatch(fmt.Sprintf("Check failed for required claim %s", pep.Repr(name)))
}

func sameRepository(p *publisher, c idtoken.Claims) error {
	if claim, _ := c.Text("repository"); !strings.EqualFold(claim, p.owner+"/"+p.repository) {
		return failedClaim("repository")
	}
	return nil
}

func sameOwner(p *publisher, c idtoken.Claims) error {
	if claim, _ := c.Text("repository_owner"); claim != p.owner {
		return failedClaim("repository_owner")
	}
	return nil
}

func sameOwnerID(p *publisher, c idtoken.Claims) error {
	if claim, _ := c.Text("repository_owner_id"); claim != p.ownerID {
		return failedClaim("repository_owner_id")
	}
	return nil
}

// safeEvent returns an error if the event is not supported. It may be empty.
func safeEvent(_ *publisher, c idtoken.Claims) error {
	if event, _ := c.Text("event_name"); event == "pull_request_target" {
		return mismatch("Publishing from a workflow invoked via 'pull_request_target' is not supported.")
	}
	return nil
}

// sameWorkflow returns an error unless job_workflow_ref is the publisher's workflow at the ref or the commit of the claims.
func sameWorkflow(p *publisher, c idtoken.Claims) error {
	claim, _ := c.Text("job_workflow_ref")
	ref, sha := c.Shown("ref"), c.Shown("sha")
	if claim == "" {
		return mismatch("The job_workflow_ref claim is empty")
	}
	if ref == "" && sha == "" {
		return mismatch("The ref and sha claims are empty")
	}
	var expected []string
	for _, at := range []string{ref, sha} {
		if at == "" {
			continue
		}
		want := p.owner + "/" + p.repository + "/.github/workflows/" + p.workflow + "@" + at
		if claim == want {
			return nil
		}
		expected = append(expected, want)
	}
	slices.Sort(expected)
	return mismatch(
		fmt.Sprintf("The job_workflow_ref claim does not match, expecting one of %s, got %s", pep.ReprList(expected), pep.Repr(claim)),
	)
}
