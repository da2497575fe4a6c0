package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file are about requirements that are valid, and that no installer can satisfy, or that installers do not read alike.

// markerComparison reports markers with comparisons that installers do not read alike.
func markerComparison(_ field, value string) (message, advice string) {
	p := markerProblem(value, func(kind pep.MarkerProblemKind) bool { return kind <= pep.ReleaseOfSystem })
	comparison, compared := quote(elide(p.Comparison.String())), quote(elide(p.Value))
	switch p.Kind {
	case pep.NoVersion:
		message = fmt.Sprintf("the marker %s compares %s with %s, which is no version", comparison, p.Variable, compared)
		return message + triedMarker(p, "marker without a version"), "compare it with a version, such as '3.9'"
	case pep.StarInOrder:
		message = fmt.Sprintf("the marker %s orders %s against %s, but a version with .* has no order", comparison, p.Variable, compared)
		return message + triedMarker(p, "marker with a star"), "write the version without .*"
	case pep.CompatibleMajor:
		message = fmt.Sprintf("the marker %s has one number behind ~=, which needs two", comparison)
		return message + triedMarker(p, ""), "write ~= with two numbers, or >= with one"
	case pep.OrderOfTexts:
		message = fmt.Sprintf("the marker %s orders texts, but only versions have an order", comparison)
		return message + triedMarker(p, "marker that orders texts"), "write == or in"
	case pep.ReleaseOfSystem:
		message = fmt.Sprintf("the marker %s takes platform_release for a version, which it is on few systems: Linux has 6.8.0-49-generic",
			comparison)
		return message + triedMarker(p, "marker with platform_release"),
			"require the system with it, such as sys_platform == 'darwin' and ..., or leave this condition out"
	}
	return "", ""
}

// markerValue reports markers with comparisons that never hold, or for other releases of Python than is meant.
func markerValue(_ field, value string) (message, advice string) {
	p := markerProblem(value, func(kind pep.MarkerProblemKind) bool { return kind > pep.ReleaseOfSystem })
	comparison := quote(elide(p.Comparison.String()))
	switch p.Kind {
	case pep.PatchOfPython:
		message = fmt.Sprintf("the marker %s compares python_version with more than two numbers, but it has two: 3.11 for every release "+
			"3.11.N", comparison)
		return message + triedMarker(p, "python_version with a patch release"), "write two numbers, or python_full_version"
	case pep.MinorOfPython:
		message = fmt.Sprintf("the marker %s compares python_full_version with fewer than three numbers, which stand for the release .0 "+
			"alone", comparison)
		return message + triedMarker(p, "python_full_version without a patch release"), "write python_version, or all three numbers"
	case pep.NeverTheValue:
		advice = "compare the variable that has this value, or write another value"
		if p.Instead != "" {
			advice = "write " + quote(p.Instead)
		}
		message = fmt.Sprintf("the marker %s never holds, because %s never has this value", comparison, p.Variable)
		return message + triedMarker(p, "value that a variable never has"), advice
	}
	return "", ""
}

// triedMarker says what installers do with a comparison. The trials are about comparisons that they take as false: != is true then, and
// with ~= there is another trial.
func triedMarker(p pep.MarkerProblem, name string) string {
	switch {
	case p.Comparison.Operator == "~=" && p.Kind == pep.OrderOfTexts:
		return tried("marker with ~= of texts")
	case p.Comparison.Operator == "~=" && p.Kind < pep.OrderOfTexts:
		return tried("marker with ~=")
	case p.Comparison.Operator == "!=", p.Kind == pep.PatchOfPython && p.Below, p.Kind == pep.MinorOfPython && p.Above:
		return ""
	}
	return tried(name)
}

// markerProblem returns the first problem of one of these kinds in the marker of a requirement; its kind is 0 if there is none.
func markerProblem(requirement string, kinds func(pep.MarkerProblemKind) bool) pep.MarkerProblem {
	r, ok := parseRequirement(requirement)
	if !ok {
		return pep.MarkerProblem{}
	}
	for _, p := range r.Marker.Problems() {
		if kinds(p.Kind) {
			return p
		}
	}
	return pep.MarkerProblem{}
}

// longestRequirement limits the requirements that the rules of this file read, in bytes. Real ones have a few hundred.
const longestRequirement = 16 << 10

// parseRequirement returns a requirement; ok is false if it is not valid, or very long.
func parseRequirement(text string) (r pep.Requirement, ok bool) {
	if len(text) > longestRequirement {
		return r, false
	}
	r, err := pep.ParseRequirement(text)
	return r, err == nil
}

// extraUndeclared reports requirements of extras that Provides-Extra does not name. It is certain only where both fields are final.
func extraUndeclared(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if d.Partial || len(d.Values("Requires-Dist")) == 0 || !declares(d, "Provides-Extra") || !declares(d, "Requires-Dist") {
			continue
		}
		known := map[string]bool{}
		for _, extra := range d.Values("Provides-Extra") {
			known[string(pep.Normalize(strings.TrimFunc(extra, pep.IsSpace)))] = true
		}
		var undeclared limitedFindings
		for _, requirement := range d.Values("Requires-Dist") {
			r, ok := parseRequirement(requirement)
			if !ok {
				continue
			}
			for _, extra := range r.Marker.Extras() {
				if known[extra] {
					continue
				}
				known[extra] = true // once for each
				undeclared.add(refusal(d, fmt.Sprintf("%s is for the extra %s, which no Provides-Extra names%s",
					quote(elide(requirement)), quote(elide(extra)), tried("undeclared extra")),
					"declare the extra under optional-dependencies, or remove the requirement, and build again"))
			}
		}
		found = append(found, undeclared.all()...)
	}
	return found
}

// requiresLocal reports requirements of exactly a local version, which no file of this index has.
func requiresLocal(_ field, value string) (message, advice string) {
	r, ok := parseRequirement(value)
	if !ok {
		return "", ""
	}
	for _, clause := range r.Specifiers {
		version, err := pep.ParseVersion(clause.Version)
		if err == nil && version.Local() != "" && strings.HasPrefix(clause.Operator, "==") {
			return fmt.Sprintf("%s requires the local version %s, which no file of this index can have%s", quote(elide(value)),
				elide(version.String()), tried("local version")), "require the version without its local part"
		}
	}
	return "", ""
}

// mostRanges limits how many ranges of one file are searched for a version. Real files have at most a few hundred requirements.
const mostRanges = 1000

// requiresNothing reports requirements that no version satisfies: alone, together with another line that applies where it does, or because
// they name the project itself in another version.
func requiresNothing(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		var impossible limitedFindings
		own := pep.Normalize(d.Header("Name"))
		version, versionErr := pep.ParseVersion(d.Header("Version"))
		type place struct {
			name   pep.Project
			marker string
		}
		before := map[place]requirement{}
		searched := 0
		for _, text := range d.Values("Requires-Dist") {
			r, ok := parseRequirement(text)
			if !ok || len(r.Specifiers) == 0 {
				continue
			}
			name, shown := pep.Normalize(r.Name), quote(elide(text))
			if name == own && versionErr == nil && r.Marker.ForExtras() && !r.Specifiers.Contains(version) {
				impossible.add(refusal(d, fmt.Sprintf("%s is a requirement of the project itself, and this is version %s%s", shown,
					version, tried("itself in another version")), "remove it, or correct its version, and build again"))
				continue
			}
			if searched++; searched > mostRanges {
				break
			}
			if r.Specifiers.Empty() {
				impossible.add(refusal(d, fmt.Sprintf("no version satisfies %s%s", shown, tried("empty range")),
					"correct the versions, and build again"))
				continue
			}
			at := place{name: name}
			if r.Marker != nil {
				at.marker = r.Marker.String()
			}
			earlier, again := before[at]
			if together := append(slices.Clone(earlier.specifiers), r.Specifiers...); again && together.Empty() {
				impossible.add(refusal(d, fmt.Sprintf("no version satisfies both %s and %s%s", quote(elide(earlier.text)), shown,
					tried("contradiction")), "remove one of them, or give them markers that exclude each other, and build again"))
				continue
			} else if !again {
				earlier.text = text
			}
			earlier.specifiers = append(earlier.specifiers, r.Specifiers...)
			before[at] = earlier
		}
		found = append(found, impossible.all()...)
	}
	return found
}

// requirement is what the lines about one project require together.
type requirement struct {
	text       string // of the first line
	specifiers pep.Specifiers
}

// pythonRange reports a Requires-Python that no release of Python satisfies, or only the first one of a series.
func pythonRange(_ field, value string) (message, advice string) {
	set, err := pep.ParseSpecifiers(value)
	if err != nil {
		return "", ""
	}
	if set.Empty() {
		return fmt.Sprintf("no Python satisfies Requires-Python %s%s", quote(elide(value)), tried("no Python")), "correct the versions"
	}
	for _, clause := range set {
		first, all, next, ok := pythonSeries(clause.Version)
		switch {
		case !ok:
		case strings.HasPrefix(clause.Operator, "=="):
			return fmt.Sprintf("Requires-Python %s admits one release of Python, %s%s", quote(elide(value)), first,
					tried("one release of Python")),
				"write ==" + all + " for all releases of the series"
		case clause.Operator == "<=":
			return fmt.Sprintf("Requires-Python %s excludes all releases of Python after %s, so most of that series%s",
				quote(elide(value)), first, tried("patch releases of Python")), "write <" + next + " to include the series"
		}
	}
	return "", ""
}

// pythonSeries returns what a version such as 3.11 stands for: the first release of that series of Python, the pattern of all, and the next
// series. ok is false for other versions. Series that may never come are other versions too: they are a limit that excludes nothing.
func pythonSeries(text string) (first, all, next string, ok bool) {
	const lastMinor = 30
	version, err := pep.ParseVersion(text)
	if err != nil {
		return "", "", "", false
	}
	head, tail, two := strings.Cut(version.String(), ".")
	major, err := strconv.Atoi(head)
	if err != nil || major < 2 || major > 3 {
		return "", "", "", false
	}
	if !two {
		return head + ".0.0", head + ".*", strconv.Itoa(major + 1), true
	}
	minor, err := strconv.Atoi(tail)
	if err != nil || minor > lastMinor {
		return "", "", "", false
	}
	return fmt.Sprintf("%d.%d.0", major, minor), fmt.Sprintf("%d.%d.*", major, minor), fmt.Sprintf("%d.%d", major, minor+1), true
}
