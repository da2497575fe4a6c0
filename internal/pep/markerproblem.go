package pep

import (
	"iter"
	"slices"
	"strings"
)

// MarkerProblem is a comparison of a marker that is valid, and cannot do what it says: it has the same result everywhere, or installers do
// not agree about it.
type MarkerProblem struct {
	Comparison Comparison
	Variable   string // of the comparison
	Value      string // what it is compared with
	Kind       MarkerProblemKind
	Instead    string // the value that the variable has instead; empty if that is unknown
	Below      bool   // whether the variable is to be below the value, or equal to it
	Above      bool   // whether the variable is to be above the value, or equal to it
}

// MarkerProblemKind says what is wrong with a comparison.
type MarkerProblemKind uint8

// The kinds of problems.
const (
	NoVersion       MarkerProblemKind = iota + 1 // a version is compared with a text that is none
	StarInOrder                                  // a version is ordered against one with .*, which has no order
	CompatibleMajor                              // ~= has a single number, so that nothing is left to vary
	OrderOfTexts                                 // < <= > >= or ~= of a variable whose values are no versions
	ReleaseOfSystem                              // platform_release is ordered as a version, which it is not on Linux
	PatchOfPython                                // python_version, of two numbers, is compared with three
	MinorOfPython                                // python_full_version, of three numbers, is compared by == <= or > with two
	NeverTheValue                                // the variable never has the value: it differs by case, or is another variable's
)

// Problems returns the comparisons of a marker that cannot do what they say, in their order. Only what is certain is one: a value that
// nobody knows may be that of a new system.
func (m *Marker) Problems() []MarkerProblem {
	var all []Comparison
	m.comparisons(&all)
	values := &comparedValues{all: all}
	versioned := m.where(Comparison.hasVersionedRelease, false)
	var found []MarkerProblem
	for i, c := range all {
		if c.Left.Variable == c.Right.Variable {
			continue
		}
		variable, value := c.sides()
		problem := MarkerProblem{Comparison: c, Variable: variable.Text, Value: value.Text}
		problem.Kind, problem.Instead = problemOf(c, problem.Variable, problem.Value, values)
		operator := direct(c.Operator, c.Right.Variable)
		problem.Below, problem.Above = strings.HasPrefix(operator, "<"), strings.HasPrefix(operator, ">")
		if problem.Kind != 0 && (problem.Kind != ReleaseOfSystem || !versioned[i]) {
			found = append(found, problem)
		}
	}
	return found
}

// Extras returns the extras that a marker asks for by ==, as normalized names.
func (m *Marker) Extras() (extras []string) {
	var all []Comparison
	m.comparisons(&all)
	for _, c := range all {
		variable, value := c.sides()
		if c.Operator == "==" && variable == (Operand{Variable: true, Text: "extra"}) && !value.Variable {
			extras = append(extras, value.Text)
		}
	}
	return extras
}

// sides returns the variable of a comparison and what it is compared with, whichever is at its left. Of two variables or two texts, the
// one that is at the right, or else at the left, counts as the variable.
func (c Comparison) sides() (variable, value Operand) {
	if c.Right.Variable {
		return c.Right, c.Left
	}
	return c.Left, c.Right
}

// comparisons adds all comparisons, in their order.
func (m *Marker) comparisons(all *[]Comparison) {
	if m == nil {
		return
	}
	for _, term := range m.Terms {
		if term.Group != nil {
			term.Group.comparisons(all)
		} else {
			*all = append(*all, term.Comparison)
		}
	}
}

// where reports for each comparison, in their order, whether it counts only where one of a kind holds, such as in "a and (b or c)" where a
// holds; outer says that this is so for all of them.
func (m *Marker) where(kind func(Comparison) bool, outer bool) (each []bool) {
	for run := range m.conjunctions() {
		inner := outer || slices.ContainsFunc(run, func(t Term) bool { return t.needs(kind) })
		for _, term := range run {
			if term.Group != nil {
				each = append(each, term.Group.where(kind, inner)...)
			} else {
				each = append(each, inner)
			}
		}
	}
	return each
}

// needs reports whether a term holds only where a comparison of a kind does.
func (t Term) needs(kind func(Comparison) bool) bool {
	if t.Group == nil {
		return kind(t.Comparison)
	}
	for run := range t.Group.conjunctions() {
		if !slices.ContainsFunc(run, func(t Term) bool { return t.needs(kind) }) {
			return false
		}
	}
	return true
}

// conjunctions returns the runs of terms that are joined by "and".
func (m *Marker) conjunctions() iter.Seq[[]Term] {
	return func(yield func([]Term) bool) {
		if m == nil {
			return
		}
		first := 0
		for i := range m.Terms {
			if i == len(m.Joins) || m.Joins[i] == "or" {
				if !yield(m.Terms[first : i+1]) {
					return
				}
				first = i + 1
			}
		}
	}
}

// hasVersionedRelease reports whether a comparison holds only on macOS or Windows, whose releases are versions, such as 23.1.0 and 11.
func (c Comparison) hasVersionedRelease() bool {
	variable, value := c.sides()
	return variable.Variable && !value.Variable && (c.Operator == "==" || c.Operator == "===" || c.Operator == "in" && c.Left.Variable) &&
		slices.Contains([]string{"sys_platform", "platform_system", "os_name"}, variable.Text) &&
		slices.Contains([]string{"darwin", "Darwin", "win32", "Windows", "nt"}, value.Text)
}

func problemOf(c Comparison, variable, value string, others *comparedValues) (kind MarkerProblemKind, instead string) {
	ordered := strings.ContainsAny(c.Operator, "<>~")
	equal := c.Operator == "==" || c.Operator == "!="
	switch {
	case slices.Contains([]string{"python_version", "python_full_version", "implementation_version"}, variable):
		if ordered || equal {
			return problemOfVersion(variable, c.Operator, value, c.Right.Variable), ""
		}
	case variable == "platform_release":
		if _, err := ParseVersion(value); ordered && err == nil {
			return ReleaseOfSystem, ""
		}
		if ordered {
			return OrderOfTexts, ""
		}
	case variable == "extras" || variable == "dependency_groups": // sets, which only lock files have
	case ordered:
		return OrderOfTexts, ""
	case c.Operator != "!=" && c.Operator != "not in": // these always hold then, which is of no harm
		return problemOfValue(c, variable, value, others)
	}
	return 0, ""
}

// problemOfVersion returns what is wrong with a comparison of a version; 0 if nothing is.
func problemOfVersion(variable, operator, value string, inverted bool) MarkerProblemKind {
	text, star := strings.CutSuffix(strings.TrimFunc(value, IsSpace), ".*")
	version, err := ParseVersion(text)
	equal := operator == "==" || operator == "!="
	switch {
	case err != nil:
		return NoVersion
	case star && !equal:
		return StarInOrder
	case star && inverted: // the value is what is matched then, and the variable what it is to begin with
		return NoVersion
	case operator == "~=" && len(version.release) < 2:
		return CompatibleMajor
	case variable == "python_version" && len(version.significant()) > 2 && operator != "!=":
		return PatchOfPython
	case variable == "python_full_version" && !star && len(version.release) <= 2 && !version.Prerelease() && version.post.label == "" &&
		slices.Contains([]string{"==", "<=", ">"}, direct(operator, inverted)):
		return MinorOfPython
	}
	return 0
}

// direct returns the operator of a comparison with the variable at its left.
func direct(operator string, inverted bool) string {
	if mirrored := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}[operator]; inverted && mirrored != "" {
		return mirrored
	}
	return operator
}

// problemOfValue reports a value that the variable never has.
func problemOfValue(c Comparison, variable, value string, others *comparedValues) (kind MarkerProblemKind, instead string) {
	for _, word := range wordsOf(c, value) {
		instead, never := valueInstead(variable, word)
		if never && (instead == "" || !others.has(variable, instead)) {
			return NeverTheValue, instead
		}
	}
	return 0, ""
}

// comparedValues has the values that the comparisons of a marker have for each variable. A marker may name several spellings of one value,
// to be on the safe side.
type comparedValues struct {
	all   []Comparison
	pairs map[[2]string]bool // of a variable and a value; nil until they are asked for
}

func (v *comparedValues) has(variable, value string) bool {
	if v.pairs == nil {
		v.pairs = map[[2]string]bool{}
		for _, c := range v.all {
			variable, value := c.sides()
			for _, word := range wordsOf(c, value.Text) {
				v.pairs[[2]string{variable.Text, word}] = true
			}
		}
	}
	return v.pairs[[2]string{variable, value}]
}

// wordsOf returns the values of a comparison: of "in" with a text at its right the words of this text, otherwise the text.
func wordsOf(c Comparison, value string) []string {
	if strings.HasSuffix(c.Operator, "in") && c.Left.Variable {
		return strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;|()[]'\"", r) })
	}
	return []string{value}
}

// ForExtras reports whether a marker compares nothing but extras, so that it does not depend on where the project is installed. A missing
// marker compares nothing.
func (m *Marker) ForExtras() bool {
	var all []Comparison
	m.comparisons(&all)
	extra := Operand{Variable: true, Text: "extra"}
	return !slices.ContainsFunc(all, func(c Comparison) bool { return c.Left != extra && c.Right != extra })
}
