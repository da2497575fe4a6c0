package finding_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

func TestOf(t *testing.T) {
	t.Parallel()
	a := finding.Finding{ID: "a", Severity: finding.Error, Message: "a is wrong", Fix: "mend a"}
	b := finding.Finding{ID: "b", Severity: finding.Warning, Message: "b is odd"}
	plain := errors.New("the disk is full")
	cases := []struct {
		name string
		err  error
		want []string
	}{
		{"nothing", nil, nil},
		{"one", a, []string{"a"}},
		{"wrapped", fmt.Errorf("step: %w", a), []string{"a"}},
		{"joined", errors.Join(a, b), []string{"a", "b"}},
		{"joined inside wrapped", fmt.Errorf("step: %w", errors.Join(b, fmt.Errorf("x: %w", a))), []string{"b", "a"}},
		{"an error nobody explained", plain, []string{finding.Internal}},
		{"nothing is lost beside a finding", errors.Join(a, plain), []string{"a", finding.Internal}},
		{"a wrapped plain error keeps its whole text", fmt.Errorf("step: %w", plain), []string{finding.Internal}},
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

func TestErrorCarriesTheNextStep(t *testing.T) {
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
		{finding.Finding{Severity: finding.Error, File: "dist/a.whl", Message: "no name", Fix: "set one"}, "error: dist/a.whl: no name\n  -> set one"},
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
