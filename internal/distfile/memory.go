package distfile

import (
	"context"
	"crypto/sha256"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secretscan"
)

// Limits of the memory that the metadata of a run takes. They are far above what packages need. What exceeds them is read again when it is
// sent.
const (
	longestHeld  = 8 << 20   // bytes of one metadata that is held as a whole
	mostFields   = 1 << 14   // headers of one metadata that is held as a whole
	heldInRun    = 32 << 20  // bytes of all metadata that is held as a whole
	longestPart  = 256 << 10 // bytes of the headers that are held of other metadata
	partsInRun   = 8 << 20   // bytes of the headers that are held of all other metadata
	longestShown = 4 << 10   // bytes of a value that is held in any case

	longestEntryPoints = 1 << 20 // bytes of an entry_points.txt that is checked
	fieldMemory        = 32      // bytes that a header takes beside its text

	unpackedInRun = 64 << 30 // bytes that the files of a run unpack together: about five minutes of one processor
)

// Reader reads the files of a run, within the memory that a run may take. It is safe for concurrent use.
type Reader struct {
	budget *archive.Budget // for what the files of the run unpack together

	cores   int          // how many there are
	reading atomic.Int32 // how many files are read now

	buffers  archive.Buffers
	chunks   sync.Pool // of *[]byte, each of the size of a chunk
	scanners sync.Pool // of *secretscan.Scanner, each of which has a buffer

	large chan struct{} // has a value while a file takes much memory, which is one at a time

	mu    sync.Mutex
	known map[[sha256.Size]byte]*metadata
	held  int // bytes of metadata that is held as a whole
	parts int // bytes of headers of other metadata
}

// NewReader returns a reader for the files of one run.
func NewReader() *Reader {
	scanner := secretscan.New(isMacaroon)
	return &Reader{
		cores: runtime.GOMAXPROCS(0), budget: archive.NewBudget(unpackedInRun),
		scanners: sync.Pool{New: func() any { return scanner() }},
		large:    make(chan struct{}, 1), known: map[[sha256.Size]byte]*metadata{},
	}
}

// scanner returns a scanner for one file. It is put back into scanners when all of the file is scanned, and not after an error, so that it
// brings nothing of one file into another.
func (r *Reader) scanner() *secretscan.Scanner {
	return r.scanners.Get().(*secretscan.Scanner) // the pool makes what it does not have
}

// start begins a function at the same time, if fewer files are read than there are cores, or else calls it. It returns what waits for its
// end.
func (r *Reader) start(do func()) (wait func() error) {
	if int(r.reading.Load()) >= r.cores {
		do()
		return func() error { return nil }
	}
	ended := par.Start(func() error {
		do()
		return nil
	})
	return func() error { return <-ended }
}

// turn is a file's permission to take much memory.
type turn struct {
	ctx   context.Context
	of    *Reader
	begun bool
}

// begin waits until no other file takes much memory.
func (t *turn) begin() error {
	if t.begun {
		return nil
	}
	select {
	case t.of.large <- struct{}{}:
		t.begun = true
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}

// end lets another file begin.
func (t *turn) end() {
	if t.begun {
		t.begun = false
		<-t.of.large
	}
}

// metadata holds core metadata, or a part of it.
type metadata struct {
	partial           bool
	headers           []Field
	body, description string
	endedAt           *Line
}

// hold returns what is held of a text of core metadata with this digest. The files of a release usually have the same, which is held once.
func (r *Reader) hold(text string, digest [sha256.Size]byte) *metadata {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known[digest]; known != nil {
		return known
	}
	m := r.whole(text)
	if m == nil {
		m = r.part(text)
	}
	r.known[digest] = m
	return m
}

// whole returns all of the metadata, or nil if it takes too much memory.
func (r *Reader) whole(text string) *metadata {
	if len(text) > min(longestHeld, heldInRun-r.held) {
		return nil
	}
	m := &metadata{}
	for h := range fieldsOf(text) {
		if len(m.headers) == mostFields {
			return nil
		}
		m.headers = append(m.headers, h)
	}
	_, m.body, m.endedAt = split(text)
	if m.description = m.body; m.body == "" {
		m.description = dedent(firstOf(m.headers, "Description"))
	}
	cost := len(text) + fieldMemory*cap(m.headers)
	if m.body == "" {
		cost += len(m.description)
	}
	if r.held+cost > heldInRun {
		return nil
	}
	r.held += cost
	return m
}

// part returns the beginning of the metadata, and in any case the headers that say which release it is of.
func (r *Reader) part(text string) *metadata {
	m, size := &metadata{partial: true}, 0
	last := map[string]int{} // of the headers of a release, the index of the last one
	for h := range fieldsOf(text) {
		key := strings.ToLower(shown(h.Name))
		if key == "metadata-version" || key == "name" || key == "version" {
			h = Field{strings.Clone(h.Name), strings.Clone(shown(h.Value))}
			if at, again := last[key+"2"]; again {
				m.headers[at] = h
				continue
			}
			if _, again := last[key]; again {
				last[key+"2"] = len(m.headers)
			}
			last[key] = len(m.headers)
			m.headers = append(m.headers, h)
			continue
		}
		cost := len(h.Name) + len(h.Value) + fieldMemory
		if size+cost > longestPart || r.parts+cost > partsInRun {
			continue
		}
		size, r.parts = size+cost, r.parts+cost
		m.headers = append(m.headers, Field{strings.Clone(h.Name), strings.Clone(h.Value)})
	}
	if _, _, ended := split(text); ended != nil {
		m.endedAt = &Line{Number: ended.Number, Text: strings.Clone(shown(ended.Text))}
	}
	return m
}

func shown(text string) string { return text[:min(len(text), longestShown)] }
