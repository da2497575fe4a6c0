package e2e_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// TestCancel_WhileSigning: the run ends at once, whatever it waits for, and nothing was minted. The next one finishes.
func TestCancel_WhileSigning(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, built()...)
			s.env["INPUT_ATTESTATIONS"] = "best-effort" // a signal is no outage
			s.injectFault(op, "hang", 0, fault.Forever)
			hit := make(chan struct{})
			go func() {
				defer close(hit)
				for t.Context().Err() == nil && s.servers.Plans()[0].Hits == 0 {
					time.Sleep(5 * time.Millisecond)
				}
			}()
			command := s.start()
			waitFor(t, hit)
			began := time.Now()
			if err := command.signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			e := command.end()
			if took := time.Since(began); e.code != 1 || took > 5*time.Second {
				t.Errorf("exit code %d after %v\n%s", e.code, took, e.log)
			}
			s.leavesNothing(e, op != "trust-root")
			if e.outputs["result"] != "failed" {
				t.Errorf("result: got %q, want failed", e.outputs["result"])
			}
			if !strings.Contains(e.summary, "the run was cancelled") || strings.Contains(e.summary, "attestation-outage") {
				t.Errorf("the summary:\n%s", e.summary)
			}
			s.servers.ClearFaults()
			e = s.run()
			if e.code != 0 || e.outputs["result"] != "published" || !s.allRevoked() {
				t.Errorf("the re-run: exit code %d, %v\n%s", e.code, e.outputs, e.log)
			}
		})
	}
}
