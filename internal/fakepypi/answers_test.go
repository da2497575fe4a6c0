package fakepypi_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// appended is the token with caveats added by its holder: each is one more section before the signature, which becomes
// the key of the next link of the chain.
func appended(t *testing.T, token string, caveats ...string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "pypi-"))
	if err != nil {
		t.Fatal(err)
	}
	const tail = 1 + 1 + 1 + sha256.Size // end mark, field, length, signature
	signature := raw[len(raw)-sha256.Size:]
	body := bytes.Clone(raw[:len(raw)-tail])
	for _, c := range caveats {
		body = append(body, 2)
		body = binary.AppendUvarint(body, uint64(len(c)))
		body = append(append(body, c...), 0)
		mac := hmac.New(sha256.New, signature)
		mac.Write([]byte(c))
		signature = mac.Sum(nil)
	}
	body = append(body, 0, 6, sha256.Size)
	return "pypi-" + base64.RawURLEncoding.EncodeToString(append(body, signature...))
}

// TestCaveats is docs/reference/pypi-server.md §2.10.
func TestCaveats(t *testing.T) {
	t.Parallel()
	const invalid = "Invalid API Token: "
	now := time.Date(2026, 8, 31, 12, 0, 0, 0, time.UTC).Unix()
	span := func(from, to int64) string { return fmt.Sprintf("[0,%d,%d]", now+to, now+from) }
	for name, c := range map[string]struct {
		caveats []string
		reason  string // empty: it may upload
	}{
		"as minted":      {nil, ""},
		"this project":   {[]string{`[1,["demo"]]`}, ""},
		"among others":   {[]string{`[1,["other","demo"]]`}, ""},
		"five minutes":   {[]string{span(0, 300)}, ""},
		"narrowed twice": {[]string{`[1,["demo"]]`, span(0, 300), span(-5, 100)}, ""},
		"with blanks":    {[]string{` [1, ["demo"]] `}, ""},
		"other project":  {[]string{`[1,["other"]]`}, "project-scoped token is not valid for project: 'demo'"},
		"spelling":       {[]string{`[1,["Demo"]]`}, "project-scoped token is not valid for project: 'demo'"},
		"expired":        {[]string{span(-300, 0)}, "token is expired"},
		"not yet":        {[]string{span(1, 300)}, "token is expired"},
		"both": {
			[]string{`[1,["other"]]`, span(-300, 0)}, "project-scoped token is not valid for project: 'demo', token is expired",
		},
		"other id":          {[]string{`[2,["x"]]`}, "project-scoped token is not valid for project: 'demo'"},
		"a user":            {[]string{`[3,"x"]`}, "token with user restriction without a user"},
		"another publisher": {[]string{`[4,"x",null]`}, "current OIDC publisher does not match publisher restriction in token"},
		"an object":         {[]string{`{"a":1}`}, "caveat must be an array"},
		"old: this project": {[]string{`{"version":1,"permissions":{"projects":["demo"]}}`}, ""},
		"old: other project": {
			[]string{`{"version":1.0,"permissions":{"projects":["other"]}}`}, "project-scoped token is not valid for project: 'demo'",
		},
		"old: a user":           {[]string{`{"version":1,"permissions":"user"}`}, "caveat must be an array"},
		"old: no permissions":   {[]string{`{"version":1}`}, "caveat must be an array"},
		"old: five minutes":     {[]string{fmt.Sprintf(`{"exp":%d,"nbf":%d}`, now+300, now)}, ""},
		"old: expired":          {[]string{fmt.Sprintf(`{"exp":%d,"nbf":%d}`, now, now-300)}, "token is expired"},
		"old: other id":         {[]string{`{"project_ids":["x"]}`}, "project-scoped token is not valid for project: 'demo'"},
		"old: ids no list":      {[]string{`{"project_ids":"x"}`}, "invalid values for fields"},
		"1.0 as a tag":          {[]string{`[1.0,["demo"]]`}, ""},
		"true as a tag":         {[]string{`[true,["demo"]]`}, ""},
		"false as a tag":        {[]string{fmt.Sprintf("[false,%d,%d]", now+300, now)}, ""},
		"a list as a tag":       {[]string{`[[1],["demo"]]`}, "unknown error"},
		"an object as a tag":    {[]string{`[{},["demo"]]`}, "unknown error"},
		"NaN as a tag":          {[]string{`[NaN]`}, "caveat has unknown tag: nan"},
		"a fraction as a tag":   {[]string{`[9.0]`}, "caveat has unknown tag: 9.0"},
		"null as a tag":         {[]string{`[null]`}, "caveat has unknown tag: None"},
		"NaN among the names":   {[]string{`[1,["demo",NaN]]`}, "invalid values for fields"},
		"NaN in a name":         {[]string{`[1,["demo","NaN"]]`}, ""},
		"a time without end":    {[]string{`[0,99999999999999999999,0]`}, ""},
		"a text":                {[]string{`"a"`}, "caveat must be an array"},
		"null":                  {[]string{`null`}, "caveat must be an array"},
		"empty":                 {[]string{`[]`}, "caveat array cannot be empty"},
		"unknown tag":           {[]string{`[9]`}, "caveat has unknown tag: 9"},
		"a tag that is a text":  {[]string{`["x"]`}, "caveat has unknown tag: x"},
		"too short":             {[]string{`[0,1]`}, "Not enough values"},
		"no names":              {[]string{`[1]`}, "Not enough values"},
		"texts for numbers":     {[]string{`[0,"1","2"]`}, "invalid values for fields"},
		"fractions":             {[]string{`[0,99999999999.0,1]`}, "invalid values for fields"},
		"a text for a list":     {[]string{`[1,"demo"]`}, "invalid values for fields"},
		"numbers for texts":     {[]string{`[1,["demo",1]]`}, "invalid values for fields"},
		"null among the names":  {[]string{`[1,["demo",null]]`}, "invalid values for fields"},
		"no JSON":               {[]string{`[1,["demo"`}, "unknown error"},
		"the index's own again": {[]string{span(0, 900)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			r := th.upload(appended(t, th.minted(), c.caveats...), wheel())
			if c.reason == "" {
				r.want(t, 200, "OK")
			} else {
				r.want(t, 403, invalid+c.reason)
			}
		})
	}
	t.Run("signature", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		token := th.minted()
		at, other := len(token)-5, "A" // not the last one, whose bits do not all count
		if token[at:at+1] == other {
			other = "B"
		}
		th.upload(token[:at]+other+token[at+1:], wheel()).want(t, 403, invalid+"signatures do not match")
	})
	t.Run("as minted, after its time", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		token := th.minted()
		th.clock.pass(899 * time.Second)
		th.accepted(token, wheel())
		th.clock.pass(time.Second)
		th.upload(token, sdist()).want(t, 403, invalid+"token is expired, token is expired")
	})
	t.Run("another project", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		token := th.minted()
		th.accepted(th.apiToken(), wheel("name", "other").called("other-1.0-py3-none-any.whl"))
		const problem = "OIDC scoped token is not valid for project 'other', project-scoped token is not valid for project: 'other'"
		th.upload(token, wheel("name", "other").called("other-1.0-py2-none-any.whl").holding("x")).want(t, 403,
			invalid+problem+", "+problem)
	})
	t.Run("an API token of one project", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		token, err := th.APIToken("other")
		if err != nil {
			t.Fatal(err)
		}
		const problem = "project-scoped token is not valid for project: 'demo'"
		th.upload(token, wheel()).want(t, 403, invalid+problem+", "+problem)
		th.upload(appended(t, th.apiToken(), `[4,"x"]`), wheel()).want(
			t, 403, invalid+"OIDC scoped token used outside of an OIDC identified request",
		)
		th.upload(appended(t, th.apiToken(), `[3,"x"]`), wheel()).want(t, 403,
			invalid+"current user does not match user restriction in token")
	})
}

// TestAuthorization is §1.3: the ways to hand over a token.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(token string) string{
		"basic":            func(s string) string { return basic("__token__", s) },
		"with white space": func(s string) string { return basic("__token__", " "+s+"\n") },
		"bearer":           func(s string) string { return "Bearer " + s },
		"token":            func(s string) string { return "token " + s },
		"padded":           func(s string) string { return "token " + s + "==" },
		"other alphabet":   func(s string) string { return "token pypi-" + strings.NewReplacer("-", "+", "_", "/").Replace(s[5:]) },
		"stray characters": func(s string) string { return strings.Replace(basic("__token__", s), "Basic ", "Basic !-_", 1) },
		"small basic":      func(s string) string { return "basic " + strings.TrimPrefix(basic("__token__", s), "Basic ") },
	} {
		th := opened(t)
		if r := th.upload("", authorized(wheel(), header(th.minted()))); r.status != 200 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestErrorBody is §1.2: the form of the body, and where the message is not in it.
func TestErrorBody(t *testing.T) {
	t.Parallel()
	const message = "Cannot upload a file with '/' or '\\' in the name."
	for accept, c := range map[string]struct{ kind, has string }{
		"":                 {"text/plain; charset=UTF-8", "\n" + message + "\n"},
		"*/*":              {"text/html; charset=UTF-8", "Cannot upload a file with &#39;/&#39; or &#39;\\&#39; in the name."},
		"text/html":        {"text/html; charset=UTF-8", "<title>400 Cannot upload"},
		"application/json": {"application/json", `"code":"400 ` + strings.ReplaceAll(message, `\`, `\\`) + `"`},
		"application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7": {"application/json", `"title":"Bad Request"`},
		"text/html;q=0.1, application/json;q=0":                     {"text/html; charset=UTF-8", "<h1>400 "},
		"image/png":                                                 {"text/plain; charset=UTF-8", message},
	} {
		th := opened(t)
		p := wheel().called("a/b.whl")
		p.header = []string{"Accept", accept}
		r := th.upload(th.minted(), p)
		r.want(t, 400, message)
		if r.header.Get("Content-Type") != c.kind || !strings.Contains(r.body, c.has) {
			t.Errorf("Accept %q: %s\n%s\nwant %s with %q", accept, r.header.Get("Content-Type"), r.body, c.kind, c.has)
		}
		if r.header.Get("Date") != "Mon, 31 Aug 2026 12:00:00 GMT" {
			t.Errorf("Date: %s", r.header.Get("Date"))
		}
	}
	th := opened(t)
	for status, p := range map[int]upload{403: authorized(wheel(), basic("__token__", "pypi-x")), 410: wheel(":action", "doc_upload")} {
		p.header = append(p.header, "Accept", "application/json")
		r := th.upload(th.minted(), p)
		if r.status != status || r.header.Get("Content-Type") != "application/json" || !strings.Contains(r.body, r.reason) {
			t.Errorf("the body of a %d does not have the message %q: %s", status, r.reason, r.body)
		}
	}
	r := th.upload(th.minted(), wheel(":action", "dance"))
	if r.status != 404 || !strings.Contains(r.header.Get("Content-Type"), "text/html") {
		t.Errorf("the page of a 404: %+v", r)
	}
}

// TestErrorBody_Characters: those that the status line cannot have are question marks there and in the code of a JSON body (§1.2).
func TestErrorBody_Characters(t *testing.T) {
	t.Parallel()
	th := opened(t)
	p := wheel("classifiers", "日本 :: ü")
	p.header = []string{"Accept", "application/json"}
	r := th.upload(th.minted(), p)
	var body struct{ Code, Message string }
	err := json.Unmarshal([]byte(r.body), &body)
	if err != nil || !strings.Contains(body.Code, "'?? :: ü'") || !strings.Contains(body.Message, "'日本 :: ü'") {
		t.Errorf("%v\n%+v", err, body)
	}
}

// TestUpload_TooManyNewProjects: the refusal says by its headers which limit it is and when it ends, without a Retry-After (§2.9).
func TestUpload_TooManyNewProjects(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.Switch(func(s *fakepypi.Behavior) { s.TooManyProjects, s.NoProjects = true, true })
	r := th.upload(th.apiToken(), wheel())
	r.want(t, 429, "Too many new projects created")
	policy := r.header.Get("RateLimit-Policy")
	if !strings.Contains(policy, `"project.create.user";q=20;w=3600`) || !strings.Contains(r.header.Get("RateLimit"), "r=0;t=3133") ||
		r.header.Get("Retry-After") != "" {
		t.Errorf("%v", r.header)
	}
	th.Switch(func(s *fakepypi.Behavior) { s.NoProjects = false })
	th.AddPublisher(fakepypi.Publisher{Project: demo, Pending: true})
	th.upload(th.minted(), wheel()).want(t, 200, "OK") // a pending publisher is not limited
}

// TestMint_ForgottenToken: a token goes with its publisher, and that of an index in read-only mode is never stored (§4.1).
func TestMint_ForgottenToken(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.Distrust(demo)
	th.upload(token, wheel()).want(t, 403, unfit)
	th.AddPublisher(fakepypi.Publisher{Project: demo})
	th.upload(token, wheel()).want(t, 403, unfit)
	th.Switch(func(s *fakepypi.Behavior) { s.ReadOnly = true })
	token = th.minted()
	th.Switch(func(s *fakepypi.Behavior) { s.ReadOnly = false })
	th.upload(token, wheel()).want(t, 403, unfit)
	th.upload(th.minted(), wheel()).want(t, 200, "OK")
}

// TestYank: a release is yanked, and so is a file that is added to it later.
func TestYank(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.upload(th.minted(), wheel()).want(t, 200, "OK")
	release := pep.Release{Project: demo, Version: "1"}
	if err := th.Yank(release, "it broke"); err != nil {
		t.Fatal(err)
	}
	th.upload(th.minted(), sdist()).want(t, 200, "OK")
	if page := th.get("/simple/demo/").body; strings.Count(page, `data-yanked="it broke"`) != 2 {
		t.Error(page)
	}
	if err := th.Yank(pep.Release{Project: demo, Version: "7"}, "x"); err == nil {
		t.Error("a release that is not there was yanked")
	}
}

// TestStatusLine reads the raw bytes: one line, Latin-1, and a connection that ends.
func TestStatusLine(t *testing.T) {
	t.Parallel()
	th := opened(t)
	kind, body := wheel("version", "ä€\r\nX-Evil: 1").body(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", th.Upload.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn,
		"POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw\r\nAuthorization: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		basic("__token__", th.minted()), kind, len(body), body)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	line, rest, _ := bytes.Cut(answer, []byte("\r\n"))
	if want := "HTTP/1.1 400 '\xe4?\\r\\nX-Evil: 1' is invalid for 'version'." + spec; string(line) != want {
		t.Errorf("status line\n %q\nwant\n %q", line, want)
	}
	if !bytes.Contains(rest, []byte("Connection: close\r\n")) {
		t.Errorf("the rest: %s", rest)
	}
}

// TestRoutes: redirects, methods, old hosts, and what the edge refuses.
func TestRoutes(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel())
	host := "http://" + th.Upload.Host
	for _, c := range []struct {
		method, path, agent string
		status              int
		location            string
	}{
		{"GET", "/simple/demo/", "pip", 200, ""},
		{"HEAD", "/simple/demo/", "pip", 200, ""},
		{"GET", "/simple/demo", "pip", 301, host + "/simple/demo/"},
		{"GET", "/simple/Demo/", "pip", 301, host + "/simple/demo/"},
		{"GET", "/simple/DEMO", "pip", 301, host + "/simple/DEMO/"},
		{"GET", "/simple/other/", "pip", 404, ""},
		{"GET", "/simple/demo", "Go-http-client/1.1", 406, ""},
		{"GET", "/simple/demo", "go-http-client/2.0", 406, ""},
		{"GET", "/simple", "Go-http-client/1.1", 406, ""},
		{"GET", "/simple/demo/", "Go-http-client/1.1", 200, ""},
		{"GET", "/simple/demo/", "", 200, ""},
		{"GET", "/pypi/demo/json", "pip", 200, ""},
		{"GET", "/pypi/demo/json/", "pip", 200, ""},
		{"GET", "/pypi/demo/1.0/json/", "pip", 200, ""},
		{"GET", "/pypi/Demo/json", "pip", 301, host + "/pypi/demo/json"},
		{"GET", "/pypi/DEMO/1.0/json/", "pip", 301, host + "/pypi/demo/1.0/json/"},
		{"GET", "/pypi/Other/json", "pip", 404, ""},
		{"POST", "/legacy", "twine", 308, host + "/legacy/"},
		{"GET", "/legacy/", "twine", 404, ""},
		{"HEAD", "/_/oidc/audience", "x", 405, ""},
		{"POST", "/pypi?:action=file_upload", "twine", 410, ""},
		{"PUT", "/_/oidc/mint-token", "x", 405, ""},
		{"GET", "/_/oidc/burn-token", "x", 405, ""},
		{"GET", "/files/packages/../../../etc/passwd", "x", 307, "/etc/passwd"},
		{"GET", "/files/", "x", 404, ""},
		{"GET", "/", "x", 404, ""},
	} {
		r := th.do(c.method, c.path, nil, "User-Agent", c.agent)
		if r.status != c.status || r.header.Get("Location") != c.location {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, r.status, r.header.Get("Location"), c.status, c.location)
		}
	}
	th.do("POST", "/legacy", nil).want(
		t, 308, "An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)",
	)
	if r := th.get("/simple/other/"); r.body != "404 Not Found" {
		t.Errorf("%+v", r)
	}
	if r := th.get("/pypi/other/json"); r.status != 404 || r.body != `{"message":"Not Found"}` {
		t.Errorf("%+v", r)
	}
}

// TestSimpleJSON is §7.1.
func TestSimpleJSON(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.accepted(token, wheel("requires_python", ">=3.9, <4"))
	th.accepted(token, sdist())
	r := th.get("/simple/demo/", "Accept", simpleJSON)
	page := r.json(t)
	if r.header.Get("Content-Type") != simpleJSON || r.header.Get("ETag") == "" || r.header.Get("X-PyPI-Last-Serial") == "" ||
		page["name"] != "demo" ||
		page["meta"].(map[string]any)["api-version"] != "1.4" || fmt.Sprint(page["versions"]) != "[1.0]" ||
		fmt.Sprint(page["project-status"]) != "map[status:active]" {
		t.Errorf("page: %+v", r)
	}
	files := page["files"].([]any)
	file := files[0].(map[string]any)
	sum := sha256.Sum256([]byte(theWheel))
	for key, want := range map[string]any{
		"filename": "demo-1.0-py3-none-any.whl", "size": float64(len(theWheel)), "upload-time": "2026-08-31T12:00:00.000000Z",
		"requires-python": ">=3.9, <4",
		"yanked":          false, "provenance": nil, "core-metadata": map[string]any{"sha256": sha256Of(metadata)},
		"data-dist-info-metadata": map[string]any{"sha256": sha256Of(metadata)},
		"hashes":                  map[string]any{"sha256": hex.EncodeToString(sum[:])},
	} {
		if got, given := file[key]; !given || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	b2 := blake2Of(theWheel)
	at := "http://" + th.Upload.Host + "/files/packages/" + b2[:2] + "/" + b2[2:4] + "/" + b2[4:] + "/demo-1.0-py3-none-any.whl"
	if file["url"] != at {
		t.Errorf("url %v, want %s", file["url"], at)
	}
	if got := th.get(at); got.body != theWheel || got.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("file: %+v", got)
	}
	if got := th.do("HEAD", at, nil); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %+v", got)
	}
	// Listed by name, the sdist may not say what the wheel's metadata said: a release has the metadata of its first file.
	if sdist := files[1].(map[string]any); sdist["requires-python"] != ">=3.9, <4" || file["url"] == sdist["url"] {
		t.Errorf("sdist: %v", sdist)
	}
	again := th.get("/simple/demo/", "Accept", simpleJSON, "If-None-Match", r.header.Get("ETag"))
	if again.status != 304 || again.body != "" {
		t.Errorf("again: %+v", again)
	}
}

// TestSimpleHTML: the page of PEP 503, and which form is chosen.
func TestSimpleHTML(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel("requires_python", ">=3.9"))
	for accept, kind := range map[string]string{
		"": "text/html; charset=UTF-8", "*/*": "text/html; charset=UTF-8", "image/png": "text/html; charset=UTF-8",
		"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01": simpleJSON,
		"application/vnd.pypi.simple.v1+html": "application/vnd.pypi.simple.v1+html",
		"application/json":                    "text/html; charset=UTF-8",
	} {
		if got := th.get("/simple/demo/", "Accept", accept); got.header.Get("Content-Type") != kind {
			t.Errorf("Accept %q: %s, want %s", accept, got.header.Get("Content-Type"), kind)
		}
	}
	sum := sha256.Sum256([]byte(theWheel))
	b2 := blake2Of(theWheel)
	link := `<a href="http://` + th.Upload.Host + "/files/packages/" + b2[:2] + "/" + b2[2:4] + "/" + b2[4:] +
		"/demo-1.0-py3-none-any.whl#sha256=" +
		hex.EncodeToString(sum[:]) + `" data-requires-python="&gt;=3.9" data-dist-info-metadata="sha256=` + sha256Of(metadata) +
		`" data-core-metadata="sha256=` + sha256Of(metadata) + `">demo-1.0-py3-none-any.whl</a><br />`
	if page := th.get("/simple/demo/"); !strings.Contains(page.body, link) {
		t.Errorf("page\n%s\nhas not\n%s", page.body, link)
	}
	if list := th.get("/simple/"); !strings.Contains(list.body, `<a href="/simple/demo/">demo</a>`) {
		t.Errorf("list: %s", list.body)
	}
	list := th.get("/simple/", "Accept", simpleJSON).json(t)
	if fmt.Sprint(list["projects"].([]any)[0].(map[string]any)["name"]) != "demo" {
		t.Errorf("list: %v", list)
	}
}

// TestCDN is §7.3, each effect by its switch.
func TestCDN(t *testing.T) {
	t.Parallel()
	t.Run("a 404 stays for a minute", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{Behavior: fakepypi.Behavior{Absent: time.Minute}})
		th.AddPublisher(fakepypi.Publisher{Project: "demo", Pending: true})
		th.get("/simple/demo/").want(t, 404, "")
		th.accepted(th.minted(), wheel())
		th.clock.pass(59 * time.Second)
		th.get("/simple/Demo/").want(t, 404, "")
		th.get("/simple/demo/?past=the-cache").want(t, 404, "")
		// What another request asks for is another entry.
		th.get("/simple/demo/", "Accept", simpleJSON).want(t, 200, "")
		th.get("/simple/demo/", "Accept-Encoding", "identity").want(t, 200, "")
		th.clock.pass(time.Second)
		th.get("/simple/demo/").want(t, 200, "")
	})
	t.Run("and not otherwise", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{})
		th.get("/simple/demo/").want(t, 404, "")
		th.AddPublisher(fakepypi.Publisher{Project: "demo"})
		th.get("/simple/demo/").want(t, 200, "")
	})
	t.Run("the first read is stale", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		th.Switch(func(s *fakepypi.Behavior) { s.Stale = true })
		count := func() int { return len(th.get("/simple/demo/", "Accept", simpleJSON).json(t)["files"].([]any)) }
		if n := count(); n != 0 {
			t.Errorf("before: %d", n)
		}
		th.accepted(th.minted(), wheel())
		if n, m := count(), count(); n != 0 || m != 1 {
			t.Errorf("first read %d, second %d", n, m)
		}
	})
}

// TestJSONAPI is §7.2.
func TestJSONAPI(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.accepted(token, sdist("version", "1.10", "summary", "ten").called("demo-1.10.tar.gz").holding("ten"))
	th.accepted(token, wheel())
	th.accepted(token, sdist())
	th.accepted(token, sdist("version", "2.0a1").called("demo-2.0a1.tar.gz").holding("pre"))
	latest := th.get("/pypi/demo/json").json(t)
	if latest["info"].(map[string]any)["version"] != "1.10" || latest["info"].(map[string]any)["summary"] != "ten" ||
		len(latest["releases"].(map[string]any)) != 3 {
		t.Errorf("latest: %v", latest)
	}
	one := th.get("/pypi/demo/1.0.0/json").json(t)
	urls := one["urls"].([]any)
	if _, given := one["releases"]; given || len(urls) != 2 {
		t.Fatalf("release: %v", one)
	}
	first := urls[0].(map[string]any)
	digests := first["digests"].(map[string]any)
	if digests["md5"] != md5Of(theWheel) || digests["blake2b_256"] != blake2Of(theWheel) || first["packagetype"] != "bdist_wheel" ||
		first["python_version"] != "py3" || first["upload_time_iso_8601"] != "2026-08-31T12:00:00.000000Z" ||
		urls[1].(map[string]any)["python_version"] != "source" {
		t.Errorf("urls: %v", urls)
	}
	th.get("/pypi/demo/2.1/json").want(t, 404, "")
	th.get("/pypi/demo/dog/json").want(t, 404, "")
}

// TestMetadataFile: a wheel's METADATA is served beside it, and its digest listed.
func TestMetadataFile(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel())
	file := th.get("/simple/demo/", "Accept", simpleJSON).json(t)["files"].([]any)[0].(map[string]any)
	digest := sha256Of(metadata)
	if fmt.Sprint(file["core-metadata"]) != "map[sha256:"+digest+"]" ||
		fmt.Sprint(file["data-dist-info-metadata"]) != "map[sha256:"+digest+"]" {
		t.Errorf("listed: %v", file)
	}
	if got := th.get(file["url"].(string) + ".metadata"); got.body != metadata {
		t.Errorf("served: %+v", got)
	}
	if page := th.get("/simple/demo/").body; !strings.Contains(page, `data-core-metadata="sha256=`+digest+`"`) {
		t.Errorf("page: %s", page)
	}
}

// TestIntegrity is §5.3, as far as there is nothing to serve.
func TestIntegrity(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel())
	const at = "/integrity/Demo/1.0.0/demo-1.0-py3-none-any.whl/provenance"
	for accept, status := range map[string]int{
		"": 404, "application/json": 404, "application/vnd.pypi.integrity.v1+json": 404, "*/*": 404, "text/html": 406,
	} {
		r := th.get(at, "Accept", accept)
		if r.status != status || status == 404 && r.body != `{"message":"No provenance available for demo-1.0-py3-none-any.whl"}` {
			t.Errorf("Accept %q: %+v", accept, r)
		}
	}
	for _, other := range []string{
		"/integrity/demo/1.1/demo-1.0-py3-none-any.whl/provenance", "/integrity/demo/1.0/demo-1.0.tar.gz/provenance",
		"/integrity/x/1.0/y/provenance",
	} {
		if r := th.get(other); r.status != 404 || strings.Contains(r.body, "provenance") {
			t.Errorf("%s: %+v", other, r)
		}
	}
}

// TestProfiles: the other kinds of index.
func TestProfiles(t *testing.T) {
	t.Parallel()
	t.Run("testpypi", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{Profile: fakepypi.TestPyPI})
		th.AddPublisher(fakepypi.Publisher{Project: "demo"})
		th.accepted(th.minted(), wheel())
		th.upload("x", wheel()).want(t, 403, strings.ReplaceAll(unfit, "pypi.org", "test.pypi.org"))
	})
	t.Run("no trusted publishing", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{Profile: fakepypi.NoTrustedPublishing})
		for _, path := range []string{"/_/oidc/audience", "/_/oidc/mint-token", "/_/oidc/burn-token"} {
			if r := th.do("POST", path, nil); r.status != 404 {
				t.Errorf("%s: %+v", path, r)
			}
		}
		th.accepted(th.apiToken(), wheel())
	})
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{Profile: fakepypi.Plain})
		good := authorized(wheel("md5_digest", md5Of(theWheel), "sha256_digest", "-"), basic(fakepypi.User, fakepypi.Password))
		none := authorized(good, "")
		if r := th.upload("", none); r.status != 401 || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("no login: %+v", r)
		}
		th.upload("", authorized(good, basic("rehearser", "wrong"))).want(t, 401, "Unauthorized")
		th.upload("", good.with("md5_digest", md5Of("other"))).want(t, 400, "md5_digest does not match the content")
		th.upload("", good.with("version", "dog")).want(t, 400, "")
		th.upload("", good).want(t, 200, "OK")
		th.upload("", good).want(t, 409, "Conflict")
		th.upload("", good.with("version", "1.1", "md5_digest", "-").called("demo-1.1-py3-none-any.whl")).want(t, 200, "OK")
		th.upload(
			"", good.holding("other").with("md5_digest", md5Of(packed(nameOfWheel, "other")), "sha256_digest", "-"),
		).want(t, 409, "Conflict")
		page := th.get("/simple/demo/", "Accept", simpleJSON)
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.body, "#md5="+md5Of(theWheel)+`">`) {
			t.Errorf("page: %+v", page)
		}
		for _, path := range []string{"/pypi/demo/json", "/_/oidc/audience", "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"} {
			th.get(path).want(t, 404, "")
		}
	})
	if servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Profile: "devpi"}); err == nil {
		_ = servers.Close()
		t.Error("an unknown profile was taken")
	}
}

// TestDeletedFile: a file that is deleted leaves the pages, not the storage.
func TestDeletedFile(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.accepted(th.minted(), wheel())
	page := func() map[string]any { return th.get("/simple/demo/", "Accept", simpleJSON).json(t) }
	url := page()["files"].([]any)[0].(map[string]any)["url"].(string)
	th.remove("demo-1.0-py3-none-any.whl")
	if left := page(); len(left["files"].([]any)) != 0 || fmt.Sprint(left["versions"]) != "[1.0]" {
		t.Errorf("page: %v", left)
	}
	th.do("HEAD", url, nil).want(t, 200, "")
	if err := th.Remove("demo-1.0-py3-none-any.whl"); err == nil {
		t.Error("removed twice")
	}
}
