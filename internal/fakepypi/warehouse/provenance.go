package warehouse

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Provenance is what the index keeps of the attestations of a file, and who published it (PEP 740). The integrity API
// serves it (section 5.3).

const integrityJSON = "application/vnd.pypi.integrity.v1+json"

// provenance is the document, as it is served and as it is kept.
type provenance struct {
	Version int                 `json:"version"`
	Bundles []attestationBundle `json:"attestation_bundles"`
}

type attestationBundle struct {
	Publisher    provenPublisher     `json:"publisher"`
	Attestations []provenAttestation `json:"attestations"`
}

type provenPublisher struct {
	Kind        string  `json:"kind"`
	Repository  string  `json:"repository"`
	Workflow    string  `json:"workflow"`
	Environment *string `json:"environment"`
}

// provenAttestation is an attestation as the index writes it: in its own base64, without what it did not know.
type provenAttestation struct {
	Version  int            `json:"version"`
	Material provenMaterial `json:"verification_material"`
	Envelope provenEnvelope `json:"envelope"`
}

type provenMaterial struct {
	Certificate []byte            `json:"certificate"`
	Entries     []json.RawMessage `json:"transparency_entries"`
}

type provenEnvelope struct {
	Statement []byte `json:"statement"`
	Signature []byte `json:"signature"`
}

// provenanceOf is the document of what the publisher's upload brought.
func provenanceOf(p *publisher, all []attestation) *provenance {
	bundle := attestationBundle{Publisher: provenPublisher{Kind: "GitHub", Repository: p.owner + "/" + p.repository, Workflow: p.workflow}}
	if p.environment != "" {
		bundle.Publisher.Environment = &p.environment
	}
	for _, a := range all {
		bundle.Attestations = append(bundle.Attestations, provenAttestation{
			1, provenMaterial{a.certificate, a.entries}, provenEnvelope{a.statement, a.signature},
		})
	}
	return &provenance{Version: 1, Bundles: []attestationBundle{bundle}}
}

// integrity is GET /integrity/{name}/{version}/{file}/provenance.
func (ix *Index) integrity(w http.ResponseWriter, r *http.Request) {
	kind := integrityJSON
	if accept := r.Header.Values("Accept"); strings.TrimSpace(strings.Join(accept, "")) != "" {
		kind = preferred(accept, "", integrityJSON, "application/json")
	}
	if kind == "" {
		answerJSON(w, http.StatusNotAcceptable, map[string]string{"message": "Request not acceptable"})
		return
	}
	name := r.PathValue("file")
	ix.mu.Lock()
	f := ix.held(name)
	p, found := ix.release(r)
	off := ix.switches.NoAttestations
	ix.mu.Unlock()
	switch {
	case f == nil || found == nil || f.project != p || f.release != found:
		errorAnswer(w, http.StatusNotFound)
	case off:
		answerJSON(w, http.StatusForbidden, map[string]string{"message": "Attestations temporarily disabled"})
	case f.provenance == nil:
		answerJSON(w, http.StatusNotFound, map[string]string{"message": "No provenance available for " + name})
	default:
		w.Header().Set("Cache-Control", "max-age=600, public")
		answerAs(w, kind, f.provenance)
	}
}

func answerAs(w http.ResponseWriter, kind string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		errorAnswer(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // The client may be gone; there is nobody left to tell.
}

// provenanceURL is where the provenance of a file is; nil where it has none.
func (f *file) provenanceURL(origin string) *string {
	if f.provenance == nil {
		return nil
	}
	at := origin + "/integrity/" + string(f.project.key) + "/" + url.PathEscape(f.release.version) + "/" + url.PathEscape(f.name) + "/provenance"
	return &at
}

// Provenance returns the document of a file's attestations, without a request; nil where it has none.
func (ix *Index) Provenance(name string) ([]byte, error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	f := ix.held(name)
	if f == nil || f.provenance == nil {
		return nil, nil
	}
	return json.Marshal(f.provenance)
}
