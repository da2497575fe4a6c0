// Package sigstore implements the Sigstore instance of the test environment: it is to a signing client what the public instance is. It
// has a certificate authority (Fulcio), a transparency log (Rekor v1) and a TUF repository for its trust root, on one address. It is
// written from docs/reference/attestations.md, whose section numbers its comments cite.
//
// # Goals
//
// What it issues is real: certificates with a chain and an embedded timestamp of a certificate log, a Merkle tree that grows and gives
// proofs, signed promises and checkpoints, and metadata that a TUF client accepts. It accepts no ID token before it has verified it with
// the issuer's keys, which it fetches over HTTP. Each misbehaviour is a switch ([Behavior]). It defines its own wire formats: a client
// that only agrees with itself fails here.
//
// # Limitations
//
// Keys and log are in memory: each start is a new instance, which trusts nothing of an earlier one. The log accepts entries of the kind
// dsse only, has one shard, and cannot be searched. The certificate log is only a signing key: it stores nothing. There is no timestamp
// authority and no Rekor v2; PyPI uses neither. The TUF metadata is valid for a long time, because TUF clients use the clock of the
// machine and not that of the test environment.
package sigstore

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Options configure a new instance. All but IssuerAt and Behavior are required.
type Options struct {
	URL      string           // the address for clients, without a trailing slash
	Issuer   string           // URL of the issuer of the accepted ID tokens, without a trailing slash; certificates name it
	IssuerAt string           // host and port of the issuer's documents, over plain HTTP; empty means those of Issuer
	Now      func() time.Time // the clock for everything, the Date header included
	Behavior Behavior
}

// Sigstore is an instance. It is an http.Handler and safe for concurrent use.
type Sigstore struct {
	url      string
	issuer   string
	logName  string // the log's name in checkpoints: the host of its address
	now      func() time.Time
	started  time.Time
	mux      *http.ServeMux
	tokens   *verifier
	metadata *repository
	initial  Behavior

	ready     func() error // makes the fields below, once: most tests of the index sign nothing
	authority *authority
	ct        *logKey // of the certificate log
	rekor     *logKey

	mu       sync.Mutex // guards the fields below
	behavior Behavior
	log      log
}

// New returns an instance with an empty log, and keys of its own, which are made when they are needed. It fails if an option is missing or
// the root of the TUF repository cannot be made.
func New(o Options) (*Sigstore, error) {
	if o.URL == "" || o.Issuer == "" || o.Now == nil {
		return nil, errors.New("a Sigstore needs an address, an issuer and a clock")
	}
	s := &Sigstore{
		url: o.URL, issuer: o.Issuer, now: o.Now, started: o.Now().Truncate(time.Second), initial: o.Behavior, behavior: o.Behavior,
		tokens: newVerifier(o.Issuer, o.IssuerAt, o.Now),
	}
	at, err := url.Parse(o.URL)
	if err != nil {
		return nil, err
	}
	s.logName = at.Hostname()
	if s.metadata, err = newRepository(s.started, o.Behavior.TrustRoot); err != nil {
		return nil, err
	}
	s.ready = sync.OnceValue(s.makeKeys)
	s.mux = s.routes()
	return s, nil
}

// makeKeys makes the keys of the services, and the TUF repository with them.
func (s *Sigstore) makeKeys() error {
	var err error
	if s.authority, err = newAuthority(s.started); err != nil {
		return err
	}
	if s.ct, err = newLogKey(); err != nil {
		return err
	}
	if s.rekor, err = newLogKey(); err != nil {
		return err
	}
	trusted, err := s.trustedRoot()
	if err != nil {
		return err
	}
	services, err := s.signingConfig()
	if err != nil {
		return err
	}
	return s.metadata.publish(map[string][]byte{"trusted_root.json": trusted, "signing_config.v0.2.json": services}, s.started)
}

// Reset empties the log, and has the switches as they were at the start; the keys stay. No request may be in progress.
func (s *Sigstore) Reset() {
	s.tokens.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behavior, s.log = s.initial, log{}
}

// The paths of the real services, below their own addresses.
const (
	certificatePath = "/api/v2/signingCert"
	bundlePath      = "/api/v2/trustBundle"
	entriesPath     = "/api/v1/log/entries"
	tufPath         = "/tuf/"
)

func (s *Sigstore) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+certificatePath, s.issue)
	mux.HandleFunc("GET "+bundlePath, s.trustBundle)
	mux.HandleFunc("POST "+entriesPath, s.addEntry)
	mux.HandleFunc("GET "+entriesPath+"/{id}", s.getEntry)
	mux.HandleFunc("GET "+tufPath, s.serveMetadata)
	return mux
}

// Serves reports whether a request is for the instance, which may share its address with other handlers.
func (s *Sigstore) Serves(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return pattern != ""
}

// ServeHTTP answers one request.
func (s *Sigstore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	if err := s.ready(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Beside returns a handler that answers the requests for the instance, and passes all others to next. Both then share one address.
func (s *Sigstore) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Serves(r) {
			s.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bodyLimit is the maximum size of a request's body, in bytes.
const bodyLimit = 4 << 20
