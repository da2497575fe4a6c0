//go:build bench

package bench_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// theProject is what every benchmark publishes.
const theProject pep.Project = "alder"

// lightIndex takes uploads itself: it computes their SHA-256, compares it with that of the form, and forgets the bytes, so that it is not
// what the program waits for and no size is too much for it. It lists what it took. Everything else is answered by the test server behind
// it: the request for a token, its revocation and the proof of that.
type lightIndex struct {
	servers *fakepypi.Servers
	address *url.URL // of uploads
	// answer waits as long as an index works on a request of the upload address that has come; nil: not at all.
	answer func()

	mu          sync.Mutex
	files       []listed
	seen        time.Time // when the first request of any kind came
	first, last time.Time // when the first request of an upload came, and when the last was answered
	wrong       error
}

// listed is a file on the page of the project.
type listed struct {
	Filename string            `json:"filename"`
	URL      string            `json:"url"`
	Hashes   map[string]string `json:"hashes"`
	Size     int64             `json:"size"`
	Uploaded string            `json:"upload-time"`
}

// newServers returns a test server that trusts its run for the project.
func newServers(b *testing.B) *fakepypi.Servers {
	b.Helper()
	servers := pypitest.Start(b, fakepypi.Options{Dir: b.TempDir()})
	if err := servers.AddPublisher(fakepypi.Publisher{Project: theProject}); err != nil {
		b.Fatal(err)
	}
	return servers
}

// newIndex starts an index with nothing in it.
func newIndex(b *testing.B, answer func()) *lightIndex {
	b.Helper()
	i := &lightIndex{servers: newServers(b), answer: answer}
	behind := *i.servers.Upload
	behind.Path = ""
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&behind) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		i.see(began)
		switch {
		case r.URL.Path == "/legacy/" && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"):
			i.upload(w, r, began)
		case r.URL.Path == "/legacy/":
			i.wait()
			proxy.ServeHTTP(w, r)
		case r.URL.Path == "/simple/"+string(theProject)+"/" && i.page(w):
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	b.Cleanup(server.Close)
	var err error
	if i.address, err = url.Parse(server.URL + "/legacy/"); err != nil {
		b.Fatal(err)
	}
	return i
}

// see notes when a request came.
func (i *lightIndex) see(began time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen.IsZero() {
		i.seen = began
	}
}

func (i *lightIndex) wait() {
	if i.answer != nil {
		i.answer()
	}
}

// upload takes a file.
func (i *lightIndex) upload(w http.ResponseWriter, r *http.Request, began time.Time) {
	i.mu.Lock()
	if i.first.IsZero() {
		i.first = began
	}
	i.mu.Unlock()
	file, want, err := receive(r)
	i.wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil && file.Hashes["sha256"] != want {
		err = fmt.Errorf("%s has the SHA-256 %s, and the form says %s", file.Filename, file.Hashes["sha256"], want)
	}
	if err != nil {
		i.wrong = err
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.files = append(i.files, file)
	i.last = time.Now()
}

// receive reads an upload: the file, and the SHA-256 that the form says it has.
func receive(r *http.Request) (file listed, want string, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return file, "", err
	}
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return file, want, nil
		}
		if err != nil {
			return file, "", err
		}
		switch part.FormName() {
		case "content":
			sum := sha256.New()
			if file.Size, err = io.CopyBuffer(sum, part, make([]byte, 256<<10)); err != nil {
				return file, "", err
			}
			file.Filename = part.FileName()
			file.URL, file.Uploaded = "/files/"+file.Filename, time.Now().UTC().Format(time.RFC3339)
			file.Hashes = map[string]string{"sha256": hex.EncodeToString(sum.Sum(nil))}
		case "sha256_digest":
			text, err := io.ReadAll(part)
			if err != nil {
				return file, "", err
			}
			want = string(text)
		}
	}
}

// page answers with the page of the project if there is a file on it.
func (i *lightIndex) page(w http.ResponseWriter) (answered bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.files) == 0 {
		return false
	}
	w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // it fails if the client has gone
		"meta": map[string]any{"api-version": "1.1", "_last-serial": len(i.files)},
		"name": theProject, "versions": []string{"1.0"}, "files": i.files,
	})
	return true
}

// check fails the benchmark unless the index has so many files.
func (i *lightIndex) check(b *testing.B, files int) {
	b.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.wrong != nil || len(i.files) != files {
		b.Fatalf("the index has %d files, want %d: %v", len(i.files), files, i.wrong)
	}
}

// later answers when so much time has passed since all of the request came, in which an index does its work.
func later(delay time.Duration) func() {
	return func() { time.Sleep(delay) }
}

// oneByOne answers one request after the other, each in a quarter of the time.
func oneByOne(delay time.Duration) func() {
	var mu sync.Mutex
	return func() {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(delay / 4)
	}
}

// slower takes the longer for an answer, the more requests beyond four wait for one: half as long again for each.
func slower(delay time.Duration) func() {
	var mu sync.Mutex
	waiting := 0
	return func() {
		mu.Lock()
		waiting++
		takes := delay + time.Duration(max(0, waiting-4))*delay/2
		mu.Unlock()
		time.Sleep(takes)
		mu.Lock()
		waiting--
		mu.Unlock()
	}
}
