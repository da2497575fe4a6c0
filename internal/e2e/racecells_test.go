package e2e_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// race is a cell of the fault matrix with two jobs: requests of both are handled at the same moment, and the index answers some of them
// with 500, as its database makes it (docs/reference/pypi-server.md §3).
type race struct {
	name     string
	op       string
	racers   int
	behavior fakepypi.Behavior
	pending  bool   // the project does not exist yet
	before   string // a file that the release has already, or empty
	jobs     [2][]string
	mark     string // how it was survived, see the marks
}

func races() []*race {
	const win, mac, linux, sdist = "alder-1.0-cp31%-cp31%-win32.whl", "alder-1.0-cp31%-cp31%-macosx_11_0_arm64.whl",
		"alder-1.0-cp31%-cp31%-manylinux2014_x86_64.whl", "alder-1.0.tar.gz"
	half := fakepypi.Behavior{Races: fakepypi.RacesHalf}
	both := [2][]string{{of(win, "2"), of(win, "3")}, {of(mac, "2"), sdist}}
	return []*race{
		{name: "a new release", op: "upload", racers: 2, behavior: half, jobs: both},
		{name: "the same files", op: "upload", racers: 2, behavior: half, jobs: [2][]string{both[0], both[0]}},
		{name: "a pending publisher", op: "mint", racers: 2, behavior: half, pending: true, jobs: both},
		{
			name: "more than four uploads to a release", op: "upload", racers: 6, behavior: fakepypi.Behavior{Deadlocks: true},
			before: of(linux, "1"), jobs: [2][]string{
				{of(win, "1"), of(win, "2"), of(win, "3"), of(win, "4")}, {of(mac, "1"), of(mac, "2"), of(mac, "3"), of(mac, "4")},
			},
		},
	}
}

// of returns the file name for a version of Python.
func of(pattern, minor string) string { return strings.ReplaceAll(pattern, "%", minor) }

// run runs both jobs, and those that failed once more. What is wrong fails the test.
func (r *race) run(t *testing.T) {
	t.Helper()
	r.mark = lost
	clock := &stepclock.Clock{}
	servers := pypitest.Start(t, fakepypi.Options{Now: clock.Now, Behavior: r.behavior})
	servers.AddPublisher(fakepypi.Publisher{Project: "alder", Pending: r.pending})
	job := func(files ...string) *step {
		s := newStepOn(t, servers, files...)
		s.noWait, s.clock = true, clock
		s.env["INPUT_ATTESTATIONS"] = "false"
		return s
	}
	set := map[string]string{}
	adds := func(s *step) {
		of, err := digests(s.path("dist"))
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(set, of)
	}
	if r.before != "" {
		s := job(r.before)
		adds(s)
		s.run().require(t, 0)
	}
	if err := servers.InjectFault(r.op, fault.Race(), 0, r.racers); err != nil {
		t.Fatal(err)
	}
	steps, running := [2]*step{}, [2]*running{}
	for i, files := range r.jobs {
		steps[i] = job(files...)
		adds(steps[i])
	}
	for i, s := range steps {
		running[i] = s.start()
	}
	for _, run := range running { // both, before the tokens of one are looked at
		run.wait()
	}
	if hits := servers.ClearFaults()[0].Hits; hits != r.racers {
		t.Errorf("%d requests raced each other, not %d", hits, r.racers)
	}
	refused := 0
	for _, q := range servers.Requests() {
		if q.Op == r.op && q.Status == 500 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nobody lost the race")
	}
	mark := atOnce
	for i, run := range running {
		e := run.end()
		if e.code != 0 {
			mark = rerun
			e = steps[i].run()
		}
		e.expect(t, 0)
		if err := e.wrong(servers); err != nil {
			t.Error(err)
		}
	}
	if err := holdsExactly(servers, set); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		r.mark = mark
	}
}
