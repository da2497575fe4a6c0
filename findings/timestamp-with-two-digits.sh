#!/usr/bin/env bash
# Of the timestamps of a clock with milliseconds, @sigstore/verify refuses every tenth
#
# Expected: a signed timestamp verifies, whatever the fraction of its second is. RFC 3161 lets genTime have one of any precision, and says
#           that it MUST omit all trailing zeros, as DER does: 120 milliseconds are written `.12`. So an authority whose clock has
#           milliseconds writes three digits nine times of ten, and fewer else.
# Seen:     @sigstore/core reads a time without a fraction, or with one of three digits. Any other is an "invalid time", and the bundle is
#           refused, although its timestamp is in order and from a trusted authority; sigstore-go verifies it. With milliseconds it is
#           chance, when a bundle is made, whether it will verify. With microseconds nearly none does.
# Affects:  who has a timestamp authority with a finer clock, as a private Sigstore may (OpenSSL's by the option clock_precision_digits),
#           and verifies in JavaScript: most signatures pass, some never do, and signing the same file again mends it.
# Date:     2026-11-30
# Versions: npm: @sigstore/verify 3.1.1 with @sigstore/core 3.2.1 and @sigstore/bundle 4.0.0 (4.1.3 with 4.0.1 does the same); Go modules:
#           github.com/sigstore/sigstore-go v1.3.0; Debian 12 (bookworm): openssl and libssl3 3.0.22-1~deb12u2, the authority
# Sources:  RFC 3161, section 2.4.2 (genTime); ITU-T X.690, section 11.7; OpenSSL, openssl-ts(1), "clock_precision_digits"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2
go_module github.com/sigstore/sigstore-go@v1.3.0 github.com/sigstore/protobuf-specs@v0.5.2
node_packages @sigstore/verify@3.1.1 @sigstore/core@3.2.1 @sigstore/bundle@4.0.0 @sigstore/protobuf-specs@0.5.2

openssl() {
	LD_LIBRARY_PATH=$(echo "$scratch"/root/usr/lib/*-linux-gnu) OPENSSL_CONF=$scratch/openssl.cnf "$scratch/root/usr/bin/openssl" "$@"
}

cat >openssl.cnf <<'CONF'
[req]
distinguished_name = subject
[subject]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[authority]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[milliseconds]
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
serial = serial
ess_cert_id_alg = sha256
clock_precision_digits = 3
[microseconds]
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
serial = serial
ess_cert_id_alg = sha256
clock_precision_digits = 6
CONF

# digits prints how many digits the fraction of a second has in the timestamp.
digits() {
	local time
	time=$(openssl asn1parse -inform DER -in "$1" -strparse "$(openssl asn1parse -inform DER -in "$1" |
		sed -n '/:id-smime-ct-TSTInfo/,/OCTET STRING/s/^ *\([0-9]*\):.*OCTET STRING.*/\1/p' | head -n 1)" |
		sed -n 's/.*GENERALIZEDTIME *:[0-9]*\.\{0,1\}\([0-9]*\)Z.*/\1/p')
	echo "${#time}"
}

# timestamp CLOCK DIGITS asks the authority until its timestamp has so many digits.
timestamp() {
	local tries=0
	until [[ -e $1-$2.tsr && $(digits "$1-$2.tsr") == "$2" ]]; do
		[[ $((tries += 1)) -le 300 ]]
		openssl ts -reply -section "$1" -queryfile query.tsq -signer authority.pem -inkey authority.key -out "$1-$2.tsr"
	done
}

{
	for key in root authority file; do openssl ecparam -name prime256v1 -genkey -noout -out "$key.key"; done
	openssl req -x509 -new -key root.key -subj /CN=root -days 2 -extensions root -out root.pem
	openssl req -new -key authority.key -subj /CN=authority -out authority.csr
	openssl x509 -req -in authority.csr -CA root.pem -CAkey root.key -days 2 -extfile openssl.cnf -extensions authority -out authority.pem
	for certificate in root authority; do openssl x509 -in $certificate.pem -outform DER -out $certificate.der; done
	openssl ec -in file.key -pubout -out file.pub
	echo alder >file
	openssl dgst -sha256 -sign file.key -out file.sig file
	openssl ts -query -data file.sig -sha256 -out query.tsq
	timestamp milliseconds 3
	timestamp milliseconds 2
	timestamp microseconds 6
} >openssl.log 2>&1 || untried openssl.log

cat >go/main.go <<'GO'
// Makes a bundle for each timestamp and verifies it.
package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rootpb "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func read(name string) []byte { return must(os.ReadFile(name)) }

func main() {
	file := read("file")
	digest := sha256.Sum256(file)
	block, _ := pem.Decode(read("file.pub"))
	key := must(signature.LoadVerifier(must(x509.ParsePKIXPublicKey(block.Bytes)), crypto.SHA256))
	trusted := &rootpb.TrustedRoot{
		MediaType: root.TrustedRootMediaType01,
		TimestampAuthorities: []*rootpb.CertificateAuthority{{
			Uri:      "https://authority.example",
			Subject:  &common.DistinguishedName{CommonName: "authority", Organization: "finding"},
			ValidFor: &common.TimeRange{Start: timestamppb.New(time.Now().AddDate(-1, 0, 0))},
			CertChain: &common.X509CertificateChain{Certificates: []*common.X509Certificate{
				{RawBytes: read("authority.der")}, {RawBytes: read("root.der")},
			}},
		}},
	}
	must(0, os.WriteFile("root.json", must(protojson.Marshal(trusted)), 0o600))
	material := root.TrustedMaterialCollection{
		must(root.NewTrustedRootFromPath("root.json")),
		root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(key, time.Time{}, time.Time{}), nil
		}),
	}
	verifier := must(verify.NewVerifier(material, verify.WithSignedTimestamps(1)))
	for _, name := range os.Args[1:] {
		made := &bundlepb.Bundle{
			MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
			VerificationMaterial: &bundlepb.VerificationMaterial{
				Content: &bundlepb.VerificationMaterial_PublicKey{PublicKey: &common.PublicKeyIdentifier{Hint: "file"}},
				TimestampVerificationData: &bundlepb.TimestampVerificationData{
					Rfc3161Timestamps: []*common.RFC3161SignedTimestamp{{SignedTimestamp: read(name + ".tsr")}},
				},
			},
			Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &common.MessageSignature{
				MessageDigest: &common.HashOutput{Algorithm: common.HashAlgorithm_SHA2_256, Digest: digest[:]},
				Signature:     read("file.sig"),
			}},
		}
		must(0, os.WriteFile(name+".json", must(protojson.Marshal(made)), 0o600))
		said := "verified"
		policy := verify.NewPolicy(verify.WithArtifact(bytes.NewReader(file)), verify.WithKey())
		if _, err := verifier.Verify(must(bundle.LoadJSONFromPath(name+".json")), policy); err != nil {
			said = err.Error()
		}
		fmt.Printf("%s, sigstore-go: %s\n", name, said)
	}
}
GO
cat >node/verify.mjs <<'JS'
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const json = (name) => JSON.parse(readFileSync(`${name}.json`, "utf8"));
const key = { publicKey: createPublicKey(readFileSync("file.pub")), validFor: () => true };
const material = toTrustMaterial(TrustedRoot.fromJSON(json("root")), () => key);
const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1 });
for (const name of process.argv.slice(2)) {
  let said = "verified";
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(json(name)), readFileSync("file")));
  } catch (error) {
    said = error.message;
  }
  console.log(`${name}, @sigstore/verify: ${said}`);
}
JS
go_program
made=(milliseconds-3 milliseconds-2 microseconds-6)
{ ./program "${made[@]}" && node node/verify.mjs "${made[@]}"; } >seen 2>run.log || untried run.log

still <<'SEEN'
milliseconds-3, sigstore-go: verified
milliseconds-2, sigstore-go: verified
microseconds-6, sigstore-go: verified
milliseconds-3, @sigstore/verify: verified
milliseconds-2, @sigstore/verify: invalid time
microseconds-6, @sigstore/verify: invalid time
SEEN
