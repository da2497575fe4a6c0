package attestation

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
)

// The keys that the index trusts: those of one Sigstore instance, from its document of the type
// application/vnd.dev.sigstore.trustedroot+json;version=0.1.

// TrustRoot verifies attestations with the keys of one Sigstore instance. A nil TrustRoot verifies none.
type TrustRoot struct {
	roots, intermediates *x509.CertPool
	ct, rekor            keyring // of certificate logs, and of transparency logs
}

// keyring has the public keys of logs by log id.
type keyring map[string]any

// ParseTrustRoot reads the document. Logs with keys of an unknown type are left out. It fails if the document has no certificate
// authority, no certificate log or no transparency log.
func ParseTrustRoot(text []byte) (*TrustRoot, error) {
	var document struct {
		Logs        []logInstance `json:"tlogs"`
		CTLogs      []logInstance `json:"ctlogs"`
		Authorities []struct {
			Chain struct {
				Certificates []struct {
					Raw []byte `json:"rawBytes"`
				} `json:"certificates"`
			} `json:"certChain"`
		} `json:"certificateAuthorities"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("the trust root is not the JSON expected: %w", err)
	}
	t := &TrustRoot{x509.NewCertPool(), x509.NewCertPool(), keyringOf(document.CTLogs), keyringOf(document.Logs)}
	for _, authority := range document.Authorities {
		chain := authority.Chain.Certificates
		for i, one := range chain {
			c, err := x509.ParseCertificate(one.Raw)
			if err != nil {
				return nil, fmt.Errorf("the trust root has a certificate that cannot be read: %w", err)
			}
			if i == len(chain)-1 {
				t.roots.AddCert(c)
			} else {
				t.intermediates.AddCert(c)
			}
		}
	}
	if len(document.Authorities) == 0 || len(t.ct) == 0 || len(t.rekor) == 0 {
		return nil, errors.New("the trust root lacks an authority, a certificate log or a transparency log")
	}
	return t, nil
}

type logInstance struct {
	Key struct {
		Raw []byte `json:"rawBytes"`
	} `json:"publicKey"`
	ID struct {
		Key []byte `json:"keyId"`
	} `json:"logId"`
}

// keyringOf returns the keys of the logs, except those that cannot be parsed.
func keyringOf(logs []logInstance) keyring {
	k := keyring{}
	for _, l := range logs {
		if key, err := x509.ParsePKIXPublicKey(l.Key.Raw); err == nil {
			k[string(l.ID.Key)] = key
		}
	}
	return k
}

// errSignature has the message of sigstore-python's key ring.
const errSignature = VerificationError("keyring: invalid signature")

// verify returns errSignature unless the log with this id has signed data. As in sigstore-python, an unknown id is ignored, and every key
// is tried.
func (k keyring) verify(id, signature, data []byte) error {
	if key, known := k[string(id)]; known {
		if signedBy(key, signature, data) {
			return nil
		}
		return errSignature
	}
	for _, key := range k {
		if signedBy(key, signature, data) {
			return nil
		}
	}
	return errSignature
}

// signedBy reports whether signature is one of data by key. Keys of other types than ECDSA and Ed25519 have signed nothing.
func signedBy(key any, signature, data []byte) bool {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(data)
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, signature)
	}
	return false
}
