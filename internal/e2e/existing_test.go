package e2e_test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// overwriting is an index of no particular kind, which takes an upload over a file that it has.
type overwriting struct {
	page func(name string) http.HandlerFunc // of a project; nil: the names of its files, without digests

	mu       sync.Mutex
	listings int
	posts    int
	hashes   map[string]string // MD5 of the files, by name
}

// overwritingIndex starts such an index, which holds a file of these names, and makes it the step's.
func (s *step) overwritingIndex(indexURL string, holding ...string) *overwriting {
	s.t.Helper()
	x := &overwriting{hashes: map[string]string{}}
	for _, name := range holding {
		x.hashes[name] = strings.Repeat("0", 32)
	}
	server := httptest.NewServer(x)
	s.t.Cleanup(server.Close)
	s.noWait = true
	s.env["INPUT_REPOSITORY-URL"], s.env["INPUT_INDEX-URL"] = server.URL+"/upload/", strings.Replace(indexURL, "HERE", server.URL, 1)
	s.env["INPUT_USER"], s.env["INPUT_PASSWORD"], s.env["INPUT_ATTESTATIONS"] = "me", "the password of nobody", "false"
	return x
}

// serve has the pages of the index come from page; nil has the index write them itself.
func (x *overwriting) serve(page func(project string) http.HandlerFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.page = page
}

// uploads returns how many files were uploaded.
func (x *overwriting) uploads() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.posts
}

// queries returns how many pages were requested.
func (x *overwriting) queries() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.listings
}

// hash returns the MD5 of what the index has under a name.
func (x *overwriting) hash(name string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.hashes[name]
}

func (x *overwriting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.Method == http.MethodPost {
		x.posts++
		file, header, err := r.FormFile("content")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sum := md5.New()
		_, _ = io.Copy(sum, file)
		x.hashes[header.Filename] = hex.EncodeToString(sum.Sum(nil))
		return
	}
	x.listings++
	if x.page != nil {
		x.page(filepath.Base(r.URL.Path))(w, r)
		return
	}
	x.names(filepath.Base(r.URL.Path), "")(w, r)
}

// names is a page of the names of a project's files, each followed by what is given.
func (x *overwriting) names(project, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintln(w, "<h1>Links for "+project+"</h1>")
		for name, sum := range x.hashes {
			if strings.HasPrefix(name, project+"-") {
				fmt.Fprintf(w, "<a href=%q>%s</a>\n", "/files/"+name+strings.Replace(after, "MD5", sum, 1), name)
			}
		}
	}
}

func says(status int, kind, text string) func(string) http.HandlerFunc {
	return func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			if status/100 == 3 {
				w.Header().Set("Location", text)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
}

// TestExistingFile_NotReplaced: an index that is not PyPI's may take an upload over a file that it has.
func TestExistingFile_NotReplaced(t *testing.T) {
	t.Parallel()
	const wheel, sdist = "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"
	for name, c := range map[string]struct {
		index, skip string
		page        func(string) http.HandlerFunc
		holds       []string
		code        int
		posts       int
		unasked     bool     // no request at all is sent
		outputs     []string // name=value
		says        []string
		never       []string
	}{
		"skip-existing, and no simple index is known": {
			skip: "true", code: 2, unasked: true, outputs: []string{"result=failed", "published-count=0"},
			says: []string{
				"::error title=pypi-oidc-publish%3A skip-existing-unseen::`skip-existing: true` needs to see which files 127.0.0.1:",
				"set `index-url`", "remove `skip-existing`",
			},
		},
		"skip-existing, without queries": {index: "none", skip: "true", code: 2, unasked: true, says: []string{"skip-existing-unseen"}},
		"no simple index is known": {
			holds: []string{wheel}, posts: 3, outputs: []string{"result=published", "verified=not-asked"},
			says: []string{
				"::warning title=pypi-oidc-publish%3A existing-unseen::no simple index is known for 127.0.0.1:",
				"an upload may replace a file with the same name", "set `index-url`",
			},
		},
		"without queries": {
			index: "none", posts: 3, outputs: []string{"result=published"},
			says: []string{"::notice title=pypi-oidc-publish%3A existing-unseen::"},
		},
		"skip-existing, and the index answers 503": {
			index:   "HERE/simple/",
			skip:    "true",
			page:    says(503, "text/plain", "Back soon."),
			code:    1,
			outputs: []string{"result=failed", "published-count=0"},
			says: []string{
				"::error title=pypi-oidc-publish%3A skip-existing-look-failed::", "which files 127.0.0.1:", "has of alder, " +
					"but the query failed: look: GET http://127.0.0.1:", "503 Service Unavailable after ", " tries: Back soon.",
				"has of birch, but", "%0Acheck `index-url`, then run the job again",
			},
			never: []string{"look-failed::could not query"},
		},
		"skip-existing, and the page is no listing": {
			index: "HERE/simple/",
			skip:  "true",
			page:  says(200, "text/html", "<title>Log in</title><a href=x>Forgot?</a>"),
			code:  1,
			says:  []string{"skip-existing-look-failed", "no project listing"},
		},
		"skip-existing, and there is no access": {
			index: "HERE/simple/",
			skip:  "true",
			page:  says(403, "text/plain", "Not you."),
			code:  1,
			says:  []string{"skip-existing-look-failed", "403 Forbidden: Not you."},
		},
		"skip-existing, and a redirect": {
			index: "HERE/simple/",
			skip:  "true",
			page:  says(302, "text/plain", "https://elsewhere.example/simple/alder/"),
			code:  1,
			says:  []string{"skip-existing-look-failed", "a redirect to https://elsewhere.example/simple/alder/"},
		},
		"skip-existing, and no server is there": {
			index: "http://127.0.0.1:1/simple/",
			skip:  "true",
			code:  1,
			says:  []string{"skip-existing-look-failed", "connection refused"},
		},
		"skip-existing, and a project that is new": {
			index:   "HERE/simple/",
			skip:    "true",
			page:    says(404, "text/plain", "no such project"),
			posts:   3,
			outputs: []string{"result=published", "published-count=3"},
		},
		"the index answers 503": {
			index: "HERE/simple/", page: says(503, "text/plain", "Back soon."), posts: 3, outputs: []string{"result=published"},
			says:  []string{"::warning title=pypi-oidc-publish%3A look-failed::", "this index may replace files with the same name"},
			never: []string{"recognises files that it already has"},
		},
		"a name without a digest": {
			index:   "HERE/simple/",
			holds:   []string{wheel},
			code:    1,
			outputs: []string{"result=failed", "published-count=0", "skipped-count=0"},
			says: []string{
				"conflict: " + wheel + " (", " gives no digest for its file)",
				"::error file=dist/" + wheel + ",title=pypi-oidc-publish%3A conflict-no-digest::",
				" already has a file named " + wheel + ", without a digest to compare: this file's SHA-256 is ",
				"`skip-existing: true`", "raise the version", "`index-url`", "  conflict (", " has a file with this name): " + wheel,
			},
			never: []string{"a different file"},
		},
		"a name without a digest, and skip-existing": {
			index:   "HERE/simple/",
			skip:    "true",
			holds:   []string{wheel},
			posts:   2,
			outputs: []string{"result=published", "published-count=2", "skipped-count=1"},
			says: []string{
				"to skip: " + wheel + " (", " gives no digest for its file)",
				"::warning file=dist/" + wheel + ",title=pypi-oidc-publish%3A skipped::", "that file stays",
			},
			never: []string{"a different file", "is unknown whether the index"},
		},
		"an unknown digest": {
			index: "HERE/simple/", holds: []string{wheel}, code: 1, says: []string{"conflict-no-digest"},
			page: func(string) http.HandlerFunc {
				return says(200, "text/html", "<a href=\"/files/"+wheel+"#sha512="+strings.Repeat("0", 128)+"\">"+wheel+"</a>")("")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, wheel, sdist, "birch-1.0-py3-none-any.whl")
			x := s.overwritingIndex(c.index, c.holds...)
			x.serve(c.page)
			s.env["INPUT_SKIP-EXISTING"] = c.skip
			before := x.hash(wheel)
			e := s.run()
			log := e.log
			e.expect(t, c.code)
			expect.Equal(t, "uploads", x.uploads(), c.posts)
			if c.unasked && x.queries() > 0 {
				t.Errorf("%d queries\n%s", x.queries(), log)
			}
			if c.index != "" && c.index != "none" && x.hash(wheel) != before && c.holds != nil {
				t.Errorf("the index's file was replaced\n%s", log)
			}
			for _, output := range c.outputs {
				if name, want, _ := strings.Cut(output, "="); e.outputs[name] != want {
					t.Errorf("output %s is %q, want %q", name, e.outputs[name], want)
				}
			}
			for _, text := range c.says {
				if !strings.Contains(log, text) {
					t.Errorf("the log does not say %q:\n%s", text, log)
				}
			}
			for _, text := range append(c.never, "%!") {
				if strings.Contains(log, text) {
					t.Errorf("the log says %q:\n%s", text, log)
				}
			}
			if n := strings.Count(log, "existing-unseen::"); n > 1 {
				t.Errorf("that files cannot be seen is said %d times:\n%s", n, log)
			}
			s.env["INPUT_DRY-RUN"] = "true"
			posts := x.uploads()
			e = s.run()
			expect.Equal(t, "uploads after a dry run", x.uploads(), posts)
			if c.code != 0 {
				e.expect(t, c.code)
			}
		})
	}
}

// TestExistingFile_MD5 are there, also with skip-existing, and other bytes are a conflict. A check says the same.
func TestExistingFile_MD5(t *testing.T) {
	t.Parallel()
	const wheel = "alder-1.0-py3-none-any.whl"
	s := newStep(t, wheel)
	x := s.overwritingIndex("HERE/simple/")
	x.serve(func(project string) http.HandlerFunc { return x.names(project, "#md5=MD5") })
	check := func() (int, string) {
		command := exec.CommandContext(t.Context(), "pypi-oidc-publish", "check", "-profile", "other",
			"-index", cmp.Or(s.env["INPUT_INDEX-URL"], s.env["INPUT_REPOSITORY-URL"]), "dist")
		command.Dir = s.dir
		out, _ := command.CombinedOutput() // the exit code says it
		return command.ProcessState.ExitCode(), string(out)
	}
	for _, want := range []string{"published", "unchanged"} {
		s.run().expect(t, 0, "result", want)
		expect.Equal(t, "uploads", x.uploads(), 1)
	}
	if code, out := check(); code != 0 {
		t.Errorf("check: exit code %d\n%s", code, out)
	}
	s.env["INPUT_SKIP-EXISTING"] = "true"
	s.run().expect(t, 0, "unchanged-count", "1")
	expect.Equal(t, "uploads", x.uploads(), 1)
	s.build(wheel, "rebuilt")
	s.run().expect(t, 0, "skipped-count", "1")
	expect.Equal(t, "uploads", x.uploads(), 1)
	s.env["INPUT_SKIP-EXISTING"] = "false"
	e := s.run().expect(t, 1)
	expect.Equal(t, "uploads", x.uploads(), 1)
	expect.Contains(t, "the log", e.log, "pypi-oidc-publish%3A conflict::")
	code, out := check()
	expect.Equal(t, "exit code", code, 1)
	expect.Contains(t, "the output", out, " already has a different file named "+wheel+": its MD5 is ")
	s.env["INPUT_INDEX-URL"], s.env["INPUT_REPOSITORY-URL"] = "", strings.Replace(s.env["INPUT_REPOSITORY-URL"], "/upload/", "/simple/", 1)
	code, out = check()
	expect.Equal(t, "exit code of a check with the upload URL", code, 1)
	expect.Contains(t, "its output", out, " already has a different file named "+wheel+": its MD5 is ")
	x.serve(nil)
	code, out = check()
	expect.Equal(t, "exit code", code, 1)
	expect.Contains(t, "the output", out, "without a digest to compare")
}
