package sigstore

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

// ID tokens are verified with the library that Fulcio itself uses, and so by its rules (docs/reference/attestations.md §2.5): RS256 with
// a key of the issuer's key set, exp without leeway, nbf with five minutes of leeway, and iat not at all.

const (
	// audience is the required audience of an ID token.
	audience = "sigstore"
)

// claims has the claims of a verified ID token by name.
type claims map[string]any

// text returns a claim's string value, or an empty string if the claim is missing or of another type.
func (c claims) text(name string) string {
	value, _ := c[name].(string)
	return value
}

// verifier verifies the ID tokens of one issuer. It is safe for concurrent use.
type verifier struct {
	issuer string
	client *http.Client
	config oidc.Config

	mu     sync.Mutex            // locked while the issuer's discovery document is fetched
	tokens *oidc.IDTokenVerifier // nil before that
}

func newVerifier(issuer, at string, now func() time.Time) *verifier {
	return &verifier{
		issuer: issuer,
		client: web.IssuerClient("rehearsal-fulcio", at),
		config: oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.RS256}, Now: now},
	}
}

// reset forgets the issuer's discovery document and keys.
func (v *verifier) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tokens = nil
}

// verify returns the claims of a token. It fails if the token is not valid now, or is not one of a workflow run.
func (v *verifier) verify(ctx context.Context, raw string) (claims, error) {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	if signed.Signatures[0].Header.KeyID == "" { // go-oidc would try every key
		return nil, errors.New("the token names no key")
	}
	tokens, err := v.discover(ctx)
	if err != nil {
		return nil, err
	}
	token, err := tokens.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return nil, err
	}
	if c.text("sub") == "" || c.text("job_workflow_ref") == "" {
		return nil, errors.New("the token is not one of a workflow run")
	}
	return c, nil
}

// discover returns the verifier for the issuer's tokens. The first successful call fetches the discovery document. Keys are fetched when
// a token names an unknown one.
func (v *verifier) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil {
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, v.client), v.issuer)
		if err != nil {
			return nil, err
		}
		v.tokens = provider.Verifier(&v.config)
	}
	return v.tokens, nil
}
