package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// What the setup command proposes, tried: the publisher that it names is registered, the workflow that it writes is read, the distributions
// are built by their real backends, and its publish step publishes them. The jobs that build are not run.

// setupOutput is the JSON form of setup, as a program would read it.
type setupOutput struct {
	Repository string
	Publishers []struct {
		Project, Dir, Backend, Owner, Repository, Workflow, Environment, Page string
		Exists                                                                *bool
	}
	Environment string
	Workflow    struct {
		Path, Text string
		Written    bool
	}
	Migrations []struct {
		Path, With     string
		Line           int
		Was, Now, Also []string
	}
	Unreadable []struct{ Path, Why string }
	Unknown    []string
}

// publishWorkflow is what these tests need of a workflow.
type publishWorkflow struct {
	Jobs map[string]struct {
		Environment yaml.Node
		Permissions map[string]string
		Steps       []struct {
			Uses string
			With map[string]string
		}
	}
}

// buildScript has a backend build the project in the folder that it runs in.
const buildScript = `import importlib, sys
name, out = sys.argv[1:]  # setuptools changes them
backend = importlib.import_module(name)
backend.build_wheel(out)
backend.build_sdist(out)
`

func TestSetup_PublishesAsProposed(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for kind, c := range map[string]struct {
		projects []string // with their folders, as dist names them
		exists   bool     // the projects are on the index already
	}{
		"setuptools":   {projects: []string{"alder"}},
		"poetry":       {projects: []string{"birch"}, exists: true},
		"maturin":      {projects: []string{"cedar"}, exists: true},
		"monorepo":     {projects: []string{"elm", "fir"}, exists: true},
		"other-action": {projects: []string{"alder"}, exists: true},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			copyTree(t, filepath.Join("..", "setup", "testdata", "checkouts", kind), dir)
			writeFile(t, filepath.Join(dir, ".git", "config"), "[remote \"origin\"]\n\turl = git@github.com:orchard/trees.git\n")

			asking := pypitest.Start(t, fakepypi.Options{})
			for _, project := range c.projects {
				if c.exists {
					asking.AddPublisher(fakepypi.Publisher{Project: pep.Project(project)})
				}
			}
			v := setupOn(t, asking, cli.Done, "-write", dir)
			expect.Equal(t, "repository", v.Repository, "orchard/trees")
			expect.Equal(t, "number of publishers", len(v.Publishers), len(c.projects))
			expect.Equal(t, "number of unreadable files", len(v.Unreadable), 0)

			// The workflow as the checkout has it now: written, or with the lines that change.
			path := v.Workflow.Path
			for _, m := range v.Migrations {
				path = m.Path
				lines := strings.Split(string(readFile(t, filepath.Join(dir, path))), "\n")
				lines = slices.Replace(lines, m.Line-1, m.Line-1+len(m.Was), m.Now...)
				writeFile(t, filepath.Join(dir, path), strings.Join(lines, "\n"))
			}
			expect.Equal(t, "whether a workflow was written", v.Workflow.Written, len(v.Migrations) == 0)
			inputs, environment := publishStep(t, filepath.Join(dir, path))

			// A run of this workflow, and the publisher as proposed.
			servers := pypitest.Start(t, fakepypi.Options{
				Run: fakepypi.Run{Repository: "orchard/trees", Workflow: filepath.Base(path), Environment: environment},
			})
			for _, p := range v.Publishers {
				if p.Exists == nil || *p.Exists != c.exists {
					t.Errorf("%s exists: %v", p.Project, p.Exists)
				}
				servers.AddPublisher(fakepypi.Publisher{
					Owner: p.Owner, Repository: p.Repository, Workflow: p.Workflow, Environment: p.Environment,
					Project: pep.Normalize(p.Project), Pending: !c.exists,
				})
			}
			s := newStepOn(t, servers)
			for _, p := range v.Publishers {
				s.buildsWith(p.Backend, filepath.Join(dir, filepath.FromSlash(p.Dir)))
			}
			for name, value := range inputs {
				s.env["INPUT_"+strings.ToUpper(name)] = strings.ReplaceAll(value, "${{ github.ref_name }}", "v1.0")
			}
			s.run().expect(t, cli.Done, "result", "published")
			expect.Equal(t, "files on the index", len(s.indexed()), 2*len(c.projects))
		})
	}
}

// setupOn runs setup in this process against a test index, and returns what it printed as JSON.
func setupOn(t *testing.T, servers *fakepypi.Servers, code int, arguments ...string) (v setupOutput) {
	t.Helper()
	s := newStepOn(t, servers)
	got := s.start(append([]string{"setup", "-format", "json", "-index", servers.Upload.String()}, arguments...)...).wait()
	expect.Equal(t, "exit code of setup", got, code)
	in := json.NewDecoder(strings.NewReader(s.log.String()))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, &s.log)
	}
	return v
}

// publishStep returns the inputs of the step with this action in a workflow, and the environment of its job.
func publishStep(t *testing.T, path string) (inputs map[string]string, environment string) {
	t.Helper()
	var w publishWorkflow
	if err := yaml.Unmarshal(readFile(t, path), &w); err != nil {
		t.Fatal(err)
	}
	for _, job := range w.Jobs {
		for _, step := range job.Steps {
			if !strings.HasPrefix(step.Uses, "org/pypi-oidc-publish@") {
				continue
			}
			expect.Equal(t, "permission for ID tokens", job.Permissions["id-token"], "write")
			environment = job.Environment.Value
			var named struct{ Name string }
			if environment == "" && job.Environment.Decode(&named) == nil {
				environment = named.Name
			}
			return step.With, environment
		}
	}
	t.Fatalf("no step of %s publishes:\n%s", path, readFile(t, path))
	return nil, ""
}

// buildsWith has a backend build a project into the step's dist. What no backend of Debian builds, the test makes itself.
func (s *step) buildsWith(backend, folder string) {
	s.t.Helper()
	if backend == "maturin" {
		s.build("cedar-1.0-cp39-abi3-manylinux_2_28_x86_64.whl", "")
		s.build("cedar-1.0.tar.gz", "")
		return
	}
	const python = "/usr/bin/python3" // the one for which Debian has the backends
	needs(s.t, python)
	command := exec.CommandContext(s.t.Context(), python, "-c", buildScript, backend, s.path("dist"))
	command.Dir = folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	out, err := command.CombinedOutput()
	switch {
	case err == nil:
	case strings.Contains(string(out), "ModuleNotFoundError") && os.Getenv("CI") != "true":
		s.t.Skipf("%s is not installed here, and CI is not set", backend)
	default:
		s.t.Fatalf("%s: %v\n%s", backend, err, out)
	}
}

// TestSetup_Registration: the page of the index, with the form filled in, and the texts for people.
func TestSetup_Registration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyTree(t, filepath.Join("..", "setup", "testdata", "checkouts", "monorepo"), dir)
	writeFile(t, filepath.Join(dir, ".git", "config"), "[remote \"origin\"]\n\turl = https://github.com/orchard/trees\n")
	servers := pypitest.Start(t, fakepypi.Options{})
	s := newStepOn(t, servers)
	code := s.start("setup", "-index", servers.Upload.String(), dir).wait()
	expect.Equal(t, "exit code", code, cli.Done)
	for _, text := range []string{
		"Register a pending publisher for the new project elm", "PyPI Project Name  elm", "Owner              orchard",
		"Repository name    trees",
		"Workflow name      release.yml", "Environment name   pypi", "one pending publisher for a workflow and environment at a time",
		"https://github.com/orchard/trees/settings/environments/new", "uses: org/pypi-oidc-publish@v1", "The checkout does not say:",
	} {
		expect.Contains(t, "the text", s.log.String(), text)
	}
	if _, err := os.Stat(filepath.Join(dir, ".github")); err == nil {
		t.Error("it wrote without -write")
	}
	// An index that does not answer hinders nothing: then it is not known whether the projects exist.
	s.injectFault("look", "html-403", 0, -1)
	v := setupOn(t, servers, cli.Done, dir)
	for _, p := range v.Publishers {
		if p.Exists != nil {
			t.Errorf("%s exists: %v", p.Project, *p.Exists)
		}
	}
	expect.Contains(t, "what is not known", strings.Join(v.Unknown, "\n"), "whether elm exists: ")
}

// TestSetup_NeverReplaces a file, and says what is wrong with its arguments.
func TestSetup_NeverReplaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyTree(t, filepath.Join("..", "setup", "testdata", "checkouts", "setuptools"), dir)
	workflow := filepath.Join(dir, ".github", "workflows", "release.yml")
	writeFile(t, workflow, "name: mine\n")
	s := newStepIn(t, t.TempDir(), map[string]string{})
	s.inProcess = true
	for want, arguments := range map[string][]string{
		"release.yml exists and is not replaced": {"-write", dir},
		"-workflow takes the name of a file":     {"-workflow", "../x.yml", dir},
		"-environment takes the name":            {"-environment", "a\nb", dir},
		"-repository takes owner/name":           {"-repository", "x", dir},
		"-format takes text or json":             {"-format", "github", dir},
		"one checkout":                           {dir, dir},
		"the checkout cannot be read":            {filepath.Join(dir, "none")},
	} {
		code := s.start(append([]string{"setup", "-index", "none"}, arguments...)...).wait()
		expect.Equal(t, "exit code of "+strings.Join(arguments, " "), code, cli.Misconfigured)
		expect.Contains(t, strings.Join(arguments, " "), s.log.String(), want)
	}
	expect.Equal(t, "the file", string(readFile(t, workflow)), "name: mine\n")
	code := s.start("setup", "-index", "none", "-write", "-workflow", "publish.yml", "-environment", "", "-repository", "o/r", dir).wait()
	expect.Equal(t, "exit code", code, cli.Done)
	expect.Lacks(t, "the workflow", string(readFile(t, filepath.Join(filepath.Dir(workflow), "publish.yml"))), "environment")
	expect.Contains(t, "the text", s.log.String(), "Environment name   (leave it empty)")
}

// TestSetup_Page: the commands in docs/setup.md do what the page says.
func TestSetup_Page(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyTree(t, filepath.Join("..", "setup", "testdata", "checkouts", "setuptools"), dir)
	writeFile(t, filepath.Join(dir, ".git", "config"), "[remote \"origin\"]\n\turl = https://github.com/octo-org/alder\n")
	servers := pypitest.Start(t, fakepypi.Options{})
	commands := commandsOf(t, "setup.md", "pypi-oidc-publish setup")
	if len(commands) < 3 {
		t.Fatalf("the page has %d commands", len(commands))
	}
	for _, command := range commands {
		s := newStepOn(t, servers)
		arguments := append([]string{"setup", "-index", servers.Upload.String()}, strings.Fields(command)...)
		code := s.start(append(arguments, dir)...).wait()
		expect.Equal(t, "exit code of "+command, code, cli.Done)
	}
	page := string(readFile(t, "../../docs/setup.md"))
	s := newStepOn(t, servers)
	if err := os.RemoveAll(filepath.Join(dir, ".github")); err != nil {
		t.Fatal(err)
	}
	s.start("setup", "-index", servers.Upload.String(), dir).wait()
	begun, _, _ := strings.Cut(s.log.String(), "\nname: release")
	for line := range strings.SplitSeq(begun, "\n") {
		line = regexp.MustCompile(` \(http[^)]*\)`).ReplaceAllString(line, "")
		expect.Contains(t, "docs/setup.md", regexp.MustCompile(` \(http[^)]*\)`).ReplaceAllString(page, ""), line)
	}
}

// copyTree copies the files of a folder.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// writeFile writes a file, and its folder.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
