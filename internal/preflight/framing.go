package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// zipFraming reports zip archives whose content, read from the first byte, differs from the central directory. The index
// compares both.
func zipFraming(d *distfile.Distribution) (message, fix string) {
	framing, member := unusual(d, archive.AnomalyFraming), damaged(d)
	if framing == nil || d.Archive.Broken != nil || member != nil && !readLast(d, member.Member) {
		return "", "" // the index does not check that far
	}
	fix = "create the archive again with Python's zipfile module or a current build backend"
	if framing.Member != "" {
		fix += fmt.Sprintf(" (the member is %s)", quote(framing.Member))
	}
	return invalidFile + "ZIP archive not accepted: " + framing.Detail + ".", fix
}
