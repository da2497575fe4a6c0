package e2e_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// nextStep is a situation of a maintainer, and what a run must report about it.
type nextStep struct {
	name  string
	set   func(*step)
	id    string // the annotation that is about the situation
	first string // a part of its first line
	next  string // a part of the next step
	never string // what the next step does not say; may be empty

	code    int
	result  string // the output
	entries int    // of this run in the transparency log, which cannot be deleted
	mints   int    // upload tokens that were issued to this run
	uploads int    // uploads that this run has sent
}

func nextSteps() []nextStep {
	const (
		wheel, birch = "alder-1.0-py3-none-any.whl", "birch-1.0-py3-none-any.whl"
		workflows    = "octo-org/rehearsal/.github/workflows/"
		notFound     = "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)"
	)
	all := func(sets ...func(*step)) func(*step) {
		return func(s *step) {
			for _, set := range sets {
				set(s)
			}
		}
	}
	index := func(change func(*fakepypi.Behavior)) func(*step) { return func(s *step) { s.servers.Switch(change) } }
	input := func(name, value string) func(*step) {
		return func(s *step) { s.env["INPUT_"+strings.ToUpper(name)] = value }
	}
	claims := func(changes ...string) func(*step) {
		return func(s *step) {
			s.servers.Claims(func(c map[string]any) {
				for i := 0; i < len(changes); i += 2 {
					c[changes[i]] = changes[i+1]
				}
			})
		}
	}
	apiToken := func(s *step) {
		token, err := s.servers.APIToken()
		if err != nil {
			s.t.Fatal(err)
		}
		s.env["INPUT_PASSWORD"] = token
	}
	newProject := func(s *step) {
		s.remove(wheel)
		s.build(birch, "")
	}
	pending := func(s *step) { s.servers.AddPublisher(fakepypi.Publisher{Project: "birch", Pending: true}) }
	published := func(s *step) { s.run() }
	rebuilt := func(s *step) { s.build(wheel, "rebuilt") }
	sigstore := func(change func(*fakepypi.SigstoreBehavior)) func(*step) {
		return func(s *step) { s.servers.SwitchSigstore(change) }
	}
	return []nextStep{
		{
			name: "no verified e-mail address", set: all(apiToken, index(func(b *fakepypi.Behavior) { b.NoEmail = true })),
			id:    "upload-account",
			first: "does not have a verified primary email address",
			next:  "verify the primary e-mail address of the account that the API token belongs to",
			code:  1, result: "failed", uploads: 1,
		},
		{
			name: "no second factor", set: all(apiToken, index(func(b *fakepypi.Behavior) { b.NoSecondFactor = true })),
			id:    "upload-account",
			first: "does not have two-factor authentication enabled",
			next:  "turn on two-factor authentication for the account",
			code:  1, result: "failed", uploads: 1,
		},
		{
			name:    "too many new projects",
			set:     all(newProject, apiToken, index(func(b *fakepypi.Behavior) { b.TooManyProjects = true })),
			id:      "upload-new-projects",
			first:   "the index refused birch-1.0-py3-none-any.whl: Too many new projects created",
			next:    "run the job again in 53 minutes, when the index allows new projects again; or add a pending publisher",
			never:   "wait, and",
			code:    1,
			result:  "failed",
			uploads: 1,
		},
		{
			name: "too many new projects, by a pending publisher",
			set:  all(newProject, pending, index(func(b *fakepypi.Behavior) { b.TooManyProjects = true })),
			id:   "first-release", first: "the first upload creates the project", next: "Trusted Publishing requires a pending publisher",
			code: 0, result: "published", entries: 1, mints: 1, uploads: 1,
		},
		{
			name:  "registration of new projects is off",
			set:   all(newProject, pending, index(func(b *fakepypi.Behavior) { b.NoProjects = true })),
			id:    "invalid-payload",
			first: "New project registration temporarily disabled",
			next:  "run the job again later, with the same project name",
			never: "another name",
			code:  1, result: "failed",
		},
		{
			name:  "registration of new projects is off, with an API token",
			set:   all(newProject, apiToken, index(func(b *fakepypi.Behavior) { b.NoProjects = true })),
			id:    "upload-registration-off",
			first: "New project registration temporarily disabled",
			next:  "run the job again later, with the same project name",
			never: "another name",
			code:  1, result: "failed", uploads: 1,
		},
		{
			name: "the organization is inactive", set: index(func(b *fakepypi.Behavior) { b.Inactive = true }),
			id:    "upload-organization",
			first: "Organization account owning this project is inactive",
			next:  "ask an owner of the organization to activate it again",
			never: "build again",
			code:  1, result: "failed", entries: 1, mints: 1, uploads: 1,
		},
		{
			name:  "a name that is not allowed, with an API token",
			set:   all(newProject, apiToken, index(func(b *fakepypi.Behavior) { b.Prohibited = []string{"birch"} })),
			id:    "upload-name-refused",
			first: "The name 'birch' isn't allowed",
			next:  "choose another name for the project in its metadata",
			never: "raise the version",
			code:  1, result: "failed", uploads: 1,
		},
		{
			name:  "a name that is not allowed, by a pending publisher",
			set:   all(newProject, pending, index(func(b *fakepypi.Behavior) { b.Prohibited = []string{"birch"} })),
			id:    "invalid-payload",
			first: "The name 'birch' isn't allowed",
			next:  "choose another name in the metadata, and add a pending publisher for it",
			code:  1, result: "failed",
		},
		{
			name:  "no pending publisher, where the run cannot see that the project is new",
			set:   all(newProject, input("index-url", "none")),
			id:    "upload-unknown-project",
			first: "Non-user identities cannot create new projects",
			next:  "add a pending publisher for the project birch on the index",
			code:  1, result: "failed", entries: 1, mints: 1, uploads: 1,
		},
		{
			name: "the publisher is removed after the mint", set: func(s *step) {
				var once sync.Once
				s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					once.Do(func() { s.servers.Distrust("alder") })
					next.ServeHTTP(w, r)
				})
			},
			id:    "upload-token-unknown",
			first: "Invalid or non-existent authentication information",
			next:  "because the Trusted Publisher was removed meanwhile",
			never: "check that the token or password is for",
			code:  1, result: "failed", entries: 1, mints: 1, uploads: 1,
		},
		{
			name: "a publisher that says exactly that, of an earlier account", set: claims("repository_owner_id", "4711"),
			id:    "invalid-publisher",
			first: notFound,
			next:  "then remove it and add it again: it belongs to one account of the owner, now with the id 4711",
			code:  1, result: "failed",
		},
		{
			name: "a pending publisher that has ended",
			set:  all(newProject, func(s *step) { s.servers.Distrust("alder") }), // there is none any more
			id:   "invalid-publisher", first: notFound, next: "it ends after 30 days", never: "only an owner",
			code: 1, result: "failed",
		},
		{
			name: "the repository was transferred", set: claims("repository", "other-org/rehearsal", "repository_owner", "other-org",
				"job_workflow_ref", "other-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0", "workflow_ref",
				"other-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0"),
			id:    "invalid-publisher",
			first: notFound,
			next:  "a publisher does not follow a repository or workflow that was renamed or transferred",
			code:  1, result: "failed",
		},
		{
			name: "the workflow was renamed",
			set: claims("job_workflow_ref", workflows+"publish.yml@refs/tags/v1.0.0", "workflow_ref",
				workflows+"publish.yml@refs/tags/v1.0.0"),
			id:    "invalid-publisher",
			first: notFound,
			next:  "a publisher does not follow a repository or workflow that was renamed or transferred",
			code:  1, result: "failed",
		},
		{
			name: "the page of a project's publishers", set: claims("repository_owner_id", "4711"),
			id: "invalid-publisher", first: notFound, next: "only an owner of the project sees its publishers",
			code: 1, result: "failed",
		},
		{
			name: "a reusable workflow of the same repository, and the publisher names its caller",
			set:  claims("job_workflow_ref", workflows+"publish.yml@refs/tags/v1.0.0"),
			id:   "invalid-publisher", first: notFound,
			next: "either let the publisher name the called file, publish.yml, and publish without attestations, " +
				"or move the publish job into the workflow that is triggered, release.yml",
			code: 1, result: "failed",
		},
		{
			name: "a reusable workflow of the same repository, and the publisher names it", set: all(
				claims("job_workflow_ref", workflows+"publish.yml@refs/tags/v1.0.0"),
				func(s *step) { s.servers.AddPublisher(fakepypi.Publisher{Project: "alder", Workflow: "publish.yml"}) },
			),
			id:    "attestation-reusable-workflow",
			first: "not signed: this job runs in a reusable workflow",
			next:  "either publish without attestations",
			code:  0, result: "published", mints: 1, uploads: 1,
		},
		{
			name: "an immutable GitHub release",
			set:  func(s *step) { s.withGitHub(releases.Write, &releases.Release{Tag: "v1.0.0", Immutable: true}) },
			id:   "github-release-immutable", first: "the release v1.0.0 is immutable", next: "leave `github-release` out for this release",
			code: 1, result: "failed",
		},
		{
			name: "a GitHub release that becomes immutable during the upload", set: func(s *step) {
				g := s.withGitHub(releases.Write, v1)
				s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					g.Freeze(g.release.ID)
					next.ServeHTTP(w, r)
				})
			},
			id:    "github-release-immutable",
			first: "the files are published, but not all of them are attached to the GitHub release: the release v1.0.0 is immutable",
			next:  "leave `github-release` out for this release",
			code:  0, result: "published", entries: 1, mints: 1, uploads: 1,
		},
		{
			name: "two runs for one tag", set: all(published, rebuilt),
			id:    "conflict",
			first: "already has a different file named " + wheel,
			next: "if two runs are for one tag, such as for its push and for its release, " +
				"let only one of the two events start the workflow",
			code: 1, result: "failed",
		},
		{
			name: "the version was not raised",
			set:  all(published, rebuilt, func(s *step) { s.env["GITHUB_REF"], s.env["GITHUB_REF_NAME"] = "refs/tags/v1.1", "v1.1" }),
			id:   "conflict", first: "already has a different file named " + wheel,
			next: "this run is for the tag v1.1, but the file has the version 1.0: if the tag is right, " +
				"the version was not raised before the tag was made, so set it to 1.1",
			code: 1, result: "failed",
		},
		{
			name: "the version was not raised, and every file is skipped",
			set: all(published, rebuilt, input("skip-existing", "true"), func(s *step) {
				s.env["GITHUB_REF"], s.env["GITHUB_REF_NAME"] = "refs/tags/v1.1", "v1.1"
			}),
			id:    "skipped",
			first: "that file stays, and this one is not published",
			next:  "the version was not raised before the tag was made",
			code:  0, result: "skipped",
		},
		{
			name: "every file is skipped", set: all(published, rebuilt, input("skip-existing", "true")),
			id: "skipped", first: "that file stays, and this one is not published", next: "check that this is what you want",
			code: 0, result: "skipped",
		},
		{
			name: "a file is added to a yanked release", set: all(published, func(s *step) {
				if err := s.servers.Yank(pep.Release{Project: "alder", Version: "1"}, "it broke"); err != nil {
					s.t.Fatal(err)
				}
				s.build("alder-1.0.tar.gz", "")
			}),
			id: "release-yanked", first: "release 1.0 of alder is yanked", next: "un-yank it on the index",
			code: 0, result: "published", entries: 1, mints: 1, uploads: 1,
		},
		{
			name:   "a trust root with a wrong signature",
			set:    sigstore(func(b *fakepypi.SigstoreBehavior) { b.TrustRoot = "wrong-signature" }),
			id:     "attestation-trust-root",
			first:  "is not valid: ",
			next:   "use a newer version of this action",
			code:   1,
			result: "failed",
		},
		{
			name: "a trust root that has expired", set: sigstore(func(b *fakepypi.SigstoreBehavior) { b.TrustRoot = "expired-root" }),
			id: "attestation-trust-root", first: "is not valid: ", next: "use a newer version of this action",
			code: 1, result: "failed",
		},
		{
			name: "words outside of Latin-1", set: all(input("verify-metadata", "false"), func(s *step) {
				disttest.Save(s.t, s.path("dist/"+wheel), disttest.Zip(disttest.WheelMembers("alder", "1.0",
					"Metadata-Version: 2.1\nName: alder\nVersion: 1.0\nRequires-Python: 木\n")...))
			}),
			id: "upload-refused", first: "'木' is invalid for 'requires-python'", next: "the rule `requires-python`",
			code: 1, result: "failed", entries: 1, mints: 1, uploads: 1,
		},
	}
}

// TestNextSteps: the messages of a run lead to what helps, with the index's message; what was public before it was refused is counted.
func TestNextSteps(t *testing.T) {
	t.Parallel()
	for _, c := range nextSteps() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl")
			s.noWait = true
			c.set(s)
			entries, uploads := s.servers.LogSize(), s.requests("upload")
			e := s.run()
			first, next := firstAnnotation(readLog(e.log).annotations, c.id)
			if first == "" {
				t.Fatalf("nothing is reported with the id %s:\n%s", c.id, e.log)
			}
			if !strings.Contains(first, c.first) {
				t.Errorf("first line: %q\nis missing in %s", c.first, first)
			}
			if !strings.Contains(next, c.next) {
				t.Errorf("next step: %q\nis missing in %s", c.next, next)
			}
			if c.never != "" && strings.Contains(next, c.never) {
				t.Errorf("the next step says %q: %s", c.never, next)
			}
			if !strings.Contains(next, "troubleshooting.md#"+c.id) && !strings.Contains(next, "rules.md#"+c.id) {
				t.Errorf("no page explains it: %s", next)
			}
			if e.code != c.code || e.outputs["result"] != c.result {
				t.Errorf("exit code %d, result %s, want %d, %s\n%s", e.code, e.outputs["result"], c.code, c.result, e.log)
			}
			entries, uploads = s.servers.LogSize()-entries, s.requests("upload")-uploads
			if entries != c.entries || len(e.tokens) != c.mints || uploads != c.uploads {
				t.Errorf("%d log entries, %d mints, %d uploads; want %d, %d, %d\n%s", entries, len(e.tokens), uploads, c.entries, c.mints,
					c.uploads, e.log)
			}
			t.Logf("| %s | %s | %s | %d | %s | %d | %d |", c.name, first, next, e.code, e.outputs["result"], entries, len(e.tokens))
		})
	}
}

// firstAnnotation returns the first line and the next step of the first annotation with this id.
func firstAnnotation(all []annotation, id string) (first, next string) {
	for _, a := range all {
		if a.title == "pypi-oidc-publish: "+id {
			first, next, _ = strings.Cut(a.message, "\n")
			return first, next
		}
	}
	return "", ""
}

// TestNextSteps_Renewed: a root of the trust root that has ended is no problem if a newer one leads on from it.
func TestNextSteps_Renewed(t *testing.T) {
	t.Parallel()
	servers := startRenewed(t)
	s := newStepOn(t, servers, "alder-1.0-py3-none-any.whl")
	e := s.run()
	first, _ := firstAnnotation(readLog(e.log).annotations, "attestation-trust-root")
	if e.code != 0 || e.outputs["result"] != "published" || servers.LogSize() != 1 || first != "" {
		t.Errorf("exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
}

// TestNextSteps_PublishedTitle: where only attaching to the GitHub release failed, the title of the summary says that the upload succeeded.
func TestNextSteps_PublishedTitle(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		g.Freeze(g.release.ID)
		next.ServeHTTP(w, r)
	})
	e := s.run()
	title, _, _ := strings.Cut(e.summary, "\n")
	if e.code != 0 || !strings.HasPrefix(title, "### ✅ Published ") || !strings.Contains(title, "1 file uploaded") ||
		e.outputs["github-release"] != "failed" {
		t.Errorf("exit code %d, %v: %s", e.code, e.outputs, title)
	}
}

// TestNextSteps_EgressFilter: the host that a filter does not let through is named.
func TestNextSteps_EgressFilter(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	filter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(filter.Close)
	through, err := url.Parse(filter.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.env["INPUT_REPOSITORY-URL"], s.env["INPUT_INDEX-URL"], s.env["INPUT_PACKAGES-DIR"] = "https://upload.index.example/legacy/", "none",
		s.path("dist")
	var waited atomic.Int64 // the waits of the run, which put its clock forward and take no time
	code := cli.Main(t.Context(), cli.Process{
		Version: "test", Getenv: func(name string) string { return s.env[name] }, Stdout: &s.log, Stderr: &s.log,
		Now:   func() time.Time { return time.Now().Add(time.Duration(waited.Load())) },
		Sleep: func(ctx context.Context, d time.Duration) error { waited.Add(int64(d)); return context.Cause(ctx) },
		Proxy: func(*http.Request) (*url.URL, error) { return through, nil },
	})
	first, next := firstAnnotation(readLog(s.log.String()).annotations, "audience-unavailable")
	if code != 1 || !strings.Contains(first, "the proxy: it did not connect: 403 Forbidden") ||
		!strings.Contains(next, "let the proxy connect to upload.index.example") {
		t.Errorf("exit code %d\n%s", code, s.log.String())
	}
	if len(s.servers.Tokens()) != 0 || s.servers.LogSize() != 0 {
		t.Errorf("%d tokens, %d log entries", len(s.servers.Tokens()), s.servers.LogSize())
	}
	t.Logf("| an egress filter | %s | %s | %d | failed | 0 | 0 |", first, next, code)
}

// startRenewed starts test servers whose trust root was renewed, and trusts the project alder.
func startRenewed(t *testing.T) *fakepypi.Servers {
	t.Helper()
	servers := pypitest.Start(t, fakepypi.Options{Sigstore: fakepypi.SigstoreBehavior{TrustRoot: "renewed-root"}})
	servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
	return servers
}
