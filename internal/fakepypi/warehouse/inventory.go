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

// This file has what the owner of a test index can read and change directly, without HTTP: what administrators and project owners do on
// PyPI's web pages.

// Publisher describes a Trusted Publisher as it is registered (docs/reference/pypi-server.md §4.4).
type Publisher struct {
	Owner, OwnerID string      // GitHub's spelling: letter case counts
	Repository     string      // without the owner
	Workflow       string      // file name
	Environment    string      // empty means any
	Project        pep.Project // the project that it may upload to
	Pending        bool        // the project does not exist yet; the first mint creates it
}

// AddPublisher registers a publisher. Unless the publisher is pending, it creates its project if that does not exist. It fails for a
// second pending publisher with the same owner, repository, workflow and environment (docs/reference/pypi-server.md §4.5), unless the
// first was there at the start and is for the same project, and if the change cannot be written to disk.
func (ix *Index) AddPublisher(p Publisher) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	row := publisher{
		owner: p.Owner, ownerID: p.OwnerID, repository: p.Repository, workflow: p.Workflow,
		environment: strings.ToLower(p.Environment),
	}
	if !p.Pending {
		ix.attach(row, ix.ensure(p.Project))
		return ix.persist()
	}
	for _, have := range ix.pending {
		if have.consumed.seq == 0 && have.sameRun(row) {
			if have.restored && normalize(have.project) == normalize(string(p.Project)) && have.ownerID == row.ownerID {
				return nil
			}
			return fmt.Errorf("there is a pending publisher of %s/%s with the workflow %s and %s already, for the project %s: "+
				"the index takes one of them for all projects", row.owner, row.repository, row.workflow, environmentName(row.environment),
				have.project)
		}
	}
	ix.pending = append(ix.pending, &pending{publisher: row, project: string(p.Project)})
	ix.saved.dirty = true
	return ix.persist()
}

// sameRun reports whether two publishers have the same four values that a person enters.
func (p *publisher) sameRun(other publisher) bool {
	return p.owner == other.owner && p.repository == other.repository && p.workflow == other.workflow && p.environment == other.environment
}

// environmentName returns an environment for people.
func environmentName(name string) string {
	if name == "" {
		return "any environment"
	}
	return "the environment " + name
}

// ensure returns the project with this name; it creates the project if that does not exist.
func (ix *Index) ensure(name pep.Project) *project {
	if p := ix.projects[normalize(string(name))]; p != nil {
		return p
	}
	return ix.addProject(string(name))
}

// SetStatus sets a project's status to active, archived, archived-noindex or quarantined. It creates the project if that does not exist.
// It fails for any other status, and if the change cannot be written to disk.
func (ix *Index) SetStatus(name pep.Project, status string) error {
	if !slices.Contains(statuses(), status) {
		return fmt.Errorf("a project cannot be %q: write active, archived, archived-noindex or quarantined", status)
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p := ix.ensure(name)
	p.status = status
	p.serial = ix.stampNow().seq
	ix.saved.dirty = true
	return ix.persist()
}

// SetLimits sets the maximum sizes of a file and of a project, in bytes; 0 means the default. Without a name they are those of all projects
// that have none of their own. It creates the project if that does not exist, and fails if the change cannot be written to disk.
func (ix *Index) SetLimits(name pep.Project, file, total int64) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if name == "" {
		ix.behavior.FileLimit, ix.behavior.ProjectLimit = file, total
	} else {
		ix.ensure(name).limits = limits{File: file, Project: total}
	}
	ix.saved.dirty = true
	return ix.persist()
}

// Yank yanks a release for a reason, as the project's owner can: installers leave out its files, those that are added later too. Yank
// fails if there is no such release, and if the change cannot be written to disk.
func (ix *Index) Yank(r pep.Release, reason string) error { return ix.setYanked(r, &reason) }

// Unyank takes a yank back. It does nothing to a release that is not yanked. It fails if there is no such release, and if the change
// cannot be written to disk.
func (ix *Index) Unyank(r pep.Release) error { return ix.setYanked(r, nil) }

// setYanked yanks a release for a reason, or takes the yank back if reason is nil.
func (ix *Index) setYanked(r pep.Release, reason *string) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p := ix.projects[r.Project]
	if p == nil || p.releases[r.Version] == nil {
		return fmt.Errorf("the index has no release %s of %q", r.Version, r.Project)
	}
	p.releases[r.Version].yanked = reason
	p.serial = ix.stampNow().seq
	ix.saved.dirty = true
	return ix.persist()
}

// Distrust removes all publishers of a project. As on PyPI, a publisher that is left without a project goes, and with it its upload tokens.
// Distrust fails if the change cannot be written to disk.
func (ix *Index) Distrust(name pep.Project) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.publishers = slices.DeleteFunc(ix.publishers, func(have *publisher) bool {
		have.projects = slices.DeleteFunc(have.projects, func(p *project) bool { return p.key == normalize(string(name)) })
		return len(have.projects) == 0
	})
	for _, g := range ix.tokens {
		g.forgotten = g.forgotten || g.publisher != nil && len(g.publisher.projects) == 0
	}
	ix.saved.dirty = true
	return ix.persist()
}

// apiLocation is the location in the macaroons of API tokens.
const apiLocation = "rehearsal"

// APIToken creates and returns an API token of the only user. It is valid for the projects named or, without any, for all, and may create
// projects. APIToken fails if the token cannot be written to disk.
func (ix *Index) APIToken(projects ...pep.Project) (string, error) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	g := issuedToken{user: ix.user, caveats: []string{macaroon.User(ix.user)}}
	if len(projects) > 0 {
		g.caveats = append(g.caveats, macaroon.ProjectNames(projects))
	}
	raw := ix.newToken(g, apiLocation).raw
	ix.saved.dirty = true
	return raw, ix.persist()
}

// PersistentToken returns the API token for all projects that an earlier start has created and stored, or else a new one.
func (ix *Index) PersistentToken() (string, error) {
	ix.mu.Lock()
	grants := ix.apiTokens()
	ix.mu.Unlock()
	for _, g := range grants {
		if len(g.caveats) == 1 { // restricted to the user, and to no project
			return g.raw, nil
		}
	}
	return ix.APIToken()
}

// Has reports whether the index knows the project.
func (ix *Index) Has(name pep.Project) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.projects[normalize(string(name))] != nil
}

// Token describes one upload token that the index has issued.
type Token struct {
	ID       string    `json:"id"`                 // the identifier in the macaroon
	Minted   time.Time `json:"minted"`             // when it was issued
	Expires  time.Time `json:"expires,omitzero"`   // zero for an API token
	Burned   bool      `json:"burned"`             // it was revoked
	BurnedAt time.Time `json:"burned-at,omitzero"` // zero if it was not revoked
	Uses     int       `json:"uses"`               // number of uploads that were accepted with it
	// Forgotten is set if the index does not know it, and so cannot revoke it: it was never stored, or went with its publisher.
	Forgotten bool          `json:"forgotten"`
	Projects  []pep.Project `json:"projects"` // what its publisher may upload to; empty for an API token
}

// Tokens returns all upload tokens, oldest first.
func (ix *Index) Tokens() []Token {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	grants := make([]*issuedToken, 0, len(ix.tokens))
	for _, g := range ix.tokens {
		grants = append(grants, g)
	}
	slices.SortFunc(grants, func(a, b *issuedToken) int { return cmp.Compare(a.seq, b.seq) })
	tokens := make([]Token, len(grants))
	for i, g := range grants {
		tokens[i] = Token{
			ID: g.id, Minted: g.at, Expires: g.expires, Burned: g.burned, BurnedAt: g.burnedAt, Uses: g.uses, Forgotten: g.forgotten,
		}
		if g.publisher != nil {
			for _, p := range g.publisher.projects {
				tokens[i].Projects = append(tokens[i].Projects, p.key)
			}
		}
	}
	return tokens
}

// File describes one file that the index has.
type File struct {
	Name     string      `json:"name"`
	SHA256   string      `json:"sha256"` // lower-case hex
	Size     int64       `json:"size"`   // bytes
	Project  pep.Project `json:"project"`
	Version  string      `json:"version"` // version of the release, normalized
	Uploaded time.Time   `json:"uploaded"`
}

// Files returns all files of the index in upload order.
func (ix *Index) Files() []File {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	var stored []*file
	for _, p := range ix.projects {
		stored = append(stored, p.files...)
	}
	slices.SortFunc(stored, func(a, b *file) int { return cmp.Compare(a.seq, b.seq) })
	files := make([]File, len(stored))
	for i, f := range stored {
		files[i] = File{Name: f.name, SHA256: f.sha256, Size: f.size, Project: f.project.key, Version: f.release.version, Uploaded: f.at}
	}
	return files
}

// Remove deletes a file, as the project's owner can. Its name can never be used again (row 62). Its release stays, even without files.
// Remove fails if there is no such file, and if the change cannot be written to disk.
func (ix *Index) Remove(name string) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	f := ix.fileNamed(name)
	if f == nil {
		return fmt.Errorf("the index holds no file %q", name)
	}
	f.project.files = slices.DeleteFunc(f.project.files, func(g *file) bool { return g == f })
	f.project.serial = ix.stampNow().seq
	ix.saved.dirty = true
	return ix.persist()
}
