package cli

import (
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// The environment in which a stage tells of its Sigstore: where its TUF repository is, and the root.json that trust in it
// begins with, in base64.
const (
	tufURL  = "PYPI_OIDC_PUBLISH_TUF_URL"
	tufRoot = "PYPI_OIDC_PUBLISH_TUF_ROOT"
)

// instance is a Sigstore other than the public one.
type instance struct {
	tuf  *url.URL // nil: the public one
	root []byte
}

// sigstore is the Sigstore that the environment tells of. It is heeded for an index on this machine alone: for every other
// one, whoever can set a variable could send the run's ID tokens elsewhere.
func (w World) sigstore(repository *url.URL) (instance, error) {
	address := w.Getenv(tufURL)
	if address == "" || !wire.Loopback(repository.Hostname()) {
		return instance{}, nil
	}
	at, err := url.Parse(address)
	if err != nil || !wire.Loopback(at.Hostname()) {
		return instance{}, wrongInstance(tufURL, "not a URL on this machine")
	}
	root, err := base64.StdEncoding.DecodeString(w.Getenv(tufRoot))
	if err != nil || len(root) == 0 {
		return instance{}, wrongInstance(tufRoot, "not a root.json in base64")
	}
	return instance{at, root}, nil
}

func wrongInstance(variable, why string) error {
	return finding.New(finding.SigstoreEnvironment,
		fmt.Sprintf("the variable %s is %s", variable, why),
		"take both variables from the file that `serve -env-file` writes, or unset both")
}
