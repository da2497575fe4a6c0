package finding_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// TestOf_JoinedText: errors that were joined below a plain error are one line.
func TestOf_JoinedText(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("step: %w", errors.Join(errors.New("the disk is full"), errors.New("the file stays")))
	if got := finding.Of(err); len(got) != 1 || got[0].Message != "step: the disk is full; the file stays" {
		t.Errorf("got %+v", got)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	a := finding.Finding{ID: "a", Severity: finding.Error, Message: "a is wrong", Fix: "mend a"}
	b := finding.Finding{ID: "b", Severity: finding.Warning, Message: "b is odd"}
	plain := errors.New("the disk is full")
	cases := []struct {
		name string
		err  error
		want []finding.ID
	}{
		{"nothing", nil, nil},
		{"one", a, []finding.ID{"a"}},
		{"wrapped", fmt.Errorf("step: %w", a), []finding.ID{"a"}},
		{"joined", errors.Join(a, b), []finding.ID{"a", "b"}},
		{"joined inside wrapped", fmt.Errorf("step: %w", errors.Join(b, fmt.Errorf("x: %w", a))), []finding.ID{"b", "a"}},
		{"an error nobody explained", plain, []finding.ID{finding.Internal}},
		{"nothing is lost beside a finding", errors.Join(a, plain), []finding.ID{"a", finding.Internal}},
		{"a wrapped plain error keeps its whole text", fmt.Errorf("step: %w", plain), []finding.ID{finding.Internal}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := finding.Of(c.err)
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want ids %v", got, c.want)
			}
			for i := range got {
				if got[i].ID != c.want[i] {
					t.Errorf("finding %d is %q, want %q", i, got[i].ID, c.want[i])
				}
			}
		})
	}
	if got := finding.Of(fmt.Errorf("step: %w", plain))[0].Message; got != "step: the disk is full" {
		t.Errorf("message %q", got)
	}
}

// TestExplain gives an unexplained error an id and a next step, and leaves the rest as it is.
func TestExplain(t *testing.T) {
	t.Parallel()
	a := finding.New(finding.NoRelease, "no name", "set one").In("dist/a.whl")
	got := finding.Of(finding.Explain(errors.Join(a, errors.New("the disk is full")), finding.Unreadable, "see that it is whole"))
	want := []finding.Finding{a, finding.New(finding.Unreadable, "the disk is full", "see that it is whole")}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := finding.Explain(nil, finding.Unreadable, "see that it is whole"); err != nil {
		t.Error(err)
	}
}

func TestError_NextStep(t *testing.T) {
	t.Parallel()
	if got := (finding.Finding{Message: "no name", Fix: "set one"}).Error(); got != "no name: set one" {
		t.Error(got)
	}
	if got := (finding.Finding{Message: "no name"}).Error(); got != "no name" {
		t.Error(got)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    finding.Finding
		want string
	}{
		{finding.Finding{Message: "it is odd"}, "notice: it is odd"},
		{
			finding.Finding{Severity: finding.Error, File: "dist/a.whl", Message: "no name", Fix: "set one"},
			"error: dist/a.whl: no name\n  -> set one",
		},
	} {
		if got := strings.Join(c.f.Lines(), "\n"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	if got := finding.Worst(nil); got != finding.Notice {
		t.Error(got)
	}
	all := []finding.Finding{{Severity: finding.Warning}, {Severity: finding.Error}, {Severity: finding.Notice}}
	if got := finding.Worst(all); got.String() != "error" {
		t.Error(got)
	}
}
