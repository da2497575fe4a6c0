package attest

import _ "embed" // of the copies

// The public good instance of Sigstore, and GitHub, whose workflows it knows. No other place names them.
const (
	publicTUF    = "https://tuf-repo-cdn.sigstore.dev"
	publicSearch = "https://search.sigstore.dev/?logIndex="
	publicStatus = "https://status.sigstore.dev"

	// githubIssuer is the one issuer of ID tokens whose certificates the index takes from GitHub's workflows; an
	// enterprise's own issuer is refused (docs/reference/attestations.md §2.2).
	githubIssuer = "https://token.actions.githubusercontent.com"
	github       = "https://github.com/"
)

// Copies of what the public good instance published, of the day of the release. The root is where TUF begins, however
// old it is; the other two are used when TUF cannot be reached.
var (
	//go:embed sigstore/root.json
	embeddedRoot []byte
	//go:embed sigstore/trusted_root.json
	copiedTrustedRoot []byte
	//go:embed sigstore/signing_config.v0.2.json
	copiedSigningConfig []byte
)
