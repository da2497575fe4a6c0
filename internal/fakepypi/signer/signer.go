// Package signer signs attestations with a Sigstore instance, for tests of the test environment. It does only what is necessary, with the
// standard library. It is written from docs/reference/attestations.md §1 and §3, and shares no code with the program's own signing or
// with the test Sigstore. It makes maps, so that a test can change any part of them.
//
// Limitations: it tries each request once, and verifies nothing.
package signer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// The predicate types that PyPI accepts.
const (
	Publish = "https://docs.pypi.org/attestations/publish/v1"
	SLSA    = "https://slsa.dev/provenance/v1"
)

// Attestation is a PEP 740 attestation object, made of maps, slices and strings only.
type Attestation map[string]any

// Signer signs with one key and its certificate.
type Signer struct {
	base        string
	client      *http.Client
	key         *ecdsa.PrivateKey
	Certificate *x509.Certificate // issued for key by the Sigstore instance
}

// New makes a key and requests a certificate for it from the Sigstore instance at base. It fails if the request does, or if the answer
// has no certificate.
func New(ctx context.Context, client *http.Client, base, idToken string) (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Signer{base: base, client: client, key: key}
	request, err := requestFor(key)
	if err != nil {
		return nil, err
	}
	type chain struct {
		Chain struct {
			Certificates []string `json:"certificates"`
		} `json:"chain"`
	}
	var answer struct {
		Embedded chain `json:"signedCertificateEmbeddedSct"`
		Detached chain `json:"signedCertificateDetachedSct"`
	}
	if err := s.post(ctx, "/api/v2/signingCert", "Bearer "+idToken, request, &answer); err != nil {
		return nil, err
	}
	all := append(answer.Embedded.Chain.Certificates, answer.Detached.Chain.Certificates...)
	if len(all) == 0 {
		return nil, errors.New("the answer has no certificate")
	}
	block, _ := pem.Decode([]byte(all[0]))
	if block == nil {
		return nil, errors.New("the certificate is not PEM")
	}
	s.Certificate, err = x509.ParseCertificate(block.Bytes)
	return s, err
}

// requestFor returns the body of a request for a certificate of the key.
func requestFor(key *ecdsa.PrivateKey) (json.RawMessage, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"certificateSigningRequest": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
	})
}

// CertificateRequest returns the body of a request for a certificate of a new key. The key is not kept.
func CertificateRequest() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return requestFor(key)
}

// Statement returns the statement about a distribution, byte for byte as in the reference.
func Statement(filename string, content []byte, predicateType string) []byte {
	name, _ := json.Marshal(filename) // encoding a string cannot fail
	sum := sha256.Sum256(content)
	return fmt.Appendf(nil,
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":%s,"digest":{"sha256":"%x"}}],"predicateType":%q,"predicate":null}`,
		name, sum, predicateType)
}

// Sign returns the signature over a statement.
func (s *Signer) Sign(statement []byte) ([]byte, error) {
	const kind = "application/vnd.in-toto+json"
	digest := sha256.Sum256(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement))
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

// Entry returns the body of the request that adds a signature to the log.
func (s *Signer) Entry(statement, signature []byte) (map[string]any, error) {
	envelope, err := json.Marshal(map[string]any{
		"payload": statement, "payloadType": "application/vnd.in-toto+json",
		"signatures": []any{map[string]any{"sig": signature, "keyid": ""}},
	})
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Raw})
	return map[string]any{"apiVersion": "0.0.1", "kind": "dsse", "spec": map[string]any{
		"proposedContent": map[string]any{"envelope": string(envelope), "verifiers": [][]byte{certificate}},
	}}, err
}

// Attest signs a statement, whatever its content, adds the signature to the log, and returns the attestation.
func (s *Signer) Attest(ctx context.Context, statement []byte) (Attestation, error) {
	signature, err := s.Sign(statement)
	if err != nil {
		return nil, err
	}
	request, err := s.Entry(statement, signature)
	if err != nil {
		return nil, err
	}
	entry, err := s.log(ctx, request)
	if err != nil {
		return nil, err
	}
	return Attestation{
		"version":               1,
		"verification_material": map[string]any{"certificate": encoded(s.Certificate.Raw), "transparency_entries": []any{entry}},
		"envelope":              map[string]any{"statement": encoded(statement), "signature": encoded(signature)},
	}, nil
}

func encoded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// logged is an entry in an answer of Rekor v1.
type logged struct {
	Body         string `json:"body"`
	Time         int64  `json:"integratedTime"`
	LogID        string `json:"logID"`
	Index        int64  `json:"logIndex"`
	Verification struct {
		Promise string `json:"signedEntryTimestamp"`
		Proof   struct {
			Checkpoint string   `json:"checkpoint"`
			Hashes     []string `json:"hashes"`
			Index      int64    `json:"logIndex"`
			Root       string   `json:"rootHash"`
			Size       int64    `json:"treeSize"`
		} `json:"inclusionProof"`
	} `json:"verification"`
}

// log adds an entry to the log and returns it in the form that attestations have.
func (s *Signer) log(ctx context.Context, request any) (map[string]any, error) {
	var answer map[string]logged
	if err := s.post(ctx, "/api/v1/log/entries", "", request, &answer); err != nil {
		return nil, err
	}
	for _, l := range answer {
		return l.converted()
	}
	return nil, errors.New("the answer has no entry")
}

// converted returns the entry in the form that attestations have.
func (l logged) converted() (map[string]any, error) {
	var failed error
	base := func(hexed string) string {
		raw, err := hex.DecodeString(hexed)
		failed = errors.Join(failed, err)
		return encoded(raw)
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	hashes := []any{}
	p := l.Verification.Proof
	for _, h := range p.Hashes {
		hashes = append(hashes, base(h))
	}
	return map[string]any{
		"logIndex": number(l.Index), "logId": map[string]any{"keyId": base(l.LogID)},
		"kindVersion":    map[string]any{"kind": "dsse", "version": "0.0.1"},
		"integratedTime": number(l.Time), "inclusionPromise": map[string]any{"signedEntryTimestamp": l.Verification.Promise},
		"inclusionProof": map[string]any{
			"logIndex": number(p.Index), "rootHash": base(p.Root), "treeSize": number(p.Size), "hashes": hashes,
			"checkpoint": map[string]any{"envelope": p.Checkpoint},
		},
		"canonicalizedBody": l.Body,
	}, failed
}

// answerLimit is the maximum size of an answer, in bytes.
const answerLimit = 4 << 20

// post sends body as JSON and decodes the answer into into. It fails unless the status is 2xx.
func (s *Signer) post(ctx context.Context, path, authorization string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "signer-of-the-tests")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err = io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %s", path, answer.Status, text)
	}
	return json.Unmarshal(text, into)
}
