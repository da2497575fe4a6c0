package testkit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

// TestGolden_Diff, and no others but a few around them.
func TestGolden_Diff(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.Repeat("the same\n", 50), "\n")
	lines[25] = "before"
	path := disttest.Save(t, filepath.Join(t.TempDir(), "x.golden"), []byte(strings.Join(lines, "\n")))
	lines[25] = "after"
	r := &recorder{TB: t}
	golden.Equal(r, path, strings.Join(lines, "\n"))
	if len(r.failures) != 1 || !strings.Contains(r.failures[0], "\n-before\n+after\n") || strings.Count(r.failures[0], "the same") > 10 ||
		!strings.Contains(
			r.failures[0], "go test ./internal/testkit -update",
		) {
		t.Errorf("it says %q", r.failures)
	}
}

// TestGolden_LongLine, since JSON is one line.
func TestGolden_LongLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(`{"a":"b"},`, 100)
	difference := golden.Diff("x", long+`{"n":1},`+long, long+`{"n":2},`+long)
	if len(difference) > 400 || !strings.Contains(difference, "\n-{\"n\":1},\n+{\"n\":2},\n") {
		t.Errorf("the difference is\n%s", difference)
	}
	if golden.Diff("x", long+"\n"+long, long+long) == "" {
		t.Error("a line break is no difference")
	}
}

func TestGolden_Part(t *testing.T) {
	t.Parallel()
	path := disttest.Save(t, filepath.Join(t.TempDir(), "x.md"), []byte("a [old] b"))
	for _, c := range []struct {
		from, to, want string
		fails          bool
	}{{"[", "]", "old", false}, {"[", "]", "new", true}, {"<", ">", "old", true}, {"[", ">", "old", true}} {
		r := &recorder{TB: t}
		golden.Part(r, path, c.from, c.to, c.want)
		if (len(r.failures) > 0) != c.fails {
			t.Errorf("%+v: %q", c, r.failures)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "a [old] b" {
		t.Errorf("without -update the file became %q, %v", text, err)
	}
}

func TestGolden_Stable(t *testing.T) {
	t.Parallel()
	text := "judged 2 files by 81 rules in 12 ms"
	if got := golden.Stable(text, golden.Replacement{Pattern: `(\d+) ms`, With: "$1$1 s"}); got != "judged 2 files by N rules in 1212 s" {
		t.Errorf("got %q", got)
	}
}

// TestGolden_Files: one file for each situation, and no other.
func TestGolden_Files(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"a-b.golden", "c.golden"} {
		disttest.Save(t, filepath.Join(folder, name), nil)
	}
	for situations, fails := range map[string]int{"a b,c": 0, "a b": 1, "a b,c,d": 1, "a b,a-b,c": 1} {
		r := &recorder{TB: t}
		golden.Files(r, folder, strings.Split(situations, ","))
		if len(r.failures) != fails {
			t.Errorf("%s: %q", situations, r.failures)
		}
	}
}
