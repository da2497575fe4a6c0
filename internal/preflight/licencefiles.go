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
				licenseFileAdvice(d, files[i]))
			if message != "" && fs.ValidPath(files[i]) {
				found = append(found, refusal(d, message, fix))
			}
		}
	}
	return found
}

func licenseFileAdvice(d *distfile.Distribution, file string) string {
	if d.Kind() == distfile.Wheel {
		return "build again with a current build backend, which includes the license-files of pyproject.toml"
	}
	return fmt.Sprintf("put %[1]s into the sdist, or take it out of license-files in pyproject.toml, and build again "+
		"(with maturin: include = [{ path = %[2]q, format = \"sdist\" }] under [tool.maturin])", file, file)
}
