package fakepypi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// act sends an action to the control endpoint.
func (th *harness) act(action string) reply {
	th.t.Helper()
	return th.do("POST", fakepypi.ControlPath, strings.NewReader(action))
}

// TestControl_Owner: a client does what owners and administrators do on PyPI's pages, and other clients see it.
func TestControl_Owner(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Control: true})
	const file = "demo-1.0-py3-none-any.whl"
	th.mint(th.idToken("rehearsal")).want(t, 422, "")
	th.act(`{"action":"add-publisher","project":"Demo"}`).want(t, 200, "")
	token := th.minted()
	th.accepted(token, wheel())
	stored := th.get(fakepypi.ControlPath).body

	th.act(`{"action":"yank","project":"demo","version":"1.0.0","reason":"it broke"}`).want(t, 200, "")
	page := th.get("/project/demo/").body
	for _, want := range []string{
		"yanked: it broke", file, sha256Of(theWheel), "octo-org/rehearsal, workflow release.yml, any environment", "Status: active",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page\n%s", want, page)
		}
	}
	if html := th.get("/simple/demo/").body; !strings.Contains(html, `data-yanked="it broke"`) {
		t.Errorf("not yanked: %s", html)
	}
	th.act(`{"action":"unyank","project":"demo","version":"1.0"}`).want(t, 200, "")
	if html := th.get("/simple/demo/").body; strings.Contains(html, "data-yanked") {
		t.Errorf("still yanked: %s", html)
	}

	th.act(`{"action":"read-only","on":true}`).want(t, 200, "")
	th.upload(token, sdist()).want(t, 403, "Read-only mode: Uploads are temporarily disabled.")
	th.act(`{"action":"read-only"}`).want(t, 200, "")

	th.act(`{"action":"limits","file-bytes":10}`).want(t, 200, "")
	r := th.upload(token, sdist())
	if r.status != 400 || !strings.HasPrefix(r.reason, "File too large. Limit for project 'demo' is 10 bytes.") {
		t.Errorf("%+v", r)
	}
	th.act(`{"action":"limits"}`).want(t, 200, "")

	th.act(`{"action":"status","project":"demo","status":"quarantined"}`).want(t, 200, "")
	if r := th.upload(token, sdist()); r.status != 403 {
		t.Errorf("%+v", r)
	}
	if list := th.get("/simple/demo/", "Accept", simpleJSON).json(t); len(list["files"].([]any)) != 0 {
		t.Errorf("a project in quarantine shows %v", list)
	}
	th.get("/pypi/demo/json").want(t, 404, "")
	th.act(`{"action":"status","project":"demo","status":"active"}`).want(t, 200, "")

	th.act(`{"action":"delete","file":"`+file+`"}`).want(t, 200, "")
	r = th.upload(token, wheel())
	if r.status != 400 || !strings.HasPrefix(r.reason, "This filename was previously used") {
		t.Errorf("%+v", r)
	}
	th.act(`{"action":"remove-publishers","project":"demo"}`).want(t, 200, "")
	th.upload(token, sdist()).want(t, 403, unfit)
	known := stored + th.get(fakepypi.ControlPath).body
	expect.Contains(t, "what it knows", known, `"action":"yank"`, `"files":[{"name":"`+file, `"tokens":[{"id":`)
	expect.Lacks(t, "what it knows", known, token)
	if names := regexp.MustCompile(`"\w*[A-Z]\w*":`).FindAllString(known, -1); names != nil {
		t.Errorf("names of members in JSON that are not lower case: %s", names)
	}
}

// TestControl_Errors: what cannot be done is answered with the reason, and a web page cannot do anything.
func TestControl_Errors(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Control: true})
	for body, says := range map[string]string{
		"":                               "send one JSON object",
		`{"action":"dance"}`:             `unknown action "dance"`,
		`{"action":"yank"} {}`:           "one action per request",
		`{"act":"yank"}`:                 "unknown field",
		`{"action":"yank"}`:              "needs the members project and version",
		`{"action":"delete"}`:            "needs the members file",
		`{"action":"delete","file":"x"}`: "the index holds no file",
		`{"action":"yank","project":"demo","version":"1"}`:       "has no release",
		`{"action":"unyank","project":"demo","version":"dog"}`:   "dog",
		`{"action":"status","project":"demo","status":"asleep"}`: `cannot be "asleep"`,
		`{"action":"status","project":"-","status":"active"}`:    "not a valid project name",
		`{"action":"add-publisher","project":"-"}`:               "not a valid project name",
		`{"action":"remove-publishers","project":"-"}`:           "not a valid project name",
		`{"action":"limits","file-bytes":-1}`:                    "negative",
	} {
		r := th.act(body)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.status != 400 || !strings.Contains(answer.Error, says) {
			t.Errorf("%s: %+v, want %q", body, r, says)
		}
	}
	pause := strings.NewReader(`{"action":"read-only","on":true}`)
	if r := th.do("POST", fakepypi.ControlPath, pause, "Origin", "http://x"); r.status != 403 {
		t.Errorf("from a web page: %+v", r)
	}
	if r := th.do("DELETE", fakepypi.ControlPath, nil); r.status != 405 || r.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("%+v", r)
	}
	open(t, fakepypi.Options{}).get(fakepypi.ControlPath).want(t, 404, "")
}

// TestProjectPage: names are redirected to their usual spelling, and what is not there is a 404. Texts from outside are escaped.
func TestProjectPage(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.accepted(token, wheel("summary", "<b>&"))
	th.accepted(token, sdist("version", "2.0").called("demo-2.0.tar.gz").holding("two"))
	for path, status := range map[string]int{
		"/project/demo/": 200, "/project/demo/1.0.0/": 200, "/project/Demo/": 301, "/project/demo/3.0/": 404, "/project/other/": 404,
	} {
		th.get(path).want(t, status, "")
	}
	one := th.get("/project/demo/1.0/").body
	if strings.Contains(one, "demo-2.0.tar.gz") || !strings.Contains(one, "&lt;b&gt;&amp;") || strings.Contains(one, "<b>") {
		t.Errorf("%s", one)
	}
}
