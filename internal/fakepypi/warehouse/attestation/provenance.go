package attestation

import "encoding/json"

// Provenance is the document of a file's attestations and their publisher, as the index serves and stores it.
type Provenance struct {
	Version int      `json:"version"`
	Bundles []bundle `json:"attestation_bundles"`
}

type bundle struct {
	Publisher    Publisher           `json:"publisher"`
	Attestations []servedAttestation `json:"attestations"`
}

// Publisher describes the Trusted Publisher of an upload.
type Publisher struct {
	Kind        string  `json:"kind"`        // "GitHub"
	Repository  string  `json:"repository"`  // "owner/name"
	Workflow    string  `json:"workflow"`    // file name
	Environment *string `json:"environment"` // nil if the publisher names none
}

// servedAttestation is an attestation as the index writes it: in its own base64, and without members that it does not know.
type servedAttestation struct {
	Version  int            `json:"version"`
	Material servedMaterial `json:"verification_material"`
	Envelope servedEnvelope `json:"envelope"`
}

type servedMaterial struct {
	Certificate []byte            `json:"certificate"`
	Entries     []json.RawMessage `json:"transparency_entries"`
}

type servedEnvelope struct {
	Statement []byte `json:"statement"`
	Signature []byte `json:"signature"`
}

// NewProvenance returns the document for the attestations of a publisher's upload.
func NewProvenance(p Publisher, all []Attestation) *Provenance {
	b := bundle{Publisher: p}
	for _, a := range all {
		b.Attestations = append(b.Attestations, servedAttestation{
			1, servedMaterial{a.certificate, a.entries}, servedEnvelope{a.statement, a.signature},
		})
	}
	return &Provenance{Version: 1, Bundles: []bundle{b}}
}
