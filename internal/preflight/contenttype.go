package preflight

import (
	"slices"
	"strings"
)

// The three rules of Description-Content-Type. The index has Python's e-mail package read it (docs/reference/pypi-server.md rows 21 to 23).

var (
	contentTypes = []string{"text/x-rst", "text/markdown", "text/plain"}
	variants     = []string{"GFM", "CommonMark"}
)

const ofContentType = "'description-content-type'"

func contentType(_ field, value string) (message, advice string) {
	switch kind := mediaType(value); {
	case spansLines(value):
		return ofContentType + " must be a single line.", "write it as one line"
	case slices.Contains(contentTypes, kind):
		return "", ""
	}
	return ofContentType + " must be one of " + list(contentTypes) + ", not " + saying(value) + ".",
		"write text/markdown, text/x-rst or text/plain"
}

func contentTypeCharset(f field, value string) (message, advice string) {
	charset, given := parameter(value, "charset")
	if wrong, _ := contentType(f, value); wrong != "" || !given || charset == "UTF-8" {
		return "", ""
	}
	return ofContentType + " can only specify the UTF-8 charset, not " + saying(charset) + ".",
		"write charset=UTF-8 in capitals, or leave it out"
}

func contentTypeVariant(f field, value string) (message, advice string) {
	variant, given := parameter(value, "variant")
	wrong, _ := contentType(f, value)
	if wrong != "" || mediaType(value) != "text/markdown" || !given || slices.Contains(variants, variant) {
		return "", ""
	}
	return "valid Markdown variants for " + ofContentType + " are " + list(variants) + ", not " + saying(variant) + ".",
		"write variant=GFM or variant=CommonMark with these capitals, or leave it out"
}

// list writes texts as Python does.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// spansLines tells whether a value has more than one line, by the line ends of Python.
func spansLines(value string) bool {
	at := strings.IndexAny(value, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
	return at >= 0 && strings.TrimPrefix(value[at:], "\r\n") != "" && len(value[at:]) > 1
}

// mediaType is the text before the first semicolon, in lower case. One that has not exactly one slash counts as
// text/plain if that occurs in the value at all.
func mediaType(value string) string {
	low := strings.ToLower(value)
	kind, _, _ := strings.Cut(low, ";")
	kind = strings.TrimFunc(kind, isBlank)
	if strings.Count(kind, "/") == 1 {
		return kind
	}
	if strings.Contains(low, "text/plain") {
		return "text/plain"
	}
	return ""
}

// parameter gives the first value of a parameter; a name alone has an empty one. What has no value behind its sign, a
// comment, or the extended spelling of RFC 2231 is stepped over.
func parameter(value, name string) (text string, given bool) {
	_, rest, _ := strings.Cut(value, ";")
	for rest != "" {
		var one string
		if one, rest = cutParameter(rest); strings.ContainsAny(one, "(*'%") {
			continue
		}
		attribute, after, assigned := strings.Cut(one, "=")
		if !strings.EqualFold(strings.Trim(attribute, " \t"), name) {
			continue
		}
		if text, given = parameterValue(strings.TrimLeft(after, " \t")); given || !assigned {
			return text, true
		}
	}
	return "", false
}

// parameterValue reads a value in quotes, or one that ends where another kind of character begins.
func parameterValue(s string) (text string, given bool) {
	if inner, quoted := strings.CutPrefix(s, `"`); quoted {
		text, _ = unquoted(inner)
		return text, true
	}
	if stop := strings.IndexAny(s, "()<>@,:;\\\"/[]?= \t"); stop >= 0 {
		s = s[:stop]
	}
	return s, s != ""
}

// cutParameter cuts at the next semicolon that is not in quotes.
func cutParameter(s string) (one, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquoted reads to the closing quote. A backslash takes the next character as it is.
func unquoted(s string) (text, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
