package sigstore

import "time"

// Behavior change the behaviour of the instance. The zero value is an instance with everything in order. Each field is read in one place.
type Behavior struct {
	// CertificateLife is how long a certificate is valid; 0 means the ten minutes of the public instance.
	CertificateLife time.Duration
	// ExpiredCertificate issues certificates that expired a minute ago.
	ExpiredCertificate bool
	// BadSCT signs the timestamps of the certificate log with another key than the one they name.
	BadSCT bool
	// NoSCT imitates a certificate authority without a certificate log: its answer is called detached and has no timestamp.
	NoSCT bool

	// FreshLog makes the first entry of a client the first of the log: index 0, a tree of one leaf, an empty proof. Without it the log
	// has entries by others and an older shard. It applies at the first entry.
	FreshLog bool
	// Latency is how long it takes to add an entry to the log.
	Latency time.Duration
	// WrongLogID answers with the id of another log.
	WrongLogID bool
	// BadSET signs the promises of inclusion with another key.
	BadSET bool
	// BadProof answers with inclusion proofs that do not lead to the root.
	BadProof bool

	// TrustRoot selects what is wrong with the TUF repository.
	TrustRoot TrustRootState
}

// TrustRootState is a state of the TUF repository.
type TrustRootState string

// The states.
const (
	TrustInOrder   TrustRootState = ""
	TrustStale     TrustRootState = "expired-timestamp" // the timestamp has expired: it was not renewed
	TrustExpired   TrustRootState = "expired-root"      // the newest root has expired
	TrustRenewed   TrustRootState = "renewed-root"      // only the first root has expired: clients that start with it go on
	TrustForged    TrustRootState = "wrong-signature"   // the timestamp is signed with a key that the root does not name
	TrustNotServed TrustRootState = "unavailable"       // 503 for every file
)

// certificateLife is the validity of a certificate of the public instance (docs/reference/attestations.md §1.5).
const certificateLife = 10 * time.Minute

// certificateLife returns how long a certificate is valid.
func (s Behavior) certificateLife() time.Duration {
	if s.CertificateLife > 0 {
		return s.CertificateLife
	}
	return certificateLife
}

// Switch calls change with the instance's switches while they are locked.
func (s *Sigstore) Switch(change func(*Behavior)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.behavior)
}

// Behavior returns the current switches.
func (s *Sigstore) Behavior() Behavior {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behavior
}
