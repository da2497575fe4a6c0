#!/usr/bin/env bash
# go-tuf refuses a TUF root that enough known keys have signed, if one more key is of a type that it does not know
#
# Expected: root metadata verifies if a threshold of its role's keys has signed it. TUF does not restrict the types of keys: adopters
#           can use any type. A key that a client does not know just does not count, so a repository can add a key of a new kind for
#           newer clients and keep the old ones.
# Seen:     go-tuf ends with "unsupported public key type" before it counts, although two of two signatures that the threshold asks for
#           are there. The third key is a P-384 key of the type ecdsa-sha2-nistp384, as securesystemslib, the library below python-tuf,
#           has it. tuf-js accepts the same file.
# Affects:  clients of Sigstore in Go, which read the trust root by go-tuf: a root with one key of a new kind, such as a post-quantum
#           one, would end their updates, and with them signing and verifying, at the same moment for all.
# Date:     2026-11-29
# Versions: Go modules: github.com/theupdateframework/go-tuf/v2 v2.4.2, github.com/sigstore/sigstore v1.10.8;
#           npm: @tufjs/models 4.1.1 (5.0.2 does the same)
# Sources:  TUF specification of 2026-01-22, sections 4.2.1 "Key objects" and 5.3 "Update the root role"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/theupdateframework/go-tuf/v2@v2.4.2 github.com/sigstore/sigstore@v1.10.8
node_packages @tufjs/models@4.1.1

cat >go/main.go <<'GO'
// Writes two roots with a threshold of two, signed by two keys: one has these keys alone, the other a third one. Verifies both.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func main() {
	for _, name := range []string{"two-keys", "three-keys"} {
		root := metadata.Root(time.Now().AddDate(1, 0, 0).UTC())
		var signers []signature.Signer
		for range 2 {
			public, private, err := ed25519.GenerateKey(rand.Reader)
			must(0, err)
			key := must(metadata.KeyFromPublicKey(public))
			for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
				must(0, root.Signed.AddKey(key, role))
			}
			signers = append(signers, must(signature.LoadSigner(private, crypto.Hash(0))))
		}
		if name == "three-keys" {
			public := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).Public()
			block := &pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))}
			must(0, root.Signed.AddKey(&metadata.Key{
				Type: "ecdsa-sha2-nistp384", Scheme: "ecdsa-sha2-nistp384",
				Value: metadata.KeyVal{PublicKey: string(pem.EncodeToMemory(block))},
			}, "root"))
		}
		root.Signed.Roles["root"].Threshold = 2
		for _, signer := range signers {
			must(root.Sign(signer))
		}
		must(0, root.ToFile(name+".json", true))

		read := must(metadata.Root().FromFile(name + ".json"))
		said := "verified"
		if err := read.VerifyDelegate("root", read); err != nil {
			said = err.Error()
		}
		fmt.Printf("%s, go-tuf: %s\n", name, said)
	}
}
GO
cat >node/verify.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Metadata, MetadataKind } from "@tufjs/models";

for (const name of ["two-keys", "three-keys"]) {
  const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse(readFileSync(`${name}.json`, "utf8")));
  let said = "verified";
  try {
    root.verifyDelegate("root", root);
  } catch (error) {
    said = error.message;
  }
  console.log(`${name}, tuf-js: ${said}`);
}
JS
go_program
{ ./program && node node/verify.mjs; } >seen 2>run.log || untried run.log

still <<'SEEN'
two-keys, go-tuf: verified
three-keys, go-tuf: unsupported public key type
two-keys, tuf-js: verified
three-keys, tuf-js: verified
SEEN
