package attest

import (
	"crypto/x509"
	"testing"
	"time"

	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/org/pypi-oidc-publish/internal/dist"

	"os"
)

// The attestation of a real release of pypa/sampleproject, published from Google Cloud and not from GitHub: its certificate
// names an issuer and an e-mail address, and no workflow.
const realFile = "testdata/sampleproject-3.0.0.tar.gz"

// google is the policy of the index for that publisher.
func google(*x509.Certificate) (verify.CertificateIdentities, error) {
	id, err := exactly("https://accounts.google.com", fulcio.Extensions{})
	return verify.CertificateIdentities{id}, err
}

func realAttestation(t testing.TB) (*dist.Distribution, []byte, *root.TrustedRoot) {
	t.Helper()
	d, err := dist.Read(t.Context(), realFile, false)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(realFile + ".publish.attestation")
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := root.NewTrustedRootFromJSON(copiedTrustedRoot)
	if err != nil {
		t.Fatal(err)
	}
	return d, raw, trusted
}

func TestRealAttestationVerifies(t *testing.T) {
	t.Parallel()
	d, raw, trusted := realAttestation(t)
	a, b, err := read(d, raw, google)
	if err != nil {
		t.Fatal(err)
	}
	if err := vouched(b, d, trusted, google); err != nil {
		t.Fatal(err)
	}
	if a.LogIndex != 125970014 || a.Predicate != predicateOurs || !a.Integrated.Equal(time.Unix(1724951379, 0)) {
		t.Errorf("read %+v", a)
	}
}
