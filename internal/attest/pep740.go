package attest

import (
	"encoding/json"
	"errors"
	"strconv"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
)

// longest limits an attestation, and the provenance of a file, in bytes.
const longest = 4 << 20

// bundleType is the media type of a Sigstore bundle.
const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// These formats do not use protobuf's JSON, which omits zero values: the index refuses an entry without its index
// (docs/reference/attestations.md §1.2).
type (
	jsonEntry struct {
		LogIndex          string      `json:"logIndex"`
		LogID             jsonLogID   `json:"logId"`
		KindVersion       jsonKind    `json:"kindVersion"`
		IntegratedTime    string      `json:"integratedTime"`
		InclusionPromise  jsonPromise `json:"inclusionPromise"`
		InclusionProof    jsonProof   `json:"inclusionProof"`
		CanonicalizedBody []byte      `json:"canonicalizedBody"`
	}
	jsonLogID struct {
		KeyID []byte `json:"keyId"`
	}
	jsonKind struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	}
	jsonPromise struct {
		Timestamp []byte `json:"signedEntryTimestamp"`
	}
	jsonProof struct {
		LogIndex   string         `json:"logIndex"`
		RootHash   []byte         `json:"rootHash"`
		TreeSize   string         `json:"treeSize"`
		Hashes     [][]byte       `json:"hashes"`
		Checkpoint jsonCheckpoint `json:"checkpoint"`
	}
	jsonCheckpoint struct {
		Envelope string `json:"envelope"`
	}
)

// entryJSON returns a log entry in its JSON form.
func entryJSON(e *protorekor.TransparencyLogEntry) jsonEntry {
	proof := e.GetInclusionProof()
	hashes := proof.GetHashes()
	if hashes == nil {
		hashes = [][]byte{} // null is not valid
	}
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	return jsonEntry{
		LogIndex: decimal(e.GetLogIndex()), LogID: jsonLogID{e.GetLogId().GetKeyId()},
		KindVersion:      jsonKind{e.GetKindVersion().GetKind(), e.GetKindVersion().GetVersion()},
		IntegratedTime:   decimal(e.GetIntegratedTime()),
		InclusionPromise: jsonPromise{e.GetInclusionPromise().GetSignedEntryTimestamp()},
		InclusionProof: jsonProof{
			LogIndex: decimal(proof.GetLogIndex()), RootHash: proof.GetRootHash(), TreeSize: decimal(proof.GetTreeSize()),
			Hashes: hashes, Checkpoint: jsonCheckpoint{proof.GetCheckpoint().GetEnvelope()},
		},
		CanonicalizedBody: e.GetCanonicalizedBody(),
	}
}

// parts returns the certificate, log entry and envelope of an attestation. It returns an error if it does not have exactly one each.
func parts(b *protobundle.Bundle) (certificate []byte, e *protorekor.TransparencyLogEntry, envelope *protodsse.Envelope, err error) {
	certificate = b.GetVerificationMaterial().GetCertificate().GetRawBytes()
	entries := b.GetVerificationMaterial().GetTlogEntries()
	envelope = b.GetDsseEnvelope()
	if len(certificate) == 0 || len(entries) != 1 || len(envelope.GetSignatures()) != 1 {
		return nil, nil, nil, errors.New("the bundle does not have exactly one certificate, one log entry and one signature")
	}
	return certificate, entries[0], envelope, nil
}

// encode returns a bundle as the object of PEP 740 (docs/reference/attestations.md §1.1 and §1.4).
func encode(b *protobundle.Bundle) ([]byte, error) {
	certificate, e, signed, err := parts(b)
	if err != nil {
		return nil, err
	}
	type material struct {
		Certificate []byte      `json:"certificate"`
		Entries     []jsonEntry `json:"transparency_entries"`
	}
	type envelope struct {
		Statement []byte `json:"statement"`
		Signature []byte `json:"signature"`
	}
	return json.Marshal(struct {
		Version  int      `json:"version"`
		Material material `json:"verification_material"`
		Envelope envelope `json:"envelope"`
	}{1, material{certificate, []jsonEntry{entryJSON(e)}}, envelope{signed.GetPayload(), signed.GetSignatures()[0].GetSig()}})
}

// decode parses the object of PEP 740. Like the index, it uses only the first log entry and ignores unknown members.
func decode(raw []byte) (*protobundle.Bundle, error) {
	var r reader
	top := r.document(raw)
	material, envelope := r.object(r.get(top, "verification_material")), r.object(r.get(top, "envelope"))
	certificate := r.looseBytes(material, "certificate")
	statement, signature := r.looseBytes(envelope, "statement"), r.looseBytes(envelope, "signature")
	entries := r.list(material, "transparency_entries")
	if len(entries) == 0 {
		r.fail("it has no log entry")
		return nil, r.err
	}
	e := r.entry(r.object(entries[0]))
	if r.err != nil {
		return nil, r.err
	}
	return newBundle(certificate, bundle.IntotoMediaType, statement, signature, e), nil
}

// newBundle returns a Sigstore bundle of a certificate in DER, an envelope with one signature, and log entries.
func newBundle(
	certificate []byte, payloadType string, payload, signature []byte, entries ...*protorekor.TransparencyLogEntry,
) *protobundle.Bundle {
	return &protobundle.Bundle{
		MediaType: bundleType,
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content: &protobundle.VerificationMaterial_Certificate{
				Certificate: &protocommon.X509Certificate{RawBytes: certificate},
			},
			TlogEntries: entries,
		},
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: payloadType, Signatures: []*protodsse.Signature{{Sig: signature}},
		}},
	}
}

// entry parses a log entry, whose names may be in camel case or snake case.
func (r *reader) entry(e object) *protorekor.TransparencyLogEntry {
	proof := r.object(r.get(e, "inclusionProof", "inclusion_proof"))
	kind := r.object(r.get(e, "kindVersion", "kind_version"))
	logged := &protorekor.TransparencyLogEntry{
		LogIndex:       r.integer(e, "logIndex", "log_index"),
		LogId:          &protocommon.LogId{KeyId: r.bytes(r.object(r.get(e, "logId", "log_id")), "keyId", "key_id")},
		KindVersion:    &protorekor.KindVersion{Kind: r.text(kind, "kind"), Version: r.text(kind, "version")},
		IntegratedTime: r.integer(e, "integratedTime", "integrated_time"),
		InclusionPromise: &protorekor.InclusionPromise{
			SignedEntryTimestamp: r.bytes(
				r.object(r.get(e, "inclusionPromise", "inclusion_promise")), "signedEntryTimestamp", "signed_entry_timestamp",
			),
		},
		InclusionProof: &protorekor.InclusionProof{
			LogIndex: r.integer(proof, "logIndex", "log_index"),
			RootHash: r.bytes(proof, "rootHash", "root_hash"),
			TreeSize: r.integer(proof, "treeSize", "tree_size"),
			Checkpoint: &protorekor.Checkpoint{
				Envelope: r.text(r.object(r.get(proof, "checkpoint")), "envelope"),
			},
		},
		CanonicalizedBody: r.bytes(e, "canonicalizedBody", "canonicalized_body"),
	}
	for _, raw := range r.list(proof, "hashes") {
		logged.InclusionProof.Hashes = append(logged.InclusionProof.Hashes, r.bytes(object{"hashes": raw}, "hashes"))
	}
	return logged
}

// Bundle returns the attestation as a Sigstore bundle of version 0.3, the format of Sigstore's own tools.
func (a Attestation) Bundle() ([]byte, error) {
	b, err := decode(a.JSON)
	if err != nil {
		return nil, err
	}
	certificate, e, signed, err := parts(b)
	if err != nil {
		return nil, err
	}
	type raw struct {
		RawBytes []byte `json:"rawBytes"`
	}
	type material struct {
		Certificate raw         `json:"certificate"`
		Entries     []jsonEntry `json:"tlogEntries"`
	}
	type signature struct {
		Sig []byte `json:"sig"`
	}
	type envelope struct {
		Payload     []byte      `json:"payload"`
		PayloadType string      `json:"payloadType"`
		Signatures  []signature `json:"signatures"`
	}
	return json.Marshal(struct {
		MediaType string   `json:"mediaType"`
		Material  material `json:"verificationMaterial"`
		Envelope  envelope `json:"dsseEnvelope"`
	}{
		bundleType,
		material{raw{certificate}, []jsonEntry{entryJSON(e)}},
		envelope{signed.GetPayload(), signed.GetPayloadType(), []signature{{signed.GetSignatures()[0].GetSig()}}},
	})
}
