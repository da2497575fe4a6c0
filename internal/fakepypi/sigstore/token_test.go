package sigstore

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
)

// key is one signing key for all issuers of the test: making one takes longer than most tests. It is as small as Go signs with.
var key = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) })

// TestToken_IssuerDocuments: without the documents of its issuer no token is valid; they are asked for again with the next token.
func TestToken_IssuerDocuments(t *testing.T) {
	t.Parallel()
	const discovery, keys = "/.well-known/openid-configuration", "/.well-known/jwks"
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(text))
		}
	}
	down := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) }
	for name, c := range map[string]struct {
		path   string
		handle http.HandlerFunc // nil: the document, and blanks behind it
	}{
		"no discovery document":                {discovery, down},
		"the discovery document of another":    {discovery, answer(`{"issuer":"https://issuer.example"}`)},
		"a discovery document without end":     {discovery, nil},
		"a discovery document that is no JSON": {discovery, answer("{")},
		"no key set":                           {keys, down},
		"a key set without keys":               {keys, answer(`{}`)},
		"a key set that is no JSON":            {keys, answer("{")},
		"a key set without end":                {keys, nil},
		"an invalid key":                       {keys, answer(`{"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := key()
			if err != nil {
				t.Fatal(err)
			}
			var broken atomic.Bool
			broken.Store(true)
			var tokens *issuer.Issuer
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				atFault := broken.Load() && r.URL.Path == c.path
				if atFault && c.handle != nil {
					c.handle(w, r)
					return
				}
				tokens.ServeHTTP(w, r)
				if atFault {
					_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
				}
			}))
			t.Cleanup(server.Close)
			tokens = issuer.New(issuer.Options{URL: server.URL, Now: time.Now, Key: k})
			v := newVerifier(server.URL, "", time.Now)
			raw, err := tokens.Token(audience)
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := v.verify(t.Context(), raw); err == nil {
				t.Errorf("the token is valid: %v", claims)
			}
			broken.Store(false)
			got, err := v.verify(t.Context(), raw)
			for n := 0; err != nil && n < 1000; n++ {
				runtime.Gosched() // go-oidc may still hand out the failure of the request that has just ended
				got, err = v.verify(t.Context(), raw)
			}
			if err != nil || got.text("repository") != "octo-org/rehearsal" {
				t.Errorf("afterwards: %v, %v", got, err)
			}
		})
	}
}
