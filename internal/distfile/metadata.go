package distfile

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Field is a header of core metadata, or a field of the upload form.
type Field struct{ Name, Value string }

// Line is one line of a text.
type Line struct {
	Number int    // counted from 1
	Text   string // without its line end
}

// WheelFile describes the WHEEL file of a wheel, which installers read first.
type WheelFile struct {
	Headers []Field // in their order, names as written
	EndsAt  *Line   // the line that ended the headers although it is not empty; nil if there is none
	Body    bool    // whether text follows the headers
}

// maxWheelFile limits how much of a WHEEL file is parsed, in bytes. It has a few lines.
const maxWheelFile = 64 << 10

func parseWheelFile(text []byte) *WheelFile {
	parsed := parseMetadata(text[:min(len(text), maxWheelFile)])
	return &WheelFile{Headers: parsed.headers, EndsAt: parsed.endedAt, Body: strings.TrimSpace(parsed.body) != ""}
}

// Values returns the values of a header, in any letter case of its name.
func (w *WheelFile) Values(name string) (values []string) {
	for _, h := range w.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

// wanted returns which members to keep, and which member lists the others.
func (d *Distribution) wanted() archive.Selection {
	if d.Kind() != Wheel {
		return archive.Selection{Keep: isPkgInfo}
	}
	folder := d.DistInfo()
	if folder == "" {
		return archive.Selection{Keep: isDistInfo}
	}
	entryPoints, licenses := folder+"/entry_points.txt", folder+"/licenses/"
	return archive.Selection{Record: folder + "/RECORD", Keep: func(member string) bool {
		return isDistInfo(member) || member == entryPoints || strings.HasPrefix(member, licenses) && !strings.HasSuffix(member, "/")
	}}
}

// dropContents drops the contents of kept members after they were parsed, so that hundreds of files fit in memory; that a
// member exists remains known. License files named by the metadata count as kept members.
func (d *Distribution) dropContents() {
	if text, found := d.Archive.Kept[d.DistInfo()+"/entry_points.txt"]; found {
		d.EntryPoints = pep.CheckEntryPoints(text)
	}
	if text, found := d.Archive.Kept[d.DistInfo()+"/WHEEL"]; found && d.DistInfo() != "" {
		d.WheelFile = parseWheelFile(text)
	}
	for member := range d.Archive.Kept {
		d.Archive.Kept[member] = nil
	}
	for _, member := range d.LicenseMembers() {
		if _, kept := d.Archive.Kept[member]; !kept && d.Archive.Names.Has(member) {
			d.Archive.Kept[member] = nil
		}
	}
	d.Archive.Names = nil
}

// LicenseMembers returns the required member for every License-File of the metadata; none below metadata 2.4, where the
// field is not sent.
func (d *Distribution) LicenseMembers() []string {
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

// isPkgInfo reports whether a member is the metadata of an sdist: PKG-INFO in a top-level folder.
func isPkgInfo(member string) bool {
	_, file, _ := strings.Cut(member, "/")
	return file == "PKG-INFO"
}

// isDistInfo reports whether a member is the metadata of a wheel. It includes WHEEL, because reading it checks it.
func isDistInfo(member string) bool {
	folder, file, _ := strings.Cut(member, "/")
	return strings.HasSuffix(folder, ".dist-info") && (file == "METADATA" || file == "WHEEL")
}

// coreMetadata returns the metadata from its required place. If it is not there, but in exactly one other place, it
// returns that, so that a report about a wrongly named or packed file has details.
func (d *Distribution) coreMetadata() (text []byte, found bool) {
	folder, file := d.Archive.Top, "/PKG-INFO"
	if d.Kind() == Wheel {
		folder, file = d.DistInfo(), "/METADATA"
	}
	if text, found = d.Archive.Kept[folder+file]; found {
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

// parsedMetadata holds core metadata as Python's email parser reads it, which defines the format.
type parsedMetadata struct {
	headers []Field
	body    string
	endedAt *Line // the line that ended the headers although it is neither a header nor empty; nil if there is none
}

// parseMetadata parses core metadata: headers up to the first line that is not one, with indented continuation lines; the
// rest is the description. It accepts any text.
func parseMetadata(text []byte) parsedMetadata {
	lines, body, endedAt := split(string(text))
	return parsedMetadata{headers: readHeaders(lines), body: body, endedAt: endedAt}
}

// split returns the lines of the text's headers and its body. An empty line between the two belongs to neither; any other
// line at which the headers end begins the body, and is returned as endedAt.
func split(text string) (head []string, body string, endedAt *Line) {
	head, body, separated := splitLines(text)
	if last := len(head) - 1; last > 0 && isEnvelope(head[last]) {
		// Python's parser makes it the first line of the body, even before an empty line, which it then drops.
		head, body, separated = head[:last], head[last]+body, false
	}
	if separated || body == "" {
		return head, body, nil
	}
	first, _ := cutLine(body)
	return head, body, &Line{Number: len(head) + 1, Text: strings.TrimRight(first, "\r\n")}
}

// splitLines returns the lines before the first one that is not a header, and the text from there on. An empty line
// separates the two, and is part of neither.
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

// cutLine splits a text after its first line, which keeps its end: \n, \r\n or \r.
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

// isHeaderLine reports whether a line is a header, a continuation line, or the envelope line of a mailbox.
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
	open := false // whether a continuation line has a header to belong to
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

// indent is what tools put before the continuation lines of a Description header in metadata 1.x; pipe is what metadata
// 1.2 requires.
const (
	indent = "        "
	pipe   = "       |"
)

// dedent removes the indentation that folding added to the continuation lines of a header: the usual one if every line
// has it, otherwise what they have in common.
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

// commonMargin returns how many bytes at the beginning of every non-blank line are margin.
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
