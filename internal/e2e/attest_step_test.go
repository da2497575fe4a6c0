package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// newSigningStep is a step within the test's process that publishes a wheel and an sdist, for a run of a workflow.
func newSigningStep(t *testing.T, run fakepypi.Run) *step {
	t.Helper()
	clock := &stepclock.Clock{}
	servers := pypitest.Start(t, fakepypi.Options{Run: run, Now: clock.Now})
	servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
	s := newStepOn(t, servers, besideWheel, besideSdist)
	s.noWait, s.clock = true, clock
	return s
}

// outage breaks an op, after so many of its requests, until it is mended.
func (s *step) outage(op string, skip, times int) {
	s.t.Helper()
	s.injectFault(op, "status-503", skip, times)
}

// listed returns what stands in dist.
func (s *step) listed() (names []string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.path("dist"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// ends runs the step and checks that it ends with this exit code, says all of these, and says nothing that is not true.
func (s *step) ends(code int, says ...string) ending {
	s.t.Helper()
	e := s.run()
	if err := e.wrong(s.servers); err != nil {
		s.t.Error(err)
	}
	e.expect(s.t, code)
	for _, text := range says {
		if !strings.Contains(e.log, text) {
			s.t.Errorf("it does not say %q:\n%s", text, e.log)
		}
	}
	return e
}

// attested returns the files of which the index serves provenance.
func (s *step) attested() (names []string) {
	for _, f := range s.servers.Files() {
		if text, err := s.servers.Provenance(f.Name); err == nil && len(text) > 0 {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}
