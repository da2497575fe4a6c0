package fakepypi_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestMeasured has the answers of docs/reference/pypi-server.md that were measured on the whole index (run), Warehouse 6b62157, and are
// neither a refusal of an upload nor of a token: those are rows of the tables of refusals, caveats and claims.
func TestMeasured(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.accepted(token, wheel("name", "Demo", "summary", "trees", "classifiers", "Typing :: Typed", "home_page", "https://example.com"))
	for _, version := range []string{"1.10", "1.9"} {
		file := "demo-" + version + ".tar.gz"
		th.accepted(token, sdist("version", version).called(file).holding(file))
	}
	th.accepted(th.apiToken(), wheel("name", "Alder_Tree").called("alder_tree-1.0-py3-none-any.whl"))
	host, attested := "http://"+th.Upload.Host, "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"
	const tenMinutes = "max-age=600, public"
	for name, c := range map[string]struct {
		method, path, accept string
		body                 io.Reader
		status               int
		header               map[string]string
		has                  []string // parts of the body
	}{
		"§1.1 405 as JSON": {
			"PUT", "/_/oidc/mint-token", "application/json", nil, 405,
			map[string]string{"Content-Type": "application/json", "Allow": "POST"},
			[]string{`"message":"The method PUT is not allowed for this resource.`, `"code":"405 Method Not Allowed"`},
		},
		"§1.1 405 as a page": {
			"POST", "/simple/", "text/html", nil, 405,
			map[string]string{"Content-Type": "text/html; charset=UTF-8"},
			[]string{"<h1>405 Method Not Allowed</h1>\n  The method POST is not allowed for this resource."},
		},
		"§1.1 405 as text": {
			"DELETE", "/simple/demo/", "", nil, 405,
			map[string]string{"Content-Type": "text/plain; charset=UTF-8"},
			[]string{"405 Method Not Allowed\n\nThe method DELETE is not allowed for this resource."},
		},
		"§1.1 a page where uploads go": {"GET", "/legacy/", "", nil, 404, nil, nil},
		"§1.1 no slash": {
			"POST", "/legacy", "", nil, 308,
			map[string]string{"Location": host + "/legacy/"},
			[]string{
				"\n\nThe resource has been moved to /legacy/; you should be redirected automatically.\nAn upload was attempted to /legacy but",
			},
		},
		"§1.1 the old address": {
			"POST", "/pypi?:action=file_upload", "application/json", nil, 410,
			map[string]string{"Content-Type": "application/json"},
			[]string{`"code":"410 This API has moved to https://upload.pypi.org/legacy/. See TODO for more information."`},
		},
		"§1.1 the old address, with nothing to do": {"POST", "/pypi", "", nil, 404, nil, nil},
		"§4.1 HEAD of the audience":                {"HEAD", "/_/oidc/audience", "", nil, 405, nil, nil},
		"§5.3 no provenance": {
			"GET", attested, "", nil, 404,
			map[string]string{"Cache-Control": tenMinutes},
			[]string{"No provenance available for demo-1.0-py3"},
		},
		"§5.3 another format": {"GET", attested, "text/html", nil, 406, map[string]string{"Cache-Control": tenMinutes}, nil},
		"§5.3 an unknown file": {
			"GET", "/integrity/demo/1.0/x.whl/provenance", "", nil, 404,
			map[string]string{"Cache-Control": "", "Content-Type": "text/html; charset=UTF-8"},
			nil,
		},
		"§7.1 the list in JSON": {
			"GET", "/simple/", simpleJSON, nil, 200,
			map[string]string{"Vary": "Accept, Accept-Encoding", "Content-Type": simpleJSON, "Cache-Control": tenMinutes},
			[]string{`"name":"Alder_Tree"`, `"name":"demo"`, "\n"},
		},
		"§7.1 the list": {
			"GET", "/simple/", "", nil, 200,
			map[string]string{"Access-Control-Allow-Origin": "*"},
			[]string{`<a href="/simple/alder-tree/">Alder_Tree</a>`},
		},
		"§7.1 the newer HTML": {
			"GET", "/simple/demo/", "application/vnd.pypi.simple.v1+html", nil, 200,
			map[string]string{"Content-Type": "application/vnd.pypi.simple.v1+html"},
			nil,
		},
		"§7.1 a page": {
			"GET", "/simple/demo/", simpleJSON, nil, 200,
			map[string]string{
				"Vary": "Accept, Accept-Encoding", "Access-Control-Expose-Headers": "X-PyPI-Last-Serial", "Cache-Control": tenMinutes,
			},
			[]string{`"api-version":"1.4"`, `"versions":["1.0","1.9","1.10"]}` + "\n"},
		},
		"§7.1 another spelling": {
			"GET", "/simple/Demo/", "", nil, 301,
			map[string]string{
				"Location": host + "/simple/demo/", "Cache-Control": tenMinutes, "Content-Type": "text/plain; charset=UTF-8",
			},
			[]string{"301 Moved Permanently"},
		},
		"§7.2 another spelling": {"GET", "/pypi/Demo/json", "", nil, 301, map[string]string{"Location": host + "/pypi/demo/json"}, nil},
		"§7.2 a closing slash":  {"GET", "/pypi/demo/1.0/json/", "", nil, 200, nil, []string{`"version":"1.0"`}},
		"§7.2 the document": {
			"GET", "/pypi/demo/1.0/json", "", nil, 200,
			map[string]string{"Cache-Control": "max-age=900, public"},
			[]string{
				`"roles":[{"role":"Owner","user":"rehearser"}]`, `"author":null`, `"summary":"trees"`, `"classifiers":["Typing :: Typed"]`,
				`"project_urls":{"Homepage":"https://example.com"}`, `"license_files":null`, `"yanked":false`, `"downloads":-1`,
			},
		},
		"§4.7 a token with blanks": {
			"POST", "/_/oidc/burn-token", "", strings.NewReader(`{"token":" ` + token + `"}`), 202, nil, []string{`"Accepted"`},
		},
	} {
		header := []string{"Accept-Encoding", "identity"}
		if c.accept != "" {
			header = append(header, "Accept", c.accept)
		}
		r := th.do(c.method, c.path, c.body, header...)
		if r.status != c.status {
			t.Errorf("%s: status %d, want %d", name, r.status, c.status)
		}
		for key, want := range c.header {
			if got := strings.Join(r.header.Values(key), ", "); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
		for _, want := range c.has {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, r.body)
			}
		}
	}
	if tokens := th.Tokens(); slices.ContainsFunc(tokens, func(t fakepypi.Token) bool { return t.Burned }) {
		t.Errorf("§4.7: a token with a blank before it was revoked: %+v", tokens)
	}
}

// TestMeasured_Order: files are listed by version and then by name, 1.9 before 1.10; there are no members that this index does not have
// (§7.1).
func TestMeasured_Order(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	for _, version := range []string{"1.10", "1.9"} {
		file := "demo-" + version + ".tar.gz"
		th.accepted(token, sdist("version", version).called(file).holding(file))
	}
	page := th.get("/simple/demo/", "Accept", simpleJSON).json(t)
	var names []string
	for _, f := range page["files"].([]any) {
		names = append(names, f.(map[string]any)["filename"].(string))
	}
	if want := []string{"demo-1.9.tar.gz", "demo-1.10.tar.gz"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	if html := th.get("/simple/demo/").body; strings.Index(html, ">demo-1.9.tar.gz<") > strings.Index(html, ">demo-1.10.tar.gz<") {
		t.Errorf("the page has another order:\n%s", html)
	}
	if _, given := page["alternate-locations"]; given || len(page) != 5 {
		t.Errorf("members: %v", page)
	}
}

// TestMeasured_Success: the answer to an upload that was accepted has a body in the format of the refusals (§1.2).
func TestMeasured_Success(t *testing.T) {
	t.Parallel()
	th := opened(t)
	for accept, want := range map[string]string{
		"application/json": `{"code":"200 OK","message":"\n\n\n\n\n","title":"OK"}`,
		"":                 accepted,
		"text/html":        "<html>\n <head>\n  <title>200 OK</title>",
	} {
		p := wheel()
		p.header = []string{"Accept", accept}
		if r := th.upload(th.minted(), p); r.status != 200 || !strings.HasPrefix(r.body, want) {
			t.Errorf("Accept %q: %+v, want %q", accept, r, want)
		}
	}
}

// TestMeasured_Gzip: pages are compressed where the client prefers that, with an ETag of their own (§7.1).
func TestMeasured_Gzip(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel())
	plain := th.get("/simple/demo/", "Accept-Encoding", "identity")
	for encoding, compressed := range map[string]bool{
		"gzip": true, "gzip, deflate, br": true, "identity;q=0.1, gzip;q=0.2": true,
		"identity": false, "": false, "*": false, "gzip;q=0": false, "br": false, "identity, gzip;q=0.5": false,
	} {
		r := th.get("/simple/demo/", "Accept-Encoding", encoding)
		if got := r.header.Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("Accept-Encoding %q: %v", encoding, r.header)
			continue
		}
		if !compressed {
			continue
		}
		in, err := gzip.NewReader(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil || string(body) != plain.body || r.header.Get("ETag") == plain.header.Get("ETag") {
			t.Errorf("Accept-Encoding %q: %v, %v\n%s", encoding, err, r.header, body)
		}
		again := th.get("/simple/demo/", "Accept-Encoding", encoding, "If-None-Match", r.header.Get("ETag"))
		again.want(t, http.StatusNotModified, "")
	}
}

// TestMeasured_Claims: a number as jti or sub is an invalid token (§4.3).
func TestMeasured_Claims(t *testing.T) {
	t.Parallel()
	for _, claim := range []string{"jti", "sub"} {
		th := opened(t)
		th.Claims(func(claims map[string]any) { claims[claim] = 7 })
		th.mint(th.idToken("rehearsal")).refusedMint(t, "invalid-token", "malformed or invalid token")
	}
}

// TestMeasured_EmptyAttestations: the field is empty, and so malformed (§5.1 row 3); where attestations are switched off it is ignored.
func TestMeasured_EmptyAttestations(t *testing.T) {
	t.Parallel()
	th := opened(t)
	r := th.upload(th.minted(), wheel("attestations", ""))
	if r.status != 400 || !strings.HasPrefix(r.reason, malformed) || !strings.Contains(r.reason, "EOF while parsing a value") {
		t.Errorf("%+v", r)
	}
	th.Switch(func(s *fakepypi.Behavior) { s.NoAttestations = true })
	th.upload(th.minted(), wheel("attestations", "")).want(t, 200, "OK")
}

// TestYank_WithoutReason: a release that was yanked without a reason is yanked, and comes after the others in the JSON API (§7.2).
func TestYank_WithoutReason(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.accepted(token, wheel())
	th.accepted(token, sdist("version", "2.0").called("demo-2.0.tar.gz").holding("two"))
	if err := th.Yank(pep.Release{Project: demo, Version: "2"}, ""); err != nil {
		t.Fatal(err)
	}
	page := th.get("/simple/demo/", "Accept", simpleJSON).json(t)
	var yanked []any
	for _, f := range page["files"].([]any) {
		yanked = append(yanked, f.(map[string]any)["yanked"])
	}
	if fmt.Sprint(yanked) != "[false true]" {
		t.Errorf("yanked: %v", yanked)
	}
	var document struct {
		Info struct{ Version string }
	}
	if err := json.Unmarshal([]byte(th.get("/pypi/demo/json").body), &document); err != nil || document.Info.Version != "1.0" {
		t.Errorf("the latest release is %q, %v", document.Info.Version, err)
	}
}
