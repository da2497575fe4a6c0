//go:build bench

package bench_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// The figures of what is taken from memory, given back or not.
const (
	pieces    = "allocations"
	allocated = "allocated kB"
)

// countedFile is the variable with the path of a file to which a counting program writes what it has taken from memory.
const countedFile = "COUNTED_FILE"

// counter is a source file that a counting program has besides. Its main calls counted in the place of os.Exit.
const counter = `package main

import (
	"fmt"
	"os"
	"runtime"
)

func counted(code int) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if os.WriteFile(os.Getenv("` + countedFile + `"), fmt.Append(nil, stats.Mallocs, stats.TotalAlloc), 0o600) != nil {
		code = 1
	}
	os.Exit(code)
}
`

// counting returns a function that builds, once, the program of a source with a main that counts, and returns its path.
func (p *programs) counting(source func() string, name string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		folder, err := filepath.Abs(source())
		if err != nil {
			return "", err
		}
		text, err := os.ReadFile(filepath.Join(folder, "main.go"))
		if err != nil {
			return "", err
		}
		const exit = "os.Exit(cli.Main("
		if strings.Count(string(text), exit) != 1 {
			return "", fmt.Errorf("main.go of %s does not call %s once", source(), exit)
		}
		changed := map[string]string{
			"main.go":    strings.Replace(string(text), exit, "counted(cli.Main(", 1),
			"counter.go": counter,
		}
		overlay := struct{ Replace map[string]string }{map[string]string{}}
		for file, content := range changed {
			at := filepath.Join(p.folder, name+"-"+file)
			if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
				return "", err
			}
			overlay.Replace[filepath.Join(folder, file)] = at
		}
		data, err := json.Marshal(overlay)
		if err != nil {
			return "", err
		}
		at := filepath.Join(p.folder, name+"-overlay.json")
		if err := os.WriteFile(at, data, 0o600); err != nil {
			return "", err
		}
		return p.build(source(), name, runtime.GOARCH, "-overlay="+at)
	})
}

// counts returns a function that runs a command with all files of a folder, and with one, and returns what each of the others takes.
func counts(command func(n int) func(b *testing.B, program, folder string) sample) func(b *testing.B, program, folder string) sample {
	return func(b *testing.B, program, folder string) sample {
		b.Helper()
		program, err := shared().counter(program)
		if err != nil {
			b.Fatal(err)
		}
		if program == "" {
			return nil
		}
		files := filesIn(b, folder)
		count := func(n int, folder string) (all sample) {
			at := filepath.Join(b.TempDir(), "counted")
			b.Setenv(countedFile, at)
			command(n)(b, program, folder)
			var mallocs, total float64
			if _, err := fmt.Sscan(read(at), &mallocs, &total); err != nil {
				b.Fatal(err)
			}
			return sample{pieces: mallocs, allocated: total / 1e3}
		}
		one, all := count(1, alone(b, files[0])), count(len(files), folder)
		for figure := range all {
			all[figure] = (all[figure] - one[figure]) / float64(len(files)-1)
		}
		return all
	}
}

// alone makes a folder with one file of another.
func alone(b *testing.B, file string) (folder string) {
	b.Helper()
	folder = b.TempDir()
	if err := os.Link(file, filepath.Join(folder, filepath.Base(file))); err != nil {
		b.Fatal(err)
	}
	return folder
}
