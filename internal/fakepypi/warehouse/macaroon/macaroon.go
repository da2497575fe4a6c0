// Package macaroon creates, parses and verifies PyPI's upload tokens: macaroons in the V2 binary format of libmacaroons with PyPI's
// caveats (docs/reference/pypi-server.md §2.10 and §4.6). It does not record which tokens were issued or revoked.
package macaroon

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// The format is a version byte, then sections of typed, length-prefixed fields, each section closed by an end mark. Only what PyPI writes
// is parsed: first-party caveats without a location.

const (
	tokenPrefix = "pypi-"

	macaroonV2 = 2

	fieldEnd        = 0
	fieldLocation   = 1
	fieldIdentifier = 2
	fieldSignature  = 6

	// longestToken is the maximum length of a token that is decoded, in bytes. PyPI's server accepts header fields of 32,760 bytes
	// (§1.1).
	longestToken = 32 << 10
)

// ErrMalformed reports a text that is not an upload token.
var ErrMalformed = errors.New("malformed macaroon")

// Macaroon is a decoded upload token.
type Macaroon struct {
	Location   string   // of the service that issued it
	Identifier string   // under which the service has recorded the root key
	Caveats    []string // the predicates, in order
	Signature  []byte   // HMAC-SHA256
}

// rootSignature returns the first signature of the chain. libmacaroons derives its key with a fixed text, padded with zeros to the size
// of the digest.
func rootSignature(root []byte, identifier string) []byte {
	generator := make([]byte, sha256.Size)
	copy(generator, "macaroons-key-generator")
	return keyed(keyed(generator, root), []byte(identifier))
}

// keyed returns the HMAC-SHA256 of message.
func keyed(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// New returns a macaroon with the caveats, signed with the root key.
func New(root []byte, location, identifier string, caveats []string) Macaroon {
	m := Macaroon{Location: location, Identifier: identifier, Caveats: caveats, Signature: rootSignature(root, identifier)}
	for _, c := range caveats {
		m.Signature = keyed(m.Signature, []byte(c))
	}
	return m
}

// Token returns the macaroon as clients see it: in base64, with the prefix "pypi-".
func (m Macaroon) Token() string {
	var b bytes.Buffer
	b.WriteByte(macaroonV2)
	field := func(kind byte, value string) {
		b.WriteByte(kind)
		b.Write(binary.AppendUvarint(nil, uint64(len(value))))
		b.WriteString(value)
	}
	if m.Location != "" {
		field(fieldLocation, m.Location)
	}
	field(fieldIdentifier, m.Identifier)
	b.WriteByte(fieldEnd)
	for _, c := range m.Caveats {
		field(fieldIdentifier, c)
		b.WriteByte(fieldEnd)
	}
	b.WriteByte(fieldEnd)
	field(fieldSignature, string(m.Signature))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// Parse decodes a client's token, with or without padding and in either alphabet of base64, as PyPI does (docs/reference/pypi-server.md
// §1.3). It checks the format only and verifies nothing. The error is [ErrMalformed].
func Parse(token string) (Macaroon, error) {
	text, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > longestToken {
		return Macaroon{}, ErrMalformed
	}
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != macaroonV2 {
		return Macaroon{}, ErrMalformed
	}
	return readMacaroon(&cursor{rest: raw[1:]})
}

func readMacaroon(in *cursor) (Macaroon, error) {
	var m Macaroon
	m.Location, _ = in.optional(fieldLocation)
	m.Identifier = in.need(fieldIdentifier)
	in.end()
	for !in.failed {
		if in.peek() == fieldEnd {
			break
		}
		m.Caveats = append(m.Caveats, in.need(fieldIdentifier))
		in.end()
	}
	in.end()
	m.Signature = []byte(in.need(fieldSignature))
	if in.failed || len(in.rest) > 0 || len(m.Signature) != sha256.Size {
		return Macaroon{}, ErrMalformed
	}
	return m, nil
}

// cursor reads typed fields one after the other and remembers whether one failed.
type cursor struct {
	rest   []byte
	failed bool
}

// peek returns the type of the next field.
func (f *cursor) peek() byte {
	if len(f.rest) == 0 {
		f.failed = true
		return fieldEnd
	}
	return f.rest[0]
}

// end skips an end mark.
func (f *cursor) end() {
	if f.peek() != fieldEnd {
		f.failed = true
	}
	if !f.failed {
		f.rest = f.rest[1:]
	}
}

// optional returns the next field and reports true if it has the type kind.
func (f *cursor) optional(kind byte) (string, bool) {
	if f.failed || f.peek() != kind {
		return "", false
	}
	return f.need(kind), true
}

// need returns the next field, which must have the type kind.
func (f *cursor) need(kind byte) string {
	if f.peek() != kind || f.failed {
		f.failed = true
		return ""
	}
	size, n := binary.Uvarint(f.rest[1:])
	if n <= 0 || size > uint64(len(f.rest)-1-n) {
		f.failed = true
		return ""
	}
	value := f.rest[1+n:][:size]
	f.rest = f.rest[1+n+int(size):]
	return string(value)
}
