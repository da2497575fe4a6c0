package warehouse

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// The rules of docs/reference/pypi-server.md §2.3 and §2.4: the metadata in the form. Of each of the two sets, metadataA and metadataB,
// one error is reported: that of metadata-version, of name or of version first, else that of the alphabetically first header. The values
// themselves are checked by the package metadata.

// formField returns the name that a header has in the form (§1.4).
func formField(f metadata.Field) string {
	switch f.Name {
	case "Classifier":
		return "classifiers"
	case "Project-URL":
		return "project_urls"
	default:
		return strings.ReplaceAll(f.Key(), "-", "_")
	}
}

// unparsed checks row 15, which comes before both sets of rules: a field for one value has one, and the labels of URLs differ.
func unparsed(u *upload) *refusal {
	for _, f := range metadata.Fields() {
		values := u.form.all(formField(f))
		_, twice := metadata.RepeatedLabel(values)
		if !f.Multiple && len(values) > 1 || f.Name == "Project-URL" && twice {
			return bad("%s has invalid data%s", pep.Repr(formField(f)), metadataSpec)
		}
	}
	return nil
}

// valueRule checks the values of one header. It returns the message without the link to the specification, or an empty string.
type valueRule func(u *upload, values []string) string

// each returns the rule that every value passes the checks. The first value with a problem is reported.
func each(checks ...func(value string) (problem string)) valueRule {
	return func(_ *upload, values []string) string {
		for _, value := range values {
			for _, check := range checks {
				if problem := check(value); problem != "" {
					return problem
				}
			}
		}
		return ""
	}
}

// readMetadata returns the rules of §2.3 by header.
func readMetadata() map[string]valueRule {
	return map[string]valueRule{
		"Metadata-Version":         knownMetadataVersion,
		"Version":                  validVersion,
		"Summary":                  each(metadata.Summary),
		"Description-Content-Type": each(metadata.ContentType, metadata.Charset, metadata.Variant),
		"Dynamic":                  each(metadata.Dynamic),
		"Provides-Extra":           each(metadata.ProvidesExtra),
		"Requires-Python":          each(metadata.RequiresPython),
		"Requires-Dist":            each(metadata.RequiresDist),
		"Import-Name":              each(metadata.ImportName),
		"Import-Namespace":         each(metadata.ImportNamespace),
		"License-Expression":       each(metadata.LicenseExpression),
		"License-File":             each(metadata.LicensePath),
	}
}

// checkMetadata returns the rules of §2.4 by header.
func checkMetadata() map[string]valueRule {
	return map[string]valueRule{
		"Version":          noLocalVersion,
		"Summary":          each(metadata.SummaryLength),
		"Classifier":       knownClassifiers,
		"Author-email":     each(metadata.Email),
		"Maintainer-email": each(metadata.Email),
		"Provides-Dist":    each(metadata.Relation),
		"Obsoletes-Dist":   each(metadata.Relation),
		"Requires-Dist":    each(metadata.DirectReference),
		"Dynamic":          each(metadata.StorableDynamic),
		"Home-page":        each(metadata.URL),
		"Download-URL":     each(metadata.URL),
		"Project-URL":      each(metadata.LabelledURL, labelledURL),
		"License":          oneLicense,
	}
}

func labelledURL(value string) (problem string) {
	_, url := metadata.SplitProjectURL(value)
	return metadata.URL(url)
}

func metadataA(u *upload) *refusal {
	declared := u.form.get("metadata_version")
	return firstProblem(u, readMetadata(), func(f metadata.Field) string {
		if f.Newer(declared) {
			return f.Key() + " introduced in metadata version " + f.Since + ", not " + declared
		}
		return ""
	})
}

func metadataB(u *upload) *refusal {
	return firstProblem(u, checkMetadata(), func(metadata.Field) string { return "" })
}

// firstProblem applies one set of rules and returns the first refusal. For every field that the form has, it calls gate before
// the field's rule.
func firstProblem(u *upload, stage map[string]valueRule, gate func(metadata.Field) string) *refusal {
	leading := []string{"Metadata-Version", "Name", "Version"} // these are checked even if they are missing
	for _, f := range metadata.Fields() {
		values, rule := u.form.all(formField(f)), stage[f.Name]
		message := ""
		if len(values) > 0 {
			message = gate(f)
		}
		if message == "" && rule != nil && (len(values) > 0 || slices.Contains(leading, f.Name)) {
			if message = rule(u, values); message != "" && metadata.MayPass(f.Name, first(values), u.ix.now()) {
				message = "" // the test server is never harder than PyPI
			}
		}
		if message != "" {
			return bad("%s%s", message, metadataSpec)
		}
	}
	return nil
}

// knownMetadataVersion returns a message unless the metadata version is known (rows 16 and 31).
func knownMetadataVersion(_ *upload, values []string) string {
	return metadata.MetadataVersion(first(values))
}

// validVersion returns a message unless the version is valid (row 18). It keeps a valid one for later rules.
func validVersion(u *upload, values []string) string {
	if len(values) == 0 {
		return "'version' is a required field"
	}
	v, err := pep.ParseVersion(values[0])
	if err != nil {
		return metadata.Version(values[0])
	}
	u.version = v
	return ""
}

// noLocalVersion returns a message if the version is a local one (row 32).
func noLocalVersion(_ *upload, values []string) string {
	problem := metadata.LocalVersion(first(values))
	if problem == "" {
		return ""
	}
	return problem + ". See https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers " +
		"for more information"
}

// oneLicense returns a message if License and License-Expression are both given (row 42).
func oneLicense(u *upload, _ []string) string {
	if len(u.form.all("license_expression")) > 0 {
		return "License is deprecated when License-Expression is present. Only License-Expression should be present"
	}
	return ""
}
