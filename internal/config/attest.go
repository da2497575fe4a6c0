package config

import "github.com/org/pypi-oidc-publish/internal/finding"

// Attest is when distributions are signed.
type Attest string

// The ways to sign.
const (
	AttestAuto       Attest = "auto"        // where the index takes attestations and would accept this identity
	AttestAlways     Attest = "true"        // sign, or fail
	AttestBestEffort Attest = "best-effort" // like auto, and an outage of signing publishes without
	AttestNever      Attest = "false"
)

// settleAttest refuses what can never be: an index accepts attestations only with Trusted Publishing.
func settleAttest(d *draft) []finding.Finding {
	if d.Attestations == AttestAlways && d.Auth == Token {
		return []finding.Finding{finding.New(finding.InputAuth,
			"inputs attestations and password contradict each other: an index accepts attestations only with Trusted Publishing",
			"remove password to use Trusted Publishing, or set attestations: auto")}
	}
	return nil
}
