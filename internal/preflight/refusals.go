package preflight

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// refusalPattern says by which text a refusal of the index is assigned to a rule (docs/reference/pypi-server.md §2): it
// contains all fragments of the row. The rule should have reported the problem before the upload.
type refusalPattern struct {
	id        finding.ID
	fragments []string
}

// refusals returns the table of messages. The first row that applies counts, so more specific rows come first. What only
// the index can know (a name that was used before, the limit of one project, a publisher) belongs to no rule and has no
// row.
func refusals() []refusalPattern {
	row := func(id finding.ID, fragments ...string) refusalPattern { return refusalPattern{id, fragments} }
	return []refusalPattern{
		row("name-missing", "invalid value for Name", "This field is required"),
		row("name-invalid", "invalid value for Name", "Start and end with a letter or numeral"),
		row("version-missing", "'version' is a required field"),
		row("version-invalid", "is invalid for 'version'"),
		row("version-local", "The use of local versions in"),
		row("metadata-version", "is not a valid metadata version"),
		row("metadata-version", "invalid value for Metadata-Version"),
		row("field-too-new", "introduced in metadata version"),
		row("field-repeated", "has invalid data."),
		row("summary-newline", "'summary' must be a single line"),
		row("summary-length", "'summary' field must be 512 characters or less"),
		row("content-type", "'description-content-type' must be one of"),
		row("content-type-charset", "'description-content-type' can only specify the UTF-8 charset"),
		row("content-type-variant", "valid Markdown variants for 'description-content-type'"),
		row("dynamic-forbidden", "is not allowed as a dynamic field"),
		row("dynamic-unknown", "is not a valid dynamic field"),
		row("provides-extra", "is invalid for 'provides-extra'"),
		row("requires-python", "is invalid for 'requires-python'"),
		row("requires-dist", "is invalid for 'requires-dist'"),
		// The index writes a requirement without quotes, and a Provides-Dist or Obsoletes-Dist value with quotes.
		row("provides-dist", "Can't have direct dependency: '"),
		row("requires-dist-url", "Can't have direct dependency: "),
		row("license-expression", "is invalid for 'license-expression'"),
		row("license-file-path", "is invalid for 'license-file'"),
		row("import-name", "is invalid for 'import-name'"),
		row("import-name", "is invalid for 'import-namespace'"),
		row("email", "is not a valid email address: "),
		row("classifier-unknown", "is not a valid classifier"),
		row("classifier-deprecated", "The classifier '", "has been deprecated"),
		row("url", "is not a valid url"),
		row("project-url", "must be 32 characters or less"),
		row("project-url", "Must have a URL"),
		row("project-url", "Must have a label"),
		row("license-and-expression", "License is deprecated when License-Expression is present"),
		row("description-render", "The description failed to render"),
		row("filename-characters", "Cannot upload a file with non-printable characters"),
		row("filename-slash", "Cannot upload a file with '/' or"),
		row("filename-extension", "Invalid file extension"),
		row("sdist-filename-unparsable", "Invalid source distribution filename"),
		row("filename-project", "Start filename for"),
		row("sdist-filename", "Filename '", "is invalid, should be"),
		row("license-file-missing", "License-File ", "does not exist in distribution file"),
		row("wheel-platform-tag", "has an unsupported platform tag"),
		row("wheel-name-normalized", "should contain the normalized project name"),
		row("wheel-version", "Version in filename should be"),
		row("record-missing", "does not contain the required RECORD file"),
		row("metadata-missing", "does not contain the required METADATA file"),
		row("entry-points", "has invalid entry points"),
		row("filename-too-long", "Filename is too long"),
		row("wheel-filename", "Invalid wheel filename"),
		row("wheel-filename", "Invalid build number"),
		row("wheel-filename", "Invalid project name"),
		row("second-sdist", "Only one sdist may be uploaded per release"),
		row("zip-and-tar", "File is both a zip and a tar file"),
		row("not-a-zip", "File is not a zipfile"),
		row("not-a-tar", "File is not a tarfile"),
		row("compression-ratio", "File exceeds compression ratio"),
		row("compression-method", "File does not use a supported compression type"),
		row("top-level", "Incorrect number of top-level directories in sdist"),
		row("pkg-info-missing", "PKG-INFO not found at"),
		row("wheel-name-version", "Unable to parse name and version from wheel filename"),
		row("wheel-file-missing", "WHEEL not found at"),
		row("obfuscated-code", "-encrypted content is not allowed"),
		row("tar-sparse", "tar archive not accepted: Sparse members"),
		row("zip-framing", "ZIP archive not accepted"),
		row("archive-corrupt", "Invalid distribution file. None"),
		row("release-closed", "older than 14 days"),
		row("file-too-large", "File too large"),
		row("project-too-large", "Project size too large"),
		row("name-of-module", "conflict with Python Standard Library module name"),
		row("provides-dist", "' is invalid: Expected "),
	}
}

// RuleOf returns the rule that finds such a problem before the upload, given the message of the index; known is false if
// there is no such rule.
func RuleOf(message string) (r Rule, known bool) {
	for _, row := range refusals() {
		if row.says(message) {
			i := slices.IndexFunc(rules, func(r rule) bool { return r.id == row.id })
			return Rules()[i], true
		}
	}
	return Rule{}, false
}

// Certain reports whether the rule needs only the files to predict a refusal: no table that ages, no data of the index,
// and no limit that the index may have raised.
func (r Rule) Certain() bool { return r.Severity == finding.Error && r.Basis == string(offline) }

func (r refusalPattern) says(message string) bool {
	for _, fragment := range r.fragments {
		if !strings.Contains(message, fragment) {
			return false
		}
	}
	return true
}
