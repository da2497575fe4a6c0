package warehouse

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// ID tokens are verified as in section 4.3: RS256 alone, by a key of the issuer's key set, with iss, iat, exp and aud
// required, exactly one audience, and thirty seconds of leeway.

// claims are those of a verified ID token.
type claims map[string]any

// text is a claim's text; ok is false where it is missing. Other kinds of values count as missing.
func (c claims) text(name string) (value string, ok bool) {
	value, ok = c[name].(string)
	return value, ok
}

// moment is a time claim in seconds since 1970.
func (c claims) moment(name string) (at time.Time, ok bool) {
	seconds, ok := c[name].(float64)
	return time.Unix(int64(seconds), 0), ok
}

// idToken is a decoded, unverified ID token.
type idToken struct {
	alg, kid  string
	claims    claims
	signed    string
	signature []byte
}

var errJWT = errors.New("malformed JWT")

func parseJWT(raw string) (idToken, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return idToken{}, errJWT
	}
	t := idToken{signed: parts[0] + "." + parts[1]}
	var header struct{ Alg, Kid string }
	for i, into := range []any{&header, &t.claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return idToken{}, errJWT
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || t.claims == nil {
		return idToken{}, errJWT
	}
	t.alg, t.kid, t.signature = header.Alg, header.Kid, signature
	return t, nil
}

var errInvalidToken = errors.New("malformed or invalid token")

// verifyJWT checks signature, issuer, audience and times.
func (ix *Index) verifyJWT(ctx context.Context, t idToken) error {
	if t.alg != "RS256" {
		return fmt.Errorf("%w: alg %q", errInvalidToken, t.alg)
	}
	key, err := ix.keys.find(ctx, ix.now(), t.kid)
	if err != nil {
		return fmt.Errorf("%w: %w", errInvalidToken, err)
	}
	digest := sha256.Sum256([]byte(t.signed))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature); err != nil {
		return fmt.Errorf("%w: %w", errInvalidToken, err)
	}
	if audience, ok := t.claims.text("aud"); !ok || audience != ix.audience {
		return fmt.Errorf("%w: audience", errInvalidToken)
	}
	return timely(t.claims, ix.now())
}

func timely(c claims, now time.Time) error {
	issued, hasIssued := c.moment("iat")
	expires, hasExpires := c.moment("exp")
	notBefore, hasNotBefore := c.moment("nbf")
	_, nbfGiven := c["nbf"]
	switch {
	case !hasIssued, !hasExpires, nbfGiven && !hasNotBefore:
		return fmt.Errorf("%w: a time is missing", errInvalidToken)
	case !now.Before(expires.Add(leeway)):
		return fmt.Errorf("%w: expired", errInvalidToken)
	case issued.After(now.Add(leeway)):
		return fmt.Errorf("%w: issued in the future", errInvalidToken)
	case hasNotBefore && notBefore.After(now.Add(leeway)):
		return fmt.Errorf("%w: not yet valid", errInvalidToken)
	}
	return nil
}

// keySet holds the issuer's keys, fetched over HTTP from its discovery document on. It is guarded by Index.mint.
type keySet struct {
	issuer  string
	client  *http.Client
	keys    map[string]*rsa.PublicKey
	fetched time.Time
}

// answerLimit bounds what is read of the issuer's documents, in bytes.
const answerLimit = 1 << 20

// find returns the key named kid. An unknown kid makes the set be fetched again, at most once a minute.
func (s *keySet) find(ctx context.Context, now time.Time, kid string) (*rsa.PublicKey, error) {
	if key := s.keys[kid]; key != nil {
		return key, nil
	}
	if s.keys == nil || now.Sub(s.fetched) >= keysAge {
		if err := s.fetch(ctx); err != nil {
			return nil, err
		}
		s.fetched = now
	}
	if key := s.keys[kid]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("no key %q in the issuer's key set", kid)
}

func (s *keySet) fetch(ctx context.Context) error {
	var discovery struct {
		Issuer string `json:"issuer"`
		KeysAt string `json:"jwks_uri"`
	}
	if err := s.get(ctx, s.issuer+"/.well-known/openid-configuration", &discovery); err != nil {
		return err
	}
	if discovery.Issuer != s.issuer {
		return fmt.Errorf("the discovery document is of issuer %q", discovery.Issuer)
	}
	var set struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	if err := s.get(ctx, discovery.KeysAt, &set); err != nil {
		return err
	}
	s.keys = map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		n, err1 := base64.RawURLEncoding.DecodeString(k.N)
		e, err2 := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty != "RSA" || err1 != nil || err2 != nil || len(e) > 4 {
			return fmt.Errorf("key %q of the issuer cannot be read", k.Kid)
		}
		s.keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	}
	return nil
}

func (s *keySet) get(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Close = true // no idle connection outlives the stage
	request.Header.Set("User-Agent", "rehearsal-index")
	answer, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, answer.Status)
	}
	return json.Unmarshal(text, into)
}
