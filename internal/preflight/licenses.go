package preflight

import (
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// licenseExpression reports invalid SPDX expressions. An identifier that this program does not know is only a warning if
// the index may know it by now; a syntax error is always an error.
func licenseExpression(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		for _, expression := range sent(d, "License-Expression") {
			_, err := spdx.Canonical(expression)
			if err == nil {
				continue
			}
			f := field{Name: "License-Expression"}
			advice := cut(err.Error())
			if meant := licenseMeant(expression); meant != "" {
				advice = "write " + meant
			}
			problem := wrong(d, f, expression, said(metadata.LicenseExpression(expression)), advice)
			if metadata.MayPass(f.Name, expression, s.Now) {
				problem.Severity = finding.Warning
				problem.Fix += aged("list of licenses", spdx.AsOf())
			}
			found = append(found, problem)
		}
	}
	return found
}

// aged returns a note that explains why a value missing from a table is not an error.
func aged(table string, asOf time.Time) string {
	return fmt.Sprintf(" (the %s in this program is from %s; the index may know it by now)", table, asOf.Format(time.DateOnly))
}

// licenseClassifier reports license classifiers next to a License-Expression. PEP 639 replaces them by the expression,
// and build backends begin to refuse both together.
func licenseClassifier(d *distfile.Distribution) (message, fix string) {
	expression, present := first(d, "License-Expression")
	if !present {
		return "", ""
	}
	for _, classifier := range sent(d, "Classifier") {
		if strings.HasPrefix(classifier, "License :: ") {
			return "license classifiers are deprecated if there is a License-Expression",
				fmt.Sprintf("remove Classifier %s, because License-Expression %s replaces it",
					quote(elide(classifier)), quote(elide(expression)))
		}
	}
	return "", ""
}
