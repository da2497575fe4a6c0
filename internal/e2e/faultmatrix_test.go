package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// moment is one point of a run at which a fault is injected: a request of an op, and the connection that carries it where no
// connection is used twice.
type moment struct {
	name        string
	again       bool // of an op that has a moment of its own before: it is tried with one fault of each class, see [moment.meets]
	alike       bool // of an op whose row of the table of retries is another op's but for times and sizes, see [moment.meets]
	op          string
	skip        int // requests of the op before
	listener    string
	connections int  // connections at the door before
	pending     bool // the project does not exist yet
	waits       bool // the run reads back
	signs       bool // the run attests; the others do not, since their moments are counted without
	lost        bool // the answer to the first log entry is lost, so that the log is asked for what it has
	files       int  // of the run: four, or one where a run does the same with any files; 0: two, which lead to the moment and past it

	attaches bool // the run attaches to a GitHub release, which has the first file already
}

// moments are those of a run with the files of matrixFiles, in their order. The outages of uploads meet a run of four files in a project
// that is new, and at its later uploads.
func moments() []moment {
	index, issuer, sigstore, github := fakepypi.Connect, fakepypi.ConnectIssuer, fakepypi.ConnectSigstore, fakepypi.ConnectGitHub
	return []moment{
		{name: "look", op: "look", listener: index, files: 1},
		{name: "audience", op: "audience", listener: index, connections: 1, files: 1},
		{name: "ID token to see", op: "id-token", listener: issuer, files: 1},
		{name: "ID token to mint", again: true, op: "id-token", skip: 1, listener: issuer, connections: 1, files: 1},
		{name: "mint", op: "mint", listener: index, connections: 2, files: 1},
		{name: "mint, new project", again: true, op: "mint", listener: index, connections: 2, pending: true, files: 1},
		{name: "first upload", op: "upload", listener: index, connections: 3},
		{name: "first, new project", again: true, op: "upload", listener: index, connections: 3, pending: true, files: 4},
		{name: "parallel upload", again: true, op: "upload", skip: 2, listener: index, connections: 5, files: 4},
		{name: "sdist", again: true, op: "upload", skip: 3, listener: index, connections: 6, files: 4},
		{name: "burn", op: "burn", listener: index, connections: 5},
		{name: "probe after burn", op: "probe", listener: index, connections: 6},
		{name: "read back", again: true, op: "look", skip: 1, listener: index, connections: 5, waits: true}, // or that of the burn
		{name: "trust root", op: "trust-root", listener: sigstore, signs: true, files: 1},
		{name: "ID token to sign", again: true, op: "id-token", skip: 1, listener: issuer, connections: 1, signs: true, files: 1},
		{name: "certificate", alike: true, op: "certificate", listener: sigstore, connections: 6, signs: true, files: 1},
		{name: "first log entry", op: "log-entry", listener: sigstore, connections: 7, signs: true},
		{name: "later log entry", again: true, op: "log-entry", skip: 2, listener: sigstore, connections: 9, signs: true, files: 4},
		{name: "look at the log", op: "log-lookup", listener: sigstore, connections: 8, signs: true, lost: true},
		{name: "provenance", alike: true, op: "provenance", listener: index, connections: 8, signs: true, waits: true},
		{name: "release", op: "github", skip: 1, listener: github, connections: 1, attaches: true},
		{name: "asset that is there", op: "asset-download", listener: github, connections: 3, attaches: true},
		{name: "assets at the end", again: true, op: "github", skip: 3, listener: github, connections: 4, attaches: true},
		{name: "asset", op: "asset", listener: github, connections: 5, attaches: true},
		{name: "later asset", again: true, op: "asset", skip: 1, listener: github, connections: 6, attaches: true},
	}
}

// meets reports whether the fault is tried at the moment: each fault is, at one moment of every row of the table of retries
// (wire/policy.go). What an op does after a fault stands in its row, in which faults of one class are the same; so where the op comes a
// second time in a run, one fault of each class shows whether the run deals with what the row comes to. The same holds where the row is
// that of another op: a certificate is tried again as a log entry is, and a provenance as a listing is. What reads the answer is the op's
// own then, and is tried with the answers that it has to refuse.
func (m moment) meets(f fault.Fault) bool {
	refusedByReader := []string{"html-200", "oversized-answer"}
	return !m.again && !m.alike || ofClass(f) || m.alike && slices.Contains(refusedByReader, f.Name)
}

// ofClass reports whether the fault is the one that stands for its class.
func ofClass(f fault.Fault) bool {
	return slices.Contains([]string{
		"refuse",                 // no connection
		"reset-within-body",      // no answer, and no effect
		"close-after-store",      // no answer, and an effect
		"status-503-seconds",     // an answer that is worth another try, after a while that the server names
		"status-502-after-store", // an answer that is worth another try, and an effect
		"html-403",               // an answer that is final
		"truncated-answer",       // an answer that is not whole
		"hang",                   // nothing, until the time is up
	}, f.Name)
}

// matrixFiles are one that is uploaded first and one that is last, and of four, two between them at the same time; or the first alone.
func matrixFiles(count int) []string {
	switch first, last := "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"; count {
	case 1:
		return []string{first}
	case 4:
		return []string{first, "alder-1.0-cp312-cp312-win32.whl", "alder-1.0-cp313-cp313-win32.whl", last}
	default:
		return []string{first, last}
	}
}

// plan is the fault at the moment: that once, or from then on until it is cleared.
func (m moment) plan(f fault.Fault, times int) fault.Plan {
	if f.Point == fault.AtAccept {
		return fault.Plan{Op: m.listener, Fault: f, Skip: m.connections, Times: times}
	}
	return fault.Plan{Op: m.op, Fault: f, Skip: m.skip, Times: times}
}

// waitsForUser reports whether the client waits for this longer than a test can: the user ends the run then, as a job's time-out does.
// Burning has its own short bounds.
func (m moment) waitsForUser(f fault.Fault) bool {
	return f.Kind == fault.Hang && m.op != "burn" && m.op != "probe"
}

// wrong returns what a run reported that is not true.
func (e ending) wrong(servers *fakepypi.Servers) error {
	var found []error
	say := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	result := e.outputs["result"]
	if (e.code == cli.Done) != (result == "published" || result == "unchanged" || result == "skipped") {
		say("exit code %d with the result %q", e.code, result)
	}
	alive := 0
	for _, token := range e.tokens {
		if !token.Burned {
			alive++
		}
	}
	burned := e.outputs["token-burned"]
	reported := strings.Contains(e.summary, "it expires by itself") ||
		strings.Contains(e.summary, "did not show that it now rejects the token") ||
		strings.Contains(e.summary, "an unused token may exist")
	switch {
	case alive > 0 && (burned == "true" || burned == "not-minted" || !reported):
		say("%d of %d upload tokens live on, and token-burned is %q (in the summary: %v)", alive, len(e.tokens), burned, reported)
	case len(e.tokens) == 0 && burned == "true":
		say("token-burned is true of no token")
	}
	var seen strings.Builder // all but the lines that only the runner sees
	for line := range strings.Lines(e.log + e.summary) {
		if !strings.HasPrefix(line, "::add-mask::") {
			seen.WriteString(line)
		}
	}
	for _, secret := range append(servers.Secrets(), servers.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) {
		if shows(seen.String(), secret) {
			say("a secret is shown: %s", secret)
		}
	}
	if strings.Contains(e.log, "panic") {
		say("it panicked")
	}
	return errors.Join(found...)
}

// digests are the SHA-256 of the files in a folder, by their names.
func digests(folder string) (map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		all[entry.Name()] = hex.EncodeToString(sum[:])
	}
	return all, nil
}

// holdsExactly returns how the index differs from the set.
func holdsExactly(servers *fakepypi.Servers, set map[string]string) error {
	stored := map[string]string{}
	for _, f := range servers.Files() {
		if _, twice := stored[f.Name]; twice {
			return fmt.Errorf("the index has %s twice", f.Name)
		}
		stored[f.Name] = f.SHA256
	}
	if !maps.Equal(stored, set) {
		return fmt.Errorf("the index holds %v, not %v", stored, set)
	}
	return nil
}

// allAttested returns for which files of the set the index serves no provenance.
func allAttested(servers *fakepypi.Servers, set map[string]string) error {
	for name := range set {
		if text, err := servers.Provenance(name); err != nil || len(text) == 0 {
			return fmt.Errorf("the index has no provenance of %s", name)
		}
	}
	return nil
}

// cell is one fault at one moment, and what came of it.
type cell struct {
	fault  fault.Fault
	moment moment
	times  int
	mark   string // how it was survived, see the marks
}

func (c *cell) String() string {
	if c.times == fault.Forever {
		return fmt.Sprintf("%s from %s on", c.fault, c.moment.name)
	}
	return fmt.Sprintf("%s at %s", c.fault, c.moment.name)
}

// The marks of a cell.
const (
	atOnce = "."
	rerun  = "re-run"
	lost   = "LOST"
)

// cells are the faults at the moments, once each and from then on.
func cells() []*cell {
	var all []*cell
	for _, times := range []int{1, fault.Forever} {
		for _, f := range fault.Named() {
			for _, m := range moments() {
				if f.Kind == fault.Oversize && (m.op == "look" || m.op == "provenance") && times == fault.Forever {
					continue // a page that is too long is not asked for again: this is the same as once, and takes long
				}
				if times == fault.Forever && spelling(f) {
					continue // a server that says so every time is, at the end of the budget, one that says 503 or 429 every time
				}
				if m.meets(f) {
					all = append(all, &cell{fault: f, moment: m, times: times, mark: lost})
				}
			}
		}
	}
	return all
}

// spelling reports whether a fault is another one in other words: a Retry-After as a date or as nonsense instead of seconds or none, and
// the statuses of gateways beside 502. What is done after the first of them is tried once at every op.
func spelling(f fault.Fault) bool {
	return slices.Contains([]string{
		"status-429-date", "status-503-date", "status-503-garbage", "status-504", "status-522", "status-425", "html-502", "close-at-accept",
	}, f.Name)
}

// testbed is where cells run one after another: a test server, and workspaces with the files.
type testbed struct {
	servers    *fakepypi.Servers
	clock      *stepclock.Clock // of the server, and of the steps
	workspaces map[int]string   // by how many files they have
}

func newTestbed(t *testing.T) testbed {
	t.Helper()
	clock := &stepclock.Clock{}
	p := testbed{servers: pypitest.Start(t, fakepypi.Options{Now: clock.Now}), clock: clock, workspaces: map[int]string{}}
	for _, count := range []int{0, 1, 4} {
		p.workspaces[count] = t.TempDir()
		for _, name := range matrixFiles(count) {
			disttest.Write(t, filepath.Join(p.workspaces[count], "dist"), name, "")
		}
	}
	return p
}

// step is a step of the moment in the place, where nothing has happened yet.
func (p testbed) step(t *testing.T, m moment) *step {
	t.Helper()
	pypitest.WaitIdle(t, p.servers)
	if err := p.servers.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.clock.Reset()
	s := newStepIn(t, p.workspaces[m.files], p.servers.Env)
	s.publishesTo(p.servers)
	s.inProcess, s.noWait, s.clock = true, true, p.clock
	return s
}

// run runs a cell: a run with the fault, and if that failed, one more without it. What is wrong fails the test.
func (c *cell) run(t *testing.T, p testbed) {
	t.Helper()
	s := p.step(t, c.moment)
	set, err := digests(s.path("dist"))
	if err != nil {
		t.Fatal(err)
	}
	p.servers.AddPublisher(fakepypi.Publisher{Project: "alder", Pending: c.moment.pending})
	if !c.moment.signs {
		s.env["INPUT_ATTESTATIONS"] = "false"
	}
	if c.moment.waits {
		s.env["INPUT_WAIT-FOR-INDEX"] = "30"
		if c.times == fault.Forever {
			s.waitsForIndex(2)
		}
	}
	s.slow = c.slow()
	var gitHub *gitHub
	if c.moment.attaches {
		gitHub = s.attaches(matrixFiles(c.moment.files)[0])
	}
	plan := c.moment.plan(c.fault, c.times)
	if err := p.servers.InjectFault(plan.Op, plan.Fault, plan.Skip, plan.Times); err != nil {
		t.Fatal(err)
	}
	if c.moment.lost {
		s.injectFault("log-entry", "close-after-store", 0, 1)
	}
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	first := s.startWith(c.deadline(t.Context(), p.servers)).end()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the run with the fault:\n%s", first.log)
		}
	})
	check("the run with the fault", first.wrong(p.servers))
	hits, entries := p.servers.ClearFaults()[0].Hits, p.servers.LogSize()
	if hits == 0 {
		t.Error("the fault was never hit")
	}
	mark, last := atOnce, first
	if first.code != cli.Done {
		mark = rerun
		if !c.mayFail() {
			t.Error("the run ended, though the fault came once and passes")
		}
		if len(first.tokens) == 0 && entries > 0 {
			t.Error("an entry was made in the public log, though the run has no upload token")
		}
		last = s.run()
		check("the re-run", last.wrong(p.servers))
		last.expect(t, cli.Done)
	}
	if c.moment.attaches {
		if last.outputs["github-release"] != "attached" { // the files are published, and this is not worth a red job
			mark = rerun
			last = s.run()
			check("the run that attaches", last.wrong(p.servers))
		}
		check("the GitHub release", gitHub.attachedAll(last, s.path("dist"), set))
	}
	check("the index", holdsExactly(p.servers, set))
	check("the uploads", surplusUploads(p.servers, len(set)+hits))
	if c.moment.signs {
		check("the provenance", allAttested(p.servers, set))
	}
	if !t.Failed() {
		c.mark = mark
	}
}

// attachedAll reports whether the release has every file with its bytes, and the manifest, and nothing that broke off.
func (g *gitHub) attachedAll(last ending, dist string, set map[string]string) error {
	if got := last.outputs["github-release"]; got != "attached" {
		return fmt.Errorf("the last run has not attached, but ended with %q\n%s", got, last.log)
	}
	if leaks := g.Leaks(); len(leaks) > 0 {
		return fmt.Errorf("GitHub's token was shown to others: %v\n%s", leaks, last.log)
	}
	missing := maps.Clone(set)
	for _, a := range g.Assets(g.release.ID) {
		content, err := os.ReadFile(filepath.Join(dist, a.Name))
		if a.Starter || err == nil && !bytes.Equal(content, a.Bytes) || err != nil && !strings.HasSuffix(a.Name, ".manifest.json") {
			return fmt.Errorf("the release has %s, %d bytes, broken off: %v", a.Name, len(a.Bytes), a.Starter)
		}
		delete(missing, a.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the release lacks %v", missing)
	}
	return nil
}

// mayFail reports that no client can go on after the fault: it lasts, the user ends the run, or the answer is one that a server means.
func (c *cell) mayFail() bool {
	f := c.fault
	meant := f.Kind == fault.Oversize || (f.Kind == fault.Answer && f.Status < 500 && f.Page)
	return c.times == fault.Forever || f.Kind == fault.Hang || meant
}

// slow reports whether the network of the run is slow, so that an outage is over after a few tries of each request, which are all there is
// of it to see. At the first moment of an op, an outage of each class is met with as many tries as there can be.
func (c *cell) slow() bool {
	return c.times == fault.Forever && (c.moment.again || c.moment.alike || !ofClass(c.fault))
}

// deadline is a ctx that ends soon after the fault was hit, where the client would wait for long.
func (c *cell) deadline(ctx context.Context, servers *fakepypi.Servers) context.Context {
	if !c.moment.waitsForUser(c.fault) {
		return ctx
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for ctx.Err() == nil {
			if planned := servers.Plans(); len(planned) == 0 || planned[0].Hits > 0 {
				break
			}
			_ = cli.Sleep(ctx, 5*time.Millisecond)
		}
		_ = cli.Sleep(ctx, 30*time.Millisecond)
		cancel(errors.New("the user ended the job"))
	}()
	return ctx
}

// surplusUploads reports whether more uploads were accepted than there are files and lost answers.
func surplusUploads(servers *fakepypi.Servers, most int) error {
	accepted := 0
	for _, r := range servers.Requests() {
		if r.Op == "upload" && r.Status == 200 {
			accepted++
		}
	}
	if accepted > most {
		return fmt.Errorf("the index took %d uploads, and %d were needed", accepted, most)
	}
	return nil
}

// TestFaultMatrix: every fault at every moment of a run, once and as an outage that lasts for the whole run, is survived: at
// once, or by running the job again.
func TestFaultMatrix(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	const atOnce = 16 // most of them wait
	places := make(chan testbed, atOnce)
	for range atOnce {
		places <- newTestbed(t)
	}
	all := cells()
	if err := par.Each(t.Context(), atOnce, all, func(_ context.Context, c *cell) error {
		p := <-places
		defer func() { places <- p }()
		t.Run(c.String(), func(t *testing.T) { c.run(t, p) })
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	survived := 0
	for _, c := range all {
		if c.mark != lost {
			survived++
		}
	}
	raced := races()
	t.Run("races", func(t *testing.T) {
		for _, r := range raced {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				r.run(t)
			})
		}
	})
	t.Log("each fault once:\n" + matrix(all, 1))
	t.Log("each fault from then on, until the run is over:\n" + matrix(all, fault.Forever))
	for _, r := range raced {
		if r.mark != lost {
			survived++
		}
		t.Logf("two jobs at once, %s: %s", r.name, r.mark)
	}
	t.Logf("faults survived: %d of %d", survived, len(all)+len(raced))
	if survived != len(all)+len(raced) {
		t.Fail()
	}
}

// matrix is the cells as a table: a fault is a row, a moment a column.
func matrix(cells []*cell, times int) string {
	var b strings.Builder
	columns := moments()
	for i, m := range columns {
		fmt.Fprintf(&b, "%25s%s%s\n", "", strings.Repeat("|       ", i), m.name)
	}
	for _, f := range fault.Named() {
		fmt.Fprintf(&b, "%-24s", f)
		for _, m := range columns {
			mark := "-"
			for _, c := range cells {
				if c.fault == f && c.moment == m && c.times == times {
					mark = c.mark
				}
			}
			fmt.Fprintf(&b, " %-7s", mark)
		}
		b.WriteString("\n")
	}
	return b.String()
}
