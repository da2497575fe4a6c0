package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// try is the result of one try.
type try struct {
	answer *Answer // nil: none
	err    error   // why there was none
	fatal  error   // why nothing was sent, which ends the call
	sent   bool    // the whole request went out
	took   time.Duration
	// exchange is the part of took from connect to the end of the answer, without what the request waited for, such as credentials.
	exchange time.Duration
}

// try sends the request of a call once, when its gate lets it.
func (c *Client) try(ctx context.Context, call Call, rule policy) (t try) {
	admitted, err := call.Gate.acquire(ctx)
	if err != nil {
		return try{err: err}
	}
	var size int64
	defer func() {
		defer call.Gate.release(admitted, outcome{ // even if Ended panics
			overloaded: t.answer.overloaded(), succeeded: t.answer.succeeded(), took: t.exchange, size: size,
		})
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
	var body *requestBody
	if request.Body != nil {
		size = request.ContentLength
		body = newRequestBody(limit, request.Body, size)
		request.Body = body
	}
	connects := c.options.Now()
	watch := &exchangeWatch{https: call.URL.Scheme == "https", hasBody: size > 0}
	answer, err := c.exchange(request.WithContext(httptrace.WithClientTrace(limit, watch.trace())), watch, call.Into, rule.maxBody)
	if err != nil && limit.Err() != nil {
		err = context.Cause(limit)
	}
	ended := c.options.Now()
	t = try{answer: answer, err: err, sent: watch.sent.Load(), took: ended.Sub(began), exchange: ended.Sub(connects)}
	if answer == nil || answer.succeeded() {
		t.distrust(body)
	}
	return t
}

// distrust corrects a try without an answer, or with one of success, if the server did not get the whole body. If the body could not be
// read, no other try is better. If it could, the server's success is not about this request.
func (t *try) distrust(body *requestBody) {
	switch {
	case body.failure() != nil:
		t.fatal, t.answer, t.err = body.failure(), nil, nil
	case t.answer != nil && !body.whole():
		t.answer, t.err, t.sent = nil, errTooEarly, true // it may have taken something
	}
}

// errTooEarly is the error of a request whose server reports success before it can have received the body.
var errTooEarly = errors.New("the server reported success before it had received the request")

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
		request.Body, request.ContentLength = body, size
	}
	return request, nil
}

// authorize sets the request's credentials. Its error is that of Auth, or of a secret that is not for this address.
func authorize(ctx context.Context, request *http.Request, call Call) error {
	user, pass, err := call.Auth(ctx)
	switch {
	case errors.Is(err, ErrAnonymous):
		return nil
	case err != nil:
		return err
	}
	raw, err := pass.Value(call.URL)
	switch {
	case err != nil:
		return err
	case pass.IsUser():
		request.SetBasicAuth(raw, "")
	default:
		request.SetBasicAuth(user, raw)
	}
	return nil
}

// ErrAnonymous is what [Call.Auth] returns for a request without credentials.
var ErrAnonymous = errors.New("no credentials are sent")

// exchange sends the request and reads the whole answer, whose body has at most bound bytes. The body of a 2xx is written to what into
// returns, unless that is nil.
func (c *Client) exchange(
	request *http.Request, watch *exchangeWatch, into func(http.Header) io.Writer, bound int64,
) (answer *Answer, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		// Error.Error has the URL, without its query.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		if err = c.aboutProxy(err); watch.unreadable(err) {
			err = &Unreadable{Reason: c.unreadableReason(err), Tunnel: watch.tunnel.Load()}
		}
		return nil, err
	}
	defer response.Body.Close()
	var body []byte
	switch {
	case into == nil:
		body, err = readBody(response.Body, bound)
	case response.StatusCode/100 == 2:
		err = copyBody(into(response.Header), response.Body, bound)
	default:
		body, err = readBody(response.Body, min(bound, mib))
	}
	if err != nil {
		return nil, err
	}
	return &Answer{
		Status: response.StatusCode, Reason: reasonOf(response), Header: response.Header, Body: body, redact: c.options.Redact,
	}, nil
}

// reasonOf returns the reason phrase: the status line "HTTP/1.1 400 File already exists" has the reason that people need.
func reasonOf(response *http.Response) string {
	_, reason, _ := strings.Cut(response.Status, " ")
	return strings.TrimSpace(reason)
}

// exchangeWatch observes one exchange. The transport calls it from goroutines of its own.
type exchangeWatch struct {
	https    bool        // whether the request goes to https
	hasBody  bool        // whether it has a body of a known length, a byte at least
	sent     atomic.Bool // the whole request went out
	answered atomic.Bool // the first byte of an answer came
	tunnel   atomic.Bool // it goes through a proxy that connects
}

// trace returns the hooks for the transport.
func (w *exchangeWatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			conn, ours := got.Conn.(*responseConn)
			if ours {
				conn.begin(w.hasBody)
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
