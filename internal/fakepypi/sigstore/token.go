package sigstore

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// ID tokens are verified with the library that Fulcio itself has, and so by its rules (section 2.5): RS256 by a key of the
// issuer's key set, exp without leeway, nbf with five minutes, iat not at all.

const (
	// audience is what an ID token has to be for.
	audience = "sigstore"
	// answerLimit bounds what is read of each of the issuer's documents, in bytes.
	answerLimit = 1 << 20
	// issuerTimeout bounds each request to the issuer.
	issuerTimeout = 10 * time.Second
)

// claims are those of a verified ID token.
type claims map[string]any

// text returns a claim's text, empty where it is missing or of another kind.
func (c claims) text(name string) string {
	value, _ := c[name].(string)
	return value
}

// verifier verifies the ID tokens of one issuer. It is safe for concurrent use.
type verifier struct {
	issuer string
	client *http.Client
	config oidc.Config

	mu     sync.Mutex            // held while the issuer's discovery document is fetched
	tokens *oidc.IDTokenVerifier // nil before that
}

func newVerifier(issuer string, now func() time.Time) *verifier {
	return &verifier{
		issuer: issuer,
		client: &http.Client{Timeout: issuerTimeout, Transport: issuerTransport{}},
		config: oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.RS256}, Now: now},
	}
}

// reset forgets the issuer's discovery document and keys.
func (v *verifier) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tokens = nil
}

// verify returns the claims of a token, or an error if the token is not valid now, or not one of a workflow run.
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

// discover returns what verifies the issuer's tokens. The first call that succeeds fetches the discovery document; keys are
// fetched when a token names one that is not known.
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

// issuerTransport sends go-oidc's requests to the issuer: it says who asks, keeps no connection open, and bounds the answer.
type issuerTransport struct{}

// RoundTrip implements [http.RoundTripper].
func (issuerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Close = true
	r.Header.Set("User-Agent", "rehearsal-fulcio")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, answerLimit)
	return answer, nil
}
