package cli

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// EmbeddedRoots gives the program the roots that are built into it, for a system that has none, as the image. It may be called
// once in a process. Reading them takes some milliseconds, so it is done when the first request needs them.
func EmbeddedRoots() {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil:
			// One that this version of Go does not read is one that nothing can be verified with.
		case root.Constraint != nil:
			pool.AddCertWithConstraint(certificate, root.Constraint)
		default:
			pool.AddCert(certificate)
		}
	}
	x509.SetFallbackRoots(pool)
}

// trust makes the roots ready.
func (w World) trust() {
	if w.Trust != nil {
		w.Trust()
	}
}

// longestBundle bounds a file of roots, in bytes: that of a whole system has a quarter of it.
const longestBundle = 1 << 20

// rootsWith are the system's roots, or the embedded ones where it has none, and those of the user's bundle.
func (w World) rootsWith(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	wrong := func(why string) error {
		return finding.New(finding.CABundle,
			fmt.Sprintf("the ca-bundle %s %s", path, why),
			"set `ca-bundle` to a PEM file with the additional CA certificates; put it in the workspace, since a container action cannot see the rest of the host")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, wrong("cannot be read: " + err.Error())
	}
	defer file.Close()
	text, err := localfile.ReadAll(file, longestBundle) // which may be a pipe of the user's shell
	var large localfile.TooLargeError
	switch {
	case errors.As(err, &large):
		return nil, wrong("is too large: at most 1 MiB")
	case err != nil:
		return nil, wrong("cannot be read: " + err.Error())
	}
	w.trust()
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, wrong("cannot be added to the CA certificates of the system: " + err.Error())
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, wrong("contains no PEM certificate")
	}
	return pool, nil
}
