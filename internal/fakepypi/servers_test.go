package fakepypi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// TestRehearse is the whole of a client's work: audience, ID token, mint, upload, burn, read back.
func TestRehearse(t *testing.T) {
	t.Parallel()
	th := opened(t)
	audience := th.get("/_/oidc/audience")
	if audience.body != `{"audience":"rehearsal"}` {
		t.Fatalf("audience: %+v", audience)
	}
	minted := th.mint(th.idToken("rehearsal"))
	answer := minted.json(t)
	token, _ := answer["token"].(string)
	if minted.status != 200 || answer["success"] != true || !strings.HasPrefix(token, "pypi-AgE") {
		t.Fatalf("mint: %+v", minted)
	}
	if expires := int64(answer["expires"].(float64)); expires != th.clock.now().Unix()+900 {
		t.Errorf("the token expires at %d", expires)
	}
	th.accepted(token, wheel("requires_python", ">=3.9", "md5_digest", md5Of(theWheel), "blake2_256_digest", blake2Of(theWheel)))
	th.accepted(token, sdist())
	burned := th.do("POST", "/_/oidc/burn-token", strings.NewReader(`{"token":"`+token+`"}`))
	if burned.status != 202 || burned.body != `{"errors":[],"message":"Accepted"}` {
		t.Errorf("burn: %+v", burned)
	}
	th.upload(token, wheel()).want(
		t, 403, "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information.",
	)

	page := th.get("/simple/demo/", "Accept", "application/vnd.pypi.simple.v1+json").json(t)
	files, _ := page["files"].([]any)
	if len(files) != 2 {
		t.Fatalf("simple page: %v", page)
	}
	first, _ := files[0].(map[string]any)
	served := th.get(first["url"].(string))
	sum := sha256.Sum256([]byte(served.body))
	if served.body != theWheel || first["hashes"].(map[string]any)["sha256"] != hex.EncodeToString(sum[:]) {
		t.Errorf("served %q for %v", served.body, first)
	}
	if state := th.Tokens(); len(state) != 1 || !state[0].Burned || state[0].Uses != 2 {
		t.Errorf("tokens: %+v", state)
	}
}

// TestSecrets: every token that exists or that a client made up is remembered.
func TestSecrets(t *testing.T) {
	t.Parallel()
	th := opened(t)
	jwt := th.idToken("rehearsal")
	minted, _ := th.mint(jwt).json(t)["token"].(string)
	th.upload(minted, wheel())
	th.upload("pypi-made-up", wheel())
	for _, secret := range []string{jwt, minted, "pypi-made-up"} {
		if !slices.Contains(th.Secrets(), secret) {
			t.Errorf("%.20s… is not among the secrets", secret)
		}
	}
}

// TestRequests: the record has order, status and concurrency.
func TestRequests(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.clock.pass(time.Second)
	th.accepted(token, wheel())
	th.upload(token, sdist("name", "demo", "version", "dog"))
	th.get("/nothing")
	// A client may have the answer before the server has recorded that it is sent.
	eventually(t, "every request has ended", func() bool {
		return !slices.ContainsFunc(th.Requests(), func(r fakepypi.Request) bool { return r.Ended.IsZero() })
	})
	type line struct {
		op     string
		status int
	}
	var got []line
	for _, r := range th.Requests() {
		if r.Beside != 0 {
			t.Errorf("%+v", r)
		}
		got = append(got, line{r.Op, r.Status})
	}
	want := []line{{"id-token", 200}, {"mint", 200}, {"keys", 200}, {"keys", 200}, {"upload", 200}, {"upload", 400}, {"other", 404}}
	if !slices.Equal(got, want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}

// TestOps: each kind of request has its name.
func TestOps(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/_/oidc/audience": "audience", "/_/oidc/mint-token": "mint", "/_/oidc/github/mint-token": "mint", "/_/oidc/burn-token": "burn",
		"/legacy/": "upload", "/legacy": "upload", "/simple/demo/": "look", "/files/packages/x": "file",
		"/files/packages/a/alder-1.0-py3-none-any.whl.metadata": "core-metadata", "/files/packages/a/alder-1.0-py3-none-any.whl": "file",
		"/85//idtoken/x?api-version=2.0": "id-token", "/.well-known/jwks": "keys", "/": "other", "/pypi/demo/json": "json",
		"/integrity/demo/1.0/demo-1.0.tar.gz/provenance": "provenance",
		"/api/v3/repos/o/r/releases/tags/v1":             "github", "/api/v3/repos/o/r/releases/assets/1": "github",
		"/api/uploads/repos/o/r/releases/1/assets?name=x": "asset", "/release-assets/1?sig=x": "asset-download",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "/legacy") {
			if got := fakepypi.Op(r); got != "probe" {
				t.Errorf("%s without a form is %q", path, got)
			}
		}
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if got := fakepypi.Op(r); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// TestClose: a test server leaves neither a listener nor a file, however it ends, and may be closed twice.
func TestClose(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fakepypi.Servers, context.CancelFunc){
		"close":   func(s *fakepypi.Servers, _ context.CancelFunc) { _ = s.Close() },
		"context": func(_ *fakepypi.Servers, cancel context.CancelFunc) { cancel() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		servers, err := fakepypi.Start(ctx, "127.0.0.1:0", fakepypi.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		end(servers, cancel)
		if err := servers.Close(); err != nil {
			t.Error(name, err)
		}
		if resp, err := http.Get(servers.Simple.String()); err == nil { // it has to fail
			resp.Body.Close()
			t.Errorf("%s: the test server still answers", name)
		}
		cancel()
	}
}

func TestStart_Refused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]fakepypi.Options{
		"no clock":  {},
		"no folder": {Now: time.Now, Dir: "/does/not/exist"},
	} {
		if servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", o); err == nil {
			_ = servers.Close()
			t.Errorf("%s: started", name)
		}
	}
	if servers, err := fakepypi.Start(t.Context(), "nonsense", fakepypi.Options{Now: time.Now}); err == nil {
		_ = servers.Close()
		t.Error("started on a nonsense address")
	}
}

// TestUpload_StoredInDir: files are kept in the folder given, and nothing of a refused upload stays.
func TestUpload_StoredInDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir})
	th.AddPublisher(fakepypi.Publisher{Project: demo})
	token := th.minted()
	th.accepted(token, wheel())
	th.upload(token, sdist("sha256_digest", strings.Repeat("0", 64))).want(
		t, 400, "The digest supplied does not match a digest calculated from the uploaded file.",
	)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "packages" {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := th.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error("the test server removed a folder that is not its own")
	}
}
