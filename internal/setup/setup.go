// Package setup reads a checkout, and proposes how it can publish with this action: the release workflow, the values of the Trusted
// Publisher, and the lines of another publishing action that change. It only reads files; it requests nothing and writes nothing.
package setup

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Options say what is read, and what the checkout cannot say itself.
type Options struct {
	Dir         string   // the checkout
	Repository  string   // "owner/name" on GitHub; empty: as the git remote says
	Workflow    string   // file name of a new release workflow, such as release.yml
	Environment string   // the environment of its publish job; empty: none
	Action      string   // what `uses:` names, such as org/pypi-oidc-publish@v1
	Inputs      []string // the names of the inputs of the action
}

// Plan is what is proposed.
type Plan struct {
	Repository  string       // "owner/name"; empty if the checkout does not say
	Projects    []Project    // in the order of their folders
	Publishers  []Publisher  // the workflows that will publish: the values for the index's form
	Workflow    string       // the text of the new release workflow; empty if a workflow publishes already
	Path        string       // where it belongs, relative to the checkout
	Exists      bool         // whether there is another file at Path
	Migrations  []Migration  // lines of workflows that publish with something else
	Environment string       // the environment that has to be created; empty if none is new
	Unreadable  []Unreadable // files that could not be read
	Unknown     []string     // what the checkout could not say
}

// Project is one Python project in the checkout.
type Project struct {
	Dir      string // relative to the checkout, with slashes; "." is the checkout itself
	Name     string // as written; empty if no file says
	Backend  string // the build backend, such as hatchling.build
	Compiled bool   // whether it needs a wheel for every platform
	FromGit  bool   // whether the build takes the version from the tags of git
}

// Normalized returns the name of the project as an index knows it.
func (p Project) Normalized() pep.Project { return pep.Normalize(p.Name) }

// Publisher has the values that the index's form of a Trusted Publisher wants, for one workflow.
type Publisher struct {
	Workflow    string // the file name
	Environment string // empty: the job has none
}

// Unreadable is a file that could not be read, and why.
type Unreadable struct{ Path, Why string }

// Read reads the checkout and returns the plan. What cannot be read or is missing is part of the plan; an error means that the checkout
// itself cannot be read.
func Read(o Options) (Plan, error) {
	projects, unreadable, err := findProjects(o.Dir)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Projects: projects, Unreadable: unreadable, Repository: cmp.Or(o.Repository, remoteOf(o.Dir))}
	workflows, unreadable := readWorkflows(o.Dir)
	p.Unreadable = append(p.Unreadable, unreadable...)
	for _, w := range workflows {
		p.Migrations = append(p.Migrations, w.migrations(o)...)
		p.Publishers = append(p.Publishers, w.publishers(o)...)
	}
	if len(p.Publishers) == 0 {
		p.Publishers = []Publisher{{o.Workflow, o.Environment}}
		p.Path = workflowsDir + "/" + o.Workflow
		p.Exists = slices.ContainsFunc(workflows, func(w workflow) bool { return strings.EqualFold(w.file, o.Workflow) })
		p.Workflow = newWorkflow(projects, o)
		p.Environment = o.Environment
	}
	p.Unknown = unknown(p)
	return p, nil
}

// unknown returns what the checkout could not say.
func unknown(p Plan) (all []string) {
	if p.Repository == "" {
		all = append(all, "the repository on GitHub: there is no git remote on github.com; name it with -repository owner/name")
	}
	if len(p.Projects) == 0 {
		all = append(all, "the project: there is no pyproject.toml, setup.cfg or setup.py")
	}
	for _, project := range p.Projects {
		if project.Name == "" {
			all = append(all, "the name of the project in "+project.Dir+": no file says it without running code")
		}
		if project.Compiled {
			all = append(all, "the platforms and versions of Python that "+cmp.Or(project.Name, project.Dir)+
				" supports: the workflow builds for the usual ones")
		}
	}
	return append(all,
		"whether the publisher is registered already, which only its owners can see",
		"whether the environment exists, and who has to approve: repository settings, Environments",
		"whether the owners of the organization restrict the actions that workflows may use",
	)
}

// slashed returns a path relative to the checkout, with slashes.
func slashed(dir, path string) string {
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(relative)
}
