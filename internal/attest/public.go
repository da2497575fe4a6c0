package attest

import _ "embed" // for the copies

//go:generate go test -tags refresh -run RefreshCopies -count=1 .

// The public good instance of Sigstore, and GitHub. No other file contains these addresses.
const (
	publicTUF    = "https://tuf-repo-cdn.sigstore.dev"
	publicSearch = "https://search.sigstore.dev/?logIndex="
	publicStatus = "https://status.sigstore.dev"

	// github is where the workflows are whose certificates the index accepts: with [oidc.GitHubIssuer] alone, and not with that of an
	// enterprise (docs/reference/attestations.md §2.2).
	github = "https://github.com/"
)

// Copies of files of the public good instance, as of the release of this program. TUF starts with the root, which may be old; the
// other two are used if the TUF repository is not available.
var (
	//go:embed sigstore/root.json
	embeddedRoot []byte
	//go:embed sigstore/trusted_root.json
	copiedTrustedRoot []byte
	//go:embed sigstore/signing_config.v0.2.json
	copiedSigningConfig []byte
)
