package warehouse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Values of JSON as PyPI's validator shows them: it is a Python program.

// pythonValue returns a decoded JSON value as repr() prints it. The members of an object are in alphabetical order, since the order in
// which they were sent is lost.
func pythonValue(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return pep.Repr(v)
	case []any:
		all := make([]string, len(v))
		for i, one := range v {
			all[i] = pythonValue(one)
		}
		return "[" + strings.Join(all, ", ") + "]"
	case map[string]any:
		var all []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, pep.Repr(name)+": "+pythonValue(v[name]))
		}
		return "{" + strings.Join(all, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

// pythonType returns the name of the type that a decoded JSON value has in Python.
func pythonType(value any) string {
	switch v := value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case float64:
		if v == float64(int64(v)) {
			return "int"
		}
		return "float"
	case string:
		return "str"
	case []any:
		return "list"
	default:
		return "dict"
	}
}
