package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

var classifierField = field{Name: "Classifier"}

// classifierUnknown uses the list of the index itself if there is one. Without it, a classifier that a newer list may
// contain is a warning.
func classifierUnknown(s Set) (found []finding.Finding) {
	live, advice := s.live(), map[string]string{}
	for _, d := range s.Files {
		var unknown limitedFindings
		for _, classifier := range classifiersOf(d) {
			status, _ := trove.Lookup(classifier)
			if live[classifier] || status == trove.Deprecated || status == trove.Valid && s.Classifiers == nil {
				continue
			}
			f := wrong(d, classifierField, classifier, quoteLimited(classifier)+" is not a valid classifier.", adviceOf(classifier, advice))
			if s.Classifiers == nil && !trove.Refused(classifier, s.Now) {
				f.Severity = finding.Warning
				f.Fix += aged("list of classifiers", trove.AsOf())
			}
			unknown.add(f)
		}
		found = append(found, unknown.all()...)
	}
	return found
}

// classifierDeprecated reports deprecated classifiers. A deprecation is final, unless the index itself lists the
// classifier.
func classifierDeprecated(s Set) (found []finding.Finding) {
	live := s.live()
	for _, d := range s.Files {
		var deprecated limitedFindings
		for _, classifier := range classifiersOf(d) {
			status, instead := trove.Lookup(classifier)
			if live[classifier] || status != trove.Deprecated {
				continue
			}
			message, advice := "The classifier "+quoteLimited(classifier)+" has been deprecated.", "remove it"
			if len(instead) > 0 {
				message = fmt.Sprintf("The classifier %s has been deprecated, use one of %s instead.", quoteLimited(classifier),
					pep.ReprList(instead))
				advice = "write " + strings.Join(instead, " or ")
			}
			deprecated.add(wrong(d, classifierField, classifier, message, advice))
		}
		found = append(found, deprecated.all()...)
	}
	return found
}

// live returns the index's own list of classifiers as a set; empty if the index was not queried.
func (s Set) live() map[string]bool {
	listed := make(map[string]bool, len(s.Classifiers))
	for _, classifier := range s.Classifiers {
		listed[classifier] = true
	}
	return listed
}

// classifiersOf returns the distinct classifiers in the order in which the index checks them.
func classifiersOf(d *distfile.Distribution) []string {
	return slices.Compact(slices.Sorted(slices.Values(sent(d, "Classifier"))))
}

// adviceOf returns the advice about an unknown classifier, which it remembers: files of a release have the same ones.
func adviceOf(classifier string, known map[string]string) string {
	advice, found := known[classifier]
	if !found && len(known) < maxFindings {
		advice = classifierAdvice(classifier)
		known[classifier] = advice
	}
	return cmp.Or(advice, anyClassifier)
}

const anyClassifier = "use one from the index's list of classifiers, spelled exactly"

func classifierAdvice(classifier string) string {
	if trove.Private(classifier) {
		return "this classifier blocks publishing; remove it only if you want to publish"
	}
	if nearest := trove.Nearest(classifier); nearest != "" {
		return fmt.Sprintf("did you mean %s? The index has a list of classifiers, and compares exactly", quote(nearest))
	}
	return anyClassifier
}
