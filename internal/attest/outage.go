package attest

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Outage is the error if Sigstore is not available: no answer, a timeout, a 5xx, or too many requests. A refusal or a failed check
// of ours is not an Outage, and must never lead to a release without attestations.
type Outage struct {
	Finding finding.Finding // for people
	Cause   error           // what happened
}

// Error returns the text of the finding.
func (o *Outage) Error() string { return o.Finding.Error() }

// Unwrap returns the finding.
func (o *Outage) Unwrap() error { return o.Finding }

// wrapServiceError returns the error for a failed request: an [Outage], or a finding if the server refused.
func (s *Signer) wrapServiceError(message string, err error) error {
	message += ": " + messageOf(err)
	if !outage(err) {
		return finding.New(finding.AttestationRefused,
			message,
			"nothing was uploaded; fix what the message says, or publish with `attestations: false`")
	}
	return &Outage{Finding: finding.New(finding.AttestationOutage, message, cmp.Or(wire.Advice(err), s.outageFix())), Cause: err}
}

// outageFix returns what to do while Sigstore is not available.
func (s *Signer) outageFix() string {
	fix := "run the job again later, or set `attestations: best-effort` to publish without attestations; nothing was uploaded"
	if s.public() {
		fix = "check " + publicStatus + " and " + fix
	}
	return fix
}

// messageOf returns the text of an error, with the server's message if it refused.
func messageOf(err error) string {
	if wire.StatusOf(err)/100 == 4 {
		return wire.WithServerMessage(err).Error()
	}
	return err.Error()
}

// outage reports whether a request failed because of the server or the network. A refusal, an untrusted TLS certificate, which may
// mean that the connection is intercepted, and an answer that is too long are not outages.
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
		return failed.Op == wire.LogLookup // the log said that it has the entry, but does not return it
	}
	return failed.Answer.Temporary()
}
