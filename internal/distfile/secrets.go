package distfile

import (
	"bytes"
	"maps"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/macaroon"
	"github.com/org/pypi-oidc-publish/internal/secretscan"
)

// Secret is a credential in a member. The credential itself is not kept.
type Secret struct {
	Member       string
	Kind         secretscan.Kind
	Proved       bool  // its structure, or the name of the member, shows what it is
	Illustrative bool  // the member belongs to tests, documentation or examples
	Offset       int64 // of its first byte in the member
}

// MostSecrets limits the credentials that are noted of one file.
const MostSecrets = 20

// The kinds that the name of a member shows.
const (
	GitFolder secretscan.Kind = "data of a git repository"
	EnvFile   secretscan.Kind = "environment variables"
	LoginFile secretscan.Kind = "a password"
	KeyFile   secretscan.Kind = "an unencrypted private key of OpenSSH"
)

// longestNamed is how many bytes of a file are read whose name shows that it may have a password.
const longestNamed = 64 << 10

// secretFinder finds credentials in the members of one file.
type secretFinder struct {
	scanner *secretscan.Scanner
	found   []Secret
	git     bool // data of a git repository was found: one report is enough
}

// inspect returns what takes the content of a member; nil if enough was found.
func (f *secretFinder) inspect(member string) archive.Inspection {
	if len(f.found) >= MostSecrets {
		return nil
	}
	if secretscan.InGitFolder(member) && !f.git {
		f.git = true
		f.add(Secret{Member: member, Kind: GitFolder, Proved: true})
	}
	return &scannedMember{finder: f, name: member}
}

// inspectKept inspects the members whose content is kept, which [archive.Selection.Inspect] leaves out.
func (f *secretFinder) inspectKept(kept map[string][]byte) {
	for _, member := range slices.Sorted(maps.Keys(kept)) {
		if m := f.inspect(member); m != nil {
			_, _ = m.Write(kept[member]) // never fails
			m.Close()
		}
	}
}

func (f *secretFinder) add(s Secret) {
	if len(f.found) < MostSecrets {
		s.Illustrative = secretscan.Illustrative(s.Member)
		f.found = append(f.found, s)
	}
}

// scannedMember is one member while it is scanned.
type scannedMember struct {
	once
	finder *secretFinder
	name   string
	text   []byte // the beginning of a file whose name shows that it may have a password
}

// Write takes a part of the member. It never fails.
func (m *scannedMember) Write(p []byte) (int, error) {
	if secretscan.IsLoginFile(m.name) || secretscan.IsEnvFile(m.name) {
		m.text = append(m.text, p[:min(len(p), longestNamed-len(m.text))]...)
	}
	return m.finder.scanner.Write(p)
}

// Close notes what was found.
func (m *scannedMember) Close() {
	switch {
	case secretscan.IsLoginFile(m.name) && secretscan.HasPassword(m.text):
		m.finder.add(Secret{Member: m.name, Kind: LoginFile, Proved: true})
	case secretscan.IsEnvFile(m.name) && len(bytes.TrimSpace(m.text)) > 0:
		m.finder.add(Secret{Member: m.name, Kind: EnvFile})
	}
	for _, hit := range m.finder.scanner.Close() {
		s := Secret{Member: m.name, Kind: hit.Kind, Proved: hit.Proved, Offset: hit.Offset}
		if hit.Kind == secretscan.PrivateKey && secretscan.IsKeyFile(m.name) {
			s.Kind, s.Proved = KeyFile, true
		}
		m.finder.add(s)
	}
}

// isMacaroon reports whether a token of an index can be read to its end.
func isMacaroon(token []byte) bool {
	_, err := macaroon.Parse(string(token))
	return err == nil
}
