package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// checkOptions holds the flags of the check command.
type checkOptions struct {
	index, profile, format, expected string
	expectedProjects                 []pep.Project
	compare                          bool
	today                            time.Time
}

// checkCommand checks distributions in the same way as a run, and publishes nothing. It uses the network only to query the index in -index.
func checkCommand(ctx context.Context, w Process, v command, args []string) int {
	var o checkOptions
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	flags.StringVar(
		&o.index, "index", "",
		"also query this `index` for existing files: pypi, testpypi, an upload URL, or the URL of a simple index; a private one with INPUT_USER and INPUT_PASSWORD from the environment",
	)
	flags.StringVar(
		&o.profile, "profile", "pypi", "whose `rules` apply: pypi, or other (another index: what only PyPI would reject is a notice)",
	)
	flags.StringVar(&o.format, "format", "text", "output `format`: text, github (annotations for a workflow run) or json")
	flags.StringVar(&o.expected, "expected-version", "", "the `version` that every file must have, for example the tag v1.2.3")
	flags.Func("expected-project", "a `project` that the files may be of; give the flag once for each", func(name string) error {
		if !pep.ValidName(name) {
			return errors.New("it is not the name of a project")
		}
		o.expectedProjects = append(o.expectedProjects, pep.Normalize(name))
		return nil
	})
	flags.BoolVar(&o.compare, "compare-release", true, "with -index, compare each release with the last one on the index")
	flags.Func("today", "check as of this `day`, such as 2026-08-31: a classifier, licence or platform that the built-in tables do not "+
		"have is an error up to the day of the table, and a warning after it (default today)", func(day string) (err error) {
		o.today, err = time.Parse(time.DateOnly, day)
		return err
	})
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	w.flags = flags
	write, known := writers()[o.format]
	switch {
	case !known:
		w.printUsageError(fmt.Sprintf("-format takes text, github or json, not %q", o.format))
		return Misconfigured
	case o.profile != "pypi" && o.profile != "other":
		return w.usageError(o.format, fmt.Sprintf("-profile takes pypi or other, not %q", o.profile))
	}
	if o.today.IsZero() {
		o.today = w.Now()
	}
	paths := flags.Args()
	if len(paths) == 0 {
		paths = []string{"dist"}
	}
	var result publish.CheckResult
	if err := interruptible(ctx, func() (err error) {
		result, err = w.checkFiles(ctx, o, paths)
		return err
	}); err != nil {
		return w.cannotCheck(o.format, err)
	}
	result.Findings = w.allInWords(result.Findings)
	write(w, result)
	if finding.Worst(result.Findings) == finding.Error {
		return Failed
	}
	return Done
}

// checkFiles checks the files at these paths.
func (w Process) checkFiles(ctx context.Context, o checkOptions, paths []string) (publish.CheckResult, error) {
	redactor := secret.NewRedactor(func(string) {})
	site, login, err := w.siteFor(o.index, redactor)
	if err != nil {
		return publish.CheckResult{}, err
	}
	if w.isTestIndex(site) {
		site = site.AsPyPI()
	}
	site.Rules = o.profile == "pypi"
	client, err := w.queries(redactor)
	if err != nil && site.Simple != nil {
		return publish.CheckResult{}, err
	}
	const parallel = 4
	return publish.Check(ctx,
		publish.Options{
			Paths: paths, WorkingTree: w.workingTree(), Parallel: parallel, VerifyMetadata: true,
			ExpectedVersion: o.expected, ExpectedProjects: o.expectedProjects,
			CompareRelease: o.compare,
		},
		publish.Deps{
			Index: index.New(site, client, wire.NewGate(parallel), login), Now: func() time.Time { return o.today }, Sleep: w.Sleep,
		})
}

// queries returns the client of a command that only queries. The error is about variables that name no proxy; a command that sends
// nothing may ignore it.
func (w Process) queries(redactor *secret.Redactor) (*wire.Client, error) {
	unusable := w.sealProxies(redactor)
	return wire.New(wire.Options{
		UserAgent: w.userAgent(), LoadRoots: w.loadRoots, Proxy: w.Proxy, ProxyVariable: w.proxyVariable(), Now: w.Now, Sleep: w.Sleep,
		Redact: redactor.Redact,
	}), unusable
}

// siteFor returns the index that the flag -index names, and the credentials for it that the environment has as those of a run. It is
// checked like the corresponding input. If it is empty, no index is queried.
func (w Process) siteFor(given string, redactor *secret.Redactor) (index.Site, index.Credentials, error) {
	inputs := map[string]string{"index-url": "none"}
	if given != "" {
		inputs = map[string]string{"repository-url": given, "user": w.Getenv("INPUT_USER"), "password": w.Getenv("INPUT_PASSWORD")}
	}
	c, err := config.Parse(func(name string) string { return inputs[name] }, redactor)
	if err != nil {
		var all []error
		for _, f := range finding.Of(err) {
			if message, ok := strings.CutPrefix(f.Message, "input repository-url: "); ok {
				f.Message = "-index: " + message
			}
			all = append(all, f)
		}
		return index.Site{}, nil, errors.Join(all...)
	}
	var login index.Credentials
	if c.Auth == config.Token {
		login = index.Password(c.User, c.Password)
	}
	if given == "" {
		return index.SiteOf(c.Repository, nil, false), nil, nil
	}
	return index.SiteAt(c.Repository), login, nil
}

// cannotCheck reports why a command could not do its work, in its output format: text goes to standard error. It returns the exit code.
func (w Process) cannotCheck(format string, err error) int {
	all := w.allInWords(finding.Of(err))
	if format == "json" {
		w.printJSON(jsonFailure{Findings: w.jsonFindings(all)})
		return Misconfigured
	}
	out := w
	if format != "github" {
		out.Stdout = w.Stderr
	}
	r := out.console(format == "github")
	for _, f := range all {
		f.Fix = report.WithHelp(f.Fix, w.help(f.ID))
		r.Annotate(f)
	}
	return Misconfigured
}

// usageError prints a usage error in the output format of the command, and returns the exit code.
func (w Process) usageError(format, text string) int {
	if format == "json" {
		return w.cannotCheck(format, finding.New(finding.Usage, text, "see the flags: -h"))
	}
	w.printUsageError(text)
	return Misconfigured
}

// console returns an output for lines and annotations. With annotations set, it writes annotations as commands for GitHub's runner.
func (w Process) console(annotations bool) *runner.Runner {
	r, _ := runner.New(func(name string) string {
		switch {
		case name != "GITHUB_ACTIONS":
			return ""
		case annotations:
			return "true"
		default:
			return "false"
		}
	}, w.Stdout)
	return r
}

// fileFindings holds the findings about one file.
type fileFindings struct {
	path     string
	findings []finding.Finding
}

// byFile splits the findings into those about one file and those about the whole set.
func byFile(j publish.CheckResult) (files []fileFindings, set []finding.Finding) {
	for _, path := range j.Files {
		files = append(files, fileFindings{path: path})
	}
	for _, f := range j.Findings {
		at := slices.Index(j.Files, f.File)
		if at < 0 {
			set = append(set, f)
			continue
		}
		files[at].findings = append(files[at].findings, f)
	}
	return files, set
}
