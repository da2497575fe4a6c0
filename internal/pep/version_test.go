package pep_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func parse(t *testing.T, s string) pep.Version {
	t.Helper()
	v, err := pep.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVersion_NormalForm(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string][2]string{ // normal form, canonical form
		"1":                   {"1", "1"},
		"1.0":                 {"1.0", "1"},
		"1.0.0":               {"1.0.0", "1"},
		"0.0":                 {"0.0", "0"},
		"10.20.00":            {"10.20.0", "10.20"},
		"01.002":              {"1.2", "1.2"},
		" v1.0\n":             {"1.0", "1"},
		"V2":                  {"2", "2"},
		"1!2.0":               {"1!2.0", "1!2"},
		"0!1.0":               {"1.0", "1"},
		"1.0.alpha.1":         {"1.0a1", "1a1"},
		"1.0-ALPHA_1":         {"1.0a1", "1a1"},
		"1.0beta":             {"1.0b0", "1b0"},
		"1.0c3":               {"1.0rc3", "1rc3"},
		"1.0pre4":             {"1.0rc4", "1rc4"},
		"1.0_preview-5":       {"1.0rc5", "1rc5"},
		"1.0.rc1":             {"1.0rc1", "1rc1"},
		"1.0-1":               {"1.0.post1", "1.post1"},
		"1.0a-1":              {"1.0a1", "1a1"},
		"1.0rev2":             {"1.0.post2", "1.post2"},
		"1.0-r":               {"1.0.post0", "1.post0"},
		"1.0.post03":          {"1.0.post3", "1.post3"},
		"1.0dev":              {"1.0.dev0", "1.dev0"},
		"1.0_DEV-6":           {"1.0.dev6", "1.dev6"},
		"1.0a1.post2.dev3":    {"1.0a1.post2.dev3", "1a1.post2.dev3"},
		"1.0+Ubuntu-1_02":     {"1.0+ubuntu.1.2", "1+ubuntu.1.2"},
		"1.0+0":               {"1.0+0", "1+0"},
		"1.0+00a":             {"1.0+00a", "1+00a"},
		"2024.1.5":            {"2024.1.5", "2024.1.5"},
		"\u30001.0\u00a0\x1f": {"1.0", "1"},
		"99999999999999999.0": {"99999999999999999.0", "99999999999999999"},
	} {
		v := parse(t, spelling)
		if v.String() != want[0] || v.Canonical() != want[1] {
			t.Errorf("%q: got %q and %q, want %q", spelling, v.String(), v.Canonical(), want)
		}
	}
}

func TestParseVersion_Invalid(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "dog", "1.*", "1.0.x", "1..0", "1.0.", ".1", "1.0+", "1.0+a..b", "1.0+a+b", "1.0--1", "1.0-a-b", "v", "vv1",
		"1!", "!1", "1.0 .0", "1.0dev1a1", "1.0po\u017ft1", "\u0661.0", "1.0\u200b", "1.0\x00", "-1", "1.0rc1rc2",
	} {
		if v, err := pep.ParseVersion(s); err == nil {
			t.Errorf("%q parsed as %q", s, v)
		}
	}
}

// ascending holds versions from the first to the last, no two of them equal.
var ascending = strings.Fields(`
	0.dev0 0a1 0 0.0.1 1.dev0 1.dev1 1.0.dev456 1.0a1.dev2 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0a12.post1.dev3 1.0a12.post1
	1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+a 1.0+abc.5 1.0+abc.7 1.0+5 1.0+5.a
	1.0+5.0 1.0.post0.dev1 1.0.post0 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1 1.2 1.10 2 18446744073709551616
	18446744073709551617 1!0.dev0 1!0 1!1.0 2!0.1
`)

func TestVersion_Order(t *testing.T) {
	t.Parallel()
	for i, a := range ascending {
		for j, b := range ascending {
			got := parse(t, a).Compare(parse(t, b))
			if want := i - j; (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%s compared to %s: %d", a, b, got)
			}
		}
	}
	for _, same := range [][2]string{{"1.0", "1.0.0"}, {"1.0rc1", "1.0c1"}, {"1.0+a.1", "1+A-01"}} {
		if parse(t, same[0]).Compare(parse(t, same[1])) != 0 {
			t.Errorf("%q are not the same version", same)
		}
	}
}

func TestVersion_Local(t *testing.T) {
	t.Parallel()
	if got := parse(t, "1.0+Linux_1").Local(); got != "linux.1" {
		t.Errorf("Local() = %q", got)
	}
	if got := parse(t, "1.0").Local(); got != "" {
		t.Errorf("Local() = %q", got)
	}
}

func TestVersion_Zero(t *testing.T) {
	t.Parallel()
	var none pep.Version
	if got := none.String() + none.Canonical() + none.Local(); got != "" {
		t.Errorf("the zero version prints %q", got)
	}
	if none.Compare(pep.Version{}) != 0 || none.Compare(parse(t, "0.dev0")) >= 0 {
		t.Error("the zero version does not precede every other")
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range ascending {
		f.Add(s)
	}
	f.Add(" V01!2.0-PREVIEW_3.rev+Ab_01\t")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := pep.ParseVersion(s)
		if err != nil {
			return
		}
		for _, spelling := range []string{v.String(), v.Canonical(), strings.ToUpper(v.String())} {
			again, err := pep.ParseVersion(spelling)
			if err != nil {
				t.Fatalf("%q gives %q, which is not a version: %v", s, spelling, err)
			}
			if again.Compare(v) != 0 || again.Canonical() != v.Canonical() {
				t.Fatalf("%q gives %q, which is another version", s, spelling)
			}
		}
		if again := parse(t, v.String()); again.String() != v.String() {
			t.Fatalf("%q: %q is not normal", s, v)
		}
	})
}

func FuzzVersion_Order(f *testing.F) {
	f.Add("1.0", "1.0.post1", "1.0+a")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var versions []pep.Version
		for _, s := range []string{a, b, c} {
			v, err := pep.ParseVersion(s)
			if err != nil {
				return
			}
			versions = append(versions, v)
		}
		if v, w := versions[0], versions[1]; v.Compare(w) != -w.Compare(v) || (v.Compare(w) == 0) != (v.Canonical() == w.Canonical()) {
			t.Fatalf("%s and %s: %d and %d", v, w, v.Compare(w), w.Compare(v))
		}
		slices.SortFunc(versions, pep.Version.Compare)
		if versions[0].Compare(versions[2]) > 0 {
			t.Fatalf("no order: %v", versions)
		}
	})
}

// TestParseVersion_Plain: numbers and dots alone are read without the pattern, and come to what it makes of them, as with a leading v.
func TestParseVersion_Plain(t *testing.T) {
	t.Parallel()
	texts := []string{""}
	for range 5 {
		for _, text := range texts {
			for _, next := range []string{"0", "7", "."} {
				texts = append(texts, text+next)
			}
		}
	}
	for _, text := range append(texts, "1.0", "2026.11.30", "00.010", "18446744073709551616.0") {
		plain, err := pep.ParseVersion(text)
		spelled, other := pep.ParseVersion("v" + text)
		if (err == nil) != (other == nil) || plain.String() != spelled.String() || plain.Compare(spelled) != 0 {
			t.Errorf("%q: %v, %v; with a v: %v, %v", text, plain, err, spelled, other)
		}
	}
}
