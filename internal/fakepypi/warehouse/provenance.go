package warehouse

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

// The integrity API (docs/reference/pypi-server.md §5.3), which serves the attestations of a file as the index has stored them.

const integrityJSON = "application/vnd.pypi.integrity.v1+json"

// integrity handles GET /integrity/{name}/{version}/{file}/provenance.
func (ix *Index) integrity(w http.ResponseWriter, r *http.Request) {
	kind := integrityJSON
	if accept := r.Header.Values("Accept"); strings.TrimSpace(strings.Join(accept, "")) != "" {
		kind = preferred(accept, "", integrityJSON, "application/json")
	}
	if kind == "" {
		cacheFor(w, tenMinutes)
		web.WriteJSON(w, http.StatusNotAcceptable, map[string]string{"message": "Request not acceptable"})
		return
	}
	name := r.PathValue("file")
	ix.mu.Lock()
	f := ix.fileNamed(name)
	p, found := ix.release(r)
	off := ix.behavior.NoAttestations
	ix.mu.Unlock()
	switch {
	case f == nil || found == nil || f.project != p || f.release != found:
		errorAnswer(w, http.StatusNotFound)
	case off:
		web.WriteJSON(w, http.StatusForbidden, map[string]string{"message": "Attestations temporarily disabled"})
	case f.provenance == nil:
		cacheFor(w, tenMinutes)
		web.WriteJSON(w, http.StatusNotFound, map[string]string{"message": "No provenance available for " + name})
	default:
		cacheFor(w, tenMinutes)
		answerAs(w, kind, f.provenance)
	}
}

// answerAs writes body as JSON with the content type kind.
func answerAs(w http.ResponseWriter, kind string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		errorAnswer(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // it fails if the client is gone: no action needed
}

// provenanceURL returns the address of a file's provenance, or nil if it has none.
func (f *file) provenanceURL(origin string) *string {
	if f.provenance == nil {
		return nil
	}
	at := origin + "/integrity/" + string(f.project.key) + "/" + url.PathEscape(f.release.version) + "/" +
		url.PathEscape(f.name) + "/provenance"
	return &at
}

// Provenance returns the provenance document of a file without a request. It returns nil if there is no such file, or the file has no
// attestations.
func (ix *Index) Provenance(name string) ([]byte, error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	f := ix.fileNamed(name)
	if f == nil || f.provenance == nil {
		return nil, nil
	}
	return json.Marshal(f.provenance)
}
