package cli_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// moment is one point of a run at which a fault strikes: a request of an op, and the connection that carries it where no
// connection is used twice.
type moment struct {
	name    string
	op      string
	skip    int // requests of the op before
	door    string
	knocks  int  // connections at the door before
	pending bool // the project does not exist yet
	waits   bool // the run reads back
	signs   bool // the run attests; the others do not, since their moments are counted without
	lost    bool // the answer to the first log entry is lost, so that the log is asked for what it has

	attaches bool // the run attaches to a GitHub release, which has the first file already
}

// moments are those of a run with the files of matrixFiles, in their order.
func moments() []moment {
	index, issuer, sigstore, github := fakepypi.Connect, fakepypi.ConnectIssuer, fakepypi.ConnectSigstore, fakepypi.ConnectGitHub
	return []moment{
		{name: "look", op: "look", door: index},
		{name: "audience", op: "audience", door: index, knocks: 1},
		{name: "ID token to see", op: "id-token", door: issuer},
		{name: "ID token to mint", op: "id-token", skip: 1, door: issuer, knocks: 1},
		{name: "mint", op: "mint", door: index, knocks: 2},
		{name: "mint, new project", op: "mint", door: index, knocks: 2, pending: true},
		{name: "first upload", op: "upload", door: index, knocks: 3},
		{name: "first, new project", op: "upload", door: index, knocks: 3, pending: true},
		{name: "parallel upload", op: "upload", skip: 2, door: index, knocks: 5},
		{name: "sdist", op: "upload", skip: 3, door: index, knocks: 6},
		{name: "probe before burn", op: "probe", door: index, knocks: 7},
		{name: "burn", op: "burn", door: index, knocks: 8},
		{name: "probe after burn", op: "probe", skip: 1, door: index, knocks: 9},
		{name: "read back", op: "look", skip: 1, door: index, knocks: 10, waits: true},
		{name: "trust root", op: "trust-root", door: sigstore, signs: true},
		{name: "ID token to sign", op: "id-token", skip: 1, door: issuer, knocks: 1, signs: true},
		{name: "certificate", op: "certificate", door: sigstore, knocks: 6, signs: true},
		{name: "first log entry", op: "log-entry", door: sigstore, knocks: 7, signs: true},
		{name: "later log entry", op: "log-entry", skip: 2, door: sigstore, knocks: 9, signs: true},
		{name: "look at the log", op: "log-lookup", door: sigstore, knocks: 8, signs: true, lost: true},
		{name: "provenance", op: "provenance", door: index, knocks: 11, signs: true, waits: true},
		{name: "release", op: "github", skip: 1, door: github, knocks: 1, attaches: true},
		{name: "asset that is there", op: "asset-download", door: github, knocks: 3, attaches: true},
		{name: "assets at the end", op: "github", skip: 3, door: github, knocks: 4, attaches: true},
		{name: "asset", op: "asset", door: github, knocks: 5, attaches: true},
		{name: "later asset", op: "asset", skip: 2, door: github, knocks: 7, attaches: true},
	}
}

func matrixFiles() []string {
	return []string{"alder-1.0-py3-none-any.whl", "alder-1.0-cp312-cp312-win32.whl", "alder-1.0-cp313-cp313-win32.whl", "alder-1.0.tar.gz"}
}

// plan is the fault at the moment: that once, or from then on until somebody mends it.
func (m moment) plan(f fault.Fault, times int) fault.Plan {
	if f.Point == fault.AtAccept {
		return fault.Plan{Op: m.door, Fault: f, Skip: m.knocks, Times: times}
	}
	return fault.Plan{Op: m.op, Fault: f, Skip: m.skip, Times: times}
}

// patient tells that the client waits for this longer than a test can: the user ends the run then, as a job's time-out does.
// Burning has its own short bounds.
func (m moment) patient(f fault.Fault) bool {
	return f.Kind == fault.Hang && m.op != "burn" && m.op != "probe"
}

// job is one step on GitHub's runner within the test's process, whose waits take no time.
type job struct {
	stage *fakepypi.Stage
	dir   string
	env   map[string]string

	release int64 // that it attaches to
}

// newJob is a step that publishes what is in dist to the stage; its own files are in dir.
func newJob(stage *fakepypi.Stage, dist, dir string) *job {
	j := &job{stage: stage, dir: dir, env: maps.Clone(stage.Env)}
	maps.Copy(j.env, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": dist, "INPUT_PACKAGES-DIR": dist, "INPUT_REPOSITORY-URL": stage.Upload.String(),
		"INPUT_VERBOSE": "true", "INPUT_WAIT-FOR-INDEX": "0",
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
	})
	return j
}

// ending is how a run ended, as seen from outside.
type ending struct {
	code         int
	outputs      map[string]string
	log, summary string
	tokens       []fakepypi.Token // that were minted for it
}

// run does the step, and takes away what it wrote.
func (j *job) run(ctx context.Context) (ending, error) {
	var log bytes.Buffer
	before := len(j.stage.Tokens())
	code := cli.Main(ctx, cli.World{
		Version: "test", Getenv: func(name string) string { return j.env[name] }, Stdout: &log, Stderr: &log, Now: time.Now,
		Sleep: func(ctx context.Context, d time.Duration) error { return cli.Sleep(ctx, min(d, 10*time.Millisecond)) },
	})
	err := quiet(j.stage)
	e := ending{code: code, log: log.String(), tokens: j.stage.Tokens()[before:]}
	output, first := os.ReadFile(j.env["GITHUB_OUTPUT"])
	summary, second := os.ReadFile(j.env["GITHUB_STEP_SUMMARY"])
	e.outputs, e.summary = outputsIn(string(output)), string(summary)
	return e, errors.Join(err, first, second, os.Remove(j.env["GITHUB_OUTPUT"]), os.Remove(j.env["GITHUB_STEP_SUMMARY"]))
}

// quiet waits until the stage has dealt with every request, also those whose client has gone.
func quiet(stage *fakepypi.Stage) error {
	for range 2000 {
		if !slices.ContainsFunc(stage.Requests(), func(r fakepypi.Request) bool { return r.Ended.IsZero() }) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("a request is still being answered")
}

// wrong tells what a run said of itself that is not true.
func (e ending) wrong(stage *fakepypi.Stage) error {
	var found []error
	say := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	result := e.outputs["result"]
	if (e.code == cli.Done) != (result == "published" || result == "unchanged") {
		say("exit code %d with the result %q", e.code, result)
	}
	alive := 0
	for _, token := range e.tokens {
		if !token.Burned {
			alive++
		}
	}
	burned := e.outputs["token-burned"]
	said := strings.Contains(e.summary, "it expires by itself") || strings.Contains(e.summary, "did not show that it now rejects the token") ||
		strings.Contains(e.summary, "an unused token may exist")
	switch {
	case alive > 0 && (burned == "true" || burned == "not-minted" || !said):
		say("%d of %d upload tokens live on, and token-burned is %q (in the summary: %v)", alive, len(e.tokens), burned, said)
	case len(e.tokens) == 0 && burned == "true":
		say("token-burned is true of no token")
	}
	var seen strings.Builder // all but the lines that only the runner sees
	for line := range strings.Lines(e.log + e.summary) {
		if !strings.HasPrefix(line, "::add-mask::") {
			seen.WriteString(line)
		}
	}
	for _, secret := range append(stage.Secrets(), stage.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) {
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

// holdsExactly tells how the index differs from the set.
func holdsExactly(stage *fakepypi.Stage, set map[string]string) error {
	held := map[string]string{}
	for _, f := range stage.Files() {
		if _, twice := held[f.Name]; twice {
			return fmt.Errorf("the index has %s twice", f.Name)
		}
		held[f.Name] = f.SHA256
	}
	if !maps.Equal(held, set) {
		return fmt.Errorf("the index holds %v, not %v", held, set)
	}
	return nil
}

// allAttested tells which of the set the index serves no provenance of.
func allAttested(stage *fakepypi.Stage, set map[string]string) error {
	for name := range set {
		if text, err := stage.Provenance(name); err != nil || len(text) == 0 {
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
	err    error
	first  ending
}

// The marks of a cell.
const (
	atOnce = "."
	rerun  = "re-run"
	lost   = "LOST"
)

// survive plays a cell: a run with the fault, and where that did not end well one more without it.
func (c *cell) survive(ctx context.Context, key *rsa.PrivateKey, dist, dir string, set map[string]string) {
	c.mark, c.err = lost, nil
	stage, err := fakepypi.Start(context.WithoutCancel(ctx), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Key: key, Dir: filepath.Join(dir, "stage")})
	if err != nil {
		c.err = err
		return
	}
	defer func() { c.err = errors.Join(c.err, stage.Close()) }()
	stage.Trust(fakepypi.Publisher{Project: "alder", Pending: c.moment.pending})
	j := newJob(stage, dist, dir)
	if !c.moment.signs {
		j.env["INPUT_ATTESTATIONS"] = "false"
	}
	if c.moment.waits {
		j.env["INPUT_WAIT-FOR-INDEX"] = "30"
		if c.times == fault.Forever {
			j.env["INPUT_WAIT-FOR-INDEX"] = "1"
		}
	}
	if c.moment.attaches {
		if c.err = j.attaches(dist); c.err != nil {
			return
		}
	}
	p := c.moment.plan(c.fault, c.times)
	if c.err = stage.Break(p.Op, p.Fault, p.Skip, p.Times); c.err != nil {
		return
	}
	if c.moment.lost {
		if lost, _ := fault.ByName("close-after-store"); stage.Break("log-entry", lost, 0, 1) != nil {
			c.err = errors.New("the answer of the log cannot be lost")
			return
		}
	}
	if c.first, err = j.run(c.patience(ctx, stage)); err != nil {
		c.err = err
		return
	}
	struck := stage.Mend()[0].Struck
	wrong := []error{c.first.wrong(stage)}
	if struck == 0 {
		wrong = append(wrong, errors.New("the fault never struck"))
	}
	mark, last := atOnce, c.first
	if c.first.code != cli.Done {
		mark = rerun
		if !c.mayEnd() {
			wrong = append(wrong, errors.New("the run ended, though the fault came once and passes"))
		}
		if c.moment.signs && len(c.first.tokens) > 0 {
			wrong = append(wrong, errors.New("an upload token was minted before everything was signed"))
		}
		second, err := j.run(ctx)
		wrong = append(wrong, err, second.wrong(stage))
		if second.code != cli.Done {
			wrong = append(wrong, fmt.Errorf("the re-run ended with exit code %d:\n%s", second.code, second.log))
		}
		last = second
	}
	if c.moment.attaches {
		if last.outputs["github-release"] != "attached" { // the files are published, and this is not worth a red job
			mark = rerun
			last, err = j.run(ctx)
			wrong = append(wrong, err, last.wrong(stage))
		}
		wrong = append(wrong, j.attachedWhole(last, dist, set))
	}
	wrong = append(wrong, holdsExactly(stage, set), inVain(stage, len(set)+struck))
	if c.moment.signs {
		wrong = append(wrong, allAttested(stage, set))
	}
	if c.err = errors.Join(wrong...); c.err == nil {
		c.mark = mark
	}
}

// attaches has the job attach to a release that has its first file already.
func (j *job) attaches(dist string) error {
	name := matrixFiles()[0]
	content, err := os.ReadFile(filepath.Join(dist, name))
	if err != nil {
		return err
	}
	j.release = j.stage.GitHub.Publish(releases.Release{Tag: j.stage.Env["GITHUB_REF_NAME"]}).ID
	j.stage.GitHub.Hold(releases.Asset{Release: j.release, Name: name, Bytes: content})
	j.env["INPUT_GITHUB-RELEASE"], j.env["INPUT_GITHUB-TOKEN"] = "auto", j.stage.Env[fakepypi.GitHubToken]
	return nil
}

// attachedWhole tells whether the release has every file with its bytes, and the manifest, and nothing that broke off.
func (j *job) attachedWhole(last ending, dist string, set map[string]string) error {
	gitHub := j.stage.GitHub
	if last.outputs["github-release"] != "attached" || len(gitHub.Leaks()) > 0 {
		return fmt.Errorf("the last run has not attached: %v, leaks %v\n%s", last.outputs["github-release"], gitHub.Leaks(), last.log)
	}
	missing := maps.Clone(set)
	for _, a := range gitHub.Assets(j.release) {
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

// mayEnd tells that no client can go on after the fault: it lasts, the user ends the run, or the answer is one that a server means.
func (c *cell) mayEnd() bool {
	f := c.fault
	meant := f.Kind == fault.Oversize || (f.Kind == fault.Answer && f.Status < 500 && f.Page)
	return c.times == fault.Forever || f.Kind == fault.Hang || meant
}

// patience is a ctx that ends soon after the fault has struck, where the client would wait for long.
func (c *cell) patience(ctx context.Context, stage *fakepypi.Stage) context.Context {
	if !c.moment.patient(c.fault) {
		return ctx
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for ctx.Err() == nil {
			if planned := stage.Broken(); len(planned) == 0 || planned[0].Struck > 0 {
				break
			}
			_ = cli.Sleep(ctx, 5*time.Millisecond)
		}
		_ = cli.Sleep(ctx, 30*time.Millisecond)
		cancel(errors.New("the user ended the job"))
	}()
	return ctx
}

// inVain tells whether more uploads were taken than there are files and lost answers.
func inVain(stage *fakepypi.Stage, most int) error {
	taken := 0
	for _, r := range stage.Requests() {
		if r.Op == "upload" && r.Status == 200 {
			taken++
		}
	}
	if taken > most {
		return fmt.Errorf("the index took %d uploads, and %d were needed", taken, most)
	}
	return nil
}

// TestFaultMatrix: every fault at every moment of a run, once and as an outage that lasts for the whole run, is survived: at
// once, or by running the job again.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	dist := t.TempDir()
	for _, name := range matrixFiles() {
		content, err := distribution(name, "")
		if err == nil {
			err = os.WriteFile(filepath.Join(dist, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	set, err := digests(dist)
	if err != nil {
		t.Fatal(err)
	}
	var cells []*cell
	for _, times := range []int{1, fault.Forever} {
		for _, f := range fault.Named() {
			for _, m := range moments() {
				if f.Kind == fault.Oversize && (m.op == "look" || m.op == "provenance") && times == fault.Forever {
					continue // a page that is too long is not asked for again: this is the same as once, and takes long
				}
				cells = append(cells, &cell{fault: f, moment: m, times: times})
			}
		}
	}
	root := t.TempDir()
	var mu sync.Mutex
	next := 0
	err = par.Each(t.Context(), 16, cells, func(ctx context.Context, c *cell) error {
		mu.Lock()
		next++
		dir := filepath.Join(root, fmt.Sprint(next))
		mu.Unlock()
		if err := os.MkdirAll(filepath.Join(dir, "stage"), 0o755); err != nil {
			return err
		}
		bounded, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		c.survive(bounded, key, dist, dir, set)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	survived := 0
	for _, c := range cells {
		if c.err != nil {
			t.Errorf("%s at %s, times %d: %v\n%s", c.fault, c.moment.name, c.times, c.err, c.first.log)
		} else {
			survived++
		}
	}
	t.Log("each fault once:\n" + matrix(cells, 1))
	t.Log("each fault from then on, until the run is over:\n" + matrix(cells, fault.Forever))
	t.Logf("faults survived: %d of %d", survived, len(cells))
	if survived != len(cells) {
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
