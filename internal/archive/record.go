package archive

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxField = 131072  // characters of a CSV field, beyond which Python's reader fails
	maxSums  = 1 << 17 // rows of a record whose sizes and hashes are compared

	bytesPerRow = 80 // about how much memory a row takes
)

// record holds the contents of a wheel's RECORD, which is written to it. Without one it compares nothing.
type record struct {
	name      string // empty if there is none that can be compared
	names     *Names
	rows      map[uint64]recordRow // by hash of the name
	read      map[string]digest    // the digests of the members that were read before the others
	csv       csvReader
	anomalies []Anomaly             // of its rows
	malformed [3]malformed          // of its rows, by the column that is wrong
	sums      [algorithms]hash.Hash // reused from one member to the next; nil if none was hashed
}

// recordRow holds the entry of one member.
type recordRow struct {
	size int64 // -1 if not given
	sum  digest
}

// malformed counts the rows with one mistake.
type malformed struct {
	first Anomaly
	count int
}

// newRecord returns the record of the members, which has not been read yet.
func newRecord(w *walk) *record {
	r := &record{name: w.request.Record, names: w.facts.Names, rows: map[uint64]recordRow{}, read: map[string]digest{}}
	r.csv.row = r.add
	return r
}

// Write reads a part of the text. It never fails.
func (r *record) Write(p []byte) (int, error) { return r.csv.Write(p) }

// settle ends the record: if it was read and can be compared, its anomalies are those of the walk.
func (r *record) settle(w *walk) {
	if _, read := w.facts.Kept[r.name]; !read {
		r.name = ""
		return
	}
	err := r.csv.end()
	if r.csv.empty > 0 {
		w.addAnomaly(AnomalyEmptyRow, r.name, fmt.Sprintf("line %d is empty", r.csv.empty))
	}
	switch {
	case err != nil:
		w.addAnomaly(AnomalyRecord, r.name, err.Error())
	case w.facts.Names.complete():
		for _, o := range r.anomalies {
			w.addAnomaly(o.Code, o.Member, o.Detail)
		}
		for _, m := range r.malformed {
			if m.count > 1 {
				m.first.Detail += fmt.Sprintf(", and %d more like it", m.count-1)
			}
			if m.count > 0 {
				w.addAnomaly(m.first.Code, m.first.Member, m.first.Detail)
			}
		}
		return
	}
	r.name = ""
}

// add adds a row of so many columns. It converts backslashes to slashes, as an index does.
func (r *record) add(row [3]string, columns int) {
	name := strings.ReplaceAll(row[0], `\`, "/")
	if columns != len(row) {
		r.malform(0, AnomalyColumns, name, fmt.Sprintf("%d", columns))
	}
	at, found := r.names.rowOf([]byte(name))
	if !found || strings.HasSuffix(name, "/") || r.exempt(name) {
		if len(r.anomalies) < maxOfOneKind {
			absent := Anomaly{Code: AnomalyAbsent, Member: name}
			if found && r.exempt(name) {
				absent.Detail = "it is a signature of the record"
			}
			r.anomalies = append(r.anomalies, absent)
		}
		return
	}
	r.names.mark(at, recorded)
	parsed := recordRow{size: -1}
	if size, err := strconv.ParseInt(row[2], 10, 64); err == nil && size >= 0 {
		parsed.size = size
	} else if row[2] != "" {
		r.malform(1, AnomalyRowSize, name, shortened(row[2]))
	}
	sum, problem := parseDigest(row[1])
	if parsed.sum = sum; problem != "" {
		r.malform(2, AnomalyRowHash, name, problem)
	}
	if len(r.rows) < maxSums {
		r.rows[maphash.Bytes(r.names.seed, []byte(name))] = parsed
	}
}

// malform counts a row with a mistake.
func (r *record) malform(kind int, code, member, detail string) {
	if m := &r.malformed[kind]; m.count == 0 {
		m.first = Anomaly{Code: code, Member: member, Detail: detail}
	}
	r.malformed[kind].count++
}

// exempt reports whether a member is a signature, which cannot be listed in the file that it signs.
func (r *record) exempt(name string) bool {
	return name == r.name+".jws" || name == r.name+".p7s"
}

// row returns the entry of a member.
func (r *record) row(name []byte) (recordRow, bool) {
	if r.name == "" || string(name) == r.name {
		return recordRow{}, false
	}
	row, found := r.rows[maphash.Bytes(r.names.seed, name)]
	return row, found
}

// listed compares a member with its entry.
func (r *record) listed(m *zipMember, w *walk) {
	if r.name == "" || len(m.found) == 0 || bytes.ContainsRune([]byte(`/\`), rune(m.found[len(m.found)-1])) {
		return
	}
	at, found := r.names.rowOf(m.found)
	if !found || r.names.rows[at].key&recorded == 0 {
		if name := string(m.found); !r.exempt(name) {
			w.addAnomaly(AnomalyUnlisted, name, "")
		}
		return
	}
	row, found := r.row(m.found)
	if found && row.size >= 0 && row.size != m.unpacked {
		w.addAnomaly(AnomalyRecordSum, string(m.found), fmt.Sprintf("it has %d bytes, but the record says %d", m.unpacked, row.size))
		return
	}
	if sum, read := r.read[string(m.found)]; read {
		r.compare(m.found, sum, w)
	}
}

// compare adds an anomaly if the entry has another hash.
func (r *record) compare(name []byte, sum digest, w *walk) {
	if row, found := r.row(name); found && row.sum.algorithm == sum.algorithm && row.sum != sum {
		w.addAnomaly(AnomalyRecordSum, string(name), "its "+sum.algorithm.String()+" is not the one in the record")
	}
}

// algorithmOf returns the algorithm by which a member is compared.
func (r *record) algorithmOf(name []byte) algorithm {
	if row, found := r.row(name); found && row.sum.algorithm != 0 {
		return row.sum.algorithm
	}
	return sha256Sum
}

// sumOf returns a hash for the content of a member, or nil if there is nothing to compare it with: its entry has none, or
// already differs by the size.
func (r *record) sumOf(m *zipMember) hash.Hash {
	row, found := r.row(m.found)
	if !found || row.sum.algorithm == 0 || row.size >= 0 && row.size != m.unpacked {
		return nil
	}
	by := row.sum.algorithm
	if r.sums[by] == nil {
		r.sums[by] = by.new()
	}
	r.sums[by].Reset()
	return r.sums[by]
}

// The reasons why a record is not readable.
var (
	errRecordText  = errors.New("it is not UTF-8")
	errRecordField = errors.New("it has a field longer than 131072 characters, which may be a quotation mark without its other one")
)

// csvReader parses CSV that is written to it, line by line like Python's csv module, and calls row with the first three fields of every
// non-empty row, and how many it has. Its memory is that of one field.
type csvReader struct {
	row func(fields [3]string, columns int)

	partial []byte // the beginning of a character
	csvRow
	line   bool // whether the current line has a character
	start  bool // whether a field may begin with a quotation mark here
	quote  bool // whether the last character was a quotation mark inside of a quoted field
	cr     bool // whether the last character was a carriage return
	failed error

	number int // of the lines that have ended
	empty  int // the number of the first line that is a row without fields, counted from 1; 0 if there is none
}

// Write parses a part of the text. It never fails.
func (c *csvReader) Write(p []byte) (int, error) {
	text := p
	if len(c.partial) > 0 {
		text = append(c.partial, p...)
	}
	for len(text) > 0 {
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			if !utf8.FullRune(text) {
				break
			}
			if r, size = utf8.DecodeRune(text); r == utf8.RuneError && size == 1 {
				c.failed = errRecordText
			}
		}
		if c.failed == nil {
			c.character(r, text[:size])
		}
		text = text[size:]
	}
	c.partial = append([]byte(nil), text...)
	return len(p), nil
}

// end parses the end of the text. It returns why the text is not readable, if it is not.
func (c *csvReader) end() error {
	if len(c.partial) > 0 {
		c.failed = errRecordText
	}
	if c.failed == nil && c.line {
		c.endLine()
	}
	if c.failed == nil && c.quoted {
		c.close()
		c.row(c.fields, c.count)
	}
	return c.failed
}

// character parses one character.
func (c *csvReader) character(r rune, encoded []byte) {
	if after := c.cr; isLineEnd(r) {
		if c.cr = r == '\r'; r != '\n' || !after {
			c.endLine()
		}
		return
	}
	c.cr = false
	if !c.line {
		c.line, c.start = true, !c.quoted
	}
	if c.quote {
		if c.quote = false; r == '"' {
			c.put(encoded)
			c.check()
			return
		}
		c.quoted = false
	}
	switch {
	case c.quoted && r == '"':
		c.quote = true
	case c.quoted:
		c.put(encoded)
	case r == ',':
		c.close()
		c.start = true
		return
	case r == '"' && c.start:
		c.quoted = true
	default:
		c.put(encoded)
	}
	c.start = false
	c.check()
}

func (c *csvReader) check() {
	if c.chars > maxField {
		c.failed = errRecordField
	}
}

// endLine ends a line, and a row unless one of its fields continues on the next line.
func (c *csvReader) endLine() {
	if c.quote {
		c.quote, c.quoted = false, false
	}
	c.number++
	if !c.line && !c.quoted && c.empty == 0 {
		c.empty = c.number
	}
	if !c.line || c.quoted {
		c.line = false
		return
	}
	c.close()
	c.row(c.fields, c.count)
	c.csvRow, c.line = csvRow{field: c.field[:0]}, false
}

// csvRow holds the part of a row that was parsed so far.
type csvRow struct {
	fields [3]string
	count  int
	field  []byte
	chars  int  // of the field
	quoted bool // inside quotation marks
}

// put adds a character to the field.
func (r *csvRow) put(encoded []byte) {
	r.field = append(r.field, encoded...)
	r.chars++
}

// close ends a field.
func (r *csvRow) close() {
	if r.count < len(r.fields) {
		r.fields[r.count] = string(r.field)
	}
	r.count++
	r.field, r.chars = r.field[:0], 0
}

// isLineEnd reports whether Python's str.splitlines ends a line at r.
func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	default:
		return false
	}
}
