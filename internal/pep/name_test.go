package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"friendly-bard", "Friendly-Bard", "FRIENDLY_BARD", "friendly.bard", "friendly--bard", "FrIeNdLy-._.-bArD",
	} {
		if got := pep.Normalize(name); got != "friendly-bard" {
			t.Errorf("Normalize(%q) = %q", name, got)
		}
	}
	if got := pep.Normalize("a.b_c-D").Underscored(); got != "a_b_c_d" {
		t.Errorf("Underscored() = %q", got)
	}
}

func TestValidName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a": true, "7": true, "A.b-c_d": true, "a--b": true, "a.": false, "-a": false, "_": false,
		"": false, "a b": false, "alder ": false, "alder\n": false, "ålder": false, "\u212aelvin": false,
	} {
		if got := pep.ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v", name, got)
		}
	}
}
