package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// annotations collects the annotations of a report.
type annotations struct{ shown []finding.Finding }

func (*annotations) Line(string)                  {}
func (*annotations) Group(string) func()          { return func() {} }
func (*annotations) Output(_, _ string) error     { return nil }
func (*annotations) Summary(string) error         { return nil }
func (a *annotations) Annotate(f finding.Finding) { a.shown = append(a.shown, f) }

// TestHelp_EveryFinding: the annotation of every finding leads to a place that is there, in the repository and version that runs.
func TestHelp_EveryFinding(t *testing.T) {
	t.Parallel()
	var ids []finding.ID
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			ids = append(ids, d.ID)
		}
	}
	for _, rule := range preflight.Rules() {
		ids = append(ids, rule.ID)
	}
	if len(ids) < 200 {
		t.Fatalf("%d findings", len(ids))
	}
	env := map[string]string{"GITHUB_ACTION_REPOSITORY": "some/fork", "GITHUB_ACTION_REF": "v1.2.3"}
	w := Process{Getenv: func(name string) string { return env[name] }}
	pages := map[string]string{}
	for _, id := range ids {
		shown := &annotations{}
		receipt := ledger.Receipt{Findings: []finding.Finding{{ID: id, Message: "it is so"}}}
		err := report.New(shown, report.Options{Help: w.help}).Close(receipt)
		if err != nil || len(shown.shown) != 1 {
			t.Fatalf("%s: %v, %d annotations", id, err, len(shown.shown))
		}
		page, anchor, ok := strings.Cut(strings.TrimPrefix(shown.shown[0].Fix, "more: https://github.com/some/fork/blob/v1.2.3/"), "#")
		if !ok || pages[page] == "" {
			text, err := os.ReadFile("../../" + page)
			if err != nil {
				t.Fatalf("%s leads to %q: %v", id, shown.shown[0].Fix, err)
			}
			pages[page] = string(text)
		}
		named := slices.ContainsFunc([]string{`<a id="%s"></a>`, "\n## %s\n", "\n### %s\n", "\n### `%s`\n"}, func(place string) bool {
			return strings.Contains(pages[page], fmt.Sprintf(place, anchor))
		})
		if !named {
			t.Errorf("%s leads to %s, which has no place %s", id, page, anchor)
		}
	}
	expect.Equal(t, "the pages", len(pages), 2)
}
