package index

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// form is the multipart body of an upload without the content of the file. Its text fields are written when they are sent, because they can
// be long.
type form struct {
	boundary string
	fields   iter.Seq[distfile.Field]
	file     string // the head of the part that has the file
	size     int64  // of what is before the content of the file, in bytes
	rest     string // what is after it
	close    func()
}

// form returns the form of a request to this site. Its close method must be called.
func (c *Client) form(ctx context.Context, r UploadRequest) (*form, error) {
	d := r.File
	metadata, err := d.Form(ctx)
	if err != nil {
		return nil, err
	}
	// SHA-256 lets the index check what arrived. PyPI wants one digest of three, and computes the others itself
	// (docs/reference/pypi-server.md §1.4).
	more := []distfile.Field{{Name: "sha256_digest", Value: hex.EncodeToString(d.Digests.SHA256[:])}}
	if !c.site.Public() && !hasField(metadata.Fields, requiresPython) {
		more = append(more, distfile.Field{Name: requiresPython})
	}
	if len(r.Attestations) > 0 {
		more = append(more, distfile.Field{Name: "attestations", Value: string(r.Attestations)})
	}
	f := &form{boundary: multipart.NewWriter(io.Discard).Boundary(), close: metadata.Close, fields: func(yield func(distfile.Field) bool) {
		for _, part := range []iter.Seq[distfile.Field]{metadata.Fields, slices.Values(more)} {
			for field := range part {
				if !yield(field) {
					return
				}
			}
		}
	}}
	f.file = "--" + f.boundary + "\r\nContent-Disposition: " + multipart.FileContentDisposition("content", d.Name) +
		"\r\nContent-Type: application/octet-stream\r\n\r\n"
	f.rest = "\r\n--" + f.boundary + "--\r\n"
	f.size = int64(len(f.file))
	ofEach := len(f.head(nil, "")) + len(lineEnd)
	for field := range f.fields {
		f.size += int64(ofEach + len(field.Name) + len(field.Value))
	}
	return f, nil
}

// lineEnd is what follows a value.
const lineEnd = "\r\n"

// head appends what is before the value of a text field (RFC 7578, section 4.2). The names are those of the index: none has a character
// that would have to be escaped.
func (f *form) head(text []byte, name string) []byte {
	text = append(append(append(text, "--"...), f.boundary...), "\r\nContent-Disposition: form-data; name=\""...)
	return append(append(text, name...), "\"\r\n\r\n"...)
}

// contentType returns the media type of the body.
func (f *form) contentType() string { return "multipart/form-data; boundary=" + f.boundary }

// before returns a reader of what is before the content of the file.
func (f *form) before() *fieldsReader {
	r := &fieldsReader{form: f}
	r.next, r.stop = iter.Pull(f.fields)
	return r
}

// fieldsReader reads the text fields of a form and the head of the part that has the file.
type fieldsReader struct {
	form  *form
	mu    sync.Mutex // the transport may close a body while it reads it
	next  func() (distfile.Field, bool)
	stop  func()
	text  []byte // the head of the current part
	head  []byte // the rest of it, as far as it was not read
	value string // the same of the value
	ended bool   // whether the current part is that of the file
}

// Read reads as much as there is room for.
func (r *fieldsReader) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		switch {
		case len(r.head) > 0:
			more := copy(p[n:], r.head)
			n, r.head = n+more, r.head[more:]
		case len(r.value) > 0:
			more := copy(p[n:], r.value)
			n, r.value = n+more, r.value[more:]
		case r.ended && n == 0:
			return 0, io.EOF
		case r.ended:
			return n, nil
		default:
			r.advance()
		}
	}
	return n, nil
}

// advance begins the next part.
func (r *fieldsReader) advance() {
	end := lineEnd // of the part before
	if len(r.text) == 0 {
		end = ""
	}
	r.text = append(r.text[:0], end...)
	field, more := r.next()
	if more {
		r.text, r.value = r.form.head(r.text, field.Name), field.Value
	} else {
		r.text, r.ended = append(r.text, r.form.file...), true
	}
	r.head = r.text
}

// Close ends the reading.
func (r *fieldsReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop()
	return nil
}

// requiresPython is a field that older versions of GitLab demand, empty where there is none. PyPI gets no empty field.
const requiresPython = "requires_python"

// hasField reports whether there is a field of this name.
func hasField(fields iter.Seq[distfile.Field], name string) bool {
	for field := range fields {
		if field.Name == name {
			return true
		}
	}
	return false
}

// open returns the whole body once more, with the distribution opened anew, and its length in bytes. The body never ends if the file is not
// the one that was read before: the error is a [*distfile.ChangedError] then. report is called with the number of bytes of the file that
// were read.
func (f *form) open(d *distfile.Distribution, report func(int64)) (io.ReadCloser, int64, error) {
	file, err := d.Open()
	if err != nil {
		return nil, 0, err
	}
	before := f.before()
	body := io.MultiReader(before, &countingReader{Reader: file, report: report}, strings.NewReader(f.rest))
	return formBody{body, before, file}, f.size + d.Size + int64(len(f.rest)), nil
}

// formBody is the body of one try.
type formBody struct {
	io.Reader
	before, file io.Closer
}

// Close closes the file.
func (b formBody) Close() error { return errors.Join(b.before.Close(), b.file.Close()) }

// countingReader reports how much of it was read.
type countingReader struct {
	io.Reader
	n      int64
	report func(int64)
}

// Read reads from the underlying reader and reports the total.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	c.report(c.n)
	return n, err
}
