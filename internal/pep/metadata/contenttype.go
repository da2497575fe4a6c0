package metadata

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// PyPI parses Description-Content-Type with Python's email package (docs/reference/pypi-server.md rows 21 to 23).

var (
	contentTypes = [...]string{"text/x-rst", "text/markdown", "text/plain"}
	variants     = [...]string{"GFM", "CommonMark"}
)

const ofContentType = "'description-content-type'"

// ContentType checks the media type of Description-Content-Type (row 21).
func ContentType(value string) (problem string) {
	switch {
	case spansLines(value):
		return ofContentType + " must be a single line"
	case !slices.Contains(contentTypes[:], MediaType(value)):
		return ofContentType + " must be one of " + pep.ReprList(contentTypes[:]) + ", not " + pep.Repr(value)
	}
	return ""
}

// Charset checks the charset of a Description-Content-Type whose media type is valid (row 22).
func Charset(value string) (problem string) {
	charset, given := parameter(value, "charset")
	if ContentType(value) != "" || !given || charset == "UTF-8" {
		return ""
	}
	return ofContentType + " can only specify the UTF-8 charset, not " + pep.Repr(charset)
}

// Variant checks the variant of a Description-Content-Type that is Markdown (row 23).
func Variant(value string) (problem string) {
	variant, given := parameter(value, "variant")
	if ContentType(value) != "" || MediaType(value) != "text/markdown" || !given || slices.Contains(variants[:], variant) {
		return ""
	}
	return "valid Markdown variants for " + ofContentType + " are " + pep.ReprList(variants[:]) + ", not " + pep.Repr(variant)
}

// spansLines reports whether a value has more than one line, with Python's set of line ends.
func spansLines(value string) bool {
	at := strings.IndexAny(value, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
	return at >= 0 && strings.TrimPrefix(value[at:], "\r\n") != "" && len(value[at:]) > 1
}

// MediaType returns the text before the first semicolon, in lower case. If it does not have exactly one slash, the result
// is text/plain if the value contains that text anywhere, else empty.
func MediaType(value string) string {
	low := strings.ToLower(value)
	kind, _, _ := strings.Cut(low, ";")
	kind = strings.TrimFunc(kind, pep.IsSpace)
	if strings.Count(kind, "/") == 1 {
		return kind
	}
	if strings.Contains(low, "text/plain") {
		return "text/plain"
	}
	return ""
}

// parameter returns the value of a parameter; it is empty for a name without an equals sign. Of several in one spelling of the name, the
// first one counts, of several spellings that which comes last. A parameter without a value after the sign is skipped, and one that looks
// like the extended syntax of RFC 2231. With a comment in front of a name, it counts as not given.
func parameter(value, name string) (text string, given bool) {
	_, rest, _ := strings.Cut(value, ";")
	seen := map[string]bool{}
	for rest != "" {
		var one string
		one, rest = cutParameter(rest)
		attribute, after, assigned := strings.Cut(one, "=")
		spelling := strings.Trim(attribute, " \t")
		if strings.Contains(spelling, "(") {
			return "", false
		}
		if !strings.EqualFold(spelling, name) || seen[spelling] {
			continue
		}
		after = strings.TrimLeft(after, " \t")
		found, ok := parameterValue(after)
		switch {
		case ok && strings.HasPrefix(after, found) && strings.HasPrefix(skipBlanks(after[len(found):]), "'"):
			seen[spelling] = true // the value in the extended syntax is not read
		case ok || !assigned:
			text, given, seen[spelling] = found, true, true
		}
	}
	return text, given
}

// parameterValue returns a quoted value, or the text up to the first character that ends a token.
func parameterValue(s string) (text string, given bool) {
	if inner, quoted := strings.CutPrefix(s, `"`); quoted {
		text, _ = unquoted(inner)
		return text, true
	}
	if stop := strings.IndexAny(s, "()<>@,:;\\\"/[]?= \t*'"); stop >= 0 {
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
