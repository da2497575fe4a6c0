package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// refusedSoon reports values that the index accepts today, and newer releases of its library refuse. What the index refuses today is left
// to the other rules.
func refusedSoon(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		var soon limitedFindings
		for _, change := range metadata.Changes() {
			for _, value := range distinct(sent(d, change.Field)) {
				if problem := change.Check(value); problem != "" {
					soon.add(
						wrong(d, field{Name: change.Field}, value, whenRefused(change.Library, said(problem)), soonAdvice[change.Field]),
					)
				}
			}
		}
		if f := emptyTag(d); f.Message != "" {
			soon.add(f)
		}
		found = append(found, soon.all()...)
	}
	return found
}

// soonAdvice says for each field what to write instead.
var soonAdvice = map[string]string{
	"Description-Content-Type": "separate the parameters by semicolons, and write each as name=value without single quotes, such as " +
		"text/markdown; charset=UTF-8; variant=GFM",
	"License-Expression": "write a name of your own after LicenseRef-, and WITH only between a license and an exception",
	"License-File":       "write a path from the project's root without a drive, such as licenses/LICENSE",
	"Summary":            "write it as one line",
}

// whenRefused says since which release a message comes.
func whenRefused(library, message string) string {
	return fmt.Sprintf("PyPI accepts this today, and will not when it uses %s: %s", library, message)
}

// emptyTag reports a wheel whose file name has an empty part in one of its tags.
func emptyTag(d *distfile.Distribution) finding.Finding {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil || name.Python == "" || !plain(d, distfile.Wheel) { // without a Python tag it is refused today
		return finding.Finding{}
	}
	for _, tags := range []string{name.Python, name.ABI, name.Platform} {
		if slices.Contains(strings.Split(tags, "."), "") {
			return refusal(
				d,
				whenRefused("packaging 26.3", fmt.Sprintf("Invalid wheel filename (invalid tag component): %s.", quote(d.Name))),
				fmt.Sprintf("build the wheel again with complete tags: %s has an empty part, which no installer accepts", quote(tags)),
			)
		}
	}
	return finding.Finding{}
}

// distinct returns the values in their order, each once.
func distinct(values []string) (once []string) {
	for _, value := range values {
		if !slices.Contains(once, value) {
			once = append(once, value)
		}
	}
	return once
}

// longValue is the size from which the index may take too long to check a value, in bytes.
const longValue = 64 << 10

// longFields returns the names of the fields that are not meant for long texts.
func longFields() (names []string) {
	for _, f := range fields {
		if !slices.Contains([]string{"Description", "License", "Keywords"}, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

func fieldTooLong(f field, value string) (message, advice string) {
	if len(value) <= longValue {
		return "", ""
	}
	return fmt.Sprintf("%s has %d bytes: the index may take too long to check it", f.Name, len(value)), "shorten the value"
}
