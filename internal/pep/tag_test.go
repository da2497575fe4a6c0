package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestVersionOfTag: a tag names a version by itself, or behind the name of a project.
func TestVersionOfTag(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"v1.1":         "1.1",
		"1.1":          "1.1",
		"V1.1.0":       "1.1.0",
		"1.1-rc1":      "1.1rc1",
		"alder-v1.1":   "1.1",
		"alder/v1.1":   "1.1",
		"ALDER@1.1":    "1.1",
		"al-der-v2":    "2",
		"Al_Der@1.1":   "1.1",
		"alder_1.1":    "",
		"birch-1.1":    "",
		"latest":       "",
		"":             "",
		"alder-":       "",
		"release/2026": "",
		"alder":        "",
		"-1.0":         "",
	} {
		version, err := pep.VersionOfTag(tag, "alder", "al-der")
		if got := version.String(); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q, %v; want %q", tag, got, err, want)
		}
	}
	if _, err := pep.VersionOfTag("alder-v1.1"); err == nil {
		t.Error("a component's tag has a version without any project")
	}
}
