package distfile

import (
	"crypto/sha256"
	"io/fs"
	"iter"
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
const maxWheelFile = 16 << 10

func parseWheelFile(text []byte) *WheelFile {
	whole := string(text[:min(len(text), maxWheelFile)])
	_, body, endsAt := split(whole)
	return &WheelFile{Headers: slices.Collect(fieldsOf(whole)), EndsAt: endsAt, Body: strings.TrimSpace(body) != ""}
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
		return archive.Selection{Keep: fewOf(isPkgInfo)}
	}
	folder, other := d.DistInfo(), fewOf(isMetadata)
	if folder == "" {
		return archive.Selection{Keep: other}
	}
	metadata, wheel, entryPoints, licenses := folder+"/METADATA", folder+"/WHEEL", folder+"/entry_points.txt", folder+"/licenses/"
	return archive.Selection{
		First:  []string{metadata, wheel, entryPoints},
		Record: folder + "/RECORD",
		Keep: func(member string) bool {
			return member == metadata || member == wheel || member == entryPoints || other(member)
		},
		Verify: func(member string) bool {
			return strings.HasPrefix(member, licenses) && !strings.HasSuffix(member, "/")
		},
	}
}

// fewOf returns a function that reports whether a member is one of the first that match. One place of metadata is that of an archive; two
// show that there is none.
func fewOf(match func(member string) bool) func(member string) bool {
	var found []string
	return func(member string) bool {
		switch {
		case !match(member):
			return false
		case slices.Contains(found, member):
			return true
		case len(found) == 2:
			return false
		}
		found = append(found, member)
		return true
	}
}

// dropContents drops the contents of kept members after they were parsed, so that hundreds of files fit in memory; that a
// member exists remains known.
func (d *Distribution) dropContents() {
	if text := d.Archive.Kept[d.DistInfo()+"/entry_points.txt"]; len(text) > 0 && len(text) <= longestEntryPoints {
		d.EntryPoints = pep.CheckEntryPoints(text)
	}
	if text, found := d.Archive.Kept[d.DistInfo()+"/WHEEL"]; found && d.DistInfo() != "" {
		d.WheelFile = parseWheelFile(text)
	}
	for member := range d.Archive.Kept {
		d.Archive.Kept[member] = nil
	}
	d.Archive.Names = nil
}

// LicenseMember returns the required member for a License-File of the metadata.
func (d *Distribution) LicenseMember(file string) string {
	if d.Kind() == Wheel {
		return d.DistInfo() + "/licenses/" + file
	}
	return d.Archive.Top + "/" + file
}

// IsLicense reports whether a License-File of the metadata requires the member.
func (d *Distribution) IsLicense(member string) bool {
	file, below := strings.CutPrefix(member, d.LicenseMember(""))
	return below && d.sendsLicenseFiles() && slices.Contains(d.Values("License-File"), file)
}

// findLicenses looks for the members that the License-Files of the metadata require. It skips invalid paths.
func (d *Distribution) findLicenses(text string) {
	if !d.sendsLicenseFiles() {
		return
	}
	for h := range fieldsOf(text) {
		if !strings.EqualFold(h.Name, "License-File") || d.Archive.Names.Has(d.LicenseMember(h.Value)) {
			continue
		}
		if !fs.ValidPath(strings.TrimPrefix(h.Value, "./")) { // the index accepts the prefix in front of a name that looks like a drive
			continue
		}
		if d.AbsentCount++; d.AbsentCount <= MaxAbsent {
			d.AbsentLicenses = append(d.AbsentLicenses, strings.Clone(h.Value))
		}
	}
}

// isPkgInfo reports whether a member is the metadata of an sdist: PKG-INFO in a top-level folder.
func isPkgInfo(member string) bool {
	_, file, _ := strings.Cut(member, "/")
	return file == "PKG-INFO"
}

// isPyproject reports whether a member is the pyproject.toml of an sdist, in a top-level folder.
func isPyproject(member string) bool {
	_, file, _ := strings.Cut(member, "/")
	return file == pyprojectName
}

// isMetadata reports whether a member is the metadata of a wheel.
func isMetadata(member string) bool {
	folder, file, _ := strings.Cut(member, "/")
	return strings.HasSuffix(folder, ".dist-info") && file == "METADATA"
}

// coreMetadata returns the metadata from its required place. If it is not there, but in exactly one other place, it
// returns that, so that a report about a wrongly named or packed file has details.
func (d *Distribution) coreMetadata() (text []byte, found bool) {
	folder, file := d.Archive.Top, "/PKG-INFO"
	if d.Kind() == Wheel {
		folder, file = d.DistInfo(), "/METADATA"
	}
	if text, found = d.Archive.Kept[folder+file]; found {
		d.member = folder + file
		return text, true
	}
	for member, candidate := range d.Archive.Kept {
		if !strings.HasSuffix(member, file) {
			continue
		}
		if found {
			return nil, false
		}
		text, found, d.member = candidate, true, member
	}
	return text, found
}

// takeMetadata parses core metadata, and holds as much of it as the memory of the run allows.
func (d *Distribution) takeMetadata(kept []byte) {
	digest, text := sha256.Sum256(kept), string(kept)
	m := d.memory.hold(text, digest)
	d.Metadata, d.MetadataSize, d.Partial = true, len(text), m.partial
	d.Headers, d.body, d.Description, d.HeadersEndAt = m.headers, m.body, m.description, m.endedAt
	d.findLicenses(text)
}

// FromMetadata returns a file of which only the name and the core metadata are known.
func FromMetadata(name string, text []byte) *Distribution {
	return &Distribution{
		Path: name, Name: name, Metadata: true, MetadataSize: len(text), Headers: slices.Collect(fieldsOf(string(text))),
	}
}

// split returns the part of core metadata that has its headers, and its body, as Python's email parser reads it, which defines the format.
// The headers end at the first line that is not one. If that line is empty, it belongs to neither; any other line begins the body, and is
// returned as endedAt. It accepts any text.
func split(text string) (head, body string, endedAt *Line) {
	rest, lines, last := text, 0, ""
	for rest != "" {
		line, after := cutLine(rest)
		if !isHeaderLine(line) {
			break
		}
		last, rest, lines = line, after, lines+1
	}
	head, body = text[:len(text)-len(rest)], rest
	first, after := cutLine(rest)
	separated := rest == "" || strings.Trim(first, "\r\n") == ""
	switch {
	case lines > 1 && isEnvelope(last):
		// Python's parser makes it the first line of the body, even before an empty line, which it then drops.
		head, lines, first = head[:len(head)-len(last)], lines-1, last
		if body = text[len(head):]; separated {
			body = last + after
		}
	case separated:
		return head, after, nil
	}
	return head, body, &Line{Number: lines + 1, Text: strings.TrimRight(first, "\r\n")}
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

// fieldsOf returns the headers of core metadata, with indented continuation lines. Their values are parts of the text.
func fieldsOf(text string) iter.Seq[Field] {
	head, _, _ := split(text)
	return func(yield func(Field) bool) {
		for rest := head; rest != ""; {
			line, after := cutLine(rest)
			if isIndented(line) || line[0] == ':' || isEnvelope(line) {
				rest = afterContinuation(after)
				continue
			}
			after = afterContinuation(after)
			name, value, _ := strings.Cut(rest[:len(rest)-len(after)], ":")
			if !yield(Field{name, strings.TrimRight(strings.TrimLeft(value, " \t\r\n"), "\r\n")}) {
				return
			}
			rest = after
		}
	}
}

// afterContinuation returns the text after the indented lines at its beginning.
func afterContinuation(text string) string {
	for isIndented(text) {
		_, text = cutLine(text)
	}
	return text
}

func isIndented(line string) bool { return line != "" && (line[0] == ' ' || line[0] == '\t') }

// indent is what tools put before the continuation lines of a Description header in metadata 1.x; pipe is what metadata
// 1.2 requires.
const (
	indent = "        "
	pipe   = "       |"
)

// dedent removes the indentation that folding added to the continuation lines of a header: the usual one if every line
// has it, otherwise what they have in common.
func dedent(value string) string {
	value = strings.ReplaceAll(value, "\r\n", "\n")
	first, later, folded := strings.Cut(value, "\n")
	if !folded {
		return value
	}
	margin := commonMargin(later)
	var b strings.Builder
	b.Grow(len(value))
	b.WriteString(first)
	for line := range strings.SplitSeq(later, "\n") {
		b.WriteByte('\n')
		if strings.TrimSpace(line) != "" {
			b.WriteString(line[margin:])
		}
	}
	return b.String()
}

// commonMargin returns how many bytes at the beginning of every non-blank line of a text are margin.
func commonMargin(text string) int {
	indented, piped, margin := true, true, len(indent)
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		indented, piped = indented && strings.HasPrefix(line, indent), piped && strings.HasPrefix(line, pipe)
		margin = min(margin, len(line)-len(strings.TrimLeft(line, " \t")))
	}
	switch {
	case indented:
		return len(indent)
	case piped:
		return len(pipe)
	default:
		return margin
	}
}
