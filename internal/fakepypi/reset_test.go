package fakepypi_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// state returns all that a test server says of what has happened, and of how it behaves.
func (th *harness) state() string {
	th.t.Helper()
	provenance, err := th.Provenance("demo-1.0-py3-none-any.whl")
	return fmt.Sprint(
		th.Files(), th.Tokens(), th.Secrets(), th.Requests(), th.LogSize(), th.Has("demo"), th.Plans(), provenance, err,
		th.GitHub.Assets(1), th.GitHub.Assets(2), th.GitHub.Assets(3), th.GitHub.RequestCount(releases.Upload), th.GitHub.Edits(),
		th.GitHub.Leaks(),
	)
}

// story uses everything that a test server has, and leaves it broken.
func (th *harness) story() {
	th.t.Helper()
	th.AddPublisher(fakepypi.Publisher{Project: "demo"})
	th.AddPublisher(fakepypi.Publisher{Project: "pending", Pending: true})
	th.attested(th.minted())
	if n := len(th.Files()); n != 1 || th.LogSize() != 1 {
		th.t.Fatalf("%d files, %d log entries", n, th.LogSize())
	}
	release := th.GitHub.Publish(fakepypi.Release{Tag: "v1.0.0"})
	th.GitHub.AddAsset(releases.Asset{Release: release.ID, Name: "a", Bytes: []byte("a")})
	th.GitHub.Say(releases.Upload, releases.Answer{Status: 500})
	th.GitHub.AllowToken(th.Env[fakepypi.GitHubToken], releases.Read)
	th.Claims(func(claims map[string]any) { claims["repository_owner_id"] = "1" })
	th.Forge("foreign-key")
	th.Switch(func(w *fakepypi.Behavior) { w.ReadOnly = true })
	th.SwitchSigstore(func(w *fakepypi.SigstoreBehavior) { w.FreshLog, w.BadSET = true, true })
	th.breaks("look", named(th.t, "status-503"), 1, fault.Forever)
}

// TestReset: a test server that was reset is one that was just started, again and again.
func TestReset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir})
	env := fmt.Sprint(th.Env)
	first := th.state()
	for round := range 3 {
		th.story()
		if th.state() == first {
			t.Fatal("the story leaves nothing behind: the test checks nothing")
		}
		if err := th.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now := th.state(); now != first {
			t.Errorf("round %d: it remembers\n%s\nand began with\n%s", round, now, first)
		}
		if now := fmt.Sprint(th.Env); now != env {
			t.Errorf("round %d: the environment became %s", round, now)
		}
		if err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				t.Errorf("round %d: %s is left", round, path)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		for range 3 { // the fault that was planned is gone
			th.get("/simple/demo/").want(t, 404, "")
		}
		th.mint(th.idToken("rehearsal")).want(t, 422, "") // the publisher is gone too
		if err := th.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Rights, switches and forgeries are those of the beginning.
	release := th.GitHub.Publish(fakepypi.Release{Tag: "v1.0.0"})
	th.do("POST", fmt.Sprintf(
		"%s/repos/%s/releases/%d/assets?name=b", strings.Replace(th.Env["GITHUB_API_URL"], "/api/v3", "/api/uploads", 1),
		th.Env["GITHUB_REPOSITORY"], release.ID,
	),
		strings.NewReader("b"), "Authorization", "Bearer "+th.Env[fakepypi.GitHubToken], "Content-Type", "text/plain").want(t, 201, "")
}

// TestResetRefused: while a request is being answered, and where the index keeps what it holds.
func TestResetRefused(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.breaks("look", named(t, "hang"), 0, 1)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		r, err := th.http.Do(th.request("look", ""))
		if err == nil {
			r.Body.Close()
		}
	}()
	eventually(t, "the request hangs", func() bool { return th.Plans()[0].Hits == 1 })
	if err := th.Reset(t.Context()); err == nil || len(th.Requests()) == 0 {
		t.Errorf("reset while a request is being answered: %v", err)
	}
	if err := th.Close(); err != nil {
		t.Error(err)
	}
	<-answered

	dir := t.TempDir()
	persistent := open(t, fakepypi.Options{Dir: dir, Keep: true})
	persistent.accepted(persistent.apiToken(), wheel())
	before := persistent.state()
	if err := persistent.Reset(t.Context()); err == nil || persistent.state() != before {
		t.Errorf("an index that keeps what it holds was reset: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "packages")); err != nil || len(persistent.Files()) != 1 {
		t.Errorf("what is kept is gone: %v", err)
	}
}

// TestReset_RequestOnItsWay: a client sends a request and goes, and the servers are reset before they have read it. The request is of the
// time before.
func TestReset_RequestOnItsWay(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	for range 50 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", th.Upload.Host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "GET /simple/demo/ HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if err := th.Reset(t.Context()); err != nil {
			continue // it was being answered at that moment, which is recorded
		}
		th.get("/simple/other/").want(t, 404, "")
		if slices.ContainsFunc(th.Requests(), func(r fakepypi.Request) bool { return r.Path == "/simple/demo/" }) {
			t.Fatal("it has a request of the time before")
		}
	}
}
