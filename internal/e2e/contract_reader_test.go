package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// What GitHub's runner makes of what a step leaves behind: its file commands and its log, read by the runner's own rules and
// no kinder (docs/reference/runner.md §1).

// fileCommand reads a file of names and values. Its error is one that fails the step.
func fileCommand(text string) (map[string]string, error) {
	found := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case equals == 0 || heredoc == 0:
			return found, fmt.Errorf("%q has no name", line)
		case equals > 0 && (heredoc < 0 || equals < heredoc):
			found[line[:equals]] = line[equals+1:]
		case heredoc > 0:
			name, mark := line[:heredoc], line[heredoc+2:]
			n := slices.Index(lines[i+1:], mark)
			if mark == "" || n < 0 {
				return found, fmt.Errorf("%q has no end", line)
			}
			found[name] = strings.Join(lines[i+1:i+1+n], "\n")
			i += 1 + n
		default:
			return found, fmt.Errorf("%q has neither form", line)
		}
	}
	return found, nil
}

// outputsIn reads an output file; what the runner would fail at is an output named "!".
func outputsIn(text string) map[string]string {
	found, err := fileCommand(text)
	if err != nil {
		found["!"] = err.Error()
	}
	return found
}

// command is one command in a log.
type command struct {
	name       string
	properties map[string]string
	data       string
}

// commandIn finds the command of a line: `::name key=value,…::data` after blanks, or the old `##[name key=value;…]data`
// anywhere. A name that the runner does not know makes it an ordinary line.
func commandIn(line string) (command, bool) {
	if rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); ok {
		if head, data, closed := strings.Cut(rest, "::"); closed {
			if c, known := parsed(head, ",", unescaper("\r\n:,")); known {
				c.data = unescaper("\r\n").Replace(data)
				return c, true
			}
		}
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if head, data, closed := strings.Cut(rest, "]"); closed {
			unescape := unescaper(";\r\n]")
			c, known := parsed(head, ";", unescape)
			c.data = unescape.Replace(data)
			return c, known
		}
	}
	return command{}, false
}

// parsed reads a command's name and properties.
func parsed(head, separator string, unescape *strings.Replacer) (command, bool) {
	name, rest, _ := strings.Cut(head, " ")
	c := command{name: strings.ToLower(name), properties: map[string]string{}}
	for property := range strings.SplitSeq(strings.TrimSpace(rest), separator) {
		if key, value, ok := strings.Cut(property, "="); ok && key != "" && value != "" {
			c.properties[key] = unescape.Replace(value)
		}
	}
	return c, slices.Contains([]string{
		"stop-commands", "set-env", "set-output", "save-state", "add-mask", "add-path", "add-matcher", "remove-matcher",
		"debug", "warning", "error", "notice", "echo", "group", "endgroup",
	}, c.name)
}

// unescaper turns %XX back into each of the characters, and into the percent sign.
func unescaper(characters string) *strings.Replacer {
	var pairs []string
	for _, c := range characters + "%" {
		pairs = append(pairs, fmt.Sprintf("%%%02X", c), string(c))
	}
	return strings.NewReplacer(pairs...)
}

// The runner's limits of a step.
const (
	longestMessage  = 4096 // characters of an annotation
	mostAnnotations = 10   // of each severity
	longestSummary  = 1 << 20
)

// annotation is one annotation as people see it.
type annotation struct{ severity, title, file, message string }

// runLog is a log as the runner reads it.
type runLog struct {
	lines       []string     // as the log's page shows them, masked
	masks       []string     // in the order in which they were added
	annotations []annotation // those that it keeps
	wrong       []string     // what it drops, cuts, fails the step for, or would do against our will
}

// readLog reads both streams of a step.
func readLog(text string) runLog {
	var l runLog
	group := ""
	for _, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		c, ok := commandIn(line)
		switch {
		case !ok && strings.Contains(line, "##["):
			l.wrong = append(l.wrong, "nearly a command: "+line)
		case !ok:
			l.show(line)
		case c.name == "add-mask":
			l.mask(c.data)
		case c.name == "error", c.name == "warning", c.name == "notice":
			l.annotate(c)
		case c.name == "group" && group == "":
			group = c.data
			l.show("▼ " + c.data)
		case c.name == "endgroup" && group != "":
			group = ""
		default:
			l.wrong = append(l.wrong, "a command out of place: "+line)
		}
	}
	if group != "" {
		l.wrong = append(l.wrong, "the group "+group+" is never closed")
	}
	return l
}

func (l *runLog) show(line string) {
	for _, secret := range l.masks {
		line = strings.ReplaceAll(line, secret, "***")
	}
	l.lines = append(l.lines, line)
}

func (l *runLog) mask(value string) {
	if strings.TrimSpace(value) == "" {
		l.wrong = append(l.wrong, "a mask of nothing")
		return
	}
	l.masks = append(l.masks, value)
}

func (l *runLog) annotate(c command) {
	if n := len([]rune(c.data)); n > longestMessage {
		l.wrong = append(l.wrong, fmt.Sprintf("an annotation of %d characters", n))
	}
	same := 0
	for _, a := range l.annotations {
		if a.severity == c.name {
			same++
		}
	}
	if same == mostAnnotations {
		l.wrong = append(l.wrong, "one more annotation than are shown: "+c.data)
		return
	}
	l.annotations = append(l.annotations, annotation{c.name, c.properties["title"], c.properties["file"], c.data})
	l.show(strings.ToUpper(c.name[:1]) + c.name[1:] + ": " + c.data)
}

// TestFileCommandReader: the rules of the reader itself.
func TestFileCommandReader(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text  string
		want  map[string]string
		fails bool
	}{
		{"", nil, false},
		{"\n\na=b\n\n", map[string]string{"a": "b"}, false},
		{"a=b=c\nd=", map[string]string{"a": "b=c", "d": ""}, false},
		{"a=b<<c\n", map[string]string{"a": "b<<c"}, false},
		{"a<<b=c\n1\nb=c\n", map[string]string{"a": "1"}, false},
		{"a<<M\n\n x\n\nM", map[string]string{"a": "\n x\n"}, false},
		{"a<<M\nM\nb=1", map[string]string{"a": "", "b": "1"}, false},
		{"a=1\na=2", map[string]string{"a": "2"}, false},
		{"a=1\nx\n", map[string]string{"a": "1"}, true},
		{"a<<M\n1\nM \n", nil, true},
		{"a<<M\r\n1\nM\n", nil, true},
		{"a<<\n1\n\n", nil, true},
		{"=b\n", nil, true},
		{"<<M\n1\nM\n", nil, true},
	}
	for _, c := range cases {
		got, err := fileCommand(c.text)
		if (err != nil) != c.fails || !maps.Equal(got, c.want) {
			t.Errorf("%q: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
}

// TestLogReader: what is a command and what is not.
func TestLogReader(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"::error::x": "error||x",
		" \t ::error title=a%3A b,file=c::x%0Ay%": "error|a: b|x\ny%",
		"::ERROR title=a::x":                      "error|a|x",
		"::warning title=::x::y":                  "warning||x::y",
		"text ##[error]x":                         "error||x",
		"##[error title=a%3Bb;file=c]x%5D":        "error|a;b|x]",
		"::unknown::##[error]x":                   "error||x",
		"::error::%250A":                          "error||%0A",
		"text ::error::x":                         "",
		"::unknown::x":                            "",
		"::error":                                 "",
		"##[unknown]x":                            "",
		"# #[error]x":                             "",
	} {
		got := ""
		if c, ok := commandIn(line); ok {
			got = c.name + "|" + c.properties["title"] + "|" + c.data
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	for text, wrong := range map[string]int{
		"a\n::group::b\nc\n::endgroup::\n":                 0,
		"::group::b\n":                                     1,
		"::endgroup::\n":                                   1,
		"::group::a\n::group::b\n::endgroup::\n":           1,
		"::add-mask::\n":                                   1,
		"a\r::set-output name=x::y\n":                      1,
		"a ##[unknown]\n":                                  1,
		strings.Repeat("::notice::x\n", 11):                1,
		strings.Repeat("::notice::x\n", 10) + "::error::y": 0,
		"::error::" + strings.Repeat("ü", 4096):            0,
		"::error::" + strings.Repeat("ü", 4097):            1,
	} {
		if l := readLog(text); len(l.wrong) != wrong {
			t.Errorf("%.40q: %q", text, l.wrong)
		}
	}
	l := readLog("one secret\n::add-mask::secret\ntwo secret\n::error::no secret")
	if got := strings.Join(l.lines, "|"); got != "one secret|two ***|Error: no ***" {
		t.Errorf("shown: %s", got)
	}
}
