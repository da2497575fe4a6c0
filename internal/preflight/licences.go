package preflight

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// licenseExpression: an identifier that this program does not know may be one that the index has learned since. Grammar
// does not change.
func licenseExpression(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		for _, expression := range sent(d, "License-Expression") {
			_, err := spdx.Canonical(expression)
			if err == nil {
				continue
			}
			f := field{name: "License-Expression"}
			problem := wrong(d, f, expression, invalidFor(f, expression)+".", cut(err.Error()))
			var unknown *spdx.UnknownError
			if errors.As(err, &unknown) && !s.current(spdx.AsOf()) {
				problem.Severity = finding.Warning
				problem.Fix += aged("list of licences", spdx.AsOf())
			}
			found = append(found, problem)
		}
	}
	return found
}

// current reports whether a table of the given day is not older than the day of the set.
func (s Set) current(asOf time.Time) bool {
	return s.Now.Before(asOf.AddDate(0, 0, 1))
}

// aged says why something that is not in a table is no error.
func aged(table string, asOf time.Time) string {
	return fmt.Sprintf(" (this program's %s is of %s; the index may have learned it since)", table, asOf.Format(time.DateOnly))
}

// licenseClassifier: PEP 639 puts the expression in the place of the classifiers, and build backends begin to refuse both.
func licenseClassifier(d *dist.Distribution) (message, fix string) {
	expression, present := first(d, "License-Expression")
	if !present {
		return "", ""
	}
	for _, classifier := range sent(d, "Classifier") {
		if strings.HasPrefix(classifier, "License :: ") {
			return "classifiers of licences are deprecated where there is a License-Expression",
				fmt.Sprintf("leave Classifier %s out, since License-Expression %s says it", quote(elide(classifier)), quote(elide(expression)))
		}
	}
	return "", ""
}
