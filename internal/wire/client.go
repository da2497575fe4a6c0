// Package wire is the one HTTP client of the house: time-outs, retry by a policy table, a gate, bounded answers and
// traces without secrets. It knows the ops of policy.go and nothing of what they are for.
//
// It speaks HTTP/1.1 alone, since an index tells its reasons in the status line, which later versions do not have. It
// never follows a redirect, since a credential and a body belong to the place they were made for.
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
