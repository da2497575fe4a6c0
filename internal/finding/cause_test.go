package finding_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
)

func TestCauses(t *testing.T) {
	t.Parallel()
	about := func(file, message string) finding.Finding {
		return finding.Finding{ID: "x", Severity: finding.Error, File: file, Message: message, Fix: "mend it"}
	}
	with := func(f finding.Finding, change func(*finding.Finding)) finding.Finding {
		change(&f)
		return f
	}
	detailed := func(file, message, detail string) finding.Finding {
		return with(about(file, message), func(f *finding.Finding) { f.Detail = detail })
	}
	const a, b, c = "dist/alder-1.0-py3-none-any.whl", "dist/alder-1.0-cp312-cp312-win32.whl", "dist/alder-1.0.tar.gz"
	for name, test := range map[string]struct {
		all  []finding.Finding
		want []string // of each cause: its files and message
	}{
		"nothing":         {nil, nil},
		"one":             {[]finding.Finding{about(a, "no name")}, []string{a + ": no name"}},
		"of no file":      {[]finding.Finding{about("", "no files")}, []string{": no files"}},
		"the same of two": {[]finding.Finding{about(a, "no name"), about(b, "no name")}, []string{a + " " + b + ": no name"}},
		"not side by side": {
			[]finding.Finding{about(a, "no name"), about(a, "no version"), about(b, "no name")},
			[]string{a + " " + b + ": no name", a + ": no version"},
		},
		"twice of one":       {[]finding.Finding{about(a, "no name"), about(a, "no name")}, []string{a + ": no name"}},
		"twice of no file":   {[]finding.Finding{about("", "no files"), about("", "no files")}, []string{": no files"}},
		"of one and of none": {[]finding.Finding{about("", "no name"), about(a, "no name")}, []string{": no name", a + ": no name"}},
		"each names its own file": {
			[]finding.Finding{
				about(a, "Wheel 'alder-1.0-py3-none-any.whl' has no X"), about(b, "Wheel 'alder-1.0-cp312-cp312-win32.whl' has no X"),
			},
			[]string{a + " " + b + ": Wheel 'alder-1.0-py3-none-any.whl' has no X"},
		},
		"each names its own path": {
			[]finding.Finding{
				about(a, "read "+a+": no such file"), about(b, "read "+b+": no such file"),
			}, []string{a + " " + b + ": read " + a + ": no such file"},
		},
		"one by its path, one by its name": {
			[]finding.Finding{about(a, a+" is odd"), about(b, "alder-1.0-cp312-cp312-win32.whl is odd")},
			[]string{a + ": " + a + " is odd", b + ": alder-1.0-cp312-cp312-win32.whl is odd"},
		},
		"each names the other": {
			[]finding.Finding{
				about(a, "has the bytes of "+b), about(b, "has the bytes of "+a),
			}, []string{a + ": has the bytes of " + b, b + ": has the bytes of " + a},
		},
		"both name a third": {
			[]finding.Finding{about(a, "has the bytes of "+c), about(b, "has the bytes of "+c)},
			[]string{a + " " + b + ": has the bytes of " + c},
		},
		"other digests": {[]finding.Finding{about(a, "is ab"), about(b, "is cd")}, []string{a + ": is ab", b + ": is cd"}},
		"other next steps": {
			[]finding.Finding{
				about(a, "no name"), with(about(b, "no name"), func(f *finding.Finding) { f.Fix = "leave it" }),
			}, []string{a + ": no name", b + ": no name"},
		},
		"next steps that name the file": {
			[]finding.Finding{
				with(
					about(a, "no"), func(f *finding.Finding) { f.Fix = "rename " + a },
				), with(about(b, "no"), func(f *finding.Finding) { f.Fix = "rename " + b }),
			},
			[]string{a + " " + b + ": no"},
		},
		"details": {
			[]finding.Finding{detailed(a, a+" is ab", " is ab"), detailed(b, b+" is cd", " is cd")},
			[]string{a + " " + b + ": " + a + " is ab"},
		},
		"details in the middle": {
			[]finding.Finding{detailed(a, "is ab; go on", " ab"), detailed(b, "is cd; go on", " cd")},
			[]string{a + " " + b + ": is ab; go on"},
		},
		"details of other messages": {
			[]finding.Finding{detailed(a, "is ab", " ab"), detailed(b, "has cd", " cd")}, []string{a + ": is ab", b + ": has cd"},
		},
		"details of no file": {
			[]finding.Finding{detailed("", "is ab", " ab"), detailed("", "is cd", " cd")}, []string{": is ab", ": is cd"},
		},
		"one without details": {[]finding.Finding{detailed(a, "is ab", " ab"), about(b, "is")}, []string{a + " " + b + ": is ab"}},
		"other ids": {
			[]finding.Finding{about(a, "no"), with(about(b, "no"), func(f *finding.Finding) { f.ID = "y" })},
			[]string{a + ": no", b + ": no"},
		},
		"other severities": {
			[]finding.Finding{about(a, "no"), with(about(b, "no"), func(f *finding.Finding) { f.Severity = finding.Notice })},
			[]string{a + ": no", b + ": no"},
		},
		"other lines": {
			[]finding.Finding{
				with(about(a, "no"), func(f *finding.Finding) { f.Line = 3 }),
				with(about(a, "no"), func(f *finding.Finding) { f.Line = 4 }),
			},
			[]string{a + ": no", a + ": no"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range finding.Causes(test.all) {
				got = append(got, strings.Join(c.Files, " ")+": "+c.First.Message)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestCause_Annotation: the message names an only file, unless it does so already, because GitHub's log does not show the file.
func TestCause_Annotation(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"File is not a zipfile.":  "File is not a zipfile (in a.whl)",
		"File is not a zipfile":   "File is not a zipfile (in a.whl)",
		"the index refused a.whl": "the index refused a.whl",
	} {
		all := finding.Causes([]finding.Finding{{ID: "x", File: "dist/a.whl", Line: 7, Message: message}})
		f := all[0].Annotation()
		if f.Message != want || f.File != "dist/a.whl" || f.Line != 7 {
			t.Errorf("%+v, want the message %q", f, want)
		}
	}
	none := finding.Finding{ID: "x", Message: "no files"}
	if f := finding.Causes([]finding.Finding{none})[0].Annotation(); f.Message != "no files" {
		t.Errorf("%+v has no file", f)
	}
}

// TestCause_Summary: with its place where it has one, and else with the number of its files.
func TestCause_Summary(t *testing.T) {
	t.Parallel()
	in := func(files ...string) []finding.Finding {
		var all []finding.Finding
		for _, file := range files {
			all = append(all,
				finding.Finding{ID: "x", Severity: finding.Warning, File: file, Line: 7, Col: 2, Message: "no name", Fix: "mend it"})
		}
		return all
	}
	var many []string
	for n := range 14 {
		many = append(many, fmt.Sprintf("dist/%d.whl", n))
	}
	for name, c := range map[string]struct{ all, want []finding.Finding }{
		"one file keeps its place": {in("dist/a.whl"), in("dist/a.whl")},
		"no file":                  {[]finding.Finding{{ID: "x", Message: "no files"}}, []finding.Finding{{ID: "x", Message: "no files"}}},
		"two files": {in("dist/a.whl", "dist/b.whl"), []finding.Finding{
			{ID: "x", Severity: finding.Warning, Message: "no name (in 2 files: a.whl, b.whl)", Fix: "mend it"},
		}},
		"many files": {in(many...), []finding.Finding{
			{ID: "x", Severity: finding.Warning, Message: "no name (in 14 files: 0.whl, 1.whl, 2.whl and 11 more)", Fix: "mend it"},
		}},
		"two files, the first named": {
			[]finding.Finding{{File: "dist/a.whl", Message: "a.whl is odd"}, {File: "dist/b.whl", Message: "b.whl is odd"}},
			[]finding.Finding{{Message: "a.whl is odd (the same for 1 more file: b.whl)"}},
		},
		"one file keeps its detail": {
			[]finding.Finding{{File: "dist/a.whl", Message: "a.whl is odd: ab", Detail: ": ab"}},
			[]finding.Finding{{File: "dist/a.whl", Message: "a.whl is odd: ab", Detail: ": ab"}},
		},
		"files with details": {
			[]finding.Finding{
				{File: "dist/a.whl", Message: "a.whl is odd: ab", Detail: ": ab"},
				{File: "dist/b.whl", Message: "b.whl is odd: cd", Detail: ": cd"},
				{File: "dist/c.whl", Message: "c.whl is odd: ab", Detail: ": ab"},
				{File: "dist/d.whl", Message: "d.whl is odd: ab", Detail: ": ab"},
				{File: "dist/e.whl", Message: "e.whl is odd: ab", Detail: ": ab"},
			},
			[]finding.Finding{{Message: "a.whl is odd (the same for 4 more files: b.whl, c.whl, d.whl and 1 more)"}},
		},
		"a sentence": {
			[]finding.Finding{
				{File: "a.whl", Message: "No X."}, {File: "b.whl", Message: "No X."},
			}, []finding.Finding{{Message: "No X (in 2 files: a.whl, b.whl)"}},
		},
		"files of one name": {in("linux/a.whl", "macos/a.whl"), []finding.Finding{
			{ID: "x", Severity: finding.Warning, Message: "no name (in 2 files: linux/a.whl, macos/a.whl)", Fix: "mend it"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []finding.Finding
			for _, c := range finding.Causes(c.all) {
				got = append(got, c.Summary())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestCause_Listing names all files where the cause itself does not.
func TestCause_Listing(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0:  "",
		1:  "",
		3:  "",
		4:  "  in 0.whl, 1.whl, 2.whl, 3.whl",
		12: "  in 0.whl, 1.whl, 2.whl, 3.whl, 4.whl, 5.whl, 6.whl, 7.whl, 8.whl, 9.whl\n  in 10.whl, 11.whl",
	} {
		var c finding.Cause
		for i := range n {
			c.Files = append(c.Files, fmt.Sprintf("dist/%d.whl", i))
		}
		if got := strings.Join(c.Listing(), "\n"); got != want {
			t.Errorf("%d files: got %q, want %q", n, got, want)
		}
	}
}

// TestCause_ListingDetails has a line for every file, however few there are.
func TestCause_ListingDetails(t *testing.T) {
	t.Parallel()
	causes := finding.Causes([]finding.Finding{
		{File: "dist/a.whl", Message: "a.whl is odd: ab", Detail: ": ab"},
		{File: "dist/b.whl", Message: "b.whl is odd: cd", Detail: ": cd"},
		{File: "dist/b.whl", Message: "b.whl is odd: ef", Detail: ": ef"},
	})
	if len(causes) != 1 {
		t.Fatalf("got %+v", causes)
	}
	if got, want := strings.Join(causes[0].Listing(), "\n"), "  a.whl: ab\n  b.whl: cd\n  b.whl: ef"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := causes[0].Message(), "a.whl is odd (the same for the others)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	alone := finding.Causes([]finding.Finding{{File: "dist/a.whl", Message: "a.whl is odd: ab", Detail: ": ab"}})[0]
	if got := alone.Listing(); got != nil || alone.Message() != "a.whl is odd: ab" {
		t.Errorf("got %q, %q", got, alone.Message())
	}
}

// TestCauses_CostGrowsLinearly: twice as many findings about as many files take twice the memory to group, and to list.
func TestCauses_CostGrowsLinearly(t *testing.T) { // not parallel: it measures
	for name, one := range map[string]func(n int) finding.Finding{
		"in different files": func(n int) finding.Finding { return finding.Finding{ID: "x", Message: "m", File: fmt.Sprint(n)} },
		"with details": func(n int) finding.Finding {
			return finding.Finding{ID: "x", Message: fmt.Sprintf("m %d", n), File: fmt.Sprint(n), Detail: fmt.Sprint(n)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			growth.Linear(t, "bytes of memory", func(scale int) int64 {
				var all []finding.Finding
				for n := range 1000 * scale {
					all = append(all, one(n))
				}
				return growth.Allocated(func() {
					for _, cause := range finding.Causes(all) {
						cause.Listing()
					}
				})
			})
		})
	}
}
