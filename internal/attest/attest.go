// Package attest makes, adopts and verifies attestations (PEP 740): a signed statement that this run of this workflow
// published a file with these bytes, in a public log.
//
// The key lives in memory and as long as the run. Bundle, trust root, TUF and verification are sigstore-go's; the
// requests to the certificate authority (Fulcio) and the log (Rekor) are ours, since the library's own cannot be made to
// keep time-outs, contexts and error texts (docs/reference/attestations.md §4.3). Every attestation is verified
// with the index's own policy before anything of it is sent.
package attest

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Options are what a signer needs.
type Options struct {
	Wire     *wire.Client          // for everything
	IDTokens oidc.Source           // a fresh one for each certificate
	TUF      *url.URL              // where the instance tells its keys and services; nil: the public good instance
	Root     []byte                // the root.json that trust begins with; nil: the public good instance's
	Now      func() time.Time      // the clock
	Note     func(finding.Finding) // told what a person should know though the run goes on; may be nil
	Workers  int                   // how many log entries are made side by side; less than one: four
}

// Attestation is one attestation that was verified.
type Attestation struct {
	JSON       []byte    // the object of PEP 740, compact
	Predicate  string    // the type of the statement's predicate, a URL
	LogIndex   int64     // in the log, counted from 0
	LogURL     string    // where people can look the entry up; empty for another log than the public one
	Identity   string    // the workflow that the certificate names (its build config URI)
	Integrated time.Time // when the log took the entry
	SHA256     string    // of the file that it is about, in lower-case hex
}

// defaultWorkers is how many entries are made side by side: the public log counts requests a minute, and more did not
// make it faster (docs/reference/attestations.md §5 and §8).
const defaultWorkers = 4

// Signer makes and verifies attestations for one run. It is safe for use by several goroutines.
type Signer struct {
	opts Options
	gate *wire.Gate // of log entries: one at a time after the log said that it is pressed

	trusting sync.Mutex // held while the trust root is asked for
	services *services  // once known

	asking sync.Mutex // held while an ID token is asked for
	token  *idToken   // the newest

	told sync.Once // the warning that nothing can be verified with the copies
}

// New returns a signer. It asks for nothing yet.
func New(o Options) *Signer {
	if o.Workers < 1 {
		o.Workers = defaultWorkers
	}
	if o.Note == nil {
		o.Note = func(finding.Finding) {}
	}
	return &Signer{opts: o, gate: wire.NewGate(o.Workers)}
}

// public tells that the signer works with the public good instance.
func (s *Signer) public() bool { return s.opts.TUF == nil }

// Prepare finds the instance's keys and services, asks for an ID token, and returns what it claims, so that the caller can
// ask [Signer.CheckClaims] before anything is signed. It may be called more than once: the claims are those of the run.
func (s *Signer) Prepare(ctx context.Context) (oidc.Claims, error) {
	s.asking.Lock()
	known := s.token
	s.asking.Unlock()
	if known != nil {
		return known.Claims, nil
	}
	token, err := s.idToken(ctx, nil)
	if err != nil {
		return oidc.Claims{}, err
	}
	return token.Claims, nil
}

// Field is the form field `attestations` of an upload: a JSON array with the first attestation of each predicate type. It
// is nil where there is none, since the index refuses an empty array (docs/reference/pypi-server.md §5.1).
func Field(all []Attestation) []byte {
	var kept []json.RawMessage
	var predicates []string
	for _, a := range all {
		if !slices.Contains(predicates, a.Predicate) {
			predicates = append(predicates, a.Predicate)
			kept = append(kept, a.JSON)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	field, err := json.Marshal(kept)
	if err != nil {
		return nil // not possible: what we hold was written by us
	}
	return field
}
