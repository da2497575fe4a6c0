package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestParseSpecifiers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "",
		" , ,":                     "",
		">=3.8":                    ">=3.8",
		" >= 3.8 , < 4 ":           ">=3.8,<4",
		">=3.8,!=3.9.*,<4":         ">=3.8,!=3.9.*,<4",
		"==1.0.*":                  "==1.0.*",
		"==V1!1.0-RC.1.post2.dev3": "==V1!1.0-RC.1.post2.dev3",
		"==1.0+Local.1":            "==1.0+Local.1",
		"!=1.0-1":                  "!=1.0-1",
		"~=1.0a1":                  "~=1.0a1",
		"~= 3.6.1":                 "~=3.6.1",
		"<=2004d":                  "no", // d is no label
		"<2.0.dev":                 "<2.0.dev",
		"===":                      "===",
		"===any/thing*":            "===any/thing*",
		"=== ä":                    "===ä",
		"===1 2":                   "no",
		"===a;b":                   "no",
		"===a)":                    "no",
		">=3.8\u00a0":              ">=3.8",
		">=\u20283.8":              ">=3.8",
		">=\x1c3.8":                ">=3.8",
		">=3.8.*":                  "no",
		">=3.8 <4":                 "no",
		">=3.8;":                   "no",
		"three":                    "no",
		"3.8":                      "no",
		"=3.8":                     "no",
		">":                        "no",
		"~=3":                      "no",
		"~=1.0.*":                  "no",
		"~=1.0+l":                  "no",
		">1.0+l":                   "no",
		"==1.0a1.*":                "no",
		"==1.*.0":                  "no",
		"==1.0.*+l":                "no",
		"==1.0po\u017ft1":          "no",
		"==\u0661":                 "no",
		"(>=3.8)":                  "no",
		">=3.8,four":               "no",
	} {
		set, err := pep.ParseSpecifiers(text)
		got := set.String()
		if err != nil {
			got = "no"
		}
		if got != want {
			t.Errorf("ParseSpecifiers(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

// FuzzParseSpecifiers holds that nothing breaks the reader, and that what it reads it writes and reads back.
func FuzzParseSpecifiers(f *testing.F) {
	for _, seed := range []string{">=3.8,!=3.9.*,<4", "~=1.0a1.post2.dev3", "==1!1+l.1", "=== x", ">=3.8 <4", ",\u2028,", ">2,<1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := pep.ParseSpecifiers(text)
		if err != nil {
			return
		}
		again, err := pep.ParseSpecifiers(set.String())
		if err != nil || again.String() != set.String() {
			t.Errorf("%q: %q came back as %q, %v", text, set, again, err)
		}
		for _, clause := range set {
			if v, err := pep.ParseVersion(clause.Version); err == nil && set.Empty() && set.Contains(v) {
				t.Errorf("%q matches nothing, and %s", text, clause.Version)
			}
		}
	})
}
