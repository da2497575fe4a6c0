package e2e_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestSecretsInFiles: credentials among the files stop the release, or are warnings if the user waives it. Either way no part of one is in
// the log with its annotations, the summary, the outputs or the manifest, nor in what check prints in any format.
func TestSecretsInFiles(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	token, vendors, password := disttest.GitHubToken(), "glpat-"+strings.Repeat("z9Y8", 5), "correct-horse-battery"
	disttest.Save(t, s.path("dist/"+besideWheel), disttest.Zip(disttest.WheelMembers("alder", "1.0",
		"Metadata-Version: 2.1\nName: alder\nVersion: 1.0\n\nExport "+token+" first.\n", disttest.Pairs(
			[2]string{"alder/id_ed25519", block},
			[2]string{"alder/settings.py", "TOKEN = '" + token + "'\nOTHER = '" + vendors + "'\n"},
			[2]string{"alder/tests/test_x.py", "TOKEN = '" + token + "'\n"},
			[2]string{".pypirc", "[pypi]\nusername = __token__\npassword = " + password + "\n"},
		)...)...))
	nowhere := func(texts map[string]string) {
		t.Helper()
		for where, text := range texts {
			for _, secret := range []string{strings.Split(block, "\n")[1], token, vendors, password} {
				const part = 12
				if strings.Contains(text, secret[:part]) || strings.Contains(text, secret[len(secret)-part:]) {
					t.Errorf("%s shows a part of a credential:\n%s", where, text)
				}
			}
		}
	}
	for _, c := range []struct {
		verify string
		code   int
	}{{"true", cli.Failed}, {"false", cli.Done}} {
		s.env["INPUT_VERIFY-METADATA"], s.env["INPUT_MANIFEST-FILE"] = c.verify, s.path("manifest.json")
		e := s.ends(c.code, "secret::", "an unencrypted private key of OpenSSH, at byte 0", "surely a GitHub token, at byte 9",
			"'.pypirc' has a password", "probably a GitLab token")
		texts := map[string]string{"the log": e.log, "the summary": e.summary, "the manifest": string(readFile(t, s.path("manifest.json")))}
		for name, value := range e.outputs {
			texts["the output "+name] = value
		}
		nowhere(texts)
	}
	for _, format := range []string{"text", "github", "json"} {
		code := s.start("check", "-format", format, s.path("dist")).wait()
		expect.Equal(t, "exit code of check", code, cli.Failed)
		expect.Contains(t, "check in "+format, s.log.String(), "private key of OpenSSH")
		nowhere(map[string]string{"check in " + format: s.log.String()})
	}
}
