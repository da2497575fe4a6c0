package cli_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// TestASignalWhileSigning: the run ends at once, whatever it waits for, and nothing was minted. The next one finishes.
func TestASignalWhileSigning(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, built()...)
			s.env["INPUT_ATTESTATIONS"] = "best-effort" // a signal is no outage
			f, known := fault.ByName("hang")
			if !known {
				t.Fatal("no such fault")
			}
			if err := s.stage.Break(op, f, 0, fault.Forever); err != nil {
				t.Fatal(err)
			}
			struck := make(chan struct{})
			go func() {
				defer close(struck)
				for t.Context().Err() == nil && s.stage.Broken()[0].Struck == 0 {
					time.Sleep(5 * time.Millisecond)
				}
			}()
			command := s.start()
			waitFor(t, struck, s)
			began := time.Now()
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			code, outputs := s.end(command)
			if took := time.Since(began); code != 1 || took > 5*time.Second {
				t.Errorf("exit code %d after %v\n%s", code, took, s.log.String())
			}
			if len(s.stage.Tokens())+len(s.stage.Files()) != 0 || outputs["result"] != "failed" || outputs["token-burned"] != "not-minted" {
				t.Errorf("tokens %v, files %v, outputs %v", s.stage.Tokens(), s.stage.Files(), outputs)
			}
			summary, err := os.ReadFile(s.path(".summary"))
			if text := string(summary); err != nil || !strings.Contains(text, "the run was cancelled") || strings.Contains(text, "attestation-outage") {
				t.Errorf("%v\n%s", err, text)
			}
			s.stage.Mend()
			code, outputs = s.end(s.start())
			if code != 0 || outputs["result"] != "published" || !s.allBurned() {
				t.Errorf("the re-run: exit code %d, %v\n%s", code, outputs, s.log.String())
			}
		})
	}
}
