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

// How an attestation is verified (docs/reference/pypi-server.md §5.2): the steps of pypi-attestations and sigstore-python, in their
// order and,
// where the reference has them, in their words.

// VerificationError is what the index calls a failed verification, in its words; other errors it calls unknown ones.
type VerificationError string

func (e VerificationError) Error() string { return string(e) }

// evidence is an attestation on its way through the steps. Each fills in what later ones need.
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

// steps are what an attestation has to pass.
func (t *TrustRoot) steps() []func(*evidence) error {
	return []func(*evidence) error{
		(*evidence).bundle, (*evidence).timed, t.chained, t.publicised, (*evidence).usable, (*evidence).identified,
		t.logged, (*evidence).inTime, (*evidence).signed, (*evidence).consistent, (*evidence).stated, (*evidence).withoutContent,
	}
}

// Verify returns the predicate type of an attestation of the file with this name and SHA-256 (lower-case hex). The error is a
// [VerificationError] or another one.
func (t *TrustRoot) Verify(a Attestation, filename, sha256 string, p Policy) (predicate string, err error) {
	if t == nil {
		return "", errors.New("this index has no trust root")
	}
	said, err := t.verify(&evidence{Attestation: a, policy: p, filename: filename, sha256: sha256})
	return said.predicate, err
}

// verify returns what the attestation says, if it passes all steps.
func (t *TrustRoot) verify(e *evidence) (statement, error) {
	for _, step := range t.steps() {
		if err := step(e); err != nil {
			return statement{}, err
		}
	}
	return e.statement, nil
}

// bundle is the conversion: what cannot be converted is an unknown error.
func (e *evidence) bundle() error {
	var err error
	if e.leaf, err = x509.ParseCertificate(e.certificate); err != nil {
		return errors.New("invalid X.509 certificate")
	}
	if e.entry, err = parseEntry(e.entries[0]); err != nil {
		return err
	}
	if len(e.entry.promise) == 0 {
		return errors.New("bundle must contain an inclusion promise or signed timestamp(s)")
	}
	return nil
}

// timed wants the one source of time there is: that of the log, which its promise covers.
func (e *evidence) timed() error {
	if e.entry.time == 0 {
		return VerificationError("not enough sources of verified time")
	}
	return nil
}

func (e *evidence) at() time.Time { return time.Unix(e.entry.time, 0) }

// chained wants a chain to a trusted authority at the time.
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

func (t *TrustRoot) publicised(e *evidence) error {
	if err := verifySCT(e.leaf, e.chain[0], t.ct); err != nil {
		return VerificationError("failed to verify SCT on signing certificate: " + err.Error())
	}
	return nil
}

func (e *evidence) usable() error {
	if e.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return VerificationError("Key usage is not of type `digital signature`")
	}
	if !slices.Contains(e.leaf.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) {
		return VerificationError("Extended usage does not contain `code signing`")
	}
	return nil
}

func (e *evidence) identified() error { return e.policy(e.leaf) }

func (t *TrustRoot) logged(e *evidence) error {
	if err := e.entry.verify(t.rekor); err != nil {
		return VerificationError("invalid log entry: " + err.Error())
	}
	return nil
}

func (e *evidence) inTime() error {
	if e.at().Before(e.leaf.NotBefore) || e.at().After(e.leaf.NotAfter) {
		return VerificationError("invalid signing cert: expired at time of signing")
	}
	return nil
}

const payloadType = "application/vnd.in-toto+json"

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

// consistent wants the log's entry to be of this statement, signature and certificate.
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

// stated reads the statement, which from here on is known to be the signer's.
func (e *evidence) stated() error {
	var err error
	if e.statement, err = parseStatement(e.Attestation.statement); err != nil {
		return err
	}
	return e.statement.about(e.filename, e.sha256)
}

// withoutContent is the one thing that the index asks for beyond what its library does (§5.2, step 5).
func (e *evidence) withoutContent() error {
	if e.statement.predicate == publishPredicate && len(e.statement.content) > 0 {
		return VerificationError("the predicate of a publish attestation has to be absent, null or empty")
	}
	return nil
}
