package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestCheck_Requirements has requirements that the index takes: the rules about each, and a part of the message or the fix.
func TestCheck_Requirements(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string][2]string{
		"Requires-Python: ==3.11":           {"requires-python-range", "write ==3.11.* for all"},
		"Requires-Python: ===3.11":          {"requires-python-range", "one release of Python, 3.11.0"},
		"Requires-Python: ==3":              {"requires-python-range", "write ==3.*"},
		"Requires-Python: >=3.8, <=3.11":    {"requires-python-range", "write <3.12"},
		"Requires-Python: <=2.7":            {"requires-python-range", "write <2.8"},
		"Requires-Python: >=3.12,<3.9":      {"requires-python-range", "no Python satisfies Requires-Python '>=3.12,<3.9'"},
		"Requires-Python: >=3.9,<=4.0":      {},
		"Requires-Python: >=3.9,<=3.99":     {},
		"Requires-Python: ==3.11.*":         {},
		"Requires-Python: ==3.11.4":         {},
		"Requires-Python: <=3.11.9":         {},
		"Requires-Python: ~=3.11":           {},
		"Requires-Python: >=2.7,!=3.0,<4":   {},
		"Requires-Python: >=3.9,<3.10.0rc1": {},
		"Requires-Python: ===anything":      {},

		"Requires-Dist: birch>2,<1": {
			"requires-dist-unsatisfiable", "no version satisfies 'birch>2,<1'",
		},
		"Requires-Dist: birch==1.0,!=1.0":                                    {"requires-dist-unsatisfiable", "birch==1.0"},
		"Requires-Dist: birch~=1.4.2,>=1.5; extra == 'x'\nProvides-Extra: x": {"requires-dist-unsatisfiable", "birch~=1.4.2"},
		"Requires-Dist: birch<2\nRequires-Dist: Birch >= 2": {
			"requires-dist-unsatisfiable", "both 'birch<2' and 'Birch >= 2'",
		},
		"Requires-Dist: birch>1\nRequires-Dist: birch<3\nRequires-Dist: birch>4": {"requires-dist-unsatisfiable", "'birch>4'"},
		"Requires-Dist: birch<2; os_name=='nt'\nRequires-Dist: birch>2; os_name == \"nt\"": {
			"requires-dist-unsatisfiable", "exclude each other",
		},
		"Requires-Dist: birch>=1,<2":                                                  {},
		"Requires-Dist: birch>=2.0a1,<2.0a5":                                          {},
		"Requires-Dist: birch===one,>2":                                               {},
		"Requires-Dist: birch<2; os_name=='nt'\nRequires-Dist: birch>2":               {},
		"Requires-Dist: birch<2; os_name=='nt'\nRequires-Dist: birch>2; os_name=='x'": {},
		"Requires-Dist: birch>1\nRequires-Dist: birch>2\nRequires-Dist: birch<3":      {},

		"Requires-Dist: alder>=2": {
			"requires-dist-unsatisfiable", "the project itself, and this is version 1.0",
		},
		"Requires-Dist: Alder[x] ==1.1; extra=='y'\nProvides-Extra: y": {"requires-dist-unsatisfiable", "itself"},
		"Requires-Dist: alder[x]==1.0; extra=='y'\nProvides-Extra: y":  {},
		"Requires-Dist: alder<1; python_version < '3'":                 {},
		"Requires-Dist: alder-core>=2":                                 {},

		"Requires-Dist: birch==1.0+local": {
			"requires-dist-local", "the local version 1.0+local",
		},
		"Requires-Dist: birch===1.0+cpu.1": {"requires-dist-local", "1.0+cpu.1"},
		"Requires-Dist: birch!=1.0+local":  {},
		"Requires-Dist: birch===any+thing": {},
		"Requires-Dist: birch; extra == 'dev'": {
			"extra-undeclared", "'dev', which no Provides-Extra names",
		},
		"Provides-Extra: a-b\nRequires-Dist: birch; extra=='A_b'":                                   {},
		"Provides-Extra: a\nRequires-Dist: birch; 'b' == extra\nRequires-Dist: elder; extra == 'b'": {"extra-undeclared", "'b'"},
		"Requires-Dist: birch; extra != 'dev'":                                                      {},
		"Requires-Dist: birch; 'dev' in extras":                                                     {},

		"Requires-Dist: birch; python_version > 'three'": {
			"marker-comparison", "which is no version: pip 26.3 installs it without the dependency",
		},
		"Requires-Dist: birch; python_version >= '3.8.*'":            {"marker-comparison", "write the version without .*"},
		"Requires-Dist: birch; python_version ~= '3'":                {"marker-comparison", "~=, which needs two"},
		"Requires-Dist: birch; sys_platform >= 'linux'":              {"marker-comparison", "orders texts"},
		"Requires-Dist: birch; sys_platform ~= 'linux'":              {"marker-comparison", "pip 26.3 fails on it"},
		"Requires-Dist: birch; platform_release >= '4'":              {"marker-comparison", "platform_release"},
		"Requires-Dist: birch; python_version == '3.11.7'":           {"marker-value", "more than two numbers"},
		"Requires-Dist: birch; python_full_version <= '3.11'":        {"marker-value", "fewer than three numbers"},
		"Requires-Dist: birch; platform_system == 'linux'":           {"marker-value", "write 'Linux'"},
		"Requires-Dist: birch; sys_platform == 'posix'":              {"marker-value", "never has this value"},
		"Requires-Dist: birch; implementation_name != 'PyPy'":        {},
		"Requires-Dist: birch; python_version == '3.*'":              {},
		"Requires-Dist: birch; python_version in '3.8 3.9'":          {},
		"Requires-Dist: birch; platform_machine == 'anything'":       {},
		"Requires-Dist: birch; python_version>'x' and os_name=='Nt'": {"marker-comparison marker-value", "no version"},
		"Requires-Dist: birch; python_version < '3.11.7'":            {"marker-value", "for every release 3.11.N Fix"},
		"Requires-Dist: birch; python_version >= '3.11.7'":           {"marker-value", "install it without the dependency"},
		"Requires-Dist: birch; python_full_version > '3.11'":         {"marker-value", "the release .0 alone Fix"},
		"Requires-Dist: birch; python_version ~= '3.8.*'":            {"marker-comparison", "has no order: pip 26.3 fails on it"},
		"Requires-Dist: birch; python_version != 'three'":            {"marker-comparison", "is no version Fix"},
	} {
		t.Run(fields, func(t *testing.T) {
			t.Parallel()
			found := preflight.Check(set(t, wheel(good+fields+"\n")))
			var rules []string
			for _, id := range ids(found) {
				rules = append(rules, strings.TrimSuffix(id, " (warning)"))
			}
			expect.Equal(t, "rules", strings.Join(rules, " "), want[0])
			var said strings.Builder
			for _, f := range found {
				said.WriteString(f.Message + " Fix: " + f.Fix + "\n")
			}
			if text := said.String(); want[0] != "" && !strings.Contains(text, want[1]) {
				t.Errorf("%s does not say %s", text, want[1])
			}
			bounded(t, found)
		})
	}
}

// TestCheck_ExtrasNotFinal: an sdist may leave both fields to its build, and metadata of before 2.2 is never final.
func TestCheck_ExtrasNotFinal(t *testing.T) {
	t.Parallel()
	const field = "Requires-Dist: birch; extra == 'dev'\n"
	for metadata, want := range map[string]string{
		good + field: "extra-undeclared (warning)",
		good + "Dynamic: Provides-Extra\n" + field:         "",
		good + "Dynamic: requires-dist\n" + field:          "",
		replacedInGood("2.4", "2.1") + field:               "",
		good + field + "Provides-Extra: dev\nSummary: a\n": "",
	} {
		expect.Equal(t, metadata, strings.Join(ids(preflight.Check(set(t, sdist(metadata)))), " "), want)
	}
}

// TestCheck_LocalElsewhere: another index may have local versions.
func TestCheck_LocalElsewhere(t *testing.T) {
	t.Parallel()
	s := set(t, wheel(good+"Requires-Dist: birch==1.0+local\n"))
	s.Warehouse = false
	expect.Equal(t, "rules of another index", strings.Join(ids(preflight.Check(s)), " "), "")
}

// TestCheck_ManyRequirements: of very many ranges only the first are searched, and very long lines are left out, so that no file takes
// long.
func TestCheck_ManyRequirements(t *testing.T) {
	t.Parallel()
	var metadata strings.Builder
	for i := range 1100 {
		fmt.Fprintf(&metadata, "Requires-Dist: birch-%d>1.%d,<2\n", i, i)
	}
	long := "Requires-Dist: birch; " + strings.Repeat("os_name == 'x' or ", 1000) + "sys_platform == 'Linux'\n"
	s := set(t, wheel(good+metadata.String()+"Requires-Dist: elder>2,<1\n"+long))
	expect.Equal(t, "rules", strings.Join(ids(preflight.Check(s)), " "), "")
}
