package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// EmbeddedRoots installs the built-in root certificates as a fallback for a system that has none, such as the image. It must be called
// at most once in a process. It takes some milliseconds, so it is called before the first request that needs them.
func EmbeddedRoots() {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil:
			// This version of Go cannot read the certificate, so it cannot verify anything with it.
		case root.Constraint != nil:
			pool.AddCertWithConstraint(certificate, root.Constraint)
		default:
			pool.AddCert(certificate)
		}
	}
	x509.SetFallbackRoots(pool)
}

// loadRoots loads the root certificates.
func (w Process) loadRoots() {
	if w.LoadRoots != nil {
		w.LoadRoots()
	}
}

// longestBundle is the maximum size of a file of CA certificates, in bytes. The file of a typical system has a quarter of it.
const longestBundle = 1 << 20

// rootsWith returns the root certificates of the system, or the built-in ones if it has none, together with those in the file at path.
// It returns nil, which means the default roots, if path is empty. Its errors are findings.
func (w Process) rootsWith(ctx context.Context, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	wrong := func(why string) error {
		return finding.New(finding.CABundle,
			fmt.Sprintf("the ca-bundle %s %s", path, why),
			"set `ca-bundle` to a PEM file with the additional CA certificates; put it in the workspace, "+
				"since a container action cannot see the rest of the host")
	}
	file, err := localfile.OpenPipe(path)
	if err != nil {
		return nil, wrong("cannot be read: " + err.Error())
	}
	defer file.Close()
	// Whoever writes to a pipe may take any time. A regular file has no deadline, and needs none.
	defer context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })()
	text, err := localfile.ReadAll(file, longestBundle)
	var large localfile.TooLargeError
	switch {
	case ctx.Err() != nil:
		return nil, finding.New(finding.Cancelled, "the run was cancelled: "+context.Cause(ctx).Error(), "run the job again")
	case errors.As(err, &large):
		return nil, wrong("is too large: at most 1 MiB")
	case err != nil:
		return nil, wrong("cannot be read: " + err.Error())
	}
	w.loadRoots()
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, wrong("cannot be added to the CA certificates of the system: " + err.Error())
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, wrong("contains no PEM certificate")
	}
	return pool, nil
}
