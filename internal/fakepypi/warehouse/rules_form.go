package warehouse

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.2. One error is reported: that of metadata-version, name and version first, then that of
// the alphabetically first field. A message about no field has the field name "", and so comes before the others.

const metadataSpec = ". See https://packaging.python.org/specifications/core-metadata for more information."

// formRules returns the checks of the upload form in the order in which their errors are reported.
func formRules() []func(*form) *refusal {
	return []func(*form) *refusal{formName, formDigestGiven, formBlake2, formFiletype, formPyversion, formSHA256}
}

// formFields returns the first refusal of formRules.
func formFields(u *upload) *refusal {
	for _, check := range formRules() {
		if refused := check(u.form); refused != nil {
			return refused
		}
	}
	return nil
}

// formName checks row 9: the name.
func formName(f *form) *refusal {
	name := first(f.texts["name"])
	switch {
	case name == "":
		return bad("%s is an invalid value for Name. Error: This field is required%s", pep.Repr(elide(name)), metadataSpec)
	case !pep.ValidName(name):
		return bad("%s is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII "+
			"numeric and '.', '_' and '-'%s",
			pep.Repr(elide(name)), metadataSpec)
	}
	return nil
}

// elide returns a value as a message quotes it: a long one is reduced to its beginning and end.
func elide(value string) string {
	const keep = 30
	if runes := []rune(value); len(runes) > 2*keep {
		return string(runes[:keep]) + "..." + string(runes[len(runes)-keep:])
	}
	return value
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// formFiletype checks row 10: the file type.
func formFiletype(f *form) *refusal {
	switch first(f.texts["filetype"]) {
	case "sdist", "bdist_wheel":
		return nil
	case "":
		return bad("Invalid value for filetype. Error: This field is required.")
	default:
		return bad("Invalid value for filetype. Error: Use a known file type.")
	}
}

// formSHA256 checks row 11: a SHA-256 digest is 64 hexadecimal digits.
func formSHA256(f *form) *refusal {
	if d := f.get("sha256_digest"); d != "" && !isDigest(d) {
		return bad("Invalid value for sha256_digest. Error: Use a valid, hex-encoded, SHA256 message digest.")
	}
	return nil
}

// formBlake2 checks row 11: a BLAKE2b digest is 64 hexadecimal digits.
func formBlake2(f *form) *refusal {
	if d := f.get("blake2_256_digest"); d != "" && !isDigest(d) {
		return bad("Invalid value for blake2_256_digest. Error: Use a valid, hex-encoded, BLAKE2 message digest.")
	}
	return nil
}

// isDigest reports whether s is 64 hexadecimal digits.
func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// formPyversion checks rows 12 and 13: the Python version fits the file type.
func formPyversion(f *form) *refusal {
	switch kind, python := f.get("filetype"), first(f.texts["pyversion"]); {
	case kind != "sdist" && kind != "" && python == "":
		return bad("Invalid value for pyversion. Error: Python version is required for binary distribution uploads.")
	case kind == "sdist" && python != "" && python != "source":
		return bad("Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.")
	}
	return nil
}

// formDigestGiven checks row 14: the form has a digest.
func formDigestGiven(f *form) *refusal {
	if f.get("md5_digest")+f.get("sha256_digest")+f.get("blake2_256_digest") == "" {
		return bad("Error: Include at least one message digest.")
	}
	return nil
}
