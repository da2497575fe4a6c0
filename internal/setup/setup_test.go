package setup

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

// options are those of the command without flags.
func options(dir string) Options {
	return Options{
		Dir: dir, Workflow: "release.yml", Environment: "pypi", Action: "org/pypi-oidc-publish@v1",
		Inputs: []string{"packages-dir", "skip-existing", "print-hash", "user", "password", "repository-url"},
	}
}

// TestRead_Checkouts: the new workflow of each kind of checkout is a golden file, which CI has checked by actionlint.
func TestRead_Checkouts(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		projects  string // dir name backend, compiled
		publisher Publisher
	}{
		"setuptools":   {". alder setuptools.build_meta", Publisher{"release.yml", "pypi"}},
		"poetry":       {". birch poetry.core.masonry.api", Publisher{"release.yml", "pypi"}},
		"maturin":      {". cedar maturin compiled", Publisher{"release.yml", "pypi"}},
		"monorepo":     {"packages/elm elm flit_core.buildapi; packages/fir fir hatchling.build", Publisher{"release.yml", "pypi"}},
		"other-action": {". alder setuptools.build_meta", Publisher{"publish.yml", "release"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p, err := Read(options(filepath.Join("testdata", "checkouts", kind)))
			if err != nil {
				t.Fatal(err)
			}
			var projects []string
			for _, project := range p.Projects {
				text := project.Dir + " " + project.Name + " " + project.Backend
				if project.Compiled {
					text += " compiled"
				}
				projects = append(projects, text)
			}
			expect.Equal(t, "projects", strings.Join(projects, "; "), c.projects)
			expect.Equal(t, "number of publishers", len(p.Publishers), 1)
			expect.Equal(t, "publisher", p.Publishers[0], c.publisher)
			expect.Equal(t, "number of unreadable files", len(p.Unreadable), 0)
			if kind == "other-action" {
				expect.Equal(t, "the new workflow", p.Workflow, "")
				return
			}
			golden.Equal(t, filepath.Join("testdata", "workflows", kind+".yml"), p.Workflow)
		})
	}
}

// TestNewWorkflow_Pins: a new workflow has the actions of the examples in the documentation.
func TestNewWorkflow_Pins(t *testing.T) {
	t.Parallel()
	examples := ""
	paths, err := filepath.Glob("../../docs/examples/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		examples += string(text)
	}
	for _, pin := range []string{checkout, upload, download} {
		expect.Contains(t, "the examples", examples, "uses: "+pin+"\n")
	}
	if !regexp.MustCompile(`^[^@]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`).MatchString(maturin) {
		t.Errorf("%s is not pinned by a commit", maturin)
	}
}

// TestNewWorkflow_OddNames: whatever folders and environments are called, the text is YAML and the names are data.
func TestNewWorkflow_OddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "it's", `a"b`, "a #b", "a: b", "*", "- x", "ü", "$(id)", "a;b", "`id`", `a\b`, "true"} {
		o := options(".")
		o.Environment = name
		text := newWorkflow(
			[]Project{{Dir: name, Name: "alder", Backend: "flit_core.buildapi"}, {Dir: "x/" + name, Name: "elm", Backend: "maturin"}}, o,
		)
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Errorf("%q: %v\n%s", name, err, text)
			continue
		}
		all := jobsOf(&document)
		expect.Equal(t, "environment of "+name, all[len(all)-1].environment, name)
		run := member(all[0].steps[1], "run").Value
		expect.Equal(t, "command for "+name, run, "pipx run build --outdir dist "+shellWord(name))
		if word := shellWord(name); word != name && !(strings.HasPrefix(word, "'") && strings.HasSuffix(word, "'")) {
			t.Errorf("%q is the word %s", name, word)
		}
	}
}

func TestRead_ProjectKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  Project // without its folder; a zero value: there is none
	}{
		"setup.py alone": {map[string]string{"setup.py": "setup(name='alder')"}, Project{Backend: "setuptools.build_meta:__legacy__"}},
		"extension modules": {
			map[string]string{"setup.py": "setup(ext_modules=[])"}, Project{Backend: "setuptools.build_meta:__legacy__", Compiled: true},
		},
		"setup.cfg": {
			map[string]string{
				"setup.cfg": "[metadata]\nname = alder\n[options]\nname = no\n",
			}, Project{Name: "alder", Backend: "setuptools.build_meta:__legacy__"},
		},
		"pyproject and setup.cfg": {
			map[string]string{
				"pyproject.toml": "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n",
				"setup.cfg":      "[metadata]\nname=alder\n",
			},
			Project{Name: "alder", Backend: "setuptools.build_meta"},
		},
		"cython": {
			map[string]string{
				"pyproject.toml": "[build-system]\nrequires = ['setuptools', 'Cython>=3']\n" +
					"build-backend = 'setuptools.build_meta'\n[project]\nname = 'alder'\n",
			},
			Project{Name: "alder", Backend: "setuptools.build_meta", Compiled: true},
		},
		"a version from git": {
			map[string]string{
				"pyproject.toml": "[build-system]\nrequires = ['hatchling', 'hatch_vcs']\n" +
					"build-backend = 'hatchling.build'\n[project]\nname = 'alder'\n",
			},
			Project{Name: "alder", Backend: "hatchling.build", FromGit: true},
		},
		"tools alone":       {map[string]string{"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, Project{}},
		"no TOML":           {map[string]string{"pyproject.toml": "[project\n"}, Project{}},
		"a setup.cfg alone": {map[string]string{"setup.cfg": "[flake8]\nname = alder\n"}, Project{}},
	} {
		dir := t.TempDir()
		for file, text := range c.files {
			write(t, filepath.Join(dir, file), text)
		}
		p, err := Read(options(dir))
		if err != nil {
			t.Fatal(err)
		}
		var got Project
		if len(p.Projects) > 0 {
			got = p.Projects[0]
			got.Dir = ""
		}
		expect.Equal(t, name, got, c.want)
		expect.Equal(t, name+": unreadable files", len(p.Unreadable), strings.Count(name, "no TOML"))
	}
}

// TestRead_Folders: folders that are no part of the project are not searched, nor is what lies deep.
func TestRead_Folders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, folder := range []string{"a", "b/c", "b/c/d", "b/c/d/e", ".venv/x", "venv/x", "node_modules/x", "tests/x", "Docs", "${{ x }}"} {
		write(t, filepath.Join(dir, folder, "setup.py"), "")
	}
	p, err := Read(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, project := range p.Projects {
		dirs = append(dirs, project.Dir)
	}
	expect.Equal(t, "folders", strings.Join(dirs, " "), "a b/c b/c/d")
	expect.Equal(t, "unreadable", len(p.Unreadable), 1)
	if _, err := Read(options(filepath.Join(dir, "none"))); err == nil {
		t.Error("a checkout that is not there was read")
	}
}

func TestRemote(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"https://github.com/o/r":                 "o/r",
		"https://github.com/o/r.git":             "o/r",
		"https://user:secret@github.com/o/r.git": "o/r",
		"git@github.com:o/r.git":                 "o/r",
		"git@github.com:/o/r.git":                "o/r",
		"github.com:o/r":                         "o/r",
		"ssh://git@github.com/o/r.git":           "o/r",
		"ssh://git@ssh.github.com:443/o/r.git":   "o/r",
		"git://GitHub.com/o/r/":                  "o/r",
		"https://gitlab.com/o/r":                 "",
		"https://example.com/github.com/o/r":     "",
		"git@github.com.example.com:o/r":         "",
		"https://github.com/o":                   "",
		"https://github.com/o/r/x":               "",
		"../r":                                   "",
		"C:/r":                                   "",
		"":                                       "",
	} {
		expect.Equal(t, remote, onGitHub(remote), want)
	}
}

func TestRead_GitConfig(t *testing.T) {
	t.Parallel()
	const origin = "[core]\n\tbare = false\n" +
		"[remote \"origin\"]\n\turl = git@github.com:o/r.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"origin":        {map[string]string{".git/config": origin}, "o/r"},
		"two remotes":   {map[string]string{".git/config": "[remote \"fork\"]\nurl = https://github.com/x/y\n" + origin}, "o/r"},
		"only upstream": {map[string]string{".git/config": "[remote \"upstream\"]\n\turl = \"https://github.com/x/y\"\n"}, "x/y"},
		"two, and neither": {
			map[string]string{".git/config": "[remote \"a\"]\nurl = https://github.com/x/y\n" +
				"[remote \"b\"]\nurl = https://github.com/x/z\n"}, "",
		},
		"a branch's remote": {map[string]string{".git/config": "[branch \"main\"]\nurl = https://github.com/x/y\n"}, ""},
		"a worktree": {map[string]string{
			".git": "gitdir: main/.git/worktrees/w\n", "main/.git/worktrees/w/commondir": "../..\n", "main/.git/config": origin,
		}, "o/r"},
		"a submodule": {map[string]string{".git": "gitdir: modules/m\n", "modules/m/config": origin}, "o/r"},
		"nothing":     {nil, ""},
	} {
		dir := t.TempDir()
		for file, text := range c.files {
			write(t, filepath.Join(dir, file), text)
		}
		expect.Equal(t, name, remoteOf(dir), c.want)
	}
}

// TestMigrations: what other publishers stand in a workflow, and what they become.
func TestMigrations(t *testing.T) {
	t.Parallel()
	const head = "jobs:\n  publish:\n    runs-on: ubuntu-latest\n"
	const action = "    steps:\n      - uses: pypa/gh-action-pypi-publish@"
	const identified = "    permissions:\n      id-token: write\n    environment: release\n"
	for name, c := range map[string]struct {
		workflow string
		with     string
		line     int
		was, now []string
		also     []string // words of each
	}{
		"the action, with Trusted Publishing": {
			head + identified + action + "release/v1 # newest\n",
			"pypa/gh-action-pypi-publish", 8,
			[]string{"      - uses: pypa/gh-action-pypi-publish@release/v1 # newest"},
			[]string{"      - uses: org/pypi-oidc-publish@v1"},
			nil,
		},
		"the action with a token and old names": {
			head + "    steps:\n      - name: x\n        uses: 'PyPA/gh-action-pypi-publish@v1.13'\n        with:\n" +
				"          password: ${{ secrets.T }}\n          packages_dir: out/\n          unknown: 1\n",
			"PyPA/gh-action-pypi-publish", 6,
			[]string{
				"        uses: 'PyPA/gh-action-pypi-publish@v1.13'", "        with:", "          password: ${{ secrets.T }}",
				"          packages_dir: out/", "          unknown: 1",
			},
			[]string{"        uses: org/pypi-oidc-publish@v1", "        with:", "          packages-dir: out/"},
			[]string{"id-token: write", "`environment`", "`password`", "no input `unknown`"},
		},
		"the action with a token alone": {
			head + identified + action + "v1\n        with:\n          password: >-\n            ${{ secrets.T }}\n",
			"pypa/gh-action-pypi-publish", 8,
			[]string{
				"      - uses: pypa/gh-action-pypi-publish@v1", "        with:", "          password: >-", "            ${{ secrets.T }}",
			},
			[]string{"      - uses: org/pypi-oidc-publish@v1"},
			[]string{"`password`"},
		},
		"inputs in one line": {
			head + identified + action + "v1\n        with: {skip_existing: true}\n",
			"pypa/gh-action-pypi-publish", 8,
			[]string{"      - uses: pypa/gh-action-pypi-publish@v1"},
			[]string{"      - uses: org/pypi-oidc-publish@v1"},
			[]string{"with hyphens"},
		},
		"twine": {
			head + identified + "    steps:\n      - run: twine upload dist/*\n        env:\n          TWINE_PASSWORD: x\n",
			"twine upload", 8,
			[]string{
				"      - run: twine upload dist/*", "        env:", "          TWINE_PASSWORD: x",
			},
			[]string{"      - uses: org/pypi-oidc-publish@v1"},
			[]string{"may do more than publish"},
		},
		"uv in a longer script": {
			head + identified + "    steps:\n      - name: y\n        run: |\n          uv build\n          uv publish --token x\n",
			"uv publish", 8,
			[]string{"      - name: y", "        run: |", "          uv build", "          uv publish --token x"},
			[]string{"      - uses: org/pypi-oidc-publish@v1"},
			[]string{"may do more than publish"},
		},
		"poetry": {
			head + identified + "    steps:\n    - run: poetry publish\n", "poetry publish", 8,
			[]string{"    - run: poetry publish"},
			[]string{"    - uses: org/pypi-oidc-publish@v1"},
			[]string{"may do"},
		},
		"a module of python": {
			head + identified + "    steps:\n    - run: python -m twine upload dist/*\n", "twine upload", 8,
			[]string{"    - run: python -m twine upload dist/*"},
			[]string{"    - uses: org/pypi-oidc-publish@v1"},
			[]string{"may do"},
		},
		"nothing": {
			head + "    steps:\n      - run: twine check dist/*\n      - run: echo flit-publish\n",
			"", 0, nil, nil, nil,
		},
		"this action":          {head + "    steps:\n      - uses: org/pypi-oidc-publish@v1\n", "", 0, nil, nil, nil},
		"a reusable workflow":  {"jobs:\n  x:\n    uses: ./.github/workflows/y.yml\n", "", 0, nil, nil, nil},
		"jobs that are a list": {"jobs: [1, 2]\n", "", 0, nil, nil, nil},
		"empty":                {"", "", 0, nil, nil, nil},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, workflowsDir, "w.yml"), c.workflow)
		p, err := Read(options(dir))
		if err != nil || len(p.Unreadable) > 0 {
			t.Fatalf("%s: %v, %v", name, err, p.Unreadable)
		}
		if c.with == "" {
			expect.Equal(t, name+": migrations", len(p.Migrations), 0)
			continue
		}
		if len(p.Migrations) != 1 {
			t.Errorf("%s: %d migrations", name, len(p.Migrations))
			continue
		}
		m := p.Migrations[0]
		expect.Equal(t, name+": with", m.With, c.with)
		expect.Equal(t, name+": line", m.Line, c.line)
		if !slices.Equal(m.Was, c.was) || !slices.Equal(m.Now, c.now) {
			t.Errorf("%s: %q becomes %q", name, m.Was, m.Now)
		}
		if len(m.Also) != len(c.also) {
			t.Errorf("%s: also %q", name, m.Also)
			continue
		}
		for i, words := range c.also {
			expect.Contains(t, name, m.Also[i], words)
		}
	}
}

// FuzzWorkflow: whatever a workflow is, its steps can be read, and what changes is lines of its own.
func FuzzWorkflow(f *testing.F) {
	f.Add("jobs:\n  publish:\n    steps:\n      - uses: pypa/gh-action-pypi-publish@v1\n        with: {user: x}\n")
	f.Add("jobs: {x: {steps: [{run: 'twine upload x'}]}}")
	f.Add("jobs:\n  x:\n    steps:\n      - run: >-\n          uv\n          publish\n")
	f.Fuzz(func(t *testing.T, text string) {
		var document yaml.Node
		if yaml.Unmarshal([]byte(text), &document) != nil {
			return
		}
		w := workflow{file: "w.yml", text: strings.Split(text, "\n"), jobs: jobsOf(&document)}
		for _, m := range w.migrations(options(".")) {
			if m.Line < 1 || m.Line > len(w.text) || len(m.Was) == 0 || w.text[m.Line-1] != m.Was[0] {
				t.Errorf("line %d: %q", m.Line, m.Was)
			}
		}
	})
}

// write writes a file, and its folder.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
