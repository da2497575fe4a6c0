package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// publishCommand publishes distributions, as the inputs of the step and the flags request. A flag overrides the input with the same name.
func publishCommand(ctx context.Context, w Process, v command, args []string) int {
	given := map[string]string{}
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	for _, in := range config.Inputs() {
		flags.Var(&inputFlag{in: in, given: given}, in.Name, flagHelp(in))
	}
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	if flags.NArg() > 0 {
		if _, twice := given["packages-dir"]; twice {
			fmt.Fprintln(w.Stderr, "give the paths once: as arguments, or with -packages-dir")
			return Misconfigured
		}
		given["packages-dir"] = strings.Join(flags.Args(), "\n")
	}
	r, redactor := runner.New(w.Getenv, w.Stdout)
	if !r.Actions() {
		w.flags = flags
	}
	return w.publish(ctx, r, redactor, func(name string) string {
		if value, ok := given[name]; ok {
			return strings.TrimSpace(value)
		}
		return r.Input(name)
	})
}

// inputFlag makes an input a flag. config checks its value in the same way.
type inputFlag struct {
	in    config.Input
	given map[string]string
}

// IsBoolFlag reports whether the flag can be given without a value.
func (f *inputFlag) IsBoolFlag() bool { return f.in.Boolean }

// Set stores the value.
func (f *inputFlag) Set(value string) error {
	f.given[f.in.Name] = value
	return nil
}

// String returns no default value: the help text contains it.
func (*inputFlag) String() string { return "" }

// flagHelp returns the help text of an input as plain text.
func flagHelp(in config.Input) string {
	help := strings.ReplaceAll(in.Help, "`", "")
	if in.Default != "" {
		help += " (default " + in.Default + ")"
	}
	if in.Secret() {
		help += " Others on the machine can read a command line: set the variable " + in.Variable() + " instead."
	}
	return help
}

// publish connects the packages and carries out a run. Everything that happens is reported, including a panic.
func (w Process) publish(ctx context.Context, r *runner.Runner, redactor *secret.Redactor, input func(string) string) (code int) {
	code = Failed
	if err := par.Catch(func() error {
		code = w.reported(ctx, r, redactor, input)
		return nil
	}); err != nil {
		r.Annotate(finding.New(finding.Internal, err.Error(), "more: "+w.help(finding.Internal)))
	}
	return code
}

// reported carries out a run, reports it, and returns the exit code.
func (w Process) reported(ctx context.Context, r *runner.Runner, redactor *secret.Redactor, input func(string) string) int {
	unusable := w.sealProxies(redactor)
	input, kept := w.withKept(input)
	c, err := config.Parse(input, redactor, gitHubOrigins(r)...)
	if kept != "" && err == nil {
		c.AuthWhy = fmt.Sprintf("user %q and the password from %s", c.User, kept)
	}
	err = errors.Join(err, unusable)
	options := report.Options{
		Hashes: c.PrintHash, Verbose: c.Verbose || w.Getenv("RUNNER_DEBUG") == "1", Redact: redactor.Redact, Help: w.help, Words: w.inWords,
	}
	if c.Manifest != "" {
		options.Manifest = func(text []byte) error { return r.Save(c.Manifest, []byte(redactor.Redact(string(text)))) }
	}
	if w.Terminal {
		options.Status = r.Status
	}
	if options.Verbose {
		w.logTo(r.LibraryLog())
		defer w.logTo(io.Discard)
	}
	reporter := report.New(r, options)
	recorder := ledger.NewRecorder(reporter.Watch)
	for _, f := range c.Warnings {
		recorder.Record(ledger.Noted{Finding: f})
	}
	var needed surroundings
	if err == nil {
		err = interruptible(ctx, func() (err error) {
			needed, err = w.surroundings(ctx, c, r)
			return err
		})
	}
	if err != nil {
		for _, f := range finding.Of(err) {
			recorder.Record(ledger.Noted{Finding: f})
		}
	} else {
		err = w.run(ctx, c, r, redactor, recorder, needed)
	}
	code := exitCode(err)
	if err := par.Interruptible(ctx, cancelGrace, func() error { return reporter.Close(recorder.Receipt()) }); err != nil {
		// The files are published even if the report cannot be written.
		r.Annotate(finding.New(finding.Report,
			"the outputs, the summary or the manifest could not be written: "+strings.ReplaceAll(err.Error(), "\n", "; "),
			unwritten(err)+" (more: "+w.help(finding.Report)+")"))
	}
	return code
}

// cancelGrace is how long a program that was cancelled waits for files of the machine, whose system may not answer.
const cancelGrace = 3 * time.Second

// interruptible calls do. If ctx is done, it does not wait for a file that cannot be read; the error is then a finding.
func interruptible(ctx context.Context, do func() error) error {
	err := par.Interruptible(ctx, cancelGrace, do)
	var left *par.Abandoned
	if errors.As(err, &left) {
		return finding.New(finding.Cancelled, "the run was cancelled: "+left.Error(), "run the job again")
	}
	return err
}

// surroundings is what a run needs to know of the machine and of the workflow.
type surroundings struct {
	roots *x509.CertPool // nil: the default ones
	from  sigstoreInstance
	to    releaseTarget
}

// surroundings returns what the run of this configuration needs. Its errors are findings.
func (w Process) surroundings(ctx context.Context, c config.Config, r *runner.Runner) (s surroundings, err error) {
	if s.roots, err = w.rootsWith(ctx, c.CABundle); err != nil {
		return s, err
	}
	if s.from, err = w.sigstore(c.Repository); err != nil {
		return s, err
	}
	s.to, err = w.releaseTarget(c, r)
	return s, err
}

// unwritten returns what to do about a report that could not be written.
func unwritten(err error) string {
	var file *runner.FileError
	if errors.As(err, &file) && file.Owner != "" {
		return "let the containers of this runner write its files: its container engine gives them another user than the runner's " +
			"(a user namespace, or a setting of the container hooks); the disk is not the cause"
	}
	var special *localfile.NotRegularError
	if errors.As(err, &special) {
		return "let the path lead to a regular file, or to a device such as /dev/null: this program does not wait for a reader"
	}
	var none *runner.NoFileError
	if errors.As(err, &none) {
		return "pass the variables of the runner on to the program; unset GITHUB_ACTIONS outside of a runner"
	}
	return "check that the runner's disk is not full and that `manifest-file` is a writable path"
}

// checkIDToken returns [runner.Runner.CheckIDToken]. Its error says where the job runs, if the index accepts no ID tokens from there, and
// that there is no password, if the run would use one: the secret may be empty.
func checkIDToken(r *runner.Runner, site index.Site, auto bool) func() error {
	return func() error {
		err := r.CheckIDToken()
		var denied oidc.PermissionError
		if !errors.As(err, &denied) {
			return err
		}
		if at := r.Elsewhere(); at != "" && site.Public() {
			denied.Finding = finding.New(finding.IDTokenElsewhere,
				site.Name()+" accepts only ID tokens of github.com, but this job runs on "+at,
				"pass an API token of the index as `password`, or publish from a workflow on github.com")
		}
		if auto {
			denied.Fix += "; if this job was to use an API token, its secret is empty: `password` has no value"
		}
		return denied
	}
}

// exitCode returns the exit code for the error of a run.
func exitCode(err error) int {
	switch {
	case err == nil:
		return Done
	case publish.Misconfigured(err):
		return Misconfigured
	default:
		return Failed
	}
}

// run carries out a run with the packages that its configuration needs.
func (w Process) run(
	ctx context.Context, c config.Config, r *runner.Runner, redactor *secret.Redactor, recorder *ledger.Recorder, needed surroundings,
) error {
	client := wire.New(wire.Options{
		UserAgent: w.userAgent(), Roots: needed.roots, LoadRoots: w.loadRoots, Proxy: w.Proxy, ProxyVariable: w.proxyVariable(),
		Now: w.Now, Sleep: w.Sleep,
		Redact: redactor.Redact, Trace: func(t wire.Try) { recorder.Record(tried(t)) },
	})
	site := index.SiteOf(c.Repository, c.Simple, !c.NoLookups)
	if c.Auth == config.TrustedPublishing || w.isTestIndex(site) {
		site = site.AsPyPI()
	}
	deps := publish.Deps{Record: recorder.Record, Save: r.Save, PrepareFolder: r.PrepareFolder, Now: w.Now, Sleep: w.Sleep}
	if c.Auth == config.Token {
		deps.Password = index.Password(c.User, c.Password)
	} else {
		deps.Tokens = uploadtoken.New(uploadtoken.Options{
			At:           c.Repository,
			Wire:         client,
			IDTokens:     r.IDTokens(client),
			Redactor:     redactor,
			Now:          w.Now,
			Sleep:        w.Sleep,
			Record:       recorder.Record,
			Permit:       site.Permit,
			Settings:     site.PublisherPage,
			Status:       site.Status,
			Warehouse:    site.Warehouse,
			Public:       site.Public(),
			CheckIDToken: checkIDToken(r, site, c.AuthAuto),
		})
	}
	if site.Attestations || needed.from.tuf != nil {
		deps.Signer = attest.New(attest.Options{
			Wire: client, IDTokens: r.IDTokens(client), TUF: needed.from.tuf, Root: needed.from.root, Now: w.Now,
			Record: func(f finding.Finding) { recorder.Record(ledger.Noted{Finding: f}) },
		})
	}
	if needed.to.tag != "" {
		deps.GitHub = ghrelease.New(ghrelease.Options{
			API:        needed.to.api,
			Repository: needed.to.repository,
			Token:      c.GitHubToken,
			Wire:       client,
			Sleep:      w.Sleep,
		})
		deps.Manifest = func() []byte { return report.Manifest(recorder.Receipt(), redactor.Redact) }
	}
	deps.Index = index.New(site, client, site.UploadGate(c.Parallel), deps.Password)
	var progressEvery time.Duration
	if w.Terminal {
		progressEvery = time.Second / 4
	}
	return publish.Run(ctx, publish.Options{
		ProgressEvery:    progressEvery,
		Paths:            c.Packages,
		Workspace:        w.Getenv("GITHUB_WORKSPACE"),
		WorkingTree:      w.workingTree(),
		RunnerFolder:     w.runnerFolder(),
		AuthReason:       c.AuthWhy,
		Parallel:         c.Parallel,
		SkipExisting:     c.SkipExisting,
		VerifyMetadata:   c.VerifyMetadata,
		ExpectedVersion:  c.ExpectedVersion,
		ExpectedProjects: c.ExpectedProjects,
		CompareRelease:   c.CompareRelease,
		Ref:              r.Ref(),
		DryRun:           c.DryRun,
		Wait:             c.Wait,
		Attest:           c.Attestations,
		AttestationsDir:  c.AttestationsDir,
		Repository:       needed.to.repository,
		Tag:              needed.to.tag,
	}, deps)
}

// workingTree returns the runner's workspace, or the current folder outside of a runner.
func (w Process) workingTree() string { return cmp.Or(w.Getenv("GITHUB_WORKSPACE"), ".") }

// runnerFolder returns the folder that the workspace is in outside of the container of this action; empty if this is no container.
func (w Process) runnerFolder() string {
	outside, workspace := w.Getenv("RUNNER_WORKSPACE"), w.Getenv("GITHUB_WORKSPACE")
	if outside == "" || workspace == "" || strings.HasPrefix(workspace, outside) {
		return ""
	}
	return outside
}

// tried returns the event of one attempt of a request.
func tried(t wire.Try) ledger.Tried {
	return ledger.Tried{
		Op: string(t.Op), Method: t.Method, URL: t.URL, Service: t.Op.Service(),
		N: t.N, Status: t.Status, Took: t.Took, Wait: t.Wait, Left: t.Left, Err: t.Err,
	}
}

// userAgent returns the User-Agent header: the program, its version, and the repository of the action, if GitHub names it, so that the
// operators of an index can contact the maintainers.
func (w Process) userAgent() string {
	agent := "pypi-oidc-publish/" + w.Version
	if repository := w.Getenv("GITHUB_ACTION_REPOSITORY"); repository != "" {
		agent += " (+https://github.com/" + repository + ")"
	}
	agent += " " + strings.Replace(runtime.Version(), "go", "go/", 1)
	if w.Getenv("GITHUB_ACTIONS") == "true" {
		agent += " github-actions"
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, agent)
}
