package fakepypi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// TestReleases_APIStrict: what GitHub answers to plain requests, by the words of its documentation and of people who met them.
func TestReleases_APIStrict(t *testing.T) {
	t.Parallel()
	g := releases.New(releases.Options{
		Repository: "o/r", Tokens: map[string]releases.Right{
			releaseToken("w"): releases.Write, releaseToken("r"): releases.Read,
			releaseToken("x"): releases.Outside, releaseToken("n"): releases.Nothing,
		},
	})
	v1 := g.Publish(releases.Release{Tag: "v1"})
	draft := g.Publish(releases.Release{Tag: "v2", Draft: true})
	frozen := g.Publish(releases.Release{Tag: "v0", Immutable: true})
	half := g.AddAsset(releases.Asset{Release: v1.ID, Name: "half.whl", Starter: true})
	there := g.AddAsset(releases.Asset{Release: v1.ID, Name: "there.whl", Bytes: []byte("there")})
	api, uploads, storage := serve(t, g.API()), serve(t, g.Uploads()), serve(t, g.Storage())
	g.StorageAt(storage)
	assets := func(r releases.Release, query string) string {
		return fmt.Sprintf("/repos/o/r/releases/%d/assets%s", r.ID, query)
	}
	for _, c := range []struct {
		name, token, method, path string
		at                        *url.URL
		body, accept              string
		status                    int
		says                      string
	}{
		{"no token", "", "GET", "/repos/o/r/releases", api, "", "", 401, "Bad credentials"},
		{"an unknown token", "?", "GET", "/repos/o/r/releases", api, "", "", 401, "Bad credentials"},
		{"another repository", "w", "GET", "/repos/o/s/releases", api, "", "", 404, "Not Found"},
		{"a hidden one", "n", "GET", "/repos/o/r/releases", api, "", "", 404, "Not Found"},
		{"an unknown tag", "w", "GET", "/repos/o/r/releases/tags/v9", api, "", "", 404, "Not Found"},
		{"a tag", "r", "GET", "/api/v3/repos/o/r/releases/tags/v1", api, "", "", 200, `"tag_name":"v1"`},
		{"a draft has no tag", "w", "GET", "/repos/o/r/releases/tags/v2", api, "", "", 404, "Not Found"},
		{"a writer sees drafts", "w", "GET", "/repos/o/r/releases", api, "", "", 200, `"draft":true`},
		{"an immutable one", "r", "GET", "/repos/o/r/releases/tags/v0", api, "", "", 200, `"immutable":true`},
		{"notes", "w", "POST", "/repos/o/r/releases/generate-notes", api, `{"tag_name":"v1"}`, "", 200, "What's Changed"},
		{"notes without a tag", "w", "POST", "/repos/o/r/releases/generate-notes", api, `{}`, "", 422, "tag_name"},
		{
			"notes for a reader", "r", "POST", "/repos/o/r/releases/generate-notes", api, `{"tag_name":"v1"}`, "", 403,
			"Resource not accessible by integration",
		},
		{"notes for a stranger", "x", "POST", "/repos/o/r/releases/generate-notes", api, `{"tag_name":"v1"}`, "", 404, "Not Found"},
		{"the list of assets", "r", "GET", assets(v1, ""), api, "", "", 200, `"state":"starter"`},
		{"a page of it", "r", "GET", assets(v1, "?per_page=1&page=2"), api, "", "", 200, `"name":"there.whl"`},
		{"a page behind it", "r", "GET", assets(v1, "?per_page=1&page=9"), api, "", "", 200, "[]"},
		{"an upload at the API's place", "w", "POST", assets(v1, "?name=a.whl"), api, "a", "", 404, "Not Found"},
		{"an upload", "w", "POST", assets(v1, "?name=a.whl"), uploads, "a", "", 201, `"digest":"sha256:ca978112`},
		{"an upload of a reader", "r", "POST", assets(v1, "?name=b.whl"), uploads, "a", "", 403, "Resource not accessible"},
		{"without a name", "w", "POST", assets(v1, ""), uploads, "a", "", 400, "name"},
		{"without bytes", "w", "POST", assets(v1, "?name=b.whl"), uploads, "", "", 400, "length"},
		{"a name that is taken", "w", "POST", assets(v1, "?name=there.whl"), uploads, "a", "", 422, "already_exists"},
		{"a name that is half taken", "w", "POST", assets(v1, "?name=half.whl"), uploads, "a", "", 422, "already_exists"},
		{"a name that becomes one that is taken", "w", "POST", assets(v1, "?name=there~whl"), uploads, "a", "", 422, "already_exists"},
		{"to a draft", "w", "POST", assets(draft, "?name=a.whl&label=A"), uploads, "a", "", 201, `"label":"A"`},
		{
			"to an immutable release", "w", "POST", assets(frozen, "?name=a.whl"), uploads, "a", "", 422,
			"Cannot upload assets to an immutable release",
		},
		{"to none", "w", "POST", "/repos/o/r/releases/999/assets?name=a.whl", uploads, "a", "", 404, "Not Found"},
		{"an asset", "r", "GET", fmt.Sprintf("/repos/o/r/releases/assets/%d", there.ID), api, "", "", 200, `"name":"there.whl"`},
		{
			"its bytes are elsewhere", "r", "GET", fmt.Sprintf("/repos/o/r/releases/assets/%d", there.ID), api, "",
			"application/octet-stream", 302,
			"",
		},
		{
			"half an asset has none", "r", "GET", fmt.Sprintf("/repos/o/r/releases/assets/%d", half.ID), api, "",
			"application/octet-stream", 404,
			"",
		},
		{"the storage wants a signature", "", "GET", fmt.Sprintf("/release-assets/%d", there.ID), storage, "", "", 400, ""},
		{
			"and no credential", "r", "GET", fmt.Sprintf("/release-assets/%d?sig=signed-for-one-download", there.ID), storage, "", "", 400,
			"",
		},
		{"with it", "", "GET", fmt.Sprintf("/release-assets/%d?sig=signed-for-one-download", there.ID), storage, "", "", 200, "there"},
		{
			"a reader deletes nothing", "r", "DELETE", fmt.Sprintf("/repos/o/r/releases/assets/%d", half.ID), api, "", "", 403,
			"Resource not accessible",
		},
		{"a writer does", "w", "DELETE", fmt.Sprintf("/repos/o/r/releases/assets/%d", half.ID), api, "", "", 204, ""},
		{"once", "w", "DELETE", fmt.Sprintf("/repos/o/r/releases/assets/%d", half.ID), api, "", "", 404, "Not Found"},
		{"an edit is counted", "w", "PATCH", fmt.Sprintf("/repos/o/r/releases/%d", v1.ID), api, `{"name":"x"}`, "", 200, "v1"},
	} {
		status, body := sendTo(t, c.method, c.at.String()+c.path, c.token, c.body, c.accept)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, status, body, c.status, c.says)
		}
	}
	_, list := sendTo(t, "GET", api.String()+"/repos/o/r/releases", "r", "", "")
	if strings.Contains(list, "v2") || !json.Valid([]byte(list)) {
		t.Errorf("a reader sees %s", list)
	}
	if g.Edits() != 1 || len(g.Leaks()) != 1 {
		t.Errorf("%d edits, leaks %v", g.Edits(), g.Leaks())
	}
}

// TestReleases_InterruptedUpload leaves its name taken.
func TestReleases_InterruptedUpload(t *testing.T) {
	t.Parallel()
	g := releases.New(releases.Options{Repository: "o/r", Tokens: map[string]releases.Right{releaseToken("w"): releases.Write}})
	r := g.Publish(releases.Release{Tag: "v1"})
	at := serve(t, g.Uploads())
	request, err := http.NewRequestWithContext(
		t.Context(), "POST", fmt.Sprintf("%s/repos/o/r/releases/%d/assets?name=a.whl", at, r.ID),
		io.MultiReader(strings.NewReader("half"), broken{}),
	)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 100
	request.Header.Set("Authorization", "Bearer "+releaseToken("w"))
	request.Header.Set("Content-Type", "application/octet-stream")
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatalf("answered %d", response.StatusCode)
	}
	for range 1000 {
		if len(g.Assets(r.ID)) > 0 {
			break
		}
		_, _ = sendTo(t, "GET", at.String()+"/repos/o/r/releases", "w", "", "")
	}
	if all := g.Assets(r.ID); len(all) != 1 || !all[0].Starter {
		t.Errorf("%+v", all)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReleases_Renamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a-1.0+cu12-py3.whl": "a-1.0+cu12-py3.whl", "a-1!2.tar.gz": "a-1.2.tar.gz", "a  (b)~.whl": "a.b.whl", ".hidden": "default.hidden",
		"a@b_c.": "a@b_c",
	} {
		if got := releases.Renamed(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func serve(t *testing.T, handler http.Handler) *url.URL {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// token is one that stands nowhere by chance.
func releaseToken(who string) string { return "ghs_0123456789_of_" + who }

func sendTo(t *testing.T, method, at, who, body, accept string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("Accept", accept)
	if who != "" {
		request.Header.Set("Authorization", "Bearer "+releaseToken(who))
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
