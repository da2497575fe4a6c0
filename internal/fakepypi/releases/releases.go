// Package releases imitates GitHub's API of releases as far as a publishing client uses it: it serves releases by tag and as a list,
// lists, stores, serves and deletes assets, and generates notes without storing them.
//
// # Goals
//
// It is strict where GitHub is. A token without permission is refused with GitHub's message. Only tokens that may write see drafts. An
// immutable release accepts no assets, and no release accepts a second asset with a name. An upload that ends early leaves an asset in
// the state "starter", which keeps the name. Names are changed as GitHub changes them. The bytes of assets are at another address, which
// refuses every credential. Effects that people or workflows would see are counted.
//
// # Limitations
//
// One repository. Nothing expires, changes are visible at once, and an asset of more than 256 MiB ends early.
package releases

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Right is the permission of a token.
type Right uint8

// The permissions, from the lowest to the highest.
const (
	Nothing Right = iota // the repository is hidden
	Outside              // it may read a public repository, and gets 404 for what it may not change: a token from outside the repository
	Read                 // `contents: read`
	Write                // `contents: write`
)

// Release is a release of the repository. ID is set by [GitHub.Publish].
type Release struct {
	ID        int64
	Tag, Name string
	Draft     bool // only tokens with Write see it
	Immutable bool // its assets cannot be changed once it is not a draft
}

// Asset is an asset of a release. ID is set by [GitHub.AddAsset] or an upload.
type Asset struct {
	ID          int64
	Release     int64 // ID of the release
	Name, Label string
	Starter     bool // its upload ended early
	Bytes       []byte
}

// Options configure the repository.
type Options struct {
	Repository string           // "owner/name"
	Tokens     map[string]Right // the known tokens and their permissions
	NoDigests  bool             // assets have no `digest`, as on an older server
	Inline     bool             // the API sends an asset's bytes itself, instead of redirecting to the storage
}

// GitHub imitates the API for one repository. It is safe for concurrent use.
type GitHub struct {
	options Options
	rights  map[string]Right // of the tokens at the start

	mu       sync.Mutex
	storage  *url.URL
	next     int64
	releases []*Release
	assets   []*Asset
	says     map[string][]Answer
	requests []string
	edits    int
	leaks    []string
}

// New returns a repository without releases.
func New(o Options) *GitHub {
	rights := o.Tokens
	o.Tokens = maps.Clone(rights)
	return &GitHub{options: o, rights: maps.Clone(rights), next: 1, says: map[string][]Answer{}}
}

// Reset removes the releases, their assets, the answers planned and what was counted, and gives the tokens the rights that they had first.
// No request may be in progress.
func (g *GitHub) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.options.Tokens = maps.Clone(g.rights)
	g.next, g.releases, g.assets, g.says, g.requests, g.edits, g.leaks = 1, nil, nil, map[string][]Answer{}, nil, 0, nil
}

// AllowToken changes the permission of a known token.
func (g *GitHub) AllowToken(token string, right Right) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.options.Tokens[token]; known {
		g.options.Tokens[token] = right
	}
}

// Answer is an answer that is sent instead of GitHub's own.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Acts   bool // the request takes effect first
	Half   bool // an upload is stored as if it had ended early
}

// StorageAt sets the address at which [GitHub.Storage] is served.
func (g *GitHub) StorageAt(u *url.URL) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.storage = u
}

// Say plans answers for the next requests of an op, see [Op].
func (g *GitHub) Say(op string, answers ...Answer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.says[op] = append(g.says[op], answers...)
}

// Publish adds a release and returns it with its id.
func (g *GitHub) Publish(r Release) Release {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next++
	r.ID = g.next
	g.releases = append(g.releases, &r)
	return r
}

// Freeze makes a release immutable.
func (g *GitHub) Freeze(id int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.releases {
		r.Immutable = r.Immutable || r.ID == id
	}
}

// AddAsset adds an asset, as another client would, and returns it with its id.
func (g *GitHub) AddAsset(a Asset) Asset {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.addAsset(a)
}

func (g *GitHub) addAsset(a Asset) *Asset {
	g.next++
	a.ID = g.next
	g.assets = append(g.assets, &a)
	return &a
}

// Assets returns the assets of a release in the order of their ids.
func (g *GitHub) Assets(release int64) []Asset {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []Asset
	for _, a := range g.assets {
		if a.Release == release {
			all = append(all, *a)
		}
	}
	return all
}

// RequestCount returns the number of requests of an op.
func (g *GitHub) RequestCount(op string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.requests {
		if one == op {
			n++
		}
	}
	return n
}

// Edits returns the number of changes to releases. A publishing client changes assets only.
func (g *GitHub) Edits() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.edits
}

// Leaks returns the places that received a credential although they must not.
func (g *GitHub) Leaks() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.leaks)
}

// Renamed returns the name that GitHub gives to an asset, as far as that is known.
func Renamed(name string) string {
	var b strings.Builder
	for _, c := range name {
		if c < 0x80 && (c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.ContainsRune("_-+@", c)) {
			b.WriteRune(c)
		} else if !strings.HasSuffix(b.String(), ".") {
			b.WriteByte('.')
		}
	}
	name = strings.TrimRight(b.String(), ".")
	if strings.HasPrefix(name, ".") {
		return "default" + name
	}
	return name
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
