package index

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"net/textproto"
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
	name     string // of the file
	size     int64  // of what is before the file, in bytes
	rest     []byte // what is after it
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
	f := &form{name: d.Name, close: metadata.Close, fields: func(yield func(distfile.Field) bool) {
		for _, part := range []iter.Seq[distfile.Field]{metadata.Fields, slices.Values(more)} {
			for field := range part {
				if !yield(field) {
					return
				}
			}
		}
	}}
	f.boundary = multipart.NewWriter(io.Discard).Boundary()
	before := f.before()
	defer before.Close()
	if f.size, err = before.length(); err == nil {
		f.rest, err = before.end()
	}
	if err != nil {
		metadata.Close()
		return nil, err
	}
	return f, nil
}

// contentType returns the media type of the body.
func (f *form) contentType() string { return "multipart/form-data; boundary=" + f.boundary }

// before returns a reader of what is before the content of the file.
func (f *form) before() *fieldsReader {
	r := &fieldsReader{form: f}
	r.next, r.stop = iter.Pull(f.fields)
	r.parts = multipart.NewWriter(&r.head)
	_ = r.parts.SetBoundary(f.boundary) // of another writer, so that it is valid
	return r
}

// fieldsReader reads the text fields of a form and the head of the part that has the file.
type fieldsReader struct {
	form  *form
	mu    sync.Mutex // the transport may close a body while it reads it
	next  func() (distfile.Field, bool)
	stop  func()
	parts *multipart.Writer
	head  bytes.Buffer   // of the current field, as far as it was not read
	value strings.Reader // the same of its value
	ended bool           // whether the current part is that of the file
}

// Read reads a part of the current field.
func (r *fieldsReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case len(p) == 0:
			return 0, nil
		case r.head.Len() > 0:
			return r.head.Read(p)
		case r.value.Len() > 0:
			return r.value.Read(p)
		case r.ended:
			return 0, io.EOF
		}
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
}

// advance begins the next part.
func (r *fieldsReader) advance() error {
	field, more := r.next()
	if more {
		r.value.Reset(field.Value)
		_, err := r.parts.CreateFormField(field.Name)
		return err
	}
	r.ended = true
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("content", r.form.name))
	header.Set("Content-Type", "application/octet-stream")
	_, err := r.parts.CreatePart(header)
	return err
}

// length reads to the end and returns how many bytes there are.
func (r *fieldsReader) length() (size int64, err error) {
	for !r.ended && err == nil {
		err = r.advance()
		size += int64(r.head.Len()) + r.value.Size()
		r.head.Reset()
		r.value.Reset("")
	}
	return size, err
}

// end returns what is after the content of the file, once all before it was read.
func (r *fieldsReader) end() ([]byte, error) {
	err := r.parts.Close()
	return r.head.Bytes(), err
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
	body := io.MultiReader(before, &countingReader{Reader: file, report: report}, bytes.NewReader(f.rest))
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
