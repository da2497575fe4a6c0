package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
)

// TokenDefect is a defect of a token's header or signature. The zero value is a valid token.
type TokenDefect string

// The defects. Wrong times and names are claims, see [Issuer.Claims].
const (
	Honest       TokenDefect = ""
	ForeignKey   TokenDefect = "foreign-key" // signed with another key than the one that its kid names
	UnknownKey   TokenDefect = "unknown-key" // a kid that the key set does not have
	Unsigned     TokenDefect = "unsigned"    // alg "none" and no signature
	Symmetric    TokenDefect = "symmetric"   // alg "HS256"
	BadSignature TokenDefect = "broken-seal" // the signature has a wrong byte
	NoKeyID      TokenDefect = "no-key-id"   // no kid
	TwoParts     TokenDefect = "two-parts"   // a token of two parts
)

// keyID is the id of the signing key in tokens and in the key set.
const keyID = "cc413527-173f-5a05-976e-rehearsal000"

// base64url returns b in the encoding of a token's parts (RFC 7515 section 2).
func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign returns a token with the claims and the defect forge.
func (i *Issuer) sign(claims map[string]any, forge TokenDefect) (string, error) {
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": keyID}
	source := i.key
	switch forge {
	case ForeignKey:
		source = i.rogue
	case UnknownKey:
		source, header["kid"] = i.rogue, "00000000-unknown"
	case Unsigned:
		header["alg"] = "none"
	case Symmetric:
		header["alg"] = "HS256"
	case NoKeyID:
		delete(header, "kid")
	case Honest, BadSignature, TwoParts:
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("claims cannot be encoded: %w", err)
	}
	signed := base64url(head) + "." + base64url(body)
	switch forge {
	case Unsigned:
		return signed + ".", nil
	case TwoParts:
		return signed, nil
	case Honest, ForeignKey, UnknownKey, Symmetric, BadSignature, NoKeyID:
	}
	key, err := source()
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	if forge == BadSignature {
		signature[0] ^= 1
	}
	return signed + "." + base64url(signature), nil
}

// keySet serves the key set.
func (i *Issuer) keySet(w http.ResponseWriter, _ *http.Request) {
	key, err := i.key()
	if err != nil {
		answer(w, http.StatusInternalServerError, message(err.Error()))
		return
	}
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID,
		"n": base64url(key.N.Bytes()),
		"e": base64url(big.NewInt(int64(key.E)).Bytes()),
	}}})
}

// uuid returns a random UUID (RFC 9562, version 4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails: it ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
