package macaroon

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// JSON as Python's json module reads it, and values as Python prints and compares them.

// nonFinite is a number that JSON does not have and Python's reader takes: NaN, Infinity or -Infinity.
type nonFinite string

// nonFiniteMark begins the text that stands for a nonFinite while the text around it is read.
const nonFiniteMark = "\x00number "

// tokens matches texts, which are left as they are, and the names of numbers that JSON does not have.
var tokens = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*"|NaN|-?Infinity`) })

// parsePython returns the value of a JSON text: nil, bool, [json.Number], string, nonFinite, []any or map[string]any. It fails for a text
// that is not one value.
func parsePython(text string) (any, error) {
	text = tokens().ReplaceAllStringFunc(text, func(token string) string {
		if strings.HasPrefix(token, `"`) {
			return token
		}
		return `"\u0000number ` + token + `"`
	})
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	var value any
	if err := in.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the value")
	}
	return withNonFinite(value), nil
}

// withNonFinite returns a value with each nonFinite in place of the text that stands for it.
func withNonFinite(value any) any {
	switch v := value.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, nonFiniteMark); ok {
			return nonFinite(name)
		}
	case []any:
		for i := range v {
			v[i] = withNonFinite(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withNonFinite(v[key])
		}
	}
	return value
}

// integer returns the integer in a value and reports whether it is one: 1.0, "1" and true are not.
func integer(value any) (*big.Int, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return nil, false
	}
	return new(big.Int).SetString(n.String(), 10)
}

// equalsInteger reports whether Python takes a value for equal to an integer: 1.0 and true equal 1, and false equals 0.
func equalsInteger(value any, n int) bool {
	switch v := value.(type) {
	case bool:
		return v && n == 1 || !v && n == 0
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == float64(n)
	default:
		return false
	}
}

// pythonText returns a value that is no list and no object as Python's str() does.
func pythonText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case nonFinite:
		return map[nonFinite]string{"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[v]
	case json.Number:
		return pythonNumber(v)
	default:
		return "None" // true and false equal tags
	}
}

// pythonNumber returns a number as Python prints it: a fraction has a point, and an exponent only where it is very large or small.
func pythonNumber(n json.Number) string {
	if _, ok := integer(n); ok {
		return n.String()
	}
	f, err := n.Float64()
	if err != nil { // beyond the range of a float
		return strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+")
	}
	if size := max(f, -f); f != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
