package publish

import (
	"context"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestAuthorize: the upload token is for the projects of what is missing, and for the time that their uploads may take.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, c := range map[string]struct {
		files    []string
		size     int64 // of each; 0: as they are
		projects []string
		life     time.Duration
	}{
		"one project":          {[]string{wheel, sdist}, 0, []string{"alder"}, 5 * time.Minute},
		"two projects":         {[]string{birch, wheel, sdist}, 0, []string{"alder", "birch"}, 5 * time.Minute},
		"two large files":      {[]string{wheel, sdist}, 100 * mib, []string{"alder"}, 820 * time.Second},
		"more than a lifetime": {[]string{wheel, sdist}, 1000 * mib, []string{"alder"}, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, c.files...)
			h.servers.AddPublisher(fakepypi.Publisher{Project: "birch"})
			r, missing := h.planned()
			for _, file := range missing {
				if c.size > 0 {
					file.Size = c.size
				}
			}
			defer r.revoke(t.Context())
			wantError(t, "authorize", r.authorize(t.Context(), missing, false), nil)
			minted := eventOf[ledger.Minted](h)
			expect.Equal(t, "restricted", minted.Restricted, true)
			expect.Equal(t, "projects", minted.Projects, c.projects)
			life := minted.Expires.Sub(minted.At)
			// The index's clock has whole seconds.
			if life < c.life-3*time.Second || life > c.life+3*time.Second {
				t.Errorf("life of the token: got %v, want %v", life, c.life)
			}
		})
	}
}

// TestAuthorize_New: a refusal about a project that was unknown a moment ago may come from another job that created it, so that there
// is one more request. For a project that exists, or that could not be queried, it is accepted.
func TestAuthorize_New(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  func(h *harness)
		asks int
	}{
		"an unknown project": {func(*harness) {}, 2},
		"a project that is there": {
			func(h *harness) { h.servers.AddPublisher(fakepypi.Publisher{Project: "birch", Workflow: "other.yml"}) }, 1,
		},
		"an unreadable project": {func(h *harness) { h.fail("look", "html-403", 0, -1) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarnessOf(t, fakepypi.Options{Run: fakepypi.Run{Workflow: "birch.yml"}}, birch)
			h.servers.Claims(func(claims map[string]any) { claims["repository"] = "octo-org/another" })
			c.how(h)
			r, missing := h.planned()
			defer r.revoke(t.Context())
			err := r.authorize(t.Context(), missing, false)
			expect.Equal(t, "errors", idsOf(finding.Of(err)), []string{"invalid-publisher"})
			expect.Equal(t, "requests of a token", h.requests("mint"), c.asks)
		})
	}
}

// TestAuthorize_BeforeSigning: a publisher that does not match, a log that is down and a folder that cannot be written to end the run
// before anything is public, and no token outlives it.
func TestAuthorize_BeforeSigning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how    func(h *harness)
		id     string
		tokens []bool // whether each is revoked
	}{
		"no publisher matches": {func(h *harness) { asWorkflow(h, "other.yml") }, "invalid-publisher", nil},
		"no trust root":        {func(h *harness) { h.fail("trust-root", "html-403", 0, -1) }, "attestation-refused", nil},
		"no certificate": {
			func(h *harness) { h.fail("certificate", "html-403", 0, -1) }, "attestation-identity-refused", []bool{true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(config.AttestAlways)
			c.how(h)
			expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{c.id})
			expect.Equal(t, "tokens", burned(h), c.tokens)
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
		})
	}
}

// burned returns for each token of the index whether it is revoked.
func burned(h *harness) []bool {
	var all []bool
	for _, token := range h.servers.Tokens() {
		all = append(all, token.Burned)
	}
	return all
}

// TestAuthorize_SigningTime: the token lasts for the signatures as well, if any are to be made.
func TestAuthorize_SigningTime(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	r, missing := h.planned()
	for _, file := range missing {
		file.Size = 100 << 20
	}
	defer r.revoke(t.Context())
	wantError(t, "authorize", r.authorize(t.Context(), missing, true), nil)
	minted := eventOf[ledger.Minted](h)
	life, least := minted.Expires.Sub(minted.At), 820*time.Second+attest.ExpectedTime(2)-3*time.Second
	if life < least {
		t.Errorf("life of the token: got %v, want at least %v", life, least)
	}
}

// TestAuthorize_Password: where there is a password, no token is requested, and none is revoked.
func TestAuthorize_Password(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	r, missing := h.planned()
	wantError(t, "authorize", r.authorize(t.Context(), missing, false), nil)
	claims, err := r.identify(t.Context())
	wantError(t, "identify", err, nil)
	expect.Equal(t, "repository", claims.Repository, "")
	r.revoke(t.Context())
	expect.Equal(t, "phases", h.phases(), nil)
}

// TestRevoke: every token is revoked after any result of the run, a signal included, and a run without a token has no such phase.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for name, ctx := range map[string]func(t *testing.T) context.Context{
		"after a run":    func(t *testing.T) context.Context { t.Helper(); return t.Context() },
		"after a signal": cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel)
			r, missing := h.planned()
			r.revoke(ctx(t))
			expect.Equal(t, "phases without a token", h.phases(), nil)
			wantError(t, "authorize", r.authorize(t.Context(), missing, false), nil)
			r.revoke(ctx(t))
			expect.Equal(t, "phases", h.phases(), []string{"Burn"})
			expect.Equal(t, "revoked", h.servers.Tokens()[0].Burned, true)
			expect.Equal(t, "recorded", h.receipt().Token.Burned, ledger.BurnProven)
		})
	}
}

// TestRevoke_RefusedUploads: a refusal by the index, of a token or of a file, leaves no token behind.
func TestRevoke_RefusedUploads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how    func(h *harness)
		tokens int
		burned ledger.Burned
	}{
		"no publisher": {
			how:    func(h *harness) { h.servers.Claims(func(c map[string]any) { c["repository"] = "octo-org/another" }) },
			burned: ledger.NotMinted,
		},
		"no uploads": {
			func(h *harness) { h.servers.Switch(func(s *fakepypi.Behavior) { s.ReadOnly = true }) }, 1, ledger.BurnAccepted,
		},
		"an upload is lost":  {func(h *harness) { h.fail("upload", "reset-after-store", 0, -1) }, 1, ledger.BurnProven},
		"an upload is reset": {func(h *harness) { h.fail("upload", "reset-before-body", 0, -1) }, 1, ledger.BurnProven},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel)
			c.how(h)
			_ = h.run() // that no token lives on is checked there
			expect.Equal(t, "tokens", len(h.servers.Tokens()), c.tokens)
			expect.Equal(t, "recorded", h.receipt().Token.Burned, c.burned)
		})
	}
}
