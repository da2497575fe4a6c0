//go:build bench

package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// before is the commit that everything is compared with, of 2026-11-28.
const before = "a6cecd7"

// otherProgram is the variable with the path of another build to compare with, instead of one of [before].
const otherProgram = "OTHER_PROGRAM"

// root is the folder of the repository.
const root = "../.."

// programs are what is measured, in a folder that is removed at the end.
type programs struct {
	folder, measure, now string
	other                string // empty: the recorded figures of [before] are used
	why                  string // there is no other one

	countingNow, countingOther func() (string, error) // build the programs that count
}

// newPrograms builds what is measured. With recorded, no other program is built, unless [otherProgram] names one.
func newPrograms(recorded bool) (p *programs, err error) {
	p = &programs{other: os.Getenv(otherProgram)}
	if p.folder, err = os.MkdirTemp("", "performance-"); err != nil {
		return nil, err
	}
	p.countingNow = p.counting(func() string { return root }, "now-counting")
	p.countingOther = p.counting(p.source, "before-counting")
	p.measure = filepath.Join(p.folder, "measure")
	if err := toTheEnd(".", nil, "go", "build", "-o", p.measure, "./testdata/measure/main.go"); err != nil {
		return p, err
	}
	if p.now, err = p.build(root, "now", runtime.GOARCH); err != nil {
		return p, err
	}
	switch {
	case p.other != "":
		p.other, err = p.written(p.other, "other")
	case recorded:
		p.why = "not built, as asked"
	default:
		if err := p.checkout(); err != nil {
			p.why = err.Error()
			break
		}
		p.other, err = p.build(p.source(), "before", runtime.GOARCH)
	}
	return p, err
}

// source is the folder of the source of [before].
func (p *programs) source() string { return filepath.Join(p.folder, "source") }

// checkout gets the source of [before] from the repository's history, which a shallow clone does not have.
func (p *programs) checkout() error {
	tar := filepath.Join(p.folder, "source.tar")
	if err := toTheEnd(root, nil, "git", "archive", "-o", tar, before); err != nil {
		return fmt.Errorf("%s is not in this clone's history: %w", before, err)
	}
	if err := os.Mkdir(p.source(), 0o755); err != nil {
		return err
	}
	return toTheEnd(p.source(), nil, "tar", "-xf", tar)
}

// build makes the program of a source as its own Dockerfile says, with further flags, and returns its path.
func (p *programs) build(source, name, architecture string, flags ...string) (path string, err error) {
	text, err := os.ReadFile(filepath.Join(source, "Dockerfile"))
	if err != nil {
		return "", err
	}
	const to = "-o /image/pypi-oidc-publish ."
	line := regexp.MustCompile(`(?m)^ *(go build .*)` + regexp.QuoteMeta(to) + `$`).FindSubmatch(text)
	if line == nil {
		return "", fmt.Errorf("the Dockerfile of %s has no go build … %s", source, to)
	}
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + architecture, "VERSION=bench"}
	for _, argument := range regexp.MustCompile(`(?m)^ARG (TAGS|GCFLAGS)="?(.*?)"?$`).FindAllSubmatch(text, -1) {
		env = append(env, string(argument[1])+"="+string(argument[2]))
	}
	linked := filepath.Join(p.folder, "linked")
	if err := toTheEnd(source, env, "sh", "-c", string(line[1])+strings.Join(append(flags, `-o "$0" .`), " "), linked); err != nil {
		return "", err
	}
	return p.written(linked, name+"-"+architecture)
}

// written returns the path of a copy of a program, written a page at a time. All that is measured is copied so: how a file was written
// decides in which pieces the system keeps it in memory, which a start and the resident memory depend on, by up to a fifth.
func (p *programs) written(program, name string) (path string, err error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	path = filepath.Join(p.folder, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	for page := range slices.Chunk(content, os.Getpagesize()) {
		if _, err := file.Write(page); err != nil {
			_ = file.Close()
			return "", err
		}
	}
	return path, file.Close()
}

// counter returns the program that counts of the source of another one, or an empty string if that source is not known.
func (p *programs) counter(program string) (path string, err error) {
	if program == p.now {
		return p.countingNow()
	}
	if _, err := os.Stat(p.source()); err != nil {
		return "", nil
	}
	return p.countingOther()
}

// toTheEnd runs a command to its good end.
func toTheEnd(folder string, env []string, name string, arguments ...string) error {
	c := exec.Command(name, arguments...)
	c.Dir, c.Env = folder, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.2000s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// sample is what one run of a program took: seconds, processor seconds and so on, by the names below.
type sample map[string]float64

// The figures of a run.
const (
	seconds = "seconds"
	cpu     = "processor seconds"
	peak    = "peak memory"   // megabytes that were resident at most
	uploads = "uploads"       // seconds from the first request of an upload to the last answer
	index   = "index"         // processor seconds of the index meanwhile, which runs on the same cores
	size    = "compressed"    // megabytes
	perFile = "kB a file"     // of memory
	first   = "first request" // seconds from the start of the process to its first request
)

// plus returns the sum of what two programs took that ran one after the other.
func (s sample) plus(other sample) sample {
	return sample{seconds: s[seconds] + other[seconds], cpu: s[cpu] + other[cpu], peak: max(s[peak], other[peak])}
}

// longestRun is how long a program may run: it sends 8 GiB, and other work may go on.
const longestRun = 15 * time.Minute

// process runs a program to its good end. It returns what it took, and when it began.
func process(b *testing.B, env []string, program string, arguments ...string) (sample, time.Time) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), longestRun)
	defer cancel()
	out, err := os.Create(filepath.Join(b.TempDir(), "measured"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	var log bytes.Buffer
	command := exec.CommandContext(ctx, shared().measure, append([]string{program}, arguments...)...)
	command.Dir, command.Env, command.Stdout, command.Stderr = b.TempDir(), env, &log, &log
	command.ExtraFiles = []*os.File{out}
	busy := ownCPU(b)
	if err := command.Run(); err != nil {
		b.Fatalf("%s: %v\n%.4000s", program, err, log.String())
	}
	busy = ownCPU(b) - busy
	text, err := os.ReadFile(out.Name())
	if err != nil {
		b.Fatal(err)
	}
	var began, ended, used, kib int64
	if _, err := fmt.Sscan(string(text), &began, &ended, &used, &kib); err != nil {
		b.Fatal(err)
	}
	return sample{
		seconds: time.Duration(ended - began).Seconds(), cpu: time.Duration(used).Seconds(), peak: float64(kib<<10) / 1e6,
		index: busy.Seconds(),
	}, time.Unix(0, began)
}

// ownCPU returns the processor time of this process, in which the servers run.
func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// publish runs the program as a step of the test server's run, uploading a folder to the address.
func publish(b *testing.B, program string, servers *fakepypi.Servers, to *url.URL, folder string, flags ...string) (sample, time.Time) {
	b.Helper()
	env := []string{"GITHUB_ACTIONS=true", "PATH=" + os.Getenv("PATH"), countedFile + "=" + os.Getenv(countedFile)}
	for name, value := range servers.Env {
		env = append(env, name+"="+value)
	}
	return process(b, env, program, append(append([]string{"publish", "-repository-url", to.String()}, flags...), folder)...)
}
