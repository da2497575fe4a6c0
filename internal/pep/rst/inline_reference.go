package rst

import "strings"

// internalTarget parses "_`a place in the text`".
func (r *inlineReader) internalTarget(s start) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end := r.findEnd(s.end, "`", false)
	if end < 0 {
		r.p.refuse(r.lineno, openInline, "target")
	}
	target := newNode(kindTarget, r.lineno)
	target.text = r.text[s.end:end]
	target.add(textNode(target.text, r.lineno))
	target.names = append(target.names, normalizeName(target.plain()))
	r.p.target(target, true, r.into)
	r.put(s.begin, end+1, target)
}

// substitutionReference parses "|name|", which can also be a reference: "|name|_".
func (r *inlineReader) substitutionReference(s start) {
	if r.quoted(s) {
		r.skip(s)
		return
	}
	end, stop := r.barEnd(s.end)
	if end < 0 {
		r.p.refuse(r.lineno, openInline, "substitution_reference")
	}
	name := unescape(r.text[s.end:end])
	substitution := newNode(kindSubstitutionReference, r.lineno)
	substitution.text = r.text[s.end:end]
	substitution.refName = squeeze(name)
	node := substitution
	if suffix := r.text[end+1 : stop]; suffix != "" {
		node = newNode(kindReference, r.lineno)
		node.anonymous = suffix == "__"
		if !node.anonymous {
			node.pointTo(normalizeName(name))
			r.p.doc.noteRef(node)
		}
		node.add(substitution)
	}
	r.put(s.begin, stop, node)
}

// barEnd returns the position of the bar that closes a substitution reference, and the end of the underscores after it;
// -1 if there is none.
func (r *inlineReader) barEnd(from int) (end, stop int) {
	text := r.text
	for i := from; i < len(text); i++ {
		if text[i] != '|' {
			continue
		}
		if before := lastRune(text, i); i > from && (before == null || isSpace(before)) {
			continue
		}
		stop := i + 1
		for stop < len(text) && stop < i+3 && text[stop] == '_' {
			stop++
		}
		for ; stop > i; stop-- {
			if !mayEnd(text, stop) {
				continue
			}
			if i == from {
				return -1, -1
			}
			return i, stop
		}
	}
	return -1, -1
}

// noteReference adds "[1]_", "[#]_", "[#name]_", "[*]_" or "[name]_".
func (r *inlineReader) noteReference(s start) {
	d, name := r.p.doc, normalizeName(s.name)
	ref := newNode(kindFootnoteReference, r.lineno)
	d.identify(ref)
	switch {
	case name[0] == '#':
		ref.auto = true
		name = name[1:]
		d.autoFootnoteRefs = append(d.autoFootnoteRefs, ref)
	case name == "*":
		ref.auto = true
		name = ""
		d.symbolFootnoteRefs = append(d.symbolFootnoteRefs, ref)
	case isArabic(name):
		ref.text = s.name
	default:
		ref.kind, ref.text = kindCitationReference, s.name
	}
	if name != "" {
		ref.pointTo(name)
		d.noteRef(ref)
		notes := d.footnoteRefs
		if ref.kind == kindCitationReference {
			notes = d.citationRefs
		}
		notes[name] = append(notes[name], ref)
	}
	r.put(s.begin, s.end, ref)
}

// reference adds "name_" or "name__".
func (r *inlineReader) reference(s start) {
	ref := newNode(kindReference, r.lineno)
	ref.text = s.name
	if s.mark == markAnonymousReference {
		ref.anonymous = true
	} else {
		ref.pointTo(normalizeName(s.name))
		r.p.doc.noteRef(ref)
	}
	r.put(s.begin, s.end, ref)
}

// interpreted parses text in back-quotes: text with a role, or a reference if underscores follow.
func (r *inlineReader) interpreted(s start) {
	role := s.name
	if role == "" && r.quoted(s) {
		r.skip(s)
		return
	}
	end, ok := r.backquoteEnd(s.end)
	if !ok {
		r.p.refuse(r.lineno, openInterpreted)
	}
	content := r.text[s.end:end.at]
	position := "prefix"
	if end.role != "" {
		if role != "" {
			r.p.refuse(r.lineno, twoRoles)
		}
		role, position = end.role, "suffix"
	}
	switch {
	case end.underscores == 0:
		r.put(s.begin, end.stop, r.p.interpret(role, content, r.lineno)...)
	case role != "":
		r.p.refuse(r.lineno, roleAndReference, position)
	default:
		nodes := r.phrase(content, end.underscores == 2)
		r.put(s.begin, end.stop, nodes...)
	}
}

// backquote says where interpreted text ends, and what follows it.
type backquote struct {
	at, stop    int
	role        string
	underscores int
}

// backquoteEnd finds the back-quote that closes interpreted text, with the role or the underscores after it.
func (r *inlineReader) backquoteEnd(from int) (backquote, bool) {
	text := r.text
	for i := from; ; i++ {
		next := strings.IndexByte(text[i:], '`')
		if next < 0 {
			return backquote{}, false
		}
		i += next
		if i > from && !mayCloseQuote(text, from, i) {
			continue
		}
		if end, ok := backquoteSuffix(text, i); ok {
			return end, i > from
		}
	}
}

// mayCloseQuote reports whether a back-quote at i may close text: it must not follow white space or a backslash, unless
// those are escaped themselves.
func mayCloseQuote(text string, from, i int) bool {
	before := lastRune(text, i)
	if before != null && !isSpace(before) {
		return true
	}
	size := len(string(before))
	return i-size > from && text[i-size-1] == null
}

// backquoteSuffix parses the longest valid suffix after the back-quote at i.
func backquoteSuffix(text string, i int) (backquote, bool) {
	for _, role := range suffixRoles(text, i+1) {
		stop := i + 1
		if role != "" {
			stop += len(role) + 2
		}
		most := 0
		for most < 2 && stop+most < len(text) && text[stop+most] == '_' {
			most++
		}
		for ; most >= 0; most-- {
			if mayEnd(text, stop+most) {
				return backquote{i, stop + most, role, most}, true
			}
		}
	}
	return backquote{}, false
}

// suffixRoles returns the possible roles at i, the longest first, and finally an empty one.
func suffixRoles(text string, i int) []string {
	if i >= len(text) || text[i] != ':' {
		return []string{""}
	}
	end := simpleName(text, i+1)
	var roles []string
	for stop := end; stop > i+1; stop-- {
		if stop < len(text) && text[stop] == ':' {
			roles = append(roles, text[i+1:stop])
		}
	}
	return append(roles, "")
}

// phrase makes a reference of text in back-quotes. The text may contain the target: "`text <address>`_".
func (r *inlineReader) phrase(content string, anonymous bool) []*node {
	ref := newNode(kindReference, r.lineno)
	text, target, embedded := embeddedTarget(content)
	if !embedded {
		ref.text = content
		if ref.anonymous = anonymous; !anonymous {
			ref.pointTo(normalizeName(unescape(content)))
			r.p.doc.noteRef(ref)
		}
		return []*node{ref}
	}
	definition := newNode(kindTarget, r.lineno)
	if text == "" {
		text = target.text
	}
	ref.text = text
	if target.alias {
		ref.pointTo(target.name)
		definition.pointTo(target.name)
	} else {
		ref.leadTo(target.name)
		definition.leadTo(target.name)
	}
	if anonymous {
		if target.alias {
			r.p.doc.noteRef(ref)
		}
		return []*node{ref}
	}
	definition.names = append(definition.names, normalizeName(unescape(text)))
	if target.alias {
		r.p.doc.noteIndirect(definition)
		r.p.doc.noteRef(ref)
	}
	r.p.target(definition, false, r.into)
	return []*node{ref, definition}
}
