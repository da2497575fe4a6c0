#!/usr/bin/env bash
# A module that verifies with sigstore-go and has x/crypto v0.59.0 is built, and cannot be tidied
#
# Expected: what `go build` builds, `go mod tidy` tidies: both find every package that the program is made of. openpgp has been deprecated
#           for years; a program that imports none of it has nothing to do with its end.
# Seen:     v0.59.0 has no openpgp. The program, which imports sigstore-go's verify and x/crypto's blake2b, is built and runs. `go mod tidy`
#           ends with an error and changes nothing: it also looks at the tests of what is imported, and those of verify import sign, that
#           rekor, and that openpgp.
# Affects:  modules that use sigstore-go v1.3.0 only to verify: an update of x/crypto alone, as bots propose it, passes the build and stops
#           every later tidy.
# Date:     2026-11-30
# Versions: Go modules: github.com/sigstore/sigstore-go v1.3.0, golang.org/x/crypto v0.59.0
# Sources:  Go modules reference, go mod tidy; x/crypto, openpgp (the notice of its deprecation)
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/sigstore/sigstore-go@v1.3.0 golang.org/x/crypto@v0.59.0

cat >go/main.go <<'GO'
// A program that can verify, and hash.
package main

import (
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/verify"
	"golang.org/x/crypto/blake2b"
)

func main() {
	_, err := verify.NewVerifier(nil)
	fmt.Println("runs:", err != nil, blake2b.Size256)
}
GO

go_program
{
	./program
	if go -C go mod tidy >tidy.log 2>&1; then echo 'tidied'; else echo 'not tidied:'; fi
	grep -o 'golang.org/x/crypto/[a-z/]*: module golang.org/x/crypto@latest found' tidy.log | sed 's/: .*/ is in no module/' | sort -u
} >seen

still <<'SEEN'
runs: true 32
not tidied:
golang.org/x/crypto/openpgp is in no module
golang.org/x/crypto/openpgp/armor is in no module
golang.org/x/crypto/openpgp/packet is in no module
SEEN
