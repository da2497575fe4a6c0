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

// withoutCode returns a page without its blocks of code, in which neither links nor headings are meant.
func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(text, "")
}

// anchors are the places in a page that a link can name: its headings, as GitHub makes them, and named elements.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`).FindAllStringSubmatch(withoutCode(text), -1) {
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

// links finds where a page leads: links with their title, definitions of links, and elements of HTML.
var links = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?m:^ {0,3}\[[^\]]+\]: +<?([^\s>]+))|<a\s[^>]*href="([^"]*)"`)

// TestDocs_Links holds every link of the documentation that stays in the repository: it leads to a file, and to a heading of it where it
// names one.
func TestDocs_Links(t *testing.T) {
	t.Parallel()
	count := 0
	headings := map[string]map[string]bool{} // by page
	for _, page := range pages(t) {
		text := withoutCode(read(t, page))
		text = regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			link[1] += link[2] + link[3]
			target, anchor, named := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") {
				continue // the web, a mailbox
			}
			count++
			at := page
			if target != "" {
				at = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(at); err != nil {
				t.Errorf("%s: %s leads nowhere", page, link[1])
				continue
			}
			if !named || !strings.HasSuffix(at, ".md") {
				continue
			}
			if headings[at] == nil {
				headings[at] = anchors(read(t, at))
			}
			if !headings[at][anchor] {
				t.Errorf("%s: %s names no heading of %s", page, link[1], at)
			}
		}
	}
	if count == 0 {
		t.Error("no link was found: the test reads the wrong files")
	}
}

// TestDocs_Anchors is how GitHub names headings.
func TestDocs_Anchors(t *testing.T) {
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

// TestDocs_LinkForms is what counts as a link.
func TestDocs_LinkForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"see [a](x.md#y)":      "x.md#y",
		`[a](x.md "a title")`:  "x.md",
		"[a](<x.md>)":          "x.md",
		"[a]: x.md":            "x.md",
		`<a href="x.md">a</a>`: "x.md",
		"[a] (x.md), a[0](":    "",
	} {
		got := ""
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			got += link[1] + link[2] + link[3]
		}
		if got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

// TestDocs_InvisibleCharacters holds pages and examples free of characters that a reader cannot see.
func TestDocs_InvisibleCharacters(t *testing.T) {
	t.Parallel()
	files := pages(t)
	for _, pattern := range []string{"../docs/*.json", "../docs/examples/*", "../.github/*.yml", "../.github/*/*"} {
		more, err := filepath.Glob(pattern)
		if err != nil || len(more) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		for number, line := range strings.Split(read(t, file), "\n") {
			if hidden := invisible(line); hidden != "" {
				t.Errorf("%s:%d has %q", file, number+1, hidden)
			}
		}
	}
	if got := invisible("a\x1fb\u200bc\u00a0보기—§\U0001f600"); got != "\x1f\u200b" {
		t.Errorf("got %q", got)
	}
}

// invisible returns the control characters, the characters that only format, and what is not UTF-8, of a line.
func invisible(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return r
		}
		return -1
	}, line)
}
