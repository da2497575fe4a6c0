package report_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// summaryOf is the job summary of what happened.
func summaryOf(t *testing.T, events []ledger.Event) string {
	t.Helper()
	p := &page{}
	recorder := ledger.NewRecorder(nil)
	for _, event := range events {
		recorder.Record(event)
	}
	r := report.New(p,
		report.Options{Help: func(id finding.ID) string { return "https://example.org/docs/troubleshooting.md#" + string(id) }})
	if err := r.Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	return p.summary.String()
}

// TestSummary_ThousandsOfFiles stays below what the runner takes, and is whole where it is cut.
func TestSummary_ThousandsOfFiles(t *testing.T) {
	long.Only(t)
	t.Parallel()
	const limit = 1 << 20
	for _, n := range []int{2000, 5000} {
		var files []ledger.File
		for i := range n {
			name := fmt.Sprintf(
				"my_project-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.%d-%s.whl", i, strings.Repeat("long_name", 12),
			)
			files = append(files, file(name, ledger.ActionPresent))
		}
		events := slices.Concat(opening(files...), identified())
		for i := range n {
			events = append(events, signed(files[i].Name, true)[1:]...)
		}
		for i := range 600 { // more than there is room for
			events = append(events, ledger.Noted{Finding: finding.Finding{
				ID: "x", Severity: finding.Warning, File: files[i].Path, Message: fmt.Sprint(i, strings.Repeat("|", 2000)),
				Fix: strings.Repeat("<", i%500),
			}})
		}
		text := summaryOf(t, append(events, ledger.Ended{At: noon.Add(time.Minute)}))
		if len(text) > limit {
			t.Errorf("%d files make %d bytes", n, len(text))
		}
		onlyOwnElements(t, text)
		if !strings.Contains(text, " more, in the log") || !strings.Contains(text, "pypi-attestations verify") {
			t.Error("what is left out is not counted, or there is no room for the commands")
		}
	}
	// Without findings there is room for every one of two thousand.
	var files []ledger.File
	for i := range 2000 {
		files = append(
			files,
			file(fmt.Sprintf("my_project-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.%d.whl", i), ledger.ActionPresent),
		)
	}
	text := summaryOf(t, opening(files...))
	if rows := wholeTables(t, text)["File"]; len(text) > limit || rows != 2000 {
		t.Errorf("%d rows of 2000 in %d bytes", rows, len(text))
	}
}

// TestSummary_ChartTicks: a chart has few lines, and its times are of one clock.
func TestSummary_ChartTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took time.Duration
		want string
	}{
		{time.Millisecond, "tickInterval 1millisecond"},
		{90 * time.Millisecond, "tickInterval 20millisecond"},
		{1300 * time.Millisecond, "tickInterval 200millisecond"},
		{4 * time.Second, "axisFormat %-S.%L s"},
		{5 * time.Second, "tickInterval 1second"},
		{time.Minute, "tickInterval 10second"},
		{5 * time.Minute, "tickInterval 1minute"},
		{59 * time.Minute, "tickInterval 10minute"},
		{4 * time.Hour, "tickInterval 30minute"},
		{24 * time.Hour, "tickInterval 1hour"},
	} {
		text := summaryOf(t, append(opening(), ledger.Ended{At: noon.Add(c.took)}))
		onlyOwnElements(t, text)
		if !strings.Contains(text, "    "+c.want+"\n") {
			t.Errorf("%v: no %q in\n%s", c.took, c.want, text)
		}
	}
}

// TestSummary_OneMessageManyFiles share its row, however long their paths are, and those that it does not name are counted.
func TestSummary_OneMessageManyFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message func(n int) string
		left    string
	}{
		{
			func(int) string { return "it cannot be read" },
			" and 175 more, in the log<br>it cannot be read<br>**What to do:** build it again",
		},
		{func(n int) string { return fmt.Sprintf("it cannot be read: %d", n) }, " more, in the log<br>**What to do:** build it again"},
	} {
		events := opening()
		for n := range 200 {
			events = append(events, ledger.Noted{Finding: finding.Finding{
				ID:       "x",
				Severity: finding.Error,
				File:     strings.Repeat("@", 3000) + fmt.Sprint(n),
				Message:  c.message(n),
				Fix:      "build it again",
			}})
		}
		text := summaryOf(t, append(events, ledger.Ended{At: noon.Add(time.Second)}))
		onlyOwnElements(t, text)
		if len(text) > 400<<10 || strings.Count(text, c.left) != 1 {
			t.Errorf("%d bytes, or no %q", len(text), c.left)
		}
	}
}

// TestSummary_OmittedCounted: the causes that the summary has and those that it causesShown are all of them.
func TestSummary_OmittedCounted(t *testing.T) {
	t.Parallel()
	const causes, files = 300, 3
	var events []ledger.Event
	for n := range causes * files {
		// The files of one cause do not follow each other.
		events = append(events, ledger.Noted{Finding: finding.Finding{
			ID: "x", Severity: finding.Error, File: fmt.Sprintf("dist/%s-%03d.whl", strings.Repeat("n", 200), n),
			Message: fmt.Sprintf("cause %d ", n%causes) + strings.Repeat("m", 1900), Fix: "build it again",
		}})
	}
	text := summaryOf(t, events)
	left := regexp.MustCompile(`… and ([0-9]+) more, in the log`).FindStringSubmatch(text)
	named := len(regexp.MustCompile(`<code>dist/`).FindAllString(text, -1))
	causesShown := len(regexp.MustCompile(`<br>cause [0-9]+ `).FindAllString(text, -1))
	if len(left) != 2 || fmt.Sprint(causes-causesShown) != left[1] || named != causesShown*files {
		t.Errorf("%d are shown of %d, for %d files, and %q are left", causesShown, causes, named, left)
	}
}

// TestSummary_NextStep is the publisher's own where its values stand in a table below; without a table it has them itself.
func TestSummary_NextStep(t *testing.T) {
	t.Parallel()
	unmatched := needed("", false)
	unmatched.Next = "remove the publisher and add it again"
	for _, c := range []struct {
		events []ledger.Event
		want   string
	}{
		{[]ledger.Event{ledger.Noted{Finding: noPublisher}}, "must say owner o"},
		{
			[]ledger.Event{ledger.Unmatched{Publisher: unmatched}, ledger.Noted{Finding: noPublisher}},
			"remove the publisher and add it again",
		},
	} {
		if text := summaryOf(t, c.events); !strings.Contains(text, "**What to do:** ") || !strings.Contains(text, c.want) {
			t.Errorf("no %q in\n%s", c.want, text)
		}
	}
}

// everywhere is a run with a text in every place that others may fill.
func everywhere(text string) []ledger.Event {
	files := []ledger.File{
		file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionUpload), file("x.zip", ledger.ActionPresent),
		file("y.zip", ledger.ActionSkip),
	}
	for i := range files {
		f := &files[i]
		f.Path, f.Name, f.Version, f.SHA256, f.IndexDigest = text+f.Path, text+f.Name, text, text+f.SHA256, text
	}
	releases := release()
	releases[0].Name, releases[0].Version, releases[0].URL = text, text, "https://index.example/project/"+text
	releases = append(
		releases, ledger.Release{Release: pep.Release{Project: "other", Version: "2"}, Name: "other" + text, Version: text, URL: text},
	)
	problem := func(severity finding.Severity, id finding.ID, in string) finding.Finding {
		return finding.Finding{ID: id, Severity: severity, File: in, Message: text + in, Fix: text}
	}
	claim := ledger.Claim{Field: text, Claimed: text, Wanted: text, Note: text}
	attestation := ledger.Attestation{Predicate: text, Identity: text, LogIndex: 1, LogURL: "https://log.example/?" + text}
	return []ledger.Event{
		ledger.Began{At: noon, Index: text, IndexName: text, Auth: text},
		ledger.Phase{At: noon, Name: "Collect"},
		ledger.Phase{At: noon, Name: "Check"},
		ledger.Checked{Files: 4},
		ledger.Compared{Releases: []ledger.Comparison{
			{Name: text, Version: text, Before: text, Differences: []ledger.Difference{
				{What: "sdist", Before: text, Now: text, Severity: "notice"},
			}},
			{Name: text, Version: text, Before: text},
		}},
		ledger.Phase{At: noon, Name: "Plan"},
		ledger.Planned{Files: files, Releases: releases},
		ledger.Phase{At: noon.Add(time.Second), Name: "Identify"},
		ledger.Identified{
			Identity: ledger.Identity{Repository: text, Workflow: text, Environment: text, Ref: text, Event: text, Audience: text},
		},
		ledger.Attested{File: files[0].Name, Attestation: attestation},
		ledger.Minted{At: noon, Restricted: true, Projects: []string{text, text}, Expires: noon},
		ledger.Phase{At: noon.Add(2 * time.Second), Name: "Upload"},
		ledger.Uploaded{File: files[0].Name},
		ledger.Rejected{File: files[1].Name, Finding: problem(finding.Error, "refused", text)},
		ledger.Unmatched{
			Publisher: ledger.Publisher{
				Finding: finding.InvalidPublisher,
				Claims:  []ledger.Claim{claim, {Field: text, Wanted: text, Note: "`" + text}},
				Pages:   []ledger.PublisherPage{{Project: text, Page: "https://index.example/?" + text}, {Project: text, New: true}},
				Next:    text,
			},
		},
		ledger.Noted{Finding: problem(finding.Error, "invalid-publisher", "")},
		ledger.Noted{Finding: problem(finding.Warning, "a", "dist/"+text)},
		ledger.Noted{Finding: problem(finding.Warning, "a", "dist/"+text)},
		ledger.Noted{Finding: problem(finding.Notice, "b", "")},
		ledger.Unrestricted{Reason: text},
		ledger.Attached{Outcome: ledger.ReleaseAttached, Assets: 2, Wanted: 2, Page: "https://releases.example/" + text},
		ledger.Ended{At: noon.Add(3 * time.Second)},
	}
}

// hostile are texts that mean something to a renderer.
func hostile() []string {
	return []string{
		"", " ", "x", "|", "||\n| a | b |", "\\|", "\\", "`", "```", "```mermaid\ngantt\n", "a`b`c`d", "`|`", "``|``", "~~~\n",
		"\n\n# x\n\n", "\r\n\r\n***\r\n", "x\n===\n",
		"<", ">", "<script>x</script>", "</code></details></pre>", "</pre>\n\n<img src=x onerror=y>", "<!--", "-->", "<!-- -->",
		"<![CDATA[", "<?x", "&lt;img&gt;", "&#60;b&#62;", "&amp;", "&", "&#",
		"[x](javascript:y)", "![x](https://evil.example/p.png)", "[x]: https://evil.example", "[^1]", "https://evil.example",
		"//evil.example", "HTTP://EVIL.EXAMPLE", "www.evil.example", "wWw.evil.example",
		"someone@evil.example", "@octocat", "mailto:a@b.example", "xmpp:a@b.example/x", "*b* _i_ ~~s~~ **x**", "- x", "1. x", "> x",
		"    x", "\t", "\x00", "\x1b[31m", "\u202egnp.exe", "\u2028x", "\u0085", "\u00a0",
		"\xff\xfe", "é漢🙂\ufe0f", "\"><b>", "' onmouseover='x", "x; y", "%%{init: {}}%%", "$x^2$", ":octocat:", "#1", "GH-1", "o/r#1",
	}
}

// FuzzSummary: for any text from outside, the summary has our elements, tables and charts alone.
func FuzzSummary(f *testing.F) {
	texts := hostile()
	if !testing.Short() { // a page of each takes as long as those of all others
		texts = append(
			texts, strings.Repeat("|", 3000), strings.Repeat("`", 2001), strings.Repeat("漢", 1000), "x"+strings.Repeat("\U0010FFFF", 1000),
		)
	}
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		onlyOwnElements(t, summaryOf(t, everywhere(text)))
	})
}

// TestGolden_HostileText keeps what all of them together become, for a real renderer to show (.ci/pictures).
func TestGolden_HostileText(t *testing.T) {
	t.Parallel()
	text := "--- summary\n" + summaryOf(t, everywhere(strings.Join(hostile(), " x\n")))
	onlyOwnElements(t, text)
	golden.Equal(t, golden.Path("testdata", "hostile everywhere"), text)
}

var (
	ourTags  = regexp.MustCompile(`<(/?)(code|details|summary|pre|a)( href="https?://[^"<>\s\\|` + "`" + `]*")?>|<br>`)
	apart    = "<!-- -->"
	refs     = regexp.MustCompile(`&#[0-9]+;|&nbsp;`)
	mention  = regexp.MustCompile(`@[^\x00]`)
	ourMarks = strings.NewReplacer("**What to do:**", "", "### ", "")
	inChart  = regexp.MustCompile(
		`^(%%\{init: [^\x60]*\}%%|gantt|    (dateFormat x|axisFormat [-%A-Z:. a-z]+|tickInterval [0-9]+[a-z]+|todayMarker off|` +
			`section [A-Z][A-Za-z ]+|([0-9]+ min )?[0-9.]+ m?s :[0-9]+, [0-9]+))$`)
)

// onlyOwnElements fails where Markdown has anything but what we build it of: elements, links, tables and charts.
func onlyOwnElements(t *testing.T, markdown string) {
	t.Helper()
	wholeTables(t, markdown)
	if !utf8.ValidString(markdown) {
		t.Errorf("not UTF-8: %q", markdown)
	}
	fenced := false
	var open []string
	for line := range strings.SplitSeq(markdown, "\n") {
		if line == "```mermaid" || (fenced && line == "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			if !inChart.MatchString(line) {
				t.Errorf("in the chart: %q", line)
			}
			continue
		}
		before := len(open)
		open = nested(t, open, line)
		if strings.HasPrefix(line, "|") && len(open) != before {
			t.Errorf("a row leaves %v open: %q", open, line)
		}
		message := strings.ReplaceAll(ourTags.ReplaceAllString(line, ""), apart, "\x00")
		shown := strings.ToLower(html.UnescapeString(message))
		if strings.Contains(shown, "://") || strings.Contains(shown, "www.") || mention.MatchString(shown) {
			t.Errorf("it becomes a link: %q", line)
		}
		message = refs.ReplaceAllString(strings.ReplaceAll(message, "\x00", ""), "")
		message = ourMarks.Replace(message)
		i := strings.IndexFunc(strings.Trim(message, "|"),
			func(c rune) bool { return strings.ContainsRune("<>&`*_~#[]{}!\\^$@", c) || unicode.IsControl(c) })
		if i >= 0 {
			t.Errorf("it is not escaped: %q of %q", message, line)
		}
	}
	if fenced || len(open) > 0 {
		t.Errorf("at the end there are open: %v, a fence: %v", open, fenced)
	}
}

// nested follows the elements that a line opens and closes.
func nested(t *testing.T, open []string, line string) []string {
	t.Helper()
	for _, tag := range ourTags.FindAllStringSubmatch(line, -1) {
		switch name := tag[2]; {
		case name == "": // a line break
		case tag[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Errorf("%s closes nothing: %q", tag[0], line)
		default:
			open = open[:len(open)-1]
		}
	}
	return open
}
