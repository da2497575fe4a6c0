package pep_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

func TestTrove_Nearest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Topic :: Utilties":                         "Topic :: Utilities",
		"topic :: utilities":                        "Topic :: Utilities",
		"Topic  ::  Utilities ":                     "Topic :: Utilities",
		"Programming Language :: Python 3":          "Programming Language :: Python :: 3",
		"License :: OSI Approved :: MIT":            "License :: OSI Approved :: MIT License",
		"Natural Language :: Klingon for beginners": "",
		"":                       "",
		"Private :: No":          "",
		strings.Repeat("x", 201): "",
	} {
		got := trove.Nearest(text)
		if status, _ := trove.Lookup(got); got != "" && status != trove.Valid {
			t.Errorf("%q: %q is no classifier", text, got)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
