package attest

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// certificateGuard is how long a certificate must still be valid for another entry. A certificate with a short lifetime is used for
// at least a sixth of it.
const certificateGuard = 90 * time.Second

// certificate is a signing certificate of the run. Its times are by our clock, computed from its lifetime, because the server's clock
// may differ.
type certificate struct {
	leaf  *x509.Certificate
	renew time.Time // no signature is started after this
	ends  time.Time
}

// errStale means that the current ID token expired between two tries.
var errStale = errors.New("the ID token expired in the meantime")

// mostTokens is the number of ID tokens to try for one certificate.
const mostTokens = 3

// certify requests a certificate for the key, with a new ID token if the current one is too old.
func (s *Signer) certify(ctx context.Context, key *ecdsa.PrivateKey) (*certificate, error) {
	at, err := s.getServices(ctx)
	if err != nil {
		return nil, err
	}
	body, err := certificateRequest(key)
	if err != nil {
		return nil, err
	}
	var spent *idToken
	var budget wire.Budget // of all tries, whatever the ID token
	for n := 1; ; n++ {
		token, err := s.idToken(ctx, spent)
		if err != nil {
			return nil, err
		}
		requestedAt := s.opts.Now()
		answer, err := s.requestCertificate(ctx, at, token, body, &budget)
		switch {
		case err == nil:
			return s.accept(at, token, key, answer, requestedAt)
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case n < mostTokens && (errors.Is(err, errStale) || tokenHadExpired(err, token)):
			spent = token
		default:
			return nil, s.explain(err, token)
		}
	}
}

// requestCertificate sends the request, with the same body at each try, while the ID token is valid
// (docs/reference/attestations.md §3.1).
func (s *Signer) requestCertificate(
	ctx context.Context, at *services, token *idToken, body []byte, budget *wire.Budget,
) (*wire.Answer, error) {
	to := at.fulcio.JoinPath("api/v2/signingCert")
	raw, err := token.Text.Value(to)
	if err != nil {
		return nil, err
	}
	send := bytesBody(body)
	return s.opts.Wire.Do(ctx, wire.Call{
		Op: wire.Certificate, Method: http.MethodPost, URL: to, Budget: budget,
		Header: http.Header{
			"Content-Type": {"application/json"}, "Accept": {"application/json"}, "Authorization": {"Bearer " + raw},
		},
		Body: func(ctx context.Context) (io.ReadCloser, int64, error) {
			if !s.opts.Now().Before(token.until) {
				return nil, 0, errStale
			}
			return send(ctx)
		},
	})
}

// certificateRequest returns a request for the key. Its subject is empty, because the ID token contains the identity.
func certificateRequest(key *ecdsa.PrivateKey) ([]byte, error) {
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("the certificate request cannot be created: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	return json.Marshal(map[string][]byte{"certificateSigningRequest": text})
}

// accept parses Fulcio's answer and checks the certificate before it appears in a public log entry.
func (s *Signer) accept(
	at *services, token *idToken, key *ecdsa.PrivateKey, answer *wire.Answer, requestedAt time.Time,
) (*certificate, error) {
	leaf, err := readLeaf(answer.Body)
	if err != nil {
		return nil, errBadCertificate("fulcio's answer contains no certificate that the index would accept: " + err.Error())
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, errBadCertificate("fulcio's certificate is for a different key")
	}
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	if date := answer.Date(); !date.IsZero() {
		life = min(life, leaf.NotAfter.Sub(date))
	}
	if life <= 0 {
		return nil, errBadCertificate(fmt.Sprintf(
			"fulcio's certificate expired at %s, before it arrived", leaf.NotAfter.UTC().Format(time.RFC3339),
		))
	}
	if err := checkLeaf(leaf, s.identity(token.Claims)); err != nil {
		return nil, errBadCertificate("fulcio's certificate names a different identity than the ID token: " + err.Error())
	}
	if err := s.tolerateStaleRoot(at, checkChain(leaf, at.trusted)); err != nil {
		return nil, errBadCertificate("fulcio's certificate does not verify: " + err.Error())
	}
	return &certificate{leaf: leaf, renew: requestedAt.Add(life - min(certificateGuard, life-life/6)), ends: requestedAt.Add(life)}, nil
}

// errBadCertificate returns a finding for an answer of Fulcio or Rekor that cannot be used.
func errBadCertificate(message string) error {
	return finding.New(finding.AttestationCertificate, message,
		"nothing was uploaded; run the job again, and report it if it persists, or publish with `attestations: false`")
}

// readLeaf parses the certificate in an answer. It returns an error if the timestamp of the certificate log is not embedded, because
// the index refuses such a certificate.
func readLeaf(body []byte) (*x509.Certificate, error) {
	type holder struct {
		Chain struct {
			Certificates []string `json:"certificates"`
		} `json:"chain"`
	}
	var decoded struct {
		Embedded holder `json:"signedCertificateEmbeddedSct"`
		Detached holder `json:"signedCertificateDetachedSct"`
	}
	if json.Unmarshal(body, &decoded) != nil {
		return nil, errors.New("it is not the expected JSON")
	}
	if len(decoded.Embedded.Chain.Certificates) == 0 {
		if len(decoded.Detached.Chain.Certificates) > 0 {
			return nil, errors.New("the timestamp of the certificate log is not embedded in it")
		}
		return nil, errors.New("it is empty")
	}
	block, _ := pem.Decode([]byte(decoded.Embedded.Chain.Certificates[0]))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("its first certificate is not PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errors.New("its first certificate cannot be read")
	}
	return leaf, nil
}

// tokenHadExpired reports whether Fulcio refused a token that had expired by Fulcio's clock. Fulcio's message is the same for every
// defect of a token.
func tokenHadExpired(err error, token *idToken) bool {
	if wire.StatusOf(err)/100 != 4 {
		return false
	}
	date := wire.AnswerOf(err).Date()
	return !date.IsZero() && !token.Claims.Expires.IsZero() && !date.Before(token.Claims.Expires)
}

// explain returns a finding for a refusal of Fulcio. It adds the claims of the ID token, because Fulcio gives the same message for
// every ID token that it refuses (docs/reference/attestations.md §2.5).
func (s *Signer) explain(err error, token *idToken) error {
	explained := s.wrapServiceError("fulcio issued no signing certificate", err)
	var general finding.Finding
	if outage(err) || !errors.As(explained, &general) {
		return explained
	}
	switch wire.StatusOf(err) {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
	default:
		return explained
	}
	c := token.Claims
	refused := finding.New(finding.AttestationIdentityRefused, general.Message, general.Fix)
	refused.Message += fmt.Sprintf("; the ID token has iss %q, aud %q, exp %s", c.Issuer, c.Audience, instant(c.Expires))
	if date := wire.AnswerOf(err).Date(); !date.IsZero() {
		refused.Message += fmt.Sprintf(", and fulcio's clock says %s", instant(date))
	}
	switch {
	case c.Audience != audience:
		refused.Fix = fmt.Sprintf(
			"check what changes the ID token between GitHub and the job: it must be for the audience %q; "+
				"or publish with `attestations: false`",
			audience,
		)
	case tokenHadExpired(err, token):
		refused.Fix = "check that nothing between GitHub and the job delays or caches ID tokens, and run the job again: " +
			"this one had expired when it reached fulcio"
	case s.public() && c.Issuer != oidc.GitHubIssuer:
		refused.Fix = "publish from github.com, or with `attestations: false`: fulcio may not know this issuer"
	}
	return refused
}

// instant returns a time for a message.
func instant(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(time.RFC3339)
}
