package e2e_test

import (
	"crypto/x509"
	"fmt"
	"os"

	"github.com/org/pypi-oidc-publish/internal/cli"
)

// countRoots is a process that has the embedded roots and prints how many roots it trusts.
func countRoots() {
	cli.EmbeddedRoots()
	pool, err := x509.SystemCertPool()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(!pool.Equal(x509.NewCertPool()))
}
