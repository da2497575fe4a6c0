package publish

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// newScripted returns a run that publishes to an index whose answers the test scripts, and which may have the rules of PyPI.
func newScripted(t *testing.T, warehouse bool, names ...string) *harness {
	t.Helper()
	ix := &scriptedIndex{pages: map[pep.Project][]page{}, requests: map[string]int{}}
	server := httptest.NewServer(ix)
	t.Cleanup(server.Close)
	h := bare(t, map[string]string{"GITHUB_ACTIONS": "true"}, names...)
	h.index = ix
	base := parsed(t, server.URL+"/legacy/")
	site := index.SiteOf(base, nil, true)
	if warehouse {
		site = site.AsPyPI()
	}
	site.Cached = true
	h.connect(site, index.Password("me", h.redactor.New("a password", base)))
	return h
}

// scriptedIndex is an index that answers as a test says. A project without pages is unknown, and an upload without an answer is
// accepted.
type scriptedIndex struct {
	other  http.Handler // everything but pages and uploads; nil: 404
	before func(n int)  // called when the nth page of a project is requested; may be nil
	// answering is called before an upload is answered, with this status. May be nil.
	answering func(ctx context.Context, status int)

	mu       sync.Mutex
	pages    map[pep.Project][]page // of one request after another, the last one again and again
	uploads  []page                 // of one upload after another
	raw      string                 // every upload is answered with these bytes, unchanged; empty: as uploads says
	accepted []string               // the names of the files that were accepted, in order
	requests map[string]int         // of pages, by project, and of "upload"

	attestations []string // the form fields of this name, of one upload after another
}

// page is one answer. Its kind is that of the JSON of a simple index where it is empty.
type page struct {
	status     int
	kind, body string
}

// listing returns the page of a project that has these files.
func listing(project pep.Project, files ...pep.IndexFile) page {
	all := []map[string]any{}
	for _, f := range files {
		hashes := map[string]string{}
		if f.SHA256 != "" {
			hashes["sha256"] = f.SHA256
		}
		if f.MD5 != "" {
			hashes["md5"] = f.MD5
		}
		described := map[string]any{"filename": f.Name, "hashes": hashes, "url": "https://files.example/" + f.Name}
		if f.Size > 0 {
			described["size"] = f.Size
		}
		if f.Provenance != "" {
			described["provenance"] = f.Provenance
		}
		all = append(all, described)
	}
	text, err := json.Marshal(map[string]any{"meta": map[string]string{"api-version": "1.4"}, "name": project, "files": all})
	if err != nil {
		panic(err) // strings and numbers are JSON
	}
	return page{status: http.StatusOK, body: string(text)}
}

// unreadable is a page that does not say what the index has. No other try is made.
func unreadable() page { return page{status: http.StatusForbidden} }

// absent is the page of a project that the index does not know.
func absent() page { return page{status: http.StatusNotFound} }

func (x *scriptedIndex) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, isPage := strings.CutPrefix(r.URL.Path, "/simple/")
	switch {
	case isPage:
		x.next(pep.Project(strings.Trim(name, "/"))).write(w)
	case r.Method == http.MethodPost:
		x.upload(w, r)
	case x.other != nil:
		x.other.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p page) write(w http.ResponseWriter) {
	kind := p.kind
	if kind == "" {
		kind = "application/vnd.pypi.simple.v1+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(p.status)
	_, _ = io.WriteString(w, p.body) // the client may be gone
}

// next returns the next page of a project.
func (x *scriptedIndex) next(project pep.Project) page {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.requests[string(project)]++
	if x.before != nil {
		x.before(x.requests[string(project)])
	}
	pages := x.pages[project]
	if len(pages) == 0 {
		return absent()
	}
	if len(pages) > 1 {
		x.pages[project] = pages[1:]
	}
	return pages[0]
}

func (x *scriptedIndex) upload(w http.ResponseWriter, r *http.Request) {
	_, header, err := r.FormFile("content")
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	if x.raw != "" {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // HTTP/1.1 can be hijacked
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, x.raw) // the client may be gone
		return
	}
	answer := x.uploaded(r, header.Filename)
	if x.answering != nil {
		x.answering(r.Context(), answer.status)
	}
	answer.write(w)
}

// uploaded counts the upload of a file, and returns its answer.
func (x *scriptedIndex) uploaded(r *http.Request, name string) page {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.requests["upload"]++
	x.attestations = append(x.attestations, r.MultipartForm.Value["attestations"]...)
	answer := page{status: http.StatusOK}
	if len(x.uploads) > 0 {
		answer, x.uploads = x.uploads[0], x.uploads[1:]
	}
	if answer.status == http.StatusOK {
		x.accepted = append(x.accepted, name)
	}
	if answer.body != "" && answer.kind == "" {
		answer.kind = "text/plain; charset=UTF-8"
	}
	return answer
}

// count counts a request that the test answers itself, and returns how many there were of its kind.
func (x *scriptedIndex) count(what string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.requests[what]++
	return x.requests[what]
}

// requestCount returns how often the page of a project, "upload", or what was counted by count, was requested.
func (x *scriptedIndex) requestCount(what string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.requests[what]
}
