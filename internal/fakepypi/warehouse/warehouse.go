// Package warehouse implements the package index of the test environment: it is to a client what PyPI is. It is written from
// docs/reference/pypi-server.md, which says what PyPI checks, answers and stores, and whose section and row numbers its comments and
// tests cite.
//
// # Goals
//
// Everything that a client can observe is as on PyPI: the order of the checks, the status codes, the messages and where they are, the
// tokens, the pages, which names can never be used again, and what a race looks like. The index is strict by default, and every
// misbehaviour is one switch ([Behavior]). It defines its own wire formats and verifies without the client's code, so that a client that
// only agrees with itself fails here: ID tokens in idtoken, upload tokens in macaroon, attestations in attestation.
//
// # Limitations
//
// International host names of email addresses (row 34) are checked without the tables of IDNA and without Unicode normalization. The
// tables of licenses, classifiers and the standard library are of the dates in the READMEs beside them. A license reference with a +
// behind it is refused (row 28), while PyPI fails with 500. Attestations are verified as on PyPI, against the one Sigstore instance in
// [Options] (row 95); the messages about their format have the shape of PyPI's, but not every word. There is one kind of Trusted
// Publisher, GitHub's, one user, and one page for people, a project's. An archive that exceeds the bounds of the reader is accepted.
// An archive whose metadata member is damaged is refused, while PyPI fails with 500. One with ZIP64 extensible data is refused for
// that, whatever else is wrong with it. By default a request that overlaps another one's commit is refused more often than on PyPI
// ([Races]). The tables are in memory, and are written to disk as one document if [Options.Keep] is set.
package warehouse

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/idtoken"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Options configure a new index.
type Options struct {
	Dir      string           // where the files are stored; it must exist
	Keep     bool             // store the tables there too, and begin with those of an earlier start
	Now      func() time.Time // the clock for everything, the Date header included
	Audience string           // the audience of ID tokens
	Issuer   string           // URL of the issuer of ID tokens, without a trailing slash
	IssuerAt string           // host and port of the issuer's documents, over plain HTTP; empty means those of Issuer
	Profile  Profile
	Login    Login // for a plain index
	// Sigstore returns the trust root that attestations are verified with: a document of the type
	// application/vnd.dev.sigstore.trustedroot+json. It is called once, with the first attestation. Without it all attestations are
	// refused.
	Sigstore func() ([]byte, error)
	Behavior Behavior
}

// Index is a package index. It is an http.Handler and safe for concurrent use.
type Index struct {
	dir          string
	now          func() time.Time
	audience     string
	issuer       string
	idTokens     *idtoken.Verifier
	capabilities capabilities
	login        Login
	trust        func() (*attestation.TrustRoot, error)
	user         string // id of the only user
	mux          *http.ServeMux

	initial Behavior

	mu sync.Mutex // guards everything below
	tables
	saved snapshot
}

// tables are what an index knows, and how it behaves.
type tables struct {
	behavior   Behavior
	seq        uint64
	projects   map[pep.Project]*project
	publishers []*publisher
	pending    []*pending
	tokens     map[string]*issuedToken
	jtis       map[string]bool
	used       map[string]bool // file names that cannot be used again
	secrets    []string
	crowd      crowd
	races      uint64 // that requests were about to lose
	cache      cdnCache
}

// newTables returns empty tables.
func newTables(behavior Behavior) tables {
	return tables{
		behavior: behavior, projects: map[pep.Project]*project{}, tokens: map[string]*issuedToken{}, jtis: map[string]bool{},
		used:  map[string]bool{},
		crowd: crowd{uploads: map[string]int{}},
		cache: cdnCache{absent: map[cacheKey]time.Time{}, pages: map[cacheKey]page{}},
	}
}

// New returns an index without projects, or with those of an earlier start if Keep is set. It fails if an option is missing or invalid,
// or if the stored tables cannot be read.
func New(o Options) (*Index, error) {
	if o.Now == nil || o.Dir == "" || o.Audience == "" {
		return nil, errors.New("an index needs a folder, an audience and a clock")
	}
	if _, err := os.Stat(o.Dir); err != nil {
		return nil, err
	}
	capabilities, err := o.Profile.capabilities()
	if err != nil {
		return nil, err
	}
	ix := &Index{
		dir: o.Dir, now: o.Now, audience: o.Audience, issuer: o.Issuer, capabilities: capabilities, login: o.Login, initial: o.Behavior,
		user:     uuid(),
		idTokens: idtoken.NewVerifier(o.Issuer, o.IssuerAt, o.Audience, o.Now),
		tables:   newTables(o.Behavior),
	}
	ix.trust = sync.OnceValues(func() (*attestation.TrustRoot, error) {
		if o.Sigstore == nil {
			return nil, nil // which verifies nothing
		}
		trusted, err := o.Sigstore()
		if err != nil {
			return nil, err
		}
		return attestation.ParseTrustRoot(trusted)
	})
	ix.mux = ix.routes()
	if o.Keep {
		if err := ix.restore(); err != nil {
			return nil, err
		}
	}
	return ix, nil
}

// route is one address of the index. The handler of a route without a method checks the method itself.
type route struct {
	method, path string
	handle       http.HandlerFunc
	head         bool // it also answers HEAD
}

// routes returns the handler for all addresses that the profile has.
func (ix *Index) routes() *http.ServeMux {
	all := []route{
		{"", "/legacy/{$}", ix.legacy, false},
		{"POST", "/legacy", ix.missingSlash, false},
		{"", "/pypi", ix.actions, false},
		{"GET", "/simple/{$}", ix.simpleIndex, true},
		{"GET", "/simple/{name}/{$}", ix.simplePage, true},
		{"GET", "/simple/{name}", ix.simpleSlash, true},
		{"GET", "/files/", ix.serveFile, true},
		{"GET", "/project/{name}/{$}", ix.projectPage, true},
		{"GET", "/project/{name}/{version}/{$}", ix.projectPage, true},
	}
	if ix.capabilities.oidc {
		all = append(all,
			route{"GET", "/_/oidc/audience", ix.audienceOf, false},
			route{"POST", "/_/oidc/mint-token", ix.mintToken, false},
			route{"POST", "/_/oidc/github/mint-token", ix.mintToken, false},
			route{"POST", "/_/oidc/burn-token", ix.burnToken, false},
		)
	}
	if ix.capabilities.modern {
		all = append(all,
			route{"GET", "/pypi/{name}/json", ix.projectJSON, true},
			route{"GET", "/pypi/{name}/{version}/json", ix.releaseJSON, true},
			route{"GET", "/pypi/{name}/json/{$}", ix.projectJSON, true},
			route{"GET", "/pypi/{name}/{version}/json/{$}", ix.releaseJSON, true},
			route{"GET", "/integrity/{name}/{version}/{file}/provenance", ix.integrity, true},
		)
	}
	if !ix.capabilities.modern {
		all = append(all, route{"POST", Plain.UploadPath() + "{$}", ix.uploadFile, false})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", ix.notFound)
	for _, r := range all {
		mux.HandleFunc(r.path, r.only)
	}
	return mux
}

// only calls the route's handler if the request has the route's method, and answers 405 if not.
func (t route) only(w http.ResponseWriter, r *http.Request) {
	if t.method == "" || r.Method == t.method || t.head && r.Method == http.MethodHead {
		t.handle(w, r)
		return
	}
	answerRefusal(w, r, &refusal{
		status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {t.method}},
		general: "The method " + r.Method + " is not allowed for this resource.",
	})
}

// goClient matches the User-Agent that PyPI's CDN refuses on pages of the simple index without a trailing slash (§6).
var goClient = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[gG]o-http-client`) })

// ServeHTTP answers one request.
func (ix *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", ix.date())
	if path := r.URL.Path; len(path) >= 7 && path[:7] == "/simple" && path[len(path)-1] != '/' && goClient().MatchString(r.UserAgent()) {
		http.Error(w, "Not Acceptable", http.StatusNotAcceptable)
		return
	}
	ix.mux.ServeHTTP(w, r)
}

// missingSlash handles POST /legacy.
func (ix *Index) missingSlash(w http.ResponseWriter, r *http.Request) {
	const path = "/legacy/"
	refused := refuse(http.StatusPermanentRedirect,
		"An upload was attempted to /legacy but the expected upload URL is %s (with a trailing slash)", path)
	refused.general = "The resource has been moved to " + path + "; you should be redirected automatically."
	refused.header = http.Header{"Location": {origin(r) + path}}
	answerRefusal(w, r, refused)
}

// legacy handles /legacy/. For other methods than POST it does not exist, because pages and uploads have one host (§1.1).
func (ix *Index) legacy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		ix.notFound(w, r)
		return
	}
	ix.uploadFile(w, r)
}

func (ix *Index) notFound(w http.ResponseWriter, _ *http.Request) {
	errorAnswer(w, http.StatusNotFound)
}

// Switch calls change with the index's switches while the index is locked.
func (ix *Index) Switch(change func(*Behavior)) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	change(&ix.behavior)
}

// Behavior returns the current switches.
func (ix *Index) Behavior() Behavior {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.behavior
}

// Reset makes the index one that was just started: without projects, publishers, tokens and files, and with its first switches. No request
// may be in progress. It is not for an index that keeps what it holds. The folders that its files were in stay, since making them anew
// takes longer than all the rest.
func (ix *Index) Reset() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.idTokens.Reset()
	ix.tables = newTables(ix.initial)
	return filepath.WalkDir(filepath.Join(ix.dir, packages), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // no file was ever uploaded
		case err != nil || entry.IsDir():
			return err
		}
		return os.Remove(path)
	})
}

// Secrets returns every upload token issued and every credential that a client has presented.
func (ix *Index) Secrets() []string {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return slices.Clone(ix.secrets)
}

// snapshot returns the number of the last commit: it decides what a request sees of the tables; see stamp.
func (ix *Index) snapshot() uint64 {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.seq
}

// date returns the value of the Date header by the index's clock.
func (ix *Index) date() string { return ix.now().UTC().Format(http.TimeFormat) }

func normalize(name string) pep.Project { return pep.Normalize(name) }

// errorAnswer writes a page of the site without any message.
func errorAnswer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(errorPage(status))
}
