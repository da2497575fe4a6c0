package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// keepMetadata stores a wheel's METADATA beside it (PEP 658) and returns its SHA-256. A wheel without a readable one
// has no such file; refusing it is an archive rule.
func (ix *Index) keepMetadata(u *upload, at string) (sum string, err error) {
	name, err := pep.ParseWheelName(u.form.content.filename)
	if err != nil || !ix.traits.modern {
		return "", nil //nolint:nilerr // not a wheel
	}
	place := filepath.Join(ix.dir, filepath.FromSlash(at))
	in, err := os.Open(place) //nolint:gosec // a path of our own making
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	member := name.Name + "-" + name.Version + ".dist-info/METADATA"
	facts, err := archive.ReadZip(in, u.form.content.blob.size, archive.Ask{Keep: func(m string) bool { return m == member }})
	if err != nil {
		return "", err
	}
	text, found := facts.Kept[member]
	if facts.Broken != nil || !found {
		return "", nil
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), os.WriteFile(place+".metadata", text, 0o644) //nolint:gosec // packages are public
}
