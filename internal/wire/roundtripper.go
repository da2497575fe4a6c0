package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// HTTP returns an http.Client for libraries that make their own requests. Each is sent as one of [Client.Do] with the given op. An answer
// that is not a 2xx is an ordinary response there.
func (c *Client) HTTP(op Op) *http.Client {
	return &http.Client{
		Transport:     roundTripper{c, op},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// roundTripper is the retry loop as an http.RoundTripper.
type roundTripper struct {
	client *Client
	op     Op
}

// RoundTrip sends the request as a call. A request with a body must have GetBody, since the body may be sent again.
func (l roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	call := Call{Op: l.op, Method: request.Method, URL: request.URL, Header: request.Header}
	if request.Body != nil && request.Body != http.NoBody {
		if request.GetBody == nil {
			return nil, fmt.Errorf("%s: the body of a request to %s cannot be sent again", l.op, PlainURL(request.URL.String()))
		}
		call.Body = func(context.Context) (io.ReadCloser, int64, error) {
			body, err := request.GetBody()
			return body, request.ContentLength, err
		}
	}
	answer, err := l.client.Do(request.Context(), call)
	if refused := AnswerOf(err); refused != nil {
		answer, err = refused, nil
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.Status, answer.Reason), StatusCode: answer.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)),
		Request: request,
	}, nil
}
