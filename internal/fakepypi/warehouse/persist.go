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

// An index with [Options.Keep] writes its tables to its folder: projects, releases and files, the names that are used for
// ever, and the API tokens. Publishers, and the upload tokens minted for them, are not kept: whoever starts the index sets
// its publishers up, and such a token lives minutes.
//
// The files lie in the folder as they were uploaded; the tables are one JSON document beside them, replaced as a whole
// before a change is answered. One process at a time may use a folder: a second one is noticed when it writes.

const (
	stateName    = "stage.json"
	stateFormat  = "pypi-oidc-publish stage"
	stateVersion = 1
	// stateLimit bounds what is read of a state, in bytes: that of about a hundred thousand files.
	stateLimit = 64 << 20
)

// shelf is the place of the tables on disk.
type shelf struct {
	path  string      // empty where nothing is kept
	last  fs.FileInfo // the document as it was read or written last; nil before that
	dirty bool        // the tables differ from the document
}

// state is the document.
type state struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	User     string         `json:"user"` // id of the one user, which API tokens name
	Seq      uint64         `json:"seq"`
	Projects []projectState `json:"projects"`
	Used     []string       `json:"used"` // file names, for ever
	Tokens   []tokenState   `json:"tokens"`
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
}

type releaseState struct {
	Version        string    `json:"version"`
	Created        time.Time `json:"created"`
	Seq            uint64    `json:"seq"`
	RequiresPython string    `json:"requires_python,omitempty"`
	Summary        string    `json:"summary,omitempty"`
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
	Yanked       string    `json:"yanked,omitempty"`

	Provenance *attestation.Provenance `json:"provenance,omitempty"`
}

// tokenState is an API token. It is a credential: the document is readable by its owner alone.
type tokenState struct {
	ID      string    `json:"id"`
	Root    []byte    `json:"root"`
	Caveats []string  `json:"caveats"`
	Created time.Time `json:"created"`
	Seq     uint64    `json:"seq"`
}

// restore reads the tables of an earlier start, or begins with none. What it cannot understand is an error, and stays as
// it is.
func (ix *Index) restore() error {
	ix.shelf.path = filepath.Join(ix.dir, stateName)
	text, err := ix.shelf.read()
	if errors.Is(err, fs.ErrNotExist) {
		return ix.beginKeeping()
	}
	if err == nil {
		err = ix.load(text)
	}
	if err != nil {
		return fmt.Errorf("the index in %s cannot be opened and is left unchanged: %w; use another folder to start a new index", ix.dir, err)
	}
	return nil
}

// beginKeeping writes the first document, so that a folder that cannot be written to is noticed at once.
func (ix *Index) beginKeeping() error {
	if _, err := os.Lstat(filepath.Join(ix.dir, "packages")); err == nil {
		return fmt.Errorf("the folder %s contains packages, but no %s that lists them: use another folder", ix.dir, stateName)
	}
	ix.shelf.dirty = true
	return ix.persist()
}

// read returns the document, bounded.
func (s *shelf) read() ([]byte, error) {
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

// parseState reads a document that this version has written.
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
	case head.Version != stateVersion:
		return nil, fmt.Errorf("%s has version %d, but this program reads version %d", stateName, head.Version, stateVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	s := &state{}
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", stateName, err)
	}
	return s, nil
}

// persist writes the tables if they have changed. As long as it fails, nothing that is new may be answered as done.
func (ix *Index) persist() error {
	if ix.shelf.path == "" || !ix.shelf.dirty {
		return nil
	}
	text, err := json.MarshalIndent(ix.state(), "", "  ")
	if err != nil {
		return err
	}
	if err := ix.shelf.write(append(text, '\n')); err != nil {
		return fmt.Errorf("the state of the index cannot be saved: %w", err)
	}
	ix.shelf.dirty = false
	return nil
}

// write replaces the document as a whole: a reader, or a start after a crash, finds the old one or the new one.
func (s *shelf) write(text []byte) error {
	if len(text) > stateLimit {
		return fmt.Errorf("it has more than %d bytes", stateLimit)
	}
	if err := s.ours(); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(s.path), "."+stateName+"-*") // of mode 0600
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

// ours tells whether the document is still the one that this index knows.
func (s *shelf) ours() error {
	now, err := os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // the first one, or it was removed: what is in memory is all there is
	case err != nil:
		return err
	case s.last == nil || !os.SameFile(s.last, now) || s.last.Size() != now.Size() || !s.last.ModTime().Equal(now.ModTime()):
		return fmt.Errorf("another process has changed %s: only one process may use its folder at a time", s.path)
	}
	return nil
}

// kept answers a change, which counts only when it is on disk.
func (ix *Index) kept() *refusal {
	if err := ix.persist(); err != nil {
		return refuse(http.StatusInternalServerError, "%v", err)
	}
	return nil
}

// Close writes what is not on disk yet. An index that keeps nothing has nothing to close.
func (ix *Index) Close() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.persist()
}
