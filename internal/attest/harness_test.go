package attest

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// harness is a test server, and a signer that signs against it.
type harness struct {
	*Signer
	servers  *fakepypi.Servers
	redactor *secret.Redactor

	mu    sync.Mutex
	notes []finding.Finding
	tries []wire.Try
	waits []time.Duration
	wait  func() // what happens during a wait; may be nil
}

// named is a fault of the test server's table.
func named(name string) fault.Fault {
	for _, f := range fault.Named() {
		if f.Name == name {
			return f
		}
	}
	return fault.Fault{Name: name + ", which there is not"}
}

func (h *harness) record(f finding.Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, f)
}

func (h *harness) trace(t wire.Try) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries = append(h.tries, t)
}

// count is how many tries of an op there were.
func (h *harness) count(op wire.Op) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, t := range h.tries {
		if t.Op == op {
			n++
		}
	}
	return n
}

// sleep does not wait, and remembers that it should have.
func (h *harness) sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	h.waits = append(h.waits, d)
	h.mu.Unlock()
	if h.wait != nil {
		h.wait()
	}
	return context.Cause(ctx)
}

// newHarness opens a test server with the clock.
func newHarness(t testing.TB, now func() time.Time, behavior fakepypi.SigstoreBehavior) *harness {
	t.Helper()
	servers := pypitest.Start(t, fakepypi.Options{Now: now, Sigstore: behavior})
	h := &harness{servers: servers}
	client := wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: now, Sleep: h.sleep, Trace: h.trace})
	console, redactor := runner.New(func(name string) string { return servers.Env[name] }, io.Discard)
	h.redactor = redactor
	h.Signer = New(Options{
		Wire:     client,
		IDTokens: console.IDTokens(client),
		TUF:      servers.TUF,
		Root:     servers.Root,
		Now:      now,
		Record:   h.record,
	})
	return h
}

// claims are those of the signer's ID token.
func (h *harness) claims(t testing.TB) oidc.Claims {
	t.Helper()
	c, err := h.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wheels writes n small wheels and reads them.
func wheels(t testing.TB, n int) []*distfile.Distribution {
	t.Helper()
	dir := t.TempDir()
	var all []*distfile.Distribution
	for i := range n {
		all = append(all, wheel(t, filepath.Join(dir, fmt.Sprintf("sample_project-1.0-%d-py3-none-any.whl", i+1))))
	}
	return all
}

func wheel(t testing.TB, path string) *distfile.Distribution {
	t.Helper()
	metadata := "Metadata-Version: 2.1\nName: sample-project\nVersion: 1.0\nSummary: " + filepath.Base(path) + "\n"
	disttest.Save(t, path, disttest.Zip(disttest.WheelMembers("sample_project", "1.0", metadata)...))
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
