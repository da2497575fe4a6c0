package index

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// UploadRequest is one distribution to be uploaded.
type UploadRequest struct {
	File *distfile.Distribution
	// Attestations is the form field of that name: a JSON array (PEP 740); nil sends none.
	Attestations []byte
	// Begin is called when a try begins, which is when the gate lets it through. Its error ends the upload. May be nil.
	Begin func() error
	// Rejected is called when the index has refused the file for good, before another upload begins. May be nil.
	Rejected func()
	// Sent is called as the file's bytes go out, with how many of this try have; from the start for every try. May be nil.
	Sent func(bytes int64)
}

// Upload sends one distribution. Nil means that the index has these bytes, now or since before. A refusal is a [*Refusal];
// an answer that never came, a server error to the last try, or a page where an index has none, is a [*wire.Error].
//
// The body is streamed from the file, made anew for every try, and has its exact length.
func (c *Client) Upload(ctx context.Context, request UploadRequest, credentials Credentials) error {
	form, err := c.form(request)
	if err != nil {
		return err
	}
	u := &upload{UploadRequest: request, client: c, credentials: credentials, form: form}
	for {
		answer, err := u.send(ctx)
		if err == nil {
			return c.checkSuccess(answer)
		}
		if err = u.failure(err); !u.again {
			return err
		}
	}
}

// maxTokens is how many tokens one upload is tried with: the first, one in place of a token that has expired, and one in place of a
// token that the index could not read.
const maxTokens = 3

// upload is the state of one upload.
type upload struct {
	UploadRequest
	client      *Client
	credentials Credentials
	form        *form

	token     secret.Secret // that the current try uses; empty before the first
	tokens    int           // that were rejected
	again     bool          // the last one was rejected, and there is another
	ambiguous int           // tries with the tokens before that may have had their effect
}

// send does the request with one token: as many tries as the policy of uploads allows.
func (u *upload) send(ctx context.Context) (*wire.Answer, error) {
	u.again = false
	answer, err := u.client.wire.Do(ctx, wire.Call{
		Op: wire.Upload, Method: http.MethodPost, URL: u.client.site.Upload, Gate: u.client.gate,
		Header: http.Header{"Content-Type": {u.form.contentType}, "Accept": {wire.AcceptReadable}},
		Auth:   u.authorize,
		Body:   func(context.Context) (io.ReadCloser, int64, error) { return u.form.open(u.UploadRequest) },
		Ended:  func(answer *wire.Answer) { u.answered(ctx, answer) },
	})
	u.release(ctx)
	return answer, err
}

// authorize begins a try, and gets what it is authorized with.
func (u *upload) authorize(ctx context.Context) (user string, token secret.Secret, err error) {
	if u.Begin != nil {
		if err := u.Begin(); err != nil {
			return "", secret.Secret{}, err
		}
	}
	u.release(ctx) // the try before this one is over
	user, u.token, err = u.credentials.Token(ctx, u.client.throughput.expected(u.File.Size))
	return user, u.token, err
}

// release gives the token of the last try back, if there was one.
func (u *upload) release(ctx context.Context) {
	if !u.token.Empty() {
		u.credentials.Release(ctx, u.token)
		u.token = secret.Secret{}
	}
}

// answered looks at the answer to a try, before another upload begins: whether the token was rejected and there is another, or the
// file is refused for good.
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

// failure returns the error of the upload for that of a request, with all tries so far.
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
	if failed.Answer == nil || failed.Answer.Ambiguous() {
		return err
	}
	refusal := &Refusal{
		File: u.File.Name, Path: u.File.Path,
		Status: failed.Answer.Status, Message: failed.Answer.ServerMessage(), AmbiguousTries: failed.AmbiguousTries,
	}
	if to := failed.Answer.Header.Get("Location"); to != "" {
		refusal.Location = wire.PlainURL(to)
	}
	return refusal
}

// uploadError returns an error of an upload for no reason yet.
func (c *Client) uploadError() *wire.Error {
	return &wire.Error{Op: wire.Upload, Method: http.MethodPost, URL: wire.PlainURL(c.site.Upload.String())}
}

// final reports whether an answer is a refusal that no other try changes.
func final(answer *wire.Answer) bool {
	return answer != nil && answer.Status/100 != 2 && !answer.Temporary()
}

// checkSuccess rejects a 2xx answer that is an HTML page, as a login form, a proxy or another service sends: it is unknown then
// whether there was an index behind it.
func (c *Client) checkSuccess(answer *wire.Answer) error {
	if !strings.HasPrefix(strings.TrimSpace(string(answer.Body)), "<") {
		return nil
	}
	err := c.uploadError()
	err.Answer, err.Tries, err.AmbiguousTries = answer, 1, 1
	return err
}
