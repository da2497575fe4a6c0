package internal_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// references is the folder of the pages that comments cite.
const references = "../docs/reference"

// refPage holds what can be cited of a page of docs/reference.
type refPage struct {
	sections map[string]bool
	rows     map[int]bool            // those with an anchor: numbered through the page
	own      map[string]map[int]bool // of each section: the numbers of its tables and lists, and of those of its sub-sections
}

var (
	numberedHeading = regexp.MustCompile(`^#{2,6} (\d+(?:\.\d+)*)\.? `)
	numberedRow     = regexp.MustCompile(`^(?:\| (?:<a id="row-(\d+)"></a>)?(\d+) \||(\d+)\. )`)
)

// parseReference returns what a page offers, and what is wrong with its own numbers.
func parseReference(text string) (refPage, []string) {
	p := refPage{sections: map[string]bool{}, rows: map[int]bool{}, own: map[string]map[int]bool{}}
	var faults []string
	section := ""
	for line := range strings.Lines(withoutCode(text)) {
		if heading := numberedHeading.FindStringSubmatch(line); heading != nil {
			section = heading[1]
			if p.sections[section] {
				faults = append(faults, "two headings have the number "+section)
			}
			p.sections[section] = true
			continue
		}
		row := numberedRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		number, _ := strconv.Atoi(row[2] + row[3])
		if row[1] != "" {
			if row[1] != row[2] || p.rows[number] {
				faults = append(faults, "row "+row[2]+" has the anchor of another row, or stands twice")
			}
			p.rows[number] = true
		}
		for at := section; at != ""; at, _, _ = cutLast(at, ".") {
			if p.own[at] == nil {
				p.own[at] = map[int]bool{}
			}
			p.own[at][number] = true
		}
	}
	return p, faults
}

// cutLast splits text at the last separator. Without one nothing is before it.
func cutLast(text, separator string) (before, after string, found bool) {
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[:at], text[at+len(separator):], true
	}
	return "", text, false
}

// referencePages returns the pages of docs/reference by name.
func referencePages(t *testing.T) map[string]refPage {
	t.Helper()
	files, err := filepath.Glob(references + "/*.md")
	if err != nil || len(files) < 4 {
		t.Fatalf("%s has %d pages: %v", references, len(files), err)
	}
	all := map[string]refPage{}
	for _, file := range files {
		parsed, faults := parseReference(read(t, file))
		for _, fault := range faults {
			t.Errorf("%s: %s", file, fault)
		}
		all[filepath.Base(file)] = parsed
	}
	return all
}

const numbers = `\d+(?:(?:, and|, or| and| or| to|,) \d+)*`

var (
	citation = regexp.MustCompile(`(?:docs/reference/|\]\((?:\.\./)*(?:docs/)?(?:reference/)?)([a-z0-9-]+\.md)\)?` + // a page
		`|§(\d+(?:\.\d+)*)(?: rows? (` + numbers + `))?` + // a section of it, or rows of the section
		`|\b[Rr]ows? (` + numbers + `)`) // rows that are numbered through the page
	joined    = regexp.MustCompile(`^(?: |, | and |, and | or | to )$`)
	bare      = regexp.MustCompile(`(?:\b(RFC|PEP) \d+,? )?\b(?:[Ss]ections?|[Rr]eference,?) \d`)
	bareNames = regexp.MustCompile(`(?:^|[^\w/(-])((?:pypi-server|attestations|runner)\.md)\b`)
)

// passage is a comment, or a paragraph of a page, as one text without line ends.
type passage struct{ place, text string }

// citations finds the citations in the passages of one file, in their order, and returns how many there are and what is wrong with
// them. own is the page that the file is, where it is one of docs/reference.
func citations(passages []passage, known map[string]refPage, own string) (count int, faults []string) {
	passages = slices.DeleteFunc(passages, func(p passage) bool { // most comments
		return !strings.Contains(p.text, ".md") && !strings.ContainsAny(p.text, "0123456789")
	})
	named := map[string]bool{}
	for _, p := range passages {
		for _, found := range citation.FindAllStringSubmatch(p.text, -1) {
			if _, ok := known[found[1]]; ok && found[1] != "README.md" {
				named[found[1]] = true
			}
		}
	}
	seen := own != "" // the page has been named
	for _, p := range passages {
		text := p.text
		complain := func(format string, args ...any) { faults = append(faults, p.place+": "+fmt.Sprintf(format, args...)) }
		for _, found := range bare.FindAllStringSubmatch(text, -1) {
			if found[1] == "" {
				complain("%q: write the page and §, as docs/reference/README.md says", found[0])
			}
		}
		if found := bareNames.FindStringSubmatch(text); found != nil && own == "" {
			complain("%s without its folder", found[1])
		}
		page, end := "", 0 // of the citation before, where this one is joined to it
		for _, at := range citation.FindAllStringSubmatchIndex(text, -1) {
			group := func(n int) string {
				if at[2*n] < 0 {
					return ""
				}
				return text[at[2*n]:at[2*n+1]]
			}
			if !joined.MatchString(text[end:at[0]]) {
				page = ""
			}
			end = at[1]
			if name := group(1); name != "" {
				page = ""
				if _, ok := known[name]; ok {
					page, seen = name, true
				} else if strings.HasPrefix(text[at[0]:], "docs/reference/") {
					complain("there is no docs/reference/%s", name)
				}
				continue
			}
			count++
			what, from := text[at[0]:at[1]], page
			switch {
			case from != "":
			case own != "":
				from = own
			case len(named) > 1:
				complain("%s: the file cites several pages: name this one's", what)
				continue
			case len(named) == 0 || !seen:
				complain("%s: no page is named before it", what)
				continue
			default:
				from = slices.Collect(maps.Keys(named))[0]
			}
			section, rows := group(2), group(3)+group(4)
			has := known[from].rows
			if section != "" {
				if has = known[from].own[section]; !known[from].sections[section] {
					complain("%s has no section %s", from, section)
				}
			}
			for _, row := range listed(rows) {
				if !has[row] {
					complain("%s: %s has no such row: %d", what, from, row)
				}
			}
		}
	}
	return count, faults
}

// listed returns the numbers of a list such as "81 to 83, 85 and 94".
func listed(list string) []int {
	var all []int
	for _, found := range regexp.MustCompile(`(to |-)?(\d+)`).FindAllStringSubmatch(list, -1) {
		number, _ := strconv.Atoi(found[2])
		for first := number; found[1] != "" && len(all) > 0 && all[len(all)-1]+1 < number && first == number; {
			all = append(all, all[len(all)-1]+1)
		}
		all = append(all, number)
	}
	return all
}

// goFiles returns the paths of all Go files of the repository.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "testdata", "node_modules"}, entry.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d Go files: %v", len(files), err)
	}
	return files
}

// commentsOf returns the comments of a file, each group as one passage.
func commentsOf(source goSource) []passage {
	var passages []passage
	for _, group := range source.tree.Comments {
		var phrases []string
		for _, comment := range group.List {
			text := strings.TrimSuffix(strings.TrimPrefix(comment.Text, "/*"), "*/")
			phrases = append(phrases, strings.Fields(strings.TrimPrefix(text, "//"))...)
		}
		passages = append(passages, passage{source.set.Position(group.Pos()).String(), strings.Join(phrases, " ")})
	}
	return passages
}

// TestCitations holds every citation of docs/reference in a comment or on a page: the page is named, and it has the section or row.
func TestCitations(t *testing.T) {
	t.Parallel()
	known := referencePages(t)
	total := 0
	check := func(own string, passages []passage) {
		count, faults := citations(passages, known, own)
		total += count
		for _, fault := range faults {
			t.Error(fault)
		}
	}
	for _, file := range goFiles(t) {
		source, err := sourceOf(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) != "citations_test.go" { // it has wrong ones
			check("", commentsOf(source))
		}
	}
	inGo := total
	for _, page := range pages(t) {
		own := ""
		if filepath.Dir(page) == references {
			own = filepath.Base(page)
		}
		if own != "README.md" { // it explains the form
			var paragraphs []passage
			for paragraph := range strings.SplitSeq(withoutCode(read(t, page)), "\n\n") {
				paragraphs = append(paragraphs, passage{page, strings.Join(strings.Fields(paragraph), " ")})
			}
			check(own, paragraphs)
		}
	}
	if inGo < 200 || total < inGo+50 {
		t.Errorf("only %d citations in comments and %d on pages: the test reads the wrong files", inGo, total-inGo)
	}
}

// TestCitations_RowNames holds the names that the test index and its tests give to rules: section and rows of pypi-server.md, as in
// "2.8/81-83".
func TestCitations_RowNames(t *testing.T) {
	t.Parallel()
	known := referencePages(t)["pypi-server.md"]
	name := regexp.MustCompile(`^"(\d+\.\d+(?:\.\d+)*)/(\d+(?:[-,]\d+)*)(?:"| )`)
	count := 0
	for _, file := range goFiles(t) {
		if !strings.Contains(filepath.ToSlash(file), "/fakepypi/") {
			continue
		}
		source, err := sourceOf(file)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source.tree, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok {
				return true
			}
			if found := name.FindStringSubmatch(text.Value); found != nil {
				count++
				for _, row := range listed(found[2]) {
					if !known.own[found[1]][row] {
						t.Errorf("%s: section %s of pypi-server.md has no row %d", source.set.Position(text.Pos()), found[1], row)
					}
				}
			}
			return true
		})
	}
	if count < 150 {
		t.Errorf("only %d names were found", count)
	}
}

// TestCitations_Forms holds what the tests above accept.
func TestCitations_Forms(t *testing.T) {
	t.Parallel()
	one, faults := parseReference("## 1. One\n### 1.1 Rules\n| <a id=\"row-3\"></a>3 | x |\n| <a id=\"row-4\"></a>4 | x |\n| 9 | x |\n" +
		"## 2. Steps\n1. a\n2. b\n```\n## 7. Code\n```\n")
	if len(faults) > 0 {
		t.Error(faults)
	}
	two, _ := parseReference("## 5. Five\n")
	known := map[string]refPage{"one.md": one, "two.md": two}
	for text, want := range map[string]int{
		"docs/reference/one.md §1.1":                          0,
		"docs/reference/one.md §1 and §1.1, then §2":          0,
		"docs/reference/one.md row 3, and rows 3 to 4":        0,
		"docs/reference/one.md rows 3 and 4":                  0,
		"docs/reference/one.md §2 row 2, §1.1 row 9":          0,
		"docs/reference/one.md §1.1 and row 3":                0,
		"[here](reference/one.md) §1.1":                       0,
		"docs/reference/one.md §1, docs/reference/two.md §5":  0,
		"RFC 9110, section 10.2 and PEP 508 section 3":        0,
		"in a row; rows of a table; a section":                0,
		"docs/reference/one.md §1.2":                          1, // no such section
		"docs/reference/one.md §7":                            1, // in a block of code
		"docs/reference/one.md row 5":                         1, // no such row
		"docs/reference/one.md row 9":                         1, // not numbered through the page
		"docs/reference/one.md rows 3 to 5":                   1,
		"docs/reference/one.md §2 row 3":                      1,
		"docs/reference/three.md §1":                          2, // no such page, so none is named
		"§1.1":                                                1, // no page
		"row 3":                                               1,
		"as told (reference 1.1)":                             1,
		"see section 1.1":                                     1,
		"§1.1 of docs/reference/one.md":                       1, // named behind
		"docs/reference/one.md §1; docs/reference/two.md; §1": 1, // of which?
		"docs/reference/two.md §5 row 1":                      1,
		"runner.md":                                           1,
	} {
		if _, faults := citations([]passage{{text: text}}, known, ""); len(faults) != want {
			t.Errorf("%q: %d faults, want %d: %q", text, len(faults), want, faults)
		}
	}
	if count, faults := citations([]passage{{text: "§5"}, {text: "[one](one.md) §2, §1"}}, known, "two.md"); count != 3 || len(faults) > 0 {
		t.Errorf("a page that cites itself and another: %d, %q", count, faults)
	}
	for text, want := range map[string]int{"## 1. A\n## 1. B\n": 1, "## 1. A\n| <a id=\"row-1\"></a>2 | x |\n": 1} {
		if _, faults := parseReference(text); len(faults) != want {
			t.Errorf("%q: %q", text, faults)
		}
	}
	if got := listed("81 to 83, 85 and 94"); !slices.Equal(got, []int{81, 82, 83, 85, 94}) {
		t.Error(got)
	}
	if got := listed("65-67,70"); !slices.Equal(got, []int{65, 66, 67, 70}) {
		t.Error(got)
	}
}
