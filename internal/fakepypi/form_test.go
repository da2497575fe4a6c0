package fakepypi_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// TestUploadForm_FieldAsFile is docs/reference/pypi-server.md row 4: only the content, and a signature that is not read, may have a file
// name.
func TestUploadForm_FieldAsFile(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]struct {
		status int
		reason string
	}{
		"summary":       {400, "summary: Should not be a tuple."},
		"gpg_signature": {200, "OK"},
	} {
		th := opened(t)
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		part, err := form.CreateFormFile(field, "x.txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, "text"); err != nil {
			t.Fatal(err)
		}
		_, whole := wheel().body(t)
		rest, err := rebound(whole, form)
		if err != nil {
			t.Fatal(err)
		}
		body := b.String() + rest
		th.do("POST", "/legacy/", strings.NewReader(body), "Content-Type", form.FormDataContentType(),
			"Authorization", basic("__token__", th.minted())).want(t, c.status, c.reason)
	}
}

// rebound is a form's text with the boundary of another one, to be put behind its parts.
func rebound(whole []byte, other *multipart.Writer) (string, error) {
	own, _, found := strings.Cut(strings.TrimPrefix(string(whole), "--"), "\r\n")
	if !found {
		return "", io.ErrUnexpectedEOF
	}
	return "\r\n" + strings.ReplaceAll(string(whole), own, other.Boundary()), nil
}

// TestUploadForm_BrokenBody: what is no form is an empty form, and what breaks off leaves nothing.
func TestUploadForm_BrokenBody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir})
	th.AddPublisher(fakepypi.Publisher{Project: "demo"})
	token := th.minted()
	for kind, body := range map[string]string{
		"":                                  "x",
		"text/plain":                        "x",
		"multipart/form-data":               "x",
		"multipart/form-data; boundary=x":   "no boundary at all",
		"multipart/form-data; boundary=y":   "--y\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a\"\r\n\r\nnever ends",
		"application/x-www-form-urlencoded": "%zz",
	} {
		r := th.do("POST", "/legacy/", strings.NewReader(body), "Content-Type", kind, "Authorization", basic("__token__", token))
		if r.status != 404 {
			t.Errorf("%s: %+v", kind, r)
		}
	}
	// Cut within the file, behind it, and within the last boundary: the file is complete in the last two.
	for i, cut := range []int{80, 64, 4} {
		kind, body := wheel("summary", strings.Repeat("x", i)).body(t)
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", th.Upload.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn,
			"POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw\r\nAuthorization: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			basic("__token__", token), kind, len(body), body[:len(body)-cut])
		conn.Close()
		th.waitFor(func(r fakepypi.Request) bool { return r.Size == int64(len(body)) && !r.Ended.IsZero() })
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 || len(th.Files()) != 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// waitFor waits until there is such a request.
func (th *harness) waitFor(done func(fakepypi.Request) bool) {
	th.t.Helper()
	for {
		for _, r := range th.Requests() {
			if done(r) {
				return
			}
		}
		select {
		case <-th.t.Context().Done():
			th.t.Fatal("no such request")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestMint_SeveralProjects: a publisher of two projects mints tokens for both.
func TestMint_SeveralProjects(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.AddPublisher(fakepypi.Publisher{Project: "other"})
	th.AddPublisher(fakepypi.Publisher{Project: "other"})
	token := th.minted()
	th.accepted(token, wheel())
	th.accepted(token, wheel("name", "other").called("other-1.0-py3-none-any.whl").holding("x"))
	if got := th.Tokens()[0].Projects; len(got) != 2 {
		t.Errorf("the token is for %v", got)
	}
	th.upload(appended(t, token, `[1,["other"]]`), sdist()).want(
		t, 403, "Invalid API Token: project-scoped token is not valid for project: 'demo'",
	)
}

// TestClose_DuringUpload: a test server ends while requests are under way.
func TestClose_DuringUpload(t *testing.T) {
	t.Parallel()
	th := opened(t)
	kind, body := wheel().body(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", th.Upload.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(
		conn, "POST /legacy/ HTTP/1.1\r\nHost: x\r\nUser-Agent: raw\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body),
		body[:10],
	)
	th.waitFor(func(r fakepypi.Request) bool { return r.Op == "upload" })
	if err := th.Close(); err != nil {
		t.Error(err)
	}
	th.waitFor(func(r fakepypi.Request) bool { return r.Op == "upload" && !r.Ended.IsZero() })
}
