//go:build bench

package bench_test

import (
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pageFile    = root + "/docs/performance.md"
	recordsFile = "testdata/recorded.tsv"
	theMachine  = "machine"
)

// entry is one line of the file of records: what one program took on a day. Figures are compared only with others of the same day.
type entry struct {
	day, who, row, figure string
	value                 float64
}

// records are figures that were measured earlier, and the comments at the head of their file.
type records struct {
	head    string
	entries []entry
}

func readRecords() (*records, error) {
	text, err := os.ReadFile(recordsFile)
	if err != nil {
		return nil, err
	}
	var r records
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			r.head += line
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 5 {
			return nil, fmt.Errorf("%s: %q has not 5 fields", recordsFile, line)
		}
		value, err := strconv.ParseFloat(fields[4], 64)
		if err != nil {
			return nil, err
		}
		r.entries = append(r.entries, entry{fields[0], fields[1], fields[2], fields[3], value})
	}
	return &r, nil
}

// save writes the file anew.
func (r *records) save() error {
	var b strings.Builder
	b.WriteString(r.head)
	for _, e := range r.entries {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", e.day, e.who, e.row, e.figure, strconv.FormatFloat(e.value, 'g', 4, 64))
	}
	return os.WriteFile(recordsFile, []byte(b.String()), 0o644)
}

// replace puts what was measured of [before] in the place of what was there of the same rows, but for what is of a day with a peer.
func (r *records) replace(results []result) {
	day, withPeers := time.Now().UTC().Format(time.DateOnly), map[string]bool{}
	for _, e := range r.entries {
		if e.who != before && e.who != theMachine {
			withPeers[e.day] = true
		}
	}
	set := func(who, row, figure string, value float64) {
		r.entries = slices.DeleteFunc(r.entries, func(e entry) bool {
			return e.who == who && e.row == row && e.figure == figure && !withPeers[e.day]
		})
		r.entries = append(r.entries, entry{day, who, row, figure, value})
	}
	set(theMachine, "calibration", cpu, calibrated())
	for _, result := range results {
		for _, l := range result.row.lines {
			if value := median(result.other, l.figure); value > 0 {
				set(before, result.row.name, l.figure, value)
			}
		}
	}
}

// value returns the latest value, or 0.
func (r *records) value(who, row, figure string) (value float64) {
	for _, e := range r.entries {
		if e.who == who && e.row == row && e.figure == figure {
			value = e.value
		}
	}
	return value
}

// ratio returns how many times as much as [before] a peer took on the same day, or 0 if nothing of it is recorded.
func (r *records) ratio(who, row, figure string) float64 {
	for _, e := range r.entries {
		if e.who != who || e.row != row || e.figure != figure {
			continue
		}
		for _, other := range r.entries {
			if other.day == e.day && other.who == before && other.row == row && other.figure == figure {
				return e.value / other.value
			}
		}
	}
	return 0
}

// calibrated returns the processor seconds of a piece of work that is the same on every machine: half of it hashes, half unpacks.
func calibrated() float64 {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // the level is a valid one
	for i := range 1 << 20 {
		_, _ = fmt.Fprint(w, i*i%100_003, " ") // to memory
	}
	_ = w.Close()
	block := make([]byte, 1<<20)
	var all []float64
	for range 5 {
		var began, ended syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &began) // it fails for no one
		sum := sha256.New()
		for range 128 {
			_, _ = sum.Write(block)
		}
		for range 2 {
			_, _ = io.Copy(io.Discard, flate.NewReader(bytes.NewReader(packed.Bytes())))
		}
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ended)
		all = append(all, float64(ended.Utime.Nano()+ended.Stime.Nano()-began.Utime.Nano()-began.Stime.Nano())/1e9)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// table is how results are shown.
type table struct {
	records  *records
	programs *programs
	speed    float64 // how much longer processor seconds are here than where the records were made
}

// about says when and where the measurements were made.
func (t table) about() string {
	var versions []string
	for _, command := range [][]string{{"uv", "--version"}, {"twine", "--version"}, {"openssl", "version"}, {"unzip", "-v"}} {
		if out, err := exec.Command(command[0], command[1:]...).Output(); err == nil {
			words := strings.Fields(strings.ReplaceAll(string(out), "version ", ""))
			versions = append(versions, strings.ToLower(words[0]+" "+words[1]))
		}
	}
	load, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	model := "unknown processor"
	if found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindStringSubmatch(read("/proc/cpuinfo")); found != nil {
		model = strings.Join(strings.Fields(found[1]), " ")
	}
	return fmt.Sprintf("Measured on %s: %s, %d processors, %s on %s, %s; %s; medians of up to\n%d rounds; load at the end %s.",
		time.Now().UTC().Format(time.DateOnly), model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		strings.Replace(runtime.Version(), "go", "Go ", 1),
		strings.Join(versions, ", "), measured.rounds, load)
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// head is what stands above the rows.
const head = "| row | what | now | " + before + " | ratio | others | bar |\n|---|---|---|---|---|---|---|\n"

// lines are the lines of the table, with its head.
func (t table) lines(results []result) string {
	var b strings.Builder
	if len(results) > 0 {
		b.WriteString(head)
	}
	for _, result := range results {
		for _, l := range result.row.lines {
			b.WriteString(t.line(result, l))
		}
	}
	return b.String()
}

// beginning is what a line of the page begins with, by which it is found.
func beginning(row, what string) string { return fmt.Sprintf("| `%s` | %s | ", row, what) }

// line is a line of the table.
func (t table) line(result result, l line) string {
	row, now := result.row.name, median(result.now, l.figure)
	other := median(result.other, l.figure)
	if other == 0 && t.programs.other == "" {
		if other = t.records.value(before, row, l.figure); l.figure == cpu {
			other *= t.speed
		}
	}
	than, shown, ratio := map[string]float64{before: other}, "–", "–"
	switch {
	case other > 0 && l.figure == index:
		shown = number(other) // the index is not compared
	case other > 0:
		shown, ratio = number(other), ahead(fmt.Sprintf("%.2f", now/other), now > 1.02*other)
	}
	var others []string
	for _, peer := range result.row.peers {
		value, about := median(result.peers[peer.name], l.figure), ""
		if value == 0 && l.figure != index {
			value, about = other*t.records.ratio(peer.name, row, l.figure), "about "
		}
		if value == 0 || l.figure == index {
			continue
		}
		than[peer.name] = value
		others = append(others, ahead(peer.name+": "+about+number(value), value < now))
	}
	var bars []string
	for _, bar := range l.bars {
		text, figure := "≤ "+number(bar.most), now
		if bar.than != "" {
			if than[bar.than] == 0 {
				bars = append(bars, text+" x "+bar.than+" (not compared)")
				continue
			}
			text, figure = fmt.Sprintf("≤ %.3g x %s", bar.most, bar.than), now/than[bar.than]
		}
		if figure > bar.most {
			measured.failed = measured.failed || result.row.holds
			text += fmt.Sprintf(" **missed: %s**", number(figure))
		}
		bars = append(bars, text)
	}
	return beginning(row, l.what) + fmt.Sprintf("%s | %s | %s | %s | %s |\n", number(now), shown, ratio,
		cmp.Or(strings.Join(others, ", "), "–"), cmp.Or(strings.Join(bars, ", "), "–"))
}

// ahead marks what is better than this program.
func ahead(text string, is bool) string {
	if is {
		return "**" + text + "**"
	}
	return text
}

// number writes three digits.
func number(value float64) string {
	if value >= 1000 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

// writePage writes what was measured between the marks of the page. Lines of rows that were not measured stay.
func writePage(t table) error {
	text, err := os.ReadFile(pageFile)
	if err != nil {
		return err
	}
	page := string(text)
	if len(measured.rows) > 0 {
		if page, err = between(page, "machine", func(string) string { return t.about() + "\n" }); err != nil {
			return err
		}
		if page, err = between(page, "rows", t.merged); err != nil {
			return err
		}
	}
	for _, g := range measured.growth {
		if page, err = between(page, g.name, func(string) string { return growthLines([]grown{g}) }); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Clean(pageFile), []byte(page), 0o644)
}

// merged returns all lines of the table: those that were measured now, and those that stood there.
func (t table) merged(old string) string {
	var b strings.Builder
	b.WriteString(head)
	for _, r := range rows() {
		at := slices.IndexFunc(measured.rows, func(m result) bool { return m.row.name == r.name })
		for _, l := range r.lines {
			if at >= 0 {
				b.WriteString(t.line(measured.rows[at], l))
				continue
			}
			for line := range strings.Lines(old) {
				if strings.HasPrefix(line, beginning(r.name, l.what)) {
					b.WriteString(line)
				}
			}
		}
	}
	return b.String()
}

// between replaces what is between two marks of a page.
func between(page, mark string, text func(old string) string) (string, error) {
	begin, end := "<!-- measured: "+mark+" -->\n\n", "\n<!-- end -->"
	before, rest, found := strings.Cut(page, begin)
	old, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("%s has no marks for %s", pageFile, mark)
	}
	return before + begin + text(old) + end + after, nil
}
