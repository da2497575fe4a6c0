package publish

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

const (
	publishSuffix = ".publish.attestation"
	slsaSuffix    = ".slsa.attestation"
)

// signedElsewhere returns an attestation of this content under this name, as another tool of the same job makes it.
func signedElsewhere(t *testing.T, h *harness, name string, content []byte, predicate string) string {
	t.Helper()
	base := &url.URL{Scheme: h.servers.TUF.Scheme, Host: h.servers.TUF.Host}
	token, err := h.console.IDTokens(h.client)(t.Context(), "sigstore", base)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := token.Text.Value(base)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	other, err := signer.New(t.Context(), client, base.String(), raw)
	if err != nil {
		t.Fatal(err)
	}
	a, err := other.Attest(t.Context(), signer.Statement(name, content, predicate))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// content returns a file of the workspace.
func content(t *testing.T, h *harness, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(h.path(path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// predicatesOf returns the suffixes of the attestations that go with a target, in their order.
func predicatesOf(file *target) []string {
	var all []string
	for _, a := range file.attestations {
		all = append(all, suffixOf(a))
	}
	return all
}

// attestAll does both steps that make attestations, without the request for the upload token between them.
func attestAll(ctx context.Context, r *run, missing []*target, claims oidc.Claims) error {
	signing, err := r.prepareAttestations(ctx, missing, claims)
	if err != nil || !signing {
		return err
	}
	return r.sign(ctx, missing, claims)
}

// TestAttest: what is signed, what goes without, and what stops the run, by what the user asked and what is possible.
func TestAttest(t *testing.T) {
	t.Parallel()
	possible := func(*harness) {}
	password := func(h *harness) { h.deps.Tokens = nil }
	noSigner := func(h *harness) { h.deps.Signer = nil }
	reusable := func(h *harness) {
		h.servers.Claims(func(claims map[string]any) {
			claims["job_workflow_ref"] = strings.Replace(claims["job_workflow_ref"].(string), "release.yml", "called.yml", 1)
		})
	}
	noCertificate := func(h *harness) { h.fail("certificate", "status-503", 0, -1) }
	halfALog := func(h *harness) { h.fail("log-entry", "status-503", 1, -1) }
	refused := func(h *harness) { h.fail("certificate", "html-403", 0, -1) }
	shortOutage := func(h *harness) { h.fail("certificate", "status-503", 0, 1) }
	const off, reuse, down, no = "attestations-off", "attestation-reusable-workflow", "attestation-outage", "attestation-identity-refused"
	type row struct {
		policy   config.Attest
		how      func(*harness)
		attested int
		err      string // its id
		noted    string // its id
		severity finding.Severity
	}
	for name, c := range map[string]row{
		"never":       {config.AttestNever, possible, 0, "", "", 0},
		"auto":        {config.AttestAuto, possible, 2, "", "", 0},
		"always":      {config.AttestAlways, possible, 2, "", "", 0},
		"best effort": {config.AttestBestEffort, possible, 2, "", "", 0},

		"never, with a password":       {config.AttestNever, password, 0, "", "", 0},
		"auto, with a password":        {config.AttestAuto, password, 0, "", off, finding.Notice},
		"always, with a password":      {config.AttestAlways, password, 0, off, "", 0},
		"best effort, with a password": {config.AttestBestEffort, password, 0, "", off, finding.Notice},

		"never, at another index":       {config.AttestNever, noSigner, 0, "", "", 0},
		"auto, at another index":        {config.AttestAuto, noSigner, 0, "", off, finding.Notice},
		"always, at another index":      {config.AttestAlways, noSigner, 0, off, "", 0},
		"best effort, at another index": {config.AttestBestEffort, noSigner, 0, "", off, finding.Notice},

		"never, from a reusable workflow":       {config.AttestNever, reusable, 0, "", "", 0},
		"auto, from a reusable workflow":        {config.AttestAuto, reusable, 0, "", reuse, finding.Notice},
		"always, from a reusable workflow":      {config.AttestAlways, reusable, 0, reuse, "", 0},
		"best effort, from a reusable workflow": {config.AttestBestEffort, reusable, 0, "", reuse, finding.Notice},

		"auto, no certificate":        {config.AttestAuto, noCertificate, 0, down, "", 0},
		"always, no certificate":      {config.AttestAlways, noCertificate, 0, down, "", 0},
		"best effort, no certificate": {config.AttestBestEffort, noCertificate, 0, "", down, finding.Warning},
		"never, no certificate":       {config.AttestNever, noCertificate, 0, "", "", 0},

		"auto, the log fails half-way":        {config.AttestAuto, halfALog, -1, down, "", 0},
		"best effort, the log fails half-way": {config.AttestBestEffort, halfALog, 0, "", down, finding.Warning},

		"auto, refused":             {config.AttestAuto, refused, 0, no, "", 0},
		"best effort, refused":      {config.AttestBestEffort, refused, 0, no, "", 0},
		"auto, a short outage":      {config.AttestAuto, shortOutage, 2, "", "", 0},
		"always, a short outage":    {config.AttestAlways, shortOutage, 2, "", "", 0},
		"best effort, short outage": {config.AttestBestEffort, shortOutage, 2, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(c.policy)
			c.how(h)
			r, missing := h.planned()
			claims, err := r.identify(t.Context())
			wantError(t, "identify", err, nil)
			entries := h.servers.LogSize()
			before := len(h.noted())
			err = attestAll(t.Context(), r, missing, claims)
			var ids, noted []string
			if c.err != "" {
				ids = []string{c.err}
			}
			if c.noted != "" {
				noted = []string{c.noted}
			}
			expect.Equal(t, "errors", idsOf(finding.Of(err)), ids)
			expect.Equal(t, "noted", h.noted()[before:], noted)
			for _, f := range finding.Of(err) {
				expect.Equal(t, "severity of the error", f.Severity, finding.Error)
				if c.err == off || c.err == reuse {
					expect.Equal(t, "fault of the error", f.Fault, finding.Workflow)
				}
			}
			if c.noted != "" {
				expect.Equal(t, "severity of the note", h.found(c.noted).Severity, c.severity)
			}
			attested := 0
			for _, file := range missing {
				attested += len(file.attestations)
			}
			if c.attested >= 0 {
				expect.Equal(t, "attestations that are sent", attested, c.attested)
			}
			if c.attested > 0 {
				expect.Equal(t, "log entries", h.servers.LogSize()-entries, c.attested)
				expect.Equal(t, "recorded", len(eventsOf[ledger.Attested](h)), c.attested)
			}
			went := len(eventsOf[ledger.Unattested](h)) > 0
			expect.Equal(t, "recorded that the files go without", went, c.noted == down)
			for _, f := range h.receipt().Files {
				if err == nil {
					expect.Equal(t, "attestations in the receipt of "+f.Name, len(f.Attestations), c.attested/2)
				}
			}
		})
	}
}

// TestAttest_Cancelled: a run that is ended while it signs says so; it is no outage, and nothing goes without.
func TestAttest_Cancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.signAll(config.AttestBestEffort)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if p, ok := e.(ledger.Phase); ok && p.Name == "Attest" {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), errSignal)
	expect.Equal(t, "reported", h.noted(), []string{string(finding.Cancelled)})
	expect.Equal(t, "recorded that the files go without", len(eventsOf[ledger.Unattested](h)), 0)
	expect.Equal(t, "the token", burned(h), []bool{true})
}

// TestAttest_Private: what signing makes public is reported once, and only where something is signed.
func TestAttest_Private(t *testing.T) {
	t.Parallel()
	for visibility, noted := range map[string][]string{"private": {"attestation-private-repository"}, "public": nil} {
		h := newHarness(t, wheel, sdist)
		h.servers.Claims(func(claims map[string]any) { claims["repository_visibility"] = visibility })
		h.signAll(config.AttestAuto)
		r, missing := h.planned()
		claims, err := r.identify(t.Context())
		wantError(t, "identify", err, nil)
		before := len(h.noted())
		wantError(t, "attest", attestAll(t.Context(), r, missing, claims), nil)
		expect.Equal(t, "noted of a "+visibility+" repository", h.noted()[before:], noted)
		before = len(h.noted())
		wantError(t, "signing nothing", r.sign(t.Context(), missing, claims), nil)
		expect.Equal(t, "noted where nothing is signed", h.noted()[before:], nil)
	}
}

// TestAdopt: attestations that an earlier step has put beside a file are sent if they hold for it, and left behind if not.
func TestAdopt(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	ours := content(t, h, "dist/"+wheel)
	publish, slsa := signedElsewhere(t, h, wheel, ours, signer.Publish), signedElsewhere(t, h, wheel, ours, signer.SLSA)
	ofOther := signedElsewhere(t, h, wheel, []byte("theirs"), signer.Publish)
	slsaOfOther := signedElsewhere(t, h, wheel, []byte("theirs"), signer.SLSA)
	asWorkflow(h, "other.yml")
	ofOtherWorkflow := signedElsewhere(t, h, wheel, ours, signer.Publish)
	h.servers.Claims(nil)
	const leftOver = "attestation-left-over"
	for name, c := range map[string]struct {
		beside map[string]string // by suffix
		sent   []string          // suffixes, in order
		made   int               // new ones
		noted  []string
		says   string
	}{
		"nothing":         {nil, []string{publishSuffix}, 1, nil, ""},
		"the publisher's": {map[string]string{publishSuffix: publish}, []string{publishSuffix}, 0, nil, ""},
		"another kind":    {map[string]string{slsaSuffix: slsa}, []string{publishSuffix, slsaSuffix}, 1, nil, ""},
		"both kinds": {
			beside: map[string]string{slsaSuffix: slsa, publishSuffix: publish},
			sent:   []string{publishSuffix, slsaSuffix},
		},
		"of other bytes": {
			beside: map[string]string{publishSuffix: ofOther}, sent: []string{publishSuffix}, made: 1,
			noted: []string{leftOver}, says: "makes a new one",
		},
		"another kind, of other bytes": {
			map[string]string{slsaSuffix: slsaOfOther}, []string{publishSuffix}, 1, []string{leftOver}, "not uploaded",
		},
		"of another workflow": {map[string]string{publishSuffix: ofOtherWorkflow}, []string{publishSuffix}, 1, []string{leftOver}, ""},
		"under the name of another": {
			beside: map[string]string{slsaSuffix: publish}, sent: []string{publishSuffix}, made: 1,
			noted: []string{leftOver}, says: attest.PublishPredicate,
		},
		"each under the other's name": {
			beside: map[string]string{slsaSuffix: publish, publishSuffix: slsa}, sent: []string{publishSuffix},
			made: 1, noted: []string{leftOver, leftOver},
		},
		"damaged": {map[string]string{publishSuffix: "{"}, []string{publishSuffix}, 1, []string{leftOver}, ""},
		"empty":   {map[string]string{publishSuffix: ""}, []string{publishSuffix}, 1, []string{leftOver}, ""},
		"without an end": {
			beside: map[string]string{publishSuffix: publish + strings.Repeat(" ", maxAttestationFile)},
			sent:   []string{publishSuffix}, made: 1, noted: []string{leftOver}, says: "larger than",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := h.another(t, wheel)
			one.signAll(config.AttestAlways)
			for suffix, text := range c.beside {
				one.write("dist/"+wheel+suffix, text)
			}
			r, missing := one.planned()
			claims, err := one.deps.Signer.Prepare(t.Context())
			wantError(t, "identify", err, nil)
			wantError(t, "attest", attestAll(t.Context(), r, missing, claims), nil)
			expect.Equal(t, "sent", predicatesOf(missing[0]), c.sent)
			expect.Equal(t, "noted", one.noted(), c.noted)
			made := 0
			for _, a := range one.receipt().Files[0].Attestations {
				if !a.Adopted {
					made++
				}
			}
			expect.Equal(t, "attestations that are new", made, c.made)
			expect.Equal(t, "attestations in the receipt", len(one.receipt().Files[0].Attestations), len(c.sent))
			for _, f := range one.receipt().Findings {
				expect.Equal(t, "severity", f.Severity, finding.Notice)
				expect.Equal(t, "file of the notice", strings.HasPrefix(f.File, filepath.Join("dist", wheel)+"."), true)
				expect.Contains(t, "the notice", f.Message, c.says)
			}
		})
	}
}

// TestAdopt_Unreadable: an attestation that is gone when it is to be read is left behind like one that does not hold.
func TestAdopt_Unreadable(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.signAll(config.AttestAuto)
	h.write("dist/"+wheel+publishSuffix, "{}")
	r, missing := h.planned()
	if err := os.Remove(h.path("dist", wheel+publishSuffix)); err != nil {
		t.Fatal(err)
	}
	wantError(t, "adopt", r.adopt(t.Context(), missing[0]), nil)
	expect.Equal(t, "noted", h.noted(), []string{"attestation-left-over"})
	expect.Equal(t, "sent", predicatesOf(missing[0]), nil)
}

// TestAdopt_SigstoreDown: what cannot be verified now is not left behind, and not sent unverified: the run stops.
func TestAdopt_SigstoreDown(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.write("dist/"+wheel+publishSuffix, signedElsewhere(t, h, wheel, content(t, h, "dist/"+wheel), signer.Publish))
	h.fail("trust-root", "status-503", 0, -1)
	h.signAll(config.AttestAuto)
	expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"attestation-outage"})
	expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
	expect.Equal(t, "tokens", len(h.servers.Tokens()), 0)
}

// TestAdopt_Cancelled: a signal while attestations are read ends the run.
func TestAdopt_Cancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.signAll(config.AttestAuto)
	h.write("dist/"+wheel+publishSuffix, "{}")
	r, missing := h.planned()
	wantError(t, "adopt", r.adopt(cancelled(t), missing[0]), errSignal)
	expect.Equal(t, "noted", h.noted(), nil)
}

// TestAttest_IgnoredFiles: attestations that stand beside files and are not sent are named.
func TestAttest_IgnoredFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy config.Attest
		how    func(*harness)
		noted  []string
	}{
		"never": {config.AttestNever, func(*harness) {}, []string{"attestations-left-alone"}},
		"with a password": {
			config.AttestAuto, func(h *harness) { h.deps.Tokens = nil }, []string{"attestations-left-alone", "attestations-off"},
		},
		"without Sigstore": {config.AttestBestEffort, func(h *harness) {
			h.fail("trust-root", "status-503", 0, -1)
		}, []string{"attestations-left-alone", "attestation-outage"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(c.policy)
			h.write("dist/"+wheel+publishSuffix, "{}")
			c.how(h)
			r, missing := h.planned()
			claims, err := r.identify(t.Context())
			wantError(t, "identify", err, nil)
			before := len(h.noted())
			wantError(t, "attest", attestAll(t.Context(), r, missing, claims), nil)
			expect.Equal(t, "noted", h.noted()[before:], c.noted)
			expect.Contains(t, "the notice", h.found("attestations-left-alone").Message, wheel+publishSuffix)
			expect.Equal(t, "sent", predicatesOf(missing[0]), nil)
		})
	}
}

// TestSaveAttestations: what is sent is written where the user wants it as well, one file for each attestation.
func TestSaveAttestations(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	h.options.AttestationsDir = h.path("attestations")
	h.write("dist/"+wheel+slsaSuffix, signedElsewhere(t, h, wheel, content(t, h, "dist/"+wheel), signer.SLSA))
	h.signAll(config.AttestAuto)
	wantError(t, "run", h.run(), nil)
	var names []string
	entries, err := os.ReadDir(h.path("attestations"))
	wantError(t, "the folder", err, nil)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	expect.Equal(t, "files", names, []string{wheel + publishSuffix, wheel + slsaSuffix, sdist + publishSuffix})
	text := string(content(t, h, "attestations/"+sdist+publishSuffix))
	expect.Equal(t, "ends with a line", strings.HasSuffix(text, "}\n"), true)

	// What was written can stand beside the file for another run, which then signs nothing.
	again := h.another(t, sdist)
	again.write("dist/"+sdist+publishSuffix, text)
	again.signAll(config.AttestAlways)
	r, missing := again.collected()
	before := h.servers.LogSize()
	claims, err := again.deps.Signer.Prepare(t.Context())
	wantError(t, "identify", err, nil)
	wantError(t, "attest", attestAll(t.Context(), r, missing, claims), nil)
	expect.Equal(t, "log entries of another run", h.servers.LogSize()-before, 0)
}

// TestSaveAttestations_Fails: a folder that cannot be written to stops the run before anything is uploaded.
func TestSaveAttestations_Fails(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.options.AttestationsDir = h.path("attestations")
	h.deps.Save = func(string, []byte) error { return errors.New("disk full") }
	h.signAll(config.AttestAuto)
	f := only(t, finding.Of(h.run()), "attestations-dir")
	expect.Contains(t, "the error", f.Message+" "+f.Fix, "disk full", "attestations-dir")
	expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
	expect.Equal(t, "the token", burned(h), []bool{true})
}
