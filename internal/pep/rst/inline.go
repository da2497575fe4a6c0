package rst

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline reads the inline markup of a text. Messages without consequence go into a node, if there is one.
func (p *parser) inline(text string, no int, into *node) []*node {
	r := inlineReader{p: p, text: escape(text), no: no, into: into}
	r.read()
	return r.nodes
}

// inlineReader goes through a text from one piece of markup to the next.
type inlineReader struct {
	p     *parser
	text  string // with its escapes
	no    int    // of its first line
	into  *node  // takes messages; may be nil
	base  int    // where the rest begins that is not read yet
	from  int    // where the plain text begins that is not a node yet
	nodes []*node
}

// start is where a piece of inline markup begins.
type start struct {
	mark       startMark
	begin, end int    // of the start-string; a role before it belongs to it
	name       string // a role, a reference's name or a label
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

// flush makes the plain text before end a node.
func (r *inlineReader) flush(end int) {
	if r.from < end {
		r.nodes = append(r.nodes, textNode(r.text[r.from:end], r.no))
	}
}

// put adds what stands between begin and end, and goes on behind it.
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

// findStart finds the next place where inline markup begins: behind white space or certain punctuation, or at the
// beginning.
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

// mayStart reports whether the character before i lets inline markup begin.
func (r *inlineReader) mayStart(i int) bool {
	if i == r.base {
		return true
	}
	before := lastRune(r.text, i)
	return isSpace(before) || unicode.Is(beforeMarkup, before)
}

// mayEnd reports whether the character at i lets inline markup end before it.
func mayEnd(text string, i int) bool {
	if i >= len(text) {
		return true
	}
	after, _ := runeAt(text, i)
	return isSpace(after) || unicode.Is(afterMarkup, after)
}

// word looks at the word that begins at i: with an underscore behind it, it is a reference.
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

// startAt reads the start-string at i.
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

// opening is a start-string, unless white space follows it.
func opening(text string, mark startMark, begin, end int) (start, bool) {
	if end < len(text) {
		if after, _ := runeAt(text, end); isSpace(after) {
			return start{}, false
		}
	}
	return start{mark: mark, begin: begin, end: end}, true
}

// noteStart reads a reference to a footnote or citation: "[1]_".
func noteStart(text string, i int) (start, bool) {
	end := labelEnd(text, i+1)
	if end == i+1 || !strings.HasPrefix(text[end:], "]_") || !mayEnd(text, end+2) {
		return start{}, false
	}
	return start{markNoteReference, i, end + 2, text[i+1 : end]}, true
}

// roleStart reads interpreted text with its role in front: ":role:`".
func roleStart(text string, i int) (start, bool) {
	end := simpleName(text, i+1)
	if end == i+1 || !strings.HasPrefix(text[end:], ":`") || strings.HasPrefix(text[end:], ":``") {
		return start{}, false
	}
	s, ok := opening(text, startInterpreted, i, end+2)
	s.name = text[i+1 : end]
	return s, ok
}

// quoted reports whether a start-string stands between a quote and its counterpart, as in "(*)", and is no markup then.
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

// skip leaves a start-string that is no markup in the text.
func (r *inlineReader) skip(s start) { r.base = s.end }

// findEnd finds an end-string: not behind white space nor, but for literals, a backslash, and before what lets markup
// end. It is -1 when there is none, or when it follows the start-string at once.
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

// simple reads text between two equal marks.
func (r *inlineReader) simple(s start, mark, name string) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end := r.findEnd(s.end, mark, false)
	if end < 0 {
		r.p.refuse(r.no, openInline, name)
	}
	node := newNode(kindInline, r.no)
	node.text = r.text[s.end:end]
	r.put(s.begin, end+len(mark), node)
}

// literal reads "“text“", in which backslashes are just that.
func (r *inlineReader) literal(s start) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end := r.findEnd(s.end, "``", true)
	if end < 0 {
		r.p.refuse(r.no, openInline, "literal")
	}
	node := newNode(kindInline, r.no)
	node.text = restore(r.text[s.end:end])
	r.put(s.begin, end+2, node)
}
