package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// The injection test: anyone who can send a text to the program (an index, GitHub, Sigstore, the author of a distribution or
// of a branch) puts one there that wants to be a command of the runner, an output, or a piece of the summary. The runner's
// own rules find nothing but what is ours (docs/reference/runner.md §1 and §5).

// marker stands near the beginning of each hostile text, so that a test can see whether the text came through.
const marker = "marker"

// injections are the hostile texts. Adding one here puts it everywhere.
func injections() []string {
	return []string{
		// Commands.
		"\n::error::smuggled", "\n  \t::error file=x,title=y::smuggled", "\n::set-output name=result::published", "\n::stop-commands::x",
		"\n::add-mask::published", "\n::add-path::/evil", "\n::endgroup::", "\n::group::x", "\n::save-state name=x::y",
		"\r::error::a lone CR",
		"\r\n::warning::x", "\v::error::x", "\f::error::x", "\u0085::error::x", "\u2028::error::x", "\u2029::error::x", "\u00a0::error::x",
		"##[error]smuggled", "##[set-env name=X]y", "##[set-output name=result;]published", "x##[endgroup]", "##[##[error]", "####[error]x",
		"%0A::error::x", "%0D%0A##[error]x", "%250A::error::x", "::error::", "##[", "##", "[error]x", "::",
		// Commands that become ones when something is taken out of them.
		"#\u200b#[error]x", "##\u200b[error]x", ":\u200b:error::x", "#\x00#[error]x", "#\x1b#[error]x", "\n:\x00:error::x",
		"#\xff#[error]x", "\ufeff::error::x",
		"#\u00ad#[error]x", "\n\u2060::error::x", "#<b></b>#[error]x", "#&#35;[error]x",
		// File commands.
		"\n_GitHubActionsFileCommandDelimeter_\nurl=https://evil.example\n", "\nresult=published", "\nresult<<EOF\npublished\nEOF\n",
		"\nGITHUB_TOKEN<<_",
		// Tables, Markdown and HTML.
		"|", " | a | b |\n| --- | --- |", "\\|", "\\", "`", "``|``", "\n```\n", "\n~~~\n", "</details>", "<details><summary>",
		"</code></pre>", "<script>alert(1)</script>",
		"<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "](javascript:alert(1))", "![x](https://evil.example/x.png)",
		"<javascript:alert(1)>",
		"@octocat @octo-org/team", "#1", "GH-1", "https://evil.example/", "www.evil.example", "\n# heading", "\n- item", "\n> quote",
		"\n---\n", "**bold** _it_ ~~no~~",
		"&lt;script&gt;", "&#x3c;b&#x3e;", "<!--", "-->", "<![CDATA[", "$x^2$", "\n[x]: https://evil.example", "[^1]", "{{ x }}",
		"${{ github.token }}", ":tada:",
		// What a terminal or a reader sees.
		"\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x1b\\x", "\x1b[2K\x1b[1A", "\x9b31m", "\u009b31m", "\x07\x08\x7f", "\x00",
		"\u0090\u009c", "\u202egnp.exe\u202c",
		"\u2066x\u2069", "\u061c\u200e\u200f", "\xff\xfe\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\u200b\u200c\u200d", "\U000e0041",
		"%s%d%n", "%!s(MISSING)",
	}
}

// longestPacket is how many bytes of hostile texts go into one place: less than what is repeated of an answer.
const longestPacket = 1600

// packets are the hostile texts, several in each.
func packets(n int) []string { return packed(n, longestPacket) }

// packed are the hostile texts, as many in each as there is room for. In the nth of a series another one is the first, since what
// matters may be where a text begins.
func packed(n, longest int) []string {
	texts := injections()
	n %= len(texts)
	var all []string
	packet := ""
	for _, text := range slices.Concat(texts[n:], texts[:n]) {
		if len(packet)+len(text) > longest {
			all, packet = append(all, packet), ""
		}
		if packet == "" {
			packet = text + " " + marker
			continue
		}
		packet += " " + text
	}
	return append(all, packet)
}

// thinned is every fifth of a series under the race detector, which checks what the program does and not texts; else all.
func thinned[T any](all []T) []T {
	if !raced {
		return all
	}
	var some []T
	for i := 0; i < len(all); i += 5 {
		some = append(some, all[i])
	}
	return some
}

// printable is what is left of a text where control characters and what is no UTF-8 are refused before anything else.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return -1
		}
		return c
	}, text)
}

// longestHead is how many bytes of text an answer's head can have and still be read.
const longestHead = 100 << 10

// flood is the nth of texts of a megabyte, and round again.
func flood(n int) string {
	texts := []string{"|", "\n::error::x", "##[error]x ", "`", "<b>", "&", "%", "x", "ü", "\x1b[31m", "\n", "@a ", "\xff"}
	text := texts[n%len(texts)]
	return marker + " " + strings.Repeat(text, 1<<20/len(text))
}

// attackKind is one way to answer with a hostile text.
type attackKind struct {
	name    string
	whole   bool // the server's words are the text, with its white space folded
	accepts bool // the answer says that all is well
	head    bool // the text stands in the answer's head, of which less is read than of a body
	answer  func(w http.ResponseWriter, r *http.Request, text string)
}

// attackKinds are the places of an answer in which a text can stand. Adding one here tries it with every op.
func attackKinds() []attackKind {
	says := func(status int, kind string, body func(text string) string) func(http.ResponseWriter, *http.Request, string) {
		var mu sync.Mutex
		var last, made string // an answer of a megabyte is made once, and not for every request that is tried again
		bodyOf := func(text string) string {
			mu.Lock()
			defer mu.Unlock()
			if made == "" || last != text {
				last, made = text, body(text)
			}
			return made
		}
		return func(w http.ResponseWriter, _ *http.Request, text string) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, bodyOf(text))
		}
	}
	broken := func(breaks func(text string) string, head func(text string) string) func(http.ResponseWriter, *http.Request, string) {
		return func(w http.ResponseWriter, _ *http.Request, text string) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err) // a server of tests can
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, head(breaks(text)))
		}
	}
	raw := func(head func(text string) string) func(http.ResponseWriter, *http.Request, string) {
		return broken(func(text string) string { return strings.ReplaceAll(text, "\n", "\r") }, head)
	}
	lines := func(text string) string { // what PyPI can send: line feeds alone, and no empty line
		return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' }), "\n")
	}
	itself := func(text string) string { return text }
	ends := "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	return []attackKind{
		{name: "status line", head: true, answer: raw(func(text string) string { return "HTTP/1.1 403 " + text + ends })},
		{
			name:   "status line in Latin-1",
			head:   true,
			answer: raw(func(text string) string { return "HTTP/1.1 403 " + latin1(text) + ends }),
		},
		{
			name:   "status line of several lines",
			head:   true,
			answer: broken(lines, func(text string) string { return "HTTP/1.1 400 " + text + ends }),
		},
		{
			name:   "JSON",
			whole:  true,
			answer: says(403, "application/json", func(text string) string { return jsonText(map[string]any{"message": text}) }),
		},
		{name: "JSON errors", answer: says(422, "application/json", errorsOf)},
		{name: "plain text", answer: says(403, "text/plain", itself)},
		{name: "HTML", answer: says(403, "text/html", func(text string) string {
			return "<html><head><title>x</title></head><body><p>" + text + "</p></body></html>"
		})},
		{name: "HTML, later 500", answer: says(500, "text/html", func(text string) string { return "<p title='" + text + "'>" + text })},
		{
			name:   "redirect",
			head:   true,
			answer: raw(func(text string) string { return "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + text + ends }),
		},
		{name: "redirect within", head: true, answer: raw(func(text string) string {
			return "HTTP/1.1 301 " + text + "\r\nLocation: https://evil.example/" + text + ends
		})},
		{name: "headers", head: true, answer: raw(func(text string) string {
			return "HTTP/1.1 400 Bad Request\r\nContent-Type: " + text + "\r\nRetry-After: " + text + "\r\nDate: " + text + "\r\nServer: " +
				text + ends
		})},
		{name: "no HTTP", answer: raw(itself)},
		{name: "a broken head", answer: raw(func(text string) string { return "HTTP/1.1 200 OK\r\n" + text + "\r\n\r\n" })},
		{name: "accepted", accepts: true, answer: says(200, "application/json", acceptance)},
		{name: "accepted, no JSON", accepts: true, answer: says(200, "application/json", itself)},
		{
			name:    "accepted, HTML",
			accepts: true,
			answer:  says(200, "text/html", func(text string) string { return "<a href='" + text + "'>" + text + "</a>" }),
		},
	}
}

// latin1 is the text in ISO 8859-1, with question marks for what is not in it.
func latin1(text string) string {
	var b bytes.Buffer
	for _, c := range text {
		if c > 0xff {
			c = '?'
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // of maps, lists and texts
	}
	return string(text)
}

// errorsOf is a refusal as Warehouse's mint endpoint has it, whose every part is the text.
func errorsOf(text string) string {
	detail := map[string]any{"code": text, "description": text, "message": text}
	return jsonText(map[string]any{"message": text, "errors": []any{detail, detail}, "detail": text, "error": text, "code": text})
}

// acceptance is an answer in which everything that a client may read is the text.
func acceptance(text string) string {
	file := map[string]any{
		"filename":    text,
		"url":         text,
		"hashes":      map[string]string{"sha256": text, text: text},
		"size":        1,
		"yanked":      text,
		"provenance":  text,
		"upload-time": text,
	}
	own := maps.Clone(file)
	own["filename"] = built()[1]
	return jsonText(map[string]any{
		"audience":       text,
		"success":        true,
		"token":          text,
		"value":          text,
		"message":        text,
		"expires":        text,
		"meta":           map[string]any{"api-version": "1.4"},
		"name":           "alder",
		"versions":       []string{text, "1.0"},
		"files":          []any{file, own},
		"project-status": map[string]string{"status": text, "reason": text},
		"version":        1,
		"attestation_bundles": []any{map[string]any{
			"publisher":    map[string]string{"kind": text},
			"attestations": []any{map[string]any{text: text, "version": text}},
		}},
		"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": []string{text}}},
		"logIndex":                     text,
		"body":                         text,
		"uuid":                         text,
		"signed":                       map[string]any{"_type": text, "version": text},
		"signatures":                   []any{text},
		"id":                           1,
		"tag_name":                     text,
		"html_url":                     text,
		"browser_download_url":         text,
		"state":                        text,
		"digest":                       text,
		"label":                        text,
		text:                           map[string]any{"body": text, "logIndex": 1, "logID": text, "integratedTime": 1},
	})
}

// target is an op whose answers are hostile.
type target struct {
	op     string
	passes bool // the run can go on without it
	raw    bool // an answer is reported as it is, in any encoding
	signs  bool // a run that attests
	waits  bool // a run that reads back
	lost   bool // the answer to the first log entry is lost, so that the log is asked for what it has

	attaches bool // a run that attaches to a GitHub release, which has one of the files already
}

// targets are the ops of a run. Adding one here tries every way and every text with it.
func targets() []target {
	return []target{
		{op: "look", passes: true},
		{op: "audience"},
		{op: "id-token", raw: true},
		{op: "mint"},
		{op: "upload"},
		{op: "probe", passes: true},
		{op: "burn", passes: true},
		{op: "trust-root", signs: true},
		{op: "certificate", signs: true},
		{op: "log-entry", signs: true},
		{op: "log-lookup", signs: true, lost: true},
		{op: "provenance", passes: true, signs: true, waits: true},
		{op: "github", attaches: true},
		{op: "asset", attaches: true, passes: true},
		{op: "asset-download", attaches: true},
	}
}

// hostileFront is what stands between a step and everything that it asks, and answers the requests of an op itself. It
// remembers what it was shown.
type hostileFront struct {
	op     string // empty: none
	answer func(w http.ResponseWriter, r *http.Request, text string)
	text   string
	echoes bool // the text begins with the credential that came with the request
	next   http.Handler

	mu       sync.Mutex
	hits     int
	received []string
}

func (f *hostileFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fakepypi.Op(r) != f.op {
		f.next.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	credentials := credentialsIn(r, body)
	f.mu.Lock()
	f.hits++
	f.received = append(f.received, credentials...)
	f.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	text := f.text
	if f.echoes && len(credentials) > 0 {
		text = strings.Join(credentials, " ") + " " + url.QueryEscape(credentials[0]) + " " + text
	}
	f.answer(w, r, text)
}

// seen returns how many requests the front has answered, and the credentials that it was shown.
func (f *hostileFront) seen() (hits int, shown []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits, slices.Clone(f.received)
}

// credentialsIn are those of a request: a password, a bearer token, or the token in a JSON body.
func credentialsIn(r *http.Request, body []byte) []string {
	var all []string
	if _, pass, ok := r.BasicAuth(); ok {
		all = append(all, pass)
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		all = append(all, token)
	}
	var sent struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(body, &sent) == nil && sent.Token != "" {
		all = append(all, sent.Token)
	}
	return all
}

// place is where steps run one after another that reach their index, GitHub and Sigstore through a front alone: a test server behind an
// address at which each step finds its own front.
type place struct {
	root    string // of the folders of a step, where each finds them as they were
	servers *fakepypi.Servers
	clock   *stepclock.Clock // of the server, and of the steps
	proxy   http.Handler     // to the server
	front   atomic.Pointer[hostileFront]
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{root: t.TempDir(), clock: &stepclock.Clock{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.front.Load().ServeHTTP(w, r) }))
	var at string
	p.servers, at = startReserved(t, fakepypi.Options{OnePort: true, URL: server.URL, Now: p.clock.Now})
	t.Cleanup(server.Close) // before the test server, whose requests it may still be waiting for
	p.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: at})
			r.Out.Host = r.In.Host // the index's pages have addresses of it
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return p
}

// step is a step behind the front, as the runner prepares it below the folder root. It runs within the process of the test, whose streams
// are its own. The steps before it have ended, and left nothing in the place.
func (p *place) step(t *testing.T, root string, front *hostileFront) *step {
	t.Helper()
	pypitest.WaitIdle(t, p.servers)
	if err := p.servers.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.clock.Reset()
	p.servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
	front.next = p.proxy
	p.front.Store(front)
	s := prepared(t, root, p.servers.Env, p.servers.Upload.String(), "push.json")
	s.servers, s.clock, s.noWait, s.inProcess = p.servers, p.clock, true, true
	s.env["INPUT_VERBOSE"], s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_ATTESTATIONS"] = "true", "0", "false"
	s.env["INPUT_PACKAGES-DIR"] = s.path("dist") // the test stands in another folder than a step
	return s
}

// startReserved starts a test server at a known address; the address that it gives to clients is another one.
func startReserved(t *testing.T, options fakepypi.Options) (servers *fakepypi.Servers, at string) {
	t.Helper()
	var failed error
	for range 10 {
		free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at = free.Addr().String()
		if err := free.Close(); err != nil {
			t.Fatal(err)
		}
		if servers, failed = pypitest.Open(context.WithoutCancel(t.Context()), at, options); failed == nil {
			t.Cleanup(func() {
				if err := servers.Close(); err != nil {
					t.Error(err)
				}
			})
			return servers, at
		}
	}
	t.Fatal(failed)
	return nil, ""
}

// attackCase is what one op is answered in one way.
type attackCase struct {
	name string
	way  attackKind
	text string
}

// attackCases are those of the nth op: every way with a packet, such that each packet comes with half of the ways, and a sixth of
// the ways with a flood. One of the first six ways meets the nth flood, so that each flood comes where there are as many ops as floods;
// each way meets one at two ops or three.
func attackCases(n int) []attackCase {
	var all []attackCase
	for i, w := range attackKinds() {
		texts := packets(n + len(targets())*i)
		all = append(all, attackCase{w.name, w, texts[i%len(texts)]})
		if (n+i)%6 == 0 {
			text := flood(n + i/6)
			if w.head {
				text = text[:longestHead]
			}
			all = append(all, attackCase{w.name + ", a flood", w, text})
		}
	}
	return all
}

// TestInjection_ServerAnswers: every op is answered in every way, and with every text.
func TestInjection_ServerAnswers(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for i, o := range targets() {
		t.Run(o.op, func(t *testing.T) {
			t.Parallel()
			var reported atomic.Bool // whether anything of the texts was ever seen
			atOnce := 1
			if o.waits {
				atOnce = 12
			}
			places := make(chan *place, atOnce)
			for range atOnce {
				places <- newPlace(t)
			}
			if err := par.Each(t.Context(), atOnce, thinned(attackCases(i)), func(_ context.Context, c attackCase) error {
				p := <-places
				defer func() { places <- p }()
				front := &hostileFront{op: o.op, answer: c.way.answer, text: c.text, echoes: len(c.text) <= 2*longestPacket}
				t.Run(c.name, func(t *testing.T) {
					if attack(t, p, o, c.way, front) {
						reported.Store(true)
					}
				})
				return nil
			}); err != nil {
				t.Error(err)
			}
			if !reported.Load() && !raced {
				t.Error("no answer is reported: the test checks nothing")
			}
		})
	}
}

// attack is one run that is answered by the front. It returns whether the text is seen.
func attack(t *testing.T, p *place, o target, w attackKind, front *hostileFront) (reported bool) {
	t.Helper()
	s := p.step(t, p.root, front)
	s.prepareFor(o)
	before := s.inventory()
	code := s.start().wait()
	v := s.check(code, before)
	hits, shown := front.seen()
	s.checkInert(v, shown)
	if hits == 0 {
		t.Error("nothing was answered with the text")
	}
	if !w.accepts && o.passes != (code == 0) {
		t.Errorf("exit code %d, which is not what a run with this answer ends with\n%s", code, s.log.String())
	}
	if w.whole && !o.raw && front.echoes {
		s.checkIntact(v, front.text)
	}
	s.tail()
	return strings.Contains(s.log.String(), marker)
}

// attaches has the step attach to a release that has one of its files already.
func (s *step) attaches(name string) *gitHub {
	s.t.Helper()
	g := s.withGitHub(releases.Write, v1)
	g.AddAsset(releases.Asset{Release: g.release.ID, Name: name, Bytes: []byte(s.fileText("dist/" + name))})
	return g
}

// tail shows the end of the log of a step that failed the test.
func (s *step) tail() {
	if s.t.Failed() {
		s.t.Logf("%s", s.log.String()[max(0, s.log.Len()-6000):])
	}
}

// checkInert holds that a step left nothing behind but what is ours. received are credentials that the server received.
func (s *step) checkInert(v checkResult, shown []string) {
	s.t.Helper()
	s.checkInertLog(shown)
	for _, text := range []string{s.log.String(), v.summary} {
		if at := unexpectedIn(text); at != "" {
			s.t.Errorf("it is printed raw: %s", at)
		}
		for _, secret := range shown {
			forms := formsOf(secret)
			for line := range strings.Lines(text) {
				if c, ok := commandIn(line); holdsAny(line, forms) && (!ok || c.name != "add-mask") {
					s.t.Errorf("a secret is seen: %.300s", line)
				}
			}
		}
	}
	for _, wrong := range wrongIn(v.summary) {
		s.t.Errorf("the summary: %.500s", wrong)
	}
	for _, name := range []string{"manifest", "files", "releases"} {
		text := v.outputs[name]
		if !json.Valid([]byte(text)) {
			s.t.Errorf("output %s is no JSON: %.300q", name, text)
		}
		if !utf8.ValidString(text) {
			s.t.Errorf("output %s is not UTF-8: %.300q", name, text)
		}
	}
	if result := v.outputs["result"]; !slices.Contains([]string{"published", "unchanged", "partial", "failed"}, result) {
		s.t.Errorf("result %q", result)
	}
	for _, f := range findingsOf(s.t, v) {
		expect.Lacks(s.t, "the finding", f.Message, "panic")
		if f.ID == "internal" {
			s.t.Errorf("a defect: %+v", f)
		}
	}
}

// What the commands of our log say.
var (
	ourTitle = regexp.MustCompile(`^pypi-oidc-publish: [a-z0-9-]+$`)
	ourGroup = regexp.MustCompile(`^(GitHub|[A-Z][a-z]+)[a-z ]*$`)
)

// checkInertLog holds that every command of the log is one of ours, and says one thing.
func (s *step) checkInertLog(shown []string) {
	s.t.Helper()
	log := s.log.String()
	expect.Lacks(s.t, "the log", log, "goroutine ")
	if len(log) > 256<<10 {
		s.t.Errorf("a log of %d bytes: %.2000q", len(log), log)
	}
	known := append(s.servers.Secrets(), append(shown, s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"], s.env["INPUT_PASSWORD"])...)
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		c, ok := commandIn(line)
		if !ok {
			continue
		}
		if !strings.HasPrefix(line, "::"+c.name) {
			s.t.Errorf("a command within a line: %.300q", line)
		}
		switch c.name {
		case "add-mask":
			if !slices.ContainsFunc(known, func(secret string) bool { return strings.Contains(secret, c.data) }) &&
				!strings.Contains(c.data, marker) {
				s.t.Errorf("a mask of no secret: %.300q", c.data)
			}
		case "group":
			if !ourGroup.MatchString(c.data) {
				s.t.Errorf("a group of %.300q", c.data)
			}
		case "endgroup":
			if line != "::endgroup::" {
				s.t.Errorf("an end of a group: %.300q", line)
			}
		case "error", "warning", "notice":
			if !ourTitle.MatchString(c.properties["title"]) {
				s.t.Errorf("an annotation by another: %.300q", line)
			}
			s.checkOneMeaning(c)
		default:
			s.t.Errorf("a command of another: %.300q", line)
		}
	}
}

// checkOneMeaning holds that an annotation is a message and a next step, and no command in either.
func (s *step) checkOneMeaning(c command) {
	s.t.Helper()
	texts := strings.Split(c.data, "\n")
	if len(texts) > 2 {
		s.t.Errorf("an annotation of %d lines: %.500q", len(texts), c.data)
	}
	for _, text := range append(texts, c.properties["file"]) {
		expect.Lacks(s.t, "the annotation", text, "##[")
		expect.Equal(s.t, "what the annotation shows besides text", unexpectedIn(text), "")
		if _, ok := commandIn(text); ok {
			s.t.Errorf("an annotation that holds another: %.500q", text)
		}
	}
	for key := range c.properties {
		if !slices.Contains([]string{"title", "file", "line", "col"}, key) {
			s.t.Errorf("an annotation's property %.100q", key)
		}
	}
}

// unexpectedIn finds the first thing in a text that no text of ours has: a control character but the end of a line, a turn of
// the writing direction, another end of a line, or no UTF-8.
func unexpectedIn(text string) string {
	for at, c := range text {
		if c == utf8.RuneError && strings.HasPrefix(text[at:], string(c)) {
			continue // a real one, which stands for what was there
		}
		if c == utf8.RuneError || (unicode.IsControl(c) && c != '\n') || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' ||
			c == '\u2029' {
			return fmt.Sprintf("%q in %.200q", c, text[max(0, at-80):])
		}
	}
	return ""
}

// manifestFinding is a finding as the manifest has it.
type manifestFinding struct{ ID, File, Message, Fix string }

func findingsOf(t *testing.T, v checkResult) []manifestFinding {
	t.Helper()
	var manifest struct{ Findings []manifestFinding }
	if err := json.Unmarshal([]byte(v.outputs["manifest"]), &manifest); err != nil {
		t.Errorf("the manifest: %v", err)
	}
	return manifest.Findings
}

// checkIntact holds that the manifest has the text as the server said it, with its white space folded, where it is reported at all.
func (s *step) checkIntact(v checkResult, text string) {
	s.t.Helper()
	joinSpace := func(text string) string { // a run of invalid bytes may be one or many
		return regexp.MustCompile("\ufffd+").ReplaceAllString(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "),
			"\ufffd")
	}
	for _, f := range findingsOf(s.t, v) {
		if strings.Contains(f.Message, marker) && !strings.Contains(joinSpace(f.Message), joinSpace(text)) {
			s.t.Errorf("the manifest has\n %.3000q\nand not\n %.3000q", joinSpace(f.Message), joinSpace(text))
		}
	}
}
