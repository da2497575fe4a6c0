package sigstore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
)

// logKey is the key of a log. Its id is the digest of the public key (RFC 6962 section 3.2).
type logKey struct {
	private *ecdsa.PrivateKey
	rogue   *ecdsa.PrivateKey // another key, which no trust root has
	public  []byte            // SubjectPublicKeyInfo, DER
	id      [sha256.Size]byte
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// newLogKey returns a new key.
func newLogKey() (*logKey, error) {
	private, err := newKey()
	if err != nil {
		return nil, err
	}
	rogue, err := newKey()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return &logKey{private, rogue, public, sha256.Sum256(public)}, nil
}

// sign signs data with ECDSA and SHA-256. If forged is set, it uses the rogue key.
func (k *logKey) sign(data []byte, forged bool) ([]byte, error) {
	key := k.private
	if forged {
		key = k.rogue
	}
	digest := sha256.Sum256(data)
	return ecdsa.SignASN1(rand.Reader, key, digest[:])
}
