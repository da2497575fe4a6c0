package fakepypi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestOps_MatchClient: a fault is planned under the name that the client's table of retries has.
func TestOps_MatchClient(t *testing.T) {
	t.Parallel()
	var want []string
	for _, op := range wire.Ops() {
		want = append(want, string(op))
	}
	got := fakepypi.Ops()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the test server has the ops %v, the client %v", got, want)
	}
	th := opened(t)
	for _, op := range wire.GitHubOps() {
		th.breaks(string(op), named(t, "status-503"), 0, 1)
	}
}

// named is a fault of the table.
func named(t *testing.T, name string) fault.Fault {
	t.Helper()
	f, known := fault.ByName(name)
	if !known {
		t.Fatalf("there is no fault %q", name)
	}
	return f
}

func (th *harness) breaks(op string, f fault.Fault, skip, times int) {
	th.t.Helper()
	if err := th.InjectFault(op, f, skip, times); err != nil {
		th.t.Fatal(err)
	}
}

// longestWait is how long a test waits for what a busy machine may be late with.
const longestWait = 3 * time.Minute

// wantHits fails the test if the planned faults were not hit this often.
func (th *harness) wantHits(want ...int) {
	th.t.Helper()
	var got []int
	for _, p := range th.Plans() {
		got = append(got, p.Hits)
	}
	if !slices.Equal(got, want) {
		th.t.Errorf("the faults were hit %v times, want %v", got, want)
	}
}

// eventually waits for what another goroutine is about to do, up to a limit.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(longestWait)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// request is a request of one op.
func (th *harness) request(op, token string) *http.Request {
	th.t.Helper()
	method, at, kind, auth, accept := "POST", "http://"+th.Upload.Host, "application/json", "", simpleJSON
	var body []byte
	switch op {
	case "audience":
		method, at = "GET", at+"/_/oidc/audience"
	case "look":
		method, at = "GET", at+"/simple/demo/"
	case "id-token":
		method, at, auth = "GET", th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"], "bearer "+th.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
	case "mint":
		at, body = at+"/_/oidc/mint-token", []byte(`{"token":"`+th.idToken("rehearsal")+`"}`)
	case "burn":
		at, body = at+"/_/oidc/burn-token", []byte(`{"token":"`+token+`"}`)
	case "probe":
		at, kind, auth, body = at+"/legacy/", "application/x-www-form-urlencoded", basic("__token__", token),
			[]byte("%3Aaction=file_upload")
	case "upload":
		at, auth = at+"/legacy/", basic("__token__", token)
		kind, body = wheel().body(th.t)
	case "trust-root":
		method, at = "GET", th.TUF.String()+"/timestamp.json"
	case "certificate":
		at, auth, body = th.sigstore()+"/api/v2/signingCert", "bearer "+th.idToken("sigstore"), th.certificateRequest()
	case "log-entry":
		at, body = th.sigstore()+"/api/v1/log/entries", th.logRequest()
	case "log-lookup":
		method, at = "GET", th.sigstore()+th.loggedAt()
	case "provenance":
		method, at = "GET", at+"/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"
		kind, accept = "", "application/vnd.pypi.integrity.v1+json"
		th.attested(token)
	default:
		th.t.Fatalf("this test has no request for the op %q", op)
	}
	r, err := http.NewRequestWithContext(th.t.Context(), method, at, bytes.NewReader(body))
	if err != nil {
		th.t.Fatal(err)
	}
	for name, value := range map[string]string{"User-Agent": "raw-test", "Content-Type": kind, "Authorization": auth, "Accept": accept} {
		r.Header.Set(name, value)
	}
	return r
}

// unharmed is the answer to ask where nothing is broken.
func unharmed(op string) string {
	switch op {
	case "burn":
		return "202"
	case "probe":
		return "400"
	case "log-entry":
		return "201" // each time another one
	default:
		return "200"
	}
}

// effect counts what requests of the op have left on the test server.
func (th *harness) effect(op string) int {
	n := 0
	switch op {
	case "upload":
		n = len(th.Files())
	case "log-entry":
		n = th.LogSize()
	case "mint":
		n = len(th.Tokens()) - 1 // one is there from the start
	case "burn":
		for _, token := range th.Tokens() {
			if token.Burned {
				n++
			}
		}
	}
	return n
}

// sees sends the request over a connection of its own and returns what a client sees, in a few words.
func sees(t *testing.T, r *http.Request, timeout time.Duration) string {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: longestWait}).DialContext(t.Context(), "tcp", r.URL.Host)
	if err != nil {
		return ending(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(conn); err != nil {
		return ending(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return ending(err)
	}
	defer resp.Body.Close()
	seen := fmt.Sprint(resp.StatusCode)
	if after := resp.Header.Get("Retry-After"); after != "" {
		seen += ", Retry-After " + after
	}
	if resp.Header.Get("Date") != "Mon, 31 Aug 2026 12:00:00 GMT" && !strings.Contains(r.URL.Path, "idtoken") {
		t.Errorf("the answer's date is %q: not by the test server's clock", resp.Header.Get("Date"))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20+1)) // more than any answer has here
	if err != nil {
		return seen + ", then " + ending(err)
	}
	if len(body) > 1<<20 {
		return seen + ", too long"
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && bytes.Contains(body, []byte("a machine on the way</center>")) {
		seen += ", a page"
	}
	return seen
}

// ending is how a connection ended.
func ending(err error) string {
	if err == nil {
		return "alive"
	}
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "nothing"
	}
	return err.Error()
}

// views are what a client sees of each fault of a request, and whether the request takes effect all the same; OK stands
// for the status of an answer where nothing is broken.
func views() map[string]view {
	return map[string]view{
		"reset-before-body":      {"reset", false},
		"reset-within-body":      {"reset", false},
		"reset-after-body":       {"reset", false},
		"reset-after-store":      {"reset", true},
		"close-after-body":       {"closed", false},
		"close-after-store":      {"closed", true},
		"status-408":             {"408", false},
		"status-425":             {"425", false},
		"status-429":             {"429", false},
		"status-429-seconds":     {"429, Retry-After 1", false},
		"status-429-date":        {"429, Retry-After Mon, 31 Aug 2026 12:00:02 GMT", false},
		"status-500":             {"500", false},
		"status-502":             {"502", false},
		"status-503":             {"503", false},
		"status-503-seconds":     {"503, Retry-After 1", false},
		"status-503-date":        {"503, Retry-After Mon, 31 Aug 2026 12:00:02 GMT", false},
		"status-503-garbage":     {"503, Retry-After soon", false},
		"status-503-early":       {"503", false},
		"status-504":             {"504", false},
		"status-499":             {"499", false},
		"status-522":             {"522", false},
		"status-500-after-store": {"500", true},
		"status-502-after-store": {"502, a page", true},
		"status-520-after-store": {"520, Retry-After 1", true},
		"html-200":               {"200, a page", false},
		"html-403":               {"403, a page", false},
		"html-502":               {"502, a page", false},
		"truncated-answer":       {"OK, then closed", true},
		"oversized-answer":       {"OK, too long", true},
		"slow-request":           {"OK", true},
		"slow-answer":            {"OK", true},
		"hang":                   {"nothing", false},
		"hang-after-store":       {"nothing", true},
	}
}

type view struct {
	sees   string
	stores bool
}

// TestFault_EveryOp: every named fault hits every op once, the client sees what the name says, and the next request is fine. Unless tests
// may take long, each fault hits a third of the ops.
func TestFault_EveryOp(t *testing.T) {
	t.Parallel()
	known, borrow := views(), borrowing(t)
	for i, f := range fault.Named() {
		if f.Point == fault.AtAccept {
			continue // see TestFault_Connections
		}
		want, reported := known[f.Name]
		if !reported {
			t.Errorf("nothing says what a client sees of %s", f.Name)
			continue
		}
		for j, op := range fakepypi.Ops() {
			switch {
			case long.Wanted: // each fault with each op
			case testing.Short() && (i+j)%len(fakepypi.Ops()) != 0:
				continue // each fault with one op
			case (i+j)%3 != 0:
				continue // each fault with a third of the ops, and each op with a third of the faults
			}
			t.Run(f.Name+" "+op, func(t *testing.T) {
				t.Parallel()
				th := borrow(t)
				token := th.minted()
				th.breaks(op, f, 0, 1)
				timeout := longestWait
				if want.sees == "nothing" {
					timeout = 200 * time.Millisecond
				}
				expected := strings.Replace(want.sees, "OK", unharmed(op), 1)
				if got := sees(t, th.request(op, token), timeout); got != expected {
					t.Errorf("a client sees %q, want %q", got, expected)
				}
				// The server may read the request only after its client has gone.
				eventually(t, "the fault is hit", func() bool { return th.Plans()[0].Hits > 0 })
				th.wantHits(1)
				eventually(t, "the request is over", func() bool {
					return !slices.ContainsFunc(th.Requests(), func(r fakepypi.Request) bool { return r.Ended.IsZero() })
				})
				counted := op == "upload" || op == "mint" || op == "burn" || op == "log-entry"
				if effect := th.effect(op); counted && (effect == 1) != want.stores {
					t.Errorf("%d times it took effect", effect)
				}
				if got := sees(t, th.request(op, token), longestWait); got != unharmed(op) {
					t.Errorf("the next request: %q, want %q", got, unharmed(op))
				}
				if op == "upload" && th.effect(op) != 1 {
					t.Errorf("the index holds %v", th.Files())
				}
				th.wantHits(1)
			})
		}
	}
}

// TestFault_Journal: the journal has the answers that clients were sent, and no others.
func TestFault_Journal(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	for name, want := range map[string]int{"reset-after-store": 0, "status-502-after-store": 502, "html-200": 200, "close-after-body": 0} {
		th.breaks("upload", named(t, name), 0, 1)
		before := len(th.Requests())
		sees(t, th.request("upload", token), 30*time.Second)
		eventually(t, "the request is over", func() bool { return !th.Requests()[before].Ended.IsZero() })
		if got := th.Requests()[before].Status; got != want {
			t.Errorf("%s: the journal has the status %d, want %d", name, got, want)
		}
	}
}

// TestFault_OversizedAnswer is longer than a client reads of the longest page, and begins like the real one.
func TestFault_OversizedAnswer(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.breaks("audience", named(t, "oversized-answer"), 0, 1)
	resp, err := th.http.Do(th.request("audience", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	head := make([]byte, 30)
	if _, err := io.ReadFull(resp.Body, head); err != nil || string(head) != `{"audience":"rehearsal"}      ` {
		t.Errorf("it begins %q, %v", head, err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n <= 64<<20 {
		t.Errorf("it goes on for %d bytes, %v", n, err)
	}
}

// TestFault_NthUpload: the number of the request says which file of a release a fault hits.
func TestFault_NthUpload(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	th.breaks("upload", named(t, "status-503"), 2, 1)
	th.accepted(token, wheel())
	th.accepted(token, sending("demo-1.0-cp312-cp312-win32.whl", "bdist_wheel", "cp312", "another wheel"))
	th.upload(token, sdist()).want(t, 503, "")
	th.accepted(token, sdist())
	th.wantHits(1)
	if mended := th.ClearFaults(); len(mended) != 1 || mended[0].Hits != 1 || mended[0].Op != "upload" || len(th.Plans()) != 0 {
		t.Errorf("mended %+v, broken %+v", mended, th.Plans())
	}
}

// TestFault_ResetDuringBody: a connection is reset while the client still sends.
func TestFault_ResetDuringBody(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"reset-before-body", "reset-within-body"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			th.breaks("upload", named(t, name), 0, 1)
			conn := th.dialed()
			large := bytes.Repeat([]byte("x"), 32<<20) // more than the sockets between the two hold
			fmt.Fprintf(
				conn, "POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw-test\r\nContent-Type: multipart/form-data\r\n"+
					"Content-Length: %d\r\n\r\n",
				len(large),
			)
			if n, err := conn.Write(large); n == len(large) || ending(err) != "reset" {
				t.Errorf("the client could send %d bytes, then %v", n, err)
			}
			th.wantHits(1)
		})
	}
}

// TestFault_EarlyAnswer comes before the request is there, and does not get lost while the client goes on sending.
func TestFault_EarlyAnswer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 32 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			th.breaks("upload", named(t, "status-503-early"), 0, 1)
			conn := th.dialed()
			fmt.Fprintf(
				conn, "POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw-test\r\nContent-Type: multipart/form-data\r\n"+
					"Content-Length: %d\r\n\r\n",
				size,
			)
			in := bufio.NewReader(conn)
			line, err := in.ReadString('\n')
			if err != nil || line != "HTTP/1.1 503 Service Unavailable\r\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if n, err := conn.Write(make([]byte, size)); err != nil {
				t.Errorf("the rest could not be sent: %d, %v", n, err)
			}
			rest, err := io.ReadAll(in)
			if err != nil || !bytes.Contains(rest, []byte("Connection: close")) {
				t.Errorf("%q, %v", rest, err)
			}
			th.wantHits(1)
		})
	}
}

// dialed is a connection to the index, bounded in time.
func (th *harness) dialed() net.Conn {
	th.t.Helper()
	conn, err := (&net.Dialer{Timeout: longestWait}).DialContext(th.t.Context(), "tcp", th.Upload.Host)
	if err != nil {
		th.t.Fatal(err)
	}
	th.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		th.t.Fatal(err)
	}
	return conn
}

// TestFault_HangUntilClientCloses, wherever the client goes away.
func TestFault_HangUntilClientCloses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hang", "hang-after-store"} {
		for _, missing := range []int{0, 20} {
			t.Run(fmt.Sprint(name, ", ", missing, " bytes missing"), func(t *testing.T) {
				t.Parallel()
				th := opened(t)
				var b bytes.Buffer
				if err := th.request("upload", th.minted()).Write(&b); err != nil {
					t.Fatal(err)
				}
				th.breaks("upload", named(t, name), 0, 1)
				conn := th.dialed()
				if _, err := conn.Write(b.Bytes()[:b.Len()-missing]); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the fault is hit", func() bool { return th.Plans()[0].Hits == 1 })
				if r := th.Requests(); !r[len(r)-1].Ended.IsZero() {
					t.Errorf("it does not hang: %+v", r[len(r)-1])
				}
				if missing > 0 { // it goes by a reset
					if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
						t.Fatal(err)
					}
				}
				if err := conn.Close(); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the hang is over", func() bool {
					r := th.Requests()
					return !r[len(r)-1].Ended.IsZero()
				})
			})
		}
	}
}

// TestFault_HangBrokenBody: a server that cannot read to the end of a body would never learn that its client has gone.
func TestFault_HangBrokenBody(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.breaks("upload", named(t, "hang"), 0, 1)
	conn := th.dialed()
	fmt.Fprint(
		conn,
		"POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw-test\r\nContent-Type: multipart/form-data\r\nTransfer-Encoding: "+
			"chunked\r\n\r\nno length\r\n",
	)
	if text, err := io.ReadAll(conn); len(text) > 0 || err != nil && ending(err) != "reset" {
		t.Errorf("%q, %v", text, err)
	}
	th.wantHits(1)
}

// TestFault_Connections: faults of a listener hit its new connections, and none of the other one's.
func TestFault_Connections(t *testing.T) {
	t.Parallel()
	known := map[string]string{"refuse": "reset", "close-at-accept": "closed"}
	for _, f := range fault.Named() {
		if f.Point != fault.AtAccept {
			continue
		}
		for _, listener := range []string{fakepypi.Connect, fakepypi.ConnectIssuer, fakepypi.ConnectSigstore, fakepypi.ConnectGitHub} {
			t.Run(f.Name+" "+listener, func(t *testing.T) {
				t.Parallel()
				th := opened(t)
				issuer, err := url.Parse(th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"])
				if err != nil {
					t.Fatal(err)
				}
				hit, other := th.Upload.Host, issuer.Host
				switch listener {
				case fakepypi.ConnectIssuer:
					hit, other = other, hit
				case fakepypi.ConnectSigstore:
					hit = th.TUF.Host
				case fakepypi.ConnectGitHub:
					hit = strings.TrimSuffix(strings.TrimPrefix(th.Env["GITHUB_API_URL"], "http://"), "/api/v3")
				}
				th.breaks(listener, f, 1, 2)
				for _, want := range []string{"served", known[f.Name], known[f.Name], "served"} {
					if got := greets(t, hit, want == "served"); got != want {
						t.Errorf("a new connection is %s, want %s", got, want)
					}
					if got := greets(t, other, true); got != "served" {
						t.Errorf("a new connection to the other server is %s", got)
					}
				}
				th.wantHits(2)
				for _, r := range th.Requests() {
					if r.Status != 404 {
						t.Errorf("a connection with a fault brought a request: %+v", r)
					}
				}
			})
		}
	}
}

// greets returns what becomes of a new connection, which asks for something or only listens: what is said into a connection
// that was closed in good order makes a reset of it.
func greets(t *testing.T, host string, sends bool) string {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: longestWait}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		return ending(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if !sends {
		_, err := conn.Read(make([]byte, 1))
		return ending(err)
	}
	if _, err := io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: x\r\nUser-Agent: raw-test\r\n\r\n"); err != nil {
		return ending(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		return ending(err)
	}
	return "served"
}

// TestFault_NoKeepAlive as long as new ones are to have a fault: a client that keeps one would never meet the fault.
func TestFault_NoKeepAlive(t *testing.T) {
	t.Parallel()
	th := opened(t)
	keeps := &http.Client{Transport: &http.Transport{}, Timeout: longestWait}
	defer keeps.CloseIdleConnections()
	get := func() error {
		resp, err := keeps.Get(th.Simple.String() + "demo/") // bounded by the client
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	th.breaks(fakepypi.Connect, named(t, "refuse"), 0, 1)
	if err := get(); err != nil { // over the connection that is there, and is closed now
		t.Fatal(err)
	}
	if err := get(); err == nil {
		t.Error("a client that keeps its connections never met the fault")
	}
	if err := get(); err != nil {
		t.Error(err)
	}
	th.wantHits(1)
}

// TestFault_InvalidPlan: a plan that could never be hit is reported.
func TestFault_InvalidPlan(t *testing.T) {
	t.Parallel()
	th := opened(t)
	for name, err := range map[string]error{
		"an op that there is not":     th.InjectFault("download", named(t, "hang"), 0, 1),
		"a connection's for an op":    th.InjectFault("upload", named(t, "refuse"), 0, 1),
		"a request's for connections": th.InjectFault(fakepypi.Connect, named(t, "hang"), 0, 1),
		"never":                       th.InjectFault("upload", named(t, "hang"), 0, 0),
		"no fault":                    th.InjectFault("upload", fault.Fault{}, 0, 1),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	th.wantHits()
}

// TestFault_OtherOps: what the index asks of the issuer, and what other clients ask, can be broken too.
func TestFault_OtherOps(t *testing.T) {
	t.Parallel()
	th := opened(t)
	jwt := th.idToken("rehearsal")
	th.breaks("keys", named(t, "status-503"), 0, fault.Forever)
	if r := th.mint(jwt); r.status != 422 && r.status != 503 {
		t.Errorf("a mint without the issuer's keys: %+v", r)
	}
	if len(th.Tokens()) != 0 || th.ClearFaults()[0].Hits == 0 {
		t.Errorf("tokens %+v", th.Tokens())
	}
	token := th.minted()
	th.accepted(token, wheel())
	th.breaks("json", named(t, "html-502"), 0, 1)
	th.get("/pypi/demo/json").want(t, 502, "")
	th.get("/pypi/demo/json").want(t, 200, "")
}

// TestFault_PlainIndex: its uploads go elsewhere, and are of the same op.
func TestFault_PlainIndex(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Profile: fakepypi.Plain})
	th.breaks("upload", named(t, "status-503"), 0, 1)
	kind, body := wheel("md5_digest", md5Of(theWheel)).body(t)
	for _, want := range []int{503, 200} {
		th.do("POST", th.Upload.Path, bytes.NewReader(body), "Content-Type", kind,
			"Authorization", basic(fakepypi.User, fakepypi.Password)).want(t, want, "")
	}
	th.wantHits(1)
}

// TestClose_DuringFaults: no handler outlives the test server, and no goroutine, at any point of a request. Not
// parallel: it counts goroutines.
func TestClose_DuringFaults(t *testing.T) {
	stuck := fault.Fault{Point: fault.AfterStore, BytesPerSecond: time.Hour, Piece: 1}
	request, answer := stuck, stuck
	request.Kind, answer.Kind = fault.SlowRequest, fault.SlowAnswer
	endless := named(t, "oversized-answer")
	endless.Size = 1 << 40
	cases := map[string]struct {
		fault fault.Fault
		op    string
		half  bool // the client sends half of its request only
	}{
		"hang":                          {named(t, "hang"), "upload", false},
		"hang, half sent":               {named(t, "hang"), "upload", true},
		"hang-after-store":              {named(t, "hang-after-store"), "upload", false},
		"hang-after-store, half sent":   {named(t, "hang-after-store"), "upload", true},
		"hang of the issuer":            {named(t, "hang"), "id-token", false},
		"reset-after-body, half sent":   {named(t, "reset-after-body"), "upload", true},
		"status-503, half sent":         {named(t, "status-503"), "upload", true},
		"slow-request":                  {request, "upload", false},
		"slow-answer":                   {answer, "look", false},
		"slow-answer that is a refusal": {answer, "probe", false},
		"oversized-answer, never read":  {endless, "look", false},
	}
	if _, err := issuertest.Key(); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			th := opened(t)
			token := th.minted()
			var b bytes.Buffer
			r := th.request(c.op, token)
			if err := r.Write(&b); err != nil {
				t.Fatal(err)
			}
			text := b.Bytes()
			if c.half {
				text = text[:len(text)-20]
			}
			th.breaks(c.op, c.fault, 0, 1)
			conn, err := (&net.Dialer{Timeout: longestWait}).DialContext(t.Context(), "tcp", r.URL.Host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			if _, err := conn.Write(text); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the fault is hit", func() bool { return th.Plans()[0].Hits == 1 })

			closed := make(chan error, 1)
			go func() { closed <- th.Close() }()
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(longestWait):
				all := make([]byte, 1<<20)
				t.Fatalf("the test server does not close:\n%s", all[:runtime.Stack(all, true)])
			}
			for _, request := range th.Requests() {
				if request.Ended.IsZero() {
					t.Errorf("a handler is still at it: %+v", request)
				}
			}
			// A hang ends without an answer.
			if answer, _ := io.ReadAll(io.LimitReader(conn, 1<<20)); c.fault.Kind == fault.Hang && len(answer) > 0 {
				t.Errorf("it was answered %q", answer)
			}
			http.DefaultClient.CloseIdleConnections()
			eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// TestControl: a client of any language breaks the test server, if it was asked to let itself be broken.
func TestControl(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Control: true})
	th.AddPublisher(fakepypi.Publisher{Project: demo})
	token := th.minted()
	before := len(th.Requests())
	control := func(method, body string) reply {
		return th.do(method, fault.ControlPath, strings.NewReader(body), "Content-Type", "application/json")
	}
	if r := control("POST", `{"op":"upload","fault":"reset-after-store","times":1}`); r.status != 201 {
		t.Fatalf("%+v", r)
	}
	if got := len(th.Requests()); got != before {
		t.Errorf("the control of the test server is in the journal of the index: %+v", th.Requests()[before:])
	}
	if got := sees(t, th.request("upload", token), 30*time.Second); got != "reset" || len(th.Files()) != 1 {
		t.Errorf("a client sees %q, the index holds %v", got, th.Files())
	}
	var decoded struct {
		Faults      []struct{ Name string }
		Ops         []string
		Connections []string
		Planned     []struct {
			Op, Fault           string
			Skip, Times, Struck int
		}
	}
	if err := json.Unmarshal([]byte(control("GET", "").body), &decoded); err != nil {
		t.Fatal(err)
	}
	if len(decoded.Planned) != 1 || decoded.Planned[0].Struck != 1 || decoded.Planned[0].Fault != "reset-after-store" ||
		len(decoded.Faults) != len(fault.Named())+1 || !slices.Contains(decoded.Ops, "keys") || !slices.Equal(
		decoded.Connections, []string{"connect", "connect-issuer", "connect-sigstore", "connect-github", "connect-assets"},
	) {
		t.Errorf("%+v", decoded)
	}
	if r := control("DELETE", ""); r.status != 200 || len(th.Plans()) != 0 {
		t.Errorf("%+v, %+v", r, th.Plans())
	}
}

// TestControl_Disabled: a test server without the control endpoint takes no faults.
func TestControl_Disabled(t *testing.T) {
	t.Parallel()
	th := opened(t)
	r := th.do("POST", fault.ControlPath, strings.NewReader(`{"op":"upload","fault":"hang"}`))
	r.want(t, 404, "")
	back, err := url.Parse(th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"])
	if err != nil {
		t.Fatal(err)
	}
	th.do("POST", "http://"+back.Host+fault.ControlPath, strings.NewReader(`{"op":"upload","fault":"hang"}`)).want(t, 404, "")
	th.wantHits()
}
