// Package expect fails a test with the one expectation that was not met, for tests.
package expect

import (
	"reflect"
	"strings"
	"testing"
)

// Equal fails the test where got is not what is wanted. Empty lists and maps are equal, whether or not they are nil. The text what names
// got.
func Equal[T any](t testing.TB, what string, got, wanted T) {
	t.Helper()
	a, b := reflect.ValueOf(got), reflect.ValueOf(wanted)
	if a.IsValid() && b.IsValid() && a.Kind() == b.Kind() && (a.Kind() == reflect.Slice || a.Kind() == reflect.Map) && a.Len() == 0 &&
		b.Len() == 0 {
		return
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s: got %+v, want %+v", what, got, wanted)
	}
}

// Contains fails the test for each of the parts that is not in the text. The text what names the text.
func Contains(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s does not have %q:\n%s", what, part, text)
		}
	}
}

// Lacks fails the test for each of the parts that is in the text. The text what names the text.
func Lacks(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%s has %q:\n%s", what, part, text)
		}
	}
}
