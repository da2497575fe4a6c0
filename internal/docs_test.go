package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// pages are all pages of Markdown of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".md"):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// prose is a page without its blocks of code, in which neither links nor headings are meant.
func prose(text string) string {
	return regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(text, "")
}

// anchors are the places in a page that a link can name: its headings, as GitHub makes them, and named elements.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`).FindAllStringSubmatch(prose(text), -1) {
		plain := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, plain)
		all[slug] = true
	}
	for _, name := range regexp.MustCompile(`(?:id|name)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		all[name[1]] = true
	}
	return all
}

// TestPages holds every link of the documentation that stays in the repository: it leads to a file, and to a heading of it where it
// names one.
func TestPages(t *testing.T) {
	t.Parallel()
	links := 0
	for _, page := range pages(t) {
		text := prose(read(t, page))
		text = regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			target, anchor, named := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") {
				continue // the web, a mailbox
			}
			links++
			at := page
			if target != "" {
				at = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(at); err != nil {
				t.Errorf("%s: %s leads nowhere", page, link[1])
				continue
			}
			if named && strings.HasSuffix(at, ".md") && !anchors(read(t, at))[anchor] {
				t.Errorf("%s: %s names no heading of %s", page, link[1], at)
			}
		}
	}
	if links == 0 {
		t.Error("no link was found: the test looks in the wrong place")
	}
}

// TestAnchors is how GitHub names headings.
func TestAnchors(t *testing.T) {
	t.Parallel()
	got := anchors("# A `b` & c: d!\n## [Link](x.md) here\n```\n# no heading\n```\n### 업로드 토큰의 수명\n<a id=\"own\"></a>\n")
	for _, want := range []string{"a-b--c-d", "link-here", "업로드-토큰의-수명", "own"} {
		if !got[want] {
			t.Errorf("no %s in %v", want, got)
		}
	}
	if len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
