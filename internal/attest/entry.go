package attest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"sync"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// errLate means that the certificate expired before the log accepted the entry. The log accepts such an entry, the index does not.
var errLate = errors.New("the signing certificate expired before the log accepted the entry")

// entry adds one signature, made with a certificate, to the log.
type entry struct {
	signer      *Signer
	at          *services
	certificate *certificate
}

// add posts the bundle's envelope to the log and adds the entry to the bundle. All tries send the same bytes, so
// that the log recognizes an earlier try whose answer was lost (docs/reference/attestations.md §3.2).
func (e entry) add(ctx context.Context, b *protobundle.Bundle) error {
	body, err := entryRequest(b)
	if err != nil {
		return err
	}
	answer, err := e.post(ctx, body)
	if err != nil {
		return err
	}
	logged, err := readEntry(answer.Body)
	if err != nil {
		return errBadCertificate("rekor's answer cannot be used: " + err.Error())
	}
	if time.Unix(logged.IntegratedTime, 0).After(e.certificate.leaf.NotAfter) {
		return errLate
	}
	b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, logged)
	return nil
}

// post sends the entry, or fetches the entry of an earlier try.
func (e entry) post(ctx context.Context, body []byte) (*wire.Answer, error) {
	send := bytesBody(body)
	answer, err := e.signer.opts.Wire.Do(ctx, wire.Call{
		Op: wire.LogEntry, Method: http.MethodPost, URL: e.at.rekor.JoinPath("api/v1/log/entries"), Gate: e.signer.gate,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body: func(ctx context.Context) (io.ReadCloser, int64, error) {
			if !e.signer.opts.Now().Before(e.certificate.ends) {
				return nil, 0, errLate
			}
			return send(ctx)
		},
	})
	if wire.StatusOf(err) == http.StatusConflict {
		answer, err = e.fetch(ctx, err)
	}
	switch {
	case err == nil:
		return answer, nil
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, errLate):
		return nil, errLate
	}
	return nil, e.signer.wrapServiceError("rekor, the public log, did not accept an entry", err)
}

// entryID matches the id of an entry in Rekor: the hash of its leaf, optionally with the tree id in front.
var entryID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{64}|[0-9a-f]{80})$`) })

// fetch fetches an entry that the log already has. It uses only the id in the Location header and sends the request to the known
// log.
func (e entry) fetch(ctx context.Context, conflict error) (*wire.Answer, error) {
	name := path.Base(wire.AnswerOf(conflict).Header.Get("Location"))
	if !entryID().MatchString(name) {
		return nil, conflict
	}
	return e.signer.opts.Wire.Do(ctx, wire.Call{
		Op: wire.LogLookup, Method: http.MethodGet, URL: e.at.rekor.JoinPath("api/v1/log/entries", name), Gate: e.signer.gate,
		Header: http.Header{"Accept": {"application/json"}},
	})
}

// entryRequest returns the proposed entry: the envelope as text, and the certificate that verifies it.
func entryRequest(b *protobundle.Bundle) ([]byte, error) {
	signed := b.GetDsseEnvelope()
	if signed == nil || len(signed.GetSignatures()) != 1 {
		return nil, errors.New("the bundle has no envelope with one signature")
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.GetVerificationMaterial().GetCertificate().GetRawBytes()})
	type signature struct {
		Sig []byte `json:"sig"`
	}
	envelope, err := json.Marshal(struct {
		Payload     []byte      `json:"payload"`
		PayloadType string      `json:"payloadType"`
		Signatures  []signature `json:"signatures"`
	}{signed.GetPayload(), signed.GetPayloadType(), []signature{{signed.GetSignatures()[0].GetSig()}}})
	if err != nil {
		return nil, err
	}
	type content struct {
		Envelope  string   `json:"envelope"`
		Verifiers [][]byte `json:"verifiers"`
	}
	type spec struct {
		ProposedContent content `json:"proposedContent"`
	}
	return json.Marshal(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       spec   `json:"spec"`
	}{entryVersion, entryKind, spec{content{string(envelope), [][]byte{leaf}}}})
}

// The only kind of entry that the index accepts.
const (
	entryKind    = "dsse"
	entryVersion = "0.0.1"
)

// readEntry parses the log's answer: an object with one entry under its id.
func readEntry(answer []byte) (*protorekor.TransparencyLogEntry, error) {
	var decoded map[string]struct {
		Body           []byte `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       *int64 `json:"logIndex"`
		Verification   struct {
			Promise []byte `json:"signedEntryTimestamp"`
			Proof   *struct {
				Checkpoint string   `json:"checkpoint"`
				Hashes     []string `json:"hashes"`
				LogIndex   int64    `json:"logIndex"`
				RootHash   string   `json:"rootHash"`
				TreeSize   int64    `json:"treeSize"`
			} `json:"inclusionProof"`
		} `json:"verification"`
	}
	if err := json.Unmarshal(answer, &decoded); err != nil {
		return nil, errors.New("it is not the expected JSON")
	}
	if len(decoded) != 1 {
		return nil, fmt.Errorf("it has %d entries instead of one", len(decoded))
	}
	for _, e := range decoded {
		proof := e.Verification.Proof
		if e.LogIndex == nil || proof == nil || len(e.Verification.Promise) == 0 {
			return nil, errors.New("the entry has no index, no inclusion proof or no inclusion promise")
		}
		var read hexes
		logged := &protorekor.TransparencyLogEntry{
			LogIndex: *e.LogIndex, LogId: &protocommon.LogId{KeyId: read.bytes(e.LogID)}, IntegratedTime: e.IntegratedTime,
			KindVersion:      kindOf(e.Body),
			InclusionPromise: &protorekor.InclusionPromise{SignedEntryTimestamp: e.Verification.Promise},
			InclusionProof: &protorekor.InclusionProof{
				LogIndex: proof.LogIndex, RootHash: read.bytes(proof.RootHash), TreeSize: proof.TreeSize,
				Checkpoint: &protorekor.Checkpoint{Envelope: proof.Checkpoint},
			},
			CanonicalizedBody: e.Body,
		}
		for _, hash := range proof.Hashes {
			logged.InclusionProof.Hashes = append(logged.InclusionProof.Hashes, read.bytes(hash))
		}
		return logged, read.err
	}
	return nil, errors.New("it is empty")
}

// hexes decodes hexadecimal texts and keeps the first error.
type hexes struct{ err error }

func (h *hexes) bytes(text string) []byte {
	raw, err := hex.DecodeString(text)
	if (err != nil || len(raw) == 0) && h.err == nil {
		h.err = errors.New("a hash of the entry is not hexadecimal")
	}
	return raw
}

// kindOf returns the kind and version in the body of a log entry.
func kindOf(body []byte) *protorekor.KindVersion {
	var decoded struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if json.Unmarshal(body, &decoded) != nil {
		return &protorekor.KindVersion{}
	}
	return &protorekor.KindVersion{Kind: decoded.Kind, Version: decoded.APIVersion}
}

// sameBody reports whether the body of a log entry has exactly this signature, certificate and statement
// (docs/reference/attestations.md §2.1: log body consistency).
func sameBody(body, statementSum, signature, leafPEM []byte) bool {
	type signed struct {
		Signature string `json:"signature"`
		Verifier  string `json:"verifier"`
	}
	var decoded struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			PayloadHash struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"payloadHash"`
			Signatures []signed `json:"signatures"`
		} `json:"spec"`
	}
	base64 := base64.StdEncoding.EncodeToString
	return json.Unmarshal(body, &decoded) == nil && decoded.Kind == entryKind && decoded.APIVersion == entryVersion &&
		decoded.Spec.PayloadHash.Algorithm == "sha256" && decoded.Spec.PayloadHash.Value == hex.EncodeToString(statementSum) &&
		len(decoded.Spec.Signatures) == 1 && decoded.Spec.Signatures[0] == signed{base64(signature), base64(leafPEM)}
}

// bytesBody returns a request body that is the same at every try.
func bytesBody(text []byte) func(context.Context) (io.ReadCloser, int64, error) {
	return func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	}
}
