package warehouse

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The tables of the index. All of them are guarded by Index.mu.

// stamp tells when a row was written: the stage's clock, and a number that counts commits.
//
// A request sees the tables as they were when it began. Where it runs into a unique row that another request wrote
// since then, the database refuses it, which the client sees as a 500 (docs/reference/pypi-server.md §3, the races).
type stamp struct {
	at  time.Time
	seq uint64
}

// unseenBy reports whether the row was written after a request began.
func (s stamp) unseenBy(began uint64) bool { return s.seq > began }

type project struct {
	stamp
	id       string // UUID; what a ProjectID caveat names
	key      pep.Project
	name     string // as last spelled by a file's metadata
	status   string // "active", "archived", "archived-noindex", "quarantine-enter"
	releases map[string]*release
	files    []*file // in upload order
	serial   uint64
}

type release struct {
	stamp
	version        string // as the first file's metadata has it, normalized
	requiresPython string
	summary        string
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
	path            string // below the folder of the index and below /files/
	uploader        string // User-Agent
	coreMetadataSHA string // of the metadata file beside a wheel, or empty
	yanked          string
	provenance      *attestation.Provenance // nil where it came without attestations
}

// publisher is a Trusted Publisher: a workflow that may upload to projects.
type publisher struct {
	id          string // UUID; what an OIDCPublisher caveat names
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
	consumed stamp // when it was turned into a publisher; zero as long as it was not
}

// grant is the index's own record of an upload token.
type grant struct {
	stamp
	id        string
	root      []byte     // the key of the HMAC chain
	publisher *publisher // nil for a user's API token
	user      string     // id of the user, for an API token
	caveats   []string
	expires   time.Time // zero for a user's API token
	burned    bool
	burnedAt  time.Time
	uses      int
	raw       string
}

func (ix *Index) stampNow() stamp {
	ix.seq++
	return stamp{at: ix.now(), seq: ix.seq}
}

// newProject makes a project under the spelling of name. It is not in the index before it is put there.
func (ix *Index) newProject(name string) *project {
	p := &project{
		stamp: ix.stampNow(), id: uuid(), key: pep.Normalize(name), name: name,
		status: statusActive, releases: map[string]*release{},
	}
	p.serial = p.seq
	return p
}

// addProject creates a project.
func (ix *Index) addProject(name string) *project {
	p := ix.newProject(name)
	ix.projects[p.key] = p
	ix.shelf.dirty = true
	return p
}

// held finds a file by name.
func (ix *Index) held(name string) *file {
	for _, p := range ix.projects {
		for _, f := range p.files {
			if f.name == name {
				return f
			}
		}
	}
	return nil
}

// heldBytes finds a file by content.
func (ix *Index) heldBytes(b blob) *file {
	for _, p := range ix.projects {
		for _, f := range p.files {
			if f.sha256 == b.sha256 || f.blake2 == b.blake2 || f.md5 == b.md5 {
				return f
			}
		}
	}
	return nil
}

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
