package attest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// audience is the audience of ID tokens for Fulcio.
const audience = "sigstore"

const (
	usualLife  = 5 * time.Minute  // lifetime of an ID token without times
	tokenGuard = 30 * time.Second // a token with less remaining time is not sent
)

// idToken is an ID token with the time, by our clock, after which it is no longer sent. The time is computed from the token's
// lifetime, because the server's clock may differ.
type idToken struct {
	oidc.Token
	until time.Time
}

// idToken returns the current token, or a new one if the current one is stale or is the spent one.
func (s *Signer) idToken(ctx context.Context, spent *idToken) (*idToken, error) {
	at, err := s.getServices(ctx)
	if err != nil {
		return nil, err
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	requestedAt := s.opts.Now()
	if s.token != nil && s.token != spent && requestedAt.Before(s.token.until) {
		return s.token, nil
	}
	token, err := s.opts.IDTokens(ctx, audience, at.fulcio)
	if err != nil {
		return nil, err
	}
	life := token.Claims.Expires.Sub(token.Claims.Issued)
	if token.Claims.Issued.IsZero() || token.Claims.Expires.IsZero() || life <= 0 {
		life = usualLife
	}
	s.token = &idToken{Token: token, until: requestedAt.Add(life - tokenGuard)}
	return s.token, nil
}

// CheckClaims returns a finding if the index would refuse attestations of a run with these claims, or nil. It is meant to be called before
// anything is signed (docs/reference/attestations.md §2.2 and §2.4).
func (s *Signer) CheckClaims(c oidc.Claims) error {
	initiating, ref, _ := strings.Cut(c.WorkflowRef, "@")
	running, _, _ := strings.Cut(c.JobWorkflowRef, "@")
	switch {
	case s.public() && c.Issuer != oidc.GitHubIssuer:
		return finding.New(finding.AttestationIssuer,
			fmt.Sprintf(
				"the index accepts attestations of GitHub workflows only if %s issued the ID token, but this one was issued by %q",
				oidc.GitHubIssuer, c.Issuer,
			),
			"publish from github.com with its own issuer, or with `attestations: false`")
	case c.Repository == "" || initiating == "" || running == "":
		return finding.New(finding.AttestationClaims,
			"the ID token does not say which workflow of which repository runs, which the index requires for attestations",
			"publish from a workflow of GitHub Actions, or with `attestations: false`")
	case initiating != running:
		return finding.New(finding.AttestationReusableWorkflow,
			fmt.Sprintf(
				"this job runs in a reusable workflow (%s, called by %s), and the index checks the upload against the first and "+
					"attestations against the second",
				running, initiating,
			),
			"either publish without attestations (with `attestations: false`), from a publisher that names the called file, "+
				"or move the publish job into the workflow that is triggered, and let the publisher name that")
	case initiating != workflowPath(c):
		return finding.New(finding.AttestationForeignWorkflow,
			fmt.Sprintf("the workflow %s does not belong to the repository %s, which the index requires for attestations", initiating,
				c.Repository),
			"publish from a workflow of the repository itself, or with `attestations: false`")
	case ref != "" && c.Ref != "" && c.SHA != "" && ref != c.Ref && ref != c.SHA:
		return finding.New(finding.AttestationWorkflowRef,
			fmt.Sprintf(
				"the workflow is from %s and the sources are from %s, but the index accepts attestations only if both are the same", ref,
				c.Ref,
			),
			"publish from a tag, a release or workflow_dispatch, or with `attestations: false`")
	}
	return nil
}

// workflowPath returns the path of the workflow that the index expects in a certificate.
func workflowPath(c oidc.Claims) string {
	return c.Repository + "/.github/workflows/" + c.WorkflowFile()
}

// PrivateRepositoryNotice returns a finding about what signing makes public, if the repository is not public. It is meant to be shown
// once, before anything is signed.
func PrivateRepositoryNotice(c oidc.Claims) (problem finding.Finding, ok bool) {
	if c.Visibility == "" || c.Visibility == "public" {
		return finding.Finding{}, false
	}
	return finding.New(finding.AttestationPrivateRepository,
		fmt.Sprintf(
			"the repository %s is %s, and attestations publish its name, workflow, ref, commit and run permanently in a public log",
			c.Repository, c.Visibility,
		),
		"publish with `attestations: false` if these must stay private"), true
}
