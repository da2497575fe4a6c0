package preflight_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// privateKey returns a new private key in PEM.
func privateKey(t testing.TB) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// wheelWith returns a wheel with one more member, read from a file.
func wheelWith(t testing.TB, member, content string) *distfile.Distribution {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl")
	disttest.Save(t, path, disttest.Zip(disttest.WheelMembers("alder", "1.0", good, disttest.Member{Name: member, Content: content})...))
	return readFile(t, path)
}

// sdistWith returns an sdist with one more member, read from a file.
func sdistWith(t testing.TB, member, content string) *distfile.Distribution {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alder-1.0.tar.gz")
	disttest.Save(t, path, disttest.TarGz(
		disttest.Member{Name: "alder-1.0/PKG-INFO", Content: good}, disttest.Member{Name: "alder-1.0/" + member, Content: content},
	))
	return readFile(t, path)
}

func readFile(t testing.TB, path string) *distfile.Distribution {
	t.Helper()
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCheck_Secrets: of each kind one that must be reported and two that must not, in wheels and sdists, and never with the credential.
func TestCheck_Secrets(t *testing.T) {
	t.Parallel()
	token, key := disttest.GitHubToken(), privateKey(t)
	const secret, possible = "error secret", "warning secret-possible"
	for name, c := range map[string]struct{ member, content, want string }{
		"a token":                          {"alder/x.py", "T = '" + token + "'\n", secret},
		"a token in a binary":              {"alder/x.bin", "\x00\x01" + token + "\x00", secret},
		"a token in a test":                {"alder/tests/x.py", "T = '" + token + "'\n", possible},
		"a token with a wrong checksum":    {"alder/x.py", "T = '" + token[:len(token)-1] + "_'\n", ""},
		"the prefix of a token":            {"alder/x.py", "if t.startswith('ghp_'): pass\n", ""},
		"a vendor's key":                   {"alder/x.py", "K = 'glpat-" + strings.Repeat("a1B2", 5) + "'\n", possible},
		"a vendor's key in documentation":  {"docs/x.md", "glpat-" + strings.Repeat("a1B2", 5) + "\n", ""},
		"a vendor's example":               {"alder/x.py", "AKIAIOSFODNN7EXAMPLE\n", ""},
		"a private key":                    {"alder/server.pem", key, possible},
		"a private key in a test":          {"tests/server.pem", key, ""},
		"a private key of OpenSSH by name": {"alder/id_ed25519", key, secret},
		"a public key":                     {"alder/id_ed25519.pub", "ssh-ed25519 AAAA x\n", ""},
		"a login file":                     {".pypirc", "[pypi]\nusername = __token__\npassword = x1\n", secret},
		"a login file without a password":  {".pypirc", "[pypi]\nusername = __token__\n", ""},
		"another login file":               {"home/.netrc", "machine example.org login me password x1\n", secret},
		"variables":                        {"alder/.env", "A=1\n", possible},
		"no variables":                     {"alder/.env", "\n", ""},
		"an example of variables":          {"alder/.env.example", "A=1\n", ""},
		"a git repository":                 {".git/config", "[core]\n", secret},
		"a file of git that is meant":      {".gitignore", "*.pyc\n", ""},
	} {
		for form, d := range map[string]*distfile.Distribution{
			"wheel": wheelWith(t, c.member, c.content), "sdist": sdistWith(t, c.member, c.content),
		} {
			s := preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true, Now: time.Now()}
			var got []string
			for _, f := range preflight.Check(s) {
				if !strings.HasPrefix(string(f.ID), "secret") {
					continue
				}
				got = append(got, f.Severity.String()+" "+string(f.ID))
				if strings.Contains(f.Message+f.Fix+f.Detail, token[8:20]) || f.File != d.Path || f.Fix == "" {
					t.Errorf("%s, %s: %+v", name, form, f)
				}
			}
			if want := strings.Fields(c.want); len(want) == 0 && len(got) > 0 || len(want) > 0 && !slices.Equal(got, []string{c.want}) {
				t.Errorf("%s, %s: got %q, want %q", name, form, got, c.want)
			}
			s.Waive = true
			for _, f := range preflight.Check(s) {
				if f.ID == "secret" && f.Severity.String() == "error" {
					t.Errorf("%s, %s: it is waived, and an error", name, form)
				}
			}
		}
	}
}

// TestCheck_SecretsInMetadata: a description with a token is seen too, though the metadata is read apart from the rest.
func TestCheck_SecretsInMetadata(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl")
	disttest.Save(t, path, disttest.Zip(disttest.WheelMembers("alder", "1.0", good+"\n"+disttest.GitHubToken()+"\n")...))
	d := readFile(t, path)
	if len(d.Secrets) != 1 || d.Secrets[0].Member != "alder-1.0.dist-info/METADATA" {
		t.Errorf("found %+v", d.Secrets)
	}
}

// TestCheck_ManySecrets: a file full of them gives a few findings.
func TestCheck_ManySecrets(t *testing.T) {
	t.Parallel()
	if d := wheelWith(
		t, "alder/x.py", strings.Repeat(disttest.GitHubToken()+"\n", 1000),
	); len(d.Secrets) == 0 || len(d.Secrets) > distfile.MostSecrets {
		t.Errorf("%d are noted", len(d.Secrets))
	}
}
