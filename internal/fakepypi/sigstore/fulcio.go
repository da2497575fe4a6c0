package sigstore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1" // RFC 5280 section 4.2.1.2 defines the key identifier with SHA-1
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
)

// The certificate authority's API (docs/reference/attestations.md §3.1), which issues a certificate for an ID token and a key.

// certificateRequest is the body of a request. It has one of two proofs that the client has the private key.
type certificateRequest struct {
	CSR       []byte `json:"certificateSigningRequest"` // PEM
	PublicKey *struct {
		Key struct {
			Content string `json:"content"` // PEM
		} `json:"publicKey"`
		Proof []byte `json:"proofOfPossession"` // a signature over the token's subject
	} `json:"publicKeyRequest"`
}

// The gRPC status codes in answers.
const (
	invalidArgument = 3
	internal        = 13
	unauthenticated = 16
)

// problem is a refusal with Fulcio's message.
type problem struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details []any  `json:"details"`
}

// Error returns the message.
func (p *problem) Error() string { return p.Message }

// refuse returns a refusal with an HTTP status and a gRPC status code.
func refuse(status, code int, message string) *problem {
	return &problem{status, code, message, []any{}}
}

// badToken is Fulcio's message for any problem of an ID token (§2.5).
const badToken = "There was an error processing the identity token"

// badRequest returns a refusal with the status 400.
func badRequest(message string) *problem {
	return refuse(http.StatusBadRequest, invalidArgument, message)
}

// issue handles POST /api/v2/signingCert.
func (s *Sigstore) issue(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		web.WriteJSON(w, http.StatusBadRequest, badRequest("the request cannot be read"))
		return
	}
	leaf, err := s.certify(r, body)
	var refused *problem
	switch {
	case errors.As(err, &refused):
		web.WriteJSON(w, refused.status, refused)
	case err != nil:
		web.WriteJSON(w, http.StatusInternalServerError, refuse(http.StatusInternalServerError, internal, err.Error()))
	default:
		s.answerCertificate(w, leaf)
	}
}

// answerCertificate writes the chain of an issued certificate.
func (s *Sigstore) answerCertificate(w http.ResponseWriter, leaf *x509.Certificate) {
	kind := "signedCertificateEmbeddedSct"
	if s.Behavior().NoSCT {
		kind = "signedCertificateDetachedSct"
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{kind: map[string]any{"chain": map[string]any{"certificates": s.authority.chain(leaf)}}})
}

// certify checks a request, first the token, then the key, and returns the issued certificate.
func (s *Sigstore) certify(r *http.Request, body []byte) (*x509.Certificate, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || strings.Count(token, ".") != 2 {
		return nil, refuse(http.StatusUnauthorized, unauthenticated, badToken)
	}
	c, err := s.tokens.verify(r.Context(), token)
	if err != nil {
		return nil, badRequest(badToken) // Fulcio does not send the reason
	}
	var request certificateRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, badRequest("proto: syntax error: the request is not the JSON expected")
	}
	key, err := request.key(c.text("sub"))
	if err != nil {
		return nil, err
	}
	return s.certificate(c, key)
}

// key returns the public key of the request, after it has verified that the client has the private key.
func (q certificateRequest) key(subject string) (crypto.PublicKey, error) {
	if q.PublicKey != nil {
		block, _ := pem.Decode([]byte(q.PublicKey.Key.Content))
		if block == nil {
			return nil, badRequest("The public key supplied in the request could not be parsed")
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, badRequest("The public key supplied in the request could not be parsed")
		}
		if !possesses(key, []byte(subject), q.PublicKey.Proof) {
			return nil, badRequest("The signature supplied in the request could not be verified")
		}
		return secure(key)
	}
	block, _ := pem.Decode(q.CSR)
	if block == nil {
		return nil, badRequest("The certificate signing request could not be parsed")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, badRequest("The certificate signing request could not be parsed")
	}
	if csr.CheckSignature() != nil {
		return nil, badRequest("The signature supplied in the request could not be verified")
	}
	return secure(csr.PublicKey)
}

// possesses reports whether signature is one over data by the private key of key.
func possesses(key crypto.PublicKey, data, signature []byte) bool {
	digest := sha256.Sum256(data)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, signature)
	}
	return false
}

// secure returns key, or a refusal if Fulcio calls it insecure: a small key, or one of another type.
func secure(key crypto.PublicKey) (crypto.PublicKey, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize >= 256 {
			return key, nil
		}
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return key, nil
		}
	case ed25519.PublicKey:
		return key, nil
	}
	return nil, badRequest("The public key supplied in the request is insecure")
}

// certificate issues a certificate for the key and the workflow run in the claims.
func (s *Sigstore) certificate(c claims, key crypto.PublicKey) (*x509.Certificate, error) {
	behavior, now := s.Behavior(), s.now()
	template, err := leaf(c, key)
	if err != nil {
		return nil, err
	}
	template.NotBefore, template.NotAfter = now, now.Add(behavior.certificateLife())
	if behavior.ExpiredCertificate {
		template.NotBefore, template.NotAfter = now.Add(-time.Minute-behavior.certificateLife()), now.Add(-time.Minute)
	}
	signed, err := sign(template, s.authority.intermediate, key, s.authority.key)
	if err != nil || behavior.NoSCT {
		return signed, err
	}
	sct, err := s.timestamp(signed, now, behavior.BadSCT)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, sct)
	return sign(template, s.authority.intermediate, key, s.authority.key)
}

// leaf returns the template of a certificate: without a subject, and with the workflow as the alternative name.
func leaf(c claims, key crypto.PublicKey) (*x509.Certificate, error) {
	workflow, err := url.Parse(github + c.text("job_workflow_ref"))
	if err != nil {
		return nil, badRequest(badToken)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id := sha1.Sum(public)
	all, err := facts(c)
	return &x509.Certificate{
		SerialNumber: serial, SubjectKeyId: id[:], URIs: []*url.URL{workflow}, ExtraExtensions: all,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}, err
}

// trustBundle handles GET /api/v2/trustBundle.
func (s *Sigstore) trustBundle(w http.ResponseWriter, _ *http.Request) {
	web.WriteJSON(w, http.StatusOK, map[string]any{"chains": []any{map[string]any{"certificates": s.authority.chain(nil)}}})
}
