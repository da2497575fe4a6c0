// Package issuertest has what tests of those who verify ID tokens share: a key, and issuers whose documents have faults.
package issuertest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
)

// keyBits is the size of the smallest key that Go signs with. GitHub's has twice as many bits, takes five times as long to sign with, and
// shows nothing more.
const keyBits = 1024

// Key returns the key that signs the ID tokens of every issuer of the test binary: making one takes longer than most tests.
var Key = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// Fault is what is wrong with one of the two documents that an issuer publishes: the discovery document, and its key set.
type Fault struct {
	path   string
	handle http.HandlerFunc // nil: the document, and blanks behind it
}

const discovery, keys = "/.well-known/openid-configuration", "/.well-known/jwks"

// NoKeys returns the fault of a key set without keys: the next token may still be verified by it, since it was received.
func NoKeys() Fault { return Fault{keys, answer(`{}`)} }

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text))
	}
}

// Faults returns the faults with which nothing is received that can verify a token, by what they are.
func Faults() map[string]Fault {
	down := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusServiceUnavailable) }
	return map[string]Fault{
		"no discovery document":                {discovery, down},
		"the discovery document of another":    {discovery, answer(`{"issuer":"https://issuer.example"}`)},
		"a discovery document without end":     {discovery, nil},
		"a discovery document that is no JSON": {discovery, answer("{")},
		"no key set":                           {keys, down},
		"a key set that is no JSON":            {keys, answer("{")},
		"a key set without end":                {keys, nil},
		"an invalid key":                       {keys, answer(`{"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]}`)},
	}
}

// Start starts an issuer with a fault, on loopback, and returns its URL. mend takes the fault away.
func Start(t testing.TB, fault Fault) (tokens *issuer.Issuer, url string, mend func()) {
	t.Helper()
	key, err := Key()
	if err != nil {
		t.Fatal(err)
	}
	var mended atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atFault := !mended.Load() && r.URL.Path == fault.path
		if atFault && fault.handle != nil {
			fault.handle(w, r)
			return
		}
		tokens.ServeHTTP(w, r)
		if atFault {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
	}))
	t.Cleanup(server.Close)
	tokens = issuer.New(issuer.Options{URL: server.URL, Now: time.Now, Key: key})
	return tokens, server.URL, func() { mended.Store(true) }
}
