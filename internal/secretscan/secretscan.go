// Package secretscan finds credentials in the members of a distribution, in one pass over their bytes. It reports what kind it is and
// where it stands, and never the credential itself.
//
// A kind is *proved* if its own structure shows that it is no accident: a checksum, or a binary form that can be read to its end. Any other
// kind is known by a prefix, an alphabet and a length. Which kinds are worth reporting was measured on 358 real distributions in November
// 2026: none of these had a false hit outside of tests, documentation and examples. Tokens without a proof that nearly always are harmless
// are left out: JSON Web Tokens, passwords in URLs, and home folders.
package secretscan

import (
	"bytes"
	"regexp"
	"sync"
)

// Kind names a kind of credential, for people.
type Kind string

// Hit is one credential in a member.
type Hit struct {
	Kind   Kind
	Proved bool  // its structure shows what it is
	Offset int64 // of its first byte in the member
}

// mostHits limits the hits of one member. More of them tell nobody more.
const mostHits = 10

// window is how many bytes from its beginning a credential may have. The longest are private keys: one with 16,384 bits takes 12.7 kB.
const window = 16 << 10

// block is how many bytes are collected before they are scanned.
const block = 64 << 10

// Scanner scans one member after the other. Its zero value is not usable; see [New]. It implements io.Writer.
type Scanner struct {
	patterns *patterns
	pending  []byte // read, and not scanned to its end
	before   byte   // the byte before pending; 0 at the beginning of the member
	offset   int64  // of the first byte of pending
	from     int    // pending is scanned up to here
	begun    bool
	text     bool // the member looks like a text
	hits     []Hit
	account  int // which parts of a Google service account were seen, as bits
	at       int64
	starts   []int32 // positions at which a credential may begin
}

// New returns a function that makes a scanner. Its tables are made once. isIndexToken reports whether a text that begins
// like an API token of a package index is one.
func New(isIndexToken func(token []byte) bool) func() *Scanner {
	p := compile(isIndexToken)
	return func() *Scanner { return &Scanner{patterns: p} }
}

// Write scans the next bytes of the member. It never fails.
func (s *Scanner) Write(p []byte) (int, error) {
	n := len(p)
	if len(s.hits) >= mostHits {
		return n, nil
	}
	for len(p) > 0 {
		part := p[:min(len(p), block+window-len(s.pending))]
		p = p[len(part):]
		if needed := len(s.pending) + len(part); needed > max(cap(s.pending), window) {
			s.pending = append(make([]byte, 0, block+window), s.pending...)
		}
		s.pending = append(s.pending, part...)
		if len(s.pending) == block+window {
			s.scan(block)
			s.drop()
		}
	}
	return n, nil
}

// Close scans the rest of the member and returns what was found, in its order. The scanner is ready for another member then.
func (s *Scanner) Close() []Hit {
	s.scan(len(s.pending))
	hits := s.hits
	*s = Scanner{patterns: s.patterns, pending: s.pending[:0], starts: s.starts[:0]}
	return hits
}

// drop forgets the bytes that were scanned to their end.
func (s *Scanner) drop() {
	if s.from == 0 {
		return
	}
	s.before = s.pending[s.from-1]
	s.offset += int64(s.from)
	s.pending = s.pending[:copy(s.pending, s.pending[s.from:])]
	s.from = 0
}

// scan looks for credentials that begin before the given position.
func (s *Scanner) scan(end int) {
	b := s.pending
	if !s.begun {
		s.begun, s.text = true, bytes.IndexByte(b[:min(len(b), 8<<10)], 0) < 0
	}
	if s.from >= len(b)-1 || s.from >= end {
		s.from = max(s.from, min(end, len(b)))
		return
	}
	samples, begin := s.patterns.inBinaries, s.from
	if s.text {
		samples = s.patterns.inTexts
	}
	last := min(end, len(b)-1)
	s.starts = samples().starts(s.starts[:0], b, begin, last)
	for _, i := range s.starts {
		s.begins(int(i))
	}
	s.from = max(begin, min(end, len(b)))
}

// begins looks for credentials that begin at the position.
func (s *Scanner) begins(i int) {
	b := s.pending
	for _, p := range s.patterns.groups[pair(b[i:])] {
		if !bytes.HasPrefix(b[i:], p.literal) || len(s.hits) >= mostHits {
			continue
		}
		before := s.before
		if i > 0 {
			before = b[i-1]
		}
		s.try(p, i, before)
	}
}

// try sees whether a credential of this kind begins at the position.
func (s *Scanner) try(p pattern, i int, before byte) {
	rest := s.pending[i:min(len(s.pending), i+window)]
	if p.textOnly && !s.text || p.word && isWord(before) {
		return
	}
	at := s.offset + int64(i)
	if p.account != 0 { // these two make a service account together
		if s.account == 0 {
			s.at = at
		}
		if s.account |= p.account; s.account == accountType|accountKey {
			s.account, s.hits = 0, append(s.hits, Hit{p.kind, false, s.at})
		}
		return
	}
	found := p.form().Find(rest)
	if found == nil || p.word && len(found) < len(rest) && isToken(rest[len(found)]) {
		return
	}
	if p.check == nil || p.check(found) {
		s.hits = append(s.hits, Hit{p.kind, p.proved, at})
	}
}

// isWord reports whether a byte is a letter, a digit or an underscore.
func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isToken reports whether a byte may be part of a token.
func isToken(c byte) bool { return isWord(c) || c == '-' }

// patterns are the kinds, prepared for scanning.
type patterns struct {
	groups map[[2]byte][]pattern // by the first two bytes of their literals

	inTexts, inBinaries func() *samples // made with the first member that is one, since many distributions have no binary
}

// pair returns the first two bytes.
func pair(b []byte) [2]byte { return [2]byte(b) }

// pattern is one kind of credential.
type pattern struct {
	kind    Kind
	proved  bool
	literal []byte // what it begins with
	// form is made with the first text that begins like it, since few files have any; nil for a part of an account.
	form     func() *regexp.Regexp
	check    func(found []byte) bool // nil: the form is enough
	word     bool                    // neither a letter, a digit nor an underscore stands before it, and nothing of a token behind it
	textOnly bool                    // only in members that look like text: in others it is chance
	account  int                     // this part of a Google service account
}

func compile(isIndexToken func([]byte) bool) *patterns {
	p := &patterns{groups: map[[2]byte][]pattern{}}
	for _, k := range kinds(isIndexToken) {
		var form func() *regexp.Regexp
		if k.form != "" {
			form = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + k.form + `)`) })
		}
		for _, literal := range k.literals {
			one := k.pattern
			one.literal, one.form = []byte(literal), form
			p.groups[pair(one.literal)] = append(p.groups[pair(one.literal)], one)
		}
	}
	p.inTexts = sync.OnceValue(func() *samples { return samplesOf(p.groups, func(pattern) bool { return true }) })
	p.inBinaries = sync.OnceValue(func() *samples { return samplesOf(p.groups, func(p pattern) bool { return !p.textOnly }) })
	return p
}
