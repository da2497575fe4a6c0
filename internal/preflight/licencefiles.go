package preflight

import (
	"fmt"
	"io/fs"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

// licenseFileMissing reports License-File entries that the archive does not contain. It skips invalid paths, which the
// rule license-file-path reports.
func licenseFileMissing(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if d.Archive.Broken != nil || d.Kind() == distfile.Other {
			continue
		}
		files := d.Values("License-File")
		for i, member := range d.LicenseMembers() {
			message := fmt.Sprintf("License-File %s does not exist in distribution file %s at %s", files[i], d.Name, member)
			message, fix := missing(d, member, message,
				"build again with a current build backend, which includes the license-files of pyproject.toml")
			if message != "" && fs.ValidPath(files[i]) {
				found = append(found, refusal(d, message, fix))
			}
		}
	}
	return found
}
