// Package attest creates, adopts and verifies attestations (PEP 740). An attestation is a signed statement in a public log that this
// run of this workflow published a file with this content.
//
// The key exists only in memory and during the run. Key, certificate request and signature are made by the standard library; trust root,
// TUF and verification are those of sigstore-go. The requests to the certificate authority (Fulcio) and the log (Rekor) are
// implemented here, because the library does not support timeouts, contexts and error messages as required
// (docs/reference/attestations.md §4.3). Every attestation is verified with the policy of the index before it is sent.
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

// Options are the dependencies of a Signer.
type Options struct {
	Wire     *wire.Client          // for all requests
	IDTokens oidc.Source           // returns a new ID token for each certificate
	TUF      *url.URL              // TUF repository with the keys and services of the instance; nil: the public good instance
	Root     []byte                // the initial root.json; nil: the public good instance's
	Now      func() time.Time      // the clock
	Record   func(finding.Finding) // called with warnings and notices; may be nil
	Workers  int                   // concurrent log entries; less than one: four

	// TrustedRoot is a trusted_root.json, which is used as it is: nothing is requested from a TUF repository, and nothing can be signed.
	// nil: the newest of the instance, or its built-in copy where the public instance cannot be reached.
	TrustedRoot []byte
	// Strict has an attestation that does not verify with the built-in copy refused. Otherwise that is a warning, since the copy may be out
	// of date, and the index verifies attestations as well.
	Strict bool
}

// Attestation is one verified attestation.
type Attestation struct {
	JSON       []byte    // the object of PEP 740, compact
	Predicate  string    // the type of the statement's predicate, a URL
	LogIndex   int64     // in the log, from 0
	LogURL     string    // web page of the entry; empty for another log than the public one
	Identity   string    // the workflow that the certificate names (its build config URI), or its name if it is of no workflow
	Integrated time.Time // when the log accepted the entry
	SHA256     string    // of the attested file, in lower-case hex
}

// defaultWorkers is the default number of concurrent entries. The public log limits requests per minute, and more concurrency was
// not faster (docs/reference/attestations.md §5 and §8).
const defaultWorkers = 4

// ExpectedTime returns how long signing n files may take: the certificate, and log entries one after the other at several times the 0.2 s
// that one was seen to take (docs/performance.md).
func ExpectedTime(n int) time.Duration { return 30*time.Second + time.Duration(n)*time.Second }

// Signer creates and verifies attestations for one run. It is safe for concurrent use.
type Signer struct {
	opts Options
	gate *wire.Gate // limits concurrent log entries: one at a time after the log has limited requests

	trusting sync.Mutex // held while the trust root is requested
	services *services  // nil before the first request

	asking sync.Mutex // held while an ID token is requested
	token  *idToken   // the newest

	staleRootNoted sync.Once // the warning that verification with the built-in copies failed
}

// New returns a signer. It sends no requests yet.
func New(o Options) *Signer {
	if o.Workers < 1 {
		o.Workers = defaultWorkers
	}
	if o.Record == nil {
		o.Record = func(finding.Finding) {}
	}
	return &Signer{opts: o, gate: wire.NewGate(o.Workers)}
}

// public reports whether the signer uses the public good instance.
func (s *Signer) public() bool { return s.opts.TUF == nil }

// Prepare requests the keys and services of the instance and an ID token, and returns the claims of the run, so that the caller can
// check them with [Signer.CheckClaims] before anything is signed. It may be called more than once.
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

// Field returns the form field `attestations` of an upload: a JSON array with the first attestation of each predicate type. It
// returns nil if there is none, because the index refuses an empty array (docs/reference/pypi-server.md §5.1).
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
		return nil // not possible: the attestations are valid JSON
	}
	return field
}
