package warehouse

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// Upload tokens are macaroons in the V2 binary form of libmacaroons: a version byte, then sections of typed,
// length-prefixed fields, each section closed by an end mark. Only what the index writes is read: first-party caveats
// without a location.

const (
	tokenPrefix = "pypi-"

	macaroonV2 = 2

	fieldEnd        = 0
	fieldLocation   = 1
	fieldIdentifier = 2
	fieldSignature  = 6

	// longestToken bounds what is decoded. The index's server takes header fields of 32,760 bytes (section 1.1).
	longestToken = 32 << 10
)

var errMacaroon = errors.New("malformed macaroon")

// macaroon is a decoded upload token.
type macaroon struct {
	location   string
	identifier string
	caveats    []string // the predicates, in order
	signature  []byte
}

// rootSignature starts the chain: libmacaroons derives the key with a fixed text, padded with zeros to the digest's size.
func rootSignature(root []byte, identifier string) []byte {
	generator := make([]byte, sha256.Size)
	copy(generator, "macaroons-key-generator")
	return keyed(keyed(generator, root), []byte(identifier))
}

func keyed(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// newMacaroon signs a macaroon with the caveats.
func newMacaroon(root []byte, location, identifier string, caveats []string) macaroon {
	m := macaroon{location: location, identifier: identifier, caveats: caveats, signature: rootSignature(root, identifier)}
	for _, c := range caveats {
		m.signature = keyed(m.signature, []byte(c))
	}
	return m
}

// token is the text that clients hold.
func (m macaroon) token() string {
	var b bytes.Buffer
	b.WriteByte(macaroonV2)
	field := func(kind byte, value string) {
		b.WriteByte(kind)
		b.Write(binary.AppendUvarint(nil, uint64(len(value))))
		b.WriteString(value)
	}
	if m.location != "" {
		field(fieldLocation, m.location)
	}
	field(fieldIdentifier, m.identifier)
	b.WriteByte(fieldEnd)
	for _, c := range m.caveats {
		field(fieldIdentifier, c)
		b.WriteByte(fieldEnd)
	}
	b.WriteByte(fieldEnd)
	field(fieldSignature, string(m.signature))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// parseToken reads a client's token. It checks the form only; nothing is verified.
func parseToken(token string) (macaroon, error) {
	text, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > longestToken {
		return macaroon{}, errMacaroon
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != macaroonV2 {
		return macaroon{}, errMacaroon
	}
	return readMacaroon(&cursor{rest: raw[1:]})
}

func readMacaroon(in *cursor) (macaroon, error) {
	var m macaroon
	m.location, _ = in.optional(fieldLocation)
	m.identifier = in.need(fieldIdentifier)
	in.end()
	for !in.failed {
		if in.peek() == fieldEnd {
			break
		}
		m.caveats = append(m.caveats, in.need(fieldIdentifier))
		in.end()
	}
	in.end()
	m.signature = []byte(in.need(fieldSignature))
	if in.failed || len(in.rest) > 0 || len(m.signature) != sha256.Size {
		return macaroon{}, errMacaroon
	}
	return m, nil
}

// cursor reads typed fields one after the other and remembers the first failure.
type cursor struct {
	rest   []byte
	failed bool
}

func (f *cursor) peek() byte {
	if len(f.rest) == 0 {
		f.failed = true
		return fieldEnd
	}
	return f.rest[0]
}

func (f *cursor) end() {
	if f.peek() != fieldEnd {
		f.failed = true
	}
	if !f.failed {
		f.rest = f.rest[1:]
	}
}

func (f *cursor) optional(kind byte) (string, bool) {
	if f.failed || f.peek() != kind {
		return "", false
	}
	return f.need(kind), true
}

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
