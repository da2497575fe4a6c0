package warehouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
)

// An index with [Options.Keep] writes its tables to its folder: projects, releases and files, the file names that cannot be used again,
// limits, publishers, and the API tokens. The upload tokens issued for publishers are not written: such a token is valid for minutes only.
//
// The files are in the folder as they were uploaded. The tables are one JSON document beside them, which is replaced as a whole before a
// change is answered. One process at a time may use a folder; an index notices a second one when it writes.

const (
	stateName    = "stage.json"
	stateFormat  = "pypi-oidc-publish stage"
	stateVersion = 3 // version 1 had of the metadata the summary alone, and version 2 no publishers and limits
	// stateLimit is the maximum size of a document, in bytes: enough for about a hundred thousand files.
	stateLimit = 64 << 20
)

// snapshot stores the tables on disk.
type snapshot struct {
	path  string      // empty if nothing is stored
	last  fs.FileInfo // the document as it was last read or written; nil before that
	dirty bool        // the tables differ from the document
}

// state is the JSON document of the tables.
type state struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	User     string         `json:"user"` // id of the only user, which API tokens name
	Seq      uint64         `json:"seq"`
	Projects []projectState `json:"projects"`
	Used     []string       `json:"used"` // file names that cannot be used again
	Tokens   []tokenState   `json:"tokens"`
	Limits   limits         `json:"limits,omitzero"`

	Publishers []publisherState `json:"publishers,omitempty"`
}

// publisherState describes a publisher, or one that is pending.
type publisherState struct {
	ID          string   `json:"id,omitempty"` // of one that is not pending
	Owner       string   `json:"owner"`
	OwnerID     string   `json:"owner_id"`
	Repository  string   `json:"repository"`
	Workflow    string   `json:"workflow"`
	Environment string   `json:"environment,omitempty"`
	Projects    []string `json:"projects"`
	Pending     bool     `json:"pending,omitempty"`
}

type projectState struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Status   string         `json:"status"`
	Created  time.Time      `json:"created"`
	Seq      uint64         `json:"seq"`
	Serial   uint64         `json:"serial"`
	Releases []releaseState `json:"releases"`
	Files    []fileState    `json:"files"` // in upload order
	Limits   limits         `json:"limits,omitzero"`
}

type releaseState struct {
	Version        string    `json:"version"`
	Created        time.Time `json:"created"`
	Seq            uint64    `json:"seq"`
	RequiresPython string    `json:"requires_python,omitempty"`
	Summary        string    `json:"summary,omitempty"` // of version 1
	Yanked         *string   `json:"yanked,omitempty"`

	Metadata map[string][]string `json:"metadata,omitempty"`
}

type fileState struct {
	Name         string    `json:"name"`
	Release      string    `json:"release"` // its version
	Type         string    `json:"type"`    // sdist or bdist_wheel
	Python       string    `json:"python"`
	Size         int64     `json:"size"`
	SHA256       string    `json:"sha256"`
	MD5          string    `json:"md5"`
	BLAKE2b      string    `json:"blake2b_256"`
	Uploaded     time.Time `json:"uploaded"`
	Seq          uint64    `json:"seq"`
	Uploader     string    `json:"uploader,omitempty"`
	CoreMetadata string    `json:"core_metadata_sha256,omitempty"`

	Provenance *attestation.Provenance `json:"provenance,omitempty"`
}

// tokenState describes an API token. It is a credential, so that the document is readable by its owner alone.
type tokenState struct {
	ID      string    `json:"id"`
	Root    []byte    `json:"root"`
	Caveats []string  `json:"caveats"`
	Created time.Time `json:"created"`
	Seq     uint64    `json:"seq"`
}

// restore reads the tables of an earlier start, or begins with empty ones. If it does not understand the document, it returns an error
// and leaves the document as it is.
func (ix *Index) restore() error {
	ix.saved.path = filepath.Join(ix.dir, stateName)
	text, err := ix.saved.read()
	if errors.Is(err, fs.ErrNotExist) {
		return ix.beginKeeping()
	}
	if err == nil {
		err = ix.load(text)
	}
	if err != nil {
		return fmt.Errorf("the index in %s cannot be opened and is left unchanged: %w; use another folder to start a new index", ix.dir,
			err)
	}
	return nil
}

// beginKeeping writes the first document, so that a folder without write permission is noticed at once. It fails if the folder has
// packages already.
func (ix *Index) beginKeeping() error {
	if _, err := os.Lstat(filepath.Join(ix.dir, packages)); err == nil {
		return fmt.Errorf("the folder %s has packages in it, but no %s that lists them: use another folder", ix.dir, stateName)
	}
	ix.saved.dirty = true
	return ix.persist()
}

// read returns the document. It fails if the document is larger than stateLimit.
func (s *snapshot) read() ([]byte, error) {
	info, err := os.Lstat(s.path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", stateName)
	}
	in, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	if s.last, err = in.Stat(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, stateLimit+1))
	if err == nil && len(text) > stateLimit {
		err = fmt.Errorf("%s has more than %d bytes", stateName, stateLimit)
	}
	return text, err
}

// parseState decodes a document that this version has written. It fails for every other one.
func parseState(text []byte) (*state, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", stateName, err)
	}
	switch {
	case head.Format != stateFormat:
		return nil, fmt.Errorf("%s belongs to another program (its format is %q)", stateName, head.Format)
	case head.Version < 1 || head.Version > stateVersion:
		return nil, fmt.Errorf("%s has version %d, but this program reads versions up to %d", stateName, head.Version, stateVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	s := &state{}
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", stateName, err)
	}
	return s, nil
}

// persist writes the tables if they have changed. As long as it fails, no change may be answered as done.
func (ix *Index) persist() error {
	if ix.saved.path == "" || !ix.saved.dirty {
		return nil
	}
	text, err := json.MarshalIndent(ix.state(), "", "  ")
	if err != nil {
		return err
	}
	if err := ix.saved.write(append(text, '\n')); err != nil {
		return fmt.Errorf("the state of the index cannot be saved: %w", err)
	}
	ix.saved.dirty = false
	return nil
}

// write replaces the document as a whole: a reader, or a start after a crash, finds the old one or the new one. It fails if another
// process has changed the document.
func (s *snapshot) write(text []byte) error {
	if len(text) > stateLimit {
		return fmt.Errorf("it has more than %d bytes", stateLimit)
	}
	if err := s.checkUnchanged(); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(s.path), "."+stateName+"-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Rename(out.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	s.last, err = os.Lstat(s.path)
	return err
}

// checkUnchanged returns an error if another process has changed the document since this index read or wrote it.
func (s *snapshot) checkUnchanged() error {
	now, err := os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // not written yet, or removed: memory has all of it
	case err != nil:
		return err
	case s.last == nil || !os.SameFile(s.last, now) || s.last.Size() != now.Size() || !s.last.ModTime().Equal(now.ModTime()):
		return fmt.Errorf("another process has changed %s: only one process may use its folder at a time", s.path)
	}
	return nil
}

// saveChanges writes changed tables to disk. It returns the refusal to send if that fails: a change counts only when it is on disk.
func (ix *Index) saveChanges() *refusal {
	if err := ix.persist(); err != nil {
		return refuse(http.StatusInternalServerError, "%v", err)
	}
	return nil
}

// Close writes what is not on disk yet. It does nothing for an index that stores nothing.
func (ix *Index) Close() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.persist()
}
