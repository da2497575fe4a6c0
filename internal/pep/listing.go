package pep

import (
	"crypto/md5"
	"crypto/sha256"
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
	return IndexFile{
		Name:       f.Filename,
		SHA256:     digestOf(f.Hashes["sha256"], sha256.Size),
		MD5:        digestOf(f.Hashes["md5"], md5.Size),
		Provenance: optional[string](f.Provenance),
		Size:       optional[int64](f.Size),
		Uploaded:   optional[time.Time](f.Uploaded),
		Yanked:     yanked(f.Yanked),
	}
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
