package secretscan

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// The kinds that other packages decide about by name.
const (
	PrivateKey Kind = "an unencrypted private key"
)

// kind is a row of the table of kinds.
type kind struct {
	pattern
	literals []string
	form     string // a regular expression for the whole credential, from its beginning
}

// The parts of a Google service account.
const (
	accountType = 1 << iota
	accountKey
)

// kinds returns the table of kinds.
func kinds(isIndexToken func([]byte) bool) []kind {
	proved := func(k Kind, check func([]byte) bool, form string, literals ...string) kind {
		return kind{pattern{kind: k, proved: true, check: check, word: true}, literals, form}
	}
	vendor := func(k Kind, form string, literals ...string) kind {
		return kind{pattern{kind: k, word: true, textOnly: true}, literals, form}
	}
	return []kind{
		// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
		proved("a GitHub token", checksummed, `gh[opusr]_[0-9A-Za-z]{36}`, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
		// https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/
		proved("an npm token", checksummed, `npm_[0-9A-Za-z]{36}`, "npm_"),
		// The upload tokens of PyPI's software (docs/reference/pypi-server.md §4.6).
		proved("an API token of a package index", isIndexToken, `pypi-[0-9A-Za-z_-]{60,}=*`, "pypi-"),
		{
			pattern{kind: PrivateKey, check: isPrivateKey},
			[]string{"-----BEGIN "},
			`-----BEGIN (?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY-----[^-]{60,}-----END `,
		},
		vendor("a fine-grained GitHub token", `github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}`, "github_pat_"),
		vendor("a GitLab token", `glpat-[0-9A-Za-z_-]{20}`, "glpat-"),
		vendor(
			"a Slack token",
			`xox[abprs]-[0-9]{10,13}-[0-9]{10,13}(?:-[0-9]{10,13})?-[0-9A-Za-z]{24,}`,
			"xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-",
		),
		vendor(
			"a Slack web hook", `hooks\.slack\.com/services/T[0-9A-Z]{8,12}/B[0-9A-Z]{8,12}/[0-9A-Za-z]{24}`,
			"hooks.slack.com/services/",
		),
		vendor("a Stripe key", `[sr]k_live_[0-9A-Za-z]{24,}`, "sk_live_", "rk_live_"),
		vendor("a Hugging Face token", `hf_[A-Za-z]{34}`, "hf_"),
		vendor("an OpenAI key", `sk-[0-9A-Za-z_-]{20,80}T3BlbkFJ[0-9A-Za-z_-]{20,80}`, "sk-"),
		vendor("an Anthropic key", `sk-ant-[a-z]{3,5}[0-9]{2}-[0-9A-Za-z_-]{93}AA`, "sk-ant-"),
		vendor("a SendGrid key", `SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}`, "SG."),
		vendor("a Google API key", `AIza[0-9A-Za-z_-]{35}`, "AIza"),
		vendor("a Google OAuth secret", `GOCSPX-[0-9A-Za-z_-]{28}`, "GOCSPX-"),
		{
			pattern{kind: "an Azure storage key", word: true, textOnly: true, check: noEmulator},
			[]string{"AccountKey="},
			`AccountKey=[0-9A-Za-z+/]{86}==`,
		},
		{
			pattern{kind: "an AWS access key id", word: true, textOnly: true, check: noExample},
			[]string{"AKIA", "ASIA"},
			`A[KS]IA[2-7A-Z]{16}`,
		},
		{pattern{kind: "a Google service account", textOnly: true, account: accountType}, []string{`"service_account"`}, ""},
		{
			pattern{kind: "a Google service account", textOnly: true, account: accountKey},
			[]string{`"private_key": "-----BEGIN `, `"private_key":"-----BEGIN `},
			"",
		},
	}
}

// checksummed reports whether a token ends in the checksum of its random part: CRC-32 as six digits of base 62.
func checksummed(token []byte) bool {
	const digits, length = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 6
	random, sum := token[len("ghp_"):len(token)-length], token[len(token)-length:]
	n := crc32.ChecksumIEEE(random)
	for i := length - 1; i >= 0; i-- {
		if sum[i] != digits[n%62] {
			return false
		}
		n /= 62
	}
	return true
}

// noExample reports whether a key id is none of those in documentation.
func noExample(id []byte) bool {
	upper := strings.ToUpper(string(id))
	for _, word := range []string{"EXAMPLE", "XXXX", "AAAA", "1234", "FAKE", "TEST", "DUMMY"} {
		if strings.Contains(upper, word) {
			return false
		}
	}
	return true
}

// noEmulator reports whether a key is another than that of Azure's emulator, which its documentation prints and many packages have:
// https://learn.microsoft.com/en-us/azure/storage/common/storage-connect-azurite (its well-known account).
func noEmulator(key []byte) bool {
	return !bytes.HasPrefix(key, []byte("AccountKey=Eby8vdM02xNOcqFl"))
}

// isPrivateKey reports whether a PEM block is a whole private key without a passphrase: it decodes to what states its own length.
func isPrivateKey(block []byte) bool {
	_, body, _ := bytes.Cut(block, []byte("PRIVATE KEY-----"))
	body, _, _ = bytes.Cut(body, []byte("-----END "))
	if bytes.Contains(body, []byte("ENCRYPTED")) || bytes.ContainsRune(body, ':') {
		return false
	}
	// In the source of a program the lines may be parts of one text: escaped, quoted and joined.
	text := strings.NewReplacer(
		`\n`, "", `\r`, "", `\`, "", `"`, "", "'", "", "+", "+", "\n", "", "\r", "", " ", "", "\t", "",
	).Replace(string(body))
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	if rest, ok := bytes.CutPrefix(der, []byte("openssh-key-v1\x00")); ok {
		return isPlainOpenSSH(rest)
	}
	return isSequence(der)
}

// isPlainOpenSSH reports whether a key in OpenSSH's own form has no passphrase: the first text is the name of the cipher (PROTOCOL.key).
func isPlainOpenSSH(key []byte) bool {
	const size = 4
	if len(key) < size {
		return false
	}
	n := binary.BigEndian.Uint32(key)
	return uint64(n) <= uint64(len(key)-size) && string(key[size:size+n]) == "none"
}

// isSequence reports whether bytes are one DER sequence that ends where they end.
func isSequence(der []byte) bool {
	const sequence, long = 0x30, 0x80
	if len(der) < 2 || der[0] != sequence {
		return false
	}
	length, rest := int(der[1]), der[2:]
	if length >= long {
		n := length - long
		if n < 1 || n > 3 || len(rest) < n {
			return false
		}
		length = 0
		for _, b := range rest[:n] {
			length = length<<8 | int(b)
		}
		rest = rest[n:]
	}
	return len(rest) == length
}
