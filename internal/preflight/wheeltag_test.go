package preflight_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// TestCheck_WheelTagCharacters: a character that no tag has is a warning on every index, in any of the three tags.
func TestCheck_WheelTagCharacters(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]bool{
		"py3-none-any": false, "py2.py3-none-any": false, "cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64": false,
		"CP312-cp312-WIN32": false,
		"py3-none-any;x":    true, "py3-none-$x": true, "py3-no`ne-any": true, "p'y3-none-any": true, "py3-none-a ny": true,
		"py3-none-any&": true, "py3-none-ány": true, "py3--any": true, "py3-none-a\u200bny": true, "py3-none-any+x": true,
	} {
		for _, warehouse := range []bool{true, false} {
			s := set(t, file{name: "alder-1.0-" + tags + ".whl", metadata: good})
			s.Warehouse = warehouse
			got := false
			for _, f := range preflight.Check(s) {
				if f.ID == "wheel-tag-characters" {
					got = true
					if f.Severity != finding.Warning || !strings.Contains(
						f.Message, "has other characters than letters, digits",
					) || f.Fix == "" {
						t.Errorf("%s: %+v", tags, f)
					}
				}
			}
			if got != want {
				t.Errorf("%s, warehouse %v: %v", tags, warehouse, got)
			}
		}
	}
}
