package dist

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Field is a header of core metadata, or a field of the upload form.
type Field struct{ Name, Value string }

// Line is a line of a text.
type Line struct {
	Number int    // counted from 1
	Text   string // without its end
}

// wanted tells which members are to be kept, and which one lists the others.
func (d *Distribution) wanted() archive.Ask {
	if d.Kind() != Wheel {
		return archive.Ask{Keep: isPkgInfo}
	}
	folder := d.DistInfo()
	if folder == "" {
		return archive.Ask{Keep: isDistInfo}
	}
	entryPoints, licenses := folder+"/entry_points.txt", folder+"/licenses/"
	return archive.Ask{Record: folder + "/RECORD", Keep: func(member string) bool {
		return isDistInfo(member) || member == entryPoints || strings.HasPrefix(member, licenses) && !strings.HasSuffix(member, "/")
	}}
}

// settle keeps of the archive what a run can afford to hold of hundreds: that a member is there is a fact, and its text
// was read. The licence files that the metadata names count among the members asked for.
func (d *Distribution) settle() {
	if text, found := d.Archive.Kept[d.DistInfo()+"/entry_points.txt"]; found {
		d.EntryPoints = pep.CheckEntryPoints(text)
	}
	for member := range d.Archive.Kept {
		d.Archive.Kept[member] = nil
	}
	for _, place := range d.LicensePlaces() {
		if _, kept := d.Archive.Kept[place]; !kept && d.Archive.Names.Has(place) {
			d.Archive.Kept[place] = nil
		}
	}
	d.Archive.Names = nil
}

// LicensePlaces gives, for every License-File of the metadata, the member that it has to be; none below metadata 2.4,
// where the field is not sent.
func (d *Distribution) LicensePlaces() []string {
	if !d.sendsLicenseFiles() {
		return nil
	}
	folder := d.Archive.Top + "/"
	if d.Kind() == Wheel {
		folder = d.DistInfo() + "/licenses/"
	}
	var places []string
	for _, file := range d.Values("License-File") {
		places = append(places, folder+file)
	}
	return places
}

// isPkgInfo matches the metadata of an sdist: PKG-INFO in a folder at the top.
func isPkgInfo(member string) bool {
	_, file, _ := strings.Cut(member, "/")
	return file == "PKG-INFO"
}

// isDistInfo matches the metadata of a wheel. A wheel's WHEEL is kept too, since reading it checks it.
func isDistInfo(member string) bool {
	folder, file, _ := strings.Cut(member, "/")
	return strings.HasSuffix(folder, ".dist-info") && (file == "METADATA" || file == "WHEEL")
}

// coreMetadata finds the metadata at the place where it belongs or, so that a report has something to say about a file
// that is named or packed wrongly, in the only other place where it is.
func (d *Distribution) coreMetadata() (text []byte, found bool) {
	place, file := d.Archive.Top, "/PKG-INFO"
	if d.Kind() == Wheel {
		place, file = d.DistInfo(), "/METADATA"
	}
	if text, found = d.Archive.Kept[place+file]; found {
		return text, true
	}
	for member, candidate := range d.Archive.Kept {
		if !strings.HasSuffix(member, file) {
			continue
		}
		if found {
			return nil, false
		}
		text, found = candidate, true
	}
	return text, found
}

// parsedMetadata is core metadata as Python's email parser reads it, on which its format rests.
type parsedMetadata struct {
	headers []Field
	body    string
	endedAt *Line // the line that is no header and not empty, at which the headers ended; nil where there is none
}

// parseMetadata reads core metadata: headers up to the first line that is none, later lines of a header indented, the rest is
// the description. Nothing is refused.
func parseMetadata(text []byte) parsedMetadata {
	lines, body, endedAt := split(string(text))
	return parsedMetadata{headers: readHeaders(lines), body: body, endedAt: endedAt}
}

// split returns the lines of the text's headers and its body. An empty line between the two belongs to neither; any other line
// at which the headers end begins the body, and is returned as endedAt.
func split(text string) (head []string, body string, endedAt *Line) {
	head, body, separated := splitLines(text)
	if last := len(head) - 1; last > 0 && isEnvelope(head[last]) {
		// Python's parser takes it for the first line of the body, even before an empty line, which is gone then.
		head, body, separated = head[:last], head[last]+body, false
	}
	if separated || body == "" {
		return head, body, nil
	}
	first, _ := cutLine(body)
	return head, body, &Line{Number: len(head) + 1, Text: strings.TrimRight(first, "\r\n")}
}

// splitLines returns the lines before the first one that is no header, and the text from there on. An empty line separates the
// two, and is in neither.
func splitLines(text string) (head []string, rest string, separated bool) {
	for text != "" {
		line, after := cutLine(text)
		if !isHeaderLine(line) {
			if strings.Trim(line, "\r\n") == "" {
				return head, after, true
			}
			return head, text, false
		}
		head, text = append(head, line), after
	}
	return head, "", false
}

// cutLine cuts after the first line, which keeps its end: \n, \r\n or \r.
func cutLine(text string) (line, rest string) {
	at := strings.IndexAny(text, "\r\n")
	if at < 0 {
		return text, ""
	}
	if strings.HasPrefix(text[at:], "\r\n") {
		at++
	}
	return text[:at+1], text[at+1:]
}

// isHeaderLine matches a header, a header's later line, and the envelope line of a mailbox.
func isHeaderLine(line string) bool {
	if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") || isEnvelope(line) {
		return true
	}
	name, _, found := strings.Cut(line, ":")
	return found && strings.IndexFunc(name, func(r rune) bool { return r < '!' || r > '~' }) < 0
}

// isEnvelope reports whether a line is the one that begins a message in a mailbox file.
func isEnvelope(line string) bool { return strings.HasPrefix(line, "From ") }

func readHeaders(lines []string) []Field {
	var headers []Field
	open := false // whether a later line has a header to belong to
	for _, line := range lines {
		switch name, value, _ := strings.Cut(line, ":"); {
		case line[0] == ' ' || line[0] == '\t':
			if open {
				headers[len(headers)-1].Value += line
			}
		case name == "" || isEnvelope(line):
			open = false
		default:
			headers, open = append(headers, Field{name, value}), true
		}
	}
	for i := range headers {
		headers[i].Value = strings.TrimRight(strings.TrimLeft(headers[i].Value, " \t\r\n"), "\r\n")
	}
	return headers
}

// indent is what the tools of the 1.x metadata versions put before the later lines of a Description header, and pipe what
// the text of metadata 1.2 asks for.
const (
	indent = "        "
	pipe   = "       |"
)

// dedent takes away the indentation that folding gave to the later lines of a header: the usual one where every line has
// it, otherwise what they have in common.
func dedent(value string) string {
	lines := strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n")
	later := lines[1:]
	margin := commonMargin(later)
	for i, line := range later {
		if strings.TrimSpace(line) == "" {
			later[i] = ""
			continue
		}
		later[i] = line[margin:]
	}
	return strings.Join(lines, "\n")
}

// commonMargin is how many bytes of every line but the blank ones are margin.
func commonMargin(lines []string) int {
	full := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.TrimSpace(line) == "" })
	for _, usual := range []string{indent, pipe} {
		if !slices.ContainsFunc(full, func(line string) bool { return !strings.HasPrefix(line, usual) }) {
			return len(usual)
		}
	}
	margin := len(indent)
	for _, line := range full {
		margin = min(margin, len(line)-len(strings.TrimLeft(line, " \t")))
	}
	return margin
}
