package warehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// What the stage's owner can see and do directly, without HTTP: what the administrators and the project's owners do on
// the real index's pages.

// Publisher is a Trusted Publisher as it is registered (docs/reference/pypi-server.md §4.4).
type Publisher struct {
	Owner, OwnerID string // GitHub's spelling: letter case counts
	Repository     string // without the owner
	Workflow       string // file name
	Environment    string // empty means any
	Project        pep.Project
	Pending        bool // the project does not exist; the first mint creates it
}

// Trust registers a publisher. Unless it is pending, its project is created if need be.
func (ix *Index) Trust(p Publisher) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	row := publisher{
		owner: p.Owner, ownerID: p.OwnerID, repository: p.Repository, workflow: p.Workflow,
		environment: strings.ToLower(p.Environment),
	}
	if p.Pending {
		ix.pending = append(ix.pending, &pending{publisher: row, project: string(p.Project)})
		return
	}
	ix.attach(row, ix.ensure(p.Project))
}

func (ix *Index) ensure(name pep.Project) *project {
	if p := ix.projects[normalize(string(name))]; p != nil {
		return p
	}
	return ix.addProject(string(name))
}

// SetStatus changes a project's status: active, archived, archived-noindex or quarantined. The project is created if
// need be.
func (ix *Index) SetStatus(name pep.Project, status string) error {
	if !slices.Contains(statuses(), status) {
		return fmt.Errorf("a project cannot be %q", status)
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p := ix.ensure(name)
	p.status = status
	p.serial = ix.stampNow().seq
	ix.shelf.dirty = true
	return ix.persist()
}

// apiLocation is what API tokens say of where they are for.
const apiLocation = "rehearsal"

// APIToken makes a token of the stage's one user, valid for the projects named or, without any, for all. It may create
// projects.
func (ix *Index) APIToken(projects ...pep.Project) (string, error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	g := grant{user: ix.user, caveats: []string{macaroon.User(ix.user)}}
	if len(projects) > 0 {
		g.caveats = append(g.caveats, macaroon.ProjectNames(projects))
	}
	raw := ix.newGrant(g, apiLocation).raw
	ix.shelf.dirty = true
	return raw, ix.persist()
}

// StandingToken is the API token for all projects that an earlier start has made and kept, or else a new one.
func (ix *Index) StandingToken() (string, error) {
	ix.mu.Lock()
	grants := ix.apiGrants()
	ix.mu.Unlock()
	for _, g := range grants {
		if len(g.caveats) == 1 { // the user's, and no project's
			return g.raw, nil
		}
	}
	return ix.APIToken()
}

// Has tells whether the index knows the project.
func (ix *Index) Has(name pep.Project) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.projects[normalize(string(name))] != nil
}

// Token is the state of one upload token that the index has minted.
type Token struct {
	ID       string
	Minted   time.Time
	Expires  time.Time // zero for an API token
	Burned   bool
	BurnedAt time.Time
	Uses     int           // uploads that it was good for
	Projects []pep.Project // empty for an API token
}

// Tokens returns all upload tokens in the order in which they were made.
func (ix *Index) Tokens() []Token {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	grants := make([]*grant, 0, len(ix.grants))
	for _, g := range ix.grants {
		grants = append(grants, g)
	}
	slices.SortFunc(grants, func(a, b *grant) int { return cmp.Compare(a.seq, b.seq) })
	tokens := make([]Token, len(grants))
	for i, g := range grants {
		tokens[i] = Token{ID: g.id, Minted: g.at, Expires: g.expires, Burned: g.burned, BurnedAt: g.burnedAt, Uses: g.uses}
		if g.publisher != nil {
			for _, p := range g.publisher.projects {
				tokens[i].Projects = append(tokens[i].Projects, p.key)
			}
		}
	}
	return tokens
}

// File is one file that the index holds.
type File struct {
	Name     string
	SHA256   string // lower-case hex
	Size     int64
	Project  pep.Project
	Version  string // of the release, normalized
	Uploaded time.Time
}

// Files returns what the index holds, in the order in which it was uploaded.
func (ix *Index) Files() []File {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	var held []*file
	for _, p := range ix.projects {
		held = append(held, p.files...)
	}
	slices.SortFunc(held, func(a, b *file) int { return cmp.Compare(a.seq, b.seq) })
	files := make([]File, len(held))
	for i, f := range held {
		files[i] = File{Name: f.name, SHA256: f.sha256, Size: f.size, Project: f.project.key, Version: f.release.version, Uploaded: f.at}
	}
	return files
}

// Remove deletes a file, as its owner can. Its name stays used for ever (row 62). Its release stays, empty if it was the
// last.
func (ix *Index) Remove(name string) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	f := ix.held(name)
	if f == nil {
		return fmt.Errorf("the index holds no file %q", name)
	}
	f.project.files = slices.DeleteFunc(f.project.files, func(g *file) bool { return g == f })
	f.project.serial = ix.stampNow().seq
	ix.shelf.dirty = true
	return ix.persist()
}
