package pep

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
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
	Name       string
	SHA256     string    // lower-case hex; empty if the index does not give it
	MD5        string    // lower-case hex; the only digest of some older indexes
	BLAKE2b    string    // lower-case hex, of 256 or of 512 bits; empty if the index does not give it
	URL        string    // of a file without a digest, as the page has it, perhaps relative to the page; else empty
	Provenance string    // URL of the provenance (PEP 740); empty if there is none
	Size       int64     // in bytes; 0 if the index does not say
	Uploaded   time.Time // zero if the index does not say
	Yanked     bool
}

// ErrNoListing is wrapped by the errors of ParseListing and ParseListingHTML if the text is not a listing, such as a
// login page.
var ErrNoListing = errors.New("no project listing of a simple index")

// page and pageFile mirror the JSON format. Values that may have several types are kept raw.
type page struct {
	Name   string          `json:"name"`
	Status json.RawMessage `json:"project-status"`
	Files  *[]pageFile     `json:"files"`
}

type pageFile struct {
	Filename   string            `json:"filename"`
	URL        string            `json:"url"`
	Hashes     map[string]string `json:"hashes"`
	Provenance json.RawMessage   `json:"provenance"`
	Size       json.RawMessage   `json:"size"`
	Uploaded   json.RawMessage   `json:"upload-time"`
	Yanked     json.RawMessage   `json:"yanked"`
}

// ParseListing parses the project page of a simple index in its JSON form. Unknown keys are ignored; what only newer
// indexes give (size, upload time, provenance, status) may be missing or null. If the text is not such a page, or does
// not name its files, the error wraps ErrNoListing.
func ParseListing(simpleJSON []byte) (Listing, error) {
	var p page
	if err := json.Unmarshal(simpleJSON, &p); err != nil {
		return Listing{}, noListing(describe(simpleJSON, err))
	}
	if p.Files == nil {
		return Listing{}, noListing(`it has no "files"`)
	}
	l := Listing{Project: Normalize(p.Name), Exists: true, Status: status(p.Status)}
	for i, f := range *p.Files {
		if f.Filename == "" {
			return Listing{}, noListing(fmt.Sprintf(`file %d has no "filename"`, i+1))
		}
		l.Files = append(l.Files, f.indexFile())
	}
	return l, nil
}

func (f pageFile) indexFile() IndexFile {
	file := IndexFile{
		Name:       f.Filename,
		SHA256:     strings.ToLower(f.Hashes["sha256"]),
		MD5:        strings.ToLower(f.Hashes["md5"]),
		BLAKE2b:    cmp.Or(blake2b(f.Hashes["blake2_256"]), blake2b(f.Hashes["blake2b"])),
		Provenance: optional[string](f.Provenance),
		Size:       optional[int64](f.Size),
		Uploaded:   optional[time.Time](f.Uploaded),
		Yanked:     yanked(f.Yanked),
	}
	return file.withURL(f.URL)
}

// blake2b returns a BLAKE2b digest of 256 or of 512 bits in lower-case hex; empty if text is neither. Indexes call both blake2b.
func blake2b(text string) string { return cmp.Or(digestOf(text, 32), digestOf(text, 64)) }

// withURL returns the file with its address, without the fragment, if the index gives no digest. Listings are long: nobody needs the
// others.
func (f IndexFile) withURL(address string) IndexFile {
	if f.SHA256 == "" && f.BLAKE2b == "" && f.MD5 == "" {
		f.URL, _, _ = strings.Cut(strings.TrimSpace(address), "#")
	}
	return f
}

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

func describe(text []byte, err error) string {
	start := strings.ToLower(strings.TrimSpace(string(text[:min(len(text), 64)])))
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
