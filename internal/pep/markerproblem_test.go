package pep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestMarker_Problems goes through comparisons that cannot do what they say, and those beside them that can.
func TestMarker_Problems(t *testing.T) {
	t.Parallel()
	names := map[pep.MarkerProblemKind]string{
		pep.NoVersion: "no version", pep.StarInOrder: "star", pep.CompatibleMajor: "major", pep.OrderOfTexts: "texts",
		pep.ReleaseOfSystem: "release", pep.PatchOfPython: "patch", pep.MinorOfPython: "minor", pep.NeverTheValue: "never",
	}
	for marker, want := range map[string]string{
		"python_version > 'three'":              "no version",
		"python_version == ''":                  "no version",
		"python_full_version != '3.x'":          "no version",
		"implementation_version < 'new'":        "no version",
		"'three' <= python_version":             "no version",
		"'3.*' == python_version":               "no version",
		"python_version ~= 'three'":             "no version",
		"python_version == '3.*'":               "",
		"python_version != '3.10.*'":            "",
		"python_version in '2.7 3.3, 3.4'":      "",
		"python_version not in '2.6'":           "",
		"python_version === 'three'":            "",
		"python_version >= ' 3.9'":              "",
		"python_version >= python_full_version": "",
		"'3.9' >= '3.8.*'":                      "",

		"python_version >= '3.8.*'":         "star",
		"python_full_version < '3.8.*'":     "star",
		"'3.8.*' < python_version":          "star",
		"python_version ~= '3'":             "major",
		"implementation_version ~= '7'":     "major",
		"python_version ~= '3.8'":           "",
		"implementation_version >= '7.3.1'": "",

		"sys_platform >= 'linux'":               "texts",
		"platform_machine > 'x86'":              "texts",
		"platform_version < '10'":               "texts",
		"os_name ~= 'posix'":                    "texts",
		"platform_release > 'generic'":          "texts",
		"extra >= 'dev'":                        "texts",
		"platform_release >= '4'":               "release",
		"'4.0' < platform_release":              "release",
		"platform_release == '5.10.0-8-amd64'":  "",
		"'microsoft' in platform_release":       "",
		"platform_version == '#1 SMP'":          "",
		"'dev' in extras":                       "",
		"platform_machine in 'x86_64 aarch64'":  "",
		"platform_machine == 'a new one'":       "",
		"platform_python_implementation != 'X'": "",

		"python_version == '3.11.7'":      "patch",
		"python_version < '3.11.7'":       "patch",
		"python_version ~= '3.8.1'":       "patch",
		"python_version == '3.11.7.*'":    "patch",
		"'3.11.7' > python_version":       "patch",
		"python_version >= '3.8.0'":       "",
		"python_version < '3.14.0rc1'":    "",
		"python_version < '4'":            "",
		"python_full_version == '3.11'":   "minor",
		"python_full_version <= '3.11'":   "minor",
		"'3.11' < python_full_version":    "minor",
		"'3.11' > python_full_version":    "",
		"python_full_version >= '3.11'":   "",
		"python_full_version < '3.11'":    "",
		"python_full_version ~= '3.11'":   "",
		"python_full_version == '3.11.*'": "",
		"python_full_version == '3.11.0'": "",

		"sys_platform == 'Linux'":                                        "never linux",
		"sys_platform != 'Win32'":                                        "",
		"implementation_name != 'PyPy'":                                  "",
		"sys_platform not in 'Linux'":                                    "",
		"python_version != '3.9.1'":                                      "",
		"python_full_version != '3.9'":                                   "",
		"sys_platform == 'windows'":                                      "never win32",
		"sys_platform == 'posix'":                                        "never ",
		"platform_system == 'linux'":                                     "never Linux",
		"'darwin' == platform_system":                                    "never Darwin",
		"platform_system in 'linux Darwin'":                              "never Linux",
		"'Linux' in sys_platform":                                        "never linux",
		"platform_system == 'win32'":                                     "never Windows",
		"os_name == 'Windows'":                                           "never nt",
		"os_name == 'linux'":                                             "never posix",
		"os.name == 'NT'":                                                "never nt",
		"platform_python_implementation == 'cpython'":                    "never CPython",
		"implementation_name == 'PyPy'":                                  "never pypy",
		"platform_machine == 'X86_64'":                                   "never x86_64",
		"sys_platform == 'linux'":                                        "",
		"sys_platform == 'linux2'":                                       "",
		"sys_platform == 'freebsd13'":                                    "",
		"sys_platform == 'cygwin'":                                       "",
		"'linux' in sys_platform":                                        "",
		"'win' in sys_platform":                                          "",
		"platform_system == 'Haiku'":                                     "",
		"platform_machine == 'win32' or platform_machine == 'WIN32'":     "",
		"platform_machine == 'amd64' or platform_machine == 'AMD64'":     "",
		"platform_machine == 'arm64' or platform_machine == 'ARM64'":     "",
		"platform_system == 'linux' or platform_system == 'Linux'":       "",
		"platform_machine in 'x86_64 X86_64 aarch64 AARCH64'":            "",
		"sys_platform == 'win32' or sys_platform == 'Linux'":             "never linux",
		"(os_name == 'nt' and (python_version > 'x')) or extra == 'A.b'": "no version",

		// The releases of macOS and Windows are versions.
		"sys_platform == 'darwin' and platform_release >= '20.0'":                                              "",
		"platform_release >= '10' and (('Windows' == platform_system))":                                        "",
		"(platform_release < '10' or extra == 'a') and os_name in 'nt'":                                        "",
		"(sys_platform == 'darwin' or sys_platform == 'win32') and platform_release >= '10'":                   "",
		"extra == 'a' or platform_system == 'Darwin' and extra == 'b' and platform_release >= '20'":            "",
		"sys_platform == 'darwin' or platform_release >= '20.0'":                                               "release",
		"sys_platform == 'darwin' and extra == 'a' or platform_release >= '20.0'":                              "release",
		"(sys_platform == 'darwin' or sys_platform == 'linux') and platform_release >= '10'":                   "release",
		"sys_platform != 'darwin' and platform_release >= '20.0'":                                              "release",
		"(sys_platform == 'darwin' and platform_release >= '20') or (extra == 'a' and platform_release < '5')": "release",
		"python_version < '3.0.1' and sys_platform == 'Linux'":                                                 "patch, never linux",
	} {
		r, err := pep.ParseRequirement("birch; " + marker)
		if err != nil {
			t.Errorf("%s: %v", marker, err)
			continue
		}
		var got []string
		for _, problem := range r.Marker.Problems() {
			text := names[problem.Kind]
			if problem.Kind == pep.NeverTheValue {
				text += " " + problem.Instead
			}
			got = append(got, text)
			if !strings.Contains(marker, problem.Value) || problem.Variable == "" {
				t.Errorf("%s: the problem is %+v", marker, problem)
			}
		}
		expect.Equal(t, marker, strings.Join(got, ", "), want)
	}
	var none *pep.Marker
	expect.Equal(t, "without a marker", len(none.Problems()), 0)
}

func TestMarker_Extras(t *testing.T) {
	t.Parallel()
	for marker, want := range map[string]string{
		"extra == 'A.b'": "[a-b]",
		"python_version > '3' and ('x' == extra or extra == 'y')": "[x y]",
		"extra != 'dev'":          "[]",
		"'dev' in extras":         "[]",
		"sys_platform == 'extra'": "[]",
		"extra == extra":          "[]",
	} {
		r, err := pep.ParseRequirement("birch; " + marker)
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, marker, fmt.Sprint(r.Marker.Extras()), want)
	}
}
