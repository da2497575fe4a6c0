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
// line is a field without its colon, or the first line, because no author intends that as a description. A line with a colon looks like
// a header; then the fields at the beginning of the description are the sign.
func headersEndEarly(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		end := d.HeadersEndAt
		if end == nil {
			if f, cut := headersCut(d); cut {
				found = append(found, f)
			}
			continue
		}
		f := refusal(d, headersEndMessage(d, *end),
			"if the line belongs to a field, write the field's value on one line; if the description begins here, put an empty line "+
				"before it; "+
				"then build again")
		name, _, colon := strings.Cut(end.Text, ":")
		field, known := fieldNamed(strings.TrimFunc(name, pep.IsSpace))
		switch {
		case end.Number == 1 && strings.HasPrefix(end.Text, byteOrderMark):
			f.Message = fmt.Sprintf("%s begins with a byte order mark, so that its first line, %s, is not a header: it has no fields at "+
				"all",
				metadataMember(d), quote(elide(strings.TrimPrefix(end.Text, byteOrderMark))))
			f.Fix = removeMark
		case end.Number == 1:
			f.Fix = fmt.Sprintf("write nothing before the first field of %s, and build again", metadataMember(d))
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

const (
	byteOrderMark = "\ufeff"
	removeMark    = "save the file that it is made of as UTF-8 without a byte order mark, and build again"
)

// headersCut returns a warning if the description begins with fields.
func headersCut(d *distfile.Distribution) (f finding.Finding, cut bool) {
	if len(d.Headers) == 0 || d.Header("Description") != "" || !beginsWithFields(d.Description) {
		return f, false
	}
	f = refusal(d, fmt.Sprintf("the headers of %s end before fields: the description begins with them%s",
		metadataMember(d), strings.Replace(lostFields(d.Description), "including", "namely", 1)),
		"write the value of the field before them on one line, without an empty line after it; then build again")
	if last := d.Headers[len(d.Headers)-1]; !isField(strings.ToLower(last.Name)) {
		f.Fix = fmt.Sprintf("the line %s is the end of a value that was broken into lines: write the value on one line; then build again",
			quote(elide(lineOf(last))))
	}
	f.Severity = finding.Warning
	return f, true
}

// lineOf returns the line of a header, apart from blanks.
func lineOf(h distfile.Field) string { return h.Name + ":" + h.Value }

// beginsWithFields reports whether all lines before the first empty one are fields, and one of them has a name that nobody uses for
// anything else, with a dash in it.
func beginsWithFields(text string) bool {
	sure := false
	for text != "" {
		var line string
		if line, text = cutLine(text); line == "" {
			return sure
		}
		name, _, colon := strings.Cut(line, ":")
		if _, known := fieldNamed(name); !known || !colon {
			return false
		}
		sure = sure || strings.Contains(name, "-")
	}
	return sure
}

// metadataMember returns the name of the member with the metadata.
func metadataMember(d *distfile.Distribution) string {
	if d.Kind() == distfile.Wheel {
		return "METADATA"
	}
	return "PKG-INFO"
}

func headersEndMessage(d *distfile.Distribution, end distfile.Line) string {
	_, after := cutLine(d.Description)
	rest := "this line became the description"
	if after != "" {
		rest = "this line and all lines after it became the description"
	}
	return fmt.Sprintf("line %d of %s, %s, is not a header, so the headers end there: %s%s",
		end.Number, metadataMember(d), quote(elide(end.Text)), rest, lostFields(after))
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
