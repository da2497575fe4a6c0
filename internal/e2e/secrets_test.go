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

// TestSecretsInFiles: a private key among the files stops the release, or is a warning if the user waives it. Either way no part of the
// key is in the log, the summary, the outputs or the manifest, nor in what check prints in any format.
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
	secret := strings.Split(block, "\n")[1]
	disttest.Save(t, s.path("dist/"+besideWheel), disttest.Zip(disttest.WheelMembers("alder", "1.0",
		"Metadata-Version: 2.1\nName: alder\nVersion: 1.0\n", disttest.Member{Name: "alder/id_ed25519", Content: block})...))
	nowhere := func(texts map[string]string) {
		t.Helper()
		for where, text := range texts {
			for _, part := range []string{secret, secret[:20], secret[len(secret)-20:]} {
				if strings.Contains(text, part) {
					t.Errorf("%s shows a part of the key:\n%s", where, text)
				}
			}
		}
	}
	for _, c := range []struct {
		verify string
		code   int
	}{{"true", cli.Failed}, {"false", cli.Done}} {
		s.env["INPUT_VERIFY-METADATA"], s.env["INPUT_MANIFEST-FILE"] = c.verify, s.path("manifest.json")
		e := s.ends(c.code, "secret::", "an unencrypted private key of OpenSSH, at byte 0")
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
