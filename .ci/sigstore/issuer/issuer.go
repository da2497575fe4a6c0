// Package issuer is GitHub's ID token issuer on loopback, under its real name. Fulcio looks for the issuer's keys at the
// host that a token names, over TLS; so the issuer is also the proxy that Fulcio is told to use, and that proxy knows
// one host: this issuer. Nothing that Fulcio asks for leaves the machine.
package issuer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// host is the issuer that an index asks for in a certificate (OID 1.3.6.1.4.1.57264.1.8).
	host = "token.actions.githubusercontent.com"
	// URL is the `iss` of the tokens.
	URL = "https://" + host

	keyID    = "local"
	lifetime = 5 * time.Minute
	timeout  = 10 * time.Second
)

// Issuer signs ID tokens for one workflow run.
type Issuer struct {
	// Proxy is the address of the proxy that leads to the issuer, for HTTPS_PROXY.
	Proxy string
	// Authority is the certificate, as PEM, that vouches for the issuer's name.
	Authority []byte
	// Tokens is where a run asks for an ID token: GET with `audience`, answered as GitHub's runner does. Any other
	// parameter replaces the claim of its name; for iat, nbf and exp it is a duration from now.
	Tokens string

	key  *rsa.PrivateKey
	keys string // address of the listener that speaks TLS
}

// Start listens on two free ports of loopback until ctx ends.
func Start(ctx context.Context) (*Issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &Issuer{key: key}
	certificate, authority, err := identity(host)
	if err != nil {
		return nil, err
	}
	i.Authority = authority
	outer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	inner, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	i.keys = inner.Addr().String()
	i.Proxy = "http://" + outer.Addr().String()
	i.Tokens = i.Proxy + "/token"
	serve(ctx, inner, i.published())
	serve(ctx, outer, http.HandlerFunc(i.front))
	return i, nil
}

func serve(ctx context.Context, at net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: timeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(at) }() // ends with ctx
}

// published is what Fulcio reads: the discovery document and the key set.
func (i *Issuer) published() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": URL, "jwks_uri": URL + "/.well-known/jwks",
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public", "pairwise"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID,
			"n": part(i.key.N.Bytes()), "e": part(big.NewInt(int64(i.key.E)).Bytes()),
		}}})
	})
	return mux
}

// front is both the proxy and the place that gives out tokens.
func (i *Issuer) front(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect && r.Host == host+":443":
		i.tunnel(w, r)
	case r.Method == http.MethodConnect:
		http.Error(w, "this proxy leads to "+host+" and nowhere else", http.StatusForbidden)
	case r.Method == http.MethodGet && r.URL.Path == "/token":
		i.give(w, r.URL.Query())
	default:
		http.NotFound(w, r)
	}
}

// tunnel joins the client with the listener that has the issuer's certificate.
func (i *Issuer) tunnel(w http.ResponseWriter, r *http.Request) {
	dialer := net.Dialer{Timeout: timeout}
	there, err := dialer.DialContext(r.Context(), "tcp", i.keys)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer here.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	go func() {
		defer there.Close()
		_, _ = io.Copy(there, here) // a client that has gone away
	}()
	_, _ = io.Copy(here, there)
}

func (i *Issuer) give(w http.ResponseWriter, query url.Values) {
	token, err := i.token(query, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, map[string]any{"count": len(token), "value": token})
}

func (i *Issuer) token(query url.Values, now time.Time) (string, error) {
	claims := maps.Clone(run())
	claims["iss"], claims["aud"], claims["jti"] = URL, query.Get("audience"), rand.Text()
	claims["iat"], claims["nbf"], claims["exp"] = now.Unix(), now.Add(-lifetime).Unix(), now.Add(lifetime).Unix()
	for name := range query {
		switch name {
		case "audience", "api-version":
		case "iat", "nbf", "exp":
			after, err := time.ParseDuration(query.Get(name))
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			claims[name] = now.Add(after).Unix()
		default:
			claims[name] = query.Get(name)
		}
	}
	return i.sign(claims)
}

// sign makes a JSON web signature in the compact form (RFC 7515).
func (i *Issuer) sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := part([]byte(`{"typ":"JWT","alg":"RS256","kid":`+strconv.Quote(keyID)+`}`)) + "." + part(body)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + part(signature), nil
}

func part(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; no action needed
}
