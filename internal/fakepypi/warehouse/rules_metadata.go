package warehouse

import (
	"mime"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.3 and §2.4: the metadata in the form. Of each of the two sets, readMetadata and
// checkMetadata, one error is reported: that of metadata-version, of name or of version first, else that of the alphabetically first
// header.

// unparsed checks row 15, which comes before both sets of rules: a field for one value has one, and the labels of URLs differ.
func unparsed(u *upload) *refusal {
	for _, f := range fields() {
		values := u.form.all(f.form)
		if !f.multi && len(values) > 1 || f.form == "project_urls" && repeatedLabel(values) {
			return bad("%s has invalid data%s", repr(f.form), metadataSpec)
		}
	}
	return nil
}

// repeatedLabel reports whether two values of Project-URL have the same label.
func repeatedLabel(values []string) bool {
	seen := map[string]bool{}
	for _, value := range values {
		label, _ := labelled(value)
		if seen[label] {
			return true
		}
		seen[label] = true
	}
	return false
}

// labelled splits "Label, URL".
func labelled(value string) (label, url string) {
	label, url, _ = strings.Cut(value, ",")
	return strings.TrimSpace(label), strings.TrimSpace(url)
}

// valueRule checks the values of one header. It returns the message without the link to the specification, or an empty string.
type valueRule func(u *upload, values []string) string

// readMetadata returns the rules of §2.3 by header.
func readMetadata() map[string]valueRule {
	return map[string]valueRule{
		"metadata-version":         knownMetadataVersion,
		"version":                  validVersion,
		"summary":                  singleLine,
		"description-content-type": contentTypeOfDescription,
		"dynamic":                  dynamicHeaders,
		"provides-extra":           extraNames,
		"requires-python":          specifiers,
		"requires-dist":            requirements,
		"import-name":              importNames("import-name"),
		"import-namespace":         importNames("import-namespace"),
		"license-expression":       licenseExpression,
		"license-file":             licensePaths,
	}
}

// checkMetadata returns the rules of §2.4 by header.
func checkMetadata() map[string]valueRule {
	return map[string]valueRule{
		"version":          noLocalVersion,
		"summary":          shortSummary,
		"classifier":       knownClassifiers,
		"author-email":     emailAddress,
		"maintainer-email": emailAddress,
		"provides-dist":    relations,
		"obsoletes-dist":   relations,
		"requires-dist":    noDirectReference,
		"dynamic":          storableDynamic,
		"home-page":        webAddress,
		"download-url":     webAddress,
		"project-url":      projectURLs,
		"license":          oneLicense,
	}
}

func metadataA(u *upload) *refusal {
	declared := u.form.get("metadata_version")
	return firstProblem(u, readMetadata(), func(f field) string {
		if f.newer(declared) {
			return f.header + " introduced in metadata version " + f.since + ", not " + declared
		}
		return ""
	})
}

func metadataB(u *upload) *refusal {
	return firstProblem(u, checkMetadata(), func(field) string { return "" })
}

// firstProblem applies one set of rules and returns the first refusal. For every field that the form has, it calls check before
// the field's rule.
func firstProblem(u *upload, rules map[string]valueRule, check func(field) string) *refusal {
	leading := []string{"metadata-version", "name", "version"}
	order := slices.SortedStableFunc(slices.Values(fields()), func(a, b field) int {
		return rank(leading, a.header) - rank(leading, b.header)
	})
	for _, f := range order {
		values, rule := u.form.all(f.form), rules[f.header]
		message := ""
		if len(values) > 0 {
			message = check(f)
		}
		if message == "" && rule != nil && (len(values) > 0 || slices.Contains(leading, f.header)) {
			message = rule(u, values)
		}
		if message != "" {
			return bad("%s%s", message, metadataSpec)
		}
	}
	return nil
}

// rank returns the position of a header in leading. All others come after them.
func rank(leading []string, header string) int {
	if i := slices.Index(leading, header); i >= 0 {
		return i
	}
	return len(leading)
}

// knownMetadataVersion returns a message unless the metadata version is known (rows 16 and 31).
func knownMetadataVersion(_ *upload, values []string) string {
	switch {
	case len(values) == 0:
		return "None is not a valid metadata version"
	case !slices.Contains(metadataVersions(), values[0]):
		return repr(values[0]) + " is not a valid metadata version"
	}
	return ""
}

// validVersion returns a message unless the version is valid (row 18). It keeps a valid one for later rules.
func validVersion(u *upload, values []string) string {
	if len(values) == 0 {
		return "'version' is a required field"
	}
	v, err := pep.ParseVersion(values[0])
	if err != nil {
		return invalid(values[0], "version")
	}
	u.version = v
	return ""
}

func invalid(value, header string) string { return repr(value) + " is invalid for '" + header + "'" }

// singleLine returns a message if the summary has several lines (row 20).
func singleLine(_ *upload, values []string) string {
	if strings.Contains(values[0], "\n") {
		return "'summary' must be a single line"
	}
	return ""
}

// contentTypeOfDescription returns a message if the type of the description is not one that PyPI renders (rows 21 to 23).
func contentTypeOfDescription(_ *upload, values []string) string {
	const of = "'description-content-type'"
	value := values[0]
	kind, params, err := mime.ParseMediaType(value)
	kind = strings.ToLower(kind)
	known := []string{"text/x-rst", "text/markdown", "text/plain"}
	if err != nil || !slices.Contains(known, kind) || !strings.Contains(strings.ToLower(value), kind) {
		return of + " must be one of " + reprList(known) + ", not " + repr(value)
	}
	if charset, given := params["charset"]; given && charset != "UTF-8" {
		return of + " can only specify the UTF-8 charset, not " + repr(charset)
	}
	variants := []string{"GFM", "CommonMark"}
	if variant, given := params["variant"]; given && kind == "text/markdown" && !slices.Contains(variants, variant) {
		return "valid Markdown variants for " + of + " are " + reprList(variants) + ", not " + repr(variant)
	}
	return ""
}

// dynamicHeaders returns a message if a value of Dynamic is not the name of another header (row 24).
func dynamicHeaders(_ *upload, values []string) string {
	for _, value := range values {
		header := strings.ToLower(value)
		switch {
		case slices.Contains([]string{"name", "version", "metadata-version"}, header):
			return repr(header) + " is not allowed as a dynamic field"
		case !slices.ContainsFunc(fields(), func(f field) bool { return f.header == header }):
			return repr(header) + " is not a valid dynamic field"
		}
	}
	return ""
}

// storableDynamic returns a message if Dynamic names itself (row 41): PyPI's own list is that of row 24 without it.
func storableDynamic(_ *upload, values []string) string {
	for _, value := range values {
		if header := strings.ToLower(value); header == "dynamic" {
			return "Dynamic field " + repr(header) + " is not a valid dynamic field"
		}
	}
	return ""
}

// extraNames returns a message if the name of an extra is invalid (row 25).
func extraNames(_ *upload, values []string) string {
	for _, value := range values {
		if !pep.ValidName(value) {
			return invalid(value, "provides-extra")
		}
	}
	return ""
}

// licensePaths returns a message if a License-File is not a plain relative path (row 29).
func licensePaths(_ *upload, values []string) string {
	for _, path := range values {
		problem := ""
		switch {
		case strings.Contains(path, ".."):
			problem = "parent directory indicators are not allowed"
		case strings.Contains(path, "*"):
			problem = "paths must be resolved"
		case absolute.MatchString(path):
			problem = "paths must be relative"
		case !plainPath(path):
			problem = "paths must use '/' delimiter"
		}
		if problem != "" {
			return invalid(path, "license-file") + ", " + problem
		}
	}
	return ""
}

// absolute matches paths that are absolute on POSIX or on Windows.
var absolute = regexp.MustCompile(`^(/|\\\\[^\\]+\\|[A-Za-z]:[\\/])`)

// plainPath reports whether a Windows path object would return the path unchanged.
func plainPath(path string) bool {
	return path != "" && !strings.Contains(path, `\`) && !strings.HasSuffix(path, "/") && !strings.Contains(path, "//") &&
		path != "./" && !strings.HasPrefix(path, "./") && !strings.Contains(path, "/./") && !strings.HasSuffix(path, "/.")
}

// noLocalVersion returns a message if the version is a local one (row 32).
func noLocalVersion(u *upload, values []string) string {
	if u.version.Local() == "" {
		return ""
	}
	return "The use of local versions in " + repr(values[0]) + " is not allowed. See " +
		"https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers for more information"
}

// shortSummary returns a message if the summary has more than 512 characters (row 33).
func shortSummary(_ *upload, values []string) string {
	if utf8.RuneCountInString(values[0]) > 512 {
		return "'summary' field must be 512 characters or less"
	}
	return ""
}

// webAddress returns a message if a URL is invalid (row 37).
func webAddress(_ *upload, values []string) string {
	if !validURL(values[0]) {
		return repr(values[0]) + " is not a valid url"
	}
	return ""
}

// address matches the parts of a URL that row 37 needs (§2.4.2).
var address = regexp.MustCompile(`(?i)^https?:(//[^/?#]*)?([^#]*)`)

// validURL reports whether PyPI accepts a URL (row 37).
func validURL(url string) bool {
	parts := address.FindStringSubmatch(url)
	return parts != nil && !strings.ContainsAny(parts[2], "[]") && !badPort.MatchString(parts[1])
}

// badPort matches a port from 65536 to 99999 behind a well-formed host.
var badPort = regexp.MustCompile(
	`^//([\w.~%!$&'()*+,;=:-]*@)?([\w.~%!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\]):(6553[6-9]|655[4-9]\d|65[6-9]\d\d|6[6-9]\d{3}|[7-9]\d{4})$`)

// projectURLs returns a message if a value of Project-URL is invalid (row 38).
func projectURLs(_ *upload, values []string) string {
	for _, value := range values {
		label, url := labelled(value)
		switch {
		case label == "":
			return "Must have a label"
		case utf8.RuneCountInString(label) > 32:
			return repr(label) + " must be 32 characters or less"
		case url == "":
			return "Must have a URL"
		case !validURL(url):
			return repr(url) + " is not a valid url"
		}
	}
	return ""
}

// oneLicense returns a message if License and License-Expression are both given (row 42).
func oneLicense(u *upload, _ []string) string {
	if len(u.form.all("license_expression")) > 0 {
		return "License is deprecated when License-Expression is present. Only License-Expression should be present"
	}
	return ""
}
