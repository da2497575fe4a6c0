package publish_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/trust"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// set up a run of one sdist at a stage that trusts it. watch sees every event.
func setUp(t *testing.T, watch func(ledger.Event)) (*fakepypi.Stage, publish.Options, publish.Deps, *ledger.Recorder) {
	t.Helper()
	s, err := fakepypi.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0", fakepypi.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Trust(fakepypi.Publisher{Project: "sampleproject"})
	console, vault := runner.New(func(name string) string { return s.Env[name] }, io.Discard)
	client := wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test", Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
	recorder := ledger.NewRecorder(watch)
	site := index.SiteOf(s.Upload, s.Simple, true)
	return s, publish.Options{Attest: config.AttestNever, Paths: []string{"../dist/testdata/sampleproject-3.0.0.tar.gz"}, Parallel: 2, VerifyMetadata: true}, publish.Deps{
		Index: index.New(site, client, wire.NewGate(2), nil), Record: recorder.Record, Now: time.Now,
		Tokens: trust.NewLease(trust.Options{At: s.Upload, Wire: client, IDTokens: console.IDTokens(client), Vault: vault, Now: time.Now, Note: recorder.Record, Permit: site.Permit, MayAsk: console.MayAsk, Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }}),
	}, recorder
}

// TestAPanicBurnsTheToken: a defect of ours, wherever it is, ends the run with a finding and without a living token.
func TestAPanicBurnsTheToken(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(ledger.Event) bool{
		"while authorizing": func(e ledger.Event) bool { _, ok := e.(ledger.Minted); return ok },
		"while uploading":   func(e ledger.Event) bool { _, ok := e.(ledger.Started); return ok },
		"while burning":     func(e ledger.Event) bool { p, ok := e.(ledger.Phase); return ok && p.Name == "Burn" },
		"after an upload":   func(e ledger.Event) bool { _, ok := e.(ledger.Uploaded); return ok },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, options, deps, recorder := setUp(t, func(e ledger.Event) {
				if at(e) {
					panic("a defect")
				}
			})
			err := publish.Run(t.Context(), options, deps)
			var p *par.Panic
			if !errors.As(err, &p) {
				t.Fatalf("%v", err)
			}
			receipt := recorder.Receipt()
			if name != "while burning" && receipt.Token.Burned != ledger.BurnProven || len(receipt.Findings) != 1 || receipt.Ended.IsZero() {
				t.Errorf("%+v", receipt)
			}
			for _, token := range s.Tokens() {
				if !token.Burned {
					t.Errorf("a token lives on: %+v", token)
				}
			}
		})
	}
}

// TestAFileThatChangesDuringTheRun is not sent under the digests of what it was.
func TestAFileThatChangesDuringTheRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sampleproject-3.0.0.tar.gz")
	text, err := os.ReadFile("../dist/testdata/sampleproject-3.0.0.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, options, deps, recorder := setUp(t, func(e ledger.Event) {
		if _, minted := e.(ledger.Minted); minted {
			if err := os.WriteFile(path, append(text, 0), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
	options.Paths = []string{path}
	if err := publish.Run(t.Context(), options, deps); !errors.Is(err, publish.ErrIncomplete) {
		t.Errorf("%v", err)
	}
	receipt := recorder.Receipt()
	if len(s.Files()) != 0 || len(receipt.Findings) != 1 || receipt.Result() != ledger.Failed || receipt.Token.Burned != ledger.BurnProven {
		t.Errorf("%+v", receipt)
	}
	t.Log(receipt.Findings)
}
