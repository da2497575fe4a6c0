package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// The moment of a request at which a signal comes.
const (
	arrived  = "its head is there"
	half     = "half of its body is there"
	answered = "its answer is on its way"
)

// timedSignal is a signal at a moment of a run.
type timedSignal struct {
	signal  os.Signal
	request int64 // the number of the request, counted from 1: to the index or to who issues ID tokens
	at      string
	pause   time.Duration // from that moment to the signal, while the run goes on
}

func (b timedSignal) String() string {
	return fmt.Sprintf("%v at request %d when %s, %v later", b.signal, b.request, b.at, b.pause)
}

// timedSignals are n of them, both signals in turn, anywhere in a run of that many requests.
func timedSignals(random *rand.Rand, n int, requests int64) []timedSignal {
	all := make([]timedSignal, n)
	for i := range all {
		all[i] = timedSignal{
			signal:  []os.Signal{syscall.SIGTERM, os.Interrupt}[i%2],
			request: 1 + random.Int64N(requests),
			at:      []string{arrived, half, answered}[random.IntN(3)],
			pause:   time.Duration(random.Int64N(int64(4 * time.Millisecond))),
		}
	}
	return all
}

// TestCancel_AnyMoment: a run of a dozen files, of which most are uploaded at the same time, is ended by a signal anywhere; running it
// again finishes it.
func TestCancel_AnyMoment(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	const cases = 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var files []string
	for minor := range 11 {
		files = append(files, fmt.Sprintf("alder-1.0-cp3%d-cp3%d-win32.whl", minor+1, minor+1))
	}
	files = append(files, "alder-1.0.tar.gz")
	// A query, an audience, a mint with its two ID tokens, the uploads, a burn with its proof.
	requests := int64(len(files) + 7)
	var mu sync.Mutex
	interrupted := 0
	t.Cleanup(func() { t.Logf("%d of %d signals came while the run was under way", interrupted, cases) })
	for i, b := range timedSignals(random, cases, requests) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			if cut := killed(t, b, files); cut {
				mu.Lock()
				defer mu.Unlock()
				interrupted++
			}
		})
	}
}

// killed is one case; it reports whether the signal was in time to cut the run.
func killed(t *testing.T, b timedSignal, files []string) bool {
	t.Helper()
	servers := pypitest.Start(t, fakepypi.Options{})
	servers.AddPublisher(fakepypi.Publisher{Project: "alder", Pending: b.request%2 == 0})
	s := newStepOn(t, servers, files...).asProcess()
	set, err := digests(s.path("dist"))
	if err != nil {
		t.Fatal(err)
	}
	direct := s.env["INPUT_REPOSITORY-URL"]
	reached := s.watched(b)
	before := time.Now()
	process := s.start()
	select {
	case <-reached:
		_ = cli.Sleep(t.Context(), b.pause)
	case <-time.After(longestRun):
		t.Errorf("%s: the run never came there", b)
	}
	if err := process.signal(b.signal); err != nil && b.request < int64(len(files)+6) {
		t.Errorf("%s: %v", b, err)
	}
	sent := time.Now()
	process.wait()
	took := time.Since(sent)
	first := process.end()
	if err := first.wrong(servers); err != nil {
		t.Errorf("%s: %v\n%s", b, err, first.log)
	}
	if took > slack*8*time.Second {
		t.Errorf("%s: it went on for %v", b, took)
	}
	uploaded := len(servers.Files())
	message := first.outputs["published-count"]
	if first.code != cli.Done && fmt.Sprint(uploaded) != message && !strings.Contains(first.summary, " may have it") &&
		!strings.Contains(first.summary, "unknown") {
		t.Errorf("%s: the index holds %d files, published-count is %s\n%s", b, uploaded, message, first.summary)
	}

	s.env["INPUT_REPOSITORY-URL"] = direct
	s.inProcess = true // no signal ends this one
	second := s.run()
	if err := second.wrong(servers); err != nil {
		t.Errorf("%s: the re-run: %v", b, err)
	}
	if second.code != cli.Done {
		t.Errorf("%s: the re-run ended with exit code %d\n%s", b, second.code, second.log)
	}
	if got := second.outputs["unchanged-count"]; got != fmt.Sprint(uploaded) {
		t.Errorf("%s: the re-run found %s files, %d were there\n%s", b, got, uploaded, second.log)
	}
	if err := holdsExactly(servers, set); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	alive := 0
	for _, token := range servers.Tokens() {
		if !token.Burned {
			alive++
		}
	}
	t.Logf("%s: exit code %d (%s) after %v, %d of %d files uploaded, %d of %d tokens not burned and reported; re-run: "+
		"exit code %d (%s), all in %v", b, first.code,
		first.outputs["result"], took.Round(time.Millisecond), uploaded, len(files), alive, len(servers.Tokens()), second.code,
		second.outputs["result"], time.Since(before).Round(time.Millisecond))
	return first.code != cli.Done
}

// watched puts a front before the index and the issuer of ID tokens, and signals when the run has come to the moment.
func (s *step) watched(b timedSignal) <-chan struct{} {
	s.t.Helper()
	reached := make(chan struct{})
	var seen atomic.Int64
	watch := func(base string) string {
		at, err := url.Parse(base)
		if err != nil {
			s.t.Fatal(err)
		}
		behind := &url.URL{Scheme: at.Scheme, Host: at.Host}
		proxy := &httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(behind) },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mine := seen.Add(1) == b.request
			switch {
			case mine && (b.at == arrived || b.at == half && r.ContentLength <= 0):
				close(reached)
			case mine && b.at == half:
				r.Body = &halfway{ReadCloser: r.Body, left: r.ContentLength / 2, reached: func() { close(reached) }}
			}
			proxy.ServeHTTP(w, r)
			if mine && b.at == answered {
				close(reached)
			}
		}))
		s.t.Cleanup(server.Close)
		front, err := url.Parse(server.URL)
		if err != nil {
			s.t.Fatal(err)
		}
		at.Host = front.Host
		return at.String()
	}
	s.env["INPUT_REPOSITORY-URL"] = watch(s.env["INPUT_REPOSITORY-URL"])
	s.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = watch(s.env["ACTIONS_ID_TOKEN_REQUEST_URL"])
	return reached
}

// halfway signals when half of a body was read, or its end.
type halfway struct {
	io.ReadCloser
	left    int64
	once    sync.Once
	reached func()
}

func (h *halfway) Read(p []byte) (int, error) {
	if h.left > 0 && int64(len(p)) > h.left {
		p = p[:h.left]
	}
	n, err := h.ReadCloser.Read(p)
	h.left -= int64(n)
	if h.left <= 0 || err != nil {
		h.once.Do(h.reached)
	}
	return n, err
}
