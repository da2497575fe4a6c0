package secretscan

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Illustrative reports whether a member belongs to tests, documentation or examples, by its path. Credentials there are nearly always
// made up.
func Illustrative(member string) bool {
	folders := []string{
		"test", "tests", "testing", "testdata", "test_data", "fixtures", "doc", "docs", "example", "examples", "sample",
		"samples", "demo", "demos",
	}
	parts := strings.Split(strings.ToLower(member), "/")
	for _, part := range parts[:len(parts)-1] {
		if slices.Contains(folders, part) {
			return true
		}
	}
	name := parts[len(parts)-1]
	base := strings.TrimSuffix(name, path.Ext(name))
	return strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test") || strings.HasSuffix(base, "_tests") || base == "conftest"
}

// IsKeyFile reports whether a member has the name under which OpenSSH keeps a private key.
func IsKeyFile(member string) bool {
	return slices.Contains([]string{"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}, path.Base(member))
}

// InGitFolder reports whether a member is part of a git repository's own data, which has its history and its configuration.
func InGitFolder(member string) bool {
	return strings.HasPrefix(member, ".git/") || strings.Contains(member, "/.git/")
}

// IsEnvFile reports whether a member is a file of environment variables, such as a program loads at its start.
func IsEnvFile(member string) bool { return path.Base(member) == ".env" }

// IsLoginFile reports whether a member is a file in which clients keep passwords: .pypirc or .netrc.
func IsLoginFile(member string) bool {
	return slices.Contains([]string{".pypirc", ".netrc"}, path.Base(member))
}

// HasPassword reports whether the text of such a file has a password.
func HasPassword(text []byte) bool {
	return regexp.MustCompile(`(?m)(?:^|\s)password(?:\s*[=:]\s*|[ \t]+)[^\s=:]`).Match(text)
}
