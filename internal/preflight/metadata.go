package preflight

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

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
	return "'' is an invalid value for Name. Error: This field is required.", headless(d, "set the name in pyproject.toml and build again")
}

func nameInvalid(d *distfile.Distribution) (message, fix string) {
	name := d.Header("Name")
	if name == "" || pep.ValidName(name) {
		return "", ""
	}
	return fmt.Sprintf("'%s' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII "+
		"numeric and '.', '_' and '-'.", elide(name)), "correct the name in pyproject.toml and build again"
}

// metadataVersion reports an unknown Metadata-Version. A newer version is only a warning if the index may support it by now.
func metadataVersion(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		declared := d.Header("Metadata-Version")
		problem := metadata.MetadataVersion(declared)
		if !d.Metadata || problem == "" {
			continue
		}
		f := refusal(d, said(problem), headless(d, "build again with a current build backend"))
		if metadata.MayPass("Metadata-Version", declared, s.Now) {
			f.Fix = "if the index refuses it, build with an older build backend" + aged("list of metadata versions", metadata.AsOf())
			f.Severity = finding.Warning
		}
		found = append(found, f)
	}
	return found
}

func versionMissing(d *distfile.Distribution) (message, fix string) {
	if !d.Metadata || d.Header("Version") != "" {
		return "", ""
	}
	return "'version' is a required field.", headless(d, "set the version in pyproject.toml, or let the build backend derive it, and build again")
}

func versionInvalid(d *distfile.Distribution) (message, fix string) {
	version := d.Header("Version")
	problem := metadata.Version(version)
	if version == "" || problem == "" {
		return "", ""
	}
	return said(problem), "use a PEP 440 version, such as 1.2.3 or 2.0rc1, and build again"
}

func versionLocal(d *distfile.Distribution) (message, fix string) {
	problem := metadata.LocalVersion(d.Header("Version"))
	if problem == "" {
		return "", ""
	}
	return said(problem),
		"build from a clean tag, or configure the version backend (such as setuptools-scm: local_scheme) to omit the local part"
}

// headless returns the next step for a field that is missing: fix, unless there is no field because the first line is no header.
func headless(d *distfile.Distribution, fix string) string {
	if end := d.HeadersEndAt; end != nil && end.Number == 1 && len(d.Headers) == 0 {
		if strings.HasPrefix(end.Text, byteOrderMark) {
			return metadataMember(d) + " begins with a byte order mark: " + removeMark
		}
		return fmt.Sprintf("the first line of %s, %s, is not a header: write nothing before the fields, and build again",
			metadataMember(d), quote(elide(end.Text)))
	}
	return fix
}
