package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// home is the repository, as the program says it.
func home(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^const home = "(.+)"$`).FindStringSubmatch(read(t, "cli/help.go"))
	if found == nil {
		t.Fatal("internal/cli/help.go has no constant home")
	}
	return found[1]
}

// TestHome: the module is that of the repository that the program names, and the release workflow refuses a candidate in another one.
func TestHome(t *testing.T) {
	t.Parallel()
	if !strings.HasPrefix(read(t, "../go.mod"), "module github.com/"+home(t)+"\n") {
		t.Errorf("go.mod is not of %s", home(t))
	}
	workflow := jobsOf(t, "release.yml", read(t, "../.github/workflows/release.yml"))["candidate"]
	if !strings.Contains(workflow, `grep -qxF "const home = \"$GITHUB_REPOSITORY\"" internal/cli/help.go`) {
		t.Error("the candidate job does not compare the repository with the constant home")
	}
}

// TestRename: with the script, every mention of the repository has the new name, and the packages still find each other.
func TestRename(t *testing.T) {
	long.Only(t)
	t.Parallel()
	clone := filepath.Join(t.TempDir(), "clone")
	run := func(name string, arguments ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir = clone
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
		}
		return string(out)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", "--no-hardlinks", "..", clone).CombinedOutput(); err != nil {
		t.Skipf("there is no git here that clones: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(clone, ".ci", "rename"), []byte(read(t, "../.ci/rename")), 0o755); err != nil {
		t.Fatal(err)
	}
	run(".ci/rename", "Some-Body/publish-it")
	if out := run("bash", "-c", "git grep -nIF "+home(t)+" -- . ':!.ci/rename' || true"); out != "" {
		t.Errorf("these lines have the old name:\n%.2000s", out)
	}
	if out := run("git", "grep", "-hIF", "ghcr.io/some-body/publish-it", "--", "README.md"); out == "" {
		t.Error("the image has another name")
	}
	if got := strings.Fields(run("go", "list", ".")); got[0] != "github.com/Some-Body/publish-it" {
		t.Errorf("the module is %s", got)
	}
	run("go", "list", "-deps", "./...")
}
