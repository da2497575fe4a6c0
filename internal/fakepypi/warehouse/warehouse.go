// Package warehouse is the index of the stage: what PyPI is to a client. It is written from the reference of what the
// index checks, answers and stores, whose section and row numbers its comments and tests carry.
//
// # Goals
//
// Whatever a client can see is as on the real index: the order of the checks, the status codes, the texts and where
// they stand, the tokens, the pages, what is unique for ever and what a race looks like. It is strict by default and
// every misbehaviour is one switch ([Switches]). It defines its own wire formats and verifies without the client's code, so
// that a client which only agrees with itself fails here: ID tokens in idtoken, upload tokens in macaroon, attestations in attestation.
//
// # Limitations
//
// International host names of e-mail addresses (34) are judged without the tables of IDNA and Unicode normalization.
// A reStructuredText description (50) counts as one that does not render only where it is nothing but white space and
// comments; anything else is taken, errors in it too. The tables of licences, classifiers and the standard library
// are of the dates in the READMEs beside them, and a licence reference with a + behind it is refused (28) where the
// real index breaks with 500. Attestations are verified as on the real index, against the one Sigstore that the index is
// told of (95); what the validator of their form says has its shape, but not every word. There is one kind of Trusted
// Publisher, GitHub's, one user, and no page for people. An archive beyond the bounds of the walk is taken, and one whose member for
// the metadata is damaged is refused where the real index breaks with 500. A request that overlaps another one's commit is refused more readily than on
// the real index: it sees the tables as they were when its first byte arrived. The tables live in memory, and are
// written as one document where they are kept.
package warehouse

import (
	"encoding/json"
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

// Options are what an index starts from.
type Options struct {
	Dir      string           // where the files are kept; it has to exist
	Keep     bool             // keep the tables there too, and begin with those of an earlier start
	Now      func() time.Time // the clock of everything, the Date header too
	Audience string           // the audience of ID tokens
	Issuer   string           // URL of the issuer of ID tokens, without a trailing slash
	Profile  Profile
	Login    Login // of a plain index
	// Sigstore is the trust root that attestations are verified with: a document of the type
	// application/vnd.dev.sigstore.trustedroot+json. Without one all of them are refused.
	Sigstore []byte
	Switches Switches
}

// Index is an http.Handler and safe for concurrent use.
type Index struct {
	dir      string
	now      func() time.Time
	audience string
	issuer   string
	idTokens *idtoken.Verifier
	traits   traits
	login    Login
	trust    *attestation.TrustRoot // nil where there is none
	user     string                 // id of the one user
	mux      *http.ServeMux

	initial Switches

	mu sync.Mutex // guards everything below
	tables
	shelf shelf
}

// tables are what an index knows, and how it behaves.
type tables struct {
	switches   Switches
	seq        uint64
	projects   map[pep.Project]*project
	publishers []*publisher
	pending    []*pending
	grants     map[string]*grant
	jtis       map[string]bool
	used       map[string]bool // file names, for ever
	secrets    []string
	edge       edge
}

// newTables returns empty tables.
func newTables(switches Switches) tables {
	return tables{
		switches: switches, projects: map[pep.Project]*project{}, grants: map[string]*grant{}, jtis: map[string]bool{}, used: map[string]bool{},
		edge: edge{absent: map[pep.Project]time.Time{}, pages: map[string]page{}},
	}
}

// New returns an index without projects.
func New(o Options) (*Index, error) {
	if o.Now == nil || o.Dir == "" || o.Audience == "" {
		return nil, errors.New("an index needs a folder, an audience and a clock")
	}
	if _, err := os.Stat(o.Dir); err != nil {
		return nil, err
	}
	traits, err := o.Profile.traits()
	if err != nil {
		return nil, err
	}
	ix := &Index{
		dir: o.Dir, now: o.Now, audience: o.Audience, issuer: o.Issuer, traits: traits, login: o.Login, initial: o.Switches, user: uuid(),
		idTokens: idtoken.NewVerifier(o.Issuer, o.Audience, o.Now),
		tables:   newTables(o.Switches),
	}
	if o.Sigstore != nil {
		if ix.trust, err = attestation.ParseTrustRoot(o.Sigstore); err != nil {
			return nil, err
		}
	}
	ix.mux = ix.routes()
	if o.Keep {
		if err := ix.restore(); err != nil {
			return nil, err
		}
	}
	return ix, nil
}

// route is one address of the index. A route for GET is one for HEAD too; one without a method judges that itself.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

func (ix *Index) routes() *http.ServeMux {
	all := []route{
		{"POST", "/legacy/{$}", ix.uploadFile},
		{"POST", "/legacy", ix.missingSlash},
		{"", "/pypi", ix.actions},
		{"GET", "/simple/{$}", ix.simpleIndex},
		{"GET", "/simple/{name}/{$}", ix.simplePage},
		{"GET", "/simple/{name}", ix.simpleSlash},
		{"GET", "/files/", ix.serveFile},
	}
	if ix.traits.oidc {
		all = append(all,
			route{"GET", "/_/oidc/audience", ix.audienceOf},
			route{"POST", "/_/oidc/mint-token", ix.mintToken},
			route{"POST", "/_/oidc/github/mint-token", ix.mintToken},
			route{"POST", "/_/oidc/burn-token", ix.burnToken},
		)
	}
	if ix.traits.modern {
		all = append(all,
			route{"GET", "/pypi/{name}/json", ix.projectJSON},
			route{"GET", "/pypi/{name}/{version}/json", ix.releaseJSON},
			route{"GET", "/pypi/{name}/json/{$}", ix.withoutSlash},
			route{"GET", "/pypi/{name}/{version}/json/{$}", ix.withoutSlash},
			route{"GET", "/integrity/{name}/{version}/{file}/provenance", ix.integrity},
		)
	}
	if !ix.traits.modern {
		all = append(all, route{"POST", Plain.UploadPath() + "{$}", ix.uploadFile})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", ix.notFound)
	for _, r := range all {
		mux.HandleFunc(r.path, r.only)
	}
	return mux
}

// only answers the route's method.
func (t route) only(w http.ResponseWriter, r *http.Request) {
	if t.method != "" && r.Method != t.method && (t.method != http.MethodGet || r.Method != http.MethodHead) {
		w.Header().Set("Allow", t.method)
		errorAnswer(w, http.StatusMethodNotAllowed)
		return
	}
	t.handle(w, r)
}

// goClient is the User-Agent that the edge refuses on pages of the simple index without a trailing slash (section 6).
var goClient = regexp.MustCompile(`^[gG]o-http-client`)

// ServeHTTP answers one request.
func (ix *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", ix.date())
	if r.UserAgent() == "" {
		http.Error(w, "a User-Agent header is required", http.StatusBadRequest)
		return
	}
	if path := r.URL.Path; len(path) >= 7 && path[:7] == "/simple" && path[len(path)-1] != '/' && goClient.MatchString(r.UserAgent()) {
		http.Error(w, "Not Acceptable", http.StatusNotAcceptable)
		return
	}
	ix.mux.ServeHTTP(w, r)
}

// missingSlash is POST /legacy.
func (ix *Index) missingSlash(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", "/legacy/")
	answerRefusal(w, r, refuse(http.StatusPermanentRedirect,
		"An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)"))
}

// oldHost is POST /pypi?:action=file_upload.
func (ix *Index) oldHost(w http.ResponseWriter, r *http.Request) {
	answerRefusal(w, r, refuse(http.StatusGone, "This API has been deprecated and removed from legacy PyPI in favor of using the "+
		"APIs available in the new PyPI.org implementation of PyPI (located at https://pypi.org/). For more information about "+
		"migrating your use of this API to PyPI.org, please see https://packaging.python.org/guides/migrating-to-pypi-org/#uploading."))
}

func (ix *Index) notFound(w http.ResponseWriter, _ *http.Request) {
	errorAnswer(w, http.StatusNotFound)
}

// Switch changes the switches.
func (ix *Index) Switch(change func(*Switches)) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	change(&ix.switches)
}

// Switches returns the switches as they are.
func (ix *Index) Switches() Switches {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.switches
}

// Reset makes the index one that was just started: without projects, publishers, tokens and files, and with its first switches. No request
// may be in progress. It is not for an index that keeps what it holds. The folders that its files were in stay, since making them anew takes longer
// than all the rest.
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

// Secrets returns every upload token minted and every credential that a client has presented.
func (ix *Index) Secrets() []string {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return slices.Clone(ix.secrets)
}

// snapshot is what a request sees of the tables, see stamp.
func (ix *Index) snapshot() uint64 {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.seq
}

// date is the Date header by the stage's clock.
func (ix *Index) date() string { return ix.now().UTC().Format(http.TimeFormat) }

func normalize(name string) pep.Project { return pep.Normalize(name) }

func answerJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		errorAnswer(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // The client may be gone; there is nobody left to tell.
}

// errorAnswer is a page of the site without any message.
func errorAnswer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(errorPage(status))
}
