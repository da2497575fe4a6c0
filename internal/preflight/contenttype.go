package preflight

import (
	"slices"
	"strings"
)

// The three rules of Description-Content-Type. The index has Python's e-mail package read it (reference, rows 21 to 23).

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
	charset := parameter(value, "charset")
	if wrong, _ := contentType(f, value); wrong != "" || charset == "" || charset == "UTF-8" {
		return "", ""
	}
	return ofContentType + " can only specify the UTF-8 charset, not " + saying(charset) + ".",
		"write charset=UTF-8 in capitals, or leave it out"
}

func contentTypeVariant(f field, value string) (message, advice string) {
	variant := parameter(value, "variant")
	wrong, _ := contentType(f, value)
	if wrong != "" || mediaType(value) != "text/markdown" || variant == "" || slices.Contains(variants, variant) {
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

// parameter gives a parameter's first value; empty where there is none that can be read, as with the index. The extended
// spelling of RFC 2231 is not read.
func parameter(value, name string) string {
	_, rest, _ := strings.Cut(value, ";")
	for rest != "" {
		var attribute, text string
		attribute, text, rest = nextParameter(rest)
		if strings.EqualFold(attribute, name) {
			return text
		}
	}
	return ""
}

// nextParameter reads what stands before the next semicolon that is not in quotes.
func nextParameter(s string) (attribute, text, rest string) {
	end := strings.IndexAny(s, "=;")
	if end < 0 {
		return "", "", ""
	}
	attribute, after := strings.Trim(s[:end], " \t"), strings.TrimLeft(s[end+1:], " \t")
	if s[end] == ';' || attribute == "" || strings.ContainsAny(attribute, "()<>@,:\\\"/[]?*'% \t") {
		attribute = ""
	}
	if s[end] == ';' {
		return "", "", s[end+1:]
	}
	if inner, quoted := strings.CutPrefix(after, `"`); quoted {
		text, after = unquoted(inner)
	} else {
		text = after
		if stop := strings.IndexAny(after, "()<>@,:;\\\"/[]?=*' \t"); stop >= 0 {
			text = after[:stop]
		}
	}
	_, rest, _ = strings.Cut(after, ";")
	return attribute, text, rest
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
