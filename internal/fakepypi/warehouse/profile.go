package warehouse

import (
	"fmt"
	"net/http"
	"strings"
)

// Profile is a kind of index.
type Profile string

// The profiles.
const (
	// PyPI is the default.
	PyPI Profile = ""
	// TestPyPI differs in the addresses that messages point to.
	TestPyPI Profile = "testpypi"
	// NoTrustedPublishing is an index of the same software without the OIDC endpoints.
	NoTrustedPublishing Profile = "no-trusted-publishing"
	// Plain is a small index of another kind: user name and password, pages with MD5 only, no JSON, 409 for a file that exists.
	Plain Profile = "plain"
)

// UploadPath is where the index takes uploads. That of a plain index is not the public one's, by whose path clients tell what
// an index can do.
func (p Profile) UploadPath() string {
	if p == Plain {
		return "/upload/"
	}
	return "/legacy/"
}

// traits are what a profile is made of.
type traits struct {
	site     string // of the addresses in messages
	oidc     bool   // has the OIDC endpoints
	modern   bool   // has JSON pages, metadata files and the integrity API
	pipeline []rule
}

func (p Profile) traits() (traits, error) {
	switch p {
	case PyPI:
		return traits{site: "https://pypi.org", oidc: true, modern: true, pipeline: rules()}, nil
	case TestPyPI:
		return traits{site: "https://test.pypi.org", oidc: true, modern: true, pipeline: rules()}, nil
	case NoTrustedPublishing:
		return traits{site: "https://pypi.org", modern: true, pipeline: rules()}, nil
	case Plain:
		return traits{site: "http://localhost", pipeline: plainRules()}, nil
	}
	return traits{}, fmt.Errorf("there is no profile %q: use %q, %q, %q or nothing", p, TestPyPI, NoTrustedPublishing, Plain)
}

// plainRules is the pipeline of a plain index. It knows no releases' ages, no caveats and no metadata rules.
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

// plainLogin asks for the user name and password of the options.
func plainLogin(u *upload) *refusal {
	user, password, given := u.r.BasicAuth()
	u.ix.presented(password)
	if !given || user != u.ix.login.User || password != u.ix.login.Password {
		return refuse(http.StatusUnauthorized, "")
	}
	return nil
}

func plainFields(u *upload) *refusal {
	if u.form.get("name") == "" || validVersion(u, u.form.all("version")) != "" {
		return bad("Missing or invalid name or version")
	}
	return nil
}

// plainName refuses what is no name of a file.
func plainName(u *upload) *refusal {
	if !isFileName(u.form.content.filename) {
		return bad("Invalid filename")
	}
	return nil
}

// plainDigest refuses a digest that is sent and wrong. It demands none: which ones a client sends differs (MD5 is the one
// that clients of today leave out).
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

func plainProject(u *upload) *refusal {
	name := u.form.get("name")
	if u.project = u.ix.projects[normalize(name)]; u.project == nil {
		u.project, u.creates = u.ix.newProject(name), true
	}
	return findRelease(u)
}

// plainExists refuses a name that is taken, whatever the bytes.
func plainExists(u *upload) *refusal {
	if u.ix.held(u.form.content.filename) != nil {
		return refuse(http.StatusConflict, "")
	}
	return nil
}

// Login is what a plain index wants.
type Login struct{ User, Password string }
