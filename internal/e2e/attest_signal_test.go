package e2e_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestCancel_WhileSigning: the run ends at once during any wait, and nothing was minted. The next one finishes.
func TestCancel_WhileSigning(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, built()...).asProcess()
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
			took := time.Since(began)
			e.expect(t, 1)
			if took > slack*5*time.Second {
				t.Errorf("it ended %v after the signal\n%s", took, e.log)
			}
			s.leavesNothing(e, op != "trust-root")
			e.expectOutputs(t, "result", "failed")
			expect.Contains(t, "the summary", e.summary, "the run was cancelled")
			expect.Lacks(t, "the summary", e.summary, "attestation-outage")
			s.servers.ClearFaults()
			s.run().expect(t, 0, "result", "published")
			s.wantRevoked()
		})
	}
}
