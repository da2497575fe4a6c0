package govalidator

import "testing"

func TestIsEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"kim@example.org":       true,
		"kim+pypi@example.org":  true,
		"":                      false,
		"kim":                   false,
		"kim@":                  false,
		"@example.org":          false,
		"Kim <kim@example.org>": false,
		" kim@example.org":      false,
		"a@b.org, c@d.org":      false,
		"https://github.com/org/project/.github/workflows/release.yml@refs/heads/main": false,
	} {
		if got := IsEmail(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
