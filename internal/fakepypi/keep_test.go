package fakepypi_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// zipped is the content of a wheel with a metadata file.
// pages are all that a client can read of the projects, wherever the index is.
func pages(th *harness) map[string]string {
	th.t.Helper()
	all := map[string]string{}
	for _, path := range []string{
		"/simple/", "/simple/demo/", "/simple/old/", "/simple/gone/", "/simple/pending/",
		"/pypi/demo/json", "/pypi/demo/1.0/json", "/pypi/demo/1.1/json", "/integrity/demo/1.0/demo-1.0.tar.gz/provenance",
	} {
		for _, accept := range []string{simpleJSON, "text/html"} {
			if strings.HasPrefix(path, "/integrity/") {
				accept = "application/json"
			}
			r := th.get(path, "Accept", accept)
			all[path+" "+accept] = fmt.Sprint(r.status, r.header["X-Pypi-Last-Serial"], strings.ReplaceAll(r.body, th.Upload.Host, "HOST"))
		}
	}
	for _, f := range th.Files() {
		at := "/files/packages/" + f.Name
		for _, line := range strings.Split(th.get("/simple/"+string(f.Project)+"/", "Accept", "text/html").body, "\n") {
			if _, link, found := strings.Cut(line, `href="`); found && strings.Contains(line, ">"+f.Name+"<") {
				at, _, _ = strings.Cut(link, "#")
			}
		}
		all[f.Name] = th.get(at).body
		all[f.Name+".metadata"] = fmt.Sprint(th.get(at + ".metadata").status)
	}
	return all
}

// TestKeep_Restart: a test server that keeps what it holds is the same index again after a restart, on another port.
func TestKeep_Restart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir, Keep: true})
	th.AddPublisher(fakepypi.Publisher{Project: demo})
	th.AddPublisher(fakepypi.Publisher{Project: "pending", Pending: true})
	minted, token := th.minted(), th.apiToken()
	th.accepted(minted, wheel("requires_python", ">=3.9", "summary", "zwei <Wörter>"))
	th.accepted(minted, sdist())
	th.clock.pass(time.Hour)
	th.accepted(token, wheel("version", "1.1").called("demo-1.1-py3-none-any.whl").holding("1.1"))
	th.accepted(token, wheel("name", "Gone").called("gone-1.0-py3-none-any.whl").holding("gone"))
	th.remove("gone-1.0-py3-none-any.whl")
	if err := th.SetStatus("old", "archived"); err != nil {
		t.Fatal(err)
	}
	before := pages(th)
	if len(before) != 17+6 || !strings.HasPrefix(
		before["/simple/pending/ text/html"], "200",
	) || before["demo-1.0-py3-none-any.whl.metadata"] != "200" {
		t.Fatalf("the test checks the wrong things: %v", before)
	}
	if err := th.Close(); err != nil {
		t.Fatal(err)
	}

	again := open(t, fakepypi.Options{Dir: dir, Keep: true})
	after := pages(again)
	for at, text := range before {
		if after[at] != text {
			t.Errorf("%s was\n%s\nand is\n%s", at, text, after[at])
		}
	}
	if persistent, err := again.PersistentToken(); err != nil || persistent != token {
		t.Errorf("the standing token is another one: %v", err)
	}
	if !again.Has("Demo") || again.Has("other") {
		t.Error("Has is wrong")
	}
	again.accepted(token, sdist())
	again.upload(token, sdist().holding("other")).want(t, 400, "")
	again.upload(token, wheel("name", "gone").called("gone-1.0-py3-none-any.whl").holding("new")).want(t, 400,
		"This filename was previously used by a file that has since been deleted. Use a different version. "+
			"See https://pypi.org/help/#file-name-reuse for more information.")
	again.upload(token, wheel("name", "old").called("old-1.0-py3-none-any.whl").holding("new")).want(t, 403, "")
	again.upload(minted, wheel()).want(t, 403, "") // upload tokens are not kept
	again.clock.pass(14 * 24 * time.Hour)
	again.accepted(token, wheel("version", "1.1").called("demo-1.1-py2-none-any.whl").holding("in time"))
	again.upload(token, wheel().called("demo-1.0-py2-none-any.whl").holding("late")).want(t, 200, "")
	again.clock.pass(2 * time.Hour)
	again.upload(token, wheel("version", "1.1").called("demo-1.1-cp39-none-any.whl").holding("late too")).want(t, 400,
		"Uploading new files to releases older than 14 days is not allowed.")
}

// TestKeep_Permissions: the folder's document is readable by its owner alone, and nothing but it and the packages stays.
func TestKeep_Permissions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir, Keep: true})
	th.accepted(th.apiToken(), wheel())
	th.upload(th.apiToken(), sdist("sha256_digest", strings.Repeat("0", 64))).want(t, 400, "")
	var names []string
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if err != nil || fmt.Sprint(names) != "[packages stage.json]" {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "stage.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Keep: true}); err == nil {
		_ = servers.Close()
		t.Error("a test server keeps its files without a folder")
	}
}

// TestKeep_DamagedState: damaged or foreign files are reported, and left unchanged.
func TestKeep_DamagedState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new string // of the document: a pattern, and what its first match becomes
		says     string
	}{
		"no JSON":            {`(?s).*`, "hello", "stage.json is damaged: invalid character"},
		"nothing":            {`(?s).*`, "", "stage.json is damaged: unexpected end"},
		"cut off":            {`\n}\n`, "\n", "stage.json is damaged"},
		"two documents":      {`\n}\n`, "\n}\n{}", "stage.json is damaged"},
		"of another program": {`"format": ".*"`, `"format": "x"`, `stage.json belongs to another program (its format is "x")`},
		"a package.json":     {`(?s).*`, `{"name": "x", "version": "1.0"}`, "stage.json is damaged: json: cannot unmarshal string"},
		"of a newer version": {
			`"version": 3,`, `"version": 4, "news": true,`, "stage.json has version 4, but this program reads versions up to 3",
		},
		"an unknown field": {`"version": 3,`, `"version": 3, "news": true,`, `unknown field "news"`},
		"no user":          {`"user": ".*"`, `"user": ""`, "it names no user"},
		"a status":         {`"active"`, `"asleep"`, `project "demo": it has the status "asleep"`},
		"a project twice": {
			`"projects": \[`, `"projects": [{"id":"x","name":"Demo","status":"active","seq":1},`, `project "demo": it is there twice`,
		},
		"a project of no one": {`"name": "demo"`, `"name": ""`, "it has no id or no name"},
		"a release":           {`"version": "1.0"`, `"version": "dog"`, `release "dog": `},
		"a release twice":     {`"releases": \[`, `"releases": [{"version": "1.0.0", "seq": 1},`, `release "1.0": it is there twice`},
		"a release less":      {`"version": "1.0"`, `"version": "2.0"`, `its release "1.0" is not there`},
		"a file elsewhere":    {`"name": "demo-1.0-py3-none-any.whl"`, `"name": "../../x"`, "that is no file name"},
		"a file's name": {
			`"name": "demo-1.0-py3-none-any.whl"`, `"name": "demo-1.1-py3-none-any.whl"`,
			"the file demo-1.1-py3-none-any.whl cannot be read",
		},
		"a digest":            {`"md5": "`, `"md5": "x`, "a digest is not one"},
		"another digest":      {`"sha256": "...`, `"sha256": "123`, "has other bytes than were uploaded"},
		"a size":              {`"size": \d+`, `"size": 10`, "has other bytes than were uploaded"},
		"ahead of itself":     {`"serial": \d+`, `"serial": 99`, "its serial 99 is ahead of the index"},
		"a project to come":   {`(?s)("created": "[^"]*",\s*"seq":) \d+(,\s*"serial")`, `$1 99$2`, "a row has the number 99 of"},
		"a file without time": {`(?s)("uploaded": "[^"]*",\s*"seq":) \d+`, `$1 0`, "a row has the number 0 of"},
		"no time":             {`"uploaded": ".*"`, `"uploaded": "today"`, "stage.json is damaged: parsing time"},
		"a publisher without its project": {
			`(?s)"projects": \[\s*"demo"`, `"projects": ["none"`, `a publisher: its project "none" is not there`,
		},
		"a publisher without an owner": {`"owner": "octo-org"`, `"owner": ""`, "a publisher: it is incomplete"},
		"a pending one of nothing": {
			`(?s)"projects": \[\s*"pending"\s*\]`, `"projects": []`, "a publisher: it is pending and has not one project",
		},
		"a token of no root": {`"root": ".*"`, `"root": ""`, "is incomplete, or there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			th := open(t, fakepypi.Options{Dir: dir, Keep: true})
			th.accepted(th.apiToken(), wheel())
			th.AddPublisher(fakepypi.Publisher{Project: demo})
			th.AddPublisher(fakepypi.Publisher{Project: "pending", Pending: true})
			if err := th.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "stage.json")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := regexp.MustCompile(c.old).FindSubmatchIndex(text)
			if at == nil {
				t.Fatalf("%s is not in the document:\n%s", c.old, text)
			}
			changed := string(text[:at[0]]) + string(regexp.MustCompile(c.old).Expand(nil, []byte(c.new), text, at)) + string(text[at[1]:])
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Dir: dir, Keep: true})
			if err == nil {
				_ = servers.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "use another folder") {
				t.Errorf("%v\nwant %s", err, c.says)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != changed {
				t.Errorf("the document was changed: %v\n%s", err, now)
			}
		})
	}
}

// TestKeep_Folder: the files beside the document must exist, and no other process may write.
func TestKeep_Folder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, wheel string)
		says   string
	}{
		"the document is lost": {
			func(t *testing.T, dir, _ string) { remove(t, filepath.Join(dir, "stage.json")) }, "has packages in it, but no stage.json",
		},
		"a file is lost": {func(t *testing.T, _, wheel string) { remove(t, wheel) }, "the file demo-1.0-py3-none-any.whl cannot be read"},
		"a file is changed": {
			func(t *testing.T, _, wheel string) { write(t, wheel, strings.Repeat("x", 9)) }, "has other bytes than were uploaded",
		},
		"its metadata is lost": {
			func(t *testing.T, _, wheel string) { remove(t, wheel+".metadata") },
			"the metadata file of demo-1.0-py3-none-any.whl is missing",
		},
		"a folder": {func(t *testing.T, dir, _ string) {
			remove(t, filepath.Join(dir, "stage.json"))
			if err := os.Mkdir(filepath.Join(dir, "stage.json"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "stage.json is not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			th := open(t, fakepypi.Options{Dir: dir, Keep: true})
			th.accepted(th.apiToken(), wheel())
			if err := th.Close(); err != nil {
				t.Fatal(err)
			}
			found, err := filepath.Glob(filepath.Join(dir, "packages/*/*/*/demo-1.0-py3-none-any.whl"))
			if err != nil || len(found) != 1 {
				t.Fatalf("%v, %v", found, err)
			}
			c.change(t, dir, found[0])
			servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Dir: dir, Keep: true})
			if err == nil {
				_ = servers.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v\nwant %s", err, c.says)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKeep_OneProcess: where another process has written, an upload is not answered as done, and that other document stays.
func TestKeep_OneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "stage.json")
	servers, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Dir: dir, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	th := &harness{Servers: servers, t: t, http: newClient()}
	token := th.apiToken()
	remove(t, path)
	write(t, path, "not yours")
	for range 2 { // the second one is the same file again, which is no more on disk than before
		r := th.upload(token, wheel())
		if r.status != 500 || !strings.Contains(r.reason, "another process has changed "+path) {
			t.Errorf("%+v", r)
		}
	}
	if _, err := servers.APIToken(); err == nil {
		t.Error("a token was made that is nowhere kept")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "not yours" {
		t.Errorf("%s, %v", text, err)
	}
	remove(t, path) // it is gone: what is in memory is all there is
	th.accepted(token, wheel())
	if err := servers.Close(); err != nil {
		t.Error(err)
	}
	again := open(t, fakepypi.Options{Dir: dir, Keep: true})
	again.accepted(token, wheel())
}

// TestKeep_EarlierVersion: the document of an earlier version is read, with what it has.
func TestKeep_EarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir, Keep: true})
	th.accepted(th.apiToken(), wheel("summary", "trees"))
	if err := th.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "stage.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := regexp.MustCompile(`(?s)"metadata": \{.*?\n          \}`).ReplaceAll(text, []byte(`"summary": "trees", "yanked": "broken"`))
	old = bytes.Replace(old, []byte(`"version": 3,`), []byte(`"version": 1,`), 1)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	info := open(t, fakepypi.Options{Dir: dir, Keep: true}).get("/pypi/demo/json").json(t)["info"].(map[string]any)
	if info["summary"] != "trees" || info["yanked"] != true || info["yanked_reason"] != "broken" {
		t.Errorf("%v\nof\n%s", info, old)
	}
}

// TestKeep_Settings: what owners have set is there again after a restart: yanks, limits of a project and of all, publishers, and pending
// ones, and those that were removed are gone. The same flags again change nothing.
func TestKeep_Settings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir, Keep: true, Control: true})
	for _, action := range []string{
		`{"action": "add-publisher", "project": "demo"}`,
		`{"action": "add-publisher", "project": "elder", "environment": "Later", "pending": true}`,
		`{"action": "add-publisher", "project": "left", "workflow": "other.yml"}`,
		`{"action": "remove-publishers", "project": "left"}`,
	} {
		th.act(action).want(t, 200, "")
	}
	th.accepted(th.minted(), wheel())
	size := fmt.Sprint(len(sdist().content))
	for _, action := range []string{
		`{"action": "yank", "project": "demo", "version": "1.0", "reason": "broken"}`,
		`{"action": "limits", "project": "demo", "file-bytes": ` + size + `, "project-bytes": 100000}`,
		`{"action": "limits", "file-bytes": 1, "project-bytes": 2}`,
	} {
		th.act(action).want(t, 200, "")
	}
	if err := th.Close(); err != nil {
		t.Fatal(err)
	}

	again := open(t, fakepypi.Options{Dir: dir, Keep: true, Control: true})
	again.AddPublisher(fakepypi.Publisher{Project: demo})
	again.AddPublisher(fakepypi.Publisher{Project: "elder", Environment: "later", Pending: true})
	if page := again.get("/simple/demo/").body; !strings.Contains(page, `data-yanked="broken"`) {
		t.Errorf("the yank is gone:\n%s", page)
	}
	page := again.get("/project/demo/").body
	if strings.Count(page, "octo-org/rehearsal, workflow release.yml") != 1 {
		t.Errorf("the publishers of the page:\n%s", page)
	}
	token := again.minted()
	again.accepted(token, sdist())
	if r := again.upload(token, wheel().called("demo-1.0-py2-none-any.whl").holding(strings.Repeat("x", 9999))); r.status != 400 ||
		!strings.HasPrefix(r.reason, "File too large. Limit for project 'demo' is "+size+" bytes.") {
		t.Errorf("%+v", r)
	}
	if r := again.upload(again.apiToken(), wheel("name", "other").called("other-1.0-py3-none-any.whl").holding("other")); r.status != 400 ||
		!strings.HasPrefix(r.reason, "File too large. Limit for project 'other' is 1 bytes.") {
		t.Errorf("%+v", r)
	}
	if page := again.get("/project/left/").body; strings.Contains(page, "other.yml") {
		t.Errorf("a publisher that was removed is there again:\n%s", page)
	}
	if again.Has("elder") {
		t.Error("the project of the pending publisher is there")
	}
	if err := again.Servers.AddPublisher(fakepypi.Publisher{Project: "third", Environment: "x", Pending: true}); err != nil {
		t.Error(err)
	}
	if err := again.Servers.AddPublisher(fakepypi.Publisher{Project: "third", Environment: "x", Pending: true}); err == nil {
		t.Error("a second pending publisher of this run was added")
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	later := open(t, fakepypi.Options{Dir: dir, Keep: true, Run: fakepypi.Run{Environment: "later"}})
	if r := later.mint(later.idToken("rehearsal")); r.status != 200 {
		t.Errorf("%+v", r)
	}
	if !later.Has("elder") {
		t.Error("the pending publisher is gone")
	}
}
