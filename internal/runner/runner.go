// Package runner is the interface to GitHub's runner: inputs, masks, the only output sink, file commands and ID tokens.
//
// It is the only importer of go-githubactions, and works around that library's defects (docs/reference/runner.md §5): its
// fixed heredoc delimiter, its unescaped output, its panics, and its single, unmasked request for an ID token.
//
// The sink redacts and sanitizes every line, so that no text from outside can be a command of the runner. Outside GitHub's runner
// the same lines are printed without commands.
package runner

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// The runner drops a summary, and refuses an output, of more than this many bytes.
const (
	LongestSummary = 1 << 20
	longestOutput  = 1 << 20
)

// longestAnnotation is how much of an annotation the runner shows, in UTF-16 code units (docs/reference/runner.md §1).
const longestAnnotation = 4096

// Runner implements report.Console. It is safe for concurrent use.
type Runner struct {
	getenv   func(string) string
	actions  bool // GitHub's runner reads our output
	redactor *secret.Redactor
	library  *githubactions.Action

	eventOnce sync.Once // the warning that the event cannot be read

	mu     sync.Mutex
	out    io.Writer
	indent string // of the lines of a group if no runner folds them
	status string // what Status shows now, below everything else
}

// New returns the runner for the environment, and the vault that masks secrets with it. The runner reads commands from stdout.
func New(getenv func(string) string, stdout io.Writer) (*Runner, *secret.Redactor) {
	r := &Runner{getenv: getenv, actions: getenv("GITHUB_ACTIONS") == "true", out: stdout}
	r.library = githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(serializedWriter{r}))
	r.redactor = secret.NewRedactor(r.mask)
	// The token for requests of ID tokens is a secret too. The runner masks it in the log, but not in the other outputs.
	if raw := getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"); raw != "" {
		r.redactor.New(raw)
	}
	return r, r.redactor
}

// Actions reports whether GitHub's runner started the program.
func (r *Runner) Actions() bool { return r.actions }

// Input returns the step's input of the given name, trimmed, or "".
func (r *Runner) Input(name string) string { return r.library.GetInput(name) }

// mask makes the runner hide the line from now on. If the command cannot be written, nothing else can be written either, so the
// secret does not appear in the log.
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
	r.write(indent + Plain(r.redactor.Redact(text)) + "\n")
}

// Group starts a foldable group of lines, and returns a function that ends it.
func (r *Runner) Group(title string) (end func()) {
	title = Plain(r.redactor.Redact(title))
	if !r.actions {
		r.write(title + "\n")
		r.setIndent("  ")
		return func() { r.setIndent("") }
	}
	r.library.Group(title)
	return r.library.EndGroup
}

// Status shows one line of a terminal below everything else that is printed, in place of the one before; an empty text removes it. It must
// not be used where the output is kept.
func (r *Runner) Status(text string) {
	const most = 79 // columns of a terminal: a line that wraps cannot be replaced
	text = phrase.Beginning(Plain(r.redactor.Redact(text)), most)
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.WriteString(r.out, r.blank()+text)
	r.status = text
}

// blank returns what removes the line of Status from the terminal. r.mu is held.
func (r *Runner) blank() string {
	if r.status == "" {
		return ""
	}
	return "\r" + strings.Repeat(" ", utf8.RuneCountInString(r.status)) + "\r"
}

// setIndent sets the indentation of the next lines.
func (r *Runner) setIndent(indent string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.indent = indent
}

// Annotate writes a finding as an annotation of the run or, outside of a runner, as a line that begins with the severity.
func (r *Runner) Annotate(f finding.Finding) {
	text := annotation(Plain(r.redactor.Redact(f.Message)), Plain(r.redactor.Redact(f.Fix)))
	if !r.actions {
		where := ""
		if file := f.Subject(); file != "" {
			where = Plain(r.redactor.Redact(file)) + ": "
		}
		r.write(f.Severity.String() + ": " + where + strings.ReplaceAll(text, "\n", "\n  -> ") + "\n")
		return
	}
	at := r.library.WithFieldsMap(r.annotationFields(f))
	switch f.Severity {
	case finding.Notice:
		at.Noticef("%s", text)
	case finding.Warning:
		at.Warningf("%s", text)
	case finding.Error:
		at.Errorf("%s", text)
	}
}

// annotation returns a message with its fix, short enough for the runner. It shortens the message first.
func annotation(message, fix string) string {
	if fix == "" {
		return fitted(message, longestAnnotation)
	}
	fix = fitted(fix, longestAnnotation*3/4)
	return fitted(message, longestAnnotation-1-phrase.Units(fix)) + "\n" + fix
}

// annotationFields returns the title and position of an annotation.
func (r *Runner) annotationFields(f finding.Finding) map[string]string {
	fields := map[string]string{"title": "pypi-oidc-publish: " + string(f.ID)}
	if f.File != "" {
		fields["file"] = Plain(r.redactor.Redact(f.File))
	}
	if f.Line > 0 {
		fields["line"] = strconv.Itoa(f.Line)
	}
	if f.Col > 0 {
		fields["col"] = strconv.Itoa(f.Col)
	}
	return fields
}

// Output sets an output of the step. Outside GitHub's runner it does nothing, unless the environment names a file for it. It
// returns an error if the value is longer than 1 MiB or cannot be written.
func (r *Runner) Output(name, value string) error {
	if r.outputDisabled("output") {
		return nil
	}
	value = r.redactor.Redact(value)
	if len(value) > longestOutput {
		return fmt.Errorf("output %s has %d bytes, more than the runner accepts (%d)", name, len(value), longestOutput)
	}
	// The delimiter is random: with a known one, a value could end itself and set other outputs.
	mark := "end-" + rand.Text()
	if strings.Contains(value, mark) {
		return fmt.Errorf("output %s contains its own end mark", name)
	}
	return r.fileCommand("output", fmt.Sprintf("%s<<%s\n%s\n%s", name, mark, value, mark))
}

// Summary writes the job summary, as Markdown. Outside GitHub's runner it does nothing, unless the environment names a file
// for it. It returns an error if the summary is longer than [LongestSummary] or cannot be written.
func (r *Runner) Summary(markdown string) error {
	if r.outputDisabled("step-summary") {
		return nil
	}
	markdown = r.redactor.Redact(markdown)
	if len(markdown) > LongestSummary {
		return fmt.Errorf("the summary has %d bytes, more than the runner accepts (%d)", len(markdown), LongestSummary)
	}
	return r.fileCommand("step-summary", markdown)
}

// fileVariable returns the name of the variable with the path of a command file.
func fileVariable(command string) string {
	return "GITHUB_" + strings.ToUpper(strings.ReplaceAll(command, "-", "_"))
}

// outputDisabled reports whether the output of a command is disabled: there is no runner and no file for it.
func (r *Runner) outputDisabled(command string) bool {
	return !r.actions && r.getenv(fileVariable(command)) == ""
}

// fileCommand appends to the command file of the runner. Its error is a [*FileError], or a [*NoFileError] if there is no such file. The
// library would wait for ever for the reader of a pipe.
func (r *Runner) fileCommand(name, message string) error {
	variable := fileVariable(name)
	path := r.getenv(variable)
	if path == "" {
		return &NoFileError{Command: name, Variable: variable}
	}
	undo := cutBack(path)
	cause := appendTo(path, message+"\n")
	if cause == nil {
		return nil
	}
	undo()
	failed := &FileError{Variable: variable, Err: cause}
	if owner, known := ownerOf(path); known && errors.Is(cause, fs.ErrPermission) {
		failed.Owner = fmt.Sprintf("this step runs as user %d, and the file belongs to user %d", os.Geteuid(), owner)
	} else if errors.Is(cause, fs.ErrPermission) {
		failed.Owner = fmt.Sprintf("this step runs as user %d", os.Geteuid())
	}
	return failed
}

// cutBack returns a function that cuts a command file to the size that it has now. A disk that is full in the middle of an entry leaves a
// part of it, without its end mark, and the runner then refuses every entry of the file.
func cutBack(path string) func() {
	size := int64(0)
	switch before, err := os.Stat(path); {
	case err == nil:
		size = before.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return func() {}
	}
	return func() {
		if now, err := os.Stat(path); err == nil && now.Mode().IsRegular() && now.Size() > size {
			_ = os.Truncate(path, size) // if even that fails, the error of the entry says why
		}
	}
}

// NoFileError reports that a run inside GitHub Actions was given no file for a command.
type NoFileError struct {
	Command  string // such as output
	Variable string // that would name the file
}

// Error returns the command and the variable.
func (e *NoFileError) Error() string {
	return "the runner gave no file for " + e.Command + ": " + e.Variable + " is not set"
}

// FileError reports that a command file of the runner cannot be written.
type FileError struct {
	Variable string // that names the file
	Owner    string // whose the file is and who runs the step, if the system denies access; else empty
	Err      error
}

// Error returns the variable, the cause, and the user if it is about that.
func (e *FileError) Error() string {
	text := e.Variable + " cannot be written: " + e.Err.Error()
	if e.Owner != "" {
		text += " (" + e.Owner + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// write writes a text to the output as a whole.
func (r *Runner) write(text string) {
	_, _ = serializedWriter{r}.Write([]byte(text)) // it never fails
}

// serializedWriter serializes writes to the output. It never returns an error: the log itself failed, and the library would panic between
// a mint and its burn.
type serializedWriter struct{ runner *Runner }

// Write writes p as a whole and ignores errors.
func (l serializedWriter) Write(p []byte) (int, error) {
	l.runner.mu.Lock()
	defer l.runner.mu.Unlock()
	if l.runner.status == "" {
		_, _ = l.runner.out.Write(p)
	} else {
		_, _ = io.WriteString(l.runner.out, l.runner.blank()+string(p)+l.runner.status)
	}
	return len(p), nil
}
