// Package issuer is the ID token issuer of the test environment: it is to a workflow run what GitHub is. It serves the runner's token
// protocol to the run, and a discovery document and a key set to the index, which fetches them over HTTP as PyPI does.
//
// # Goals
//
// A token has every claim of GitHub's tokens, is signed with RS256, and is valid for five minutes by the clock of the test environment. A
// test can set each claim, and each defect of a token (its times, its key, its algorithm).
//
// # Limitations
//
// One run, one signing key. For customised subject claims and enterprise issuers a test must set the claims itself.
package issuer

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lifetime is how long an ID token is valid after it was issued.
const Lifetime = 5 * time.Minute

// keyBits is the size of GitHub's signing keys in bits.
const keyBits = 2048

// requestPath is the path of the runner's protocol. It is as unusual as the real one on purpose: a client that rebuilds the URL, instead
// of adding one query parameter, fails here too.
const requestPath = "/85//idtoken/6f0b1a2c-rehearsal/9a3d-job"

// The paths of the issuer's documents.
const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/.well-known/jwks"
)

// Options configure an issuer.
type Options struct {
	// URL is the `iss` of the tokens, without a trailing slash.
	URL string
	// RequestURL is the address at which the issuer answers: the run requests tokens there, and the key set is there; empty means URL.
	RequestURL string
	// Now is the clock for iat, nbf and exp.
	Now func() time.Time
	// Run is the workflow run that requests tokens.
	Run Run
	// Key signs the tokens. If it is nil, the issuer makes one when the first token or key set is requested.
	Key *rsa.PrivateKey
}

// Issuer signs ID tokens for one workflow run. It is an http.Handler and safe for concurrent use.
type Issuer struct {
	url        string
	requestURL string
	now        func() time.Time
	request    string // the bearer token of the runner's protocol
	mux        *http.ServeMux
	key        func() (*rsa.PrivateKey, error)
	rogue      func() (*rsa.PrivateKey, error) // a key that the key set does not have

	mu     sync.Mutex
	run    Run
	change []func(map[string]any)
	forge  TokenDefect
	issued []string
}

// New returns an issuer. It makes no key yet.
func New(o Options) *Issuer {
	i := &Issuer{
		url: o.URL, requestURL: cmp.Or(o.RequestURL, o.URL), now: o.Now, run: o.Run, request: rand.Text() + rand.Text(),
		key:   sync.OnceValues(func() (*rsa.PrivateKey, error) { return newKey(keyBits) }),
		rogue: sync.OnceValues(func() (*rsa.PrivateKey, error) { return newKey(keyBits) }),
	}
	if o.Key != nil {
		i.key = func() (*rsa.PrivateKey, error) { return o.Key, nil }
		i.rogue = sync.OnceValues(func() (*rsa.PrivateKey, error) { return newKey(o.Key.N.BitLen()) })
	}
	i.mux = http.NewServeMux()
	i.mux.HandleFunc("GET "+discoveryPath, i.discovery)
	i.mux.HandleFunc("GET "+keysPath, i.keySet)
	return i
}

func newKey(bits int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) }

// ServeHTTP serves the runner's protocol, the discovery document and the key set.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Not a route of the mux, which would redirect to a path without the double slash; the real service does not.
	if r.URL.Path == requestPath {
		i.idToken(w, r)
		return
	}
	i.mux.ServeHTTP(w, r)
}

// Beside returns a handler that serves the runner's protocol and the issuer's documents, and passes all other requests to next. Both then
// share one address.
func (i *Issuer) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case requestPath, discoveryPath, keysPath:
			i.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Env returns the environment variables of every step of the run, and those that give a process the permission to request ID tokens.
func (i *Issuer) Env() map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	env := i.run.Env()
	env["ACTIONS_ID_TOKEN_REQUEST_URL"] = i.requestURL + requestPath + "?api-version=2.0"
	env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = i.request
	return env
}

// Claims adds a change to the claims of all later tokens. Changes are applied in the order in which they were added, after the times were
// set, so that they can change those too. A nil change removes all earlier ones.
func (i *Issuer) Claims(change func(map[string]any)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if change == nil {
		i.change = nil
		return
	}
	i.change = append(i.change, change)
}

// Forge selects the defect of all later tokens.
func (i *Issuer) Forge(f TokenDefect) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forge = f
}

// Reset drops the changes of claims, the forgery and what was issued. The run, its right to ask and the keys stay.
func (i *Issuer) Reset() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.change, i.forge, i.issued = nil, Honest, nil
}

// Issued returns every token issued so far.
func (i *Issuer) Issued() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.issued)
}

// idToken handles a request by the runner's protocol.
func (i *Issuer) idToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		answer(w, http.StatusMethodNotAllowed, message("only GET is answered here"))
		return
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token != i.request {
		answer(w, http.StatusUnauthorized, message("the request token is missing or wrong"))
		return
	}
	if r.URL.Query().Get("api-version") == "" {
		answer(w, http.StatusBadRequest, message("the api-version of ACTIONS_ID_TOKEN_REQUEST_URL got lost"))
		return
	}
	jwt, err := i.Token(r.URL.Query().Get("audience"))
	if err != nil {
		answer(w, http.StatusInternalServerError, message(err.Error()))
		return
	}
	answer(w, http.StatusOK, map[string]any{"count": len(jwt), "value": jwt})
}

// Token issues an ID token for audience, as a request by the runner's protocol does. An empty audience means the URL of the owner's page,
// as at GitHub.
func (i *Issuer) Token(audience string) (string, error) {
	i.mu.Lock()
	run, changes, forge := i.run, slices.Clone(i.change), i.forge
	i.mu.Unlock()
	if audience == "" {
		audience = run.server() + "/" + run.Owner()
	}
	claims := maps.Clone(run.Claims())
	now := i.now()
	claims["iss"], claims["aud"], claims["jti"] = i.url, audience, uuid()
	claims["iat"], claims["nbf"], claims["exp"] = now.Unix(), now.Add(-2*Lifetime).Unix(), now.Add(Lifetime).Unix()
	for _, change := range changes {
		change(claims)
	}
	jwt, err := i.sign(claims, forge)
	if err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued = append(i.issued, jwt)
	return jwt, nil
}

// discovery serves the discovery document.
func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":   i.url,
		"jwks_uri": i.requestURL + keysPath,
		"subject_types_supported": []string{
			"public", "pairwise",
		},
		"response_types_supported":              []string{"id_token"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid"},
		"claims_supported":                      slices.Sorted(maps.Keys(Run{}.Claims())),
	})
}

func message(text string) map[string]any { return map[string]any{"message": text} }

// answer writes body as JSON.
func answer(w http.ResponseWriter, status int, body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, fmt.Sprintf("cannot encode the answer: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // it fails if the client is gone: no action needed
}
