package e2e_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// longerThanLookUp is an outage longer than the minute for which a query is retried.
const longerThanLookUp = 62 * time.Second

// down plans an outage: from a request of an op on, all requests of the ops fail, for so long by the clock of the servers.
func (s *step) down(name string, lasts time.Duration, op string, skip int, also ...string) {
	s.t.Helper()
	f, known := fault.ByName(name)
	if !known {
		s.t.Fatalf("there is no fault %s", name)
	}
	if err := s.servers.InjectPlan(fault.Plan{Op: op, Fault: f, Skip: skip, Lasts: lasts, Also: also}); err != nil {
		s.t.Fatal(err)
	}
}

// indexOps are all requests that a run sends to the index.
func indexOps() []string {
	return []string{"look", "audience", "mint", "upload", "probe", "burn", "provenance"}
}

// patient is a step whose waits put its clock and that of the servers forward. It is not verbose.
func patient(t *testing.T, files ...string) *step {
	t.Helper()
	s := newStep(t, files...)
	s.noWait = true
	s.env["INPUT_VERBOSE"], s.env["INPUT_ATTESTATIONS"], s.env["INPUT_PARALLEL-UPLOADS"] = "false", "false", "1"
	return s
}

// outlasts runs the step with an outage that has been planned, and checks that it ends in a published release with every token revoked, in
// about the time of the outage, and that the log has one line for each wait and no line about sending.
func (s *step) outlasts(outage time.Duration, who string) ending {
	s.t.Helper()
	began := s.clock.Now()
	e := s.run()
	took := s.clock.Now().Sub(began)
	if e.code != cli.Done || e.outputs["result"] != "published" || !s.allRevoked() {
		s.t.Errorf("exit code %d, %v, tokens %+v\n%s", e.code, e.outputs, e.tokens, e.log)
	}
	if took < outage || took > outage+5*time.Minute {
		s.t.Errorf("it took %v to outlast %v", took, outage)
	}
	hits := 0
	for _, planned := range s.servers.ClearFaults() {
		hits += planned.Hits
	}
	// While the upload token is still alive its renewal is tried once, and not waited for.
	if waits := strings.Count(e.log, who+": next try in "); hits < 10 || waits > hits || waits < hits-3 {
		s.t.Errorf("%d requests failed, and %d waits are logged:\n%s", hits, waits, e.log)
	}
	for _, never := range []string{"too-slow", "/s, ", "(1st try"} {
		if strings.Contains(e.log, never) {
			s.t.Errorf("the log says %q:\n%s", never, e.log)
		}
	}
	if err := e.wrong(s.servers); err != nil {
		s.t.Error(err)
	}
	return e
}

// TestPatience_IndexDown: an index that goes down for 15 minutes, at any of its requests that count, delays the release and no more.
func TestPatience_IndexDown(t *testing.T) {
	t.Parallel()
	const outage = 15 * time.Minute
	for _, c := range []struct {
		before string
		op     string
		skip   int
		tokens int
	}{
		{"the audience", "audience", 0, 1},
		{"the mint", "mint", 0, 1},
		{"the first upload", "upload", 0, 2},
		{"another upload", "upload", 1, 2}, // the token expires meanwhile
	} {
		for name, what := range map[string]string{
			"status-503": " answered 503", "status-502": " answered 502", "status-499": " answered 499", "status-522": " answered 522",
			"reset-before-body": ")", "close-after-body": ")",
		} {
			t.Run(c.before+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := patient(t, goldenWheel, "alder-1.0-cp312-cp312-win32.whl", goldenSdist)
				s.down(name, outage, c.op, c.skip, indexOps()...)
				e := s.outlasts(outage, what)

				if n := len(s.servers.Tokens()); n != c.tokens {
					t.Errorf("%d tokens, not %d\n%s", n, c.tokens, e.log)
				}
				if len(s.indexed()) != 3 {
					t.Errorf("the index has %v", s.indexed())
				}
			})
		}
	}
}

// TestPatience_SigstoreDown: neither does a Sigstore that is down for four minutes, and every file is attested.
func TestPatience_SigstoreDown(t *testing.T) {
	t.Parallel()
	const outage = 4 * time.Minute
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		for name, what := range map[string]string{"status-503": "Sigstore answered 503", "reset-before-body": "Sigstore did not answer"} {
			t.Run(op+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := patient(t, goldenWheel, goldenSdist)
				s.env["INPUT_ATTESTATIONS"] = "true"
				s.down(name, outage, op, 0, "trust-root", "certificate", "log-entry", "log-lookup")
				began := s.clock.Now()
				e := s.run()
				if e.code != cli.Done || e.outputs["result"] != "published" || len(s.attested()) != 2 || !strings.Contains(e.log, what) {
					t.Errorf("exit code %d, %v, attested %v\n%s", e.code, e.outputs, s.attested(), e.log)
				}
				if took := s.clock.Now().Sub(began); took < outage || took > 2*outage {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

// TestPatience_IssuerDown: GitHub may not issue ID tokens for some minutes.
func TestPatience_IssuerDown(t *testing.T) {
	t.Parallel()
	s := patient(t, goldenWheel)
	s.down("status-503", 4*time.Minute, "id-token", 0)
	s.outlasts(4*time.Minute, "GitHub answered 503")
}

// TestPatience_Spent: an outage that does not end is given up when the budget is spent, and the end says what to do.
func TestPatience_Spent(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, c := range []struct {
		op, fault string
		inputs    string // attestations
		spent     time.Duration
		code      int
		says      []string
	}{
		{"audience", "status-503", "false", 20 * minute, cli.Failed, []string{"audience-unavailable::", "run the job again later"}},
		{"mint", "status-503", "false", 20 * minute, cli.Failed, []string{"mint-unavailable::", "run the job again later"}},
		{"upload", "status-503", "false", 20 * minute, cli.Failed, []string{"upload-doubtful::", "run the job again"}},
		{"upload", "status-500", "false", 3 * minute, cli.Failed, []string{"upload-doubtful::", "run the job again"}},
		{"certificate", "status-503", "true", 5 * minute, cli.Failed, []string{"attestation-outage::", "`attestations: best-effort`"}},
		{"log-entry", "status-503", "auto", 5 * minute, cli.Failed, []string{"attestation-outage::", "`attestations: best-effort`"}},
		{"log-entry", "status-503", "best-effort", 5 * minute, cli.Done, []string{"attestation-outage::", "without attestations"}},
	} {
		t.Run(fmt.Sprintf("%s %s %s", c.op, c.fault, c.inputs), func(t *testing.T) {
			t.Parallel()
			s := patient(t, goldenWheel)
			s.env["INPUT_ATTESTATIONS"] = c.inputs
			s.injectFault(c.op, c.fault, 0, fault.Forever)
			began := s.clock.Now()
			e := s.run()
			if err := e.wrong(s.servers); err != nil || e.code != c.code {
				t.Errorf("exit code %d, %v\n%s", e.code, err, e.log)
			}
			if took := s.clock.Now().Sub(began); took < c.spent || took > c.spent+2*minute {
				t.Errorf("it took %v, not %v", took, c.spent)
			}
			for _, text := range c.says {
				if !strings.Contains(e.log, text) {
					t.Errorf("it does not say %q:\n%s", text, e.log)
				}
			}
		})
	}
}

// TestPatience_LostMints: requests for a token that may have made one are one line with their number, however many there were, and those
// that never reached the index are none.
func TestPatience_LostMints(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"status-502-after-store": "4 token requests got no clear answer: an unused token may exist for up to 15 minutes",
		"close-after-store":      "4 token requests got no clear answer: an unused token may exist for up to 15 minutes",
		"status-503":             "",
		"status-522":             "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := patient(t, goldenWheel)
			s.injectFault("mint", name, 0, 4)
			e := s.run()
			if err := e.wrong(s.servers); err != nil || e.code != cli.Done {
				t.Errorf("exit code %d, %v\n%s", e.code, err, e.log)
			}
			lost, proven := strings.Count(e.log, "no clear answer:"), e.outputs["token-burned"] == "true"
			if line != "" && (lost != 1 || !strings.Contains(e.log, line) || proven) || line == "" && (lost != 0 || !proven) {
				t.Errorf("%d lines, %v\n%s", lost, e.outputs, e.log)
			}
		})
	}
}

// TestPatience_Cancelled: a signal ends a wait at once, however long it was to be, and the token is revoked.
func TestPatience_Cancelled(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"audience", "mint", "upload"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, goldenWheel, goldenSdist).asProcess()
			s.env["INPUT_ATTESTATIONS"] = "false"
			busy := fault.Fault{Kind: fault.Answer, Point: fault.AfterBody, Status: 503, RetryAfter: "600"}
			if err := s.servers.InjectFault(op, busy, 0, fault.Forever); err != nil {
				t.Fatal(err)
			}
			command := s.start()
			reached := make(chan struct{})
			go func() {
				defer close(reached)
				for t.Context().Err() == nil && s.servers.Plans()[0].Hits == 0 {
					_ = cli.Sleep(t.Context(), 5*time.Millisecond)
				}
			}()
			waitFor(t, reached)
			pypitest.WaitIdle(t, s.servers) // it is answered: the wait begins
			if err := command.signal(os.Signal(syscall.SIGTERM)); err != nil {
				t.Fatal(err)
			}
			e := command.end()
			if err := e.wrong(s.servers); err != nil || e.code != cli.Failed || !strings.Contains(e.summary, "the run was cancelled") {
				t.Errorf("exit code %d, %v\n%s", e.code, err, e.log)
			}
			if op == "upload" && (e.outputs["token-burned"] != "true" || !s.allRevoked()) {
				t.Errorf("%v, tokens %+v", e.outputs, s.servers.Tokens())
			}
			if n := s.servers.Plans()[0].Hits; n != 1 {
				t.Errorf("%d tries", n)
			}
		})
	}
}

// TestPatience_RetryAfter: what the index asks for is waited for.
func TestPatience_RetryAfter(t *testing.T) {
	t.Parallel()
	s := patient(t, goldenWheel)
	busy := fault.Fault{Kind: fault.Answer, Point: fault.AfterBody, Status: 429, RetryAfter: "540"}
	if err := s.servers.InjectFault("upload", busy, 0, 2); err != nil {
		t.Fatal(err)
	}
	e := s.run()
	waits := strings.Count(e.log, " answered 429: next try in 9 min (")
	if e.code != cli.Done || waits != 2 || !strings.Contains(e.log, "(3rd try, 11 min left)") {
		t.Errorf("exit code %d\n%s", e.code, e.log)
	}
	if tokens := s.servers.Tokens(); len(tokens) != 2 || !s.allRevoked() {
		t.Errorf("tokens %+v: the first had expired when the wait was over, the second not", tokens)
	}
}
