package pep_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

func TestParseRequirement_Valid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"A":                       "A",
		" \tA.B-C_D ":             "A.B-C_D",
		"aa\n":                    "aa",
		"name_":                   "name_",
		"name<=1":                 "name<=1",
		"name>=3":                 "name>=3",
		"name>=3,<2":              "name>=3,<2",
		"name>=3 , < 2":           "name>=3,<2",
		"name (>=3,<2)":           "name>=3,<2",
		"bar>=1,":                 "bar>=1",
		"baz ()":                  "baz",
		"zope.interface (>3.5.0)": "zope.interface>3.5.0",
		"foo (==3.4)":             "foo==3.4",
		"name===any,":             "name===any",
		"name===":                 "name===",
		"name==1.*":               "name==1.*",
		"name[]":                  "name",
		"name[ ]":                 "name",
		"name[b,a , b]":           "name[a,b]",
		"name [fred,bar] ( >= 2 ) ; python_version<'2.7'":          `name[bar,fred]>=2; python_version < "2.7"`,
		"name@http://foo.com":                                      "name @ http://foo.com",
		"name @ file:///x;y":                                       "name @ file:///x;y",
		"name[a] @ http://x ; os_name=='b' and extra == 'The_One'": `name[a] @ http://x ; os_name == "b" and extra == "the-one"`,
		"name;os.name=='b'":                                        `name; os_name == "b"`,
		"name;'B_b' in extras":                                     `name; "B_b" in extras`,
		"name;'B.b'==extra":                                        `name; "b-b" == extra`,
		"name;extra=='a'or'b'in dependency_groups":                 `name; extra == "a" or "b" in dependency_groups`,
		"name;sys_platform not \t in 'a b'":                        `name; sys_platform not in "a b"`,
		"name;python_implementation~=platform.machine":             `name; platform_python_implementation ~= platform_machine`,
		"name;((os_name=='a')) and (os_name=='b' or ((os_name=='c')))and(os_name=='d')": `name; os_name == "a" and ` +
			`(os_name == "b" or os_name == "c") and os_name == "d"`,
		"name;os_name=='a\"b'":               `name; os_name == 'a"b'`,
		`name;os_name=='a\x22\x27\\\n\101'`:  `name; os_name == "a\x22'\x5c\x0aA"`,
		`name;os_name=='\d\u00e4\U0001f600'`: `name; os_name == "\x5cdä😀"`,
	} {
		r, err := pep.ParseRequirement(text)
		if err != nil || r.String() != want {
			t.Errorf("ParseRequirement(%q) = %q, %v; want %q", text, r, err, want)
			continue
		}
		if again, err := pep.ParseRequirement(r.String()); err != nil || again.String() != want {
			t.Errorf("%q came back as %q, %v", want, again, err)
		}
	}
}

func TestParseRequirement_Parts(t *testing.T) {
	t.Parallel()
	r, err := pep.ParseRequirement("Na.me[Ex_tra] >= 1.0; (python_version < '3' or extra == 'X.y') and os_name in 'a'")
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "Na.me" || len(r.Extras) != 1 || r.Extras[0] != "Ex_tra" || r.URL != "" {
		t.Errorf("%+v", r)
	}
	if len(r.Specifiers) != 1 || r.Specifiers[0] != (pep.Specifier{Operator: ">=", Version: "1.0"}) {
		t.Errorf("%+v", r.Specifiers)
	}
	if len(r.Marker.Terms) != 2 || r.Marker.Joins[0] != "and" || r.Marker.Terms[0].Group.Joins[0] != "or" {
		t.Errorf("%+v", r.Marker)
	}
	want := pep.Comparison{Left: pep.Operand{Variable: true, Text: "extra"}, Operator: "==", Right: pep.Operand{Text: "x-y"}}
	if got := r.Marker.Terms[0].Group.Terms[1].Comparison; got != want {
		t.Errorf("%+v", got)
	}
}

// TestParseRequirement_Invalid: what is wrong, in the index's words, and where.
func TestParseRequirement_Invalid(t *testing.T) {
	t.Parallel()
	const (
		noSpecifier = "Expected semicolon (after name with no version specifier) or end"
		specifier   = "Expected comma (within version specifier), semicolon (after version specifier) or end"
		operand     = "Expected a marker variable or quoted string"
	)
	for text, want := range map[string]struct {
		problem    string
		start, end int
	}{
		"":              {"Expected package name at the start of dependency specifier", 0, 0},
		" -a":           {"Expected package name at the start of dependency specifier", 1, 1},
		"ä":             {"Expected package name at the start of dependency specifier", 0, 0},
		"aä":            {"Expected package name at the start of dependency specifier", 0, 0},
		"name.":         {noSpecifier, 4, 4},
		"foo bar":       {noSpecifier, 4, 4},
		"foo ,>1":       {noSpecifier, 4, 4},
		"aa\n\n":        {noSpecifier, 2, 2},
		"bar>=dog":      {noSpecifier, 3, 3},
		"bar>=1.0 <2":   {specifier, 3, 9},
		"bar>=1.0 <2.*": {specifier, 3, 9},
		"foo (3.4)":     {"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after version specifier", 4, 5},
		"foo (>=3.4":    {"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after version specifier", 4, 10},
		"foo>=3.*":      {".* suffix can only be used with `==` or `!=` operators", 3, 7},
		"foo==3a1.*": {
			".* suffix cannot be used after pre-release, post-release, developmental release, or local version labels", 3, 9,
		},
		"foo~=3.1+x":               {"Local version label can only be used with `==` or `!=` operators", 3, 8},
		"foo===a,b":                {"Invalid version specifier", 3, 9},
		"bar[x>=1":                 {"Expected matching RIGHT_BRACKET for LEFT_BRACKET, after extras", 3, 5},
		"bar[x y]":                 {"Expected comma between extra names", 6, 6},
		"bar[x,]":                  {"Expected extra name after comma", 6, 6},
		"bar[,x]":                  {"Expected matching RIGHT_BRACKET for LEFT_BRACKET, after extras", 3, 4},
		"bar @":                    {"Expected URL after @", 5, 5},
		"bar @ x y":                {"Expected semicolon (after URL and whitespace) or end", 6, 8},
		"bar;":                     {operand, 4, 4},
		"bar; python_versions>'3'": {operand, 5, 5},
		"bar; Extra=='a'":          {operand, 5, 5},
		"bar; os-name=='a'":        {operand, 5, 5},
		"bar; os_name=='a":         {operand, 14, 14},
		"bar; os_name=='a' and":    {operand, 21, 21},
		"bar; os_name=='a\n'":      {"Invalid quoted string", 14, 18},
		`bar; os_name=='\'`:        {"Invalid quoted string", 14, 17},
		`bar; os_name=='\xfg'`:     {"Invalid quoted string", 14, 20},
		"bar; os_name = 'a'":       {"Expected marker operator, one of <=, <, !=, ==, >=, >, ~=, ===, in, not in", 13, 13},
		"bar; 'a' inn os_name":     {"Expected marker operator, one of <=, <, !=, ==, >=, >, ~=, ===, in, not in", 9, 9},
		"bar; 'a' not'b'":          {"Expected whitespace after 'not'", 12, 12},
		"bar; 'a' not os_name":     {"Expected 'in' after 'not'", 13, 13},
		"bar; (os_name=='a'":       {"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after marker expression", 5, 18},
		"bar; os_name=='ä' x":      {"Expected end of dependency specifier", 18, 18},
	} {
		_, err := pep.ParseRequirement(text)
		var got *pep.RequirementError
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got.Problem != want.problem || got.Start != want.start || got.End != want.end || got.Source != text {
			t.Errorf("%q: %s, %d to %d; want %v", text, got.Problem, got.Start, got.End, want)
		}
	}
}

func TestParseRequirement_Bounded(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return "a;" + strings.Repeat("(", n) + "os_name=='a'" + strings.Repeat(")", n)
	}
	if _, err := pep.ParseRequirement(deep(100)); err != nil {
		t.Error(err)
	}
	for _, long := range []string{
		deep(1 << 17), strings.Repeat("a", 1<<17) + "ä", "a" + strings.Repeat(">=1,", 1<<16) + "!", "a[" + strings.Repeat("b,", 1<<17),
		"a;" + strings.Repeat("os_name=='a' or ", 1<<14), "a;" + strings.Repeat("os.name.", 1<<17),
		`a;os_name=='` + strings.Repeat(`\x`, 1<<17),
	} {
		if _, err := pep.ParseRequirement(long); err == nil {
			t.Errorf("%.20q… is a requirement", long)
		}
	}
}

// FuzzParseRequirement holds that nothing breaks the reader, that what it reads it writes and reads back, and that an error
// points into the text.
func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{
		"bar[x,y]>=1.0,<2 ; python_version < '3.13' and sys_platform == 'linux'", "zope.interface (>3.5.0)", "bar @ https://x ; extra=='a'",
		"a;('b' in extras)or(os.name not in \"c\\x41\")", "foo (3.4)", "bar>=1.0 <2", "bar[x>=1", "a===b,c",
		"a;python_version>='3.8.*' or'3'~=python_version", "a;platform_system in'linux'and os_name=='NT'", "a;python_full_version>'3.11'",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := pep.ParseRequirement(text)
		var problem *pep.RequirementError
		if errors.As(err, &problem) {
			if problem.Start > problem.End || problem.Start < 0 || problem.End > len(text)+1 || problem.Error() == "" {
				t.Errorf("%q: %d to %d", text, problem.Start, problem.End)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := pep.ParseRequirement(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("%q: %q came back as %q, %v", text, r, again, err)
		}
		if got, want := len(again.Marker.Problems()), len(r.Marker.Problems()); got != want {
			t.Errorf("%q has %d problems, and normalized %d", text, want, got)
		}
		expect.Equal(t, "extras of the normalized marker", len(again.Marker.Extras()), len(r.Marker.Extras()))
	})
}
