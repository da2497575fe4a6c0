package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// headersEndEarly reports the line at which the metadata headers ended although it is not empty. It is an error if the
// line is a field without its colon, because no author intends that as a description.
func headersEndEarly(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		end := d.HeadersEndAt
		if end == nil {
			continue
		}
		f := refusal(d, headersEndMessage(d, *end),
			"if the line belongs to a field, write the field's value on one line; if the description begins here, "+
				"put an empty line before it; then build again")
		name, _, colon := strings.Cut(end.Text, ":")
		field, known := fieldNamed(strings.TrimFunc(name, pep.IsSpace))
		switch {
		case !known:
			f.Severity = finding.Warning
		case colon:
			f.Fix = fmt.Sprintf("write the colon of %s directly after the name, and build again", field)
		default:
			f.Fix = fmt.Sprintf("give %s a value in pyproject.toml or remove it, or use another version of the build backend; "+
				"then build again", field)
		}
		found = append(found, f)
	}
	return found
}

func headersEndMessage(d *distfile.Distribution, end distfile.Line) string {
	member := "PKG-INFO"
	if d.Kind() == distfile.Wheel {
		member = "METADATA"
	}
	_, after := cutLine(d.Description)
	rest := "this line became the description"
	if after != "" {
		rest = "this line and all lines after it became the description"
	}
	return fmt.Sprintf("line %d of %s, %s, is not a header, so the headers end there: %s%s",
		end.Number, member, quote(elide(end.Text)), rest, lostFields(after))
}

// lostFields returns an ending for a sentence that names the fields in the lines of text before the first empty one;
// empty if there are none.
func lostFields(text string) string {
	var names []string
	for text != "" {
		var line string
		if line, text = cutLine(text); line == "" {
			break
		}
		name, _, colon := strings.Cut(line, ":")
		if field, known := fieldNamed(name); colon && known && !slices.Contains(names, field) {
			names = append(names, field)
		}
	}
	const most = 5
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return ", including the field " + names[0]
	case n > most:
		return fmt.Sprintf(", including the fields %s and %d more", strings.Join(names[:most], ", "), n-most)
	default:
		return ", including the fields " + strings.Join(names, ", ")
	}
}

// fieldNamed returns a field's name as the specification spells it, from a name in any letter case.
func fieldNamed(name string) (spelled string, known bool) {
	at := slices.IndexFunc(fields, func(f field) bool { return len(f.Name) == len(name) && strings.EqualFold(f.Name, name) })
	if at < 0 {
		return "", false
	}
	return fields[at].Name, true
}

// cutLine returns the first line without its end (\n, \r\n or \r), and what comes after it.
func cutLine(text string) (line, rest string) {
	at := strings.IndexAny(text, "\r\n")
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimPrefix(strings.TrimPrefix(text[at:], "\r"), "\n")
}
