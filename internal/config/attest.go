package config

import "github.com/org/pypi-oidc-publish/internal/finding"

// Attest says when distributions are signed.
type Attest string

// The values of the input attestations.
const (
	AttestAuto       Attest = "auto"        // if the index supports attestations and would accept this identity
	AttestAlways     Attest = "true"        // sign, or fail
	AttestBestEffort Attest = "best-effort" // like auto, but publish without attestations if signing is down
	AttestNever      Attest = "false"
)

// resolveAttest rejects attestations: true together with a password. An index accepts attestations only with Trusted Publishing.
func resolveAttest(d *draft) []finding.Finding {
	if d.Attestations == AttestAlways && d.Auth == Token {
		return []finding.Finding{finding.New(finding.InputAuth,
			"inputs attestations and password contradict each other: an index accepts attestations only with Trusted Publishing",
			"remove `password` to use Trusted Publishing, or set `attestations: auto`")}
	}
	return nil
}
