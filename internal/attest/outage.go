package attest

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Outage tells that Sigstore could not be used for a reason of its own or of the network's: no answer, a time-out, a 5xx,
// or too many requests. Anything else, a refusal or a check of ours that failed, is no Outage, and must never lead to a
// release without attestations.
type Outage struct {
	Finding finding.Finding // for people
	Cause   error           // what happened
}

// Error is the finding's text.
func (o *Outage) Error() string { return o.Finding.Error() }

// Unwrap is the finding.
func (o *Outage) Unwrap() error { return o.Finding }

// wrapServiceError explains a request that did not succeed: an [Outage], or a finding where the other side refused.
func (s *Signer) wrapServiceError(message string, err error) error {
	message += ": " + words(err)
	if !outage(err) {
		return finding.New(finding.AttestationRefused,
			message,
			"nothing was uploaded; fix what the message says, or publish with `attestations: false`")
	}
	fix := "run the job again later; nothing was uploaded"
	if s.public() {
		fix = "check " + publicStatus + " and " + fix
	}
	return &Outage{Finding: finding.New(finding.AttestationOutage, message, cmp.Or(wire.Advice(err), fix)), Cause: err}
}

// words is what happened, with the server's own words where it refused.
func words(err error) string {
	if wire.StatusOf(err)/100 == 4 {
		return wire.WithServerMessage(err).Error()
	}
	return err.Error()
}

// outage tells a failure of the other side or of the network from a refusal. A certificate that nobody trusts is none:
// somebody may be in between. An answer that is too long is none either.
func outage(err error) bool {
	failed := wire.ErrorOf(err)
	if failed == nil {
		return false
	}
	if failed.Answer == nil {
		var untrusted *tls.CertificateVerificationError
		var long *wire.TooLong
		return !errors.As(failed.Err, &untrusted) && !errors.As(failed.Err, &long)
	}
	if failed.Answer.Status == http.StatusNotFound {
		return failed.Op == wire.LogLookup // the log said that it has the entry, and does not give it
	}
	return failed.Answer.Temporary()
}
