package rst

import "strings"

// embedded is the part in angle brackets at the end of a phrase reference.
type embedded struct {
	name  string // an address, or the folded name of another target
	alias bool   // whether it is a name
	text  string // what is shown if the phrase has no other text
}

// embeddedTarget splits "text <target>". Without white space before the bracket there is no target.
func embeddedTarget(content string) (text string, target embedded, ok bool) {
	open := openBracket(content)
	if open < 0 {
		return "", embedded{}, false
	}
	raw := content[open+1 : len(content)-1]
	text = strings.TrimRight(content[:open], " \n")
	if open > 0 && len(text) == open {
		return "", embedded{}, false
	}
	if strings.HasSuffix(raw, "_") && !strings.HasSuffix(raw, "\x00_") && !beginsWithAddress(raw) {
		name := normalizeName(unescape(raw[:len(raw)-1]))
		return text, embedded{name: name, alias: true, text: name}, true
	}
	uri := address(raw)
	if strings.HasSuffix(uri, `\_`) {
		uri = uri[:len(uri)-2] + "_"
	}
	if isEmail(uri) {
		uri = "mailto:" + uri
	}
	return text, embedded{name: uri, text: uri}, true
}

// openBracket returns the position of the bracket that matches the one at the end, or -1. There must be no other
// unescaped bracket between them, and no white space next to them on the inside.
func openBracket(content string) int {
	n := len(content)
	if n < 3 || content[n-1] != '>' {
		return -1
	}
	if last := lastRune(content, n-1); last == null || isSpace(last) {
		return -1
	}
	for i := n - 2; i >= 0; i-- {
		c := content[i]
		if c != '<' && c != '>' || i > 0 && content[i-1] == null {
			continue
		}
		if first, _ := runeAt(content, i+1); c == '>' || i == n-2 || isSpace(first) {
			return -1
		}
		return i
	}
	return -1
}

const (
	addressMarks = "-_.!~*'()[];/:@&=+$,%\x00"
	addressLast  = "_~*/=+"
	emailMarks   = "-_!~*'{|}/#?^`&=+$%\x00"
)

func oneOf(c byte, marks string) bool { return isAlnum(c) || strings.IndexByte(marks, c) >= 0 }

// beginsWithAddress reports whether a text begins with a standalone address: a scheme, a colon and valid characters, or
// an email address.
func beginsWithAddress(text string) bool {
	i := 0
	for i < len(text) && (isAlnum(text[i]) || strings.IndexByte(".+-", text[i]) >= 0) {
		i++
	}
	if i > 0 && i < len(text) && isLetter(text[0]) && text[i] == ':' && addressEnds(text, i+1) {
		return true
	}
	return emailEnds(text, func(end int) bool { return mayEnd(text, end) })
}

// addressEnds reports whether an address whose scheme ends at i has a valid end.
func addressEnds(text string, i int) bool {
	query, fragment := false, false
	for end := i; end < len(text); end++ {
		switch c := text[end]; {
		case c == '?' && !query && !fragment && end > i:
			query = true
			continue
		case c == '#' && !fragment && end > i:
			fragment = true
			continue
		case !oneOf(c, addressMarks):
			return false
		case (oneOf(c, addressLast) || end+1 < len(text) && text[end+1] == '>') && mayEnd(text, end+1):
			return true
		}
	}
	return false
}

func isEmail(text string) bool {
	return emailEnds(text, func(end int) bool { return end == len(text) })
}

// emailEnds reports whether a text begins with an email address that ends at a position for which may returns true.
func emailEnds(text string, may func(end int) bool) bool {
	at := strings.IndexByte(text, '@')
	if at < 1 || text[at-1] == null || !dotted(text[:at]) {
		return false
	}
	for end := at + 1; end < len(text); end++ {
		c := text[end]
		if c != '.' && !oneOf(c, emailMarks) || c == '.' && end == at+1 {
			return false
		}
		if end > at+1 && (oneOf(c, addressLast) || end+1 < len(text) && text[end+1] == '>') && may(end+1) {
			return true
		}
	}
	return false
}

// dotted reports whether a text consists of words allowed in an email address, with single dots between them.
func dotted(text string) bool {
	for part := range strings.SplitSeq(text, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if !oneOf(part[i], emailMarks) {
				return false
			}
		}
	}
	return true
}
