package preflight

import (
	"fmt"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// metadataVersions lists the versions that PyPI accepts; 2.0 was never finished. As of 2026-08.
var metadataVersions = []string{"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}

// metadataLong reports metadata of which only a part is held in memory.
func metadataLong(d *distfile.Distribution) (message, fix string) {
	if !d.Partial {
		return "", ""
	}
	return fmt.Sprintf("the metadata has %d bytes: only its first fields were checked, and not the description", d.MetadataSize),
		"no action needed if the index accepts the file; otherwise shorten the metadata"
}

func nameMissing(d *distfile.Distribution) (message, fix string) {
	if !d.Metadata || d.Header("Name") != "" {
		return "", ""
	}
	return "'' is an invalid value for Name. Error: This field is required.", "set the name in pyproject.toml and build again"
}

func nameInvalid(d *distfile.Distribution) (message, fix string) {
	name := d.Header("Name")
	if name == "" || pep.ValidName(name) {
		return "", ""
	}
	return fmt.Sprintf("'%s' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII "+
		"numeric and '.', '_' and '-'.", elide(name)), "correct the name in pyproject.toml and build again"
}

// metadataVersion reports an unknown Metadata-Version. A newer version is only a warning, because the index may support
// it by now.
func metadataVersion(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		declared := d.Header("Metadata-Version")
		switch {
		case !d.Metadata || slices.Contains(metadataVersions, declared):
		case declared == "":
			found = append(found, refusal(d, "None is not a valid metadata version.", "build again with a current build backend"))
		case newerMetadata(declared):
			f := refusal(d, quote(declared)+" is not a valid metadata version.",
				"if the index refuses it, build with an older build backend")
			f.Severity = finding.Warning
			found = append(found, f)
		default:
			found = append(found, refusal(d, quote(declared)+" is not a valid metadata version.",
				"build again with a current build backend"))
		}
	}
	return found
}

func newerMetadata(declared string) bool {
	version, err := pep.ParseVersion(declared)
	if err != nil {
		return false
	}
	newest, err := pep.ParseVersion(metadataVersions[len(metadataVersions)-1])
	return err == nil && version.Compare(newest) > 0
}

func versionMissing(d *distfile.Distribution) (message, fix string) {
	if !d.Metadata || d.Header("Version") != "" {
		return "", ""
	}
	return "'version' is a required field.", "set the version in pyproject.toml, or let the build backend derive it, and build again"
}

func versionInvalid(d *distfile.Distribution) (message, fix string) {
	version := d.Header("Version")
	if _, err := pep.ParseVersion(version); version == "" || err == nil {
		return "", ""
	}
	return quote(version) + " is invalid for 'version'.", "use a PEP 440 version, such as 1.2.3 or 2.0rc1, and build again"
}

func versionLocal(d *distfile.Distribution) (message, fix string) {
	version, err := pep.ParseVersion(d.Header("Version"))
	if err != nil || version.Local() == "" {
		return "", ""
	}
	return fmt.Sprintf("The use of local versions in %s is not allowed.", quote(version.String())),
		"build from a clean tag, or configure the version backend (such as setuptools-scm: local_scheme) to omit the local part"
}
