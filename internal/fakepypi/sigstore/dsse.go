package sigstore

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// A log entry of the kind dsse has a signed envelope, and the certificate to verify it with.

// proposal is a log entry that a client requests.
type proposal struct {
	envelope []byte // as it was sent
	payload  []byte
	signed   []byte // the signature
	verifier []byte // PEM
}

// parseProposal parses a request for a log entry and verifies its signature. The certificate's validity period is not checked
// (docs/reference/attestations.md §3.2).
func parseProposal(text []byte) (proposal, error) {
	var request struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Proposed struct {
				Envelope  string   `json:"envelope"`
				Verifiers [][]byte `json:"verifiers"`
			} `json:"proposedContent"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		return proposal{}, fmt.Errorf("the entry is not the JSON expected: %w", err)
	}
	if request.Kind != "dsse" || request.APIVersion != "0.0.1" {
		return proposal{}, fmt.Errorf("the log takes entries of the kind dsse 0.0.1, not %q %q", request.Kind, request.APIVersion)
	}
	var envelope struct {
		Payload     []byte `json:"payload"`
		PayloadType string `json:"payloadType"`
		Signatures  []struct {
			Signature []byte `json:"sig"`
		} `json:"signatures"`
	}
	wanted := request.Spec.Proposed
	if err := json.Unmarshal([]byte(wanted.Envelope), &envelope); err != nil {
		return proposal{}, fmt.Errorf("the envelope is not the JSON expected: %w", err)
	}
	if len(wanted.Verifiers) != 1 || len(envelope.Signatures) != 1 {
		return proposal{}, errors.New("the log takes one signature and one verifier")
	}
	p := proposal{[]byte(wanted.Envelope), envelope.Payload, envelope.Signatures[0].Signature, wanted.Verifiers[0]}
	certificate, err := parseCertificate(p.verifier)
	if err != nil {
		return proposal{}, err
	}
	if !possesses(certificate.PublicKey, preAuthenticated(envelope.PayloadType, envelope.Payload), p.signed) {
		return proposal{}, errors.New("could not verify envelope")
	}
	p.verifier = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	return p, nil
}

// parseCertificate returns the first certificate in PEM.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the verifier is not PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the verifier is no certificate: %w", err)
	}
	return certificate, nil
}

// preAuthenticated returns the bytes that a DSSE signature signs.
func preAuthenticated(kind string, payload []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "DSSEv1 %d %s %d ", len(kind), kind, len(payload))
	b.Write(payload)
	return b.Bytes()
}

type digest struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func digestOf(data []byte) digest {
	sum := sha256.Sum256(data)
	return digest{"sha256", hex.EncodeToString(sum[:])}
}

// canonicalEntry has its members in the order in which Rekor writes them.
type canonicalEntry struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Envelope   digest               `json:"envelopeHash"`
		Payload    digest               `json:"payloadHash"`
		Signatures []canonicalSignature `json:"signatures"`
	} `json:"spec"`
}

type canonicalSignature struct {
	Signature string `json:"signature"`
	Verifier  string `json:"verifier"`
}

// canonical returns the entry that is logged for the proposal.
func (p proposal) canonical() canonicalEntry {
	c := canonicalEntry{APIVersion: "0.0.1", Kind: "dsse"}
	c.Spec.Envelope, c.Spec.Payload = digestOf(p.envelope), digestOf(p.payload)
	c.Spec.Signatures = []canonicalSignature{{
		base64.StdEncoding.EncodeToString(p.signed), base64.StdEncoding.EncodeToString(p.verifier),
	}}
	return c
}
