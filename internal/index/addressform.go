package index

import (
	"net/url"
	"path"
	"strings"
)

// AddressForm is a form of upload URLs, and where the simple index of such an index is. What is derived by it is tried, never trusted:
// an address whose page is no listing counts as none.
type AddressForm struct {
	Index string // who has addresses of this form
	// Hosts are patterns of the hosts that the form is for; empty: it is for any.
	Hosts []string
	// Path is the end of the path, in which * stands for one segment. What is before it stays; a slash at its end does not matter. The
	// path / is a whole path.
	Path string
	// Simple are the places of the simple index, in the order in which they are tried: paths that follow the upload URL, or what stands in
	// the place of its last segment if Sibling is set.
	Simple  []string
	Sibling bool
	// Certain is whether the form is that of one kind of index, so that 404 says that the project is not there. Elsewhere it says so only
	// if the address without the project answers.
	Certain bool
	Source  string // where the form is documented
}

// AddressForms returns the known forms. The first that fits is used.
func AddressForms() []AddressForm {
	const simple = "simple/"
	return []AddressForm{
		{
			Index: "PyPI's software", Path: "/legacy/", Simple: []string{simple}, Sibling: true, Certain: true,
			Source: "https://packaging.python.org/en/latest/specifications/pypirc/",
		},
		{
			Index: "Pulp, pypicloud, and others that take uploads at their simple index", Path: "/simple/", Simple: []string{simple},
			Sibling: true, Certain: true, Source: "https://pulpproject.org/pulp_python/docs/user/guides/pypi/",
		},
		{
			Index: "devpi, its simple index", Path: "/+simple/", Simple: []string{"+simple/"}, Sibling: true, Certain: true,
			Source: "https://github.com/devpi/devpi/blob/main/doc/quickstart-pypimirror.rst",
		},
		{
			Index: "Azure Artifacts", Path: "/_packaging/*/pypi/upload", Simple: []string{simple}, Sibling: true, Certain: true,
			Source: "https://github.com/microsoft/artifacts-keyring",
		},
		{
			Index: "Artifactory", Path: "/api/pypi/*", Simple: []string{simple}, Certain: true,
			Source: "https://jfrog.com/help/r/jfrog-artifactory-documentation/pypi-repositories",
		},
		{
			Index: "Nexus Repository", Path: "/repository/*/", Simple: []string{simple}, Certain: true,
			Source: "https://help.sonatype.com/en/pypi-repositories.html",
		},
		{
			Index: "GitLab", Path: "/api/v4/projects/*/packages/pypi", Simple: []string{simple}, Certain: true,
			Source: "https://docs.gitlab.com/user/packages/pypi_repository",
		},
		{
			Index: "Gitea, Forgejo", Path: "/api/packages/*/pypi", Simple: []string{simple}, Certain: true,
			Source: "https://docs.gitea.com/usage/packages/pypi/",
		},
		{
			Index: "AWS CodeArtifact", Hosts: []string{"*.codeartifact.*.amazonaws.com", "*.codeartifact.*.on.aws"}, Path: "/pypi/*/",
			Simple: []string{simple}, Certain: true,
			Source: "https://docs.aws.amazon.com/codeartifact/latest/ug/python-configure-twine.html",
		},
		{
			Index: "Google Artifact Registry", Hosts: []string{"*-python.pkg.dev"}, Path: "/*/*/", Simple: []string{simple}, Certain: true,
			Source: "https://docs.cloud.google.com/artifact-registry/docs/python/store-python",
		},
		{
			Index: "devpi", Path: "/*/*/", Simple: []string{"+simple/", simple},
			Source: "https://github.com/devpi/devpi/blob/main/doc/quickstart-pypimirror.rst",
		},
		{
			Index: "pypiserver", Path: "/", Simple: []string{simple}, Source: "https://github.com/pypiserver/pypiserver",
		},
	}
}

// simpleBeside returns where the simple index of an upload URL may be, in the order in which it is tried, and whether the form of the URL
// leaves no doubt. There is none for a URL of no known form.
func simpleBeside(upload *url.URL) (at []*url.URL, certain bool) {
	for _, form := range AddressForms() {
		if form.fits(upload) {
			return form.beside(upload), form.Certain
		}
	}
	return nil, false
}

// fits reports whether the URL has the form.
func (f AddressForm) fits(upload *url.URL) bool {
	return f.fitsHost(strings.ToLower(upload.Hostname())) && f.fitsPath(segments(upload))
}

func (f AddressForm) fitsHost(host string) bool {
	for _, pattern := range f.Hosts {
		// A host has no slash, so that * would stand for several of its labels: CodeArtifact's have as many as there are here.
		if ok, err := path.Match(pattern, host); err == nil && ok && strings.Count(host, ".") <= strings.Count(pattern, ".")+1 {
			return true
		}
	}
	return len(f.Hosts) == 0
}

func (f AddressForm) fitsPath(of []string) bool {
	want := strings.FieldsFunc(f.Path, func(r rune) bool { return r == '/' })
	if len(want) == 0 {
		return len(of) == 0
	}
	if len(of) < len(want) {
		return false
	}
	for i, segment := range of[len(of)-len(want):] {
		if want[i] != "*" && want[i] != segment {
			return false
		}
	}
	return true
}

// segments returns the segments of the path, as they are written.
func segments(u *url.URL) []string {
	return strings.FieldsFunc(u.EscapedPath(), func(r rune) bool { return r == '/' })
}

// beside returns the places of the simple index for an upload URL of this form.
func (f AddressForm) beside(upload *url.URL) []*url.URL {
	kept := segments(upload)
	if f.Sibling {
		kept = kept[:len(kept)-1]
	}
	all := make([]*url.URL, 0, len(f.Simple))
	for _, simple := range f.Simple {
		at := &url.URL{Scheme: upload.Scheme, Host: upload.Host, Path: "/"}
		all = append(all, at.JoinPath(append(append([]string{}, kept...), simple)...))
	}
	return all
}

// Row returns the form as a row of the table in docs/indexes.md.
func (f AddressForm) Row() string {
	cell := func(text string) string { return "`" + text + "`" }
	upload := strings.ReplaceAll(f.Path, "*", "…")
	if len(f.Hosts) > 0 {
		upload = strings.ReplaceAll(f.Hosts[0], "*", "…") + upload
	}
	var simple []string
	for _, place := range f.Simple {
		if f.Sibling {
			place = "../" + place
		}
		simple = append(simple, cell(place))
	}
	return "| " + f.Index + " | " + cell(upload) + " | " + strings.Join(simple, ", then ") + " | <" + f.Source + "> |"
}
