package sigstore

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
	"sync"
	"time"
)

// ID tokens are verified as Fulcio does (section 2.5): RS256 by a key of the issuer's key set, exp without leeway, nbf with
// five minutes, iat not at all.

const (
	// audience is what an ID token has to be for.
	audience = "sigstore"
	// leeway is how far ahead nbf may be.
	leeway = 5 * time.Minute
	// answerLimit bounds what is read of the issuer's documents, in bytes.
	answerLimit = 1 << 20
)

// claims are those of an ID token.
type claims map[string]any

// text is a claim's text, empty where it is missing or of another kind.
func (c claims) text(name string) string {
	value, _ := c[name].(string)
	return value
}

// moment is a time claim in seconds since 1970.
func (c claims) moment(name string) (at time.Time, ok bool) {
	seconds, ok := c[name].(float64)
	return time.Unix(int64(seconds), 0), ok
}

// isFor tells whether the token's audience is, or has among others, the one named.
func (c claims) isFor(name string) bool {
	switch value := c["aud"].(type) {
	case string:
		return value == name
	case []any:
		for _, one := range value {
			if one == name {
				return true
			}
		}
	}
	return false
}

// verifier knows the keys of one issuer.
type verifier struct {
	issuer string
	client *http.Client

	mu   sync.Mutex // held while keys are fetched
	keys map[string]*rsa.PublicKey
}

func newVerifier(issuer string) *verifier {
	return &verifier{issuer: issuer, client: &http.Client{Timeout: 10 * time.Second}}
}

// verify returns the claims of a token that is good at the time now.
func (v *verifier) verify(ctx context.Context, raw string, now time.Time) (claims, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("a token has three parts")
	}
	var header struct{ Alg, Kid string }
	var c claims
	for i, into := range []any{&header, &c} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, err
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	if header.Alg != "RS256" {
		return nil, fmt.Errorf("the algorithm is %q", header.Alg)
	}
	key, err := v.key(ctx, header.Kid)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return nil, err
	}
	return c, v.acceptable(c, now)
}

// acceptable judges the claims of a token whose signature is good.
func (v *verifier) acceptable(c claims, now time.Time) error {
	expires, hasExpires := c.moment("exp")
	notBefore, hasNotBefore := c.moment("nbf")
	switch {
	case c.text("iss") != v.issuer:
		return fmt.Errorf("it is of the issuer %q", c.text("iss"))
	case !c.isFor(audience):
		return fmt.Errorf("it is for the audience %v", c["aud"])
	case !hasExpires || now.After(expires):
		return errors.New("it has expired")
	case hasNotBefore && notBefore.After(now.Add(leeway)):
		return errors.New("it is not yet valid")
	case c.text("sub") == "" || c.text("job_workflow_ref") == "":
		return errors.New("it is of no workflow")
	}
	return nil
}

// key finds the key named id. An unknown one makes the set be fetched again.
func (v *verifier) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys[id] == nil {
		if err := v.fetch(ctx); err != nil {
			return nil, err
		}
	}
	if key := v.keys[id]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("the issuer has no key %q", id)
}

func (v *verifier) fetch(ctx context.Context) error {
	var discovery struct {
		Issuer string `json:"issuer"`
		KeysAt string `json:"jwks_uri"`
	}
	if err := v.get(ctx, v.issuer+"/.well-known/openid-configuration", &discovery); err != nil {
		return err
	}
	if discovery.Issuer != v.issuer {
		return fmt.Errorf("the discovery document is of the issuer %q", discovery.Issuer)
	}
	var set struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	if err := v.get(ctx, discovery.KeysAt, &set); err != nil {
		return err
	}
	v.keys = map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		n, err1 := base64.RawURLEncoding.DecodeString(k.N)
		e, err2 := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty == "RSA" && err1 == nil && err2 == nil && len(e) <= 4 {
			v.keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	return nil
}

func (v *verifier) get(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Close = true // no idle connection outlives the stage
	request.Header.Set("User-Agent", "rehearsal-fulcio")
	answer, err := v.client.Do(request)
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
