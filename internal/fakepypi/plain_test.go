package fakepypi_test

import (
	"bytes"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// TestPlainIndex_Address: a plain index has an address of its own for uploads, and is recognized by it.
func TestPlainIndex_Address(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Profile: fakepypi.Plain})
	kind, body := wheel("md5_digest", md5Of(theWheel)).body(t)
	r := th.do(
		"POST", th.Upload.String(), bytes.NewReader(body), "Content-Type", kind, "Authorization", basic(fakepypi.User, fakepypi.Password),
	)
	if r.status != 200 || th.Upload.Path != "/upload/" || len(th.Files()) != 1 || th.Requests()[0].Op != "upload" {
		t.Errorf("%s: %+v, %+v", th.Upload, r, th.Requests())
	}
	opened(t).do("POST", "/upload/", nil).want(t, 404, "")
}

// TestUpload_FileNames: what is no name of a file, or no text, is kept by no kind of index.
func TestUpload_FileNames(t *testing.T) {
	t.Parallel()
	plain := open(t, fakepypi.Options{Profile: fakepypi.Plain})
	for name, reason := range map[string]string{
		".": "Invalid filename", "..": "Invalid filename", "": "Invalid filename", "a/b": "", "\xff.whl": "Invalid Form Data.",
	} {
		p := authorized(wheel("md5_digest", md5Of(theWheel)).called(name), basic(fakepypi.User, fakepypi.Password))
		plain.upload("", p).want(t, 400, reason)
	}
	if stored := plain.Files(); len(stored) > 0 {
		t.Errorf("the index holds %v", stored)
	}
	th := opened(t)
	th.upload(th.minted(), wheel().called("demo-1.0-\xff-none-any.whl")).want(t, 400, "Invalid Form Data.")
}

// TestOnePort: the runner's protocol and the issuer's documents are at the index's address.
func TestOnePort(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{OnePort: true})
	th.AddPublisher(fakepypi.Publisher{Project: demo})
	th.accepted(th.minted(), wheel())
	tokenURL := th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"]
	if at := "http://" + th.Upload.Host + "/"; len(tokenURL) <= len(at) || tokenURL[:len(at)] != at {
		t.Errorf("ID tokens are at %s, the index is at %s", tokenURL, at)
	}
	th.get(tokenURL).want(t, 401, "")
	th.get("/.well-known/jwks").want(t, 200, "")
	named := open(t, fakepypi.Options{OnePort: true, URL: "http://index:8081"})
	if named.Upload.String() != "http://index:8081/legacy/" || named.Simple.String() != "http://index:8081/simple/" {
		t.Errorf("%s, %s", named.Upload, named.Simple)
	}
	if named.Issuer() != "http://index:8081" {
		t.Errorf("the issuer is %s", named.Issuer())
	}
}
