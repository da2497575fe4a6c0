package fakepypi

import (
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// op is one kind of request.
type op struct {
	name    string
	client  bool // a publishing client sends it: the client's table of retries has the same name
	matches func(*http.Request) bool
}

// ops returns the table of ops. A request has the first op that matches it.
func ops() []op {
	return []op{
		{"audience", true, at("/_/oidc/audience")},
		{"mint", true, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/mint-token") }},
		{"burn", true, at("/_/oidc/burn-token")},
		{"upload", true, func(r *http.Request) bool { return isUploadURL(r) && hasForm(r) }},
		{"probe", true, isUploadURL}, // a probe cannot carry a file
		{"look", true, func(r *http.Request) bool { return under("/simple/")(r) || at("/pypi")(r) }},
		{"core-metadata", false, isMetadata},
		{"file", false, under("/files/")},
		{"provenance", true, under("/integrity/")},
		{"json", false, under("/pypi/")},
		{"id-token", true, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/idtoken/") }},
		{"trust-root", true, under("/tuf/")},
		{"certificate", true, at("/api/v2/signingCert")},
		{"log-entry", true, at("/api/v1/log/entries")},
		{"log-lookup", true, under("/api/v1/log/entries/")},
		{"keys", false, under("/.well-known/")},
		{"asset", false, under(releases.UploadsPath + "/")},
		{"asset-download", false, isAssetDownload},
		{"github", false, under(releases.APIPath + "/")},
		{"other", false, func(*http.Request) bool { return true }},
	}
}

// isMetadata reports whether a request is for the core metadata that the index serves beside a wheel.
func isMetadata(r *http.Request) bool {
	return under("/files/")(r) && strings.HasSuffix(r.URL.Path, ".whl.metadata")
}

// at returns a function that reports whether a request is for this path.
func at(path string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Path == path }
}

// under returns a function that reports whether a request is for a path that begins with folder.
func under(folder string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, folder) }
}

func isUploadURL(r *http.Request) bool {
	path := strings.TrimSuffix(r.URL.Path, "/")
	return path == "/legacy" || path == "/upload"
}

// isAssetDownload reports whether a request is for an asset's bytes, from the API or from the storage that it redirects to.
func isAssetDownload(r *http.Request) bool {
	op := releases.Op(r)
	return op == "bytes" || op == "download" && r.Header.Get("Accept") == "application/octet-stream"
}

func hasForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// Op returns the name of the op that a request has.
func Op(r *http.Request) string {
	for _, o := range ops() {
		if o.matches(r) {
			return o.name
		}
	}
	return ""
}

// Ops returns the ops of a publishing client, whose table of retries has the same names.
func Ops() []string { return names(func(o op) bool { return o.client }) }

// allOps returns all ops, with those of other clients and of the index itself.
func allOps() []string { return names(func(op) bool { return true }) }

func names(which func(op) bool) []string {
	var all []string
	for _, o := range ops() {
		if which(o) {
			all = append(all, o.name)
		}
	}
	return all
}
