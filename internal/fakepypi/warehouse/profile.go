package warehouse

import (
	"fmt"
	"net/http"
	"strings"
)

// Profile selects the kind of index.
type Profile string

// The profiles.
const (
	// PyPI behaves as pypi.org; it is the default.
	PyPI Profile = ""
	// TestPyPI differs in the addresses in messages.
	TestPyPI Profile = "testpypi"
	// NoTrustedPublishing is an index of the same software without the OIDC endpoints.
	NoTrustedPublishing Profile = "no-trusted-publishing"
	// Plain is a small index of another kind: user name and password, pages with MD5 only, no JSON, and 409 for a file that exists.
	Plain Profile = "plain"
)

// UploadPath returns the path of the upload endpoint. A plain index does not use PyPI's path, because clients take that path as a sign of
// PyPI's capabilities.
func (p Profile) UploadPath() string {
	if p == Plain {
		return "/upload/"
	}
	return "/legacy/"
}

// capabilities are the capabilities and rules of a profile.
type capabilities struct {
	site     string // scheme and host of the addresses in messages
	uploads  string // scheme and host of the upload endpoint in messages
	oidc     bool   // has the OIDC endpoints
	modern   bool   // has JSON pages, metadata files and the integrity API
	pipeline []rule
}

// capabilities returns the traits of a profile. It fails for an unknown profile.
func (p Profile) capabilities() (capabilities, error) {
	const uploads = "https://upload.pypi.org"
	switch p {
	case PyPI:
		return capabilities{site: "https://pypi.org", uploads: uploads, oidc: true, modern: true, pipeline: rules()}, nil
	case TestPyPI:
		const test = "https://test.pypi.org"
		return capabilities{site: test, uploads: test, oidc: true, modern: true, pipeline: rules()}, nil
	case NoTrustedPublishing:
		return capabilities{site: "https://pypi.org", uploads: uploads, modern: true, pipeline: rules()}, nil
	case Plain:
		return capabilities{site: "http://localhost", pipeline: plainRules()}, nil
	}
	return capabilities{}, fmt.Errorf("there is no profile %q: use %q, %q, %q or nothing", p, TestPyPI, NoTrustedPublishing, Plain)
}

// plainRules returns the pipeline of a plain index. It checks no age of a release, no caveats and no metadata.
func plainRules() []rule {
	return []rule{
		{"plain/form", sanitised},
		{"plain/action", action},
		{"plain/login", plainLogin},
		{"plain/fields", plainFields},
		{"plain/content", hasContent},
		{"plain/slash", noSlash},
		{"plain/name", plainName},
		{"plain/digest", plainDigest},
		{"plain/project", plainProject},
		{"plain/exists", plainExists},
	}
}

// plainLogin refuses a user name or password other than those of the options.
func plainLogin(u *upload) *refusal {
	user, password, given := u.r.BasicAuth()
	u.ix.presented(password)
	if !given || user != u.ix.login.User || password != u.ix.login.Password {
		return refuse(http.StatusUnauthorized, "")
	}
	return nil
}

// plainFields refuses a form without a name or a valid version.
func plainFields(u *upload) *refusal {
	if u.form.get("name") == "" || validVersion(u, u.form.all("version")) != "" {
		return bad("Missing or invalid name or version")
	}
	return nil
}

// plainName refuses a file name that would leave its folder.
func plainName(u *upload) *refusal {
	if !isFileName(u.form.content.filename) {
		return bad("Invalid filename")
	}
	return nil
}

// plainDigest refuses a wrong digest. It requires none, because clients differ in which ones they send (today's clients leave MD5 out).
func plainDigest(u *upload) *refusal {
	b := u.form.content.blob
	for _, digest := range []struct{ field, computed string }{
		{"md5_digest", b.md5}, {"sha256_digest", b.sha256}, {"blake2_256_digest", b.blake2},
	} {
		if sent := u.form.get(digest.field); sent != "" && !strings.EqualFold(sent, digest.computed) {
			return bad("%s does not match the content", digest.field)
		}
	}
	return nil
}

// plainProject finds the project, or makes a new one, and finds the release.
func plainProject(u *upload) *refusal {
	name := u.form.get("name")
	if u.project = u.ix.projects[normalize(name)]; u.project == nil {
		u.project, u.creates = u.ix.newProject(name), true
	}
	return findRelease(u)
}

// plainExists refuses a file name that the index already has, even with the same content.
func plainExists(u *upload) *refusal {
	if u.ix.fileNamed(u.form.content.filename) != nil {
		return refuse(http.StatusConflict, "")
	}
	return nil
}

// Login is the user name and password that a plain index requires.
type Login struct{ User, Password string }
