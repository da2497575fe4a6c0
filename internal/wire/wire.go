// Package wire is the one HTTP client of the house: time-outs, retry by a policy table, a gate, bounded answers and
// traces without secrets. It knows the ops of policy.go and nothing of what they are for.
//
// It speaks HTTP/1.1 alone, since an index tells its reasons in the status line, which later versions do not have. It
// never follows a redirect, since a credential and a body belong to the place they were made for.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// Options are what a client needs of the world.
type Options struct {
	UserAgent string                                           // sent with every request; never empty
	Roots     *x509.CertPool                                   // nil: those of the system
	LoadRoots func()                                           // called before requests that leave this machine or are encrypted: makes the system's roots ready; may be nil
	Proxy     func(*http.Request) (*url.URL, error)            // nil: none
	Now       func() time.Time                                 // the clock
	Sleep     func(ctx context.Context, d time.Duration) error // waits between tries
	Trace     func(Try)                                        // told of every try; may be nil
	Redact    func(string) string                              // takes secrets out of a server's words before they are cut; may be nil
	Jitter    func(d time.Duration) time.Duration              // nil: half of d and a random half
}

// Client does calls. It is safe for use by several goroutines.
type Client struct {
	options Options
	http    *http.Client
}

// Call is one request to be done, with everything that is needed to try it again.
type Call struct {
	Op     Op
	Method string
	URL    *url.URL
	Header http.Header
	Gate   *Gate
	// Auth is asked anew for every try. Nil: no credentials.
	Auth func(context.Context) (user string, pass secret.Text, err error)
	// Body is made anew for every try, and is closed by the client: a reopened file, a fresh ID token. Nil: no body.
	// An error of it is final.
	Body func(context.Context) (body io.ReadCloser, size int64, err error)
	// Into takes the body of a 2xx answer, made anew for every try: a long answer is never held in memory, and its Answer has
	// no Body. Nil: the body is read into the Answer.
	Into func() io.Writer
	// Ended is told how a try went, before the gate lets another one through. May be nil.
	Ended func(answer *Answer)
}

// Answer is what came back, read whole and bounded.
type Answer struct {
	Status int
	Reason string // of the status line, without the code
	Header http.Header
	Body   []byte
	// AmbiguousTries counts the earlier tries of the call that may have had their effect all the same: sent whole with no answer,
	// or answered with an error of the server or of a front before it, as [Ambiguous] has it and the op's policy.
	AmbiguousTries int

	redact func(string) string
}

// Date is the server's clock, or zero where it told none.
func (a *Answer) Date() time.Time {
	at, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// Try is one try of a call, for people to read: there is no secret in it.
type Try struct {
	Op     Op
	Method string
	URL    string // without user, password and query
	N      int    // counted from 1
	Status int    // 0: no answer
	Took   time.Duration
	Wait   time.Duration // before the next try; 0: this was the last
	Err    error         // why there was no answer
}

// Error is a call that did not succeed: the server's last answer, or the reason why there was none.
type Error struct {
	Op     Op
	Method string
	URL    string
	Answer *Answer // nil: no answer
	Tries  int
	// AmbiguousTries counts the tries that may have had their effect all the same: sent whole with no answer, or answered with an
	// error of the server or of a front before it, as [Ambiguous] has it and the op's policy.
	AmbiguousTries int
	Err            error // why there was no answer

	unreadable int // tries whose answer could not be read
}

// Error names the request and what came of it, never the body of an answer.
func (e *Error) Error() string {
	tries := ""
	if e.Tries > 1 {
		tries = fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Answer != nil {
		reason := fmt.Sprint(e.Answer.Status)
		if said := e.Answer.line(e.Answer.Reason); said != "" && !isPlaceholder(e.Answer.Status, said) {
			reason += " " + said
		}
		if to := e.Answer.Header.Get("Location"); to != "" && e.Answer.Status >= 300 && e.Answer.Status < 400 {
			reason += ", a redirect to " + PlainURL(to) + " (redirects are not followed)"
		}
		return fmt.Sprintf("%s: %s %s answered %s%s", e.Op, e.Method, e.URL, reason, tries)
	}
	got := "no answer"
	var unreadable *Unreadable
	if errors.As(e.Err, &unreadable) {
		got = "an answer that is not readable HTTP"
	}
	return fmt.Sprintf("%s: %s %s got %s%s: %v", e.Op, e.Method, e.URL, got, tries, e.Err)
}

// Said are the server's own words, after a colon, where they say more than Error does; nothing otherwise.
func (e *Error) Said() string {
	if e.Answer == nil {
		return ""
	}
	words := e.Answer.ServerMessage()
	if strings.Contains(e.Error(), words) {
		return ""
	}
	return ": " + words
}

// Unwrap is why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// Advice is the next step where there was no answer for a reason that a later run does not mend either; empty otherwise.
func (e *Error) Advice() string {
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	var unreadable *Unreadable
	switch {
	case errors.As(e.Err, &untrusted):
		return "if that server, or a proxy before it, has a certificate of your own authority, give its root as `ca-bundle`; else do not go on: somebody may be in between"
	case errors.As(e.Err, &name) && name.IsNotFound:
		return "check the host's name: nothing on this machine knows it"
	case errors.As(e.Err, &unreadable) && unreadable.Tunnel:
		return "a message of several lines cannot be read through a proxy: run the job again without the proxy, or with the host in `NO_PROXY`"
	case errors.As(e.Err, &unreadable):
		return "check the address, and what stands between this machine and the server: it answers with something that is not HTTP/1.1"
	}
	return ""
}

// Permanent reports whether another try would end alike, for a reason that [Error.Advice] names.
func (e *Error) Permanent() bool { return permanent(e.Err) }

func permanent(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	return errors.As(err, &untrusted) || (errors.As(err, &name) && name.IsNotFound)
}

// TooLong reports that an answer, or its head, was longer than is read.
type TooLong struct {
	Bound int64  // in bytes
	Part  string // of the answer that is too long, such as its status line; empty: its body
}

func (e *TooLong) Error() string {
	what := "the answer"
	if e.Part != "" {
		what += "'s " + e.Part
	}
	return fmt.Sprintf("%s is longer than %d bytes, which no server sends here", what, e.Bound)
}

// Unreadable reports that a server, or a proxy before it, answered with something that net/http cannot read as HTTP/1.1.
type Unreadable struct {
	Reason string // what is wrong with it, in net/http's words and the server's: redacted, one line, bounded, and not yet safe to print
	Tunnel bool   // it came through a proxy that connects to https, where a reason phrase of several lines cannot be read
}

func (e *Unreadable) Error() string {
	if e.Tunnel {
		return e.Reason + " (through a proxy)"
	}
	return e.Reason
}

// maxUnreadable is how many answers that cannot be read are worth another try: the same request is nearly always answered alike.
const maxUnreadable = 1

// maxUnreadableReason bounds what is repeated of an answer that cannot be read, in bytes.
const maxUnreadableReason = 300

// tryTimeout is the cause of a try that took too long.
type tryTimeout struct{ after time.Duration }

func (e tryTimeout) Error() string { return fmt.Sprintf("no whole answer within %v", e.after) }

// New returns a client.
func New(options Options) *Client {
	if options.Jitter == nil {
		options.Jitter = func(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
	}
	if options.Redact == nil {
		options.Redact = func(text string) string { return text }
	}
	if options.LoadRoots == nil {
		options.LoadRoots = func() {}
	}
	if options.Trace == nil {
		options.Trace = func(Try) {}
	}
	return &Client{options: options, http: &http.Client{
		Transport:     newTransport(options),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do does a call: as many tries as its op's policy allows. A 2xx answer is a success; anything else is an [*Error], or the
// error of Auth or Body: as it is where nothing can have had its effect before, else inside an [*Error].
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	if call.URL.Scheme == "https" || !Loopback(call.URL.Hostname()) {
		c.options.LoadRoots()
	}
	rule := policyOf(call.Op)
	var spent time.Duration // on tries and waits; not at the gate, where others are served
	failed := &Error{Op: call.Op, Method: call.Method, URL: PlainURL(call.URL.String())}
	for n := 1; ; n++ {
		t := c.try(ctx, call, rule)
		spent += t.took
		if t.fatal != nil {
			c.trace(failed, n, t, 0)
			if failed.AmbiguousTries == 0 {
				return nil, t.fatal
			}
			failed.Answer, failed.Err = nil, t.fatal
			return nil, failed
		}
		if t.answer != nil && t.answer.Status/100 == 2 {
			c.trace(failed, n, t, 0)
			t.answer.AmbiguousTries = failed.AmbiguousTries
			return t.answer, nil
		}
		failed.Answer, failed.Err, failed.Tries = t.answer, t.err, n
		failed.count(rule, t)
		wait, again := c.next(ctx, rule, n, spent, t)
		spent += wait
		if !again || failed.unreadable > maxUnreadable {
			c.trace(failed, n, t, 0)
			return nil, failed
		}
		c.trace(failed, n, t, wait)
		if err := c.options.Sleep(ctx, wait); err != nil {
			if failed.Answer == nil {
				failed.Err = err
			}
			return nil, failed
		}
	}
}

// next decides whether there is another try, and how long to wait for it.
func (c *Client) next(ctx context.Context, rule policy, n int, spent time.Duration, t try) (time.Duration, bool) {
	var long *TooLong
	switch {
	case n >= rule.tries, ctx.Err() != nil, errors.As(t.err, &long), permanent(t.err):
		return 0, false
	case t.answer != nil && !rule.retries(t.answer):
		return 0, false
	}
	wait := c.options.Jitter(min(rule.firstWait<<(n-1), longestWait))
	if t.answer != nil {
		if asked, ok := t.answer.RetryAfter(c.options.Now()); ok {
			wait = max(wait, min(asked, longestRetryAfter))
		}
	}
	return wait, spent+wait < rule.budget
}

// RetryAfter is how long the server asks to wait, in either form of the header: seconds and date (RFC 9110, section 10.2.3).
// It is not bounded.
func (a *Answer) RetryAfter(now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

// try is how one try went: fatal ends the call at once.
type try struct {
	answer *Answer
	err    error
	fatal  error
	sent   bool // the whole request went out
	took   time.Duration
}

// count counts a failed try that may have had its effect all the same, and one whose answer could not be read.
func (e *Error) count(rule policy, t try) {
	var unreadable *Unreadable
	if errors.As(t.err, &unreadable) {
		e.unreadable++
	}
	if (t.answer == nil && t.sent) || (t.answer != nil && rule.ambiguous(t.answer)) {
		e.AmbiguousTries++
	}
}

func (c *Client) try(ctx context.Context, call Call, rule policy) (t try) {
	if err := call.Gate.acquire(ctx); err != nil {
		return try{err: err}
	}
	defer func() {
		status := 0
		if t.answer != nil {
			status = t.answer.Status
		}
		defer call.Gate.release(status == http.StatusTooManyRequests || Ambiguous(status), status/100 == 2) // also where telling panics
		if call.Ended != nil {
			call.Ended(t.answer)
		}
	}()
	began := c.options.Now()
	request, err := c.request(ctx, call)
	if err != nil {
		return try{fatal: err}
	}
	limit, stop := context.WithTimeoutCause(ctx, rule.timeout, tryTimeout{rule.timeout})
	defer stop()
	watch := &exchangeWatch{https: call.URL.Scheme == "https"}
	answer, err := c.exchange(request.WithContext(httptrace.WithClientTrace(limit, watch.trace())), watch, call.Into, rule.maxBody)
	if err != nil && limit.Err() != nil {
		err = context.Cause(limit)
	}
	return try{answer: answer, err: err, sent: watch.sent.Load(), took: c.options.Now().Sub(began)}
}

// exchangeWatch observes one exchange. The transport tells it from goroutines of its own.
type exchangeWatch struct {
	https    bool        // whether the request goes to https
	sent     atomic.Bool // the whole request went out
	answered atomic.Bool // the first byte of an answer came
	tunnel   atomic.Bool // it goes through a proxy that connects
}

func (w *exchangeWatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			conn, ours := got.Conn.(*responseConn)
			if ours {
				conn.expectAnswer()
			}
			w.answered.Store(false) // the transport may have tried another connection before
			w.tunnel.Store(w.https && !ours)
		},
		WroteRequest:         func(wrote httptrace.WroteRequestInfo) { w.sent.Store(wrote.Err == nil) },
		GotFirstResponseByte: func() { w.answered.Store(true) },
	}
}

// unreadable reports whether err is about an answer that came, and not about the connection.
func (w *exchangeWatch) unreadable(err error) bool {
	var network net.Error
	var long *TooLong
	return w.answered.Load() && !errors.As(err, &network) && !errors.As(err, &long) && !errors.Is(err, net.ErrClosed) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

// request builds one try's request.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.Method, call.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	if call.Header != nil {
		request.Header = call.Header.Clone()
	}
	request.Header.Set("User-Agent", c.options.UserAgent)
	if call.Auth != nil {
		if err := authorize(ctx, request, call); err != nil {
			return nil, err
		}
	}
	if call.Body != nil {
		body, size, err := call.Body(ctx)
		if err != nil {
			return nil, err
		}
		request.Body, request.ContentLength = recoverReader{body}, size
	}
	return request, nil
}

func authorize(ctx context.Context, request *http.Request, call Call) error {
	user, pass, err := call.Auth(ctx)
	if err != nil {
		return err
	}
	raw, err := pass.Reveal(call.URL)
	if err != nil {
		return err
	}
	request.SetBasicAuth(user, raw)
	return nil
}

// recoverReader is a body whose panic comes back as an error: the transport reads it in a goroutine of its own.
type recoverReader struct{ io.ReadCloser }

func (c recoverReader) Read(p []byte) (n int, err error) {
	caught := par.Catch(func() error {
		n, err = c.ReadCloser.Read(p)
		return nil
	})
	if caught != nil {
		return 0, caught
	}
	return n, err
}

// exchange sends the request and reads the answer whole, up to bound; that of a success into a writer where there is one.
func (c *Client) exchange(request *http.Request, watch *exchangeWatch, into func() io.Writer, bound int64) (answer *Answer, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		// The URL is told by Error, once and without its query.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		if watch.unreadable(err) {
			err = &Unreadable{Reason: c.unreadableReason(err), Tunnel: watch.tunnel.Load()}
		}
		return nil, err
	}
	defer response.Body.Close()
	var body []byte
	switch {
	case into == nil:
		body, err = bounded(response.Body, bound)
	case response.StatusCode/100 == 2:
		err = streamed(into(), response.Body, bound)
	default:
		body, err = bounded(response.Body, min(bound, mib))
	}
	if err != nil {
		return nil, err
	}
	return &Answer{
		Status: response.StatusCode, Reason: reasonOf(response), Header: response.Header, Body: body, redact: c.options.Redact,
	}, nil
}

// unreadableReason returns what net/http says of an answer that it cannot read: redacted, on one line and bounded. It quotes the server, and a
// quoted secret is not recognised, so that quotes are undone first.
func (c *Client) unreadableReason(err error) string {
	text := c.options.Redact(strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: "))
	var plain strings.Builder
	for text != "" {
		before, _, found := strings.Cut(text, `"`)
		plain.WriteString(before)
		text = text[len(before):]
		quoted, err := strconv.QuotedPrefix(text)
		switch unquoted, unquotable := strconv.Unquote(quoted); {
		case !found:
		case err != nil || unquotable != nil:
			plain.WriteByte('"')
			text = text[1:]
		default:
			plain.WriteString(unquoted)
			text = text[len(quoted):]
		}
	}
	return truncate(c.options.Redact(plain.String()), maxUnreadableReason)
}

// bounded reads all of r, or tells that it is too long.
func bounded(r io.Reader, bound int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, bound+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(body)) > bound {
		return nil, &TooLong{Bound: bound}
	}
	return body, nil
}

// streamed copies all of r, or tells that it is too long.
func streamed(into io.Writer, r io.Reader, bound int64) error {
	n, err := io.Copy(into, io.LimitReader(r, bound+1))
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if n > bound {
		return &TooLong{Bound: bound}
	}
	return nil
}

// reasonOf is the status line without the code: "400 File already exists" has the reason that people need.
func reasonOf(response *http.Response) string {
	_, reason, _ := strings.Cut(response.Status, " ")
	return strings.TrimSpace(reason)
}

func (c *Client) trace(call *Error, n int, t try, wait time.Duration) {
	told := Try{Op: call.Op, Method: call.Method, URL: call.URL, N: n, Took: t.took, Wait: wait, Err: t.err}
	if t.answer != nil {
		told.Status = t.answer.Status
	}
	if t.fatal != nil {
		told.Err = t.fatal
	}
	c.options.Trace(told)
}

// PlainURL is a URL as people may see it: without user, password, query and fragment, and not too long.
func PlainURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || len(text) > longestURL {
		return "an unreadable URL"
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return u.String()
}

// longestURL bounds a URL that a server names, in bytes.
const longestURL = 500
