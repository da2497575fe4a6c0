package preflight

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// zipFraming reports zip archives whose content, read from the first byte, differs from the central directory. The index
// compares both.
func zipFraming(d *distfile.Distribution) (message, fix string) {
	framing, broken := unusual(d, archive.AnomalyFraming), damaged(d)
	if framing == nil || d.Archive.Broken != nil || broken != nil && !readLast(d, broken.Member) {
		return "", "" // the index does not check that far
	}
	message = invalidFile + "ZIP archive not accepted: " + framing.Detail + "."
	if twice := unusual(d, archive.AnomalyTwice); twice != nil {
		return message, fmt.Sprintf("%s is in the archive twice, %s: put it there once, by one rule of the build's configuration alone",
			quote(twice.Member), twice.Detail)
	}
	member := ""
	if framing.Member != "" {
		member = fmt.Sprintf(" (the member is %s)", quote(framing.Member))
	}
	if framing.Note != "" {
		member += fmt.Sprintf(" (%s)", framing.Note)
	}
	switch {
	case strings.HasPrefix(framing.Detail, "Invalid character"):
		return message, "rename the file: its name has a tab, a line break or another control character" + member
	case overwritten[framing.Detail]:
		return message, mergedArtifacts + member
	default:
		return message, "create the archive again with Python's zipfile module or a current build backend" + member
	}
}

// overwritten are the complaints about an archive in which a part of another one stands.
var overwritten = map[string]bool{
	"Malformed zip file": true, "Mis-matched data size": true, "Mis-matched file size": true, "Filename not in central directory": true,
	"Unknown record signature": true, "Trailing data": true, "Mismatched central directory records": true,
	"Mismatched central directory offset": true, "Missing filename in local headers": true,
}
