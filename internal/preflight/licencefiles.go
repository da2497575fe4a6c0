package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// licenseFileMissing reports License-File entries that the archive does not contain. It skips invalid paths, which the
// rule license-file-path reports.
func licenseFileMissing(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if d.Archive.Broken != nil || d.Kind() == distfile.Other {
			continue
		}
		absent := limitedFindings{more: d.AbsentCount - len(d.AbsentLicenses)}
		for _, file := range d.AbsentLicenses {
			if metadata.LicensePath(file) != "" {
				continue
			}
			absent.add(refusal(d,
				fmt.Sprintf("License-File %s does not exist in distribution file %s at %s", file, d.Name, d.LicenseMember(file)),
				licenseFileAdvice(d, file)))
		}
		found = append(found, absent.all()...)
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
