package fakepypi

import (
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// op is one kind of request that the stage tells apart.
type op struct {
	name   string
	client bool // one that a publishing client does: the client's table of retries has the same name
	is     func(*http.Request) bool
}

// ops is the table. A request is of the first op that it fits.
func ops() []op {
	return []op{
		{"audience", true, at("/_/oidc/audience")},
		{"mint", true, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/mint-token") }},
		{"burn", true, at("/_/oidc/burn-token")},
		{"upload", true, func(r *http.Request) bool { return isUploadURL(r) && hasForm(r) }},
		{"probe", true, isUploadURL}, // it cannot carry a file
		{"look", true, func(r *http.Request) bool { return under("/simple/")(r) || at("/pypi")(r) }},
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

func at(path string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Path == path }
}

func under(folder string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, folder) }
}

func isUploadURL(r *http.Request) bool {
	path := strings.TrimSuffix(r.URL.Path, "/")
	return path == "/legacy" || path == "/upload"
}

// isAssetDownload tells a request for an asset's bytes, of the API or of the place to which it points.
func isAssetDownload(r *http.Request) bool {
	op := releases.Op(r)
	return op == "bytes" || op == "download" && r.Header.Get("Accept") == "application/octet-stream"
}

func hasForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// Op names what a request is for.
func Op(r *http.Request) string {
	for _, o := range ops() {
		if o.is(r) {
			return o.name
		}
	}
	return ""
}

// Ops returns the ops of a publishing client, which has the same names in its table of retries.
func Ops() []string { return names(func(o op) bool { return o.client }) }

// allOps are also those that other clients and the index itself do.
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
