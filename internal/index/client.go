package index

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Credentials are what an upload is authorized with, asked for as late as can be.
type Credentials interface {
	// Credential gives what is valid for at least need, which is the time that the upload may take.
	Credential(ctx context.Context, need time.Duration) (user string, pass secret.Text, err error)
	// Denied tells that the index answered 403 in these words. again is true where there are other credentials to try with
	// now.
	Denied(ctx context.Context, used secret.Text, words string) (again bool)
	// Returned tells that a try no longer carries what Credential gave.
	Returned(ctx context.Context, used secret.Text)
}

// Password gives credentials that never change: an API token, or user and password.
func Password(user string, pass secret.Text) Credentials { return login{user, pass} }

type login struct {
	user string
	pass secret.Text
}

func (l login) Credential(context.Context, time.Duration) (string, secret.Text, error) {
	return l.user, l.pass, nil
}

func (login) Denied(context.Context, secret.Text, string) bool { return false }

func (login) Returned(context.Context, secret.Text) {}

// Client talks to one index. It is safe for use by several goroutines.
type Client struct {
	site  Site
	wire  *wire.Client
	gate  *wire.Gate
	login Credentials
	pace  *pace
}

// New returns a client of the site. gate bounds the uploads; login, which may be nil, is for look-ups on the upload URL's
// own origin.
func New(site Site, client *wire.Client, gate *wire.Gate, login Credentials) *Client {
	return &Client{site: site, wire: client, gate: gate, login: login, pace: &pace{}}
}

// Site is what the client talks to.
func (c *Client) Site() Site { return c.site }

// Parcel is one distribution to be uploaded.
type Parcel struct {
	File *dist.Distribution
	// Attestations is the form field of that name: a JSON array (PEP 740); nil sends none.
	Attestations []byte
	// Begin is called when a try begins, which is when the gate lets it through. Its error ends the upload. May be nil.
	Begin func() error
	// Refused is called when the index has refused the file for good, before another upload begins. May be nil.
	Refused func()
	// Sent is called as the file's bytes go out, with how many of this try have; from the start for every try. May be nil.
	Sent func(bytes int64)
}

// Upload sends one distribution. Nil means that the index has these bytes, now or since before. A refusal is a [*Refusal];
// an answer that never came, a server error to the last try, or a page where an index has none, is a [*wire.Error].
//
// The body is streamed from the file, made anew for every try, and has its exact length.
func (c *Client) Upload(ctx context.Context, p Parcel, as Credentials) error {
	d := p.File
	form, err := c.form(p)
	if err != nil {
		return err
	}
	doubtful := 0 // tries with the credentials before
	for denied := 0; ; denied++ {
		var used secret.Text // what the last try carried
		again := false
		answer, err := c.wire.Do(ctx, wire.Call{
			Op: wire.Upload, Method: http.MethodPost, URL: c.site.Upload, Gate: c.gate,
			Header: http.Header{"Content-Type": {form.contentType}, "Accept": {wire.AcceptWords}},
			Auth: func(ctx context.Context) (user string, pass secret.Text, err error) {
				if p.Begin != nil {
					if err := p.Begin(); err != nil {
						return "", secret.Text{}, err
					}
				}
				if !used.Empty() {
					as.Returned(ctx, used) // the try before this one is over
				}
				user, pass, err = as.Credential(ctx, c.pace.expected(d.Size))
				used = pass
				return user, pass, err
			},
			Body: func(context.Context) (io.ReadCloser, int64, error) { return form.open(p) },
			Ended: func(answer *wire.Answer) {
				switch {
				case !final(answer):
				case answer.Status == http.StatusForbidden && denied < 2 && as.Denied(ctx, used, answer.Words()):
					// Once for a token that has expired, and once for one that the index could not read: never round and round.
					again = true
				case p.Refused != nil:
					p.Refused()
				}
			},
		})
		if !used.Empty() {
			as.Returned(ctx, used)
		}
		if err == nil {
			return c.believed(answer)
		}
		failed, err := c.failed(err, doubtful)
		if failed == nil || failed.Answer == nil || wire.Ambiguous(failed.Answer.Status) {
			return err
		}
		doubtful = failed.Doubtful
		refused := &Refusal{
			File: d.Name, Path: d.Path, Status: failed.Answer.Status, Words: failed.Answer.Words(), Doubtful: failed.Doubtful,
		}
		if to := failed.Answer.Header.Get("Location"); to != "" {
			refused.Location = wire.PlainURL(to)
		}
		if !again {
			return refused
		}
	}
}

// failed is the error of an upload of which so many tries were doubtful before; nil where there was none, and nothing was sent.
func (c *Client) failed(err error, doubtful int) (*wire.Error, error) {
	var failed *wire.Error
	if errors.As(err, &failed) {
		failed.Doubtful += doubtful
		return failed, err
	}
	if doubtful == 0 {
		return nil, err
	}
	failed = &wire.Error{Op: wire.Upload, Method: http.MethodPost, URL: wire.PlainURL(c.site.Upload.String()), Doubtful: doubtful, Err: err}
	return failed, failed
}

// final tells that an answer is one that no other try changes.
func final(answer *wire.Answer) bool {
	return answer != nil && answer.Status/100 != 2 && !wire.Temporary(answer.Status)
}

// believed tells whether a success is one. A page with a 2xx is what a log-in, a proxy or another service answers: nobody
// knows then whether there was an index behind it.
func (c *Client) believed(answer *wire.Answer) error {
	if !strings.HasPrefix(strings.TrimSpace(string(answer.Body)), "<") {
		return nil
	}
	return &wire.Error{Op: wire.Upload, Method: http.MethodPost, URL: wire.PlainURL(c.site.Upload.String()), Answer: answer, Tries: 1, Doubtful: 1}
}

// form is the multipart body of an upload, but for the file's bytes.
type form struct {
	contentType  string
	before, rest []byte
}

func (c *Client) form(p Parcel) (*form, error) {
	d := p.File
	var text bytes.Buffer
	parts := multipart.NewWriter(&text)
	fields := append(d.Form(), c.digests(d)...)
	if len(p.Attestations) > 0 {
		fields = append(fields, dist.Field{Name: "attestations", Value: string(p.Attestations)})
	}
	for _, field := range fields {
		if err := parts.WriteField(field.Name, field.Value); err != nil {
			return nil, err
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("content", d.Name))
	header.Set("Content-Type", "application/octet-stream")
	if _, err := parts.CreatePart(header); err != nil {
		return nil, err
	}
	before := text.Len()
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return &form{contentType: parts.FormDataContentType(), before: text.Bytes()[:before], rest: text.Bytes()[before:]}, nil
}

// digests are the form fields that let the index check what arrived.
func (c *Client) digests(d *dist.Distribution) []dist.Field {
	fields := []dist.Field{
		{Name: "sha256_digest", Value: hex.EncodeToString(d.Digests.SHA256[:])},
		{Name: "blake2_256_digest", Value: hex.EncodeToString(d.Digests.BLAKE2b[:])},
	}
	if c.site.MD5 {
		fields = append(fields, dist.Field{Name: "md5_digest", Value: hex.EncodeToString(d.Digests.MD5[:])})
	}
	return fields
}

// open is the whole body once more, from a file opened anew.
func (f *form) open(p Parcel) (io.ReadCloser, int64, error) {
	file, err := p.File.Open()
	if err != nil {
		return nil, 0, err
	}
	body := io.MultiReader(bytes.NewReader(f.before), &counted{Reader: file, tell: p.Sent}, bytes.NewReader(f.rest))
	return struct {
		io.Reader
		io.Closer
	}{body, file}, int64(len(f.before)) + p.File.Size + int64(len(f.rest)), nil
}

// counted tells how much of it was read.
type counted struct {
	io.Reader
	n    int64
	tell func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	if c.tell != nil {
		c.tell(c.n)
	}
	return n, err
}

// hasAny tells whether text holds one of the parts, in any case.
func hasAny(text string, parts ...string) bool {
	text = strings.ToLower(text)
	for _, part := range parts {
		if strings.Contains(text, strings.ToLower(part)) {
			return true
		}
	}
	return false
}
