#!/usr/bin/env bash
# One key of an unknown kind makes a whole JWK Set useless to go-oidc and PyJWT
#
# Expected: an ID token verifies as long as the key that signed it is in the issuer's key set. RFC 7517 says that implementations should
#           ignore keys whose type they do not understand or whose values they do not support. An issuer can so add a key of a new kind
#           before any client knows it.
# Seen:     go-jose refuses the whole set for an X25519 key (RFC 8037). Its source quotes that sentence of the RFC right above the line
#           that returns the error, but encoding/json, which reads the set, passes the error of one key on as that of the set. So
#           go-oidc verifies no token of the issuer. PyJWT means to skip such keys: it catches PyJWKError. What it raises is
#           InvalidKeyError, which is none.
# Affects:  every service that verifies ID tokens with these: package indexes, certificate authorities, cloud providers. The day on
#           which an issuer adds a key of a new kind, all its tokens are refused there.
# Date:     2026-11-29
# Versions: Go modules: github.com/coreos/go-oidc/v3 v3.17.0 with github.com/go-jose/go-jose/v4 v4.1.4 (v4.1.9 does the same);
#           Debian 12 (bookworm): python3-jwt 2.6.0-1+deb12u1, python3-cryptography 38.0.4-3+deb12u1, Python 3.11.2-6+deb12u8
# Sources:  RFC 7517, section 5
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/coreos/go-oidc/v3@v3.17.0 github.com/go-jose/go-jose/v4@v4.1.4
debian python3-jwt=2.6.0-1+deb12u1 python3-cryptography=38.0.4-3+deb12u1 python3-cffi-backend=1.15.1-5+b1 \
	python3-typing-extensions=4.4.0-1

cat >go/main.go <<'GO'
// An issuer on loopback signs a token, first with a key set of its key alone, then with another key beside it.
package main

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func main() {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	known := must(json.Marshal(jose.JSONWebKey{Key: &private.PublicKey, KeyID: "known", Algorithm: "ES256", Use: "sig"}))
	exchange := must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey().Bytes()
	unknown := must(json.Marshal(map[string]string{
		"kty": "OKP", "crv": "X25519", "kid": "unknown", "use": "enc", "x": base64.RawURLEncoding.EncodeToString(exchange),
	}))

	var set []byte
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(set)
	}))
	defer issuer.Close()
	signer := must(jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: "known"}}, nil,
	))
	token := must(jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuer.URL, Subject: "alder", Audience: jwt.Audience{"index"}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).Serialize())

	for _, one := range []struct{ name, set string }{
		{"one-key", fmt.Sprintf(`{"keys":[%s]}`, known)},
		{"two-keys", fmt.Sprintf(`{"keys":[%s,%s]}`, known, unknown)},
	} {
		set = []byte(one.set)
		must(0, os.WriteFile(one.name+".json", set, 0o600))
		keys := oidc.NewRemoteKeySet(context.Background(), issuer.URL)
		config := &oidc.Config{ClientID: "index", SupportedSigningAlgs: []string{"ES256"}}
		_, err := oidc.NewVerifier(issuer.URL, keys, config).Verify(context.Background(), token)
		said := "the token verifies"
		if err != nil {
			said = regexp.MustCompile(`.*could not unmarshal as JSON: | \{"keys".*`).ReplaceAllString(err.Error(), "")
		}
		fmt.Printf("%s, go-oidc: %s\n", one.name, said)
	}
}
GO
cat >read.py <<'PY'
import jwt, sys

for name in "one-key", "two-keys":
    with open(f"{name}.json") as file:
        try:
            keys = jwt.PyJWKSet.from_json(file.read())
            print(f"{name}, PyJWT: the set has the key {keys['known'].key_id}")
        except jwt.PyJWTError as error:
            print(f"{name}, PyJWT: {type(error).__name__}: {error}")
PY
go_program
{ ./program && debian_python read.py; } >seen 2>run.log || untried run.log

still <<'SEEN'
one-key, go-oidc: the token verifies
two-keys, go-oidc: go-jose/go-jose: unsupported key type/format
one-key, PyJWT: the set has the key known
two-keys, PyJWT: InvalidKeyError: Unsupported crv: X25519
SEEN
