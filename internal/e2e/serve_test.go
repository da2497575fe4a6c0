package e2e_test

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// served is a process of serve, in a folder of its own, and the environment that it prints.
type served struct {
	t       *testing.T
	dir     string
	env     map[string]string
	agent   string // the User-Agent of fetch; empty: test
	command *exec.Cmd
	log     bytes.Buffer // to be read when it has ended
	ended   chan struct{}
}

// serveIn starts the program in dir, where environment and arguments make it serve, and waits until it is ready.
func serveIn(t *testing.T, dir string, environment []string, arguments ...string) *served {
	t.Helper()
	stale, _ := os.ReadFile(filepath.Join(dir, "stage.env"))
	s := &served{t: t, dir: dir, command: exec.CommandContext(t.Context(), "pypi-oidc-publish", arguments...), ended: make(chan struct{})}
	s.command.Dir, s.command.Stdout, s.command.Stderr = dir, &s.log, &s.log
	s.command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir()}, environment...)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait()
	}()
	t.Cleanup(func() {
		_ = s.command.Process.Kill()
		<-s.ended
	})
	s.env = s.ready(string(stale))
	return s
}

// serveServers starts serve on a free port.
func serveServers(t *testing.T, flags ...string) *served {
	t.Helper()
	return serveIn(t, t.TempDir(), nil, append([]string{"serve", "-addr", "127.0.0.1:0", "-env-file", "stage.env"}, flags...)...)
}

// ready waits for the environment file, which is not the stale one, and reads it as GitHub's runner would.
func (s *served) ready(stale string) map[string]string {
	s.t.Helper()
	deadline := time.After(longestRun)
	for {
		text, err := os.ReadFile(filepath.Join(s.dir, "stage.env"))
		if err == nil && string(text) != stale {
			env, err := fileCommand(string(text))
			if err != nil {
				s.t.Fatal(err)
			}
			return env
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.t.Fatal(err)
		}
		select {
		case <-s.ended:
			s.t.Fatalf("it has ended:\n%s", s.log.String())
		case <-deadline:
			s.t.Fatal("it never was ready")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// end sends a signal and returns the exit code.
func (s *served) end(signal os.Signal) int {
	s.t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(longestRun):
		s.t.Fatal("it does not end")
	}
	return s.command.ProcessState.ExitCode()
}

// fetch sends a request and returns the body of a good answer.
func (s *served) fetch(method, url, body string) string {
	s.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = s.env["STAGE_URL"] + url
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("User-Agent", cmp.Or(s.agent, "test"))
	request.Header.Set("Accept", "application/vnd.pypi.simple.v1+json, */*;q=0.1")
	answer, err := (&http.Client{Timeout: longestRun, Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s, %v\n%s", method, url, answer.Status, err, text)
	}
	return string(text)
}

// step is a step of a workflow that uses the action, with the environment that serve prints, and nothing else of its test server.
func (s *served) step(files ...string) *step {
	s.t.Helper()
	p := newStepWith(s.t, s.env, files...)
	p.noWait = true
	return p
}

// TestServe_Signal: a signal ends it at once with exit code 0, also during requests, and the environment file is removed.
func TestServe_Signal(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		s := serveServers(t)
		info, err := os.Stat(filepath.Join(s.dir, "stage.env"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the environment file: %v, %v", info, err)
		}
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.env["STAGE_URL"], "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"+
			"Content-Length: 1000\r\n\r\n--x\r\n")
		s.fetch("POST", s.env["STAGE_FAULTS_URL"], `{"op": "look", "fault": "hang"}`)
		hanging, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.env["STAGE_URL"], "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer hanging.Close()
		fmt.Fprintf(hanging, "GET /simple/x/ HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n\r\n")
		if code := s.end(signal); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.log.String())
		}
		left, err := os.ReadDir(s.dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// TestServe_EnvFile: what is printed is what is in the file; each line can go to GITHUB_ENV, to an engine's --env-file and, through env, to
// a shell, so none needs quotes.
func TestServe_EnvFile(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"pypi":                  {"PYPI_OIDC_PUBLISH_RULES", "UV_PUBLISH_TOKEN"},
		"plain":                 {"INPUT_PASSWORD", "INPUT_USER", "UV_PUBLISH_PASSWORD", "UV_PUBLISH_USERNAME"},
		"no-trusted-publishing": {"INPUT_PASSWORD", "INPUT_USER", "PYPI_OIDC_PUBLISH_RULES", "UV_PUBLISH_TOKEN"},
	}
	for profile, names := range want {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, "-profile", profile)
			always := []string{
				"FLIT_INDEX_URL", "FLIT_PASSWORD", "FLIT_USERNAME", "HATCH_INDEX_AUTH", "HATCH_INDEX_REPO", "HATCH_INDEX_USER",
				"MATURIN_PASSWORD", "MATURIN_REPOSITORY_URL", "MATURIN_USERNAME", "PDM_PUBLISH_PASSWORD", "PDM_PUBLISH_REPO",
				"PDM_PUBLISH_USERNAME", "POETRY_HTTP_BASIC_STAGE_PASSWORD", "POETRY_HTTP_BASIC_STAGE_USERNAME",
				"POETRY_REPOSITORIES_STAGE_URL",
				"INPUT_INDEX-URL", "INPUT_REPOSITORY-URL", "PIP_INDEX_URL", "STAGE_CONTROL_URL", "STAGE_FAULTS_URL",
				"STAGE_ISSUER", "STAGE_URL", "TWINE_PASSWORD",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL",
				"PYPI_OIDC_PUBLISH_TUF_ROOT", "PYPI_OIDC_PUBLISH_TUF_URL", "TWINE_REPOSITORY_URL", "TWINE_USERNAME", "UV_DEFAULT_INDEX",
				"UV_PUBLISH_CHECK_URL", "UV_PUBLISH_URL",
			}
			expected := slices.Sorted(slices.Values(slices.Concat(always, names)))
			var got []string
			for name, value := range s.env {
				got = append(got, name)
				if !regexp.MustCompile(`^[A-Za-z0-9_:/.?=+-]+$`).MatchString(value) {
					t.Errorf("%s=%s needs quotes", name, value)
				}
				if strings.HasSuffix(name, "URL") && !strings.HasPrefix(value, s.env["STAGE_URL"]) {
					t.Errorf("%s=%s is not at %s", name, value, s.env["STAGE_URL"])
				}
			}
			if slices.Sort(got); !slices.Equal(got, expected) {
				t.Errorf("the file has\n%v, not\n%v", got, expected)
			}
			s.fetch("GET", s.env["PIP_INDEX_URL"], "")
			s.end(os.Interrupt)
			for name, value := range s.env {
				if strings.HasPrefix(name, "PYPI_OIDC_PUBLISH_TUF_") {
					continue // too long for people
				}
				expect.Contains(t, "the log", s.log.String(), value)
				if !strings.HasPrefix(name, "INPUT_R") && !strings.HasPrefix(name, "INPUT_I") &&
					!strings.HasPrefix(name, "STAGE_") && !strings.Contains(s.log.String(), "  export "+name+"='"+value+"'\n") {
					t.Errorf("%s=%s is not printed:\n%s", name, value, s.log.String())
				}
			}
		})
	}
}

// TestServe_GitHubRelease: who has the environment file can attach to the releases that the flags name, and to no other.
func TestServe_GitHubRelease(t *testing.T) {
	t.Parallel()
	s := serveServers(t, "-repository", "me/trees", "-project", "alder", "-github-release", "v1.0", "-github-draft", "v1.1")
	attached := regexp.MustCompile(`(?m)^the GitHub release has 5 files of this run`)
	for tag, want := range map[string]string{"v1.0": "attached", "v1.1": "attached", "v2.0": "failed"} {
		p := s.step("alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
		p.env["INPUT_GITHUB-RELEASE"] = tag
		e := p.run()
		e.expectOutputs(t, "github-release", want)
		expect.Equal(t, "whether the log says that files are attached to "+tag, attached.MatchString(e.log), want == "attached")
		if (e.code == 0) != (want == "attached") {
			t.Errorf("%s: exit code %d\n%s", tag, e.code, e.log)
		}
	}
	s.step("alder-1.0.tar.gz").run().expect(t, 0, "github-release", "")
	s.end(os.Interrupt)
	for _, line := range []string{
		"  GitHub  " + s.env["GITHUB_API_URL"], "  release v1.0 of me/trees", "  draft   v1.1 of me/trees",
		"  export GITHUB_REPOSITORY='me/trees'",
	} {
		expect.Contains(t, "the log", s.log.String(), line+"\n")
	}
	expect.Equal(t, "GITHUB_API_URL", s.env["GITHUB_API_URL"], s.env["STAGE_URL"]+"/api/v3")
	if !strings.Contains(s.log.String(), " -github-release v1.0 -github-token "+s.env["INPUT_GITHUB-TOKEN"]+" dist\n") {
		t.Errorf("no line to type:\n%s", s.log.String())
	}
}

// TestServe_Workflow: the workflow test of a newcomer. This program publishes to one serve by Trusted Publishing and with an API token,
// each with the variables of its file; three faults are in the way; what owners do is done by the control endpoint and by a flag; the
// page shows it, and the log has a line for each request.
func TestServe_Workflow(t *testing.T) {
	t.Parallel()
	s := serveServers(t, "-project", "alder", "-issuer", "github", "-trusted-root", "trusted_root.json", "-burn", "idle", "-deadlocks",
		"-do", `{"action": "status", "project": "birch", "status": "archived"}`)
	const github = "https://token.actions.githubusercontent.com"
	expect.Equal(t, "the issuer", s.env["STAGE_ISSUER"], github)
	root, err := os.ReadFile(s.env["STAGE_TRUSTED_ROOT"])
	if err != nil || strings.Count(string(root), "\n") != 1 || !strings.HasSuffix(string(root), "}\n") {
		t.Errorf("the trusted root is not one line of JSON: %v\n%s", err, root)
	}
	for _, f := range []string{
		`{"op": "upload", "fault": "status-503-seconds"}`, `{"op": "mint", "fault": "reset-after-store"}`,
		`{"op": "look", "fault": "html-200"}`,
	} {
		s.fetch("POST", s.env["STAGE_FAULTS_URL"], f)
	}
	s.step("alder-1.0-py3-none-any.whl").run().expect(t, 0, "published-count", "1", "token-burned", "failed")
	plain := s.step("alder-1.0.tar.gz")
	plain.env["INPUT_USER"], plain.env["INPUT_PASSWORD"] = s.env["TWINE_USERNAME"], s.env["TWINE_PASSWORD"]
	plain.run().expect(t, 0, "published-count", "1")
	control := s.env["STAGE_CONTROL_URL"]
	s.fetch("POST", control, `{"action": "yank", "project": "alder", "version": "1.0", "reason": "a test"}`)
	page := s.fetch("GET", "/project/alder/", "")
	for _, want := range []string{"yanked: a test", "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz", "provenance</a>"} {
		expect.Contains(t, "the page", page, want)
	}
	expect.Contains(t, "the page of the other project", s.fetch("GET", "/simple/birch/", ""), `"status":"archived"`)
	s.fetch("POST", control, `{"action": "unyank", "project": "alder", "version": "1.0"}`)
	s.agent = `pip/26.1 {"ci":true,"distro":{"name":"Debian"},"installer":{"name":"pip","version":"26.1"}}` // and more: pip sends 400 bytes
	s.fetch("GET", "/simple/alder/", "")
	s.end(os.Interrupt)
	for _, want := range []string{
		` POST /legacy/ 503 (pypi-oidc-publish/`, ` POST /legacy/ 200 (pypi-oidc-publish/`, ` POST /_/oidc/mint-token `,
		` GET /project/alder/ 200 (test)`, " GET /simple/alder/ 200 (pip/26.1)\n", "  issuer  " + github, "  control " + control,
	} {
		expect.Contains(t, "the log", s.log.String(), want)
	}
	if _, err := os.Stat(s.env["STAGE_TRUSTED_ROOT"]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the trusted root is still there: %v", err)
	}
}

// TestServe_TLS: with -tls every address is https, and a client that trusts the authority of the file publishes by Trusted Publishing,
// also when a connection is reset. A client that does not trust it gets nothing. Behind a proxy the addresses are the proxy's.
func TestServe_TLS(t *testing.T) {
	t.Parallel()
	s := serveServers(t, "-project", "alder", "-tls", "authority.pem")
	for name, value := range s.env {
		if strings.HasSuffix(name, "URL") && !strings.HasPrefix(value, "https://127.0.0.1:") {
			t.Errorf("%s=%s is not https", name, value)
		}
	}
	for _, name := range []string{
		"REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HATCH_INDEX_CA_CERT", "PDM_PUBLISH_CA_CERTS",
	} {
		expect.Equal(t, name, s.env[name], s.env["SSL_CERT_FILE"])
	}
	text, err := os.ReadFile(s.env["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("the file has no certificate:\n%s", text)
	}
	client := &http.Client{
		Timeout:   longestRun,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}},
	}
	fault := strings.NewReader(`{"op": "upload", "fault": "reset-within-body"}`)
	answer, err := client.Post(s.env["STAGE_FAULTS_URL"], "application/json", fault)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	s.step("alder-1.0-py3-none-any.whl").run().expect(t, 0, "published-count", "1", "token-burned", "true")
	answer, err = client.Get(s.env["PIP_INDEX_URL"] + "alder/")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil || !strings.Contains(string(page), `<a href="https://127.0.0.1:`) {
		t.Errorf("the links are not https: %v\n%s", err, page)
	}
	if answer, err := http.Get(s.env["PIP_INDEX_URL"]); err == nil {
		_ = answer.Body.Close()
		t.Error("a client without the authority was answered")
	}
	s.end(os.Interrupt)
	if _, err := os.Stat(s.env["SSL_CERT_FILE"]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the authority is still there: %v", err)
	}
	proxied := serveServers(t, "-url", "https://index.example")
	expect.Equal(t, "the address behind a proxy", proxied.env["TWINE_REPOSITORY_URL"], "https://index.example/legacy/")
}

// TestServe_Restart: what the index holds, and the API token, are there again after the process was killed; a file that it left behind is
// replaced.
func TestServe_Restart(t *testing.T) {
	t.Parallel()
	s := serveServers(t, "-data", "held", "-pending", "alder")
	p := s.step("alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	p.run().require(t, 0, "published-count", "2", "token-burned", "true")
	page := strings.ReplaceAll(s.fetch("GET", "/simple/alder/", ""), s.env["STAGE_URL"], "URL")
	s.end(os.Kill)
	if _, err := os.Stat(filepath.Join(s.dir, "stage.env")); err != nil {
		t.Fatal("a killed process tidied up")
	}
	again := serveIn(t, s.dir, nil, "serve", "-addr", "127.0.0.1:0", "-data", "held", "-env-file", "stage.env", "-pending", "alder")
	if now := strings.ReplaceAll(again.fetch("GET", "/simple/alder/", ""), again.env["STAGE_URL"], "URL"); now != page {
		t.Errorf("the page was\n%s\nand is\n%s", page, now)
	}
	if again.env["TWINE_PASSWORD"] != s.env["TWINE_PASSWORD"] {
		t.Error("the API token is another one")
	}
	// The project exists by now, so that its publisher is pending no more.
	p = again.step("alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz", "alder-1.1.tar.gz")
	p.run().expect(t, 0, "unchanged-count", "2", "published-count", "1")
}

// TestServe_Publishers: who may upload to what, as the flags say.
func TestServe_Publishers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags []string
		code  int
		says  string
	}{
		"the run":         {[]string{"-project", "Alder"}, 0, "published alder 1.0"},
		"a pending one":   {[]string{"-pending", "alder"}, 0, "published alder 1.0"},
		"nobody":          {nil, 1, "Publisher with matching claims was not found"},
		"another project": {[]string{"-project", "birch"}, 1, "cannot create new projects"},
		"another run": {
			[]string{"-repository", "me/trees", "-workflow", "go.yaml", "-project", "alder"}, 0, "published alder 1.0",
		},
		"a publisher of the run": {[]string{"-publisher", "octo-org/rehearsal:release.yml=alder"}, 0, "published alder 1.0"},
		"a pending one of it":    {[]string{"-pending", "octo-org/rehearsal:release.yml=alder"}, 0, "published alder 1.0"},
		"another workflow": {
			[]string{"-publisher", "octo-org/rehearsal:other.yml=alder"}, 1, "repository rehearsal, workflow release.yml",
		},
		"an environment": {
			[]string{"-environment", "pypi", "-publisher", "octo-org/rehearsal:release.yml:pypi=alder"}, 0, "published alder 1.0",
		},
		"without the environment":  {[]string{"-publisher", "octo-org/rehearsal:release.yml:pypi=alder"}, 1, "environment"},
		"an event that is refused": {[]string{"-event", "pull_request_target", "-project", "alder"}, 2, "pull_request_target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, c.flags...)
			e := s.step("alder-1.0-py3-none-any.whl").run()
			e.expect(t, c.code)
			expect.Contains(t, "the log", e.log, c.says)
		})
	}
}

// TestServe_Faults: a client of any language can inject faults by the control endpoint; the run that meets the fault goes on.
func TestServe_Faults(t *testing.T) {
	t.Parallel()
	s := serveServers(t, "-project", "alder", "-github-release", "v1.0")
	ops := []string{"upload", "github", "asset"}
	for _, op := range ops {
		s.fetch("POST", s.env["STAGE_FAULTS_URL"], `{"op": "`+op+`", "fault": "status-503-seconds", "times": 1}`)
	}
	p := s.step("alder-1.0-py3-none-any.whl")
	p.env["INPUT_GITHUB-RELEASE"] = "v1.0"
	p.run().expect(t, 0, "published-count", "1", "github-release", "attached")
	if mended := s.fetch("DELETE", s.env["STAGE_FAULTS_URL"], ""); strings.Count(mended, `"struck":1`) != len(ops) {
		t.Errorf("not all were hit: %s", mended)
	}
}

// TestServe_BeyondLoopback: beyond loopback only on request, and with a warning; one port is enough for the whole of a run.
func TestServe_BeyondLoopback(t *testing.T) {
	t.Parallel()
	s := serveIn(t, t.TempDir(), nil, "serve", "-addr", "0.0.0.0:0", "-env-file", "stage.env", "-project", "alder")
	s.step("alder-1.0-py3-none-any.whl").run().expect(t, 0, "token-burned", "true")
	s.end(os.Interrupt)
	if !strings.Contains(s.log.String(), "warning: the test index listens on 0.0.0.0:0, beyond loopback") {
		t.Errorf("no warning:\n%s", s.log.String())
	}
	loopback := serveServers(t)
	loopback.end(os.Interrupt)
	if strings.Contains(loopback.log.String(), "warning") {
		t.Errorf("a warning:\n%s", loopback.log.String())
	}
	elsewhere := serveServers(t, "-url", "http://index:8081")
	for name, want := range map[string]string{
		"STAGE_URL":            "http://index:8081",
		"TWINE_REPOSITORY_URL": "http://index:8081/legacy/",
		"PIP_INDEX_URL":        "http://index:8081/simple/",
		"PIP_TRUSTED_HOST":     "index",
	} {
		if elsewhere.env[name] != want {
			t.Errorf("%s is %s, not %s", name, elsewhere.env[name], want)
		}
	}
	if at, err := url.Parse(elsewhere.env["ACTIONS_ID_TOKEN_REQUEST_URL"]); err != nil || at.Host != "index:8081" {
		t.Errorf("ID tokens are at %v, %v", at, err)
	}
	elsewhere.end(os.Interrupt)
	if !strings.Contains(elsewhere.log.String(), "notice: this program accepts http only on loopback") {
		t.Errorf("no notice:\n%s", elsewhere.log.String())
	}
}

// TestServe_EnvironmentFlags: a service container of GitHub's runner has an environment and, with most runners, no arguments. A step of the
// action never serves, in any environment.
func TestServe_EnvironmentFlags(t *testing.T) {
	t.Parallel()
	const flags = "PYPI_OIDC_PUBLISH_SERVE=-addr 127.0.0.1:0  -env-file stage.env -project alder"
	s := serveIn(t, t.TempDir(), []string{"GITHUB_ACTIONS=true", "CI=true", flags})
	p := s.step("alder-1.0-py3-none-any.whl")
	name, value, _ := strings.Cut(flags, "=")
	p.env[name] = value
	p.run().expect(t, 0, "result", "published")
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.log.String())
	}
}

// TestServe_Docs: the documentation has every flag, every profile and every variable, and no flag or variable that there is not.
func TestServe_Docs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	help, err := exec.CommandContext(t.Context(), "pypi-oidc-publish", "serve", "-h").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := func(pattern, text string) []string {
		var found []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		return slices.Sorted(slices.Values(found))
	}
	_, table, _ := strings.Cut(page, "\n## Flags\n")
	table, _, _ = strings.Cut(table, "\n\nThe environment file")
	flags, texts := names(`(?m)^  -([a-z-]+) `, string(help)), names("`-([a-z-]+) ", table)
	expect.Equal(t, "flags of the page", texts, flags)
	if len(flags) < 10 {
		t.Errorf("the help has only the flags %v", flags)
	}
	known := map[string]bool{}
	for _, profile := range []string{"pypi", "testpypi", "plain", "no-trusted-publishing"} {
		s := serveServers(t, "-profile", profile, "-url", "http://index:8081", "-github-release", "v1.0")
		for name := range s.env {
			known[name] = true
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s is not on the page", name)
			}
		}
		if !strings.Contains(page, "| `"+profile+"` |") {
			t.Errorf("the profile %s is not on the page", profile)
		}
		s.end(os.Interrupt)
	}
	s := serveServers(t, "-tls", "authority.pem", "-trusted-root", "trusted_root.json")
	for name := range s.env {
		known[name] = true
	}
	s.end(os.Interrupt)
	_, table, _ = strings.Cut(page, "\n| variables | for |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	variables := names("`([A-Z][A-Z0-9-]*_[A-Z0-9_-]+)`", table)
	if len(variables) < 30 {
		t.Errorf("the page has only the variables %v", variables)
	}
	for _, name := range variables {
		if !known[name] {
			t.Errorf("serve never sets %s, which is on the page", name)
		}
	}
}
