package publish

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// TestRun_Stuck: after a signal the run does not wait for what never ends, such as a file system that does not answer. Its token is
// revoked, and what is known is reported.
func TestRun_Stuck(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		burned   ledger.Burned
		uploaded int
		stuck    func(h *harness, wait func())
	}{
		"before there is a token": {ledger.NotMinted, 0, func(h *harness, wait func()) {
			h.deps.PrepareFolder = func(string) error { wait(); return nil }
		}},
		"while there is a token": {ledger.BurnProven, 0, func(h *harness, wait func()) {
			h.deps.Save = func(string, []byte) error { wait(); return nil }
		}},
		"after the upload": {ledger.BurnProven, 1, func(h *harness, wait func()) {
			h.attachTo(releases.Release{Tag: "v1.0"})
			h.deps.Manifest = func() []byte { wait(); return nil }
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if name != "while there is a token" {
				long.Only(t) // each waits for three seconds
			}
			t.Parallel()
			h := newHarness(t, wheel)
			h.signAll(config.AttestAuto)
			h.options.AttestationsDir = h.path("attestations")
			terminated := errors.New("terminated")
			ctx, cancel := context.WithCancelCause(t.Context())
			freed := make(chan struct{})
			var waiting sync.WaitGroup
			c.stuck(h, func() {
				waiting.Add(1)
				defer waiting.Done()
				cancel(terminated)
				<-freed
			})
			stop := context.AfterFunc(bounded(t), func() { close(freed) }) // so that the test fails, and ends
			err := h.runIn(ctx)
			noted := h.noted() // before the step goes on
			if !stop() {
				t.Fatal("the run waited")
			}
			close(freed)
			waiting.Wait()
			var left *par.Abandoned
			if !errors.Is(err, terminated) || !errors.As(err, &left) {
				t.Errorf("got %v", err)
			}
			expect.Equal(t, "reported", noted, []string{"cancelled"})
			expect.Contains(t, "the finding", h.firstNoted().Message, "the run was cancelled: terminated", "did not end within")
			expect.Equal(t, "revoked", h.receipt().Token.Burned, c.burned)
			expect.Equal(t, "uploaded", len(h.servers.Files()), c.uploaded)
		})
	}
}

// bounded returns a context that is done when a test has waited long enough.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), testTimeout/3)
	t.Cleanup(stop)
	return ctx
}
