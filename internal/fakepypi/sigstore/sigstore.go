// Package sigstore is the Sigstore of the stage: what the public instance is to a client that signs. It has a certificate
// authority (Fulcio), a transparency log (Rekor v1) and a repository of trust (TUF), on one address. It is written from
// the reference of their wire protocols, whose section numbers its comments carry.
//
// # Goals
//
// What it issues is real: certificates of a chain with an embedded timestamp of a certificate log, a Merkle tree that
// grows and proves, promises and checkpoints that are signed, and metadata that a client of TUF takes. It believes no ID
// token before it has verified it with the issuer's keys, which it fetches over HTTP. Each misbehaviour is a switch
// ([Switches]). It defines its own wire formats: a client that only agrees with itself fails here.
//
// # Limitations
//
// Keys and log live in memory: a new start is a new instance, which trusts nothing of an earlier one. The log takes entries
// of the kind dsse alone, has one shard, and cannot be searched. The certificate log is a key that signs: it keeps
// nothing. There is no timestamp authority and no Rekor v2, neither of which the index reads. The lives of the TUF
// metadata are long, because clients of TUF look at the clock of the machine and not at that of the stage.
package sigstore

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Options are what an instance starts from. All but Switches are required.
type Options struct {
	URL      string           // where clients reach it, without a trailing slash
	Issuer   string           // of the ID tokens it takes, without a trailing slash; its keys are fetched from there
	Now      func() time.Time // the clock of everything, the Date header too
	Switches Switches
}

// Sigstore is an http.Handler and safe for concurrent use.
type Sigstore struct {
	url     string
	now     func() time.Time
	started time.Time
	mux     *http.ServeMux

	authority *authority
	ct        *logKey // of the certificate log
	rekor     *logKey
	tokens    *verifier
	metadata  *repository
	initial   Switches

	mu       sync.Mutex // guards what follows
	switches Switches
	log      log
}

// New returns an instance with keys of its own and an empty log.
func New(o Options) (*Sigstore, error) {
	if o.URL == "" || o.Issuer == "" || o.Now == nil {
		return nil, errors.New("a Sigstore needs an address, an issuer and a clock")
	}
	s := &Sigstore{url: o.URL, now: o.Now, started: o.Now().Truncate(time.Second), initial: o.Switches, switches: o.Switches, tokens: newVerifier(o.Issuer, o.Now)}
	var err error
	if s.authority, err = newAuthority(s.started); err != nil {
		return nil, err
	}
	if s.ct, err = newLogKey(); err != nil {
		return nil, err
	}
	if s.rekor, err = newLogKey(); err != nil {
		return nil, err
	}
	if s.metadata, err = s.newRepository(o.Issuer); err != nil {
		return nil, err
	}
	s.mux = s.routes()
	return s, nil
}

// Reset empties the log, and has the switches as they were at the start; the keys stay. No request may be in progress.
func (s *Sigstore) Reset() {
	s.tokens.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches, s.log = s.initial, log{}
}

// The paths, which are those of the real services below their own addresses.
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

// Serves tells whether a request is one for the instance, where it shares an address with others.
func (s *Sigstore) Serves(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return pattern != ""
}

// ServeHTTP answers one request.
func (s *Sigstore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mux.ServeHTTP(w, r)
}

// Beside answers the instance's requests in front of another handler, whose address is then that of both.
func (s *Sigstore) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Serves(r) {
			s.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bodyLimit bounds what is read of a request, in bytes.
const bodyLimit = 4 << 20

func answerJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // The client may be gone; there is nobody left to tell.
}
