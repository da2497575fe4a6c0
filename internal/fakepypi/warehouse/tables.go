package warehouse

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Conversion of the tables to the document, and back.

// state returns the tables as a document.
func (ix *Index) state() *state {
	s := &state{
		Format: stateFormat, Version: stateVersion, User: ix.user, Seq: ix.seq,
		Projects: []projectState{}, Used: slices.Sorted(maps.Keys(ix.used)), Tokens: []tokenState{},
		Limits: limits{ix.behavior.FileLimit, ix.behavior.ProjectLimit},
	}
	for _, key := range slices.Sorted(maps.Keys(ix.projects)) {
		s.Projects = append(s.Projects, ix.projects[key].state())
	}
	for _, g := range ix.apiTokens() {
		s.Tokens = append(s.Tokens, tokenState{ID: g.id, Root: g.root, Caveats: g.caveats, Created: g.at, Seq: g.seq})
	}
	for _, p := range ix.publishers {
		s.Publishers = append(s.Publishers, p.state())
	}
	for _, w := range ix.pending {
		if w.consumed.seq == 0 {
			row := w.publisher.state()
			row.Pending, row.Projects = true, []string{w.project}
			s.Publishers = append(s.Publishers, row)
		}
	}
	return s
}

// state returns the publisher as part of the document.
func (p *publisher) state() publisherState {
	s := publisherState{
		ID: p.id, Owner: p.owner, OwnerID: p.ownerID, Repository: p.repository, Workflow: p.workflow, Environment: p.environment,
		Projects: []string{},
	}
	for _, project := range p.projects {
		s.Projects = append(s.Projects, string(project.key))
	}
	return s
}

// apiTokens returns the user's API tokens, oldest first.
func (ix *Index) apiTokens() []*issuedToken {
	var grants []*issuedToken
	for _, g := range ix.tokens {
		if g.publisher == nil && !g.burned {
			grants = append(grants, g)
		}
	}
	slices.SortFunc(grants, func(a, b *issuedToken) int { return cmp.Compare(a.seq, b.seq) })
	return grants
}

// state returns the project with its releases and files as part of the document.
func (p *project) state() projectState {
	s := projectState{
		ID: p.id, Name: p.name, Status: p.status, Created: p.at, Seq: p.seq, Serial: p.serial, Limits: p.limits,
		Releases: []releaseState{}, Files: []fileState{},
	}
	for _, key := range slices.Sorted(maps.Keys(p.releases)) {
		r := p.releases[key]
		s.Releases = append(s.Releases, releaseState{
			Version: r.version, Created: r.at, Seq: r.seq, RequiresPython: r.requiresPython, Metadata: r.metadata, Yanked: r.yanked,
		})
	}
	for _, f := range p.files {
		s.Files = append(s.Files, fileState{
			Name: f.name, Release: f.release.version, Type: f.kind, Python: f.python, Size: f.size,
			SHA256: f.sha256, MD5: f.md5, BLAKE2b: f.blake2, Uploaded: f.at, Seq: f.seq,
			Uploader: strings.ToValidUTF8(f.uploader, "\uFFFD"), CoreMetadata: f.coreMetadataSHA,
			Provenance: f.provenance,
		})
	}
	return s
}

// load fills the tables of a new index from a document. It fails if the files on disk do not match.
func (ix *Index) load(text []byte) error {
	s, err := parseState(text)
	if err != nil {
		return err
	}
	if err := ix.fill(s); err != nil {
		return fmt.Errorf("%s is damaged: %w", stateName, err)
	}
	for _, p := range ix.projects {
		for _, f := range p.files {
			if err := ix.intact(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill fills the tables of a new index from s. It fails if s contradicts itself.
func (ix *Index) fill(s *state) error {
	if s.User == "" {
		return errors.New("it names no user")
	}
	ix.user, ix.seq = s.User, s.Seq
	for _, name := range s.Used {
		ix.used[name] = true
	}
	for _, row := range s.Projects {
		p, err := ix.projectOf(row)
		if err != nil {
			return fmt.Errorf("project %q: %w", row.Name, err)
		}
		ix.projects[p.key] = p
	}
	ix.behavior.FileLimit = cmp.Or(s.Limits.File, ix.behavior.FileLimit)
	ix.behavior.ProjectLimit = cmp.Or(s.Limits.Project, ix.behavior.ProjectLimit)
	for _, row := range s.Publishers {
		if err := ix.addPublisher(row); err != nil {
			return fmt.Errorf("a publisher: %w", err)
		}
	}
	for _, row := range s.Tokens {
		if err := ix.addToken(row); err != nil {
			return err
		}
	}
	return nil
}

// addPublisher adds the publisher of a row, or the pending one. It fails if a value is missing or a project is not there.
func (ix *Index) addPublisher(row publisherState) error {
	p := publisher{
		id: row.ID, owner: row.Owner, ownerID: row.OwnerID, repository: row.Repository, workflow: row.Workflow,
		environment: row.Environment,
	}
	if p.owner == "" || p.ownerID == "" || p.repository == "" || p.workflow == "" || row.Pending == (p.id != "") {
		return errors.New("it is incomplete")
	}
	if row.Pending {
		if len(row.Projects) != 1 || !pep.ValidName(row.Projects[0]) {
			return errors.New("it is pending and has not one project")
		}
		ix.pending = append(ix.pending, &pending{publisher: p, project: row.Projects[0], restored: true})
		return nil
	}
	for _, name := range row.Projects {
		known := ix.projects[normalize(name)]
		if known == nil {
			return fmt.Errorf("its project %q is not there", name)
		}
		p.projects = append(p.projects, known)
	}
	ix.publishers = append(ix.publishers, &p)
	return nil
}

// stampOf returns the stamp of a row. It fails if the row's number is above the index's own count.
func (ix *Index) stampOf(row stamp) (stamp, error) {
	if row.seq == 0 || row.seq > ix.seq {
		return row, fmt.Errorf("a row has the number %d of %d", row.seq, ix.seq)
	}
	return row, nil
}

// projectOf returns the project of a row with its releases and files.
func (ix *Index) projectOf(row projectState) (*project, error) {
	at, err := ix.stampOf(stamp{row.Created, row.Seq})
	p := &project{
		stamp: at, id: row.ID, key: normalize(row.Name), name: row.Name, status: row.Status,
		releases: map[string]*release{}, serial: row.Serial, limits: row.Limits,
	}
	switch {
	case err != nil:
		return nil, err
	case row.ID == "" || row.Name == "":
		return nil, errors.New("it has no id or no name")
	case ix.projects[p.key] != nil:
		return nil, errors.New("it is there twice")
	case !slices.Contains(statuses(), row.Status):
		return nil, fmt.Errorf("it has the status %q", row.Status)
	case row.Serial > ix.seq:
		return nil, fmt.Errorf("its serial %d is ahead of the index", row.Serial)
	}
	for _, r := range row.Releases {
		if err := ix.addRelease(p, r); err != nil {
			return nil, fmt.Errorf("release %q: %w", r.Version, err)
		}
	}
	for _, f := range row.Files {
		if err := ix.addFile(p, f); err != nil {
			return nil, fmt.Errorf("file %q: %w", f.Name, err)
		}
	}
	return p, nil
}

func (ix *Index) addRelease(p *project, row releaseState) error {
	at, err := ix.stampOf(stamp{row.Created, row.Seq})
	if err != nil {
		return err
	}
	v, err := pep.ParseVersion(row.Version)
	if err != nil {
		return err
	}
	if p.releases[v.Canonical()] != nil {
		return errors.New("it is there twice")
	}
	if row.Metadata == nil && row.Summary != "" {
		row.Metadata = map[string][]string{"summary": {row.Summary}}
	}
	p.releases[v.Canonical()] = &release{
		stamp: at, version: row.Version, requiresPython: row.RequiresPython, metadata: row.Metadata, yanked: row.Yanked,
	}
	return nil
}

func (ix *Index) addFile(p *project, row fileState) error {
	at, err := ix.stampOf(stamp{row.Uploaded, row.Seq})
	if err != nil {
		return err
	}
	v, err := pep.ParseVersion(row.Release)
	if err != nil {
		return err
	}
	r := p.releases[v.Canonical()]
	switch {
	case r == nil:
		return fmt.Errorf("its release %q is not there", row.Release)
	case !isFileName(row.Name):
		return errors.New("that is no file name")
	case ix.fileNamed(row.Name) != nil || slices.ContainsFunc(p.files, func(f *file) bool { return f.name == row.Name }):
		return errors.New("it is there twice")
	case !isHex(row.SHA256, 32) || !isHex(row.MD5, 16) || !isHex(row.BLAKE2b, 32) || row.CoreMetadata != "" && !isHex(row.CoreMetadata, 32):
		return errors.New("a digest is not one")
	}
	p.files = append(p.files, &file{
		stamp: at, name: row.Name, project: p, release: r, kind: row.Type, python: row.Python, size: row.Size,
		sha256: row.SHA256, md5: row.MD5, blake2: row.BLAKE2b, path: filePath(blob{blake2: row.BLAKE2b}, row.Name),
		uploader: row.Uploader, coreMetadataSHA: row.CoreMetadata,
		provenance: row.Provenance,
	})
	ix.used[row.Name] = true
	return nil
}

// isFileName reports whether name is a file name that does not leave its folder.
func isFileName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00")
}

// isHex reports whether text is a digest of n bytes in lower-case hex.
func isHex(text string, n int) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == n && text == strings.ToLower(text)
}

func (ix *Index) addToken(row tokenState) error {
	at, err := ix.stampOf(stamp{row.Created, row.Seq})
	if err != nil {
		return err
	}
	if row.ID == "" || len(row.Root) == 0 || ix.tokens[row.ID] != nil {
		return fmt.Errorf("the API token %q is incomplete, or there twice", row.ID)
	}
	ix.tokens[row.ID] = &issuedToken{
		stamp: at, id: row.ID, root: row.Root, user: ix.user, caveats: row.Caveats,
		raw: macaroon.New(row.Root, apiLocation, row.ID, row.Caveats).Token(),
	}
	ix.presented(ix.tokens[row.ID].raw)
	return nil
}

// intact returns an error if a file of the tables, or its metadata file, is not on disk as it was uploaded.
func (ix *Index) intact(f *file) error {
	size, sum, err := ix.digest(f.path)
	if err != nil {
		return fmt.Errorf("the file %s cannot be read: %w", f.name, err)
	}
	if size != f.size || sum != f.sha256 {
		return fmt.Errorf("the file %s has other bytes than were uploaded", f.name)
	}
	if f.coreMetadataSHA == "" {
		return nil
	}
	if _, sum, err = ix.digest(f.path + ".metadata"); err != nil || sum != f.coreMetadataSHA {
		return fmt.Errorf("the metadata file of %s is missing, or has other bytes than it had", f.name)
	}
	return nil
}

// digest returns the size of a file in bytes and its SHA-256 in hex. at is its path in the index's folder.
func (ix *Index) digest(at string) (size int64, sum string, err error) {
	in, err := os.Open(filepath.Join(ix.dir, filepath.FromSlash(path.Clean(at)))) // the index itself made the path
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = in.Close() }()
	hash := sha256.New()
	size, err = io.Copy(hash, in)
	return size, hex.EncodeToString(hash.Sum(nil)), err
}
