package attestation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// How an attestation is verified (docs/reference/pypi-server.md §5.2): the steps of pypi-attestations and sigstore-python in their order
// and, if the reference has them, with their messages.

// VerificationError says why a verification failed, in PyPI's words. PyPI calls any other error an unknown error.
type VerificationError string

// Error returns the message.
func (e VerificationError) Error() string { return string(e) }

// evidence is the state of one verification. Each step sets what later ones need.
type evidence struct {
	Attestation
	policy   Policy
	filename string
	sha256   string // of the file, lower-case hex

	leaf      *x509.Certificate
	entry     logEntry
	chain     []*x509.Certificate // above the leaf
	statement statement
}

// steps returns the steps that an attestation must pass, in their order.
func (t *TrustRoot) steps() []func(*evidence) error {
	return []func(*evidence) error{
		(*evidence).bundle, (*evidence).timed, t.chained, t.publicised, (*evidence).usable, (*evidence).identified,
		t.logged, (*evidence).inTime, (*evidence).signed, (*evidence).consistent, (*evidence).stated, (*evidence).withoutContent,
	}
}

// Verify returns the predicate type of an attestation of the file with this name and SHA-256 (lower-case hex). Every error means that the
// attestation is refused; a [VerificationError] has PyPI's message.
func (t *TrustRoot) Verify(a Attestation, filename, sha256 string, p Policy) (predicate string, err error) {
	if t == nil {
		return "", errors.New("this index has no trust root")
	}
	stated, err := t.verify(&evidence{Attestation: a, policy: p, filename: filename, sha256: sha256})
	return stated.predicate, err
}

// verify returns the statement of an attestation if it passes all steps.
func (t *TrustRoot) verify(e *evidence) (statement, error) {
	for _, step := range t.steps() {
		if err := step(e); err != nil {
			return statement{}, err
		}
	}
	return e.statement, nil
}

// bundle parses the certificate and the log entry. If one cannot be parsed, PyPI reports an unknown error.
func (e *evidence) bundle() error {
	var err error
	if e.leaf, err = x509.ParseCertificate(e.certificate); err != nil {
		return errors.New("invalid X.509 certificate")
	}
	if e.entry, err = parseEntry(e.entries[0]); err != nil {
		return err
	}
	if len(e.signature) == 0 {
		return errors.New("DSSE envelope signature must be non-empty")
	}
	if len(e.entry.promise) == 0 {
		return errors.New("bundle must contain an inclusion promise or signed timestamp(s)")
	}
	return nil
}

// timed requires a time from the log, which its promise covers. There is no other source of time.
func (e *evidence) timed() error {
	if e.entry.time == 0 {
		return VerificationError("not enough sources of verified time")
	}
	return nil
}

func (e *evidence) at() time.Time { return time.Unix(e.entry.time, 0) }

// chained requires a chain from the certificate to a trusted authority at the time of signing.
func (t *TrustRoot) chained(e *evidence) error {
	chains, err := e.leaf.Verify(x509.VerifyOptions{
		Roots: t.roots, Intermediates: t.intermediates, CurrentTime: e.at(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return VerificationError("failed to build timestamp certificate chain: " + err.Error())
	}
	if len(chains[0]) < 2 {
		return VerificationError("failed to build timestamp certificate chain: the certificate is an authority")
	}
	e.chain = chains[0][1:]
	return nil
}

// publicised requires a valid timestamp of a certificate log.
func (t *TrustRoot) publicised(e *evidence) error {
	if err := verifySCT(e.leaf, e.chain[0], t.ct); err != nil {
		return VerificationError("failed to verify SCT on signing certificate: " + err.Error())
	}
	return nil
}

// usable requires a certificate for digital signatures and code signing.
func (e *evidence) usable() error {
	if e.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return VerificationError("Key usage is not of type `digital signature`")
	}
	if !slices.Contains(e.leaf.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) {
		return VerificationError("Extended usage does not contain `code signing`")
	}
	return nil
}

// identified requires a certificate that the policy accepts.
func (e *evidence) identified() error { return e.policy(e.leaf) }

// logged requires a valid entry in the transparency log.
func (t *TrustRoot) logged(e *evidence) error {
	if err := e.entry.verify(t.rekor); err != nil {
		return VerificationError("invalid log entry: " + err.Error())
	}
	return nil
}

// inTime requires that the certificate was valid at the time of signing.
func (e *evidence) inTime() error {
	if e.at().Before(e.leaf.NotBefore) || e.at().After(e.leaf.NotAfter) {
		return VerificationError("invalid signing cert: expired at time of signing")
	}
	return nil
}

const payloadType = "application/vnd.in-toto+json"

// signed requires a signature of the statement by the certificate's key.
func (e *evidence) signed() error {
	key, known := e.leaf.PublicKey.(*ecdsa.PublicKey)
	if !known {
		return errors.New("the certificate's key is not of elliptic curves")
	}
	var pae bytes.Buffer
	fmt.Fprintf(&pae, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(e.Attestation.statement))
	pae.Write(e.Attestation.statement)
	digest := sha256.Sum256(pae.Bytes())
	if !ecdsa.VerifyASN1(key, digest[:], e.signature) {
		return VerificationError("DSSE: invalid signature")
	}
	return nil
}

// consistent requires that the log's entry is about this statement, signature and certificate.
func (e *evidence) consistent() error {
	if e.entry.kind != "dsse" {
		return VerificationError("Expected entry type dsse, got " + e.entry.kind)
	}
	if e.entry.version != "0.0.1" {
		return VerificationError("Unsupported dsse version " + e.entry.version)
	}
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
		Spec    struct {
			Payload struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"payloadHash"`
			Signatures []loggedSignature `json:"signatures"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(e.entry.body, &body); err != nil || body.Kind != e.entry.kind || body.Version != e.entry.version {
		return VerificationError("invalid DSSE log entry")
	}
	sum := sha256.Sum256(e.Attestation.statement)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.leaf.Raw})
	want := loggedSignature{base64.StdEncoding.EncodeToString(e.signature), base64.StdEncoding.EncodeToString(certificate)}
	switch {
	case body.Spec.Payload.Algorithm != "sha256":
		return VerificationError("expected SHA256 payload hash in DSSE log entry")
	case body.Spec.Payload.Value != hex.EncodeToString(sum[:]):
		return VerificationError("log entry payload hash does not match bundle")
	case !slices.Equal(body.Spec.Signatures, []loggedSignature{want}):
		return VerificationError("log entry signatures do not match bundle")
	}
	return nil
}

type loggedSignature struct {
	Signature string `json:"signature"`
	Verifier  string `json:"verifier"`
}

// stated parses the statement, which is authentic from here on, and requires that it is about the file.
func (e *evidence) stated() error {
	var err error
	if e.statement, err = parseStatement(e.Attestation.statement); err != nil {
		return err
	}
	return e.statement.about(e.filename, e.sha256)
}

// withoutContent requires a publish attestation without a predicate. It is the only check that PyPI adds to those of its library (§5.2,
// step 5).
func (e *evidence) withoutContent() error {
	if e.statement.predicate == publishPredicate && len(e.statement.content) > 0 {
		return VerificationError("the predicate of a publish attestation has to be absent, null or empty")
	}
	return nil
}
