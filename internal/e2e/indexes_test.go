package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/standin"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

// indexSituation is one in which a maintainer publishes to an index other than PyPI.
type indexSituation struct {
	name   string
	set    func(s *step, x otherIndex)
	code   int
	result string // the output
	posts  int
	// most is how many seconds may be waited; 0: none.
	most int
	says []string
	// imitated is set if no real index was tried in it.
	imitated bool
}

// otherIndex is an index other than PyPI: a stand-in, or a real one.
type otherIndex interface {
	Put(name string, content []byte) // publishes a file
	readsOnly()                      // the credential may only read
	writesOnly()                     // the pages cannot be read
	forwards()                       // pages of projects that it does not have are PyPI's
}

// standIn is a stand-in.
type standIn struct{ *standin.Index }

func (x standIn) readsOnly()  { x.ReadsOnly = true }
func (x standIn) writesOnly() { x.WritesOnly = true }
func (x standIn) forwards()   { x.Forwards = true }

func indexSituations() []indexSituation {
	const wheel, sdist = "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"
	put := func(names ...string) func(s *step, x otherIndex) {
		return func(s *step, x otherIndex) {
			for _, name := range names {
				x.Put(name, readFile(s.t, s.path("dist/"+name)))
			}
		}
	}
	return []indexSituation{
		{"first release", func(*step, otherIndex) {}, 0, "published", 2, 2, nil, false},
		{"same bytes", put(wheel, sdist), 0, "unchanged", 0, 0, nil, false},
		{"other bytes", func(_ *step, x otherIndex) {
			x.Put(wheel, []byte("another"))
			x.Put(sdist, []byte("another"))
		}, 1, "failed", 0, 0, []string{"already has a different file named " + wheel}, false},
		{"half-published", put(wheel), 0, "published", 1, 2, nil, false},
		{"wrong credential", func(s *step, _ otherIndex) { s.env["INPUT_PASSWORD"] = "another password" }, 1, "failed", 1, 0, []string{
			"upload-unauthorized",
		}, false},
		{"read-only credential", func(_ *step, x otherIndex) { x.readsOnly() }, 1, "failed", 1, 0, []string{
			"upload-unauthorized", "may only read",
		}, false},
		{"page unreadable", func(_ *step, x otherIndex) { x.writesOnly() }, 0, "published", 2, 5, []string{"look-failed", "403"}, false},
		{"forwarded", func(_ *step, x otherIndex) { x.forwards() }, 0, "published", 2, 2, nil, true},
	}
}

// TestIndexes_Matrix: every kind of index in every situation, as its stand-in answers. What each came to is a row of the golden file.
func TestIndexes_Matrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("all", func(t *testing.T) {
		for _, kind := range standin.Kinds() {
			for _, c := range indexSituations() {
				t.Run(kind.Name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					row := tryIndex(t, kind, c)
					mu.Lock()
					defer mu.Unlock()
					rows[kind.Name+c.name] = row
				})
			}
		}
	})
	text := "index | situation | result | exit code | uploads | other requests | seconds waited | tried with\n"
	for _, kind := range standin.Kinds() {
		for _, c := range indexSituations() {
			text += rows[kind.Name+c.name]
		}
	}
	golden.Equal(t, "testdata/indexes.golden", text)
}

// tryIndex publishes to a stand-in, and returns the row of the table.
func tryIndex(t *testing.T, kind standin.Kind, c indexSituation) string {
	t.Helper()
	s := newStepWith(t, map[string]string{"INPUT_AUTH": "token", "INPUT_PARALLEL-UPLOADS": "1"}, "alder-1.0-py3-none-any.whl",
		"alder-1.0.tar.gz")
	s.inProcess, s.noWait = true, true
	x := &standin.Index{Kind: kind, Password: "the right password"}
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	s.env["INPUT_REPOSITORY-URL"], s.env["INPUT_USER"], s.env["INPUT_PASSWORD"] = server.URL+kind.Upload, kind.User, x.Password
	c.set(s, standIn{x})
	e := s.run()
	waited := int(time.Until(s.clock.Now()).Round(time.Second) / time.Second)
	posts := x.Requests(http.MethodPost)
	c.check(t, e, posts, waited)
	others := x.Requests(http.MethodGet) + x.Requests(http.MethodHead)
	tried := "stand-in"
	if kind.Real != "" && !c.imitated {
		tried += ", " + kind.Real
	}
	return fmt.Sprintf("%s | %s | %s | %d | %d | %d | %d | %s\n", kind.Name, c.name, e.outputs["result"], e.code, posts, others, waited,
		tried)
}

// check compares what a run came to with what a maintainer expects: posts is the number of uploads, waited a number of seconds.
func (c indexSituation) check(t *testing.T, e ending, posts, waited int) {
	t.Helper()
	e.expect(t, c.code, "result", c.result)
	if posts != c.posts || waited > c.most {
		t.Errorf("%d uploads, want %d; waited for %d s, at most %d\n%s", posts, c.posts, waited, c.most, e.log)
	}
	for _, text := range c.says {
		if !strings.Contains(e.log, text) {
			t.Errorf("the log does not say %q\n%s", text, e.log)
		}
	}
	for _, text := range []string{"Trusted Publish", "attestation"} {
		if strings.Contains(e.log, text) {
			t.Errorf("the log of a run with a token says %q\n%s", text, e.log)
		}
	}
}

// TestIndexes_Examples: each example for another index publishes to the stand-in of that index, with the inputs of its own text.
func TestIndexes_Examples(t *testing.T) {
	t.Parallel()
	for example, name := range map[string]string{
		"artifactory": "Artifactory", "gitlab": "GitLab", "gitea": "Gitea, Forgejo", "codeartifact": "AWS CodeArtifact", "devpi": "devpi",
	} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			inputs := exampleInputs(t, example)
			upload, err := url.Parse(inputs["repository-url"])
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(standin.Kinds(), func(k standin.Kind) bool { return k.Name == name })
			x := &standin.Index{Kind: standin.Kinds()[i], Password: "the right password"}
			// The stand-in has the addresses of the example, in the form of its own.
			x.Simple = strings.TrimSuffix(upload.Path, "/") + strings.TrimPrefix(x.Simple, strings.TrimSuffix(x.Upload, "/"))
			x.Upload = upload.Path
			server := httptest.NewServer(x)
			t.Cleanup(server.Close)
			s := newStepWith(t, map[string]string{}, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			s.inProcess, s.noWait = true, true
			for input, value := range inputs {
				if strings.HasPrefix(value, "${{") {
					value = map[string]string{"user": x.User, "password": x.Password}[input]
				}
				s.env["INPUT_"+strings.ToUpper(input)] = value
			}
			s.env["INPUT_REPOSITORY-URL"] = server.URL + upload.Path
			s.run().expect(t, 0, "result", "published", "verified", "true")
			s.run().expect(t, 0, "result", "unchanged")
			if n := x.Requests(http.MethodPost); n != 2 {
				t.Errorf("%d uploads", n)
			}
		})
	}
}

// exampleInputs returns the inputs of the step that publishes in a workflow of docs/examples.
func exampleInputs(t *testing.T, name string) map[string]string {
	t.Helper()
	text := string(readFile(t, "../../docs/examples/"+name+".yml"))
	_, step, ok := strings.Cut(text, "- uses: org/pypi-oidc-publish@v1\n        with:\n")
	if !ok {
		t.Fatalf("%s.yml has no step that publishes", name)
	}
	inputs := map[string]string{}
	for line := range strings.Lines(step) {
		input, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			break
		}
		inputs[input] = strings.Trim(value, `"`)
	}
	return inputs
}
