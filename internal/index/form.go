package index

import (
	"bytes"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// form is the multipart body of an upload without the content of the file.
type form struct {
	contentType  string
	before, rest []byte
}

// form returns the form of a request to this site.
func (c *Client) form(r UploadRequest) (*form, error) {
	d := r.File
	var text bytes.Buffer
	parts := multipart.NewWriter(&text)
	fields := append(c.fields(d), c.digests(d)...)
	if len(r.Attestations) > 0 {
		fields = append(fields, distfile.Field{Name: "attestations", Value: string(r.Attestations)})
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

// fields returns the form fields of the metadata. Older versions of GitLab demand requires_python, which is empty where there is none; PyPI
// gets no empty field.
func (c *Client) fields(d *distfile.Distribution) []distfile.Field {
	const field = "requires_python"
	fields := d.Form()
	if c.site.Public() || slices.ContainsFunc(fields, func(f distfile.Field) bool { return f.Name == field }) {
		return fields
	}
	return append(fields, distfile.Field{Name: field})
}

// digests returns the form fields that let the index check what arrived.
func (c *Client) digests(d *distfile.Distribution) []distfile.Field {
	fields := []distfile.Field{
		{Name: "sha256_digest", Value: hex.EncodeToString(d.Digests.SHA256[:])},
		{Name: "blake2_256_digest", Value: hex.EncodeToString(d.Digests.BLAKE2b[:])},
	}
	if c.site.MD5 {
		fields = append(fields, distfile.Field{Name: "md5_digest", Value: hex.EncodeToString(d.Digests.MD5[:])})
	}
	return fields
}

// open returns the whole body once more, with the distribution opened anew, and its length in bytes. report is called with the number of
// bytes of the file that were read.
func (f *form) open(d *distfile.Distribution, report func(int64)) (io.ReadCloser, int64, error) {
	file, err := d.Open()
	if err != nil {
		return nil, 0, err
	}
	body := io.MultiReader(bytes.NewReader(f.before), &countingReader{Reader: file, report: report}, bytes.NewReader(f.rest))
	return struct {
		io.Reader
		io.Closer
	}{body, file}, int64(len(f.before)) + d.Size + int64(len(f.rest)), nil
}

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
