package pep

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Listing describes what an index lists for one project (PEP 691, PEP 700, PEP 792).
type Listing struct {
	Project Project
	Exists  bool   // false if the index answered that it knows no such project; ParseListing always sets it
	Status  string // such as active, archived or quarantined; empty if the index does not say
	Files   []IndexFile
}

// IndexFile is one file that an index lists.
type IndexFile struct {
	Name    string
	SHA256  string // lower-case hex; empty if the index does not give it
	MD5     string // lower-case hex; the only digest of some older indexes
	BLAKE2b string // lower-case hex, of 256 or of 512 bits; empty if the index does not give it
	URL     string // of a file without a digest or with Metadata, as the page has it, perhaps relative to the page; else empty
	// Metadata is the SHA-256 of the wheel's core metadata in lower-case hex, which the index serves beside the file (PEP 658, PEP 714). Of
	// the files of one release that stand together in the listing, only the first has it.
	Metadata   string
	Provenance string    // URL of the provenance (PEP 740); empty if there is none
	Size       int64     // in bytes; 0 if the index does not say
	Uploaded   time.Time // zero if the index does not say
	Yanked     bool
}

// ErrNoListing is wrapped by the errors of ParseListing and ParseListingHTML if the text is not a listing, such as a
// login page.
var ErrNoListing = errors.New("no project listing of a simple index")

// The limits of a listing. The longest on PyPI has some ten thousand files, of about 400 bytes each.
const (
	longestListing = 16 << 20 // bytes of memory for the files of a listing
	longestElement = 1 << 20  // bytes of one file, or of another value that is read
	longestOther   = 8 << 20  // bytes of all that is not read
	deepestElement = 1000     // levels of values inside of others
	fileMemory     = 192      // bytes that a file takes beside its texts
)

// errTooLong says that a listing takes too much memory.
var errTooLong = errors.New("it is longer than any listing should be")

// pageFile mirrors a file of the JSON format. Values that may have several types are kept raw.
type pageFile struct {
	Filename   string            `json:"filename"`
	URL        string            `json:"url"`
	Hashes     map[string]string `json:"hashes"`
	Metadata   json.RawMessage   `json:"core-metadata"`
	Earlier    json.RawMessage   `json:"dist-info-metadata"` // what core-metadata was called
	Provenance json.RawMessage   `json:"provenance"`
	Size       json.RawMessage   `json:"size"`
	Uploaded   json.RawMessage   `json:"upload-time"`
	Yanked     json.RawMessage   `json:"yanked"`
}

// ParseListing is ReadListing of a text.
func ParseListing(simpleJSON []byte) (Listing, error) {
	return ReadListing(bytes.NewReader(simpleJSON))
}

// ReadListing parses the project page of a simple index in its JSON form while it reads it. Unknown keys are ignored; what only newer
// indexes give (size, upload time, provenance, status) may be missing or null. If the text is not such a page, does not name its files, or
// has more of them than fit into the memory for a listing, the error wraps ErrNoListing. An error of r counts as the end of the text.
func ReadListing(r io.Reader) (Listing, error) {
	p := &jsonPage{text: &elementReader{r: r}}
	p.tokens = json.NewDecoder(p.text)
	if err := p.read(); err != nil {
		return Listing{}, noListing(describe(p.text.start, err))
	}
	if !p.hasFiles {
		return Listing{}, noListing(`it has no "files"`)
	}
	p.listing.Exists = true
	return p.listing, nil
}

// jsonPage collects what was found on a page.
type jsonPage struct {
	text     *elementReader
	tokens   *json.Decoder
	listing  Listing
	hasFiles bool
	held     int   // bytes of memory for the files
	other    int64 // bytes that were not read

	withMetadata firstOfRelease
}

// firstOfRelease drops what nobody needs, since listings are long: it keeps Metadata of the first file of each release alone.
type firstOfRelease struct{ before string }

// first returns the file without Metadata if the last one that had it is of the same release, and without an address that nobody needs.
func (r *firstOfRelease) first(f IndexFile) IndexFile {
	project, rest, _ := strings.Cut(f.Name, "-")
	version, _, _ := strings.Cut(rest, "-")
	switch release := project + "-" + version; {
	case f.Metadata == "":
	case f.Yanked || release == r.before:
		f.Metadata = ""
	default:
		r.before = release
	}
	if f.Metadata == "" && (f.SHA256 != "" || f.BLAKE2b != "" || f.MD5 != "") {
		f.URL = ""
	}
	f.URL, _, _ = strings.Cut(strings.TrimSpace(f.URL), "#")
	return f
}

// elementReader reads a text, but no further than some bytes after the last element.
type elementReader struct {
	r     io.Reader
	n     int64
	until int64
	start []byte // of the text
}

// Read reads from the text.
func (e *elementReader) Read(p []byte) (int, error) {
	left := e.until - e.n
	if left <= 0 {
		return 0, errTooLong
	}
	n, err := e.r.Read(p[:min(int64(len(p)), left)])
	e.n += int64(n)
	if len(e.start) < shownStart {
		e.start = append(e.start, p[:min(n, shownStart-len(e.start))]...)
	}
	return n, err
}

// token returns the next token.
func (p *jsonPage) token() (json.Token, error) {
	p.text.until = p.tokens.InputOffset() + longestElement
	return p.tokens.Token()
}

// decode parses the next value.
func (p *jsonPage) decode(value any) error {
	p.text.until = p.tokens.InputOffset() + longestElement
	return p.tokens.Decode(value)
}

// read parses the page, and sees that nothing follows it.
func (p *jsonPage) read() error {
	first, err := p.token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return fmt.Errorf("it begins with %v instead of an object", first)
	}
	for p.more() {
		key, err := p.token()
		if err != nil {
			return err
		}
		if err := p.member(key); err != nil {
			return err
		}
	}
	if _, err := p.token(); err != nil {
		return err
	}
	if _, err := p.token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of it")
	}
	return nil
}

// more reports whether the current list or object has another element.
func (p *jsonPage) more() bool {
	p.text.until = p.tokens.InputOffset() + longestElement
	return p.tokens.More()
}

// member parses one member of the page.
func (p *jsonPage) member(key json.Token) error {
	switch key {
	case "name":
		var name string
		err := p.decode(&name)
		p.listing.Project = Normalize(name)
		return err
	case "project-status":
		var raw json.RawMessage
		err := p.decode(&raw)
		p.listing.Status = status(raw)
		return err
	case "files":
		return p.files()
	default:
		return p.skip()
	}
}

// files parses the list of files, file by file.
func (p *jsonPage) files() error {
	p.listing.Files, p.hasFiles, p.held = nil, false, 0
	switch first, err := p.token(); {
	case err != nil:
		return err
	case first == nil:
		return nil
	case first != json.Delim('['):
		return fmt.Errorf(`its "files" begin with %v instead of a list`, first)
	}
	p.hasFiles = true
	for p.more() {
		var f pageFile
		if err := p.decode(&f); err != nil {
			return err
		}
		if f.Filename == "" {
			return fmt.Errorf(`file %d has no "filename"`, len(p.listing.Files)+1)
		}
		one := p.withMetadata.first(f.indexFile())
		if p.held += one.memory(); p.held > longestListing {
			return errTooLong
		}
		p.listing.Files = append(p.listing.Files, one)
	}
	_, err := p.token()
	return err
}

// skip passes over a value.
func (p *jsonPage) skip() error {
	for depth := 0; ; {
		before := p.tokens.InputOffset()
		t, err := p.token()
		if err != nil {
			return err
		}
		p.other += p.tokens.InputOffset() - before
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > deepestElement, p.other > longestOther:
			return errTooLong
		}
	}
}

// memory returns how many bytes of memory a file takes, about.
func (f IndexFile) memory() int {
	return fileMemory + len(f.Name) + len(f.SHA256) + len(f.MD5) + len(f.BLAKE2b) + len(f.URL) + len(f.Provenance) + len(f.Metadata)
}

// FilesOf returns the files of a release, by their names.
func (l Listing) FilesOf(release Release) (files []IndexFile) {
	for _, f := range l.Files {
		if of, err := ReleaseOfFile(f.Name); err == nil && of == release {
			files = append(files, f)
		}
	}
	return files
}

// Memory returns how many bytes of memory the files take, about.
func (l Listing) Memory() (bytes int) {
	for _, f := range l.Files {
		bytes += f.memory()
	}
	return bytes
}

func (f pageFile) indexFile() IndexFile {
	file := IndexFile{
		Name:       f.Filename,
		URL:        f.URL,
		SHA256:     digestOf(f.Hashes["sha256"], sha256.Size),
		MD5:        digestOf(f.Hashes["md5"], md5.Size),
		BLAKE2b:    cmp.Or(blake2b(f.Hashes["blake2_256"]), blake2b(f.Hashes["blake2b"])),
		Provenance: optional[string](f.Provenance),
		Size:       optional[int64](f.Size),
		Uploaded:   optional[time.Time](f.Uploaded),
		Yanked:     yanked(f.Yanked),
	}
	given := f.Metadata
	if len(given) == 0 {
		given = f.Earlier
	}
	if strings.HasSuffix(f.Filename, ".whl") {
		file.Metadata = digestOf(optional[map[string]string](given)["sha256"], sha256.Size)
	}
	return file
}

// blake2b returns a BLAKE2b digest of 256 or of 512 bits in lower-case hex; empty if text is neither. Indexes call both blake2b.
func blake2b(text string) string { return cmp.Or(digestOf(text, 32), digestOf(text, 64)) }

// optional parses a value that an index may omit; a value of an unexpected type counts as omitted.
func optional[T any](raw json.RawMessage) T {
	var value T
	if len(raw) == 0 || json.Unmarshal(raw, &value) != nil {
		var none T
		return none
	}
	return value
}

// yanked follows PEP 691: a file is yanked if the value is true or a non-empty text with the reason.
func yanked(raw json.RawMessage) bool {
	return optional[bool](raw) || optional[string](raw) != ""
}

func status(raw json.RawMessage) string {
	return optional[struct {
		Status string `json:"status"`
	}](raw).Status
}

// shownStart is how many bytes at the start of a text are looked at to say what it is.
const shownStart = 64

func describe(text []byte, err error) string {
	start := strings.ToLower(strings.TrimSpace(string(text)))
	switch {
	case start == "":
		return "it is empty"
	case strings.HasPrefix(start, "<"):
		return "it looks like HTML or XML"
	default:
		return err.Error()
	}
}

func noListing(why string) error {
	return fmt.Errorf("%w: %s; check the URL of the simple index", ErrNoListing, why)
}
