package fakepypi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
)

// TestIssuer_SubjectAndRef: subject and ref as GitHub forms them.
func TestIssuer_SubjectAndRef(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run                    issuer.Run
		subject, kind, refName string
	}{
		"tag":         {issuer.Run{}, "repo:octo-org/rehearsal:ref:refs/tags/v1.0.0", "tag", "v1.0.0"},
		"branch":      {issuer.Run{Ref: "refs/heads/main"}, "repo:octo-org/rehearsal:ref:refs/heads/main", "branch", "main"},
		"environment": {issuer.Run{Environment: "py:pi"}, "repo:octo-org/rehearsal:environment:py%3Api", "tag", "v1.0.0"},
		"pull request": {
			issuer.Run{Event: "pull_request", Ref: "refs/pull/7/merge"}, "repo:octo-org/rehearsal:pull_request", "branch", "7/merge",
		},
	} {
		claims, env := c.run.Claims(), c.run.Env()
		if claims["sub"] != c.subject || claims["ref_type"] != c.kind || env["GITHUB_REF_NAME"] != c.refName ||
			env["GITHUB_REF_TYPE"] != c.kind {
			t.Errorf("%s: %v, %v, %v", name, claims["sub"], claims["ref_type"], env["GITHUB_REF_NAME"])
		}
	}
}

// TestIssuer_Token: no token is like another, and all are remembered.
func TestIssuer_Token(t *testing.T) {
	t.Parallel()
	key, err := issuertest.Key()
	if err != nil {
		t.Fatal(err)
	}
	i := issuer.New(issuer.Options{URL: "http://127.0.0.1:1", Now: time.Now, Key: key})
	seen := map[string]bool{}
	for range 3 {
		token, err := i.Token("x")
		if err != nil || strings.Count(token, ".") != 2 || seen[token] {
			t.Fatalf("%q, %v", token, err)
		}
		seen[token] = true
	}
	for _, token := range i.Issued() {
		delete(seen, token)
	}
	if len(seen) != 0 {
		t.Errorf("forgotten: %v", seen)
	}
	i.Claims(func(c map[string]any) { c["bad"] = func() {} })
	if token, err := i.Token("x"); err == nil {
		t.Errorf("claims that cannot be encoded became %q", token)
	}
}
