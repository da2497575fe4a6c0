package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// isOutage reports whether a failure is an outage.
func isOutage(err error) bool {
	var out *Outage
	return errors.As(err, &out)
}

// checkError wants a failure that people can use: one finding with a next step, and no secret in it.
func checkError(t *testing.T, h *harness, err error) {
	t.Helper()
	found := finding.Of(err)
	if len(found) != 1 || found[0].ID == finding.Internal || found[0].Fix == "" || found[0].Severity != finding.Error {
		t.Errorf("the findings are %+v", found)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	text := fmt.Sprintf("%v %+v %#v %+v", err, found, h.notes, h.tries)
	for _, secret := range h.servers.Secrets() {
		if strings.Contains(text, secret) || strings.Contains(text, strings.Split(secret, ".")[0]) {
			t.Error("a secret is in the output")
		}
	}
}

// Every named fault, once, at every op: the set is still signed, or the failure has its own finding.
func TestSign_TransientFaults(t *testing.T) {
	t.Parallel()
	refused := map[string]bool{"html-200": true, "html-403": true, "oversized-answer": true}
	ops := []wire.Op{wire.TrustRoot, wire.Certificate, wire.LogEntry}
	for i, op := range ops {
		for j, f := range fault.Named() {
			if f.Kind == fault.Hang || f.Point == fault.AtAccept {
				continue // a try's time and connections are the wire's, which has tests of them
			}
			if testing.Short() && (j%len(ops) != i || j%2 == 1 && !refused[f.Name]) {
				continue // every other fault, and all that are not tried again, each at one op; wire has tests of all
			}
			t.Run(string(op)+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
				if err := h.servers.InjectFault(string(op), f, 0, 1); err != nil {
					t.Fatal(err)
				}
				all, err := h.Sign(t.Context(), wheels(t, 2), nil)
				if n := h.servers.Plans()[0].Hits; n != 1 {
					t.Fatalf("the fault was hit %d times", n)
				}
				if !refused[f.Name] {
					if err != nil || len(all) != 2 {
						t.Fatalf("%d attestations: %v", len(all), err)
					}
					return
				}
				if err == nil || all != nil || isOutage(err) {
					t.Fatalf("%d attestations, outage %v: %v", len(all), isOutage(err), err)
				}
				checkError(t, h, err)
			})
		}
	}
}

// Faults that do not end.
func TestSign_PersistentFaults(t *testing.T) {
	t.Parallel()
	ops := []wire.Op{wire.TrustRoot, wire.Certificate, wire.LogEntry}
	for i, op := range ops {
		for name, want := range map[string]struct {
			outage   bool
			reported string
		}{
			"status-503":         {true, "503"},
			"status-502":         {true, "502"},
			"status-500":         {true, "500"},
			"status-504":         {true, "504"},
			"status-499":         {true, "499"},
			"status-522":         {true, "522"},
			"status-429-seconds": {true, "429"},
			"status-408":         {true, "408"},
			"reset-after-body":   {true, "no answer"},
			"close-after-body":   {true, "no answer"},
			"html-502":           {true, "502"},
			"html-403":           {false, "403"},
		} {
			if testing.Short() && len(name)%len(ops) != i {
				continue // each fault at one op
			}
			t.Run(string(op)+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
				if err := h.servers.InjectFault(string(op), named(name), 0, -1); err != nil {
					t.Fatal(err)
				}
				all, err := h.Sign(t.Context(), wheels(t, 6), nil)
				if err == nil || all != nil || isOutage(err) != want.outage || !strings.Contains(err.Error(), want.reported) {
					t.Fatalf("%d attestations, outage %v: %v", len(all), isOutage(err), err)
				}
				checkError(t, h, err)
				if n := h.count(op); want.outage && n < 3 || !want.outage && n > 4 {
					t.Errorf("%d tries", n)
				}
				longest := 0 // of the calls that were tried until the budget was spent
				for _, try := range h.tries {
					longest = max(longest, try.N)
				}
				if op == wire.LogEntry && h.count(op) > 4*longest {
					t.Errorf("%d tries of %d each: the others did not end with the first", h.count(op), longest)
				}
			})
		}
	}
}

// What an instance in disorder sends is refused by us, and is no outage: publishing without attestations would hide it.
func TestSign_DefectiveInstance(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		behavior fakepypi.SigstoreBehavior
		entries  bool // whether anything was logged before it was noticed
	}{
		"a certificate without timestamp":          {fakepypi.SigstoreBehavior{NoSCT: true}, false},
		"a timestamp of another key":               {fakepypi.SigstoreBehavior{BadSCT: true}, false},
		"a certificate that has ended":             {fakepypi.SigstoreBehavior{ExpiredCertificate: true}, false},
		"another log's id":                         {fakepypi.SigstoreBehavior{WrongLogID: true}, true},
		"a promise of another key":                 {fakepypi.SigstoreBehavior{BadSET: true}, true},
		"a proof of something else":                {fakepypi.SigstoreBehavior{BadProof: true}, true},
		"a proof of something else in a fresh log": {fakepypi.SigstoreBehavior{BadProof: true, FreshLog: true}, true},
		"metadata of another key":                  {fakepypi.SigstoreBehavior{TrustRoot: "wrong-signature"}, false},
		"metadata that has expired":                {fakepypi.SigstoreBehavior{TrustRoot: "expired-timestamp"}, false},
		"a root that has expired":                  {fakepypi.SigstoreBehavior{TrustRoot: "expired-root"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, row.behavior)
			all, err := h.Sign(t.Context(), wheels(t, 2), nil)
			if err == nil || all != nil || isOutage(err) {
				t.Fatalf("%d attestations, outage %v: %v", len(all), isOutage(err), err)
			}
			checkError(t, h, err)
			if n := h.count(wire.LogEntry); (n > 0) != row.entries {
				t.Errorf("%d entries were asked for", n)
			}
		})
	}
}

// With the program's old copy of the trust root the index has the last word.
func TestSign_StaleTrustRoot(t *testing.T) {
	t.Parallel()
	for name, behavior := range map[string]fakepypi.SigstoreBehavior{
		"certificate": {BadSCT: true}, "log": {BadSET: true}, "proof": {BadProof: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, behavior)
			at, err := h.getServices(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			at.embedded = true
			files := wheels(t, 3)
			all, err := h.Sign(t.Context(), files, nil)
			if err != nil || len(all) != len(files) {
				t.Fatalf("%d attestations: %v", len(all), err)
			}
			if len(h.notes) != 1 || h.notes[0].ID != "attestation-unproven" || h.notes[0].Severity != finding.Warning {
				t.Errorf("the notes are %+v", h.notes)
			}
			var not *Unverified
			if _, err := h.Adopt(t.Context(), files[0], all[0].JSON); !errors.As(err, &not) {
				t.Errorf("what does not verify is adopted: %v", err)
			}
		})
	}
}

// The answer to an entry is lost: the log knows the same bytes, and gives the entry that it has.
func TestLogEntry_LostAnswer(t *testing.T) {
	t.Parallel()
	missing := fault.Fault{Kind: fault.Answer, Point: fault.AfterBody, Status: http.StatusNotFound}
	for name, lookups := range map[string]int{"at once": 0, "readable at the third query": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
			if err := h.servers.InjectFault("log-entry", named("reset-after-store"), 0, 2); err != nil {
				t.Fatal(err)
			}
			if lookups > 0 {
				if err := h.servers.InjectFault("log-lookup", missing, 0, lookups); err != nil {
					t.Fatal(err)
				}
			}
			before := h.servers.LogSize()
			all, err := h.Sign(t.Context(), wheels(t, 2), nil)
			if err != nil || len(all) != 2 {
				t.Fatalf("%d attestations: %v", len(all), err)
			}
			if n := h.servers.LogSize() - before; n != 2 {
				t.Errorf("the log has %d new entries", n)
			}
		})
	}
	t.Run("never readable", func(t *testing.T) {
		t.Parallel()
		h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
		entry := h.servers.InjectFault("log-entry", named("reset-after-store"), 0, 1)
		if err := errors.Join(entry, h.servers.InjectFault("log-lookup", missing, 0, -1)); err != nil {
			t.Fatal(err)
		}
		_, err := h.Sign(t.Context(), wheels(t, 1), nil)
		if !isOutage(err) {
			t.Fatal(err)
		}
		checkError(t, h, err)
	})
}

// Of where a log points to, only the entry's name is believed.
func TestLogEntry_ConflictLocation(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("0f", 40)
	for location, found := range map[string]bool{
		"/api/v1/log/entries/" + name:                          true,
		"https://elsewhere.example/api/v1/log/entries/" + name: true, // but it is asked here
		name:                        true,
		"/api/v1/log/entries/../..": false,
		"":                          false,
		"/api/v1/log/entries/" + strings.Repeat("0F", 40): false,
	} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					w.Header().Set("Location", location)
					w.WriteHeader(http.StatusConflict)
					return
				}
				if path.Base(r.URL.Path) != name || r.Header.Get("Authorization") != "" {
					t.Errorf("asked for %s", r.URL)
				}
				_, _ = w.Write([]byte("{}"))
			}))
			t.Cleanup(server.Close)
			rekor, _ := url.Parse(server.URL)
			client := wire.New(wire.Options{UserAgent: "test", Now: time.Now, Sleep: (&harness{}).sleep})
			s := New(Options{Wire: client, Now: time.Now, TUF: rekor})
			e := entry{signer: s, at: &services{rekor: rekor}, certificate: &certificate{ends: time.Now().Add(time.Hour)}}
			answer, err := e.post(t.Context(), []byte("{}"))
			if (err == nil) != found || err == nil && string(answer.Body) != "{}" {
				t.Errorf("%v", err)
			}
		})
	}
}

// Fulcio has one message for every ID token that it rejects: the claims show the reason.
func TestCertificate_RefusedIDToken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change   func(map[string]any)
		reported []string
		tokens   int
	}{
		"another audience": {func(c map[string]any) { c["aud"] = "pypi" }, []string{`aud "pypi"`, `for the audience "sigstore"`}, 1},
		"an expired token": {
			func(c map[string]any) {
				c["exp"], c["iat"] = time.Now().Add(-time.Minute).Unix(), time.Now().Add(-6*time.Minute).Unix()
			},
			[]string{"had expired", "fulcio's clock says"},
			mostTokens,
		},
		"another issuer": {
			func(c map[string]any) { c["iss"] = "https://elsewhere.example" }, []string{`iss "https://elsewhere.example"`}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
			h.servers.Claims(row.change)
			_, err := h.Sign(t.Context(), wheels(t, 1), nil)
			if err == nil || isOutage(err) {
				t.Fatal(err)
			}
			checkError(t, h, err)
			for _, word := range append(row.reported, "400") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not reported: %v", word, err)
				}
			}
			if n := h.count(wire.IDToken); n != row.tokens {
				t.Errorf("%d ID tokens were asked for", n)
			}
		})
	}
}

// A refusal that can be predicted is reported before anything is signed.
func TestCheckClaims(t *testing.T) {
	t.Parallel()
	base := oidc.Claims{
		Issuer: oidc.GitHubIssuer, Repository: "o/r", Ref: "refs/tags/v1", SHA: strings.Repeat("a", 40),
		WorkflowRef: "o/r/.github/workflows/release.yml@refs/tags/v1", JobWorkflowRef: "o/r/.github/workflows/release.yml@refs/tags/v1",
	}
	for name, row := range map[string]struct {
		change func(*oidc.Claims)
		id     finding.ID
	}{
		"a workflow":           {func(*oidc.Claims) {}, ""},
		"a workflow by commit": {func(c *oidc.Claims) { c.WorkflowRef = "o/r/.github/workflows/release.yml@" + c.SHA }, ""},
		"the same file called at another ref": {
			func(c *oidc.Claims) { c.JobWorkflowRef = "o/r/.github/workflows/release.yml@refs/heads/main" }, "",
		},
		"no ref and no commit": {func(c *oidc.Claims) { c.Ref, c.SHA = "", "" }, ""},
		"a reusable workflow": {
			func(c *oidc.Claims) { c.JobWorkflowRef = "o/r/.github/workflows/called.yml@refs/tags/v1" }, "attestation-reusable-workflow",
		},
		"a reusable workflow of others": {
			func(c *oidc.Claims) { c.JobWorkflowRef = "x/y/.github/workflows/release.yml@main" }, "attestation-reusable-workflow",
		},
		"a required workflow of others": {func(c *oidc.Claims) {
			c.WorkflowRef, c.JobWorkflowRef = "x/y/.github/workflows/a.yml@main", "x/y/.github/workflows/a.yml@main"
		}, "attestation-foreign-workflow"},
		"an enterprise's issuer":    {func(c *oidc.Claims) { c.Issuer += "/ENT" }, "attestation-issuer"},
		"another issuer":            {func(c *oidc.Claims) { c.Issuer = "https://gitlab.com" }, "attestation-issuer"},
		"no workflow":               {func(c *oidc.Claims) { c.WorkflowRef = "" }, "attestation-claims"},
		"no job's workflow":         {func(c *oidc.Claims) { c.JobWorkflowRef = "" }, "attestation-claims"},
		"no repository":             {func(c *oidc.Claims) { c.Repository = "" }, "attestation-claims"},
		"a workflow of another ref": {func(c *oidc.Claims) { c.Ref = "refs/heads/topic" }, "attestation-workflow-ref"},
	} {
		c := base
		row.change(&c)
		err := New(Options{}).CheckClaims(c)
		if row.id == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if found := finding.Of(err); len(found) != 1 || found[0].ID != row.id || found[0].Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Another instance is for the one who issues the tokens of its runs.
	other, _ := url.Parse("https://tuf.example")
	c := base
	c.Issuer = "https://issuer.example"
	if err := New(Options{TUF: other}).CheckClaims(c); err != nil {
		t.Error(err)
	}
}

func TestSign_ReusableWorkflow(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	h.servers.Claims(func(c map[string]any) { c["job_workflow_ref"] = "octo-org/shared/.github/workflows/publish.yml@main" })
	_, err := h.Sign(t.Context(), wheels(t, 1), nil)
	if found := finding.Of(err); len(found) != 1 || found[0].ID != "attestation-reusable-workflow" || isOutage(err) {
		t.Fatal(err)
	}
	if n := h.count(wire.Certificate) + h.count(wire.LogEntry); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// The run is ended while the log does not answer: the cause is what comes back, and soon.
func TestSign_Cancelled(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
			if err := h.servers.InjectFault(op, fault.Fault{Kind: fault.Hang, Point: fault.AfterBody}, 0, -1); err != nil {
				t.Fatal(err)
			}
			end := errors.New("the run was cancelled")
			ctx, stop := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, end)
			defer stop()
			if _, err := h.Sign(ctx, wheels(t, 5), nil); !errors.Is(err, end) || isOutage(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Retry-After is waited for, and the log is asked one at a time from then on.
func TestLogEntry_RetryAfter(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	err := h.servers.InjectFault("log-entry", fault.Fault{Kind: fault.Answer, Point: fault.AfterBody, Status: 429, RetryAfter: "17"}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sign(t.Context(), wheels(t, 1), nil); err != nil {
		t.Fatal(err)
	}
	if len(h.waits) != 1 || h.waits[0] < 17*time.Second {
		t.Errorf("waited %v", h.waits)
	}
}

// The public good instance is unreachable: copies are used, reported once, and what comes next is an outage that
// names its status page.
func TestSign_PublicInstanceUnreachable(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(proxy.Close)
	through, _ := url.Parse(proxy.URL)
	h := &harness{}
	client := wire.New(wire.Options{
		UserAgent: "test", Now: time.Now, Sleep: h.sleep, Trace: h.trace,
		Proxy: func(*http.Request) (*url.URL, error) { return through, nil },
	})
	redactor := secret.NewRedactor(nil)
	s := New(Options{
		Wire:   client,
		Now:    time.Now,
		Record: h.record,
		IDTokens: func(_ context.Context, audience string, to *url.URL) (oidc.Token, error) {
			if audience != "sigstore" || to.String() != "https://fulcio.sigstore.dev" {
				t.Errorf("asked for %q at %s", audience, to)
			}
			ref := "o/r/.github/workflows/release.yml@refs/tags/v1"
			return oidc.Token{Text: redactor.New("header.payload.signature", to), Claims: oidc.Claims{
				Issuer: oidc.GitHubIssuer, Audience: audience, Repository: "o/r", WorkflowRef: ref, JobWorkflowRef: ref,
			}}, nil
		},
	})
	_, err := s.Sign(t.Context(), wheels(t, 1), nil)
	if !isOutage(err) || !strings.Contains(err.Error(), "fulcio") || !strings.Contains(err.Error(), publicStatus) {
		t.Fatal(err)
	}
	if len(h.notes) != 1 || h.notes[0].ID != "attestation-trust-root" || h.notes[0].Severity != finding.Warning {
		t.Errorf("the notes are %+v", h.notes)
	}
	if !s.services.embedded || s.services.rekor.Host != "rekor.sigstore.dev" {
		t.Errorf("the services are %+v", s.services)
	}
}

// The clock of this machine is wrong: tokens and certificates are counted by how long they live.
func TestSign_WrongClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-50 * time.Minute, 3 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
			h.opts.Now = func() time.Time { return time.Now().Add(off) }
			if _, err := h.Sign(t.Context(), wheels(t, 5), nil); err != nil {
				t.Fatal(err)
			}
			if n := h.count(wire.Certificate) + h.count(wire.IDToken); n != 2 {
				t.Errorf("%d requests for tokens and certificates", n)
			}
		})
	}
}

// An instance must not be believed where it would have an ID token sent in clear text, or without a log of version 1.
func TestParseServiceURL(t *testing.T) {
	t.Parallel()
	for address, usable := range map[string]bool{
		"https://fulcio.example": true, "http://127.0.0.1:80": true, "http://[::1]:80/fulcio": true, "http://localhost:1": true,
		"http://fulcio.example": false, "ftp://fulcio.example": false, "https://u:p@fulcio.example": false, "https://": false,
		"https://fulcio.example?x=1": false, "https://fulcio.example#x": false, "//fulcio.example": false, "%": false, "": false,
	} {
		if _, err := parseServiceURL(address); (err == nil) != usable {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What is private and becomes permanently public is reported.
func TestPrivateRepositoryNotice(t *testing.T) {
	t.Parallel()
	for visibility, reported := range map[string]bool{"public": false, "": false, "private": true, "internal": true} {
		f, ok := PrivateRepositoryNotice(oidc.Claims{Repository: "o/r", Visibility: visibility})
		if ok != reported || ok && (f.Severity != finding.Notice || f.Fix == "" || !strings.Contains(f.Message, "o/r")) {
			t.Errorf("%s: %v, %+v", visibility, ok, f)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	ours, again := Attestation{JSON: []byte(`{"n":1}`), Predicate: publishPredicate},
		Attestation{JSON: []byte(`{"n":2}`), Predicate: publishPredicate}
	others := Attestation{JSON: []byte(`{"n":3}`), Predicate: slsaPredicate}
	for want, all := range map[string][]Attestation{
		"": {}, `[{"n":1}]`: {ours, again}, `[{"n":1},{"n":3}]`: {ours, others, again},
	} {
		got := Field(all)
		if string(got) != want || len(got) > 0 && !json.Valid(got) {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}

// TestServiceError_StatusOnce: if a refusal has no message, its status is not repeated in its place.
func TestServiceError_StatusOnce(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"{}":                          "answered 400 Bad Request",
		`{"message":"not like this"}`: "answered 400 Bad Request: not like this",
	} {
		err := &wire.Error{Op: wire.LogEntry, Method: http.MethodPost, URL: "https://rekor.example", Answer: &wire.Answer{
			Status: http.StatusBadRequest,
			Reason: "Bad Request",
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   []byte(body),
		}}
		if text := messageOf(err); !strings.HasSuffix(text, want) {
			t.Errorf("%s: %s", body, text)
		}
	}
}
