// Package macaroon parses and restricts the upload tokens of a package index, which are macaroons.
package macaroon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
)

// Macaroon is an upload token to which first-party caveats can be appended. It cannot be verified here, because only the index
// has the key.
//
// The form is the binary format 2 of libmacaroons: a version byte, then packets of (type, length, data) with variable-length
// integers; a section ends with a packet of type 0 (docs/reference/pypi-server.md §4.6).
type Macaroon struct {
	head      []byte   // everything up to the end of the last caveat
	caveats   [][]byte // the identifiers of the caveats
	signature []byte   // of the last caveat: the key of the next one
}

// ErrUnknownFormat means that a token is not a macaroon, or not one of a known form. It can be used as it is.
var ErrUnknownFormat = errors.New("the token is not a macaroon of a known format")

const (
	prefix = "pypi-"

	packetEnd        = 0
	packetIdentifier = 2
	packetSignature  = 6
)

// Parse parses a token as the index issues it: a prefix and the URL-safe base64 of the binary form. It returns [ErrUnknownFormat] for any
// other text.
func Parse(token string) (*Macaroon, error) {
	text, found := strings.CutPrefix(token, prefix)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if !found || err != nil || len(raw) == 0 || raw[0] != 2 {
		return nil, ErrUnknownFormat
	}
	p := packets{rest: raw[1:]}
	m := &Macaroon{}
	p.section() // location and identifier
	for {
		if kind, ok := p.peek(); !ok || kind == packetEnd {
			break
		}
		m.caveats = append(m.caveats, p.section()[packetIdentifier])
	}
	m.head = raw[:len(raw)-len(p.rest)]
	end, _ := p.next()
	kind, signature := p.next()
	if p.broken || end != packetEnd || kind != packetSignature || len(signature) != sha256.Size || len(p.rest) > 0 {
		return nil, ErrUnknownFormat
	}
	m.signature = signature
	return m, nil
}

// With returns the macaroon with one more first-party caveat. The chained signature prevents its removal.
func (m *Macaroon) With(caveat []byte) *Macaroon {
	chain := hmac.New(sha256.New, m.signature)
	chain.Write(caveat)
	head := append([]byte(nil), m.head...)
	head = append(head, packetIdentifier)
	head = binary.AppendUvarint(head, uint64(len(caveat)))
	head = append(append(head, caveat...), packetEnd)
	return &Macaroon{head: head, caveats: append(m.caveats[:len(m.caveats):len(m.caveats)], caveat), signature: chain.Sum(nil)}
}

// String returns the token with its prefix.
func (m *Macaroon) String() string {
	raw := append([]byte(nil), m.head...)
	raw = append(raw, packetEnd, packetSignature)
	raw = binary.AppendUvarint(raw, uint64(len(m.signature)))
	return prefix + base64.RawURLEncoding.EncodeToString(append(raw, m.signature...))
}

// Window returns the validity of the token from its expiration caveat, [0, expires, not before] in Unix seconds; ok is false if
// the token has no readable caveat of that kind.
func (m *Macaroon) Window() (expires, notBefore int64, ok bool) {
	for _, caveat := range m.caveats {
		var fields []json.RawMessage
		if json.Unmarshal(caveat, &fields) != nil || len(fields) != 3 || string(fields[0]) != "0" {
			continue
		}
		if json.Unmarshal(fields[1], &expires) == nil && json.Unmarshal(fields[2], &notBefore) == nil {
			return expires, notBefore, true
		}
	}
	return 0, 0, false
}

// Projects returns the number of projects in the token's own caveat, [2, [id, …]]; ok is false if it has no readable caveat of
// that kind.
func (m *Macaroon) Projects() (n int, ok bool) {
	for _, caveat := range m.caveats {
		var kind int
		var ids []string
		if json.Unmarshal(caveat, &[]any{&kind, &ids}) == nil && kind == 2 && len(ids) > 0 {
			return len(ids), true
		}
	}
	return 0, false
}

// packets reads a sequence of packets. It stops at the first malformed one.
type packets struct {
	rest   []byte
	broken bool
}

// peek returns the type of the next packet without reading it.
func (p *packets) peek() (kind uint64, ok bool) {
	kind, n := binary.Uvarint(p.rest)
	return kind, !p.broken && n > 0
}

// next reads and returns one packet. The end packet has no data.
func (p *packets) next() (kind uint64, data []byte) {
	kind, n := binary.Uvarint(p.rest)
	if p.broken || n <= 0 {
		p.broken = true
		return 0, nil
	}
	p.rest = p.rest[n:]
	if kind == packetEnd {
		return kind, nil
	}
	size, n := binary.Uvarint(p.rest)
	if n <= 0 || size > uint64(len(p.rest)-n) {
		p.broken = true
		return 0, nil
	}
	data, p.rest = p.rest[n:n+int(size)], p.rest[n+int(size):]
	return kind, data
}

// section reads the packets up to the next end packet and returns their data by type.
func (p *packets) section() map[uint64][]byte {
	found := map[uint64][]byte{}
	for {
		kind, data := p.next()
		if p.broken || kind == packetEnd {
			return found
		}
		found[kind] = data
	}
}
