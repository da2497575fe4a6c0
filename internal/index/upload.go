package index

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// UploadRequest is one distribution to be uploaded.
type UploadRequest struct {
	File *distfile.Distribution
	// Attestations is the form field of that name: a JSON array (PEP 740); nil sends none.
	Attestations []byte
	// Begin is called when a try starts, after the gate has admitted it. Its error ends the upload. May be nil.
	Begin func() error
	// Rejected is called when the index has refused the file for good, before another upload begins. May be nil.
	Rejected func()
	// Sent is called while the file is sent, with the number of bytes sent in this try. May be nil.
	Sent func(bytes int64)
}

// Upload uploads one distribution. A nil error means that the index has this file, now or from before. A refusal is a [*Refusal].
// No answer, a server error to the last try, or an unexpected HTML page is a [*wire.Error].
//
// The body is streamed from the file again for every try, with its exact length.
func (c *Client) Upload(ctx context.Context, request UploadRequest, credentials Credentials) error {
	form, err := c.form(ctx, request)
	if err != nil {
		return err
	}
	defer form.close()
	u := &upload{UploadRequest: request, client: c, credentials: credentials, form: form, budget: &wire.Budget{}}
	for {
		answer, err := u.send(ctx)
		switch {
		case err == nil && answer.ReportsError():
			err = c.errorInSuccess(answer)
		case err == nil:
			return c.checkSuccess(answer)
		}
		if err = u.failure(err); !u.again {
			return err
		}
	}
}

// maxTokens is how many tokens one upload is tried with: the first, a replacement for an expired token, and a replacement for a token
// that the index could not read.
const maxTokens = 3

// upload is the state of one upload.
type upload struct {
	UploadRequest
	client      *Client
	credentials Credentials
	form        *form
	budget      *wire.Budget // of all tries, whatever the token

	body      atomic.Int64  // which body is being sent; another number after its try
	token     secret.Secret // of the current try; empty before the first
	tokens    int           // number of rejected tokens
	again     bool          // the last token was rejected, and there is another
	ambiguous int           // tries with earlier tokens that may have succeeded
}

// send sends the request with one token, with the retries of the policy for uploads. It uses no token while it waits for another try: a
// superseded one is revoked meanwhile.
func (u *upload) send(ctx context.Context) (*wire.Answer, error) {
	u.again = false
	answer, err := u.client.wire.Do(ctx, wire.Call{
		Op: wire.Upload, Method: http.MethodPost, URL: u.client.site.Upload, Gate: u.client.gate, Budget: u.budget,
		Header: http.Header{"Content-Type": {u.form.contentType()}, "Accept": {wire.AcceptReadable}},
		Auth:   u.authorize,
		Body:   func(context.Context) (io.ReadCloser, int64, error) { return u.form.open(u.File, u.watch()) },
		Final:  exceedsNewProjects,
		Ended: func(answer *wire.Answer) {
			u.body.Add(1)
			u.answered(ctx, answer)
			u.release(ctx, answer)
		},
	})
	return answer, err
}

// watch returns what is called with the number of bytes of the file that were read for the next try. After that try it does nothing: the
// transport may read on for a moment.
func (u *upload) watch() func(bytes int64) {
	current := u.body.Add(1)
	return func(bytes int64) {
		if u.Sent != nil && u.body.Load() == current {
			u.Sent(bytes)
		}
	}
}

// authorize starts a try and returns its credentials.
func (u *upload) authorize(ctx context.Context) (user string, token secret.Secret, err error) {
	if u.Begin != nil {
		if err := u.Begin(); err != nil {
			return "", secret.Secret{}, err
		}
	}
	user, u.token, err = u.credentials.Token(ctx, u.client.throughput.expected(u.File.Size))
	return user, u.token, err
}

// release releases the token of the last try, if there is one.
func (u *upload) release(ctx context.Context, answer *wire.Answer) {
	if !u.token.Empty() {
		accepted := answer != nil && answer.Status/100 == 2 && !answer.ReportsError() && !isPage(answer)
		u.credentials.Release(ctx, u.token, accepted)
		u.token = secret.Secret{}
	}
}

// answered handles the answer to a try before another upload starts. It finds out whether the token was rejected and there is
// another, and calls Rejected if the refusal is final.
func (u *upload) answered(ctx context.Context, answer *wire.Answer) {
	switch {
	case !final(answer):
		return
	case answer.Status == http.StatusForbidden && u.tokens < maxTokens-1 && u.credentials.Rejected(ctx, u.token, answer.ServerMessage()):
		u.tokens++
		u.again = true
	case u.Rejected != nil:
		u.Rejected()
	}
}

// failure converts the error of a request to the error of the upload, counting all tries so far.
func (u *upload) failure(err error) error {
	failed := wire.ErrorOf(err)
	if failed == nil {
		if u.ambiguous == 0 {
			return err // nothing was sent
		}
		failed = u.client.uploadError()
		failed.Err, err = err, failed
	}
	failed.AmbiguousTries += u.ambiguous
	u.ambiguous = failed.AmbiguousTries
	if failed.Answer == nil || failed.Answer.Temporary() && failed.Answer.Status != http.StatusTooManyRequests {
		return err // that says nothing about the file; too many requests is a limit, which has a next step
	}
	refusal := &Refusal{
		File: u.File.Name, Path: u.File.Path,
		Status: failed.Answer.Status, Message: failed.Answer.ServerMessage(), AmbiguousTries: failed.AmbiguousTries,
		LimitEnds: limitEnds(failed.Answer.Header), PyPI: u.client.site.Warehouse, NoSlash: u.client.site.noSlash(),
	}
	_, own := u.credentials.(login)
	refusal.Issued = !own
	if to := failed.Answer.Header.Get("Location"); to != "" {
		refusal.Location = wire.PlainURL(to)
	}
	return refusal
}

// uploadError returns a new error of an upload, without a cause.
func (c *Client) uploadError() *wire.Error {
	return &wire.Error{Op: wire.Upload, Method: http.MethodPost, URL: wire.PlainURL(c.site.Upload.String())}
}

// final reports whether an answer is a refusal that another try would not change.
func final(answer *wire.Answer) bool {
	switch {
	case answer == nil:
		return false
	case answer.Status/100 == 2:
		return answer.ReportsError()
	}
	return !answer.Temporary() || exceedsNewProjects(answer)
}

// errorInSuccess returns the error of a 2xx answer that reports an error.
func (c *Client) errorInSuccess(answer *wire.Answer) error {
	err := c.uploadError()
	err.Answer, err.Tries, err.AmbiguousTries = answer, 1, answer.AmbiguousTries
	return err
}

// checkSuccess returns an error for a 2xx answer that is an HTML page, such as one of a login form, a proxy or another service. It
// is unknown then whether the index received the file.
func (c *Client) checkSuccess(answer *wire.Answer) error {
	if !isPage(answer) {
		return nil
	}
	err := c.uploadError()
	err.Answer, err.Tries, err.AmbiguousTries = answer, 1, 1
	return err
}

// isPage reports whether an answer is an HTML page, which no index has for a client.
func isPage(answer *wire.Answer) bool {
	return strings.HasPrefix(strings.TrimSpace(string(answer.Body)), "<")
}
