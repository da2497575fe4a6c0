// Package idtoken verifies ID tokens as PyPI does (docs/reference/pypi-server.md §4.3): JSON Web Tokens signed with RS256 by a key of the
// issuer's key set, with iss, iat, exp and aud, exactly one audience, and thirty seconds of leeway. The caller checks which claims a
// publisher needs, and whether a token was used before.
package idtoken

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

const (
	// leeway is the tolerated difference between the clocks of the issuer and the index.
	leeway = 30 * time.Second
	// keysAge is the minimum age of a key set before a token with an unknown key makes the index fetch it again.
	keysAge = time.Minute
)

// ErrMalformed reports a text that is not a JSON Web Token.
var ErrMalformed = errors.New("malformed JWT")

// Claims has the claims of an ID token by name.
type Claims map[string]any

// Text returns a claim's string value; ok is false if the claim is missing or of another type.
func (c Claims) Text(name string) (value string, ok bool) {
	value, ok = c[name].(string)
	return value, ok
}

// textOrAbsent reports whether a claim is a string or missing.
func (c Claims) textOrAbsent(name string) bool {
	value, given := c[name]
	_, ok := value.(string)
	return ok || !given
}

// Shown returns a claim as it is inserted into a text: a whole number counts as its digits. It returns an empty string if the claim is
// missing or of another type.
func (c Claims) Shown(name string) string {
	switch value := c[name].(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return ""
	}
}

// Unverified returns the claims of a token without verifying it, whatever its algorithm: PyPI checks the issuer first. The error is
// [ErrMalformed].
func Unverified(raw string) (Claims, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, ErrMalformed
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, ErrMalformed
		}
	}
	var header struct{ Alg, Kid string }
	var claims Claims
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil || claims == nil {
		return nil, ErrMalformed
	}
	return claims, nil
}

// Verifier verifies the ID tokens of one issuer for one audience. It is safe for concurrent use.
type Verifier struct {
	issuer, audience string
	now              func() time.Time
	client           *http.Client

	mu      sync.Mutex // locked while keys are fetched
	keys    jose.JSONWebKeySet
	fetched time.Time // by the clock now; zero before the first time
}

// NewVerifier returns a verifier for tokens of the issuer at a URL without a trailing slash. The issuer's documents are fetched from the
// host at, or from the issuer's URL if at is empty, and not before the first token. The clock now decides what is valid.
func NewVerifier(issuer, at, audience string, now func() time.Time) *Verifier {
	return &Verifier{
		issuer: issuer, audience: audience, now: now,
		client: web.IssuerClient("rehearsal-index", at),
	}
}

// Reset forgets the issuer's keys, so that they are fetched again.
func (v *Verifier) Reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys, v.fetched = jose.JSONWebKeySet{}, time.Time{}
}

// Verify returns the claims of a token. The error says why the token is not valid, or that the issuer's keys could not be fetched; PyPI
// shows neither to its clients.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	keys, err := v.keysFor(ctx, token.Headers[0].KeyID)
	if err != nil {
		return nil, err
	}
	var registered jwt.Claims
	var claims Claims
	if err := token.Claims(keys, &registered, &claims); err != nil {
		return nil, err
	}
	return claims, v.validate(registered, claims)
}

// validate checks the claims of a token whose signature was verified.
func (v *Verifier) validate(registered jwt.Claims, claims Claims) error {
	now := v.now()
	audience, _ := claims.Text("aud") // go-jose would also accept a list
	_, hasNotBefore := claims["nbf"]
	switch {
	case audience != v.audience:
		return jwt.ErrInvalidAudience
	case registered.IssuedAt == nil, registered.Expiry == nil, hasNotBefore && registered.NotBefore == nil:
		return errors.New("iat or exp is missing, or nbf is null")
	case !claims.textOrAbsent("jti") || !claims.textOrAbsent("sub"):
		return errors.New("jti or sub is not a text")
	case !now.Before(registered.Expiry.Time().Add(leeway)): // go-jose would accept the token at exactly that time
		return jwt.ErrExpired
	}
	return registered.ValidateWithLeeway(jwt.Expected{Issuer: v.issuer, Time: now}, leeway)
}

// keysFor returns the key set, which it fetches again, at most once a minute, if the set has no key with the id kid.
func (v *Verifier) keysFor(ctx context.Context, kid string) (jose.JSONWebKeySet, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if len(v.keys.Key(kid)) > 0 || now.Sub(v.fetched) < keysAge {
		return v.keys, nil
	}
	keys, err := v.fetch(ctx)
	if err == nil {
		v.keys, v.fetched = keys, now
	}
	return keys, err
}

// fetch returns the issuer's key set, whose address is in its discovery document.
func (v *Verifier) fetch(ctx context.Context) (jose.JSONWebKeySet, error) {
	var keys jose.JSONWebKeySet
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, v.client), v.issuer)
	if err != nil {
		return keys, err
	}
	var discovered struct {
		KeysAt string `json:"jwks_uri"`
	}
	if err := provider.Claims(&discovered); err != nil {
		return keys, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, discovered.KeysAt, nil)
	if err != nil {
		return keys, err
	}
	answer, err := v.client.Do(request)
	if err != nil {
		return keys, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return keys, err
	}
	if answer.StatusCode != http.StatusOK {
		return keys, fmt.Errorf("%s answered %s", discovered.KeysAt, answer.Status)
	}
	err = json.Unmarshal(text, &keys)
	return keys, err
}
