package rst

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline parses the inline markup of a text. Messages without consequence are added to into, if it is not nil.
func (p *parser) inline(text string, number int, into *node) []*node {
	r := inlineReader{p: p, text: escape(text), lineno: number, into: into}
	r.read()
	return r.nodes
}

// inlineReader parses a text from one piece of markup to the next.
type inlineReader struct {
	p      *parser
	text   string // escaped
	lineno int    // number of its first line
	into   *node  // receives messages; may be nil
	base   int    // where the unread rest begins
	from   int    // where the plain text begins that has no node yet
	nodes  []*node
}

// start describes the beginning of a piece of inline markup.
type start struct {
	mark       startMark
	begin, end int    // of the start-string, including a role before it
	name       string // a role, the name of a reference, or a label
}

type startMark uint8

const (
	startEmphasis startMark = iota
	startStrong
	startLiteral
	startTarget
	startSubstitution
	startInterpreted
	markReference
	markAnonymousReference
	markNoteReference
)

func (r *inlineReader) read() {
	r.p.spend(1 + len(r.text)/16)
	for r.base < len(r.text) {
		s, ok := r.findStart()
		if !ok {
			break
		}
		r.markup(s)
	}
	r.flush(len(r.text))
}

// flush adds the plain text before end as a node.
func (r *inlineReader) flush(end int) {
	if r.from < end {
		r.nodes = append(r.nodes, textNode(r.text[r.from:end], r.lineno))
	}
}

// put adds the nodes for the text from begin to end, and continues after it.
func (r *inlineReader) put(begin, end int, nodes ...*node) {
	r.flush(begin)
	r.nodes = append(r.nodes, nodes...)
	r.from, r.base = end, end
}

func (r *inlineReader) markup(s start) {
	switch s.mark {
	case startEmphasis:
		r.simple(s, "*", "emphasis")
	case startStrong:
		r.simple(s, "**", "strong")
	case startLiteral:
		r.literal(s)
	case startTarget:
		r.internalTarget(s)
	case startSubstitution:
		r.substitutionReference(s)
	case startInterpreted:
		r.interpreted(s)
	case markReference, markAnonymousReference:
		r.reference(s)
	case markNoteReference:
		r.noteReference(s)
	}
}

// findStart returns the next start of inline markup: at the beginning, after white space, or after certain punctuation.
func (r *inlineReader) findStart() (start, bool) {
	text := r.text
	for i := r.base; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf || isAlnum(c) {
			s, next, ok := r.word(i)
			if ok {
				return s, true
			}
			i = next
			continue
		}
		if strings.IndexByte("*`_|[:", c) >= 0 && r.mayStart(i) {
			if s, ok := startAt(text, i); ok {
				return s, true
			}
		}
		i++
	}
	return start{}, false
}

// mayStart reports whether inline markup may begin at i, by the character before it.
func (r *inlineReader) mayStart(i int) bool {
	if i == r.base {
		return true
	}
	before := lastRune(r.text, i)
	return isSpace(before) || unicode.Is(beforeMarkup, before)
}

// mayEnd reports whether inline markup may end at i, by the character there.
func mayEnd(text string, i int) bool {
	if i >= len(text) {
		return true
	}
	after, _ := runeAt(text, i)
	return isSpace(after) || unicode.Is(afterMarkup, after)
}

// word parses the word at i. With an underscore after it, it is a reference; otherwise next says where to continue.
func (r *inlineReader) word(i int) (s start, next int, ok bool) {
	if !r.mayStart(i) {
		_, size := runeAt(r.text, i)
		return start{}, max(wordEnd(r.text, i), i+size), false
	}
	end := simpleName(r.text, i)
	if end == i {
		_, size := runeAt(r.text, i)
		return start{}, i + size, false
	}
	s = start{mark: markReference, begin: i, name: r.text[i:end]}
	rest := r.text[end:]
	switch {
	case strings.HasPrefix(rest, "__") && mayEnd(r.text, end+2):
		s.mark, s.end = markAnonymousReference, end+2
	case strings.HasPrefix(rest, "_") && mayEnd(r.text, end+1):
		s.end = end + 1
	default:
		return start{}, end, false
	}
	return s, s.end, true
}

// startAt parses the start-string at i.
func startAt(text string, i int) (start, bool) {
	rest := text[i:]
	switch text[i] {
	case '*':
		if strings.HasPrefix(rest, "**") {
			return opening(text, startStrong, i, i+2)
		}
		return opening(text, startEmphasis, i, i+1)
	case '`':
		if strings.HasPrefix(rest, "``") {
			return opening(text, startLiteral, i, i+2)
		}
		return opening(text, startInterpreted, i, i+1)
	case '_':
		if strings.HasPrefix(rest, "_`") {
			return opening(text, startTarget, i, i+2)
		}
	case '|':
		if !strings.HasPrefix(rest, "||") {
			return opening(text, startSubstitution, i, i+1)
		}
	case '[':
		return noteStart(text, i)
	case ':':
		return roleStart(text, i)
	}
	return start{}, false
}

// opening returns a start, unless white space follows the start-string.
func opening(text string, mark startMark, begin, end int) (start, bool) {
	if end < len(text) {
		if after, _ := runeAt(text, end); isSpace(after) {
			return start{}, false
		}
	}
	return start{mark: mark, begin: begin, end: end}, true
}

// noteStart parses a reference to a footnote or citation: "[1]_".
func noteStart(text string, i int) (start, bool) {
	end := labelEnd(text, i+1)
	if end == i+1 || !strings.HasPrefix(text[end:], "]_") || !mayEnd(text, end+2) {
		return start{}, false
	}
	return start{markNoteReference, i, end + 2, text[i+1 : end]}, true
}

// roleStart parses a role before interpreted text: ":role:`".
func roleStart(text string, i int) (start, bool) {
	end := simpleName(text, i+1)
	if end == i+1 || !strings.HasPrefix(text[end:], ":`") || strings.HasPrefix(text[end:], ":``") {
		return start{}, false
	}
	s, ok := opening(text, startInterpreted, i, end+2)
	s.name = text[i+1 : end]
	return s, ok
}

// quoted reports whether a start-string is enclosed in a pair of quotes or brackets, as in "(*)", and is therefore not
// markup.
func (r *inlineReader) quoted(s start) bool {
	if s.begin == r.base {
		return false
	}
	if s.end >= len(r.text) {
		return true
	}
	after, _ := runeAt(r.text, s.end)
	return strings.ContainsRune(closersOf[lastRune(r.text, s.begin)], after)
}

// skip leaves a start-string in the text as it is.
func (r *inlineReader) skip(s start) { r.base = s.end }

// findEnd returns the position of an end-string: it does not follow white space or (except for literals) a backslash, and
// markup may end after it. The result is -1 if there is none, or if it follows the start-string immediately.
func (r *inlineReader) findEnd(from int, mark string, literal bool) int {
	for i := from; ; i++ {
		next := strings.Index(r.text[i:], mark)
		if next < 0 {
			return -1
		}
		i += next
		if i > from {
			if before := lastRune(r.text, i); isSpace(before) || before == null && !literal {
				continue
			}
		}
		if mayEnd(r.text, i+len(mark)) {
			if i == from {
				return -1
			}
			return i
		}
	}
}

// simple parses text between two equal marks.
func (r *inlineReader) simple(s start, mark, name string) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end := r.findEnd(s.end, mark, false)
	if end < 0 {
		r.p.refuse(r.lineno, openInline, name)
	}
	node := newNode(kindInline, r.lineno)
	node.text = r.text[s.end:end]
	r.put(s.begin, end+len(mark), node)
}

// literal parses text between double back-quotes, where a backslash is an ordinary character.
func (r *inlineReader) literal(s start) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end := r.findEnd(s.end, "``", true)
	if end < 0 {
		r.p.refuse(r.lineno, openInline, "literal")
	}
	node := newNode(kindInline, r.lineno)
	node.text = restore(r.text[s.end:end])
	r.put(s.begin, end+2, node)
}
