package sigstore

import "time"

// Switches change what the instance does. The zero value is one with everything in order; each field is read in one place.
type Switches struct {
	// CertificateLife is how long a certificate is valid; 0 means the ten minutes of the public instance.
	CertificateLife time.Duration
	// ExpiredCertificate issues certificates whose time was over a minute ago.
	ExpiredCertificate bool
	// BadSCT has another key sign the certificate log's timestamps than the one they name.
	BadSCT bool
	// NoSCT is a certificate authority without a certificate log: its answer is called detached, and has no timestamp.
	NoSCT bool

	// FreshLog makes the first entry of a client the first of the log: index 0, a tree of one leaf, an empty proof. Without
	// it the log has entries of others, and an older shard. It is read at the first entry.
	FreshLog bool
	// Latency is how long an entry takes to be logged.
	Latency time.Duration
	// WrongLogID answers with the id of another log.
	WrongLogID bool
	// BadSET has another key sign the promises of inclusion.
	BadSET bool
	// BadProof answers with proofs of inclusion that do not lead to the root.
	BadProof bool

	// Trust is what is wrong with the repository of trust.
	Trust Trust
}

// Trust is a state of the repository of trust.
type Trust string

// The states.
const (
	TrustInOrder   Trust = ""
	TrustStale     Trust = "expired-timestamp" // the timestamp has expired: nobody has signed it for a while
	TrustExpired   Trust = "expired-root"      // the newest root has expired
	TrustForged    Trust = "wrong-signature"   // the timestamp is signed by another key than the root names
	TrustNotServed Trust = "unavailable"       // 503, whatever is asked for
)

// certificateLife is that of the public instance (docs/reference/attestations.md §1.5).
const certificateLife = 10 * time.Minute

func (s Switches) certificateLife() time.Duration {
	if s.CertificateLife > 0 {
		return s.CertificateLife
	}
	return certificateLife
}

// Switch changes the switches.
func (s *Sigstore) Switch(change func(*Switches)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.switches)
}

// Switches returns the switches as they are.
func (s *Sigstore) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}
