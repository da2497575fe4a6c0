package fakepypi_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// harness is a test server and a client that knows nothing but HTTP.
type harness struct {
	*fakepypi.Servers
	t     *testing.T
	clock *clock
	http  *http.Client
}

func open(t *testing.T, o fakepypi.Options) *harness {
	t.Helper()
	return openAt(t, "127.0.0.1:0", o)
}

// beginning is the time at which every test server begins: a day on which its tables are those of the index.
var beginning = vectors.AsOf()

// borrowing returns a function that opens a test server whose run may upload to the existing project demo, on a test server that others
// have used.
// Its clock stands still.
func borrowing(t *testing.T) func(t *testing.T) *harness {
	t.Helper()
	c := &clock{at: beginning}
	pool := pypitest.NewPool(t, 2*runtime.GOMAXPROCS(0), fakepypi.Options{Now: c.now})
	return func(t *testing.T) *harness {
		t.Helper()
		th := &harness{Servers: pool.Borrow(t), t: t, clock: c, http: newClient()}
		th.AddPublisher(fakepypi.Publisher{Project: "demo"})
		return th
	}
}

func openAt(t *testing.T, addr string, o fakepypi.Options) *harness {
	t.Helper()
	c := &clock{at: beginning}
	o.Now = c.now
	return &harness{Servers: pypitest.StartAt(t, addr, o), t: t, clock: c, http: newClient()}
}

// lineConn is a connection with one answer, whose reason phrase may have several lines: net/http reads none that has line feeds, so they
// come as vertical tabs.
type lineConn struct {
	net.Conn
	last byte
	over bool // the status line is
}

func (c *lineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for i := 0; i < n && !c.over; i++ {
		c.over = p[i] == '\n' && c.last == '\r'
		if p[i] == '\n' && !c.over {
			p[i] = '\v'
		}
		c.last = p[i]
	}
	return n, err
}

// newClient follows no redirects, and leaves no connection behind.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return &lineConn{Conn: conn}, err
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// opened is a test server whose run may upload to the existing project demo.
func opened(t *testing.T) *harness {
	t.Helper()
	th := open(t, fakepypi.Options{})
	th.AddPublisher(fakepypi.Publisher{Project: "demo"})
	return th
}

// reply is what came back.
type reply struct {
	status int
	reason string
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%q is no JSON object: %v", r.body, err)
	}
	return v
}

func (th *harness) do(method, path string, body io.Reader, header ...string) reply {
	th.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = "http://" + th.Upload.Host + path
	}
	req, err := http.NewRequestWithContext(th.t.Context(), method, url, body)
	if err != nil {
		th.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "raw-test")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := th.http.Do(req)
	if err != nil {
		th.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		th.t.Fatal(err)
	}
	reason := strings.ReplaceAll(strings.TrimPrefix(resp.Status, fmt.Sprintf("%d ", resp.StatusCode)), "\v", "\n")
	return reply{resp.StatusCode, reason, resp.Header, string(text)}
}

func (th *harness) get(path string, header ...string) reply {
	th.t.Helper()
	return th.do("GET", path, nil, header...)
}

// idToken asks for an ID token by the runner's protocol.
func (th *harness) idToken(audience string) string {
	th.t.Helper()
	r := th.get(th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"]+"&audience="+audience,
		"Authorization", "bearer "+th.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
	if r.status != 200 {
		th.t.Fatalf("no ID token: %+v", r)
	}
	token, _ := r.json(th.t)["value"].(string)
	return token
}

func (th *harness) mint(jwt string) reply {
	th.t.Helper()
	body, err := json.Marshal(map[string]string{"token": jwt})
	if err != nil {
		th.t.Fatal(err)
	}
	return th.do("POST", "/_/oidc/mint-token", bytes.NewReader(body))
}

// minted is an upload token of the run.
func (th *harness) minted() string {
	th.t.Helper()
	r := th.mint(th.idToken("rehearsal"))
	if r.status != 200 {
		th.t.Fatalf("no upload token: %+v", r)
	}
	token, _ := r.json(th.t)["token"].(string)
	return token
}

// upload is an upload to be sent.
type upload struct {
	fields      [][2]string
	filename    string
	kind        string // the file part's Content-Type, "-" for none
	seed        string // what the content was made of
	content     string
	bare        bool // no content part
	byPublisher bool // with a minted token, where a test chooses
	query       string
	header      []string
}

// wheel is an upload that the index takes, changed by the pairs: a field's name and its value; "-" leaves it out.
func wheel(changes ...string) upload {
	return sending("demo-1.0-py3-none-any.whl", "bdist_wheel", "py3", "the wheel", changes...)
}

func sdist(changes ...string) upload {
	return sending("demo-1.0.tar.gz", "sdist", "source", "the sdist", changes...)
}

func sending(filename, filetype, python, seed string, changes ...string) upload {
	p := upload{filename: filename, kind: "application/octet-stream", seed: seed, content: packed(filename, seed)}
	p.fields = [][2]string{
		{":action", "file_upload"},
		{"protocol_version", "1"},
		{"metadata_version", "2.4"},
		{"name", "demo"},
		{"version", "1.0"},
		{"filetype", filetype},
		{"pyversion", python},
		{"sha256_digest", sha256Of(p.content)},
	}
	return p.with(changes...)
}

func (p upload) with(changes ...string) upload {
	for i := 0; i < len(changes); i += 2 {
		p = p.set(changes[i], changes[i+1])
	}
	return p
}

func (p upload) set(name, value string) upload {
	var fields [][2]string
	for _, f := range p.fields {
		if f[0] != name {
			fields = append(fields, f)
		}
	}
	if value != "-" {
		fields = append(fields, [2]string{name, value})
	}
	p.fields = fields
	return p
}

// holding returns the upload with an archive of other bytes and the right digest.
func (p upload) holding(seed string) upload {
	p.seed, p.content = seed, packed(p.filename, seed)
	return p.set("sha256_digest", sha256Of(p.content))
}

// called returns the upload with another file name, and what an archive of that name has to hold.
func (p upload) called(filename string) upload {
	was := sha256Of(p.content)
	p.filename, p.content = filename, packed(filename, p.seed)
	for i, f := range p.fields {
		if f == [2]string{"sha256_digest", was} {
			p.fields = slices.Clone(p.fields)
			p.fields[i][1] = sha256Of(p.content)
		}
	}
	return p
}

func (p upload) body(t *testing.T) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, f := range p.fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if !p.bare {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="content"; filename="`+p.filename+`"`)
		if p.kind != "-" {
			h.Set("Content-Type", p.kind)
		}
		part, err := form.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), b.Bytes()
}

// upload sends an upload with the token.
func (th *harness) upload(token string, p upload) reply {
	th.t.Helper()
	kind, body := p.body(th.t)
	header := append([]string{"Content-Type", kind, "Authorization", basic("__token__", token)}, p.header...)
	return th.do("POST", "/legacy/"+p.query, bytes.NewReader(body), header...)
}

func basic(user, password string) string {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(user, password)
	return req.Header.Get("Authorization")
}

// accepted is the body of an upload that was accepted.
const accepted = "200 OK\n\n\n\n\n\n\n"

func (th *harness) accepted(token string, p upload) {
	th.t.Helper()
	if r := th.upload(token, p); r.status != 200 || r.body != accepted {
		th.t.Fatalf("%s was refused: %+v", p.filename, r)
	}
}

// want fails the test if a reply does not have the status and the reason phrase.
func (r reply) want(t *testing.T, status int, reason string) {
	t.Helper()
	if r.status != status || reason != "" && r.reason != reason {
		t.Errorf("answer\n %d %q\nwant\n %d %q", r.status, r.reason, status, reason)
	}
}

func sha256Of(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func blake2Of(s string) string {
	sum := blake2b.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

const (
	demo       = pep.Project("demo")
	simpleJSON = "application/vnd.pypi.simple.v1+json"
)
