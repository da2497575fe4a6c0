package fakepypi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

const connections = "knock"

// testServer is a server with one door, whose requests are of the op that their path says.
type testServer struct {
	*fault.Injector
	t    *testing.T
	host string
}

func newTestInjector() *fault.Injector {
	return newInjectorAt(func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) })
}

func newInjectorAt(now func() time.Time) *fault.Injector {
	return fault.New(fault.Options{
		Now:       now,
		Op:        func(r *http.Request) string { return strings.Trim(r.URL.Path, "/") },
		Ops:       []string{"send", "fetch"},
		Listeners: []string{connections},
	})
}

func openInjected(t *testing.T, handler http.HandlerFunc) *testServer {
	t.Helper()
	return openInjectedWith(t, newTestInjector(), handler)
}

func openInjectedWith(t *testing.T, injector *fault.Injector, handler http.HandlerFunc) *testServer {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: injector.Handler(handler, connections), ConnContext: fault.ConnContext, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(injector.Listener(listener, connections)); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		injector.Close()
		_ = server.Close()
		<-ended
	})
	return &testServer{injector, t, listener.Addr().String()}
}

func (h *testServer) breaks(plans ...fault.Plan) {
	h.t.Helper()
	for _, p := range plans {
		if err := h.Inject(p); err != nil {
			h.t.Fatal(err)
		}
	}
}

// sends is a request to an op over a connection of its own.
func (h *testServer) sends(op, body string) (status int, answer string, err error) {
	h.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	req, err := http.NewRequestWithContext(h.t.Context(), "POST", "http://"+h.host+"/"+op, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return resp.StatusCode, string(text), err
}

func ok(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "fine")
}

// status is a fault that answers so.
func status(code int) fault.Fault {
	return fault.Fault{Kind: fault.Answer, Point: fault.AfterBody, Status: code}
}

func faultOf(t *testing.T, name string) fault.Fault {
	t.Helper()
	f, known := fault.ByName(name)
	if !known {
		t.Fatalf("there is no fault %q", name)
	}
	return f
}

// TestInjector_Named: every fault of the table has a name of its own, says what it does, and can be hit.
func TestInjector_Named(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range fault.Named() {
		if f.Name == "" || f.Help == "" || seen[f.Name] {
			t.Errorf("%+v has no name, no help, or the name of another", f)
		}
		seen[f.Name] = true
		if err := f.Check(); err != nil {
			t.Error(err)
		}
		if found, known := fault.ByName(f.Name); !known || found != f {
			t.Errorf("by its name %s is %+v", f.Name, found)
		}
		if f.Stores() != (f.Point == fault.AfterStore) {
			t.Errorf("%s: Stores is %v", f.Name, f.Stores())
		}
	}
	if _, known := fault.ByName("gremlin"); known || len(seen) == 0 {
		t.Error("there is a gremlin, or nothing at all")
	}
}

// TestInjector_Check: a fault that makes no sense is reported.
func TestInjector_Check(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]fault.Fault{
		`unknown kind ""`:            {},
		`unknown kind "gremlin"`:     {Kind: "gremlin", Point: fault.AfterBody},
		`not at ""`:                  {Kind: fault.Reset},
		`not at "before-body"`:       {Kind: fault.Close, Point: fault.BeforeBody},
		`not at "after-body"`:        {Kind: fault.Truncate, Point: fault.AfterBody},
		`not at "at-accept"`:         {Kind: fault.Hang, Point: fault.AtAccept},
		`from 200 to 599, not 100`:   status(100),
		`from 200 to 599, not 600`:   status(600),
		`204 has no body`:            status(204),
		`give one of them`:           {Kind: fault.Answer, Point: fault.AfterBody, Status: 503, RetryAfter: "1", RetryIn: time.Second},
		`a Size above 0`:             {Kind: fault.Oversize, Point: fault.AfterStore},
		`a Pace and a Piece above 0`: {Kind: fault.SlowAnswer, Point: fault.AfterStore, Piece: 1},
		`Pieces of 0 or more`:        {Kind: fault.SlowRequest, Point: fault.AfterStore, BytesPerSecond: 1, Piece: 1, Pieces: -1},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
}

// TestInjector_PlanOrder: skip and times count the requests of the op alone, and plans of one op come one after another.
func TestInjector_PlanOrder(t *testing.T) {
	t.Parallel()
	h := openInjected(t, ok)
	h.breaks(
		fault.Plan{Op: "send", Fault: status(503), Skip: 1, Times: 2},
		fault.Plan{Op: "fetch", Fault: status(500), Times: fault.Forever},
		fault.Plan{Op: "send", Fault: status(502), Skip: 1, Times: 1},
	)
	var got []int
	for range 7 {
		code, _, err := h.sends("send", "x")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, code)
		if code, _, _ := h.sends("fetch", ""); code != 500 {
			t.Errorf("fetch: %d", code)
		}
	}
	if want := []int{200, 503, 503, 200, 502, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("send: %v, want %v", got, want)
	}
	var hit []int
	for _, p := range h.Plans() {
		hit = append(hit, p.Hits)
	}
	if want := []int{2, 7, 1}; !slices.Equal(hit, want) {
		t.Errorf("hit %v, want %v", hit, want)
	}
	if mended := h.Clear(); len(mended) != 3 || mended[1].Hits != 7 || len(h.Plans()) != 0 {
		t.Errorf("mended %+v", mended)
	}
	if code, answer, err := h.sends("fetch", ""); code != 200 || answer != "fine" || err != nil {
		t.Errorf("after it was mended: %d, %q, %v", code, answer, err)
	}
}

// TestInjector_Lasting: an outage begins at a request of one op, is one of the others too until its time is over, and comes once.
func TestInjector_Lasting(t *testing.T) {
	t.Parallel()
	var clock stepclock.Clock
	h := openInjectedWith(t, newInjectorAt(clock.Now), ok)
	h.breaks(
		fault.Plan{Op: "send", Fault: status(503), Skip: 1, Lasts: 15 * time.Minute, Also: []string{"fetch"}},
		fault.Plan{Op: "fetch", Fault: status(500), Times: 1},
	)
	for i, c := range []struct {
		op    string
		want  int
		after time.Duration // which the clock goes on
	}{
		{"send", 200, time.Hour},
		{"fetch", 500, time.Hour}, // the plan before it has not begun
		{"fetch", 200, 0},
		{"send", 503, 10 * time.Minute},
		{"fetch", 503, 4 * time.Minute},
		{"send", 503, time.Minute},
		{"fetch", 200, 0},
		{"send", 200, 0},
	} {
		if code, _, err := h.sends(c.op, "x"); code != c.want || err != nil {
			t.Errorf("request %d, %s: %d, %v; want %d", i+1, c.op, code, err, c.want)
		}
		clock.Step(c.after)
	}
	if hits := h.Plans()[0].Hits; hits != 3 {
		t.Errorf("%d hits", hits)
	}
}

// TestInjector_ConcurrentRequests: of many requests at the same time, exactly as many are hit as planned.
func TestInjector_ConcurrentRequests(t *testing.T) {
	t.Parallel()
	h := openInjected(t, ok)
	h.breaks(fault.Plan{Op: "send", Fault: status(503), Skip: 5, Times: 7})
	var all sync.WaitGroup
	var hit atomic.Int64
	for range 30 {
		all.Go(func() {
			if code, _, _ := h.sends("send", "x"); code == 503 {
				hit.Add(1)
			}
		})
	}
	all.Wait()
	if hit.Load() != 7 || h.Plans()[0].Hits != 7 {
		t.Errorf("%d requests were hit; %+v", hit.Load(), h.Plans())
	}
}

// TestInjector_InvalidPlan: a plan that could never be hit is refused with the reason.
func TestInjector_InvalidPlan(t *testing.T) {
	t.Parallel()
	i := newTestInjector()
	for want, p := range map[string]fault.Plan{
		`unknown op "gremlin"; the ops are send, fetch, and for connections knock`: {Op: "gremlin", Fault: status(503), Times: 1},
		`use one of send, fetch`: {Op: connections, Fault: status(503), Times: 1},
		`use op knock`:           {Op: "send", Fault: faultOf(t, "refuse"), Times: 1},
		`skip is -1`:             {Op: "send", Fault: status(503), Skip: -1, Times: 1},
		`times is 0: it must be 1 or more, or -1 for no limit`:  {Op: "send", Fault: status(503)},
		`times is -2: it must be 1 or more, or -1 for no limit`: {Op: "send", Fault: status(503), Times: -2},
		`unknown kind`: {Op: "send", Times: 1},
	} {
		if err := i.Inject(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
	if len(i.Plans()) != 0 {
		t.Errorf("%+v", i.Plans())
	}
	fill := fault.Plan{Op: "send", Fault: status(503), Times: 1}
	for range 1000 {
		if err := i.Inject(fill); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Inject(fill); err == nil {
		t.Error("plans without end are taken")
	}
}

// TestInjector_SlowRequest: the handler gets the body in small pieces, each after a pause, and the rest at once.
func TestInjector_SlowRequest(t *testing.T) {
	t.Parallel()
	var reads []int
	var got bytes.Buffer
	h := openInjected(t, func(_ http.ResponseWriter, r *http.Request) {
		p := make([]byte, 4<<10)
		for {
			n, err := r.Body.Read(p)
			got.Write(p[:n])
			if n > 0 {
				reads = append(reads, n)
			}
			if err != nil {
				return
			}
		}
	})
	slow := fault.Fault{Kind: fault.SlowRequest, Point: fault.AfterStore, BytesPerSecond: 10 * time.Millisecond, Piece: 16, Pieces: 20}
	h.breaks(fault.Plan{Op: "send", Fault: slow, Times: 1})
	body := strings.Repeat("0123456789abcdef", 200)
	began := time.Now()
	if code, _, err := h.sends("send", body); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("20 pauses of 10 ms took %v", took)
	}
	if got.String() != body {
		t.Error("the body is not what was sent")
	}
	if len(reads) < 21 || slices.Max(reads[:20]) > 16 || slices.Max(reads[20:]) <= 16 {
		t.Errorf("it was read in pieces of %v", reads)
	}
}

// TestInjector_SlowAnswer: the answer comes in pieces and whole, also where the kernel would send a file, and without end if so planned.
func TestInjector_SlowAnswer(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789abcdef", 64)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.HandlerFunc{
		"written": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) },
		"a file":  func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) },
	} {
		for _, pieces := range []int{0, 5} {
			t.Run(fmt.Sprint(name, pieces), func(t *testing.T) {
				t.Parallel()
				h := openInjected(t, handler)
				slow := fault.Fault{
					Kind:           fault.SlowAnswer,
					Point:          fault.AfterStore,
					BytesPerSecond: 10 * time.Millisecond,
					Piece:          64,
					Pieces:         pieces,
				}
				h.breaks(fault.Plan{Op: "fetch", Fault: slow, Times: 1})
				least := 16 * slow.BytesPerSecond // 1 KiB
				if pieces > 0 {
					least = time.Duration(pieces) * slow.BytesPerSecond
				}
				began := time.Now()
				code, answer, err := h.sends("fetch", "")
				if code != 200 || answer != content || err != nil {
					t.Errorf("%d, %d bytes, %v", code, len(answer), err)
				}
				if took := time.Since(began); took < least {
					t.Errorf("it took %v, want at least %v", took, least)
				}
			})
		}
	}
}

// TestInjector_ChangedAnswer: what is cut or goes on too long begins as the real answer, with its status and its headers.
func TestInjector_ChangedAnswer(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	cut, long := faultOf(t, "truncated-answer"), faultOf(t, "oversized-answer")
	long.Size = 100_001
	cases := map[string]struct {
		fault  fault.Fault
		status int
		length int // of the real body
		want   int // of what the client gets
		whole  bool
	}{
		"cut":                   {cut, 201, 1000, 500, false},
		"cut, small":            {cut, 403, 10, 5, false},
		"cut, nothing there":    {cut, 200, 0, 0, false},
		"cut, no body allowed":  {cut, 204, 0, 0, false},
		"cut, larger than kept": {cut, 200, 3 * mib, mib / 2, false},
		"long":                  {long, 403, 10, 100_011, true},
		"long, nothing there":   {long, 200, 0, 100_001, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openInjected(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(c.length))
				w.Header().Set("X-Real", "yes")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, strings.Repeat("x", c.length))
			})
			h.breaks(fault.Plan{Op: "fetch", Fault: c.fault, Times: 1})
			code, answer, err := h.sends("fetch", "")
			if c.status == 204 {
				c.status = 200
			}
			if code != c.status || len(answer) != c.want || strings.Trim(answer, " ") != strings.Repeat("x", min(c.length, c.want)) {
				t.Errorf("%d and %d bytes, want %d and %d", code, len(answer), c.status, c.want)
			}
			if c.whole && err != nil || !c.whole && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// TestInjector_NoConnContext: on a server without the connection hook there is still no answer.
func TestInjector_NoConnContext(t *testing.T) {
	t.Parallel()
	injector := newTestInjector()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: injector.Handler(http.HandlerFunc(ok), connections), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	h := &testServer{injector, t, listener.Addr().String()}
	for _, name := range []string{"reset-after-body", "slow-answer"} {
		h.breaks(fault.Plan{Op: "send", Fault: faultOf(t, name), Times: 1})
		if code, _, err := h.sends("send", "x"); err == nil || errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %d, %v", name, code, err)
		}
	}
	if code, _, _ := h.sends("send", "x"); code != 200 {
		t.Errorf("then %d", code)
	}
}

// TestInjector_OnlyTCP: a listener that cannot have the faults is refused with its first connection.
func TestInjector_OnlyTCP(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	path := filepath.Join(t.TempDir(), "s")
	inner, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener := newTestInjector().Listener(inner, connections)
	defer listener.Close()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := listener.Accept(); err == nil || !strings.Contains(err.Error(), "TCP") {
		t.Errorf("%v", err)
	}
}
