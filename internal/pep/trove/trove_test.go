package trove

import (
	"reflect"
	"testing"
)

func TestLook(t *testing.T) {
	t.Parallel()
	for classifier, want := range map[string]struct {
		standing Standing
		instead  []string
	}{
		"Programming Language :: Python :: 3":      {Valid, nil},
		"programming language :: python :: 3":      {Unknown, nil},
		" Programming Language :: Python :: 3":     {Unknown, nil},
		"Private :: Do Not Upload":                 {Unknown, nil},
		"Natural Language :: Ukranian":             {Deprecated, []string{"Natural Language :: Ukrainian"}},
		"License :: OSI Approved :: X.Net License": {Deprecated, nil},
		"":                 {Unknown, nil},
		"as-of 2026-08-31": {Unknown, nil},
		"valid Programming Language :: Python :: 3":          {Unknown, nil},
		"License :: OSI Approved :: Apache Software License": {Valid, nil},
	} {
		if standing, instead := Look(classifier); standing != want.standing || !reflect.DeepEqual(instead, want.instead) {
			t.Errorf("%q: %v %q", classifier, standing, instead)
		}
	}
}

// TestTable: the table is whole and dated, and what replaces a deprecated classifier is one to use.
func TestTable(t *testing.T) {
	t.Parallel()
	count := map[Standing]int{}
	for classifier, entry := range table().entries {
		count[entry.standing]++
		for _, instead := range entry.instead {
			if standing, _ := Look(instead); standing != Valid {
				t.Errorf("%q is to be replaced by %q", classifier, instead)
			}
		}
	}
	if count[Valid] < 887 || count[Deprecated] < 8 || AsOf().Year() < 2026 {
		t.Errorf("%v, as of %v", count, AsOf())
	}
}
