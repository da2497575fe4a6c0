package internal_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme_FrontDoor: who comes to the README sees the step at once, and reads all of it in minutes, in the order in which it is needed.
func TestReadme_FrontDoor(t *testing.T) {
	t.Parallel()
	const mostWords, latestStep = 1900, 20
	text := read(t, readme)
	if words := len(strings.Fields(text)); words > mostWords {
		t.Errorf("the README has %d words, of at most %d", words, mostWords)
	}
	lines := strings.Split(text, "\n")
	step := 1 + slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "uses: ") })
	if step == 0 || step > latestStep || !strings.Contains(lines[step-1], "uses: "+home(t)+"@v1") {
		t.Errorf("the first step is in line %d: it should be this action, in the first %d lines", step, latestStep)
	}
	at := 0
	for _, next := range []string{
		"img.shields.io/github/v/release/", "actions/workflows/ci.yml/badge.svg", "badge/marketplace-", "img.shields.io/github/license/",
		"badge/image-", "uses: " + home(t) + "@v1",
		"> [!IMPORTANT]", "Linux runners only", "Reusable workflows cannot publish", "Private repository?",
		"\n## The workflow\n", "concurrency:", "environment:", "harden-runner",
		"\n## Set up the publisher\n", "The publisher that you have keeps working", "| example |",
		"\n## Migrating\n", "pypa/gh-action-pypi-publish", "`uv publish`, `twine upload`", "an API token",
		"\n## What you get\n", "<picture>", "<picture>",
		"\n## Inputs\n", "\n## Outputs\n", "\n## Recipes\n", "\n## Troubleshooting\n",
	} {
		found := strings.Index(text[at:], next)
		if found < 0 {
			t.Errorf("the README has no %q, or has it too early", next)
			continue
		}
		at += found + len(next)
	}
	pictures := regexp.MustCompile(`<picture>`).FindAllString(text, -1)
	if len(pictures) != 2 {
		t.Errorf("the README has %d pictures: one of a success and one of a failure are enough", len(pictures))
	}
}
