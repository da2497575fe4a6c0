package sigstore

import (
	"runtime"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
)

// TestToken_IssuerDocuments: without the documents of its issuer no token is valid; they are asked for again with the next token.
func TestToken_IssuerDocuments(t *testing.T) {
	t.Parallel()
	faults := issuertest.Faults()
	faults["a key set without keys"] = issuertest.NoKeys()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, url, mend := issuertest.Start(t, fault)
			v := newVerifier(url, "", time.Now)
			raw, err := tokens.Token(audience)
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := v.verify(t.Context(), raw); err == nil {
				t.Errorf("the token is valid: %v", claims)
			}
			mend()
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
