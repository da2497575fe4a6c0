package e2e_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// swap puts other bytes of the same size and time stamp into a file of dist: as a new file, or in place.
func (s *step) swap(name string, inPlace bool) {
	s.t.Helper()
	path := s.path("dist/" + name)
	before, err := os.Stat(path)
	if err != nil {
		s.t.Fatal(err)
	}
	other := []byte(strings.Repeat("z", int(before.Size())))
	to := path
	if !inPlace {
		to = s.path(".tmp/" + name)
	}
	if err := os.WriteFile(to, other, 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chtimes(to, before.ModTime(), before.ModTime()); err != nil {
		s.t.Fatal(err)
	}
	if !inPlace {
		if err := os.Rename(to, path); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestUpload_SwappedFile: a file that gets other bytes of the same size and time stamp after it was hashed is never sent whole, not even
// once. The workflow is at fault, and nothing is reported that is not on the index.
func TestUpload_SwappedFile(t *testing.T) {
	t.Parallel()
	const wheel = "alder-1.0-py3-none-any.whl"
	cases := []struct {
		name    string
		size    int  // of the file, in bytes, at least
		inPlace bool // and not replaced
		midway  bool // while it is sent, and not before
	}{
		{"a small file is replaced before it is sent", 0, false, false},
		{"a large file is replaced before it is sent", overSockets, false, false},
		{"a large file is rewritten before it is sent", overSockets, true, false},
		{"a large file is rewritten while it is sent", overSockets, true, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			s.build(wheel, strings.Repeat("x", c.size))
			s.env["INPUT_INDEX-URL"] = "none" // nothing else would notice it
			var uploads, whole atomic.Int64
			s.front(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case !isUpload(r):
						if strings.HasSuffix(r.URL.Path, "/mint-token") && !c.midway {
							s.swap(wheel, c.inPlace)
						}
						next.ServeHTTP(w, r)
						return
					case c.midway:
						_, _ = io.CopyN(io.Discard, r.Body, 1000)
						s.swap(wheel, c.inPlace)
					}
					uploads.Add(1)
					if _, err := io.Copy(io.Discard, r.Body); err == nil {
						whole.Add(1) // and the index says that it has the file
					} else if !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Errorf("the index was sent something else than a request that breaks off: %v", err)
					}
				})
			})
			e := s.run()
			e.expect(t, 2, "result", "failed", "published-count", "0", "token-burned", "true")
			expect.Contains(t, "the log", e.log, "file-changed", "was changed while it was published")
			expect.Lacks(t, "the log", e.log, "next try in", "did not answer")
			expect.Equal(t, "requests that the index got whole", int(whole.Load()), 0)
			if uploads.Load() > 1 {
				t.Errorf("it was sent %d times", uploads.Load())
			}
			s.wantRevoked()
		})
	}
}

// TestUpload_SwappedAmongOthers: the other files of the release are there, and the exit code still says that the workflow has to change.
func TestUpload_SwappedAmongOthers(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	var uploads atomic.Int64
	s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if uploads.Add(1) == 1 {
			s.swap("alder-1.0.tar.gz", false)
		}
		next.ServeHTTP(w, r)
	})
	e := s.run()
	e.expect(t, 2, "result", "partial", "published-count", "1", "token-burned", "true")
	expect.Contains(t, "the summary", e.summary, "was changed while it was published")
	expect.Equal(t, "files on the index", s.indexed(), []string{"alder-1.0-py3-none-any.whl"})
}

// TestGitHubRelease_SwappedFile: neither does GitHub get other bytes than those that the index has.
func TestGitHubRelease_SwappedFile(t *testing.T) {
	t.Parallel()
	const wheel = "alder-1.0-py3-none-any.whl"
	s := newStep(t, wheel)
	g := s.withGitHub(releases.Write, v1)
	s.env["INPUT_ATTESTATIONS"] = "false"
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if strings.HasSuffix(r.URL.Path, "/burn-token") {
				s.swap(wheel, false)
			}
		})
	})
	e := s.run()
	e.expect(t, 0, "result", "published", "github-release", "failed")
	expect.Contains(t, "the log", e.log, "github-asset-changed", "was changed while or after it was read")
	expect.Lacks(t, "the log", e.log, ": 201 ")
	for _, a := range g.Assets(g.release.ID) {
		if !a.Starter {
			t.Errorf("the release has %s", a.Name)
		}
	}
}
