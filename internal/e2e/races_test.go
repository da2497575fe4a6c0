package e2e_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// rounds is how often two jobs race each other.
const rounds = 10

// newStage is an index that ends with the test.
func newStage(t *testing.T, key *rsa.PrivateKey) *fakepypi.Stage {
	t.Helper()
	stage, err := fakepypi.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	return stage
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// stepOn is a step whose index is a stage that it shares with others.
func stepOn(t *testing.T, stage *fakepypi.Stage, files ...string) *step {
	t.Helper()
	s := &step{t: t, dir: t.TempDir(), stage: stage, env: maps.Clone(stage.Env)}
	maps.Copy(s.env, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": s.dir, "GITHUB_OUTPUT": s.path(".output"), "GITHUB_STEP_SUMMARY": s.path(".summary"),
		"PATH": os.Getenv("PATH"), "TMPDIR": s.dir, "HOME": s.dir, "INPUT_REPOSITORY-URL": stage.Upload.String(), "INPUT_VERBOSE": "true",
		"INPUT_WAIT-FOR-INDEX": "0",
	})
	if err := os.Mkdir(s.path("dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		s.build(name, "")
	}
	return s
}

// TestAMatrixOfJobs: two jobs publish different wheels of one new release of one new project at the same moment. The index
// knows one pending publisher, which one of them uses up, and takes one release, which one of them creates; both end well.
func TestAMatrixOfJobs(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	raced := map[string]int{} // answers that a job alone would not have met
	for round := range rounds {
		stage := newStage(t, key)
		stage.Trust(fakepypi.Publisher{Project: "alder", Pending: true})
		jobs := []*step{
			stepOn(t, stage, "alder-1.0-cp312-cp312-win32.whl", "alder-1.0-cp313-cp313-win32.whl"),
			stepOn(t, stage, "alder-1.0-cp312-cp312-macosx_11_0_arm64.whl", "alder-1.0.tar.gz"),
		}
		set := map[string]string{}
		for _, s := range jobs {
			of, err := digests(s.path("dist"))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(set, of)
		}
		told := false // that a token may live on
		first, second := jobs[0].start(), jobs[1].start()
		for i, process := range []*exec.Cmd{first, second} {
			s := jobs[i]
			code, outputs := s.end(process)
			told = told || outputs["token-burned"] != "true"
			if code != 0 || outputs["result"] != "published" || outputs["published-count"] != "2" {
				t.Errorf("round %d, job %d: exit code %d, %v\n%s", round, i, code, outputs, s.log.String())
			}
		}
		if err := holdsExactly(stage, set); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		// Five seconds are all that a burn may take: on a machine that is too busy for it the run says so.
		if !jobs[0].allBurned() && !told {
			t.Errorf("round %d: a token lives on, and nobody was told: %+v", round, stage.Tokens())
		}
		for _, r := range stage.Requests() {
			if r.Status >= 400 && r.Op != "look" && r.Op != "probe" {
				raced[fmt.Sprintf("%s %d", r.Op, r.Status)]++
			}
		}
	}
	t.Logf("%d rounds; races met: %v", rounds, raced)
}

// TestThreeProjectsInOneSet: releases go side by side, and the first file of each alone.
func TestThreeProjectsInOneSet(t *testing.T) {
	t.Parallel()
	stage := newStage(t, newKey(t))
	projects := []string{"alder", "birch", "cedar"}
	var files []string
	for _, project := range projects {
		stage.Trust(fakepypi.Publisher{Project: pep.Project(project)})
		for _, rest := range []string{"-1.0-py3-none-any.whl", "-1.0-cp312-cp312-win32.whl", "-1.0-cp313-cp313-win32.whl", "-1.0.tar.gz"} {
			files = append(files, project+rest)
		}
	}
	s := stepOn(t, stage, files...)
	set, err := digests(s.path("dist"))
	if err != nil {
		t.Fatal(err)
	}
	if code, outputs := s.end(s.start()); code != 0 || outputs["result"] != "published" || outputs["published-count"] != "12" || !s.allBurned() {
		t.Errorf("exit code %d, %v, tokens %+v\n%s", code, outputs, stage.Tokens(), s.log.String())
	}
	if err := holdsExactly(stage, set); err != nil {
		t.Error(err)
	}
	uploads := map[int]int{}
	for _, r := range stage.Requests() {
		if r.Op == "upload" {
			uploads[r.Status]++
		}
	}
	if uploads[200] != len(files) || len(uploads) != 1 {
		t.Errorf("uploads by status: %v", uploads)
	}
	last := map[pep.Project]string{}
	for _, f := range stage.Files() {
		last[f.Project] = filepath.Ext(f.Name)
	}
	for _, project := range projects {
		if last[pep.Project(project)] != ".gz" {
			t.Errorf("the sdist of %s was not its last file", project)
		}
	}
}
