package publish

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// The distributions of most tests.
const (
	wheel = "alder-1.0-py3-none-any.whl"
	sdist = "alder-1.0.tar.gz"
	birch = "birch-1.0.tar.gz" // of another project
	alder = pep.Project("alder")
)

// testTimeout bounds what a test waits for: a test that gets there fails.
const testTimeout = 3 * time.Minute

// harness is a run and what it works with: distributions in a folder, and either the test servers of [fakepypi] or a scripted
// index. All of them answer over HTTP on loopback. Options and deps may be changed before the run.
type harness struct {
	t        *testing.T
	servers  *fakepypi.Servers // nil where the index is scripted
	index    *scriptedIndex    // nil where the index is that of the test server
	dir      string            // the workspace, once there is one: distributions are in its folder dist
	options  Options
	deps     Deps
	env      map[string]string // of the step
	redactor *secret.Redactor
	client   *wire.Client
	console  *runner.Runner
	waits    *waits

	recorder *ledger.Recorder
	events   []ledger.Event
	watch    func(ledger.Event) // sees every event, one at a time; may be nil
}

// newHarness returns a run that publishes new distributions with these names to an index that trusts it. It signs nothing, does not
// wait for the index, and attaches nothing.
func newHarness(t *testing.T, names ...string) *harness {
	t.Helper()
	return newHarnessOf(t, fakepypi.Options{}, names...)
}

// newHarnessOf is newHarness with servers of these options.
func newHarnessOf(t *testing.T, o fakepypi.Options, names ...string) *harness {
	t.Helper()
	servers := pypitest.Start(t, o)
	servers.AddPublisher(fakepypi.Publisher{Project: alder})
	return (&harness{servers: servers}).another(t, names...)
}

// another returns another run with the same servers, and a workspace of its own.
func (h *harness) another(t *testing.T, names ...string) *harness {
	t.Helper()
	next := bare(t, h.servers.Env, names...)
	next.servers = h.servers
	next.connect(index.SiteOf(h.servers.Upload, h.servers.Simple, true).AsPyPI(), nil)
	return next
}

// bare returns a harness without an index.
func bare(t *testing.T, env map[string]string, names ...string) *harness {
	t.Helper()
	h := &harness{t: t, env: maps.Clone(env), waits: &waits{passed: map[time.Time]time.Duration{}}}
	h.console, h.redactor = runner.New(func(name string) string { return h.env[name] }, io.Discard)
	h.client = wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test",
		Now:       time.Now,
		Sleep:     h.waits.unrecorded,
		Redact:    h.redactor.Redact,
	})
	h.recorder = ledger.NewRecorder(func(e ledger.Event) {
		h.events = append(h.events, e)
		if h.watch != nil {
			h.watch(e)
		}
	})
	h.options = Options{Parallel: 2, VerifyMetadata: true, CompareRelease: true, Attest: config.AttestNever}
	h.deps = Deps{
		Record:        h.recorder.Record,
		Save:          h.console.Save,
		PrepareFolder: h.console.PrepareFolder,
		Now:           time.Now,
		Sleep:         h.waits.sleep,
	}
	for _, name := range names {
		h.put(name, "")
	}
	return h
}

// connect lets the run use an index, with credentials or else by Trusted Publishing.
func (h *harness) connect(site index.Site, login index.Credentials) {
	h.deps.Index = index.New(site, h.client, wire.NewGate(h.options.Parallel), login)
	h.deps.Password = login
	h.deps.Tokens = nil
	if login == nil {
		h.deps.Tokens = uploadtoken.New(uploadtoken.Options{
			At: site.Upload, Wire: h.client, IDTokens: h.console.IDTokens(h.client), Redactor: h.redactor, Now: time.Now,
			Sleep: h.waits.unrecorded, Record: h.recorder.Record, Permit: site.Permit, Settings: site.PublisherPage,
			CheckIDToken: h.console.CheckIDToken,
		})
	}
}

// usePassword lets the run use the password of the test server's index, which is one of another kind than PyPI.
func (h *harness) usePassword() {
	site := index.SiteOf(h.servers.Upload, h.servers.Simple, true)
	h.connect(site, index.Password(fakepypi.User, h.redactor.New(fakepypi.Password, site.Upload)))
}

// signAll lets the run sign by this policy, with the Sigstore of the test server.
func (h *harness) signAll(policy config.Attest) {
	h.options.Attest = policy
	h.deps.Signer = attest.New(attest.Options{
		Wire: h.client, IDTokens: h.console.IDTokens(h.client), TUF: h.servers.TUF, Root: h.servers.Root, Now: time.Now,
		Record: func(f finding.Finding) { h.recorder.Record(ledger.Noted{Finding: f}) },
	})
}

// attachTo publishes a release on the test server's GitHub, and lets the run attach its files to it.
func (h *harness) attachTo(release releases.Release) releases.Release {
	h.t.Helper()
	api := parsed(h.t, h.env["GITHUB_API_URL"])
	h.options.Tag, h.options.Repository = release.Tag, h.env["GITHUB_REPOSITORY"]
	h.deps.GitHub = ghrelease.New(ghrelease.Options{
		API: api, Repository: h.options.Repository, Wire: h.client, Sleep: h.waits.unrecorded,
		Token: h.redactor.New(h.env[fakepypi.GitHubToken], api, ghrelease.UploadsOf(api)),
	})
	h.deps.Manifest = func() []byte { return []byte("the manifest") }
	h.t.Cleanup(func() {
		if leaks := h.servers.GitHub.Leaks(); len(leaks) > 0 {
			h.t.Errorf("GitHub's token was seen at %v", leaks)
		}
	})
	return h.servers.GitHub.Publish(release)
}

// assets returns the names of the assets of a release, sorted.
func (h *harness) assets(release releases.Release) []string {
	var names []string
	for _, a := range h.servers.GitHub.Assets(release.ID) {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}

// withoutIDToken takes the right to request ID tokens from the job.
func (h *harness) withoutIDToken() {
	delete(h.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
	delete(h.env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
}

// withIDToken gives the job the right to request ID tokens.
func (h *harness) withIDToken() {
	h.env["ACTIONS_ID_TOKEN_REQUEST_URL"], h.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "https://issuer.example/token", "a request token"
}

// fromFork makes the job one of a pull request of a fork.
func (h *harness) fromFork() {
	h.write("event.json", `{"pull_request":{"head":{"repo":{"full_name":"fork/rehearsal"}}}}`)
	h.env["GITHUB_EVENT_NAME"], h.env["GITHUB_EVENT_PATH"] = "pull_request", h.path("event.json")
	h.env["GITHUB_REPOSITORY"] = "octo-org/rehearsal"
}

// fail lets requests of an op meet a fault of [fault.Named]: after so many of them, and so many times.
func (h *harness) fail(op, name string, skip, times int) {
	h.t.Helper()
	f, ok := fault.ByName(name)
	if !ok {
		h.t.Fatalf("there is no fault %s", name)
	}
	if err := h.servers.InjectFault(op, f, skip, times); err != nil {
		h.t.Fatal(err)
	}
}

// requests returns how many requests of an op the servers of the test server have had.
func (h *harness) requests(op string) int {
	n := 0
	for _, r := range h.servers.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// path returns a path in the workspace, which is made when it is first needed.
func (h *harness) path(parts ...string) string {
	h.t.Helper()
	if h.dir == "" {
		h.dir = h.t.TempDir()
		h.options.Paths, h.options.Workspace = []string{filepath.Join(h.dir, "dist")}, h.dir
	}
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

// write writes a file of the workspace.
func (h *harness) write(path, text string) {
	h.t.Helper()
	at := h.path(path)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// put writes a distribution to the folder dist. Another salt makes other bytes; headers are added to its metadata.
func (h *harness) put(name, salt string, headers ...string) {
	h.t.Helper()
	h.write(filepath.Join("dist", name), string(distribution(h.t, name, salt, headers...)))
}

// run does the run.
func (h *harness) run() error {
	h.t.Helper()
	ctx, stop := context.WithTimeout(h.t.Context(), testTimeout)
	defer stop()
	return h.runIn(ctx)
}

// runIn does the run, and checks what every run owes: it has an end, and no token of the test server lives on.
func (h *harness) runIn(ctx context.Context) error {
	h.t.Helper()
	err := Run(ctx, h.options, h.deps)
	if h.receipt().Ended.IsZero() {
		h.t.Error("the end of the run was not recorded")
	}
	if h.servers != nil {
		for _, token := range h.servers.Tokens() {
			if !token.Burned && !token.Forgotten {
				h.t.Error("an upload token was not revoked")
			}
		}
	}
	return err
}

// collected returns a run whose first step is done, and its targets.
func (h *harness) collected() (*run, []*target) {
	h.t.Helper()
	r := newRun(h.options, h.deps)
	c, err := r.collect(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return r, c.targets
}

// planned returns a run whose first steps are done up to the plan, and its targets.
func (h *harness) planned() (*run, []*target) {
	h.t.Helper()
	r, targets := h.collected()
	if err := r.plan(targets); err != nil {
		h.t.Fatal(err)
	}
	return r, targets
}

func (h *harness) receipt() ledger.Receipt { return h.recorder.Receipt() }

// noted returns the ids of what was reported, in order.
func (h *harness) noted() []string { return idsOf(h.receipt().Findings) }

// besides returns ids but one.
func besides(id string, ids []string) []string {
	return slices.DeleteFunc(ids, func(other string) bool { return other == id })
}

// firstNoted returns the first finding that was reported, beside that the set is of several projects.
func (h *harness) firstNoted() finding.Finding {
	h.t.Helper()
	all := slices.DeleteFunc(h.receipt().Findings, func(f finding.Finding) bool { return f.ID == "several-projects" })
	if len(all) == 0 {
		h.t.Fatal("nothing was reported")
	}
	return all[0]
}

// found returns the one finding with this id that was reported.
func (h *harness) found(id string) finding.Finding {
	h.t.Helper()
	return only(h.t, h.receipt().Findings, id)
}

// outcomes returns the outcome of every file, by its name.
func (h *harness) outcomes() map[string]ledger.Outcome {
	all := map[string]ledger.Outcome{}
	for _, f := range h.receipt().Files {
		all[f.Name] = f.Outcome
	}
	return all
}

// phases returns the names of the phases, in order.
func (h *harness) phases() []string {
	var all []string
	for _, e := range eventsOf[ledger.Phase](h) {
		all = append(all, e.Name)
	}
	return all
}

// eventsOf returns the events of one type, in order.
func eventsOf[E ledger.Event](h *harness) []E {
	var all []E
	for _, e := range h.events {
		if e, ok := e.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

// eventOf returns the one event of a type.
func eventOf[E ledger.Event](h *harness) E {
	h.t.Helper()
	all := eventsOf[E](h)
	if len(all) != 1 {
		h.t.Fatalf("%d events of the type %T", len(all), *new(E))
	}
	return all[0]
}

// errSignal is why the runs of these tests are cancelled.
var errSignal = errors.New("a signal came")

// contextWithCause returns the context of a run that the test can cancel.
func contextWithCause(t *testing.T) (context.Context, context.CancelCauseFunc) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	t.Cleanup(func() { stop(nil) })
	return ctx, stop
}

// cancelled returns the context of a run that is cancelled already.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := contextWithCause(t)
	stop(errSignal)
	return ctx
}

// waits is a clock's Sleep that returns at once: what it should have waited is remembered, and counts against the deadline of ctx.
type waits struct {
	mu       sync.Mutex
	passed   map[time.Time]time.Duration // of contexts, by their deadlines
	recorded []time.Duration             // of the run itself, without those between two tries of a request
	during   func()                      // called by every recorded wait; may be nil
}

// sleep is the Sleep of the run.
func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	w.recorded = append(w.recorded, d)
	w.mu.Unlock()
	if w.during != nil {
		w.during()
	}
	return w.unrecorded(ctx, d)
}

// unrecorded is the Sleep of clients.
func (w *waits) unrecorded(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passed[deadline] += d
	if time.Now().Add(w.passed[deadline]).After(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wantError reports an error that is not the wanted one; nil wants none.
func wantError(t *testing.T, what string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("%s: got the error %v, want %v", what, err, wanted)
	}
}

// only returns the one finding with this id.
func only(t *testing.T, all []finding.Finding, id string) finding.Finding {
	t.Helper()
	var found []finding.Finding
	for _, f := range all {
		if string(f.ID) == id {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d findings %s among %v", len(found), id, idsOf(all))
	}
	return found[0]
}

func idsOf(all []finding.Finding) []string {
	ids := make([]string, 0, len(all))
	for _, f := range all {
		ids = append(ids, string(f.ID))
	}
	return ids
}
