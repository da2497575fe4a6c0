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

// TestCheck_WheelTags goes through tags that the index accepts: what is told of them, or nothing.
func TestCheck_WheelTags(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]string{
		"python3-none-any":        "no Python has the tag 'python3'",
		"py3.cpython311-none-any": "write it as cp311",
		"pypy310-none-any":        "write it as pp310",
		"none-py3-any":            "in another order",
		"any-none-any":            "in another order",
		"py3-any-any":             "no Python has the ABI any",
		"cp311-cp311-any":         "has the ABI none",
		"py3-abi3-any":            "has the ABI none",
		"pp310-pypy310_pp73-any":  "has the ABI none",
		"py3-abi3-win32":          "such as cp310: pip 26.3 and uv 0.13.9 refuse it",
		"cp3-abi3-win32":          "such as cp310",
		"PY3-none-any":            "py3-none-any",
		"cp311-cp311-WIN32":       "have capital letters",

		"py3-none-any":                               "",
		"py2.py3-none-any":                           "",
		"py30-none-any":                              "",
		"cp3-none-any":                               "",
		"cp311-none-any":                             "",
		"cp311-none.cp311-any":                       "",
		"cp311-cp311-win32.any":                      "",
		"cp310-abi3-win32":                           "",
		"cp315-abi3.abi3t-win32":                     "",
		"cp37.py3-abi3-win32":                        "",
		"py3-abi3.none-win32":                        "",
		"pp310-pypy310_pp73-win32":                   "",
		"graalpy311-graalpy242_311_native-win_amd64": "",
		"cp314-cp314t-macosx_11_0_arm64":             "",
		"jy27-none-any":                              "",
		"py4-none-any":                               "",
		"newpython1-none-any":                        "",
	} {
		found := preflight.Check(set(t, file{name: "alder-1.0-" + tags + ".whl", metadata: good}))
		if told := strings.Join(ids(found), " "); (want != "") != (told == "wheel-tags (warning)") || want == "" && told != "" {
			t.Errorf("%s: got %s", tags, told)
		}
		if want != "" && (len(found) != 1 || !strings.Contains(found[0].Message+found[0].Fix, want)) {
			t.Errorf("%s: got %+v, want %s", tags, found, want)
		}
	}
	for build, want := range map[string]string{
		"18446744073709551615": "", "18446744073709551615_a": "", "00000000000000000000000001": "", "1": "", "1.20261129123456789012": "",
		"18446744073709551616": "wheel-build (warning)", "20261129123456789012_a": "wheel-build (warning)",
	} {
		found := preflight.Check(set(t, file{name: "alder-1.0-" + build + "-py3-none-any.whl", metadata: good}))
		if told := strings.Join(ids(found), " "); told != want {
			t.Errorf("%s: got %s, want %s", build, told, want)
		}
	}
}
