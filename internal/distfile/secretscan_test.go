package distfile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/macaroon"
	"github.com/org/pypi-oidc-publish/internal/secretscan"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// Every credential here is made by the test, from its form: none was ever anybody's.

// isMacaroon is what the program takes for a token of an index.
func isMacaroon(token []byte) bool {
	_, err := macaroon.Parse(string(token))
	return err == nil
}

// letters returns so many letters and digits.
func letters(n int) string { return strings.Repeat("a1B2c3D4e5F6g7H8", n/16+1)[:n] }

// checksummed returns a token with a random part and its checksum.
func checksummed(prefix string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := letters(30)
	sum := []byte("000000")
	for i, n := len(sum)-1, crc32.ChecksumIEEE([]byte(random)); i >= 0; i, n = i-1, n/62 {
		sum[i] = digits[n%62]
	}
	return prefix + random + string(sum)
}

// indexToken returns a token in the form of an index's.
func indexToken() string {
	raw := []byte{2, 1, 7}
	raw = append(append(raw, "example"...), 2, 5)
	raw = append(append(raw, "12345"...), 0, 0, 6, 32)
	return "pypi-" + base64.RawURLEncoding.EncodeToString(append(raw, bytes.Repeat([]byte{7}, 32)...))
}

// pemOf returns a private key in PKCS #8.
func pemOf(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// openSSH returns a key in OpenSSH's form, as far as its cipher stands in it.
func openSSH(cipher string) string {
	raw := append([]byte("openssh-key-v1\x00"), 0, 0, 0, byte(len(cipher)))
	raw = append(append(raw, cipher...), bytes.Repeat([]byte{0, 9}, 60)...)
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: raw}))
}

// scan returns what is found in a member.
func scan(text string) []secretscan.Hit {
	s := secretscan.New(isMacaroon)()
	_, _ = s.Write([]byte(text))
	return s.Close()
}

func kindsIn(text string) (kinds []string) {
	for _, hit := range scan(text) {
		kinds = append(kinds, string(hit.Kind))
	}
	return kinds
}

// TestScan_Kinds: of each kind one that is found, and near misses that are not.
func TestScan_Kinds(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plain := pemOf(t, key)
	github := checksummed("ghp_")
	account := `{"type": "service_account", "project_id": "x", "private_key": "-----BEGIN PRIVATE KEY-----\nMII"}`
	for kind, c := range map[string]struct {
		is  string
		not []string
	}{
		"a GitHub token": {
			github, []string{github[:39] + "!", github[:len(github)-1] + "_", "x" + github, github + "x", strings.ToUpper(github)},
		},
		"an npm token":                    {checksummed("npm_"), []string{"npm_" + letters(36), "npm_" + letters(20)}},
		"an API token of a package index": {indexToken(), []string{"pypi-" + letters(100), indexToken()[:70], "pypi-server"}},
		"an unencrypted private key": {plain, []string{
			strings.Replace(plain, "PRIVATE", "ENCRYPTED PRIVATE", 2), strings.Replace(plain, "M", "N", 1), plain[:len(plain)-60],
			strings.Replace(plain, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1), openSSH("aes256-ctr"),
			"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", strings.ReplaceAll(plain, "PRIVATE", "PUBLIC"),
		}},
		"a fine-grained GitHub token": {
			"github_pat_" + letters(22) + "_" + letters(59), []string{"github_pat_" + letters(22) + "_" + letters(40)},
		},
		"a GitLab token": {"glpat-" + letters(20), []string{"glpat-" + letters(19), "glpat-" + letters(21)}},
		"a Slack token": {
			"xoxb-1234567890-1234567890123-" + letters(24), []string{"xoxb-your-token-here", "xoxb-1-2-" + letters(24)},
		},
		"a Slack web hook": {
			"https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/" + letters(24), []string{"https://hooks.slack.com/services/T00/B00/XXX"},
		},
		"a Stripe key": {"sk_live_" + letters(24), []string{"sk_test_" + letters(24), "sk_live_" + letters(10)}},
		"a Hugging Face token": {
			"hf_" + strings.Repeat("abCd", 9)[:34], []string{"hf_hub_download_with_a_very_long_name_indeed", "hf_" + letters(34)},
		},
		"an OpenAI key":         {"sk-proj-" + letters(40) + "T3BlbkFJ" + letters(40), []string{"sk-" + letters(48), "risk-free"}},
		"an Anthropic key":      {"sk-ant-api03-" + letters(93) + "AA", []string{"sk-ant-api03-" + letters(90)}},
		"a SendGrid key":        {"SG." + letters(22) + "." + letters(43), []string{"SG." + letters(22) + "." + letters(42)}},
		"a Google API key":      {"AIza" + letters(35), []string{"AIza" + letters(34), "AIza" + letters(36)}},
		"a Google OAuth secret": {"GOCSPX-" + letters(28), []string{"GOCSPX-" + letters(27)}},
		"an Azure storage key": {
			"AccountKey=" + letters(86) + "==",
			[]string{"AccountKey=" + letters(80) + "==", "AccountKey=Eby8vdM02xNOcqFl" + letters(70) + "=="},
		},
		"an AWS access key id": {
			"AKIA" + strings.Repeat("BCDEF234", 2),
			[]string{"AKIAIOSFODNN7EXAMPLE", "AKIA" + strings.Repeat("BCDEF189", 2), "xAKIA" + strings.Repeat("BCDEF234", 2)},
		},
		"a Google service account": {account, []string{`"type": "service_account"`, `{"private_key": "-----BEGIN `}},
	} {
		for _, text := range []string{c.is, "x = '" + c.is + "'\n", strings.Repeat(" ", 100_000) + c.is + " "} {
			if got := kindsIn(text); !slices.Equal(got, []string{kind}) {
				t.Errorf("%s: found %q", kind, got)
			}
		}
		for _, text := range c.not {
			if got := kindsIn(" " + text + " "); len(got) > 0 {
				t.Errorf("%s: found %q in what is none", kind, got)
			}
		}
	}
}

// TestScan_Everywhere: a token is found wherever it begins, in texts and in other members, and however the member comes.
func TestScan_Everywhere(t *testing.T) {
	t.Parallel()
	github, npm, sendGrid := checksummed("ghp_"), checksummed("npm_"), "SG."+letters(22)+"."+letters(43)
	for _, c := range []struct {
		filler string
		tokens []string
	}{{" ", []string{github, npm, indexToken(), sendGrid}}, {"\x00", []string{github, npm, indexToken()}}} {
		scanner := secretscan.New(isMacaroon)()
		for _, token := range c.tokens {
			for at := range 80 {
				if at >= 40 {
					at += 64<<10 - 60 // around the end of what is scanned at once
				}
				text := []byte(strings.Repeat(c.filler, at+1) + token + c.filler)
				for half := range 2 {
					_, _ = scanner.Write(text[:at*half])
					_, _ = scanner.Write(text[at*half:])
					if hits := scanner.Close(); len(hits) != 1 || hits[0].Offset != int64(at+1) {
						t.Errorf("%s behind %d bytes %q: found %v", token, at+1, c.filler, hits)
					}
				}
			}
		}
	}
}

// TestScan_PrivateKeys in the forms in which they stand in files and in sources.
func TestScan_PrivateKeys(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	plain := pemOf(t, rsaKey)
	for name, text := range map[string]string{
		"PKCS #8, RSA":       plain,
		"PKCS #8, Ed25519":   pemOf(t, edKey),
		"PKCS #1":            string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})),
		"SEC 1":              string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})),
		"OpenSSH":            openSSH("none"),
		"lines of Windows":   strings.ReplaceAll(plain, "\n", "\r\n"),
		"a text of a source": `KEY = "` + strings.ReplaceAll(plain, "\n", `\n`) + `"`,
		"indented":           "key: |\n  " + strings.ReplaceAll(plain, "\n", "\n  "),
		"joined lines":       `KEY = ("` + strings.ReplaceAll(strings.TrimSpace(plain), "\n", "\\n\"\n       \"") + `")`,
	} {
		expect.Equal(t, name, strings.Join(kindsIn(text), ", "), string(secretscan.PrivateKey))
	}
}

// TestScan_Chunks: however a member arrives, the hits are the same, and each has its offset.
func TestScan_Chunks(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	var want []int64
	for i, secret := range []string{checksummed("ghs_"), pemOf(t, key), indexToken(), "glpat-" + letters(20)} {
		text.WriteString(strings.Repeat("x = 1\n", 9_000+i))
		want = append(want, int64(text.Len()))
		text.WriteString(secret + "\n")
	}
	for _, size := range []int{1, 7, 4096, 65_536, 1 << 20} {
		s := secretscan.New(isMacaroon)()
		for rest := []byte(text.String()); len(rest) > 0; {
			n := min(size, len(rest))
			_, _ = s.Write(rest[:n])
			rest = rest[n:]
		}
		var got []int64
		for _, hit := range s.Close() {
			got = append(got, hit.Offset)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in parts of %d bytes: %v, want %v", size, got, want)
		}
	}
}

// TestScan_Binary: in compiled code only what is proved counts.
func TestScan_Binary(t *testing.T) {
	t.Parallel()
	head := "\x7fELF\x00\x01"
	expect.Equal(t, "hits", len(scan(head+" AKIA"+strings.Repeat("BCDEF234", 2)+" AIza"+letters(35)+" glpat-"+letters(20)+" ")), 0)
	expect.Equal(
		t, "kinds", strings.Join(kindsIn(head+checksummed("ghp_")+"\x00"+indexToken()+"\x00"), ", "),
		"a GitHub token, an API token of a package index",
	)
}

// TestScan_Bounded: a member full of tokens gives a few hits, and proved ones say so.
func TestScan_Bounded(t *testing.T) {
	t.Parallel()
	hits := scan(strings.Repeat(checksummed("ghp_")+"\n", 10_000))
	expect.Equal(t, "hits", len(hits), 10)
	expect.Equal(t, "proved", hits[0].Proved, true)
	expect.Equal(t, "proved", scan("glpat-" + letters(20))[0].Proved, false)
}

func TestScan_Illustrative(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"alder/tests/data/key.pem": true,
		"alder-1.0/docs/x.rst":     true,
		"alder/test_x.py":          true,
		"alder/x_test.go":          true,
		"alder/conftest.py":        true,
		"alder/Examples/a.py":      true,
		"alder/x.py":               false,
		"alder/attests/x":          false,
		"alder/contest.py":         false,
		"testing.py":               false,
		"doc":                      false,
	} {
		expect.Equal(t, path, secretscan.Illustrative(path), want)
	}
}

func TestScan_Names(t *testing.T) {
	t.Parallel()
	expect.Equal(t, "a key file", secretscan.IsKeyFile("x/id_ed25519"), true)
	expect.Equal(t, "a public key", secretscan.IsKeyFile("x/id_rsa.pub"), false)
	expect.Equal(t, "git's folder", secretscan.InGitFolder("x/.git/config"), true)
	expect.Equal(t, "git's other files", secretscan.InGitFolder("x/.gitignore"), false)
	expect.Equal(t, "a file of variables", secretscan.IsEnvFile("x/.env"), true)
	expect.Equal(t, "an example of one", secretscan.IsEnvFile("x/.env.example"), false)
	for text, want := range map[string]bool{
		"[pypi]\nusername = __token__\npassword = pypi-x\n": true,
		"[pypi]\nusername = me\npassword =\n":               false,
		"[pypi]\npassword: x":                               true,
		"machine example.org login me password x":           true,
		"machine example.org\n  password x":                 true,
		"machine example.org login me":                      false,
		"":                                                  false,
	} {
		expect.Equal(t, text, secretscan.HasPassword([]byte(text)), want)
	}
}

// FuzzScan: whatever a member has and however it arrives, the hits are the same, within the member, and in their order.
func FuzzScan(f *testing.F) {
	f.Add([]byte(checksummed("ghp_")+" "+indexToken()), uint16(3))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\n"+letters(100)+"-----END "), uint16(9))
	f.Add([]byte(`{"type": "service_account", "private_key": "-----BEGIN `), uint16(1))
	f.Fuzz(func(t *testing.T, member []byte, size uint16) {
		s := secretscan.New(isMacaroon)()
		_, _ = s.Write(member)
		whole := s.Close()
		last := int64(-1)
		for _, hit := range whole {
			if hit.Offset < 0 || hit.Offset >= int64(len(member)) {
				t.Errorf("%q at %d", hit.Kind, hit.Offset)
			}
			last = max(last, hit.Offset)
		}
		if bytes.IndexByte(member, 0) >= 0 {
			return // whether it is a text is decided by its first part
		}
		parts := secretscan.New(isMacaroon)()
		for rest := member; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, _ = parts.Write(rest[:n])
			rest = rest[n:]
		}
		if got := parts.Close(); !slices.Equal(got, whole) {
			t.Errorf("in parts of %d: %v, want %v", int(size)+1, got, whole)
		}
	})
}

// BenchmarkScan on text, which has the beginnings of tokens by chance.
func BenchmarkScan(b *testing.B) {
	text := bytes.Repeat(
		[]byte("def sketch(github, npmrc):\n    \"\"\"Ask the pypi host -- highly rigid.\"\"\"\n    return high.rough(skip)\n"), 10_000,
	)
	scanner := secretscan.New(isMacaroon)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := scanner()
		_, _ = s.Write(text)
		s.Close()
	}
}
