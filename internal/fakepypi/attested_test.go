package fakepypi_test

import (
	"encoding/json"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
)

// sigstore is where the test server's Sigstore is.
func (th *harness) sigstore() string { return strings.TrimSuffix(th.TUF.String(), "/tuf") }

// signer has a certificate for the test server's run.
func (th *harness) signer() *signer.Signer {
	th.t.Helper()
	s, err := signer.New(th.t.Context(), th.http, th.sigstore(), th.idToken("sigstore"))
	if err != nil {
		th.t.Fatal(err)
	}
	return s
}

// attests is the form field with attestations of these statements.
func (th *harness) attests(statements ...[]byte) string {
	th.t.Helper()
	s := th.signer()
	var all []signer.Attestation
	for _, statement := range statements {
		a, err := s.Attest(th.t.Context(), statement)
		if err != nil {
			th.t.Fatal(err)
		}
		all = append(all, a)
	}
	return encoded(th, all)
}

func encoded(th *harness, v any) string {
	th.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		th.t.Fatal(err)
	}
	return string(text)
}

// published returns the statement of an upload.
func published(p upload) []byte {
	return signer.Statement(p.filename, []byte(p.content), signer.Publish)
}

// attested uploads a wheel with an attestation, if it is not there.
func (th *harness) attested(token string) {
	th.t.Helper()
	if len(th.Files()) == 0 {
		th.accepted(token, wheel("attestations", th.attests(published(wheel()))))
	}
}

// certificateRequest is a request for a certificate of a new key.
func (th *harness) certificateRequest() []byte {
	th.t.Helper()
	text, err := signer.CertificateRequest()
	if err != nil {
		th.t.Fatal(err)
	}
	return text
}

// logRequest is a request for an entry that the log does not have.
func (th *harness) logRequest() []byte {
	th.t.Helper()
	s, statement := th.signer(), published(wheel())
	signature, err := s.Sign(statement)
	if err != nil {
		th.t.Fatal(err)
	}
	request, err := s.Entry(statement, signature)
	if err != nil {
		th.t.Fatal(err)
	}
	return []byte(encoded(th, request))
}

// loggedAt is the address of an entry.
func (th *harness) loggedAt() string {
	th.t.Helper()
	r := th.do("POST", th.sigstore()+"/api/v1/log/entries", strings.NewReader(string(th.logRequest())))
	r.want(th.t, 201, "")
	return r.header.Get("Location")
}
