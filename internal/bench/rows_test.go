//go:build bench

package bench_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// row is one thing that programs do, measured in one benchmark. What it takes is compared with other programs and with bars.
type row struct {
	name    string // of the benchmark, and for .ci/performance
	ci      bool   // CI measures it
	few     bool   // it does not depend on chance much: one round is enough
	short   bool   // it takes milliseconds: it is measured [often] in each round
	holds   bool   // a bar that is missed is a failure, since it does not depend on the machine
	prepare func(b *testing.B) (folder string)
	// do runs a build of this program. It returns nil if that build cannot do it here.
	do    func(b *testing.B, program, folder string) sample
	peers []peer
	lines []line
}

// peer is another program, or another way, that does the same.
type peer struct {
	name string
	// do returns nil if the peer is not installed here.
	do func(b *testing.B, program, folder string) sample
}

// line is one line of the table, about one of the figures of a row.
type line struct {
	figure, what string
	bars         []bar
}

// bar is what a figure has to keep to: at most so much, or so many times what another program takes.
type bar struct {
	most float64
	than string // the name of a peer, or of [before]; empty: an absolute figure
}

// Answers of an index to each request of its upload address, and the rounds of uploads that sixty wheels need: the first wheel alone, the
// others by fours. The proof of the revocation is one round more.
const (
	half   = 500 * time.Millisecond
	fast   = 50 * time.Millisecond
	rounds = 1 + 15
)

// often is how often a program runs in each round of a row that takes milliseconds.
const often = 20

// What 500 wheels may take from memory for each, a tenth more than they do. Less is an occasion to lower it.
const (
	mostPublished, mostPublishedKB = 765, 69
	mostChecked, mostCheckedKB     = 430, 31
)

// times is a bar of so many times what a number of rounds takes.
func times(factor float64, rounds int, delay time.Duration) bar {
	return bar{most: factor * float64(rounds) * delay.Seconds()}
}

// rows returns all rows, in the order of the page.
func rows() []row {
	three, many, sixty := wheels(3, 200), wheels(500, 200), wheels(60, 2_000_000)
	const fours, auto = "4", "auto" // values of parallel-uploads
	sha256sum := []string{"openssl", "dgst", "-sha256"}
	return []row{
		{
			name: "start", ci: true, short: true, prepare: wheels(0, 0), do: start("publish", "--help"), peers: others(start("--help")),
			lines: []line{
				{seconds, "start (`publish --help`): seconds", []bar{{0.77, before}, {1.3, "uv"}}},
			},
		},
		{
			name: "first-request", prepare: wheels(1, 10_000), do: publishes(1, nil, "-wait-for-index", "0"),
			lines: []line{{first, "one small wheel: seconds from the start to the first request", []bar{{0.05, ""}}}},
		},
		{
			name: "three", ci: true, prepare: three, do: publishes(3, nil, "-wait-for-index", "60"), peers: clients(3, nil),
			lines: []line{
				{seconds, "3 small files, with the read-back, which the peers do not have: seconds", []bar{{0.15, ""}}},
				{peak, "the same: peak memory, MB", []bar{{20, ""}, {20 / 24.0, before}}},
			},
		},
		{
			name: "again", ci: true, prepare: three, do: again,
			lines: []line{{seconds, "the same again, with everything there: seconds", []bar{{0.05, ""}}}},
		},
		{
			name: "many", ci: true, prepare: many, do: publishes(500, nil, "-wait-for-index", "0"), peers: clients(500, nil),
			lines: []line{
				{seconds, "500 wheels of 1 kB, answered at once: seconds", []bar{{0.8, "uv"}}},
				{cpu, "the same: processor seconds", []bar{{0.7, before}, {0.9, "uv"}}},
				{index, "the same: processor seconds of the index", nil},
			},
		},
		{
			name: "fast-answers", prepare: sixty, do: publishes(60, later(fast), "-wait-for-index", "0"), peers: clients(60, later(fast)),
			lines: []line{
				{
					uploads, "60 wheels of 2 MB, each answered 50 ms after it came: seconds of the uploads (16 rounds: 0.80)",
					[]bar{times(1.2, rounds, fast), {0.91, before}, {1 / 3.8, "uv"}},
				},
				{cpu, "the same: processor seconds", nil},
				{index, "the same: processor seconds of the index", nil},
			},
		},
		{
			name: "slow-answers", prepare: sixty, do: publishes(60, later(half), "-wait-for-index", "60"), peers: clients(60, later(half)),
			lines: []line{
				{
					uploads, "60 wheels of 2 MB, each answered 0.5 s after it came: seconds of the uploads (16 rounds: 8.0)",
					[]bar{times(1.03, rounds, half), {1.0 / 3, "twine"}},
				},
				{
					seconds, "the same: seconds of the whole run, with proof of the revocation and read-back (17 rounds: 8.5)",
					[]bar{times(1.03, rounds+1, half)},
				},
			},
		},
		{
			name: "adaptive", prepare: sixty, do: atOnce(auto, later(half)), peers: []peer{{fours, atOnce(fours, later(half))}},
			lines: []line{{uploads, "the same with `parallel-uploads: auto`: seconds of the uploads", []bar{{6.4, ""}}}},
		},
		{
			name: "adaptive-serial", prepare: sixty, do: atOnce(auto, oneByOne(half)),
			peers: []peer{{fours, atOnce(fours, oneByOne(half))}},
			lines: []line{{uploads, "`auto`, an index that takes one file after the other: seconds of the uploads", []bar{{1.02, fours}}}},
		},
		{
			name: "adaptive-slower", prepare: sixty, do: atOnce(auto, slower(half)), peers: []peer{{fours, atOnce(fours, slower(half))}},
			lines: []line{{uploads, "`auto`, an index that slows beyond 4 at once: seconds of the uploads", []bar{{1.02, fours}}}},
		},
		{
			name: "attested", prepare: three, do: publishes(3, nil, "-wait-for-index", "0", "-attestations", "true"),
			lines: []line{
				{peak, "3 small files that are signed: peak memory, MB", []bar{{23, ""}, {23 / 27.6, before}}},
			},
		},
		{
			name: "large", prepare: large(400_000_000), do: publishes(1, nil, "-wait-for-index", "0"), peers: clients(1, nil),
			lines: []line{{peak, "a wheel of 400 MB: peak memory, MB", []bar{{22, ""}, {22 / 24.9, before}}}},
		},
		{
			name: "larger", prepare: large(gib), do: publishes(1, nil, "-wait-for-index", "0"),
			lines: []line{
				{peak, "a wheel of 1 GiB: peak memory, MB", []bar{{22, ""}}},
				{uploads, "the same: seconds of its upload to an index that only hashes it", []bar{{1 / 0.97, before}}},
				{cpu, "the same: processor seconds", nil},
			},
		},
		{
			name: "memory-per-file", prepare: described(500, 8<<10, 20<<10), do: memoryPerFile,
			lines: []line{{perFile, "memory for each of 500 files with a description of 8 kB: kB", []bar{{45, ""}}}},
		},
		{
			name: "allocations", ci: true, few: true, holds: true, prepare: many,
			do: counts(func(n int) func(*testing.B, string, string) sample { return publishes(n, nil, "-wait-for-index", "0") }),
			lines: []line{
				{pieces, "500 wheels of 1 kB are published: allocations for each", []bar{{mostPublished, ""}}},
				{allocated, "the same: kB that are allocated for each", []bar{{mostPublishedKB, ""}}},
			},
		},
		{
			name: "check-allocations", ci: true, few: true, holds: true, prepare: many,
			do: counts(func(int) func(*testing.B, string, string) sample { return checks }),
			lines: []line{
				{pieces, "`check` of 500 wheels of 1 kB: allocations for each", []bar{{mostChecked, ""}}},
				{allocated, "the same: kB that are allocated for each", []bar{{mostCheckedKB, ""}}},
			},
		},
		{
			name: "check-many", ci: true, prepare: many, do: checks,
			lines: []line{{cpu, "`check` of 500 wheels of 1 kB: processor seconds", nil}},
		},
		{
			name: "check-stored", prepare: large(400_000_000), do: checks,
			peers: []peer{{"openssl, of file and content", tools(sha256sum, sha256sum)}},
			lines: []line{
				{cpu, "`check` of a wheel of 400 MB, nothing to unpack: processor seconds", []bar{{1.15, "openssl, of file and content"}}},
			},
		},
		{
			name: "check-packed", prepare: packed, do: checks,
			peers: []peer{{"unzip and openssl", tools([]string{"unzip", "-tq"}, sha256sum)}},
			lines: []line{
				{cpu, "`check` of a wheel of 96 MB, all unpacked: processor seconds", []bar{{1.1, "unzip and openssl"}}},
			},
		},
		{
			name: "size", few: true, holds: true, prepare: wheels(0, 0), do: compressed("amd64"),
			lines: []line{{size, "the program for amd64, `gzip -9`: MB", []bar{{7, ""}}}},
		},
		{
			name: "size-arm64", few: true, holds: true, prepare: wheels(0, 0), do: compressed("arm64"),
			lines: []line{{size, "the program for arm64, `gzip -9`: MB", []bar{{6.4, ""}}}},
		},
	}
}

// start returns a function that runs a program with arguments with which it does nothing.
func start(arguments ...string) func(*testing.B, string, string) sample {
	return func(b *testing.B, program, _ string) sample {
		b.Helper()
		s, _ := process(b, []string{"HOME=" + b.TempDir(), "PATH=" + os.Getenv("PATH")}, program, arguments...)
		return s
	}
}

func checks(b *testing.B, program, folder string) sample {
	b.Helper()
	s, _ := process(b, []string{countedFile + "=" + os.Getenv(countedFile)}, program, "check", folder)
	return s
}

// publishes returns a function that publishes a folder of n files to an index that answers as given.
func publishes(n int, answer func(), flags ...string) func(*testing.B, string, string) sample {
	return func(b *testing.B, program, folder string) sample {
		b.Helper()
		to := newIndex(b, answer)
		if !slices.Contains(flags, "-attestations") {
			flags = append(slices.Clone(flags), "-attestations", "false")
		}
		s, began := publish(b, program, to.servers, to.address, folder, flags...)
		to.check(b, n)
		s[uploads], s[first] = to.last.Sub(to.first).Seconds(), to.seen.Sub(began).Seconds()
		return s
	}
}

// atOnce publishes sixty files with a value of parallel-uploads. An earlier build, which may not know auto, gets its default.
func atOnce(parallel string, answer func()) func(*testing.B, string, string) sample {
	return func(b *testing.B, program, folder string) sample {
		b.Helper()
		flags := []string{"-wait-for-index", "0"}
		if program == shared().now {
			flags = append(flags, "-parallel-uploads", parallel)
		}
		return publishes(60, answer, flags...)(b, program, folder)
	}
}

// again publishes what has been published.
func again(b *testing.B, program, folder string) sample {
	b.Helper()
	to := newIndex(b, nil)
	publish(b, program, to.servers, to.address, folder, "-attestations", "false", "-wait-for-index", "0")
	s, _ := publish(b, program, to.servers, to.address, folder, "-attestations", "false")
	to.check(b, 3)
	return s
}

// memoryPerFile is how much more memory all files of a folder need than one of them, for each.
func memoryPerFile(b *testing.B, program, folder string) sample {
	b.Helper()
	files := filesIn(b, folder)
	few := publishes(1, nil, "-wait-for-index", "0")(b, program, alone(b, files[0]))
	all := publishes(len(files), nil, "-wait-for-index", "0")(b, program, folder)
	return sample{perFile: (all[peak] - few[peak]) / float64(len(files)-1) * 1e3}
}

// compressed is the size of the program for an architecture, as gzip -9 makes it.
func compressed(architecture string) func(*testing.B, string, string) sample {
	return func(b *testing.B, program, _ string) sample {
		b.Helper()
		if architecture != runtime.GOARCH {
			source := root
			if program != shared().now {
				source = shared().source()
			}
			if _, err := os.Stat(source); err != nil {
				return nil // another program, whose source is not known
			}
			var err error
			if program, err = shared().build(source, filepath.Base(program), architecture); err != nil {
				b.Fatal(err)
			}
		}
		command := exec.CommandContext(b.Context(), "gzip", "-9c", program)
		var out bytes.Buffer
		command.Stdout = &out
		if err := command.Run(); err != nil {
			b.Fatal(err)
		}
		return sample{size: float64(out.Len()) / 1e6}
	}
}

// filesIn returns the paths of the files in a folder.
func filesIn(b *testing.B, folder string) []string {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		b.Fatalf("%s has no files: %v", folder, err)
	}
	return files
}
