// Package releases is GitHub's API of releases as far as a publishing client uses it: releases by tag and in a list, assets
// that are listed, sent, fetched and deleted, and notes that are written and kept nowhere.
//
// # Goals
//
// It is strict where GitHub is: a token without the right is refused with GitHub's words, a draft is seen by writers alone,
// an immutable release takes nothing, a name that is taken is refused, an upload that breaks off leaves an asset in the state
// "starter" whose name stays taken, names are changed as GitHub changes them, and the bytes of an asset are kept at another
// place, which refuses every credential. What has an effect that people or workflows would see is counted.
//
// # Limitations
//
// One repository. Nothing expires, what is written can be read at once, and an asset of more than 256 MiB breaks off.
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

// Right is what a token may do.
type Right uint8

// The rights, from the least to the greatest.
const (
	Nothing Right = iota // the repository is hidden
	Outside              // it may read a public repository, and what it may not touch is hidden: a stranger's own token
	Read                 // `contents: read`
	Write                // `contents: write`
)

// Release is a release of the repository.
type Release struct {
	ID        int64
	Tag, Name string
	Draft     bool
	Immutable bool
}

// Asset is an asset of a release.
type Asset struct {
	ID          int64
	Release     int64
	Name, Label string
	Starter     bool // its upload broke off
	Bytes       []byte
}

// Options say what the double is.
type Options struct {
	Repository string           // "owner/name"
	Tokens     map[string]Right // those that there are
	NoDigests  bool             // assets have no `digest`: an older server
	Inline     bool             // the API sends an asset's bytes itself, instead of pointing to where they are
}

// GitHub is the double. It is safe for concurrent use.
type GitHub struct {
	options Options
	rights  map[string]Right // of the tokens at the start

	mu       sync.Mutex
	storage  *url.URL
	next     int64
	releases []*Release
	assets   []*Asset
	says     map[string][]Answer
	asked    []string
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
	g.next, g.releases, g.assets, g.says, g.asked, g.edits, g.leaks = 1, nil, nil, map[string][]Answer{}, nil, 0, nil
}

// Grant changes what a token that there is may do.
func (g *GitHub) Grant(token string, right Right) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.options.Tokens[token]; known {
		g.options.Tokens[token] = right
	}
}

// Answer is one that the double gives instead of its own.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Acts   bool // the request has its effect first
	Half   bool // an upload leaves its beginning
}

// StorageAt tells where [GitHub.Storage] is served.
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

// Publish adds a release, and returns it with its number.
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

// Hold adds an asset, as somebody else would have.
func (g *GitHub) Hold(a Asset) Asset {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.hold(a)
}

func (g *GitHub) hold(a Asset) *Asset {
	g.next++
	a.ID = g.next
	g.assets = append(g.assets, &a)
	return &a
}

// Assets returns the assets of a release, in the order of their numbers.
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

// Asked counts the requests of an op.
func (g *GitHub) Asked(op string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.asked {
		if one == op {
			n++
		}
	}
	return n
}

// Edits counts what was changed but assets: a client of this kind changes nothing else.
func (g *GitHub) Edits() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.edits
}

// Leaks are the credentials that came to places that must not see any.
func (g *GitHub) Leaks() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.leaks)
}

// Renamed is what GitHub makes of an asset's name, as far as people have found out.
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
