// Package wire is the program's only HTTP client: it has timeouts, retries by a table of policies, a limit of concurrent requests, bounds
// on what is read, and traces without secrets. What a failed request means, its caller decides: failure.go has the questions to ask.
//
// It speaks HTTP/1.1 alone, since an index gives its reasons in the status line, which later versions do not have. It never follows a
// redirect, since a credential and a body are for the address that they were made for.
package wire

import (
	"context"
	"crypto/x509"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/org/pypi-oidc-publish/internal/secret"
)

// Options are what a client needs from its caller.
type Options struct {
	UserAgent string         // sent with every request; never empty
	Roots     *x509.CertPool // nil: those of the system
	// LoadRoots is called before a request that leaves this machine or is encrypted, to have the system's roots ready. May be nil.
	LoadRoots func()
	Proxy     func(*http.Request) (*url.URL, error) // nil: none
	// ProxyVariable is the name of the variable that Proxy comes from, for messages; empty: there is none, or it is unknown.
	ProxyVariable string
	Now           func() time.Time                                 // the clock
	Sleep         func(ctx context.Context, d time.Duration) error // waits between tries
	Trace         func(Try)                                        // called after every try; may be nil
	Redact        func(string) string                              // takes secrets out of a message before it is cut; may be nil
	Jitter        func(d time.Duration) time.Duration              // how long to wait instead of d; nil: half of d and a random half
}

// Client sends requests. It is safe for use by several goroutines.
type Client struct {
	options Options
	http    *http.Client
}

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

// Call is one request to be done, with everything that is needed to try it again.
type Call struct {
	Op     Op
	Method string
	URL    *url.URL
	Header http.Header
	Gate   *Gate
	// Budget is shared by calls that are tries of the same thing. Nil: that of the op, for this call alone.
	Budget *Budget
	// Auth is called for every try. Its error is final, unless it is [ErrAnonymous]. Nil: no credentials.
	Auth func(context.Context) (user string, pass secret.Secret, err error)
	// Final reports whether an answer is not worth another try, although the policy has its status as temporary. Nil: none is.
	Final func(*Answer) bool
	// Body is called for every try, such as to open a file or to get a fresh ID token; the client closes what it returns. Its error is
	// final. Nil: no body.
	Body func(context.Context) (body io.ReadCloser, size int64, err error)
	// Into is called with the header of every 2xx answer, and its body is written to what it returns: a long answer is never in memory as
	// a whole, and its Answer has no Body. Nil: the body is read into the Answer.
	Into func(header http.Header) io.Writer
	// Ended is called with the answer to a try, nil if there is none, before the gate lets another try begin. May be nil.
	Ended func(answer *Answer)
}
