package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrivals records when uploads come and go, and can hold them until enough have come.
type arrivals struct {
	mu      sync.Mutex
	under   []string   // the files that are being uploaded now
	beside  [][]string // for each upload in the order of their coming: what was being uploaded then, itself included
	holding []held
}

// held is an upload that waits for others.
type held struct {
	enough func(under []string) bool
	met    chan struct{} // closed when there were enough
}

// longestHold is how long an upload waits for others that do not come.
const longestHold = 20 * time.Second

// wait waits until the condition was true of the files under way, or longestHold has passed.
func (a *arrivals) wait(file string, enough func(under []string) bool) {
	h := held{enough, make(chan struct{})}
	a.mu.Lock()
	a.under = append(a.under, file)
	a.beside = append(a.beside, slices.Clone(a.under))
	a.holding = slices.DeleteFunc(append(a.holding, h), func(h held) bool {
		met := h.enough(a.under)
		if met {
			close(h.met)
		}
		return met
	})
	a.mu.Unlock()
	select {
	case <-h.met:
	case <-time.After(longestHold):
	}
}

// order returns for each upload what was being uploaded when it came.
func (a *arrivals) order() [][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.beside)
}

func (a *arrivals) leave(file string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.under = slices.DeleteFunc(a.under, func(f string) bool { return f == file })
}

// TestUpload_Order: the first wheel of a new release alone, then the other wheels side by side, the sdist last.
func TestUpload_Order(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-cp310-cp310-win32.whl", "alder-1.0-cp311-cp311-win32.whl", "alder-1.0-cp312-cp312-win32.whl",
		"alder-1.0-cp313-cp313-win32.whl", "alder-1.0.tar.gz")
	s.env["INPUT_PARALLEL-UPLOADS"] = "3"
	a := &arrivals{}
	name := regexp.MustCompile(`filename="?([^";\r]+)`)
	s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		file := string(name.FindSubmatch(body)[1])
		// The wheels after the first are held until three are there: what is not side by side takes longestHold each.
		a.wait(file, func(under []string) bool {
			return len(under) == 3 || !strings.HasSuffix(file, ".whl") || strings.Contains(file, "cp310")
		})
		next.ServeHTTP(w, r)
		a.leave(file)
	})
	s.run().require(t, 0, "published-count", "5")
	beside := a.order()
	if len(beside) != 5 || len(beside[0]) != 1 || !strings.HasSuffix(beside[0][0], ".whl") {
		t.Fatalf("the first file was not alone, or no wheel: %q", beside)
	}
	if len(beside[3]) != 3 {
		t.Errorf("the other wheels were not side by side: %q", beside)
	}
	if last := beside[4]; len(last) != 1 || last[0] != "alder-1.0.tar.gz" {
		t.Errorf("the sdist was not the last, alone: %q", beside)
	}
}

// TestUpload_OrderExistingRelease: its wheels go side by side at once.
func TestUpload_OrderExistingRelease(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-cp310-cp310-win32.whl")
	s.run().require(t, 0)
	s.build("alder-1.0-cp311-cp311-win32.whl", "")
	s.build("alder-1.0-cp312-cp312-win32.whl", "")
	a := &arrivals{}
	s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a.wait(r.RemoteAddr, func(under []string) bool { return len(under) == 2 })
		defer a.leave(r.RemoteAddr)
		next.ServeHTTP(w, r)
	})
	s.run().require(t, 0, "published-count", "2", "unchanged-count", "1")
	if beside := a.order(); len(beside) != 2 || len(beside[1]) != 2 {
		t.Errorf("%q", beside)
	}
}

// TestUpload_NoneStartedAfterRefusal: two releases of two wheels each, two uploads at once, and a refusal.
func TestUpload_NoneStartedAfterRefusal(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-cp310-cp310-win32.whl", "alder-2.0-cp310-cp310-win32.whl")
	s.run().require(t, 0)
	for _, name := range []string{
		"alder-1.0-cp311-cp311-win32.whl", "alder-1.0-cp312-cp312-win32.whl", "alder-2.0-cp311-cp311-win32.whl",
		"alder-2.0-cp312-cp312-win32.whl",
	} {
		s.build(name, "")
	}
	s.env["INPUT_PARALLEL-UPLOADS"] = "2"
	a := &arrivals{}
	s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a.wait(r.RemoteAddr, func(under []string) bool { return len(under) == 2 })
		defer a.leave(r.RemoteAddr)
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
	})
	e := s.run().expect(t, 1, "published-count", "0", "unchanged-count", "2")
	if n := len(a.order()); n != 2 {
		t.Errorf("%d uploads\n%s", n, e.log)
	}
	if n := strings.Count(e.log, "not uploaded: alder-"); n != 2 {
		t.Errorf("%d files were not tried\n%s", n, e.log)
	}
}
