package index_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// longPage is how many bytes the pages have: enough that one which is held whole is noticed. The whole program reads longer ones in the
// tests of its memory (internal/e2e).
const longPage = 24 << 20

// TestListFiles_Long: a page of any length takes little memory. One with more than can be held is unknown.
func TestListFiles_Long(t *testing.T) { // not parallel: it measures
	long.Only(t)
	var memory *peak
	repeated := func(begin, part, end string) func(io.Writer) {
		return func(w io.Writer) {
			_, _ = io.WriteString(w, begin)
			for block, n := strings.Repeat(part, 1+(1<<16)/len(part)), 0; n < longPage; n += len(block) {
				_, _ = io.WriteString(w, block)
				if n>>20 != (n-len(block))>>20 {
					memory.look()
				}
			}
			_, _ = io.WriteString(w, end)
		}
	}
	const title = "<title>Links for alder</title>"
	const file = `{"filename":"alder-1.0.tar.gz"}`
	for name, c := range map[string]struct {
		kind string
		send func(io.Writer)
		want error
	}{
		"files": {"application/json", repeated(`{"name":"alder","files":[`+file, ","+file, "]}"), pep.ErrNoListing},
		"another list": {
			"application/json", repeated(`{"name":"alder","versions":["1"`, `,"1"`, `],"files":[`+file+"]}"), pep.ErrNoListing,
		},
		"one long text":     {"application/json", repeated(`{"name":"alder","future":"`, "x", `","files":[`+file+"]}"), pep.ErrNoListing},
		"lists in lists":    {"application/json", repeated(`{"name":"alder","future":`, "[", ""), pep.ErrNoListing},
		"nothing but space": {"application/json", repeated("", " ", ""), pep.ErrNoListing},
		"links":             {"text/html", repeated(title, "<a href=alder-1.0.tar.gz>alder-1.0.tar.gz</a>", ""), pep.ErrNoListing},
		"other links":       {"text/html", repeated(title, "<a href=other>x</a>", ""), nil},
		"a long comment":    {"text/html", repeated("<!-- ", "x", "-->"), pep.ErrNoListing},
	} {
		t.Run(name, func(t *testing.T) {
			ix, _ := unexpected(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				c.send(w)
			})
			memory = newPeak()
			got, err := ix.ListFiles(t.Context(), "alder")
			if memory.most > 60<<20 {
				t.Errorf("it took %d bytes", memory.most)
			}
			if !errors.Is(err, c.want) || c.want == nil && !got.Exists {
				t.Errorf("got %d files, %v", len(got.Files), err)
			}
		})
	}
}

// peak is the most memory that was seen in use.
type peak struct{ before, most int64 }

func newPeak() *peak {
	runtime.GC()
	return &peak{before: inUse()}
}

func (p *peak) look() { p.most = max(p.most, inUse()-p.before) }

func inUse() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestListFiles_Retry: what arrived of a page before the connection broke is not part of the next try.
func TestListFiles_Retry(t *testing.T) {
	t.Parallel()
	tries := 0
	ix, _ := unexpected(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if tries++; tries == 1 {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"name":"alder","files":[{"filename":"a-1.tar.gz"},`)
			return
		}
		_, _ = fmt.Fprint(w, `{"name":"alder","files":[{"filename":"b-1.tar.gz"}]}`)
	})
	got, err := ix.ListFiles(t.Context(), "alder")
	if err != nil || len(got.Files) != 1 || got.Files[0].Name != "b-1.tar.gz" || tries != 2 {
		t.Errorf("got %v, %v after %d tries", got.Files, err, tries)
	}
}
