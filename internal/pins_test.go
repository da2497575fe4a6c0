package internal_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

// pin is an action with its commit and version, as a step of a workflow names it.
var pin = regexp.MustCompile(`([\w.-]+/[\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)\b`)

// TestPins_OnePerAction: an action has one version everywhere. Dependabot keeps the workflows and the examples new; the pages that show
// them, and the command that writes workflows, follow with -update.
func TestPins_OnePerAction(t *testing.T) {
	t.Parallel()
	ours, examples := workflowFiles(t)
	written, err := filepath.Glob("setup/testdata/workflows/*.yml") // by the command setup
	if err != nil || len(written) == 0 {
		t.Fatalf("%d workflows of setup, %v", len(written), err)
	}
	kept := map[string]string{}
	for _, path := range slices.Concat(ours, examples, written) {
		for _, found := range pin.FindAllStringSubmatch(read(t, path), -1) {
			if before := kept[found[1]]; before != "" && before != found[2] {
				t.Errorf("%s: %s has another version elsewhere: %s and %s", path, found[1], found[2], before)
			}
			kept[found[1]] = found[2]
		}
	}
	followers := append(pages(t), "setup/workflow.go")
	following := 0
	for _, path := range followers {
		text := read(t, path)
		want := pin.ReplaceAllStringFunc(text, func(found string) string {
			following++
			parts := pin.FindStringSubmatch(found)
			if kept[parts[1]] == "" {
				t.Errorf("%s: no workflow or example uses %s, so that nothing keeps it new", path, parts[1])
				return found
			}
			return parts[1] + "@" + kept[parts[1]]
		})
		if want != text {
			golden.Equal(t, path, want)
		}
	}
	if len(kept) < 5 || following < 10 {
		t.Errorf("%d actions, and %d pins that follow: the test reads the wrong files", len(kept), following)
	}
}

// TestPins_KeptNew: Dependabot looks at every folder in which something is pinned that it knows.
func TestPins_KeptNew(t *testing.T) {
	t.Parallel()
	looked := map[string][]string{}
	entry := regexp.MustCompile(`package-ecosystem: (\S+)\n    director(?:y: (\S+)|ies: \[(.+)\])\n`)
	for _, found := range entry.FindAllStringSubmatch(read(t, "../.github/dependabot.yml"), -1) {
		for _, folder := range strings.Split(found[2]+found[3], ", ") {
			looked[found[1]] = append(looked[found[1]], strings.Trim(folder, `"`))
		}
	}
	want := map[string][]string{"github-actions": {"/", "/docs/examples", "/internal/setup/testdata/workflows"}, "docker": {"/"}}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		}
		folder := "/" + filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."))
		folder = "/" + strings.Trim(folder, "/")
		switch entry.Name() {
		case "go.mod":
			if strings.Contains(read(t, path), "\nrequire ") {
				want["gomod"] = append(want["gomod"], folder)
			}
		case "package.json":
			want["npm"] = append(want["npm"], folder)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for ecosystem, folders := range want {
		slices.Sort(folders)
		slices.Sort(looked[ecosystem])
		if !slices.Equal(folders, looked[ecosystem]) {
			t.Errorf("%s is pinned in %v, and Dependabot looks at %v", ecosystem, folders, looked[ecosystem])
		}
	}
}

// TestPins_Builder: the image that builds where GitHub's runner does is named by its digest, and has the Go of go.mod.
func TestPins_Builder(t *testing.T) {
	t.Parallel()
	builder := regexp.MustCompile(`(?m)^FROM --platform=\$BUILDPLATFORM golang:(\S+)@sha256:[0-9a-f]{64} AS go$`).
		FindStringSubmatch(read(t, "../Dockerfile"))
	toolchain := regexp.MustCompile(`(?m)^toolchain go(\S+)$`).FindStringSubmatch(read(t, "../go.mod"))
	if builder == nil || toolchain == nil {
		t.Fatal("the Dockerfile names no builder by digest, or go.mod has no toolchain")
	}
	if builder[1] != toolchain[1] {
		t.Errorf("the Dockerfile builds with Go %s, and go.mod names %s", builder[1], toolchain[1])
	}
}

// TestMajors: a new major version of a module has another path, which no other tool looks at. The script tells of it, except where the
// version was given with the task.
func TestMajors(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts go many times: left out with -short")
	}
	t.Parallel()
	proxy, dir := t.TempDir(), t.TempDir()
	released := func(path string, versions ...string) {
		folder := filepath.Join(proxy, filepath.FromSlash(path), "@v")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "list"), []byte(strings.Join(versions, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, version := range versions {
			for name, content := range map[string]string{
				".info": `{"Version":"` + version + `","Time":"2026-01-01T00:00:00Z"}`, ".mod": "module " + path + "\n",
			} {
				if err := os.WriteFile(filepath.Join(folder, version+name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	released("example.com/one", "v1.0.0")
	released("example.com/one/v2", "v2.1.0", "v2.0.0")
	released("example.com/young", "v0.3.0")
	released("example.com/three/v3", "v3.0.0")
	released("example.com/three/v4", "v4.0.0")
	released("example.com/three/v5", "v5.0.1")
	released("example.com/new/v7", "v7.0.0")
	released("github.com/google/go-github/v63", "v63.0.0")
	released("github.com/google/go-github/v64", "v64.0.0")
	mod := "module example.com/main\n\ngo 1.26\n\nrequire (\n\texample.com/one v1.0.0\n\texample.com/young v0.3.0\n" +
		"\texample.com/three/v3 v3.0.0\n\texample.com/new/v7 v7.0.0\n\tgithub.com/google/go-github/v63 v63.0.0\n)\n\nrequire example.com/indirect v1.0.0 // indirect\n"
	path := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(path, []byte(mod), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "../.ci/majors", path)
	command.Env = append(os.Environ(), "GOPROXY=file://"+proxy, "GOFLAGS=-mod=mod", "GONOSUMDB=*", "GOWORK=off")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := "::warning file=go.mod::example.com/one has a new major version, example.com/one/v2 v2.1.0\n" +
		"::warning file=go.mod::example.com/three/v3 has a new major version, example.com/three/v5 v5.0.1\n"
	if string(out) != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}
