package warehouse

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The tables of the index. Index.mu guards all of them.

// stamp records when a row was written: the time by the index's clock, and a number that counts commits.
//
// A request sees the tables as they were when it began. If it conflicts with a unique row that another request wrote since then, PyPI's
// database refuses it, which the client sees as a 500 (docs/reference/pypi-server.md §3, the races).
type stamp struct {
	at  time.Time
	seq uint64
}

// unseenBy reports whether the row was written after a request began.
func (s stamp) unseenBy(began uint64) bool { return s.seq > began }

// overtaken reports whether a request that began then loses the race for a row.
func (ix *Index) overtaken(s stamp, began uint64) bool {
	if !s.unseenBy(began) || ix.behavior.Races == RacesNone {
		return false
	}
	ix.races++
	return ix.behavior.Races == RacesEvery || ix.races%2 == 1
}

type project struct {
	stamp
	id       string // UUID, which ProjectID caveats name
	key      pep.Project
	name     string // as last spelled by a file's metadata
	status   string // "active", "archived", "archived-noindex", "quarantine-enter"
	releases map[string]*release
	files    []*file // in upload order
	serial   uint64
	limits   limits
}

type release struct {
	stamp
	version        string // as the first file's metadata has it, normalized
	requiresPython string
	metadata       map[string][]string // fields of the first file's form that the JSON API shows, by their names there
	yanked         *string             // why its owner has yanked it, which may be empty; nil if it is not
}

type file struct {
	stamp
	name            string
	project         *project
	release         *release
	kind            string // "sdist" or "bdist_wheel"
	python          string // the form's pyversion
	size            int64
	sha256          string
	md5             string
	blake2          string
	path            string                  // relative to the folder of the index, and to /files/
	uploader        string                  // User-Agent
	coreMetadataSHA string                  // SHA-256 of the metadata file beside a wheel, or empty
	provenance      *attestation.Provenance // nil if it was uploaded without attestations
}

// publisher is a Trusted Publisher: a workflow that may upload to projects.
type publisher struct {
	id          string // UUID, which OIDCPublisher caveats name
	owner       string
	ownerID     string
	repository  string // without the owner
	workflow    string
	environment string // lower case; empty means any
	projects    []*project
}

// pending is a publisher of a project that does not exist yet.
type pending struct {
	publisher
	project  string
	consumed stamp // when it became a publisher; zero until then
	restored bool  // it was there at the start
}

// issuedToken is the index's record of an issued upload token.
type issuedToken struct {
	stamp
	id        string
	root      []byte     // root key of the HMAC chain
	publisher *publisher // nil for a user's API token
	user      string     // id of the user, for an API token
	caveats   []string
	expires   time.Time // zero for a user's API token
	burned    bool
	burnedAt  time.Time
	forgotten bool // it was never stored, or went with its publisher: nobody knows it any more
	uses      int
	raw       string
}

// stampNow returns the stamp of a row that is written now.
func (ix *Index) stampNow() stamp {
	ix.seq++
	return stamp{at: ix.now(), seq: ix.seq}
}

// newProject returns a new project with name as its spelling. The caller adds it to the index.
func (ix *Index) newProject(name string) *project {
	p := &project{
		stamp: ix.stampNow(), id: uuid(), key: pep.Normalize(name), name: name,
		status: statusActive, releases: map[string]*release{},
	}
	p.serial = p.seq
	return p
}

// addProject creates a project and adds it to the index.
func (ix *Index) addProject(name string) *project {
	p := ix.newProject(name)
	ix.projects[p.key] = p
	ix.saved.dirty = true
	return p
}

// fileNamed returns the file with this name, or nil.
func (ix *Index) fileNamed(name string) *file {
	for _, p := range ix.projects {
		for _, f := range p.files {
			if f.name == name {
				return f
			}
		}
	}
	return nil
}

// fileWithDigest returns a file that has one of the digests of b, or nil.
func (ix *Index) fileWithDigest(b blob) *file {
	for _, p := range ix.projects {
		for _, f := range p.files {
			if f.sha256 == b.sha256 || f.blake2 == b.blake2 || f.md5 == b.md5 {
				return f
			}
		}
	}
	return nil
}

// size returns the total size of the project's files in bytes.
func (p *project) size() int64 {
	var sum int64
	for _, f := range p.files {
		sum += f.size
	}
	return sum
}

// uuid returns a random UUID (RFC 9562, version 4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails: it ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
