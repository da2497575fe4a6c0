package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/setup"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// setupOptions holds the flags of the setup command.
type setupOptions struct {
	index, repository, workflow, environment, format string
	write                                            bool
}

// setupCommand prints how a checkout can publish with this action.
func setupCommand(ctx context.Context, w Process, v command, args []string) int {
	o := setupOptions{}
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	flags.StringVar(&o.index, "index", "pypi", "ask this `index` whether the project exists: pypi, testpypi, a URL, or none")
	flags.StringVar(&o.repository, "repository", "", "the `repository` on GitHub, owner/name (default: as the git remote says)")
	flags.StringVar(&o.workflow, "workflow", "release.yml", "the `file` name of a new workflow in .github/workflows")
	flags.StringVar(&o.environment, "environment", "pypi", "the `name` of the environment of a new workflow's publish job; empty: none")
	flags.BoolVar(&o.write, "write", false, "write the workflow into the checkout; a file that exists is never replaced")
	flags.StringVar(&o.format, "format", "text", "output `format`: text or json")
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	w.flags = flags
	dir := "."
	if flags.NArg() > 0 {
		dir = flags.Arg(0)
	}
	if problem := o.problem(flags.NArg()); problem != "" {
		return w.usageError(o.format, problem)
	}
	plan, err := setup.Read(setup.Options{
		Dir: dir, Repository: o.repository, Workflow: o.workflow, Environment: o.environment, Action: w.actionRef(), Inputs: inputNames(),
	})
	if err != nil {
		return w.usageError(o.format, fmt.Sprintf("the checkout cannot be read: %v", err))
	}
	p := proposal{registrations: w.registrations(ctx, o, &plan)}
	if p.Plan = plan; o.write {
		if p.written, err = writeWorkflow(dir, plan); err != nil {
			return w.usageError(o.format, err.Error())
		}
	}
	if o.format == "json" {
		w.proposalJSON(p)
	} else {
		w.proposalText(p)
	}
	return Done
}

// inputNames returns the names of the action's inputs.
func inputNames() (names []string) {
	for _, input := range config.Inputs() {
		names = append(names, input.Name)
	}
	return names
}

// problem returns what is wrong with the flags, or an empty string.
func (o setupOptions) problem(folders int) string {
	file := regexp.MustCompile(`^[A-Za-z0-9._-]+\.ya?ml$`)
	switch {
	case folders > 1:
		return "setup reads one checkout: name one folder"
	case o.format != "text" && o.format != "json":
		return fmt.Sprintf("-format takes text or json, not %q", o.format)
	case o.repository != "" && !isRepository(o.repository):
		return fmt.Sprintf("-repository takes owner/name, not %q", o.repository)
	case !file.MatchString(o.workflow):
		return fmt.Sprintf("-workflow takes the name of a file that ends in .yml, without a folder, not %q", o.workflow)
	case strings.ContainsAny(o.environment, "\r\n") || strings.Contains(o.environment, "${{"):
		return "-environment takes the name of one environment"
	}
	return ""
}

// actionRef returns what `uses:` names.
func (w Process) actionRef() string {
	if repository, ref, known := w.source(); known {
		return repository + "@" + ref
	}
	return home + "@v1"
}

// registration is a Trusted Publisher to register for a project.
type registration struct {
	project     setup.Project
	publisher   setup.Publisher
	exists      bool // whether the index has the project
	unknown     bool // whether that is not known
	page        string
	owner, name string
}

// registrations returns the publishers to register, each with the page of the index for it. What the index did not answer is added to what
// is unknown.
func (w Process) registrations(ctx context.Context, o setupOptions, plan *setup.Plan) (all []registration) {
	redactor := secret.NewRedactor(func(string) {})
	if o.index == "none" {
		o.index = ""
	}
	site, login, err := w.siteFor(o.index, redactor)
	if err != nil {
		plan.Unknown = append(plan.Unknown, err.Error())
		site = index.Site{}
	}
	requests, err := w.queries(redactor)
	if err != nil && site.Simple != nil { // an index that cannot be asked hinders nothing
		plan.Unknown = append(plan.Unknown, err.Error())
		site = index.Site{}
	}
	client := index.New(site, requests, wire.NewGate(1), login)
	owner, name, _ := strings.Cut(plan.Repository, "/")
	for _, project := range plan.Projects {
		exists, unknown := false, true
		if project.Name != "" {
			listing, err := client.ListFiles(ctx, project.Normalized())
			exists, unknown = listing.Exists, err != nil
			if err != nil && !errors.Is(err, index.ErrNoListings) {
				plan.Unknown = append(plan.Unknown, fmt.Sprintf("whether %s exists: %v", project.Name, err))
			}
		}
		for _, publisher := range plan.Publishers {
			claims := oidc.Claims{
				Repository: plan.Repository, Environment: publisher.Environment,
				WorkflowRef: plan.Repository + "/.github/workflows/" + publisher.Workflow + "@refs/tags/v1",
			}
			r := registration{
				project: project, publisher: publisher, exists: exists, unknown: unknown, owner: owner, name: name,
			}
			if project.Name != "" && plan.Repository != "" && !unknown {
				r.page = site.PublisherPage(project.Normalized(), !exists, uploadtoken.PublisherForm(claims))
			}
			all = append(all, r)
		}
	}
	return all
}

// writeWorkflow writes the new workflow of a plan, and returns its path; empty if there is none. It replaces no file.
func writeWorkflow(dir string, plan setup.Plan) (path string, err error) {
	if plan.Workflow == "" {
		return "", nil
	}
	path = filepath.Join(dir, filepath.FromSlash(plan.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	file, err := localfile.Create(path)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s exists and is not replaced: choose another name with -workflow, or remove it", path)
	}
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(plan.Workflow)
	return path, errors.Join(err, file.Close())
}

// proposal is what the setup command prints.
type proposal struct {
	setup.Plan
	registrations []registration
	written       string // the path of the workflow that was written
}

// proposalText prints the proposal for people: what to do, in order, and then the texts.
func (w Process) proposalText(p proposal) {
	r := w.console(false)
	for _, u := range p.Unreadable {
		r.Line("not read: " + u.Path + ": " + u.Why)
	}
	for _, reg := range p.registrations {
		reg.print(r)
	}
	created := 0
	for _, reg := range p.registrations {
		if !reg.unknown && !reg.exists {
			created++
		}
	}
	if created > 1 {
		r.Line("PyPI takes one pending publisher for a workflow and environment at a time: release the new projects one after the other")
		r.Line("  (see docs/examples/several-projects.yml of this action).")
	}
	if p.Environment != "" {
		r.Line("Create the environment " + p.Environment + " in the repository's settings" + at(p.settings()) + ".")
		r.Line("  Let only tags v* deploy to it; with required reviewers, a second person approves every release.")
	}
	for _, m := range p.Migrations {
		printMigration(r, m)
	}
	switch {
	case p.written != "":
		r.Line("Wrote " + p.written + ": commit it, and push a tag such as v1.0.0 to release.")
	case p.Workflow != "":
		also := ""
		if p.Exists {
			also = " (which exists: choose another name with -workflow)"
		}
		r.Line("Add this workflow as " + p.Path + also + ", or run setup again with -write:")
		r.Line("")
		for line := range strings.SplitSeq(strings.TrimSuffix(p.Workflow, "\n"), "\n") {
			r.Line(line)
		}
		r.Line("")
	case len(p.Migrations) == 0:
		r.Line("A workflow publishes with this action already: nothing to change.")
	}
	r.Line("The checkout does not say:")
	for _, text := range p.Unknown {
		r.Line("  - " + text)
	}
}

// settings returns the page of the repository's environments, or an empty string.
func (p proposal) settings() string {
	if p.Repository == "" {
		return ""
	}
	return "https://github.com/" + p.Repository + "/settings/environments/new"
}

// at returns a page in brackets, or an empty string.
func at(page string) string {
	if page == "" {
		return ""
	}
	return " (" + page + ")"
}

// print prints the values for the form of the index.
func (reg registration) print(r *runner.Runner) {
	project := cmp.Or(reg.project.Name, "the project in "+reg.project.Dir)
	switch {
	case reg.unknown:
		r.Line("Register the publisher of " + project + ", on the page Publishing of the project, or of your account if it is new:")
	case reg.exists:
		r.Line("Register the publisher of " + project + ", which exists" + at(reg.page) + ", unless it has this one already:")
	default:
		r.Line("Register a pending publisher for the new project " + project + at(reg.page) + ":")
		r.Line("  PyPI Project Name  " + reg.project.Name)
	}
	for _, field := range reg.fields() {
		r.Line(fmt.Sprintf("  %-17s  %s", field[0], cmp.Or(field[1], "(leave it empty)")))
	}
}

// fields returns the fields of the form and their values.
func (reg registration) fields() [][2]string {
	unknown := "(your repository on GitHub)"
	return [][2]string{
		{"Owner", cmp.Or(reg.owner, unknown)},
		{"Repository name", cmp.Or(reg.name, unknown)},
		{"Workflow name", reg.publisher.Workflow},
		{"Environment name", reg.publisher.Environment},
	}
}

// printMigration prints the lines of a workflow that change.
func printMigration(r *runner.Runner, m setup.Migration) {
	r.Line(fmt.Sprintf("In %s, line %d, %s publishes. Change:", m.Path, m.Line, m.With))
	for _, line := range m.Was {
		r.Line("  - " + line)
	}
	for _, line := range m.Now {
		r.Line("  + " + line)
	}
	for _, text := range m.Also {
		r.Line("  and " + text)
	}
}

// The JSON format is read by programs: its names must not change.
type (
	jsonSetup struct {
		Repository  string              `json:"repository"`
		Publishers  []jsonPublisher     `json:"publishers"`
		Environment string              `json:"environment"` // to create; empty: none
		Workflow    jsonWorkflow        `json:"workflow"`
		Migrations  []jsonMigration     `json:"migrations"`
		Unreadable  []map[string]string `json:"unreadable"` // path, why
		Unknown     []string            `json:"unknown"`
	}
	jsonPublisher struct {
		Project     string `json:"project"`
		Dir         string `json:"dir"`
		Backend     string `json:"backend"`
		Exists      *bool  `json:"exists"` // null: not known
		Owner       string `json:"owner"`
		Repository  string `json:"repository"`
		Workflow    string `json:"workflow"`
		Environment string `json:"environment"`
		Page        string `json:"page"`
	}
	jsonWorkflow struct {
		Path    string `json:"path"`
		Text    string `json:"text"` // empty: a workflow publishes already
		Written bool   `json:"written"`
	}
	jsonMigration struct {
		Path string   `json:"path"`
		Line int      `json:"line"`
		With string   `json:"with"`
		Was  []string `json:"was"`
		Now  []string `json:"now"`
		Also []string `json:"also"`
	}
)

// proposalJSON prints the proposal as JSON.
func (w Process) proposalJSON(p proposal) {
	out := jsonSetup{
		Repository: p.Repository, Publishers: []jsonPublisher{}, Environment: p.Environment,
		Workflow:   jsonWorkflow{p.Path, p.Workflow, p.written != ""},
		Migrations: []jsonMigration{}, Unreadable: []map[string]string{}, Unknown: p.Unknown,
	}
	for _, reg := range p.registrations {
		one := jsonPublisher{
			Project: reg.project.Name, Dir: reg.project.Dir, Backend: reg.project.Backend, Owner: reg.owner, Repository: reg.name,
			Workflow: reg.publisher.Workflow, Environment: reg.publisher.Environment, Page: reg.page,
		}
		if !reg.unknown {
			one.Exists = &reg.exists
		}
		out.Publishers = append(out.Publishers, one)
	}
	for _, m := range p.Migrations {
		out.Migrations = append(out.Migrations, jsonMigration{m.Path, m.Line, m.With, m.Was, m.Now, append([]string{}, m.Also...)})
	}
	for _, u := range p.Unreadable {
		out.Unreadable = append(out.Unreadable, map[string]string{"path": u.Path, "why": u.Why})
	}
	w.printJSON(out)
}
