package archive

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

const block = 512

// The relevant types of tar members; the others have no data, or are read like a file.
const (
	typeFile       = '0'
	typeOldFile    = 0
	typeHardLink   = '1'
	typeSymlink    = '2'
	typeCharacter  = '3'
	typeBlock      = '4'
	typeFolder     = '5'
	typeFIFO       = '6'
	typeContiguous = '7'
	typeLongName   = 'L'
	typeLongLink   = 'K'
	typeSparse     = 'S'
	typePax        = 'x'
	typePaxGlobal  = 'g'
	typePaxSolaris = 'X'
)

// Limits of what precedes a member: the chain of headers, and their texts.
const (
	maxChain    = 64
	maxTarTexts = 1 << 20 // bytes of the long names and pax headers before one member
)

// The ways in which a header may fail. Python's tarfile distinguishes them, and so does an index.
var (
	errTarHeader  = errors.New("invalid header")          // at the start: not a tar; later: readers treat it as the end
	errTarZeros   = errors.New("a block of zeros")        // the end
	errTarFollows = errors.New("a member lacks a header") // only the first headers of the member are present
	errTarData    = errors.New("unexpected end of data")
	errTarChain   = errors.New("too many headers before one member")
)

// tarMember describes one member of a tar. Its data has not been read yet.
type tarMember struct {
	name   string
	link   string // the target of a link
	kind   byte
	size   int64 // of the data in the archive, in bytes
	sparse bool
}

// isFile reports whether a member is read as a file.
func (m *tarMember) isFile() bool {
	return m.kind == typeFile || m.kind == typeOldFile || m.kind == typeContiguous || m.kind == typeSparse
}

// leadsOut reports whether a member is a link to something outside of the folder at the top that the member is in. The target of a
// symbolic link is relative to the folder of the link, that of a hard link to the top of the archive.
func (m *tarMember) leadsOut() bool {
	target := path.Clean(m.link)
	switch m.kind {
	case typeSymlink:
		target = path.Join(path.Dir(m.name), m.link)
	case typeHardLink:
	default:
		return false
	}
	top, _, _ := strings.Cut(path.Clean(m.name), "/")
	return path.IsAbs(m.link) || target != top && !strings.HasPrefix(target, top+"/")
}

// special returns what a member is that is neither a file nor a folder nor a link; otherwise it is empty.
func (m *tarMember) special() string {
	switch m.kind {
	case typeFIFO:
		return "named pipe"
	case typeCharacter:
		return "character device"
	case typeBlock:
		return "block device"
	default:
		return ""
	}
}

// hasData reports whether data follows the header: for files and unknown types it does.
func (m *tarMember) hasData() bool {
	switch m.kind {
	case typeHardLink, typeSymlink, typeCharacter, typeBlock, typeFolder, typeFIFO,
		typeLongName, typeLongLink, typePax, typePaxGlobal, typePaxSolaris:
		return false
	default:
		return true
	}
}

// tarReader reads a tar member by member, as Python's tarfile does.
type tarReader struct {
	r       io.Reader
	head    [block]byte
	first   bool              // whether no member was read yet
	global  map[string]string // pax headers for all later members
	ended   bool              // whether the two blocks of zeros were read that end a tar
	content io.LimitedReader  // of the current member
	padding int64             // after it, in bytes
}

func newTarReader(r io.Reader) *tarReader {
	return &tarReader{r: r, first: true, global: map[string]string{}}
}

// Read reads the data of the current member.
func (t *tarReader) Read(p []byte) (int, error) {
	n, err := t.content.Read(p)
	if errors.Is(err, io.EOF) && t.content.N > 0 {
		return n, errTarData
	}
	return n, err
}

// next returns the next member. At the end, and at what readers treat as the end, the error is io.EOF.
func (t *tarReader) next() (tarMember, error) {
	if err := t.finish(); err != nil {
		return tarMember{}, err
	}
	first := t.first
	t.first = false
	m, err := t.member(&tarTexts{})
	switch {
	case errors.Is(err, io.EOF) && first:
		return m, errTarHeader // an empty file
	case errors.Is(err, errTarZeros):
		_, err := io.ReadFull(t.r, t.head[:])
		t.ended = err == nil && bytes.Count(t.head[:], []byte{0}) == block
		return m, io.EOF
	case err == nil && m.size < 0:
		return m, errTarHeader
	case err != nil:
		return m, err
	}
	t.content, t.padding = io.LimitedReader{R: t.r}, 0
	if m.hasData() {
		t.content.N, t.padding = m.size, -m.size&(block-1)
	}
	return m, nil
}

// finish skips the rest of the current member.
func (t *tarReader) finish() error {
	if t.content.R == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, t); err != nil {
		return err
	}
	n, err := io.CopyN(io.Discard, t.r, t.padding)
	if errors.Is(err, io.EOF) && n < t.padding {
		return errTarData
	}
	return err
}

// tarTexts counts the headers that precede a member's own header, and their bytes.
type tarTexts struct {
	depth int
	bytes int64
}

// member reads a header, and those that precede it.
func (t *tarReader) member(before *tarTexts) (tarMember, error) {
	m, err := t.header()
	if err != nil {
		return m, err
	}
	switch m.kind {
	case typeLongName, typeLongLink:
		text, err := t.text(m, before)
		if err != nil {
			return m, err
		}
		next, err := t.following(before)
		if err == nil && m.kind == typeLongLink {
			next.link = cString(text)
		}
		if err == nil && m.kind == typeLongName {
			next.name = cString(text)
			if next.kind == typeFolder {
				next.name = strings.TrimSuffix(next.name, "/")
			}
		}
		return next, err
	case typePax, typePaxSolaris, typePaxGlobal:
		return t.extended(m, before)
	case typeSparse:
		err = t.sparseBlocks(&m)
		return m, err
	}
	m.apply(t.global)
	return m, nil
}

// following reads the member whose first headers were already read, so that a missing header is an error.
func (t *tarReader) following(before *tarTexts) (tarMember, error) {
	if before.depth++; before.depth > maxChain {
		return tarMember{}, errTarChain
	}
	m, err := t.member(before)
	if errors.Is(err, errTarHeader) || errors.Is(err, errTarZeros) || errors.Is(err, io.EOF) {
		return m, errTarFollows
	}
	return m, err
}

// extended reads a pax header, and the member after it.
func (t *tarReader) extended(m tarMember, before *tarTexts) (tarMember, error) {
	text, err := t.text(m, before)
	if err != nil {
		return m, err
	}
	records := t.global
	if m.kind != typePaxGlobal {
		records = make(map[string]string, len(t.global)+4)
		for k, v := range t.global {
			records[k] = v
		}
	}
	if !parsePax(text, records) {
		return m, errTarHeader
	}
	next, err := t.following(before)
	if err != nil {
		return next, err
	}
	if _, version0 := records["GNU.sparse.size"]; version0 || records["GNU.sparse.map"] != "" ||
		records["GNU.sparse.major"] == "1" && records["GNU.sparse.minor"] == "0" {
		next.sparse = true
	}
	if m.kind != typePaxGlobal {
		next.apply(records)
	}
	return next, nil
}

// apply replaces values by those of the pax headers.
func (m *tarMember) apply(pax map[string]string) {
	if path, found := pax["path"]; found {
		m.name = strings.TrimRight(path, "/")
	}
	if link, found := pax["linkpath"]; found {
		m.link = link
	}
	if name, found := pax["GNU.sparse.name"]; found {
		m.name = name
	}
	if size, found := pax["size"]; found {
		n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64)
		if err != nil {
			n = 0
		}
		m.size = n
	}
	if m.kind == typeFolder {
		m.name = strings.TrimRight(m.name, "/")
	}
}

// text returns the data of a header that belongs to the next one.
func (t *tarReader) text(m tarMember, before *tarTexts) ([]byte, error) {
	if m.size < 0 || m.size > maxTarTexts-before.bytes {
		return nil, errTarChain
	}
	before.bytes += m.size
	text := make([]byte, m.size+(-m.size&(block-1)))
	n, err := io.ReadFull(t.r, text)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return text[:n], nil // if it is cut off, the missing next header is reported
}

// sparseBlocks skips the blocks that continue the map of a sparse file.
func (t *tarReader) sparseBlocks(m *tarMember) error {
	m.sparse = true
	for more := t.head[482] != 0; more; {
		var extension [block]byte
		if _, err := io.ReadFull(t.r, extension[:]); err != nil {
			return cutHeader(err)
		}
		more = extension[504] != 0
	}
	return nil
}

// header reads one header. If nothing follows, the error is io.EOF.
func (t *tarReader) header() (m tarMember, err error) {
	if _, err := io.ReadFull(t.r, t.head[:]); err != nil {
		return m, cutHeader(err)
	}
	if bytes.Count(t.head[:], []byte{0}) == block {
		return m, errTarZeros
	}
	sum, ok := tarNumber(t.head[148:156])
	if unsigned, signed := t.checksums(); !ok || sum != unsigned && sum != signed {
		return m, errTarHeader
	}
	for _, field := range [][2]int{{100, 108}, {108, 116}, {116, 124}, {136, 148}, {329, 337}, {337, 345}} {
		if _, ok := tarNumber(t.head[field[0]:field[1]]); !ok {
			return m, errTarHeader
		}
	}
	if m.size, ok = tarNumber(t.head[124:136]); !ok {
		return m, errTarHeader
	}
	m.name, m.kind, m.link = cString(t.head[:100]), t.head[156], cString(t.head[157:257])
	if m.kind == typeOldFile && strings.HasSuffix(m.name, "/") {
		m.kind = typeFolder
	}
	if m.kind == typeFolder {
		m.name = strings.TrimRight(m.name, "/")
	}
	if prefix := cString(t.head[345:500]); prefix != "" && m.kind != typeLongName && m.kind != typeLongLink && m.kind != typeSparse {
		m.name = prefix + "/" + m.name
	}
	return m, nil
}

// cutHeader converts the error of a truncated header. It keeps io.EOF and the errors of unpacking.
func cutHeader(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errTarHeader
	}
	return err
}

// checksums returns the checksums of the header, with unsigned and with signed bytes; its own field counts as blanks.
func (t *tarReader) checksums() (unsigned, signed int64) {
	for i, b := range t.head {
		if i >= 148 && i < 156 {
			b = ' '
		}
		unsigned += int64(b)
		signed += int64(int8(b)) // the conversion is intended
	}
	return unsigned, signed
}

// tarNumber parses a number: octal digits, or binary after a marker byte. A number that does not fit into 63 bits becomes
// the largest that does.
func tarNumber(field []byte) (n int64, ok bool) {
	if mark := field[0]; mark == 0x80 || mark == 0xff {
		if mark == 0xff {
			return -1, true
		}
		for _, b := range field[1:] {
			if n >= 1<<55 {
				return 1<<63 - 1, true
			}
			n = n<<8 | int64(b)
		}
		return n, true
	}
	text := strings.TrimSpace(cString(field))
	if text == "" {
		return 0, true
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "0o"), "0O")
	n, err := strconv.ParseInt(text, 8, 64)
	return n, err == nil
}

func cString(field []byte) string {
	text, _, _ := bytes.Cut(field, []byte{0})
	return string(text)
}

// counts reports whether a keyword of a pax header is used. Others are not stored, because global headers would
// accumulate.
func counts(key string) bool {
	switch key {
	case "path", "linkpath", "size", "GNU.sparse.name", "GNU.sparse.size", "GNU.sparse.map", "GNU.sparse.major", "GNU.sparse.minor":
		return true
	}
	return false
}

// parsePax parses records of the form "length keyword=value\n" and stores those in use in the map; a later one replaces
// an earlier one. It returns false if the text is invalid.
func parsePax(text []byte, records map[string]string) bool {
	for len(text) > 0 && text[0] != 0 {
		digits := 0
		for digits < len(text) && digits < 20 && text[digits] >= '0' && text[digits] <= '9' {
			digits++
		}
		length, err := strconv.Atoi(string(text[:digits]))
		if err != nil || digits >= len(text) || text[digits] != ' ' || length < 5 || length > len(text) || length <= digits+1 {
			return false
		}
		key, value, found := bytes.Cut(text[digits+1:length-1], []byte("="))
		if len(key) == 0 || !found || text[length-1] != '\n' {
			return false
		}
		if counts(string(key)) {
			records[string(key)] = string(value)
		}
		text = text[length:]
	}
	return true
}
