package preflight_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// TestCheck_PlatformTags: on the day of the table it is exact; later only what no index will learn is an error.
func TestCheck_PlatformTags(t *testing.T) {
	t.Parallel()
	const never, later, fine = "wheel-platform-tag", "wheel-platform-tag (warning)", ""
	for tag, want := range map[string]string{ // when the table has aged
		"any":                                    fine,
		"win32":                                  fine,
		"Win_AMD64":                              fine,
		"macosx_10_9_universal2":                 fine,
		"macosx_26_0_arm64":                      fine,
		"manylinux2014_s390x":                    fine,
		"manylinux_2_39_riscv64":                 fine,
		"musllinux_1_2_armv7l":                   fine,
		"linux_armv6l":                           fine,
		"ios_13_0_x86_64_iphonesimulator":        fine,
		"android_21_x86":                         fine,
		"pyemscripten_2026_0_wasm32":             fine,
		"manylinux1_x86_64.manylinux_2_5_x86_64": fine,

		"macosx_27_0_arm64":          later,
		"manylinux_2_38_loongarch64": later,
		"musllinux_1_2_ppc64":        later,
		"ios_13_0_armv7_iphoneos":    later,
		"android_21_riscv64":         later,
		"win_riscv64":                later,
		"plan9_amd64":                later,

		"linux_x86_64":                             never,
		"manylinux2014_riscv64":                    never,
		"manylinux1_aarch64.manylinux2014_aarch64": never,
		"macosx_26_1_arm64":                        never,
		"macosx_27_1_arm64":                        never,
		"macosx_arm64":                             never,
		"macosx_11_arm64":                          never,
		"macosx_11_0_amd64":                        never,
		"macosx_11_00_arm64":                       never,
		"windows":                                  never,
		"win":                                      never,
		"win_":                                     never,
		"ios_arm64":                                never,
		"android_arm64_v8a":                        never,
		"manylinux_2_arm64":                        never,
		"any_1":                                    never,
		"linux_armv8l":                             never,
		"macosx_11_1_arm64":                        never,
		"macosx_16_0_arm64":                        never,
		"pyodide_2024_0_wasm32":                    never,
		"emscripten_3_1_58_wasm32":                 never,
		"wasi_0_0_0_wasm32":                        never,
		"freebsd_14_0_amd64":                       never,
		"win32_x86":                                never,
		"manylinux_x86_64":                         never,
		"manylinux2014_x86_64.linux_x86_64":        never,
	} {
		s := set(t, file{name: "alder-1.0-cp312-abi3-" + tag + ".whl", metadata: good})
		check := func() string { // of the platform alone
			found := slices.DeleteFunc(preflight.Check(s), func(f finding.Finding) bool { return f.ID == "wheel-tags" })
			return strings.Join(ids(found), " ")
		}
		s.Now = vectors.AsOf().AddDate(0, 6, 0)
		if got := check(); got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
		if s.Now = vectors.AsOf(); want == later {
			want = never
		}
		if got := check(); got != want {
			t.Errorf("%s on the day of the table: got %q, want %q", tag, got, want)
		}
	}
}

// TestCheck_Sizes: the limits are the index's defaults, and it may have raised them.
func TestCheck_Sizes(t *testing.T) {
	t.Parallel()
	const limit = 100 << 20
	for name, c := range map[string]struct {
		size    int64
		listing []pep.IndexFile
		want    []string
	}{
		"100 MiB":       {limit, nil, nil},
		"more":          {limit + 1, nil, []string{"file-too-large (warning)"}},
		"10 GiB in all": {limit, []pep.IndexFile{{Name: "x", Size: 10<<30 - limit}}, nil},
		"more in all": {
			limit,
			[]pep.IndexFile{{Name: "x", Size: 6 << 30}, {Name: "y", Size: 4<<30 - limit + 1}},
			[]string{"project-too-large (warning)"},
		},
		"there already":      {limit, []pep.IndexFile{{Name: "x", Size: 20 << 30}, {Name: "alder-1.0-py3-none-any.whl"}}, nil},
		"not queried, large": {20 << 30, nil, []string{"file-too-large (warning)"}},
		"a raised limit": {
			200 << 20, []pep.IndexFile{{Name: "x", Size: 10 << 20}, {Name: "alder-0.9-py3-none-any.whl", Size: 200 << 20}}, nil,
		},
		"a raised limit below it": {
			201 << 20, []pep.IndexFile{{Name: "alder-0.9-py3-none-any.whl", Size: 200 << 20}}, []string{"file-too-large (warning)"},
		},
		"a raised limit of the project": {limit, []pep.IndexFile{{Name: "x", Size: 6 << 30}, {Name: "y", Size: 4<<30 + 1}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, wheel(good))
			d := *s.Files[0]
			d.Size = c.size
			s.Files, s.Now = []*distfile.Distribution{&d}, time.Time{}
			if c.listing != nil {
				s.Listings = map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: c.listing}}
			}
			found := preflight.Check(s)
			if got := ids(found); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestCheck_LicenseFiles: where they must be, and since when.
func TestCheck_LicenseFiles(t *testing.T) {
	t.Parallel()
	licensed := func(version string) string {
		return strings.Replace(good, "2.4", version, 1) + "License-File: docs/LICENSE\n"
	}
	in := func(f file, members ...string) file { f.more = members; return f }
	for name, c := range map[string]struct {
		file
		want string
	}{
		"in the wheel": {in(wheel(licensed("2.4")), "alder-1.0.dist-info/licenses/docs/LICENSE"), ""},
		"in the sdist": {in(sdist(licensed("2.4")), "alder-1.0/docs/LICENSE"), ""},
		"at the old place": {
			in(wheel(licensed("2.4")), "alder-1.0.dist-info/LICENSE"),
			"License-File docs/LICENSE does not exist in distribution file alder-1.0-py3-none-any.whl at " +
				"alder-1.0.dist-info/licenses/docs/LICENSE",
		},
		"nowhere": {
			sdist(licensed("2.5")),
			"License-File docs/LICENSE does not exist in distribution file alder-1.0.tar.gz at alder-1.0/docs/LICENSE",
		},
		"before the field was there": {wheel(licensed("2.3")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, f := range preflight.Check(set(t, c.file)) {
				if f.Severity == finding.Error {
					got += f.Message
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
