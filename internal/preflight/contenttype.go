package preflight

import (
	"slices"
	"strings"
)

// The three rules of Description-Content-Type. The index parses it with Python's email package
// (docs/reference/pypi-server.md rows 21 to 23).

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
	return ofContentType + " must be one of " + list(contentTypes) + ", not " + quoteLimited(value) + ".",
		"write text/markdown, text/x-rst or text/plain"
}

func contentTypeCharset(f field, value string) (message, advice string) {
	charset, given := parameter(value, "charset")
	if wrong, _ := contentType(f, value); wrong != "" || !given || charset == "UTF-8" {
		return "", ""
	}
	return ofContentType + " can only specify the UTF-8 charset, not " + quoteLimited(charset) + ".",
		"write charset=UTF-8 in upper case, or remove it"
}

func contentTypeVariant(f field, value string) (message, advice string) {
	variant, given := parameter(value, "variant")
	wrong, _ := contentType(f, value)
	if wrong != "" || mediaType(value) != "text/markdown" || !given || slices.Contains(variants, variant) {
		return "", ""
	}
	return "valid Markdown variants for " + ofContentType + " are " + list(variants) + ", not " + quoteLimited(variant) + ".",
		"write variant=GFM or variant=CommonMark, spelled exactly, or remove it"
}

// list returns texts as Python prints a list of strings.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// spansLines reports whether a value has more than one line, with Python's set of line ends.
func spansLines(value string) bool {
	at := strings.IndexAny(value, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
	return at >= 0 && strings.TrimPrefix(value[at:], "\r\n") != "" && len(value[at:]) > 1
}

// mediaType returns the text before the first semicolon, in lower case. If it does not have exactly one slash, the result
// is text/plain if the value contains that text anywhere, else empty.
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

// parameter returns the first value of a parameter; it is empty for a name without an equals sign. Parameters without a
// value after the sign, comments, and the extended syntax of RFC 2231 are skipped.
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

// parameterValue returns a quoted value, or the text up to the first character that ends a token.
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

// cutParameter splits at the next semicolon outside of quotes.
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

// unquoted returns the text before the closing quote and the text after it. A backslash escapes the next character.
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
