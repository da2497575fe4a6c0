package warehouse

import (
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
)

func TestDisposition(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		name, filename string
		isFile         bool
	}{
		`form-data; name="summary"`:                       {"summary", "", false},
		`form-data; name=summary`:                         {"summary", "", false},
		`form-data; name="content"; filename="a-1.whl"`:   {"content", "a-1.whl", true},
		`form-data; filename="a;b.whl"; name="content"`:   {"content", "a;b.whl", true},
		`form-data; name="content"; filename="a\b.whl"`:   {"content", `a\b.whl`, true},
		`form-data; name="content"; filename="a\\b.whl"`:  {"content", `a\b.whl`, true},
		`form-data; name="content"; filename="a\"b.whl"`:  {"content", `a"b.whl`, true},
		`form-data; name="content"; filename="d/a.whl"`:   {"content", "d/a.whl", true},
		"form-data; name=\"content\"; filename=\"\x01ä\"": {"content", "\x01ä", true},
		`form-data; name="content"; filename=""`:          {"content", "", true},
		``:                                                {"", "", false},
	} {
		name, filename, isFile := disposition(textproto.MIMEHeader{"Content-Disposition": {header}})
		if name != want.name || filename != want.filename || isFile != want.isFile {
			t.Errorf("%s: %q %q %v", header, name, filename, isFile)
		}
	}
}

// FuzzForm holds that no body breaks the reader, and that it takes no more than its bound.
func FuzzForm(f *testing.F) {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("x")
	_ = w.WriteField("name", "demo")
	part, _ := w.CreateFormFile("content", "demo-1.0.tar.gz")
	_, _ = io.WriteString(part, "bytes")
	_ = w.Close()
	f.Add("multipart/form-data; boundary=x", b.String())
	f.Add("application/x-www-form-urlencoded", "name=demo&name=x&%zz")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/legacy/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		saved := 0
		form, _ := readForm(r, func(_ *form, r io.Reader) (blob, error) {
			n, err := io.Copy(io.Discard, r)
			saved += int(n)
			return blob{size: n}, err
		})
		if form == nil {
			t.Fatal("no form")
		}
		_ = form.sanitise()
		if saved > len(body) {
			t.Errorf("%d bytes came out of %d", saved, len(body))
		}
	})
}
