package e2e_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// rounds is how often two jobs race each other.
const rounds = 10

// TestRace_MatrixJobs: two jobs publish different wheels of one new release of one new project at the same moment. The index
// knows one pending publisher, which one of them uses up, and takes one release, which one of them creates; both end well.
func TestRace_MatrixJobs(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	raced := map[string]int{} // answers that a job alone would not have met
	for round := range rounds {
		servers := pypitest.Start(t, fakepypi.Options{})
		servers.AddPublisher(fakepypi.Publisher{Project: "alder", Pending: true})
		jobs := []*step{
			newStepOn(t, servers, "alder-1.0-cp312-cp312-win32.whl", "alder-1.0-cp313-cp313-win32.whl"),
			newStepOn(t, servers, "alder-1.0-cp312-cp312-macosx_11_0_arm64.whl", "alder-1.0.tar.gz"),
		}
		set := map[string]string{}
		for _, s := range jobs {
			of, err := digests(s.path("dist"))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(set, of)
		}
		reported := false // that a token may live on
		first, second := jobs[0].start(), jobs[1].start()
		for _, process := range []*running{first, second} {
			e := process.end()
			reported = reported || e.outputs["token-burned"] != "true"
			e.expect(t, 0, "result", "published", "published-count", "2")
		}
		if err := holdsExactly(servers, set); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		// Five seconds are all that a burn may take: on a machine that is too busy for it the run says so.
		if !jobs[0].allRevoked() && !reported {
			t.Errorf("round %d: a token is still valid, and that was not reported: %+v", round, servers.Tokens())
		}
		for _, r := range servers.Requests() {
			if r.Status >= 400 && r.Op != "look" && r.Op != "probe" {
				raced[fmt.Sprintf("%s %d", r.Op, r.Status)]++
			}
		}
	}
	t.Logf("%d rounds; races met: %v", rounds, raced)
}

// TestUpload_ThreeProjects: releases go side by side, and the first file of each alone.
func TestUpload_ThreeProjects(t *testing.T) {
	t.Parallel()
	servers := pypitest.Start(t, fakepypi.Options{})
	projects := []string{"alder", "birch", "cedar"}
	var files []string
	for _, project := range projects {
		servers.AddPublisher(fakepypi.Publisher{Project: pep.Project(project)})
		for _, rest := range []string{"-1.0-py3-none-any.whl", "-1.0-cp312-cp312-win32.whl", "-1.0-cp313-cp313-win32.whl", "-1.0.tar.gz"} {
			files = append(files, project+rest)
		}
	}
	s := newStepOn(t, servers, files...)
	set, err := digests(s.path("dist"))
	if err != nil {
		t.Fatal(err)
	}
	s.run().expect(t, 0, "result", "published", "published-count", "12")
	s.wantRevoked()
	if err := holdsExactly(servers, set); err != nil {
		t.Error(err)
	}
	uploads := map[int]int{}
	for _, r := range servers.Requests() {
		if r.Op == "upload" {
			uploads[r.Status]++
		}
	}
	expect.Equal(t, "uploads that the index took", uploads[200], len(files))
	expect.Equal(t, "kinds of answers to uploads", len(uploads), 1)
	last := map[pep.Project]string{}
	for _, f := range servers.Files() {
		last[f.Project] = filepath.Ext(f.Name)
	}
	for _, project := range projects {
		if last[pep.Project(project)] != ".gz" {
			t.Errorf("the sdist of %s was not its last file", project)
		}
	}
}
