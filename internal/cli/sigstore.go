package cli

import (
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// The variables that describe the Sigstore of a test index: the URL of its TUF repository, and the initial root.json in base64.
const (
	tufURL  = "PYPI_OIDC_PUBLISH_TUF_URL"
	tufRoot = "PYPI_OIDC_PUBLISH_TUF_ROOT"
)

// rulesOf is the variable that says whose rules the test index has: those of pypi, or others.
const rulesOf = "PYPI_OIDC_PUBLISH_RULES"

// isTestIndex reports whether the index is a test index with PyPI's rules: the environment says so, of one on this machine.
func (w Process) isTestIndex(site index.Site) bool {
	return w.Getenv(rulesOf) == "pypi" && wire.Loopback(site.Upload.Hostname())
}

// sigstoreInstance describes a Sigstore instance.
type sigstoreInstance struct {
	tuf  *url.URL // nil: the public instance
	root []byte
}

// sigstore returns the Sigstore instance that the environment describes. The variables are used only for an index on this machine:
// otherwise, setting a variable would be enough to send the run's ID tokens elsewhere. Its errors are findings.
func (w Process) sigstore(repository *url.URL) (sigstoreInstance, error) {
	address := w.Getenv(tufURL)
	if address == "" || !wire.Loopback(repository.Hostname()) {
		return sigstoreInstance{}, nil
	}
	at, err := url.Parse(address)
	if err != nil || !wire.Loopback(at.Hostname()) {
		return sigstoreInstance{}, wrongInstance(tufURL, "not a URL on this machine")
	}
	root, err := base64.StdEncoding.DecodeString(w.Getenv(tufRoot))
	if err != nil || len(root) == 0 {
		return sigstoreInstance{}, wrongInstance(tufRoot, "not a root.json in base64")
	}
	return sigstoreInstance{at, root}, nil
}

// wrongInstance returns the finding about an invalid variable.
func wrongInstance(variable, why string) error {
	return finding.New(finding.SigstoreEnvironment,
		fmt.Sprintf("the variable %s is %s", variable, why),
		"take both variables from the file that `serve -env-file` writes, or unset both")
}
