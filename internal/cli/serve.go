package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// service names the variable that makes the program run serve if it is started without arguments. Its words are the flags. Every version
// of GitHub's runner sets the environment of a service container, but only new ones pass arguments.
const service = "PYPI_OIDC_PUBLISH_SERVE"

// asService returns the arguments of a service container, or nil if this is not one. A step of the action, which has its inputs in the
// environment, is never one.
func asService(getenv func(string) string) []string {
	if getenv(service) == "" || getenv("INPUT_REPOSITORY-URL") != "" {
		return nil
	}
	return append([]string{"serve"}, strings.Fields(getenv(service))...)
}

// trustedRootMark is what the file of -trusted-root begins with.
const trustedRootMark = `{"certificateAuthorities":`

// authorityMark is what the file of -tls begins with.
const authorityMark = "-----BEGIN CERTIFICATE-----"

// serving holds the flags of the serve command.
type serving struct {
	addr, url, data, envFile string
	authority                string // a file to write, or empty for plain HTTP
	trustedRoot              string // a file to write, or empty
	issuer                   string // of ID tokens, or empty for the address of the test index
	behavior                 fakepypi.Behavior
	actions                  []string // bodies for the control endpoint
	quiet                    bool
	profile                  fakepypi.Profile
	profileName              string
	run                      fakepypi.Run
	publishers               []fakepypi.Publisher
	releases                 []fakepypi.Release
}

// serveCommand runs the test index for other clients, until the process is stopped.
func serveCommand(ctx context.Context, w Process, v command, args []string) int {
	s := serving{profileName: "pypi", addr: "127.0.0.1:8081"}
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	s.define(flags)
	if code, done := w.parse(v, flags, args); done {
		return code
	}
	if err := w.serve(ctx, s); err != nil {
		fmt.Fprintln(w.Stderr, runner.Plain("the test index: "+err.Error()))
		return Failed
	}
	return Done
}

// profiles returns the kinds of index by their names in the flag -profile.
func profiles() map[string]fakepypi.Profile {
	return map[string]fakepypi.Profile{
		"pypi":                  fakepypi.PyPI,
		"testpypi":              fakepypi.TestPyPI,
		"plain":                 fakepypi.Plain,
		"no-trusted-publishing": fakepypi.NoTrustedPublishing,
	}
}

// define adds the flags of serve.
func (s *serving) define(flags *flag.FlagSet) {
	flags.Func("addr", "`HOST:PORT` to listen on; port 0: any free port; without a host: loopback (default "+s.addr+")",
		func(text string) error {
			if _, port, err := net.SplitHostPort(text); err != nil || !isListenPort(port) {
				return errors.New("write HOST:PORT, with a port from 0 to 65535")
			}
			s.addr = text
			return nil
		})
	flags.StringVar(&s.authority, "tls", "",
		"answer with TLS only, and write the certificate of the authority to this `file`; remove it at the end")
	flags.Func("url", "`http://HOST:PORT` that clients use, if it differs from -addr; https with -tls, or if a proxy in front has the "+
		"certificate", func(text string) (err error) {
		s.url, err = advertised(text)
		return err
	})
	flags.StringVar(&s.data, "data", "", "keep the contents of the index in this `folder` between starts; without it nothing is kept")
	flags.StringVar(
		&s.envFile, "env-file", "",
		"write what clients need to this `file` as NAME=value lines once the index is ready, and remove it at the end",
	)
	flags.Func("profile", "the `kind` of index: pypi, testpypi, plain (user and password, no JSON, "+
		"pages with MD5 only) or no-trusted-publishing (default pypi)", func(text string) error {
		profile, known := profiles()[text]
		if !known {
			return errors.New("the profiles are pypi, testpypi, plain and no-trusted-publishing")
		}
		s.profile, s.profileName = profile, text
		return nil
	})
	flags.Func("project", "an existing `project` with the run as its Trusted Publisher; repeatable", func(text string) error {
		return s.add(text, false, false)
	})
	flags.Func("pending", "a new project with a pending publisher, as `[PUBLISHER=]PROJECT`: the first token request creates it; "+
		"PUBLISHER as for -publisher (default: the run); repeatable", func(text string) error {
		return s.add(text, strings.Contains(text, "="), true)
	})
	flags.Func("publisher", "an existing project with another Trusted Publisher, as `OWNER/REPO:WORKFLOW[:ENVIRONMENT]=PROJECT`; "+
		"repeatable", func(text string) error {
		return s.add(text, true, false)
	})
	flags.Func("github-release", "the `tag` of a GitHub release of the run's repository; repeatable", func(text string) error {
		return s.release(text, false)
	})
	flags.Func("github-draft", "the `tag` of a draft release; repeatable", func(text string) error {
		return s.release(text, true)
	})
	s.defineBehavior(flags)
	s.defineRun(flags)
}

// burns returns what the revocation endpoint may do, by the names in the flag -burn.
func burns() map[string]fakepypi.Burn {
	return map[string]fakepypi.Burn{
		"works": fakepypi.BurnWorks, "idle": fakepypi.BurnIdle, "missing": fakepypi.BurnMissing,
		"not-allowed": fakepypi.BurnNotAllowed, "broken": fakepypi.BurnBroken,
	}
}

// defineBehavior adds the flags about what the index and the Sigstore do.
func (s *serving) defineBehavior(flags *flag.FlagSet) {
	flags.Func("burn", "what the `endpoint` to revoke upload tokens does: works, idle (202, and the token stays valid), missing (404), "+
		"not-allowed (405) or broken (500) (default works)", func(text string) error {
		burn, known := burns()[text]
		if !known {
			return errors.New("write works, idle, missing, not-allowed or broken")
		}
		s.behavior.Burn = burn
		return nil
	})
	flags.Func("races", "which uploads and token `requests` are answered with 500 because another one was faster to make the same "+
		"release, project or file: every, half (about half of them, as PyPI does) or none (default every)", func(text string) error {
		races, known := map[string]fakepypi.Races{
			"every": fakepypi.RacesEvery, "half": fakepypi.RacesHalf, "none": fakepypi.RacesNone,
		}[text]
		if !known {
			return errors.New("write every, half or none")
		}
		s.behavior.Races = races
		return nil
	})
	flags.BoolVar(&s.behavior.Deadlocks, "deadlocks", false,
		"answer 500 to some uploads while more than four to one release are on their way, as PyPI's database does")
	flags.Func("issuer", "the `name` of the issuer in ID tokens and in the certificates of the test Sigstore: github, or the address of "+
		"the test index (default)", func(text string) error {
		if text != "github" {
			return errors.New("write github, or leave it out")
		}
		s.issuer = fakepypi.GitHubIssuer
		return nil
	})
	flags.Func("do", "an `action` of the control endpoint in JSON, done at the start; repeatable", func(text string) error {
		s.actions = append(s.actions, text)
		return nil
	})
	flags.BoolVar(&s.quiet, "quiet", false, "print no line for each request")
	flags.StringVar(&s.trustedRoot, "trusted-root", "",
		"write the keys of the test Sigstore to this `file`, a trusted_root.json of one line, and remove it at the end")
}

// defineRun adds the flags about the workflow run that the ID tokens describe.
func (s *serving) defineRun(flags *flag.FlagSet) {
	run := fakepypi.Run{}.Complete()
	flags.Func("repository", "`OWNER/REPO` of the run that the ID tokens describe (default "+run.Repository+")", func(text string) error {
		if !repository().MatchString(text) {
			return errors.New("write OWNER/REPO")
		}
		s.run.Repository = text
		return nil
	})
	flags.Func("workflow", "`file name` of the run's workflow (default "+run.Workflow+")", func(text string) error {
		if !workflow().MatchString(text) {
			return errors.New("write the file's name alone, such as release.yml")
		}
		s.run.Workflow = text
		return nil
	})
	flags.StringVar(&s.run.Environment, "environment", "", "the deployment `environment` of the run's job (default none)")
	flags.StringVar(&s.run.Event, "event", run.Event, "the `event` that started the run")
	flags.StringVar(&s.run.Ref, "ref", run.Ref, "the run's `ref`")
}

var (
	repository = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`) })
	workflow   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^/\\:=@\s]+\.ya?ml$`) })
	tagName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_./+@!-]+$`) })
	hostName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]+$`) })
)

// add parses a project, with a publisher before it if withPublisher is set, and adds it.
func (s *serving) add(text string, withPublisher, pending bool) error {
	p := fakepypi.Publisher{Pending: pending}
	if withPublisher {
		of, project, _ := strings.Cut(text, "=")
		text = project
		parts := strings.SplitN(of, ":", 3)
		if len(parts) < 2 || !repository().MatchString(parts[0]) || !workflow().MatchString(parts[1]) {
			return errors.New(
				"write OWNER/REPO:WORKFLOW=PROJECT or OWNER/REPO:WORKFLOW:ENVIRONMENT=PROJECT, with the workflow's file name alone")
		}
		p.Owner, p.Repository, _ = strings.Cut(parts[0], "/")
		p.Workflow = parts[1]
		if len(parts) > 2 {
			p.Environment = parts[2]
		}
	}
	if !pep.ValidName(text) {
		return fmt.Errorf("%q is not a valid project name", text)
	}
	p.Project = pep.Normalize(text)
	s.publishers = append(s.publishers, p)
	return nil
}

// release parses the tag of a release, and adds the release.
func (s *serving) release(text string, draft bool) error {
	if !tagName().MatchString(text) {
		return errors.New("write the name of a tag, such as v1.0.0")
	}
	s.releases = append(s.releases, fakepypi.Release{Tag: text, Draft: draft})
	return nil
}

// isListenPort reports whether text is the number of a port, or 0 for any free one.
func isListenPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// advertised parses the URL at which clients reach the test index. It may have a scheme, host and port only.
func advertised(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" ||
		strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("write http://HOST:PORT and nothing after it")
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && !hostName().MatchString(u.Hostname()) {
		return "", errors.New("write http://HOST:PORT with a host name or an address")
	}
	return u.Scheme + "://" + u.Host, nil
}

// serve runs the test index until ctx is done.
func (w Process) serve(ctx context.Context, s serving) (err error) {
	if s.authority != "" && strings.HasPrefix(s.url, "http:") {
		return errors.New("-tls and -url contradict each other: write -url https://HOST:PORT")
	}
	r, _ := runner.New(w.Getenv, w.Stdout)
	file, err := w.claim(s.envFile, stageURL+"=")
	if err != nil {
		return err
	}
	if s.trustedRoot != "" {
		if s.trustedRoot, err = filepath.Abs(s.trustedRoot); err != nil {
			return err
		}
	}
	root, err := w.claim(s.trustedRoot, trustedRootMark)
	if err != nil {
		return err
	}
	if s.authority != "" {
		if s.authority, err = filepath.Abs(s.authority); err != nil {
			return err
		}
	}
	authority, err := w.claim(s.authority, authorityMark)
	if err != nil {
		return err
	}
	if s.data != "" {
		if err := os.MkdirAll(s.data, 0o755); err != nil { // packages are public
			return err
		}
	}
	servers, err := fakepypi.Start(ctx, s.addr, fakepypi.Options{
		Now: w.Now, Dir: s.data, Keep: s.data != "", URL: s.url, OnePort: true, Run: s.run, Profile: s.profile, Control: true,
		TLS:    s.authority != "",
		Issuer: s.issuer, Behavior: s.behavior, Ended: s.logged(r),
	})
	if err != nil {
		return fmt.Errorf("it could not start: %w", err)
	}
	defer func() { err = errors.Join(err, file.remove(), root.remove(), authority.remove(), servers.Close()) }()
	if err := s.trust(servers); err != nil {
		return err
	}
	for _, one := range s.releases {
		servers.GitHub.Publish(one)
	}
	for _, action := range s.actions {
		if err := servers.Do(action); err != nil {
			return fmt.Errorf("-do %s: %w", action, err)
		}
	}
	token, err := servers.PersistentToken()
	if err != nil {
		return err
	}
	all := clientsOf(servers, s.profile, token)
	if s.authority != "" {
		all = append(all, trusting(s.authority))
	}
	if len(s.releases) > 0 {
		all = append(all, attaching(servers, s.releases[0].Tag))
	}
	keys, err := servers.TrustedRoot()
	if err == nil {
		err = errors.Join(root.write(string(keys)+"\n"), authority.write(string(servers.Authority)))
	}
	if err != nil {
		return err
	}
	s.print(r, servers, all)
	// Last, because the file shows that the test index is ready.
	if err := file.write(environment(settings(servers, all, s.trustedRoot))); err != nil {
		return err
	}
	<-ctx.Done()
	r.Line("the test index has stopped")
	return nil
}

// logged returns a function that prints a request, or nil if that is not wanted. Requests of the test server to itself are left out.
func (s *serving) logged(r *runner.Runner) func(fakepypi.Request) {
	if s.quiet {
		return nil
	}
	return func(request fakepypi.Request) {
		if strings.HasPrefix(request.UserAgent, "rehearsal-") {
			return
		}
		status := "no answer"
		if request.Status > 0 {
			status = strconv.Itoa(request.Status)
		}
		path, _, _ := strings.Cut(request.Path, "?")
		r.Line(fmt.Sprintf("%s %s %s %s (%s)", request.Started.UTC().Format("15:04:05"), request.Method, path, status,
			cmp.Or(shortAgent(request.UserAgent), "no User-Agent")))
	}
}

// shortAgent returns a User-Agent without the JSON that pip and uv add to it for PyPI's statistics: that is longer than a line of a
// terminal.
func shortAgent(text string) string {
	text, _, _ = strings.Cut(text, " {")
	return text
}

// trust adds the publishers. A publisher is not pending anymore if an earlier serve with the same folder created its project.
func (s *serving) trust(servers *fakepypi.Servers) error {
	for i, p := range s.publishers {
		p.Pending = p.Pending && !servers.Has(p.Project)
		s.publishers[i] = p
		if err := servers.AddPublisher(p); err != nil {
			return fmt.Errorf("-pending: %w; give each project's publisher another environment, or start with one", err)
		}
	}
	return nil
}

// print prints the addresses of the test index and how to use it.
func (s *serving) print(r *runner.Runner, servers *fakepypi.Servers, all []client) {
	end := r.Group("a package index and an ID token issuer for tests (profile " + s.profileName + "), until SIGINT or SIGTERM")
	r.Line("upload  " + servers.Upload.String())
	r.Line("simple  " + servers.Simple.String())
	if s.profile != fakepypi.Plain {
		r.Line("JSON    " + base(servers) + "/pypi/PROJECT/json")
	}
	r.Line("faults  " + base(servers) + fault.ControlPath)
	r.Line("control " + base(servers) + fakepypi.ControlPath)
	r.Line("issuer  " + servers.Issuer())
	if s.trustedRoot != "" {
		r.Line("keys    " + s.trustedRoot)
	}
	if s.data != "" {
		r.Line("kept in " + s.data)
	}
	for _, p := range s.publishers {
		r.Line("trusted " + s.describePublisher(p))
	}
	if len(s.releases) > 0 {
		r.Line("GitHub  " + servers.Env[gitHubURL])
	}
	for _, one := range s.releases {
		r.Line(releaseName(one) + " of " + s.run.Complete().Repository)
	}
	end()
	for _, c := range all {
		c.print(r)
	}
	s.warn(r, servers)
}

// describePublisher returns a publisher for people.
func (s *serving) describePublisher(p fakepypi.Publisher) string {
	run := s.run.Complete()
	text := run.Repository + " " + run.Workflow
	if p.Workflow != "" {
		text = p.Owner + "/" + p.Repository + " " + p.Workflow
	}
	if p.Environment != "" {
		text += " in " + p.Environment
	}
	text += ", for the project " + string(p.Project)
	if p.Pending {
		text += " (pending: the first token request creates the project)"
	}
	return text
}

// releaseName returns a release for people.
func releaseName(r fakepypi.Release) string {
	if r.Draft {
		return "draft   " + r.Tag
	}
	return "release " + r.Tag
}

// warn reports settings that may be unexpected.
func (s *serving) warn(r *runner.Runner, servers *fakepypi.Servers) {
	if host, _, _ := net.SplitHostPort(s.addr); !isLoopback(host) {
		r.Annotate(finding.New(finding.ServeOpen,
			"the test index listens on "+s.addr+", beyond loopback: it has no TLS, and anyone who can reach it can control it",
			"remove -addr, unless it runs in a container or on a private network"))
	}
	if servers.Upload.Scheme == "http" && !isLoopback(servers.Upload.Hostname()) {
		r.Annotate(finding.New(finding.ServePlainHTTP,
			"this program accepts http only on loopback: at "+servers.Upload.Host+" only other clients can publish",
			"to publish with this program, use a loopback address: through a published port, or from inside the same network namespace"))
	}
	if len(s.publishers) == 0 && trustedPublishing(s.profile) {
		r.Annotate(finding.New(finding.ServeNoPublisher,
			"no Trusted Publisher is set up, so only the API token can upload",
			"add -project for an existing project that trusts the run, or -pending for a new one"))
	}
}

// isLoopback reports whether only this machine can reach the host. An empty host counts as loopback, because it is the default.
func isLoopback(host string) bool {
	return host == "" || wire.Loopback(host)
}
