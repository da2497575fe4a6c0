package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// The tests of this file are about runs in which the usual advice would be wrong: what is said first, what is to be done next, the exit
// code, and what the run has asked for by then.

// expectation is what a run says and does.
type expectation struct {
	code    int
	first   string   // the beginning of its first annotation: id, severity and message
	next    []string // parts of what that says to do next
	others  []string // the ids of the annotations after it
	mints   int
	entries int // in the transparency log
}

var annotated = regexp.MustCompile(`(?m)^::(error|warning|notice) (?:file=[^,:]*,)?title=pypi-oidc-publish%3A ([a-z-]+)::(.*)$`)

// wants compares a run with what it is to say and to do.
func (s *step) wants(e ending, want expectation) {
	s.t.Helper()
	all := annotated.FindAllStringSubmatch(e.log, -1)
	if len(all) == 0 {
		s.t.Fatalf("nothing is annotated:\n%s", e.log)
	}
	message, fix, _ := strings.Cut(strings.ReplaceAll(all[0][3], "%25", "%"), "%0A")
	if first := all[0][2] + " " + all[0][1] + ": " + message; !strings.HasPrefix(first, want.first) {
		s.t.Errorf("it says first\n%s\nwant\n%s", first, want.first)
	}
	for _, part := range want.next {
		if !strings.Contains(fix, part) {
			s.t.Errorf("the next step is\n%s\nand lacks\n%s", fix, part)
		}
	}
	var others []string
	for _, match := range all[1:] {
		others = append(others, match[2])
	}
	if !slices.Equal(others, want.others) {
		s.t.Errorf("it says also %q, want %q", others, want.others)
	}
	if e.code != want.code {
		s.t.Errorf("exit code %d, want %d", e.code, want.code)
	}
	if n := s.requests("mint"); n != want.mints {
		s.t.Errorf("%d mints, want %d", n, want.mints)
	}
	if n := s.servers.LogSize(); n != want.entries {
		s.t.Errorf("%d entries in the transparency log, want %d", n, want.entries)
	}
	if s.t.Failed() {
		s.t.Log(e.log)
	}
}

// newStepOf is a step of a run. The index trusts it for no project yet.
func newStepOf(t *testing.T, o fakepypi.Options, files ...string) *step {
	t.Helper()
	s := newStepOn(t, pypitest.Start(t, o), files...)
	s.noWait = true
	return s
}

func (s *step) trusts(p fakepypi.Publisher) {
	s.t.Helper()
	if err := s.servers.AddPublisher(p); err != nil {
		s.t.Fatal(err)
	}
}

const (
	birchSdist = "birch-1.0.tar.gz"
	cedarSdist = "cedar-1.0.tar.gz"
)

// TestAstray_NewProjects: a token request creates one project at most, so that a run with several new ones ends before it asks.
func TestAstray_NewProjects(t *testing.T) {
	t.Parallel()
	certain := expectation{
		code: 1, first: "several-new-projects error: the index has none of birch, cedar, and one token request creates at most one project",
		next: []string{
			"give each new project a job with an `environment` of its own, and a pending publisher for that environment; " +
				"or, with one environment: " +
				"add a pending publisher for one of them, run the job with that project alone in `packages-dir`, then go on with the next",
		},
	}
	pending := func(project pep.Project) func(s *step) {
		return func(s *step) { s.trusts(fakepypi.Publisher{Project: project, Environment: "pypi", Pending: true}) }
	}
	for name, c := range map[string]struct {
		files []string
		how   func(s *step)
		want  expectation
	}{
		"several":        {[]string{birchSdist, cedarSdist}, func(*step) {}, certain},
		"one is pending": {[]string{birchSdist, cedarSdist}, pending("birch"), certain},
		"beside one that is": {[]string{goldenWheel, birchSdist, cedarSdist}, func(s *step) {
			s.trusts(fakepypi.Publisher{Project: "alder", Environment: "pypi"})
			pending("birch")(s)
		}, certain},
		"a dry run": {[]string{birchSdist, cedarSdist}, func(s *step) { s.env["INPUT_DRY-RUN"] = "true" }, certain},
		"with an API token": {[]string{birchSdist, cedarSdist}, func(s *step) {
			token, err := s.servers.APIToken()
			if err != nil {
				s.t.Fatal(err)
			}
			s.env["INPUT_PASSWORD"] = token
		}, expectation{first: "first-release notice: the index does not know birch, cedar yet", others: []string{"attestations-off"}}},
		"pages of a mirror, and none is pending": {
			[]string{birchSdist, cedarSdist}, func(s *step) {
				mirror := httptest.NewServer(http.NotFoundHandler())
				s.t.Cleanup(mirror.Close)
				s.env["INPUT_INDEX-URL"] = mirror.URL + "/simple/"
			}, expectation{
				code:   1,
				first:  "several-new-projects warning: the index has none of birch, cedar",
				others: []string{"invalid-publisher"},
				mints:  2,
			},
		},
		"a token for one of them": {
			[]string{birchSdist, cedarSdist}, func(s *step) {
				pending("birch")(s)
				s.env["INPUT_VERIFY-METADATA"] = "false"
			}, expectation{
				code:   1,
				first:  "several-new-projects warning: the index has none of birch, cedar",
				others: []string{"token-projects"},
				mints:  1,
			},
		},
		"one that is new beside one that is not": {
			[]string{goldenWheel, birchSdist},
			func(s *step) { s.trusts(fakepypi.Publisher{Project: "alder", Environment: "pypi"}) },
			expectation{
				code:   1,
				first:  "first-release notice: the index does not know birch yet",
				others: []string{"token-projects"},
				mints:  1,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStepOf(t, fakepypi.Options{Run: fakepypi.Run{Environment: "pypi"}}, c.files...)
			s.env["INPUT_EXPECTED-PROJECT"] = "alder\nbirch\ncedar"
			c.how(s)
			e := s.run()
			s.wants(e, c.want)
			if len(e.tokens) > 0 && !s.allRevoked() {
				t.Error("a token lives on")
			}
		})
	}
}

// TestAstray_OneByOne: the way out works as the example docs/examples/several-projects.yml does it: by hand for each project, then by a
// tag.
func TestAstray_OneByOne(t *testing.T) {
	t.Parallel()
	s := newStepOf(t, fakepypi.Options{Run: fakepypi.Run{Environment: "pypi"}}).asProcess() // for the paths
	projects := []pep.Project{"birch", "cedar"}
	build := func(version string) {
		for _, project := range projects {
			folder := s.path("dist/dist-" + string(project))
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			disttest.Write(t, folder, string(project)+"-"+version+".tar.gz", "")
		}
	}
	build("1.0")
	for _, project := range projects {
		s.trusts(fakepypi.Publisher{Project: project, Environment: "pypi", Pending: true})
		s.env["INPUT_PACKAGES-DIR"] = "dist/dist-" + string(project)
		if e := s.run(); e.code != 0 || e.outputs["project"] != string(project) {
			t.Fatalf("%s: exit code %d\n%s", project, e.code, e.log)
		}
	}
	build("1.1")
	s.env["INPUT_PACKAGES-DIR"] = "dist/dist-*/"
	if e := s.run(); e.code != 0 || e.outputs["published-count"] != "2" || e.outputs["unchanged-count"] != "2" {
		t.Fatalf("all together: exit code %d\n%s", e.code, e.log)
	}
}

// TestAstray_OtherRunners: where a job runs changes words about PyPI and TestPyPI only, and stops no run that gets an ID token.
func TestAstray_OtherRunners(t *testing.T) {
	t.Parallel()
	const (
		says   = "id-token-elsewhere error: PyPI accepts only ID tokens of github.com, but this job runs on "
		next   = "pass an API token of the index as `password`, or publish from a workflow on github.com"
		secret = "if this job was to use an API token, its secret is empty: `password` has no value"
	)
	public := func(s *step) {
		s.env["INPUT_REPOSITORY-URL"], s.env["INPUT_INDEX-URL"] = "pypi", "none" // it ends before any request
		s.withoutIDToken()
	}
	for name, c := range map[string]struct {
		env map[string]string
		at  string
	}{
		"act": {map[string]string{"ACT": "true"}, "act"},
		"Gitea": {
			map[string]string{"ACT": "true", "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://gitea.example:3000"},
			"Gitea Actions at gitea.example:3000",
		},
		"Codeberg": {
			map[string]string{"GITEA_ACTIONS": "true", "FORGEJO_ACTIONS": "true", "GITHUB_SERVER_URL": "https://codeberg.org"},
			"Forgejo Actions at codeberg.org",
		},
		"data residency":  {map[string]string{"GITHUB_SERVER_URL": "https://octocorp.ghe.com"}, "GitHub Enterprise at octocorp.ghe.com"},
		"a GitHub server": {map[string]string{"GITHUB_SERVER_URL": "https://github.example"}, "GitHub Enterprise at github.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStepOf(t, fakepypi.Options{}, goldenWheel)
			s.trusts(fakepypi.Publisher{Project: "alder"})
			for variable, value := range c.env {
				s.env[variable] = value
			}
			if e := s.run(); e.code != 0 || e.outputs["result"] != "published" {
				t.Errorf("with an ID token: exit code %d\n%s", e.code, e.log)
			}
			s = newStepOf(t, fakepypi.Options{}, goldenWheel)
			s.trusts(fakepypi.Publisher{Project: "alder"})
			for variable, value := range c.env {
				s.env[variable] = value
			}
			s.withoutIDToken()
			s.wants(s.run(), expectation{
				code:  2,
				first: "id-token-permission error: this job is not allowed to request an ID token",
				next:  []string{"id-token: write", secret},
			})
			public(s)
			s.wants(s.run(), expectation{code: 2, first: says + c.at, next: []string{next, secret}})
			s.env["INPUT_AUTH"] = "trusted-publishing"
			e := s.run()
			s.wants(e, expectation{code: 2, first: says + c.at, next: []string{next}})
			if strings.Contains(e.log, "secret is empty") {
				t.Errorf("an unneeded secret is named:\n%s", e.log)
			}
			s.env["INPUT_DRY-RUN"] = "true"
			e = s.run()
			s.wants(e, expectation{
				first: "id-token-elsewhere warning: a real run would fail here: PyPI accepts only ID tokens of github.com, " +
					"but this job runs on " + c.at,
				next:   []string{next},
				others: []string{"dry-run"},
			})
		})
	}
}

// TestAstray_ForeignIssuer: PyPI and TestPyPI know one issuer of GitHub; another index decides for itself which issuers it accepts.
func TestAstray_ForeignIssuer(t *testing.T) {
	t.Parallel()
	for name, issuer := range map[string]string{
		"an enterprise":  "https://token.actions.githubusercontent.com/octocorp",
		"data residency": "https://token.actions.octocorp.ghe.com",
		"a server":       "https://github.example/_services/token",
		"Codeberg":       "https://codeberg.org/api/actions",
		"a resemblance":  "https://token.actions.githubusercontent.com.evil.example",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStepOf(t, fakepypi.Options{Audience: "pypi"}, goldenWheel)
			s.trusts(fakepypi.Publisher{Project: "alder"})
			s.servers.Claims(func(claims map[string]any) { claims["iss"] = issuer })
			run := s.asPyPI()
			message := "the index accepts only ID tokens of github.com's own issuer, but those of this run are issued by " + issuer
			next := []string{"pass an API token of the index as `password`"}
			s.wants(run(), expectation{code: 1, first: "issuer-refused error: " + message, next: next})
			s.env["INPUT_DRY-RUN"] = "true"
			s.wants(run(),
				expectation{
					first:  "issuer-refused warning: a real run would fail here: " + message,
					next:   next,
					others: []string{"dry-run"},
				})

			other := newStepOf(t, fakepypi.Options{}, goldenWheel)
			other.trusts(fakepypi.Publisher{Project: "alder"})
			other.servers.Claims(func(claims map[string]any) { claims["iss"] = issuer })
			other.env["INPUT_ATTESTATIONS"] = "false"
			e := other.run()
			other.wants(e, expectation{code: 1, first: "invalid-payload error: the index refused to issue an upload token: ", mints: 1})
			other.env["INPUT_DRY-RUN"] = "true"
			if e := other.run(); e.code != 0 || strings.Contains(e.log, "would fail") {
				t.Errorf("another index is predicted: exit code %d\n%s", e.code, e.log)
			}
		})
	}
}

// asPyPI has the step publish to the hosts of PyPI, and returns how to run it: with a proxy that leads all of them to the test server.
func (s *step) asPyPI() func() ending {
	s.t.Helper()
	index := *s.servers.Upload
	index.Path = ""
	certificate, roots := certificateOf(s.t, "upload.pypi.org", "pypi.org", "files.pythonhosted.org")
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&index) }})
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	front.StartTLS()
	s.t.Cleanup(front.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		behind, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer behind.Close()
		w.WriteHeader(http.StatusOK)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		go func() {
			_, _ = io.Copy(behind, buffered) // until the client has enough
			behind.Close()
		}()
		_, _ = io.Copy(conn, behind)
	}))
	s.t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("roots.pem", string(roots))
	s.env["INPUT_CA-BUNDLE"], s.env["INPUT_PACKAGES-DIR"], s.env["INPUT_REPOSITORY-URL"] = s.path("roots.pem"), s.path("dist"), "pypi"
	return func() ending {
		s.log.Reset()
		s.minted = len(s.servers.Tokens())
		r := &running{step: s, ended: make(chan struct{}), signal: func(os.Signal) error { return nil }}
		go func() {
			defer close(r.ended)
			r.code = cli.Main(s.t.Context(), cli.Process{
				Version: "test",
				Getenv:  func(name string) string { return s.env[name] },
				Stdout:  &s.log,
				Stderr:  &s.log,
				Now:     s.clock.Now,
				Sleep:   s.clock.Sleep,
				Proxy: func(r *http.Request) (*url.URL, error) {
					if r.URL.Scheme == "https" {
						return at, nil
					}
					return nil, nil
				},
			})
		}()
		return r.end()
	}
}

// certificateOf makes a certificate for hosts, and returns it as a root too.
func certificateOf(t *testing.T, hosts ...string) (certificate tls.Certificate, roots []byte) {
	t.Helper()
	return certificateUntil(t, time.Now().Add(time.Hour), hosts...)
}

// certificateUntil is certificateOf for a certificate that ends then.
func certificateUntil(t *testing.T, end time.Time, hosts ...string) (certificate tls.Certificate, roots []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore:   end.Add(-2 * time.Hour), NotAfter: end,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// TestAstray_Versions: a branch is reported as one, the tag of a project is understood, and a release under another version's tag too.
func TestAstray_Versions(t *testing.T) {
	t.Parallel()
	published := func(first string, next ...string) expectation {
		return expectation{first: first, next: next, mints: 1, entries: 1}
	}
	const tagged = "tag-version warning: this run is for the tag "
	for name, c := range map[string]struct {
		ref, expected string
		want          expectation
		silent        bool // a run without a word about versions
	}{
		"a branch": {ref: "refs/heads/main", expected: "main", want: expectation{
			code:  2,
			first: "expected-version error: expected-version is main, but this run is for branch main, which has no version",
			next:  []string{"dispatch it at the tag"},
		}},
		"a pull request": {ref: "refs/pull/7/merge", expected: "7/merge", want: expectation{
			code:  2,
			first: "expected-version error: expected-version is 7/merge, but this run is for pull request 7",
			next:  []string{"dispatch it at the tag"},
		}},
		"another project's tag": {ref: "refs/tags/birch-v1.0", expected: "birch-v1.0", want: expectation{
			code:  1,
			first: "expected-version error: expected-version is birch-v1.0, a tag of birch, but the set has only alder",
			next:  []string{"build the project of the tag"},
		}},
		"another version": {
			ref:      "refs/tags/alder-v1.1",
			expected: "alder-v1.1",
			want:     expectation{code: 1, first: "expected-version error: the version is 1.0, but expected-version is alder-v1.1"},
		},
		"a dash":     {ref: "refs/tags/alder-v1.0", expected: "alder-v1.0", silent: true},
		"an at sign": {ref: "refs/tags/alder@1.0", expected: "alder@1.0", silent: true},
		"a slash":    {ref: "refs/tags/alder/v1.0", expected: "alder/v1.0", silent: true},
		"no input": {
			ref: "refs/tags/v1.1",
			want: published(tagged+"v1.1, but the version of alder is 1.0",
				"with `expected-version: ${{ github.ref_name }}` such a run stops before the upload"),
		},
		"no input, component": {ref: "refs/tags/alder@1.1", want: published(tagged + "alder@1.1, but the version of alder is 1.0")},
		"no input, the same":  {ref: "refs/tags/v1.0.0", silent: true},
		"no input, other tag": {ref: "refs/tags/nightly", silent: true},
		"no input, a branch":  {ref: "refs/heads/1.1", silent: true},
		"an expected version": {ref: "refs/tags/v1.1", expected: "1.0", silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStepOf(t, fakepypi.Options{Run: fakepypi.Run{Ref: c.ref}}, goldenWheel)
			s.trusts(fakepypi.Publisher{Project: "alder"})
			s.env["INPUT_EXPECTED-VERSION"] = c.expected
			e := s.run()
			if !c.silent {
				s.wants(e, c.want)
				return
			}
			if e.code != 0 || annotated.MatchString(e.log) {
				t.Errorf("exit code %d\n%s", e.code, e.log)
			}
		})
	}
}

// TestAstray_Rehearsal: the tag of the made-up run of a rehearsal is not compared with the version of real files.
func TestAstray_Rehearsal(t *testing.T) {
	t.Parallel()
	s := newStepWith(t, map[string]string{}, "alder-3.0.tar.gz")
	if r := s.start("rehearse", s.path("dist/alder-3.0.tar.gz")); r.wait() != 0 || strings.Contains(s.log.String(), "the tag") {
		t.Errorf("exit code %d\n%s", r.code, &s.log)
	}
}
