package fakepypi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/idtoken"
	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
)

// TestIDToken_IssuerDocuments: without the documents of its issuer no token is valid; they are asked for again with the next token.
func TestIDToken_IssuerDocuments(t *testing.T) {
	t.Parallel()
	for name, fault := range issuertest.Faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, url, mend := issuertest.Start(t, fault)
			v := idtoken.NewVerifier(url, "", "rehearsal", time.Now)
			raw, err := tokens.Token("rehearsal")
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := v.Verify(t.Context(), raw); err == nil {
				t.Errorf("the token is valid: %v", claims)
			}
			mend()
			claims, err := v.Verify(t.Context(), raw)
			if repository, ok := claims.Text("repository"); err != nil || !ok || repository != "octo-org/rehearsal" {
				t.Errorf("afterwards: %v, %v", claims, err)
			}
		})
	}
}

// FuzzIDToken: a text is malformed or has claims, and only what the issuer has signed is valid.
func FuzzIDToken(f *testing.F) {
	now := time.Now() // the clock stands still, so that keys are fetched once
	clock := func() time.Time { return now }
	var tokens *issuer.Issuer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tokens.ServeHTTP(w, r) }))
	f.Cleanup(server.Close)
	k, err := issuertest.Key()
	if err != nil {
		f.Fatal(err)
	}
	tokens = issuer.New(issuer.Options{URL: server.URL, Now: clock, Key: k})
	token := func(defect issuer.TokenDefect) string {
		tokens.Forge(defect)
		raw, err := tokens.Token("rehearsal")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		return raw
	}
	for _, defect := range []issuer.TokenDefect{
		issuer.Unsigned, issuer.Symmetric, issuer.NoKeyID, issuer.ForeignKey, issuer.BadSignature, issuer.TwoParts,
	} {
		token(defect)
	}
	f.Add("..")
	f.Add("e30.bnVsbA.AA")
	v := idtoken.NewVerifier(server.URL, "", "rehearsal", clock)
	signed, err := v.Verify(f.Context(), token(issuer.Honest))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := idtoken.Unverified(raw)
		if (claims == nil) == (err == nil) || err != nil && !errors.Is(err, idtoken.ErrMalformed) {
			t.Errorf("%q has the claims %v, %v", raw, claims, err)
		}
		if claims, err := v.Verify(t.Context(), raw); err == nil && claims["jti"] != signed["jti"] {
			t.Errorf("%q is valid: %v", raw, claims)
		}
	})
}
