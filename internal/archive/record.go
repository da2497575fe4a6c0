package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
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
)

// record holds the contents of a wheel's RECORD. Without one it compares nothing.
type record struct {
	name  string
	names *Names
	rows  map[uint64]recordRow // by hash of the name
	sum   hash.Hash            // reused from one member to the next; nil if none was hashed
}

// recordRow holds the entry of one member.
type recordRow struct {
	size   int64 // -1 if not given
	hashed bool
	sum    [sha256.Size]byte
}

// record parses the requested record of the members, if it was kept.
func (a Selection) record(w *walk) *record {
	text, kept := w.facts.Kept[a.Record]
	if !kept || a.Record == "" {
		return &record{}
	}
	r := &record{name: a.Record, names: w.facts.Names, rows: map[uint64]recordRow{}}
	empty, err := readRecord(text, func(row [3]string) { r.add(row, w) })
	if empty > 0 {
		w.addAnomaly(AnomalyEmptyRow, a.Record, fmt.Sprintf("line %d is empty", empty))
	}
	if err != nil {
		w.addAnomaly(AnomalyRecord, a.Record, err.Error())
		return &record{}
	}
	return r
}

// add adds a row. It converts backslashes to slashes, as an index does.
func (r *record) add(row [3]string, w *walk) {
	name := strings.ReplaceAll(row[0], `\`, "/")
	at, found := r.names.rowOf([]byte(name))
	if !found || strings.HasSuffix(name, "/") || r.exempt(name) {
		w.addAnomaly(AnomalyAbsent, name, "")
		return
	}
	r.names.mark(at, recorded)
	if len(r.rows) < maxSums {
		r.rows[maphash.Bytes(r.names.seed, []byte(name))] = parseRecordRow(row)
	}
}

func parseRecordRow(row [3]string) (parsed recordRow) {
	parsed.size = -1
	if size, err := strconv.ParseInt(row[2], 10, 64); err == nil {
		parsed.size = size
	}
	if text, found := strings.CutPrefix(row[1], "sha256="); found {
		sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		parsed.hashed = err == nil && copy(parsed.sum[:], sum) == sha256.Size && len(sum) == sha256.Size
	}
	return parsed
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
	if content, kept := w.facts.Kept[string(m.found)]; kept {
		r.compare(m.found, sha256.Sum256(content), w)
	}
}

// compare adds an anomaly if the entry has another hash.
func (r *record) compare(name []byte, sum [sha256.Size]byte, w *walk) {
	if row, found := r.row(name); found && row.hashed && row.sum != sum {
		w.addAnomaly(AnomalyRecordSum, string(name), "its SHA-256 is not the one in the record")
	}
}

// sumOf returns a hash for the content of a member, or nil if there is nothing to compare it with: its entry has none, or
// already differs by the size.
func (r *record) sumOf(m *zipMember) hash.Hash {
	row, found := r.row(m.found)
	if !found || !row.hashed || row.size >= 0 && row.size != m.unpacked {
		return nil
	}
	if r.sum == nil {
		r.sum = sha256.New()
	}
	r.sum.Reset()
	return r.sum
}

// The reasons why a record is not readable.
var (
	errRecordText  = errors.New("it is not UTF-8")
	errRecordField = errors.New("it has a field longer than 131072 characters, which may be a quotation mark without its other one")
)

// readRecord parses CSV line by line like Python's csv module, and calls row with the first three fields of every
// non-empty row. It returns the number of the first line that is a row without fields, counted from 1; 0 if there is none.
func readRecord(text []byte, row func([3]string)) (empty int, err error) {
	if !utf8.Valid(text) {
		return 0, errRecordText
	}
	var r csvRow
	for number := 1; len(text) > 0; number++ {
		var line []byte
		line, text = cutPythonLine(text)
		if len(line) == 0 && !r.quoted && empty == 0 {
			empty = number
		}
		if err := r.line(line); err != nil {
			return empty, err
		}
		if r.quoted {
			continue // the field continues on the next line
		}
		if r.count > 0 {
			row(r.fields)
		}
		r = csvRow{}
	}
	if r.quoted {
		r.close()
		row(r.fields)
	}
	return empty, nil
}

// csvRow holds the part of a row that was parsed so far.
type csvRow struct {
	fields [3]string
	count  int
	field  []byte
	chars  int  // of the field
	quoted bool // inside quotation marks
}

// line parses one line, which may begin inside a quoted field.
func (r *csvRow) line(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	start := !r.quoted && r.count == 0
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case r.quoted && b == '"' && i+1 < len(line) && line[i+1] == '"':
			i++
			r.put(b)
		case r.quoted && b == '"':
			r.quoted = false
		case r.quoted:
			r.put(b)
		case b == ',':
			r.close()
			start = true
			continue
		case b == '"' && start:
			r.quoted = true
		default:
			r.put(b)
		}
		start = false
		if r.chars > maxField {
			return errRecordField
		}
	}
	if !r.quoted {
		r.close()
	}
	return nil
}

// put adds a byte to the field.
func (r *csvRow) put(b byte) {
	r.field = append(r.field, b)
	if utf8.RuneStart(b) {
		r.chars++
	}
}

// close ends a field.
func (r *csvRow) close() {
	if r.count < len(r.fields) {
		r.fields[r.count] = string(r.field)
	}
	r.count++
	r.field, r.chars = r.field[:0], 0
}

// cutPythonLine splits a text after its first line, with the line ends of Python's str.splitlines.
func cutPythonLine(text []byte) (line, rest []byte) {
	at := bytes.IndexFunc(text, isLineEnd)
	if at < 0 {
		return text, nil
	}
	_, size := utf8.DecodeRune(text[at:])
	if bytes.HasPrefix(text[at:], []byte("\r\n")) {
		size = 2
	}
	return text[:at], text[at+size:]
}

func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	default:
		return false
	}
}
