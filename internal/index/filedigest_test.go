package index_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestFileDigest: only a file of the same length is downloaded, from the index itself, and not more than a run may.
func TestFileDigest(t *testing.T) {
	t.Parallel()
	content := []byte("the file")
	for name, c := range map[string]struct {
		url    string // HERE is the index
		serve  http.HandlerFunc
		size   int64
		length int64
		digest bool
		says   string
		gets   int64
	}{
		"the same":       {size: 8, length: 8, digest: true, gets: 1},
		"another length": {size: 9, length: 8},
		"on another host": {
			url: "https://files.example/alder-1.0.zip", size: 8, says: "it is not on the index: https://files.example/alder-1.0.zip",
		},
		"no address": {url: "none", size: 8, says: "not queried"},
		"a redirect": {size: 8, says: "302", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://files.example/", http.StatusFound)
		}},
		"a page": {size: 8, says: "answers with a page", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Length", "8")
		}},
		"no length": {size: 8, says: "does not say how long", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Transfer-Encoding", "identity")
			w.WriteHeader(http.StatusOK)
		}},
		"longer than it said": {size: 8, gets: 1, says: "longer than the index said", serve: func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.Header().Set("Content-Length", "8")
				return
			}
			_, _ = w.Write(bytes.Repeat(content, 2))
		}},
		"shorter than it said": {size: 8, gets: 1, says: "ended early", serve: func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.Header().Set("Content-Length", "8")
				return
			}
			_, _ = io.WriteString(w, "the")
		}},
		"more than a run downloads": {size: 200_000_001, says: "200 MB", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "200000001")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var gets atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					gets.Add(1)
				}
				if c.serve != nil {
					c.serve(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/zip")
				w.Header().Set("Content-Length", strconv.Itoa(len(content)))
				_, _ = w.Write(content)
			}))
			t.Cleanup(server.Close)
			ix := index.New(index.SiteOf(at(t, server.URL+"/repository/r/"), nil, true), client(), wire.NewGate(1), nil)
			address := c.url
			switch address {
			case "":
				address = server.URL + "/f/alder-1.0.zip"
			case "none":
				address = ""
			}
			digest, length, err := ix.FileDigest(t.Context(), pep.IndexFile{Name: "alder-1.0.zip", URL: address}, c.size)
			switch {
			case c.says == "" && err != nil, c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v does not say %q", err, c.says)
			}
			expect.Equal(t, "length", length, c.length)
			want := ""
			if c.digest {
				want = fmt.Sprintf("%x", sha256.Sum256(content))
			}
			expect.Equal(t, "digest", digest, want)
			expect.Equal(t, "downloads", gets.Load(), c.gets)
		})
	}
}
