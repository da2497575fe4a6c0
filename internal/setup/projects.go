package setup

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// Projects are looked for in this many levels of folders below the checkout, and in this many folders at most: those of a monorepo are
// near its top.
const (
	deepest     = 3
	mostFolders = 2000
)

// without are the folders that have no projects to publish, in lower case. So have those that begin with a dot.
func without() []string {
	return []string{
		"node_modules", "venv", "env", "build", "dist", "site-packages", "tests", "test", "docs", "doc", "examples", "example", "vendor",
		"third_party",
	}
}

// findProjects returns the projects in a checkout, in the order of their folders.
func findProjects(dir string) (projects []Project, unreadable []Unreadable, err error) {
	folders := 0
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			unreadable = append(unreadable, Unreadable{slashed(dir, path), err.Error()})
			return fs.SkipDir
		case !entry.IsDir():
			return nil
		}
		at := slashed(dir, path)
		if strings.Contains(at, "${{") {
			unreadable = append(unreadable, Unreadable{at, "GitHub would evaluate its name in a workflow: rename the folder"})
			return fs.SkipDir
		}
		name := strings.ToLower(entry.Name())
		if folders++; folders > mostFolders || path != dir && (strings.HasPrefix(name, ".") || slices.Contains(without(), name)) {
			return fs.SkipDir
		}
		p, is, problem := readProject(path)
		if problem != nil {
			unreadable = append(unreadable, Unreadable{at, problem.Error()})
		}
		if is {
			p.Dir = at
			projects = append(projects, p)
		}
		if at != "." && strings.Count(at, "/")+1 >= deepest {
			return fs.SkipDir
		}
		return nil
	})
	return projects, unreadable, err
}

// readProject reads the project of a folder. is reports whether there is one that is built: a pyproject.toml with settings of tools alone
// is none.
func readProject(folder string) (p Project, is bool, err error) {
	settings, found, err := pyproject.ReadBuild(filepath.Join(folder, "pyproject.toml"))
	if err != nil {
		return Project{}, false, err
	}
	cfg, err := localfile.Read(filepath.Join(folder, "setup.cfg"), longest)
	hasCfg := err == nil
	script, err := localfile.Read(filepath.Join(folder, "setup.py"), longest)
	hasScript := err == nil
	p = Project{Name: settings.Name, Backend: settings.Backend}
	switch {
	case found && (settings.Backend != "" || settings.Name != ""):
	case hasScript, hasCfg && nameInCfg(cfg) != "":
	default:
		return Project{}, false, nil
	}
	if p.Name == "" && hasCfg {
		p.Name = nameInCfg(cfg)
	}
	if p.Backend == "" {
		p.Backend = "setuptools.build_meta:__legacy__" // what a build uses if nothing is said (PEP 517)
	}
	compiles := []string{"maturin", "mesonpy", "scikit_build_core", "setuptools_rust", "py_build_cmake", "enscons", "sipbuild"}
	backend, _, _ := strings.Cut(p.Backend, ".")
	p.FromGit = slices.ContainsFunc(settings.Requires, readsTags)
	p.Compiled = slices.Contains(compiles, backend) || slices.ContainsFunc(settings.Requires, compiler) ||
		hasScript && strings.Contains(string(script), "ext_modules") || hasFile(folder, "Cargo.toml") && backend == "setuptools"
	return p, true, nil
}

// compiler reports whether a requirement of the build is one that makes compiled modules.
func compiler(requirement string) bool {
	return names(requirement,
		"cython", "cffi", "pybind11", "nanobind", "setuptools-rust", "scikit-build", "scikit-build-core", "meson-python",
		"maturin", "numpy", "mypy")
}

// readsTags reports whether a requirement of the build is one that takes the version from the tags of git.
func readsTags(requirement string) bool {
	return names(requirement,
		"setuptools-scm", "setuptools-git-versioning", "hatch-vcs", "vcs-versioning", "versioningit", "poetry-dynamic-versioning",
		"uv-dynamic-versioning", "dunamai", "pbr", "flit-scm", "miniver")
}

// names reports whether a requirement names one of these projects.
func names(requirement string, known ...pep.Project) bool {
	name := regexp.MustCompile(`^[A-Za-z0-9._-]+`).FindString(strings.TrimSpace(requirement))
	return slices.Contains(known, pep.Normalize(name))
}

// nameInCfg returns the name in the section metadata of a setup.cfg, or an empty string.
func nameInCfg(text []byte) string {
	section := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "[") {
			section = strings.Trim(trimmed, "[] ")
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && section == "metadata" && strings.TrimSpace(key) == "name" && key == strings.TrimLeft(key, " \t") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func hasFile(folder, name string) bool {
	info, err := os.Stat(filepath.Join(folder, name))
	return err == nil && info.Mode().IsRegular()
}
