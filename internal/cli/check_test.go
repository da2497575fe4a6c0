package cli_test

import (
	"cmp"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// checkOutput is the JSON form of check, as a program would read it.
type checkOutput struct {
	Files []struct {
		Path, Verdict string
		Findings      []findingOutput
	}
	Findings []findingOutput
}

type findingOutput struct{ Rule, Severity, Message, Fix, Path, Help string }

// check runs the command in this process, without an environment.
func check(t *testing.T, args ...string) (j checkOutput, code int) {
	t.Helper()
	return checkAt(t, time.Now, args...)
}

// checkAt is check with another clock.
func checkAt(t *testing.T, now func() time.Time, args ...string) (j checkOutput, code int) {
	t.Helper()
	var out strings.Builder
	code = cli.Main(t.Context(), cli.Process{
		Args: append([]string{"check", "-format", "json"}, args...), Getenv: func(string) string { return "" },
		Stdout: &out, Stderr: io.Discard, Now: now, Sleep: cli.Sleep,
	})
	in := json.NewDecoder(strings.NewReader(out.String()))
	in.DisallowUnknownFields()
	if err := in.Decode(&j); err != nil {
		t.Fatalf("%v: %v in %s", args, err, out.String())
	}
	return j, code
}

// TestCheck_Vectors: check gives the verdict of every vector, on the day of the vectors. With -short it is asked about one in eight.
func TestCheck_Vectors(t *testing.T) {
	t.Parallel()
	for i, c := range vectors.Load(t) {
		if len(c.Names) > 0 {
			continue // odd names are shown elsewhere
		}
		if testing.Short() && i%8 != 0 {
			continue // preflight judges them all
		}
		args := c.Paths(t)
		j, code := check(t, append([]string{"-today", vectors.AsOf().Format(time.DateOnly)}, args...)...)
		var verdicts, rules []string
		for i, file := range j.Files {
			if file.Path != args[i] {
				t.Errorf("%s: file %d is %s", c.ID, i, file.Path)
			}
			verdicts = append(verdicts, file.Verdict)
			for _, f := range file.Findings {
				if f.Path != file.Path || f.Message == "" || f.Fix == "" {
					t.Errorf("%s: not of %s, or without a message or a way out: %+v", c.ID, file.Path, f)
				}
				if f.Severity == "error" {
					rules = append(rules, f.Rule)
				}
			}
		}
		rejected := slices.Contains(verdicts, "reject")
		decided, stricter := vectors.Stricter()[c.ID]
		expect.Equal(t, c.ID+": rejected", rejected, c.Rejected() || stricter)
		expect.Equal(t, c.ID+": whether the exit code reports a rejected file", code == cli.Failed, rejected)
		if rule := cmp.Or(decided.Rule, c.Rule); rejected && !c.Loose && !slices.Contains(rules, rule) {
			t.Errorf("%s: rejected by %v, not by %s", c.ID, rules, rule)
		}
	}
}

// TestCheck_Today: check uses the date of today, or that of -today. What only the age of a table speaks against is a
// warning then, and an error where the table is of that day.
func TestCheck_Today(t *testing.T) {
	t.Parallel()
	text := "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\nClassifier: Framework :: Nowhere\n"
	path := disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0.tar.gz"),
		disttest.TarGz(disttest.Member{Name: "alder-1.0/PKG-INFO", Content: text}, disttest.Member{Name: "alder-1.0/setup.py"}))
	ofTable, later := "2026-09-21", "2999-12-31"
	for _, c := range []struct {
		clock, today, severity string
		code                   int
	}{
		{ofTable, "", "error", cli.Failed},
		{later, "", "warning", cli.Done},
		{later, ofTable, "error", cli.Failed},
		{ofTable, later, "warning", cli.Done},
	} {
		now, err := time.Parse(time.DateOnly, c.clock)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{path}
		if c.today != "" {
			args = []string{"-today", c.today, path}
		}
		j, code := checkAt(t, func() time.Time { return now.Add(12 * time.Hour) }, args...)
		if len(j.Files) != 1 || len(j.Files[0].Findings) != 1 || j.Files[0].Findings[0].Rule != "classifier-unknown" ||
			j.Files[0].Findings[0].Severity != c.severity || code != c.code {
			t.Errorf("on %s, -today %q: code %d, %+v; want the severity %s", c.clock, c.today, code, j, c.severity)
		}
	}
}

// TestCheck_RealWheels: those that this machine's Pythons bring with them were all taken by an index.
func TestCheck_RealWheels(t *testing.T) {
	if testing.Short() {
		t.Skip("they are large: left out with -short")
	}
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "python3", "-c",
		"import ensurepip, os; print(os.path.dirname(ensurepip.__file__))").Output()
	if err != nil {
		t.Skip("there is no Python with ensurepip here:", err)
	}
	var wheels []string
	for _, pattern := range []string{filepath.Join(strings.TrimSpace(string(out)), "_bundled", "*.whl"), "/usr/share/python-wheels/*.whl"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		wheels = append(wheels, found...)
	}
	if len(wheels) == 0 {
		t.Skip("this machine's Python brings no wheels with it")
	}
	for _, wheel := range wheels {
		if j, code := check(t, wheel); code != cli.Done || len(j.Files[0].Findings) > 0 || len(j.Findings) > 0 {
			t.Errorf("%s: code %d: %+v", wheel, code, j)
		}
	}
	t.Logf("%d wheels are fine", len(wheels))
}

// TestCheck_JSONEscaped: a terminal obeys what is printed to it, and the runner reads commands; a program reads the same names.
func TestCheck_JSONEscaped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x-\u009b2J\u202egnp.\u007f##[group]-1.whl")
	if err := os.WriteFile(path, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cli.Main(t.Context(), cli.Process{
		Args: []string{"check", "-format", "json", path}, Getenv: func(string) string { return "" },
		Stdout: &out, Stderr: io.Discard, Now: time.Now, Sleep: cli.Sleep,
	})
	expect.Lacks(t, "the output", out.String(), "##[")
	if strings.ContainsAny(out.String(), "\u009b\u202e\u007f") {
		t.Errorf("characters that a terminal obeys: %q", out.String())
	}
	var j checkOutput
	if err := json.Unmarshal([]byte(out.String()), &j); err != nil || len(j.Files) != 1 || j.Files[0].Path != path ||
		j.Files[0].Verdict != "reject" {
		t.Errorf("%v: %+v", err, j)
	}
}
