package warehouse

import (
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of sections 2.3 and 2.4: the metadata in the form. Within a stage, the errors of metadata-version, name and
// version are reported first, then that of the alphabetically first header.

// metadataRule judges one header. What it returns is the message without the pointer to the specification.
type metadataRule struct {
	header string
	check  func(*upload) string
}

func stageA() []metadataRule {
	return []metadataRule{
		{"metadata-version", knownMetadataVersion},
		{"version", validVersion},
	}
}

func stageB() []metadataRule {
	return []metadataRule{
		{"version", noLocalVersion},
	}
}

func metadataA(u *upload) *refusal { return applyMetadata(u, stageA()) }

func metadataB(u *upload) *refusal { return applyMetadata(u, stageB()) }

func applyMetadata(u *upload, stage []metadataRule) *refusal {
	for _, r := range stage {
		if message := r.check(u); message != "" {
			return bad("%s%s", message, metadataSpec)
		}
	}
	return nil
}

// knownMetadataVersion is rows 16 and 31.
func knownMetadataVersion(u *upload) string {
	v := u.form.all("metadata_version")
	if len(v) == 0 {
		return "None is not a valid metadata version"
	}
	switch v[0] {
	case "1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5":
		return ""
	}
	return repr(v[0]) + " is not a valid metadata version"
}

// validVersion is row 18.
func validVersion(u *upload) string {
	given := u.form.all("version")
	if len(given) == 0 {
		return "'version' is a required field"
	}
	v, err := pep.ParseVersion(given[0])
	if err != nil {
		return repr(given[0]) + " is invalid for 'version'"
	}
	u.version = v
	return ""
}

// noLocalVersion is row 32.
func noLocalVersion(u *upload) string {
	if u.version.Local() == "" {
		return ""
	}
	return "The use of local versions in " + repr(u.form.get("version")) + " is not allowed. See " +
		"https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers for more information"
}
