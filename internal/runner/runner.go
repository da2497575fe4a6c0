// Package runner is GitHub's runner as the program sees it: inputs, masks, the one output sink, file commands and ID tokens.
//
// It is the only importer of go-githubactions, and covers that library's holes (docs/reference/runner.md §5): its
// fixed heredoc mark, its unescaped printing, its panics, and its single unmasked try at an ID token.
//
// Rules of the sink: every line, ours too, is redacted by the vault and made plain, so that no text from outside can be a
// command of the runner. Outside GitHub's runner the same lines are printed without commands.
package runner

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// The runner drops a summary, and refuses an output, of more than this many bytes.
const (
	LongestSummary = 1 << 20
	longestOutput  = 1 << 20
)

// longestAnnotation is how much of an annotation the runner shows, in characters of UTF-16 (docs/reference/runner.md §1).
const longestAnnotation = 4096

// Runner is a report.Console. It is safe for use by several goroutines.
type Runner struct {
	getenv  func(string) string
	actions bool // whether GitHub's runner reads what we print
	vault   *secret.Redactor
	library *githubactions.Action

	mu     sync.Mutex
	out    io.Writer
	indent string // of a group's lines, where no runner folds them
}

// New returns the runner that the environment tells of, and the vault that masks with it. stdout is where the runner reads
// commands from.
func New(getenv func(string) string, stdout io.Writer) (*Runner, *secret.Redactor) {
	r := &Runner{getenv: getenv, actions: getenv("GITHUB_ACTIONS") == "true", out: stdout}
	r.library = githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(locked{r}))
	r.vault = secret.NewRedactor(r.mask)
	// The job's own right to ask for ID tokens is a secret too; the runner masks it, our other sinks would not.
	if raw := getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"); raw != "" {
		r.vault.New(raw)
	}
	return r, r.vault
}

// Actions tells whether GitHub's runner started the program.
func (r *Runner) Actions() bool { return r.actions }

// Input is the step's input of the given name, trimmed; empty where there is none.
func (r *Runner) Input(name string) string { return r.library.GetInput(name) }

// mask tells the runner to hide the line from here on. Where the command cannot be written nothing else can either, so that
// there is no log for the secret to stand in.
func (r *Runner) mask(line string) {
	if r.actions {
		r.library.AddMask(line)
	}
}

// Line prints one line.
func (r *Runner) Line(text string) {
	r.mu.Lock()
	indent := r.indent
	r.mu.Unlock()
	r.write(indent + Plain(r.vault.Redact(text)) + "\n")
}

// Group begins a foldable group of lines, and returns its end.
func (r *Runner) Group(title string) (end func()) {
	title = Plain(r.vault.Redact(title))
	if !r.actions {
		r.write(title + "\n")
		r.setIndent("  ")
		return func() { r.setIndent("") }
	}
	r.library.Group(title)
	return r.library.EndGroup
}

func (r *Runner) setIndent(indent string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.indent = indent
}

// Annotate shows a finding where people look: as an annotation of the run, or as a line that begins with the severity.
func (r *Runner) Annotate(f finding.Finding) {
	text := annotation(Plain(r.vault.Redact(f.Message)), Plain(r.vault.Redact(f.Fix)))
	if !r.actions {
		where := ""
		if f.File != "" {
			where = Plain(r.vault.Redact(f.File)) + ": "
		}
		r.write(f.Severity.String() + ": " + where + strings.ReplaceAll(text, "\n", "\n  -> ") + "\n")
		return
	}
	at := r.library.WithFieldsMap(r.place(f))
	switch f.Severity {
	case finding.Notice:
		at.Noticef("%s", text)
	case finding.Warning:
		at.Warningf("%s", text)
	case finding.Error:
		at.Errorf("%s", text)
	}
}

// annotation is a message and its next step, of which the runner cuts neither: a long message makes room for the step.
func annotation(message, fix string) string {
	if fix == "" {
		return fitted(message, longestAnnotation)
	}
	fix = fitted(fix, longestAnnotation*3/4)
	return fitted(message, longestAnnotation-1-units(fix)) + "\n" + fix
}

// place is an annotation's title and position.
func (r *Runner) place(f finding.Finding) map[string]string {
	fields := map[string]string{"title": "pypi-oidc-publish: " + string(f.ID)}
	if f.File != "" {
		fields["file"] = Plain(r.vault.Redact(f.File))
	}
	if f.Line > 0 {
		fields["line"] = strconv.Itoa(f.Line)
	}
	if f.Col > 0 {
		fields["col"] = strconv.Itoa(f.Col)
	}
	return fields
}

// Output sets an output of the step. Outside GitHub's runner it does nothing, unless the environment names a file for it.
func (r *Runner) Output(name, value string) error {
	if r.nobodyAsked("output") {
		return nil
	}
	value = r.vault.Redact(value)
	if len(value) > longestOutput {
		return fmt.Errorf("output %s has %d bytes, more than the runner accepts (%d)", name, len(value), longestOutput)
	}
	// A random mark: with a known one a value could end itself and set other outputs.
	mark := "end-" + rand.Text()
	if strings.Contains(value, mark) {
		return fmt.Errorf("output %s contains its own end mark", name)
	}
	return r.fileCommand("output", fmt.Sprintf("%s<<%s\n%s\n%s", name, mark, value, mark))
}

// Summary writes the job summary, as Markdown. Outside GitHub's runner it does nothing, unless the environment names a file
// for it.
func (r *Runner) Summary(markdown string) error {
	if r.nobodyAsked("step-summary") {
		return nil
	}
	markdown = r.vault.Redact(markdown)
	if len(markdown) > LongestSummary {
		return fmt.Errorf("the summary has %d bytes, more than the runner accepts (%d)", len(markdown), LongestSummary)
	}
	return r.fileCommand("step-summary", markdown)
}

// fileVariable is the variable that names a file command's file.
func fileVariable(command string) string {
	return "GITHUB_" + strings.ToUpper(strings.ReplaceAll(command, "-", "_"))
}

// nobodyAsked tells that there is no runner, and no file either.
func (r *Runner) nobodyAsked(command string) bool {
	return !r.actions && r.getenv(fileVariable(command)) == ""
}

// fileCommand writes to the file that the runner gave for it. The library panics where it cannot.
func (r *Runner) fileCommand(name, message string) error {
	variable := fileVariable(name)
	if r.getenv(variable) == "" {
		return fmt.Errorf("the runner gave no file for %s: %s is not set", name, variable)
	}
	err := par.Catch(func() error {
		r.library.IssueFileCommand(&githubactions.Command{Name: name, Message: message})
		return nil
	})
	var p *par.Panic
	if errors.As(err, &p) {
		return fmt.Errorf("%s cannot be written: %v", variable, p.Value)
	}
	return err
}

func (r *Runner) write(text string) {
	_, _ = locked{r}.Write([]byte(text)) // it has no error
}

// locked lets one whole write through at a time. It never fails: where the log itself is gone there is nobody to tell, and
// the library would panic between a mint and its burn.
type locked struct{ runner *Runner }

func (l locked) Write(p []byte) (int, error) {
	l.runner.mu.Lock()
	defer l.runner.mu.Unlock()
	_, _ = l.runner.out.Write(p)
	return len(p), nil
}
