package attest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// audience is who an ID token for Fulcio is for.
const audience = "sigstore"

const (
	usualLife  = 5 * time.Minute  // of an ID token that does not tell
	tokenGuard = 30 * time.Second // a token with less left is not sent
)

// idToken is an ID token with the time, by our clock, after which it is not sent any more. The server's clock may
// be another one: what counts is how long the token lives.
type idToken struct {
	oidc.Token
	until time.Time
}

// idToken returns the token in hand, or a fresh one if that is stale or is the one that is told to be spent.
func (s *Signer) idToken(ctx context.Context, spent *idToken) (*idToken, error) {
	at, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	asked := s.opts.Now()
	if s.token != nil && s.token != spent && asked.Before(s.token.until) {
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
	s.token = &idToken{Token: token, until: asked.Add(life - tokenGuard)}
	return s.token, nil
}

// CheckClaims tells, before anything is signed, that the index would refuse attestations of the run that the claims are
// of. The error is a finding (docs/reference/attestations.md §2.2 and §2.4).
func (s *Signer) CheckClaims(c oidc.Claims) error {
	initiating, ref, _ := strings.Cut(c.WorkflowRef, "@")
	running, _, _ := strings.Cut(c.JobWorkflowRef, "@")
	switch {
	case s.public() && c.Issuer != githubIssuer:
		return finding.New(finding.AttestationIssuer,
			fmt.Sprintf("the index accepts attestations of GitHub workflows only if %s issued the ID token, but this one was issued by %q", githubIssuer, c.Issuer),
			"publish from github.com with its own issuer, or with `attestations: false`")
	case c.Repository == "" || initiating == "" || running == "":
		return finding.New(finding.AttestationClaims,
			"the ID token does not say which workflow of which repository runs, which the index requires for attestations",
			"publish from a workflow of GitHub Actions, or with `attestations: false`")
	case initiating != running:
		return finding.New(finding.AttestationReusableWorkflow,
			fmt.Sprintf("this job runs in a reusable workflow (%s, called by %s), and the index checks the upload against the first and attestations against the second", running, initiating),
			"move the publish job into the workflow that is triggered, or publish with `attestations: false`")
	case initiating != workflowPath(c):
		return finding.New(finding.AttestationForeignWorkflow,
			fmt.Sprintf("the workflow %s does not belong to the repository %s, which the index requires for attestations", initiating, c.Repository),
			"publish from a workflow of the repository itself, or with `attestations: false`")
	case ref != "" && c.Ref != "" && c.SHA != "" && ref != c.Ref && ref != c.SHA:
		return finding.New(finding.AttestationWorkflowRef,
			fmt.Sprintf("the workflow is from %s and the sources are from %s, but the index accepts attestations only if both are the same", ref, c.Ref),
			"publish from a tag, a release or workflow_dispatch, or with `attestations: false`")
	}
	return nil
}

// workflowPath is the path of the workflow that the index expects a certificate to name.
func workflowPath(c oidc.Claims) string {
	return c.Repository + "/.github/workflows/" + c.WorkflowFile()
}

// PrivateRepositoryNotice tells what signing makes public for ever though the repository is not: a finding to show once, before
// anything is signed.
func PrivateRepositoryNotice(c oidc.Claims) (told finding.Finding, is bool) {
	if c.Visibility == "" || c.Visibility == "public" {
		return finding.Finding{}, false
	}
	return finding.New(finding.AttestationPrivateRepository,
		fmt.Sprintf("the repository %s is %s, and attestations publish its name, workflow, ref, commit and run permanently in a public log", c.Repository, c.Visibility),
		"publish with `attestations: false` if these must stay private"), true
}
