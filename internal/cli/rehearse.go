package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// rehearseOptions holds the flags of the rehearse command.
type rehearseOptions struct {
	verbose, attach bool
	summary         string
}

// rehearseCommand starts the test index on loopback, registers a Trusted Publisher for this machine, and carries out a whole run against it
// over HTTP. Nothing leaves the machine, and nothing is kept.
func rehearseCommand(ctx context.Context, w Process, v command, args []string) int {
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	var options rehearseOptions
	flags.BoolVar(&options.verbose, "verbose", false, "print requests, retries and timings")
	flags.BoolVar(&options.attach, "github-release", false, "also attach the files to a GitHub release, which is on this machine too")
	flags.StringVar(&options.summary, "summary", "", "also write the job summary to this `file`, as Markdown")
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	w.flags = flags
	code, err := w.rehearse(ctx, flags.Args(), options)
	if err != nil {
		fmt.Fprintln(w.Stderr, runner.Plain("the test index failed: "+err.Error()))
		return Failed
	}
	return code
}

// rehearse carries out the run against a test index, and returns its exit code. An error means that the test index failed.
func (w Process) rehearse(ctx context.Context, paths []string, options rehearseOptions) (code int, err error) {
	servers, err := fakepypi.Start(ctx, "127.0.0.1:0", fakepypi.Options{Now: w.Now})
	if err != nil {
		return 0, err
	}
	defer func() {
		// The test index has its own folder. If it cannot be removed, the rehearsal failed.
		if closed := servers.Close(); err == nil {
			err = closed
		}
	}()
	w.Getenv = w.asRun(servers, options.summary)
	r, redactor := runner.New(w.Getenv, w.Stdout)
	r.Line("rehearsal: the index and the ID token issuer run on this machine only, at " + servers.Upload.Host)
	inputs := map[string]string{
		"repository-url": servers.Upload.String(), "index-url": servers.Simple.String(), "verbose": strconv.FormatBool(options.verbose),
	}
	if options.attach {
		tag := servers.Env["GITHUB_REF_NAME"]
		servers.GitHub.Publish(fakepypi.Release{Tag: tag})
		inputs["github-release"], inputs["github-token"] = config.Auto, servers.Env[fakepypi.GitHubToken]
		r.Line("rehearsal: GitHub runs there too; its repository " + servers.Env["GITHUB_REPOSITORY"] + " has the release " + tag)
	}
	if len(paths) == 0 {
		samples, found, err := w.found(r)
		if err != nil {
			return 0, err
		}
		if samples != "" {
			defer os.RemoveAll(samples)
		}
		paths = found
	}
	for _, project := range projectsIn(paths) {
		if err := servers.AddPublisher(fakepypi.Publisher{Project: project}); err != nil {
			return 0, err
		}
	}
	inputs["packages-dir"] = strings.Join(paths, "\n")
	return w.publish(ctx, r, redactor, func(name string) string { return inputs[name] }), nil
}

// asRun returns the environment of a run against the test index. It contains nothing from the environment of this process, in
// particular no credentials. The log is always plain text.
func (w Process) asRun(servers *fakepypi.Servers, summary string) func(string) string {
	return func(name string) string {
		switch name {
		case "GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_WORKSPACE":
			return ""
		case "GITHUB_REF":
			return "" // the tag of the test run says nothing about the version of these files
		case "GITHUB_STEP_SUMMARY":
			return summary
		default:
			return servers.Env[name]
		}
	}
}

// found returns the path dist if it contains distributions, also in sub-folders, which the run then reports. Otherwise it builds two
// samples and returns their temporary folder, also as samples, for the caller to remove.
func (w Process) found(r *runner.Runner) (samples string, paths []string, err error) {
	if result, err := distfile.Find([]string{"dist"}); err == nil || len(result.Nested) > 0 {
		return "", []string{"dist"}, nil
	}
	folder, err := os.MkdirTemp("", "rehearsal-samples-")
	if err != nil {
		return "", nil, err
	}
	if err := buildSamples(folder); err != nil {
		return "", nil, err
	}
	r.Line("no distributions in dist/: two small samples were built for this rehearsal in " + folder)
	return folder, []string{folder}, nil
}

// projectsIn returns the projects in the file names of the distributions at these paths. It ignores errors, because the run reports
// them.
func projectsIn(paths []string) []pep.Project {
	found, err := distfile.Find(paths)
	if err != nil {
		return nil
	}
	var projects []pep.Project
	for _, path := range found.Distributions {
		if release, err := pep.ReleaseOfFile(filepath.Base(path)); err == nil {
			projects = append(projects, release.Project)
		}
	}
	return projects
}
