package attestation

import (
	"cmp"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"
)

// The attestation of a real release, which the public Sigstore has signed and the public index has accepted.
const (
	realName   = "sampleproject-3.0.0.tar.gz"
	realDigest = "117ed88e5db073bb92969a7545745fd977ee85b7019706dd256a64058f70963d"
)

// anybody is a policy that every certificate passes: that of the real release is not of GitHub.
func anybody(*x509.Certificate) error { return nil }

func publicRoot(t testing.TB) *TrustRoot {
	t.Helper()
	text, err := os.ReadFile("testdata/trusted_root.json")
	if err != nil {
		t.Fatal(err)
	}
	root, err := ParseTrustRoot(text)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// realSet is the form field with the real attestation.
func realSet(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + realName + ".publish.attestation")
	if err != nil {
		t.Fatal(err)
	}
	return "[" + string(text) + "]"
}

// verified verifies the first attestation of a form field.
func verified(root *TrustRoot, field, filename, digest string, p Policy) (statement, error) {
	all, err := Parse(field)
	if err != nil || len(all) == 0 {
		return statement{}, cmp.Or(err, errMissing)
	}
	return root.verify(&evidence{Attestation: all[0], policy: p, filename: filename, sha256: digest})
}

// TestVerify_RealAttestation: the index believes what the real one has believed.
func TestVerify_RealAttestation(t *testing.T) {
	t.Parallel()
	root, field := publicRoot(t), realSet(t)
	stated, err := verified(root, field, realName, realDigest, anybody)
	if err != nil || stated.predicate != publishPredicate || stated.subjects[0].name != realName {
		t.Fatalf("%+v, %v", stated, err)
	}
	for name, c := range map[string]struct {
		filename, digest string
		policy           Policy
		cause            string
	}{
		"another file": {"sampleproject-3.0.1.tar.gz", realDigest, anybody, "subject does not match distribution name: "},
		"other bytes":  {realName, strings.Repeat("0", 64), anybody, "subject does not match distribution digest"},
		"another publisher": {
			realName, realDigest, GitHub("https://token.actions.githubusercontent.com", "pypa/sampleproject", "release.yml"),
			"Certificate's OIDCIssuerV2 does not match (got 'https://accounts.google.com', expected ",
		},
	} {
		var failed VerificationError
		_, err := verified(root, field, c.filename, c.digest, c.policy)
		if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerify_NoTrustRoot: an index without a trust root verifies nothing, and does not call that a failed verification.
func TestVerify_NoTrustRoot(t *testing.T) {
	t.Parallel()
	all, err := Parse(realSet(t))
	if err != nil {
		t.Fatal(err)
	}
	var root *TrustRoot
	var failed VerificationError
	if predicate, err := root.Verify(all[0], realName, realDigest, anybody); err == nil || errors.As(err, &failed) || predicate != "" {
		t.Errorf("%q, %v", predicate, err)
	}
	if predicate, err := publicRoot(t).Verify(all[0], realName, realDigest, anybody); err != nil || predicate != publishPredicate {
		t.Errorf("with a trust root: %q, %v", predicate, err)
	}
}

// TestTrustRoot_Invalid: a document that is not a trust root is reported.
func TestTrustRoot_Invalid(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON": "x", "nothing": "{}",
		"no certificate": `{"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]}}]}`,
	} {
		if _, err := ParseTrustRoot([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestInclusionProof_Malformed of odd shapes end, and prove nothing.
func TestInclusionProof_Malformed(t *testing.T) {
	t.Parallel()
	for _, p := range []inclusion{
		{index: 0, size: 0},
		{index: 1, size: 1},
		{index: 0, size: 1, hashes: [][]byte{{1}}},
		{index: 0, size: 2},
		{index: 1<<62 - 1, size: 1 << 62, hashes: make([][]byte, 100)},
		{index: 0, size: 1 << 62, hashes: make([][]byte, 3)},
	} {
		if p.verify([]byte("x")) == nil {
			t.Errorf("%+v proves something", p)
		}
	}
}

// FuzzAttestations: no field makes the index panic, and all that it accepts says what the real attestation says.
func FuzzAttestations(f *testing.F) {
	root, field := publicRoot(f), realSet(f)
	want, err := verified(root, field, realName, realDigest, anybody)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		field, "", "[]", "[{}]", "{}", "[1]", "null", `[{"version":1}]`,
		strings.Replace(field, `"hashes"`, `"hash"`, 1),
		strings.Replace(field, "MII", "MIJ", 1),
		strings.Replace(field, `"logIndex"`, `"log_index"`, 1),
		`[{"version":1,"verification_material":{"certificate":"","transparency_entries":[{}]},"envelope":{"statement":"","signature":""}}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		stated, err := verified(root, field, realName, realDigest, anybody)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if stated.predicate != want.predicate || stated.subjects[0].digest["sha256"] != realDigest {
			t.Errorf("the index believes %+v", stated)
		}
	})
}

// FuzzStatement: a statement is one distribution's, or is refused.
func FuzzStatement(f *testing.F) {
	for _, seed := range []string{
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a-1.tar.gz","digest":{"sha256":"00"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":null}`,
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a-1-py3-none-any.whl","digest":{}}],"predicateType":"x","predicate":{}}`,
		`{"subject":[null]}`, `[]`, ``,
	} {
		f.Add([]byte(seed), "a-1.tar.gz")
	}
	f.Fuzz(func(t *testing.T, text []byte, filename string) {
		s, err := parseStatement(text)
		if err != nil || s.about(filename, "00") != nil {
			return
		}
		if _, err := distribution(filename); err != nil || s.predicate != publishPredicate && s.predicate != slsaPredicate {
			t.Errorf("%q is of the distribution %q: %v", text, filename, err)
		}
	})
}
