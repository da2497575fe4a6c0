package wire_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestError_Request: with the error of a request anywhere in a chain, and without one.
func TestError_Request(t *testing.T) {
	t.Parallel()
	answered := &wire.Error{
		Op: wire.Upload, Method: http.MethodPost, URL: "https://index.example/legacy/", Tries: 3, AmbiguousTries: 2,
		Answer: &wire.Answer{Status: 503, Reason: "Service Unavailable", Body: []byte("we are moving")},
	}
	silent := &wire.Error{
		Op: wire.Mint, Method: http.MethodPost, URL: "https://index.example/_/oidc/mint-token", Tries: 1, AmbiguousTries: 1,
		Err: errors.New("connection reset"),
	}
	var none *wire.Error
	cases := map[string]struct {
		err       error
		request   *wire.Error
		status    int
		ambiguous int
		message   string // that WithServerMessage adds
	}{
		"no error":                     {},
		"an error about no request":    {err: errors.New("no such file")},
		"the nil error of a request":   {err: none},
		"an answer":                    {answered, answered, 503, 2, ": we are moving"},
		"an answer, in a chain":        {fmt.Errorf("not uploaded: %w", answered), answered, 503, 2, ": we are moving"},
		"an answer that it says":       {fmt.Errorf("%w: we are moving", answered), answered, 503, 2, ""},
		"an answer, among others":      {errors.Join(errors.New("no such file"), answered), answered, 503, 2, ": we are moving"},
		"no answer":                    {silent, silent, 0, 1, ""},
		"no answer, as a library says": {&url.Error{Op: "Post", URL: "https://index.example", Err: silent}, silent, 0, 1, ""},
		"a request that failed for another one": {
			&wire.Error{Op: wire.Upload, Err: answered}, &wire.Error{Op: wire.Upload, Err: answered}, 0, 0, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := wire.ErrorOf(c.err)
			if (got == nil) != (c.request == nil) || got != nil && got.Op != c.request.Op {
				t.Errorf("error %v, want %v", got, c.request)
			}
			answer := wire.AnswerOf(c.err)
			if (answer == nil) != (c.status == 0) || answer != nil && answer.Status != c.status || wire.StatusOf(c.err) != c.status {
				t.Errorf("answer %+v, status %d, want %d", answer, wire.StatusOf(c.err), c.status)
			}
			if n := wire.AmbiguousTries(c.err); n != c.ambiguous {
				t.Errorf("%d ambiguous tries, want %d", n, c.ambiguous)
			}
			if advice := wire.Advice(c.err); advice != "" {
				t.Errorf("advice %q", advice)
			}
			with := wire.WithServerMessage(c.err)
			if !errors.Is(with, c.err) {
				t.Errorf("%v is not in the chain of %v", c.err, with)
			}
			if c.request != nil && with.Error() != c.err.Error()+c.message {
				t.Errorf("got %q, want %q", with, c.err.Error()+c.message)
			}
		})
	}
}

// TestPermanent are those that another try does not mend; they have an advice of their own, as has an answer that cannot be read.
func TestPermanent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause     error
		permanent bool
		advice    string
	}{
		"a certificate that is not trusted": {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, true, "ca-bundle"},
		"an expired certificate": {
			&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, true,
			"check the clock of this machine",
		},
		"another host's certificate": {
			&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "index.example"}}, true,
			"for another host",
		},
		"a name that does not exist":      {&net.DNSError{Name: "index.example", IsNotFound: true}, true, "the host name"},
		"a resolver that does not answer": {&net.DNSError{Name: "index.example", IsTimeout: true}, false, ""},
		"a connection that was refused": {
			&net.OpError{Op: "dial", Err: errors.New("connection refused")}, false,
			"if an egress filter or a firewall guards the job, let it reach index.example",
		},
		"a host that is not let through": {&net.DNSError{Name: "index.example", IsNotFound: true}, true, "let it reach index.example"},
		"a connection that was reset":    {&net.OpError{Op: "read", Err: errors.New("connection reset")}, false, ""},
		"not HTTP":                       {&wire.Unreadable{Reason: "malformed HTTP response"}, false, "HTTP/1.1"},
		"not HTTP, through a proxy":      {&wire.Unreadable{Reason: "malformed MIME header", Tunnel: true}, false, "NO_PROXY"},
		"too long":                       {&wire.TooLong{Bound: 1}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("not uploaded: %w",
				&wire.Error{Op: wire.Upload, URL: "https://index.example/legacy/", Err: fmt.Errorf("dial: %w", c.cause)})
			if got := wire.Permanent(err); got != c.permanent {
				t.Errorf("permanent %v", got)
			}
			if got := wire.Advice(err); (got == "") != (c.advice == "") || !strings.Contains(got, c.advice) {
				t.Errorf("advice %q, want one with %q", got, c.advice)
			}
			if strings.Contains(wire.Advice(err), "ca-bundle") != (name == "a certificate that is not trusted") {
				t.Errorf("the advice is %q", wire.Advice(err))
			}
			if got := wire.Advice(c.cause); got != "" {
				t.Errorf("%v is about no request, and the advice is %q", c.cause, got)
			}
		})
	}
	if wire.Permanent(nil) || wire.Permanent(&wire.Error{Answer: &wire.Answer{Status: 503}}) {
		t.Error("an answer is permanent")
	}
}
