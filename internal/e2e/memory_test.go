package e2e_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// peakFile is the variable that names the file into which a process of the program writes the most memory that it had.
const peakFile = "TEST_PEAK_FILE"

// notePeak writes the most memory that this process had, in kilobytes, where Linux tells it.
func notePeak(path string) {
	if path == "" {
		return
	}
	status, _ := os.ReadFile("/proc/self/status")
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		return
	}
	if err := os.WriteFile(path, peak[1], 0o600); err != nil {
		panic(err)
	}
}

// The most that a run may take: memory, and what it prints.
const (
	mostMemory = 256 << 20
	mostLog    = 2 << 20
)

// TestMemory: no files and no answers of an index, however long, let a run take much memory or print much. Each case is a process. The
// index takes every file as it is: what it would find in these is not the subject, and takes as long as the run.
func TestMemory(t *testing.T) {
	long.Only(t)
	if raced {
		t.Skip("the race detector needs memory of its own")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not tell how much memory a process had")
	}
	t.Parallel()
	const good = "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n"
	save := func(s *step, n int, wheel []byte) {
		disttest.Save(t, s.path(fmt.Sprintf("dist/alder-1.0-%d-py3-none-any.whl", n)), wheel)
	}
	wheel := func(metadata string, files ...disttest.Member) []byte {
		members := disttest.WheelMembers("alder", "1.0", metadata, files...)
		for i := range members {
			members[i].Deflated = true
		}
		return disttest.Zip(members...)
	}
	// As many wheels, of different or of the same metadata.
	wheels := func(count int, metadata func(n int) string) func(*step) {
		return func(s *step) {
			for n := range count {
				save(s, n, wheel(metadata(n)))
			}
		}
	}
	alike := func(count int, metadata string, files ...disttest.Member) func(*step) {
		return func(s *step) {
			for n, data := 0, wheel(metadata, files...); n < count; n++ {
				save(s, n, data)
			}
		}
	}
	page := func(kind, begin, part, end string) func(*step) {
		return func(s *step) {
			alike(1, good)(s)
			s.front(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !strings.HasPrefix(r.URL.Path, "/simple/alder") {
						next.ServeHTTP(w, r)
						return
					}
					w.Header().Set("Content-Type", kind)
					_, _ = io.WriteString(w, begin)
					for block, n := strings.Repeat(part, 1000), 0; n < 63<<20; n += len(block) {
						_, _ = io.WriteString(w, block)
					}
					_, _ = io.WriteString(w, end)
				})
			})
		}
	}
	type hostile struct {
		name    string
		arrange func(*step)
	}
	cases := []hostile{ // the longest first
		{"wheels with many headers", wheels(3, func(n int) string {
			return good + fmt.Sprintf("X-%d: a\n", n) + strings.Repeat("a:\n", 2_500_000)
		})},
		{"wheels with descriptions that are read", wheels(2, func(n int) string {
			return good + fmt.Sprintf("\n%d\n\n", n) + strings.Repeat("a\n b\n", 100_000)
		})},
		{"a million members", func(s *step) {
			save(s, 0, manyMembers(1_000_000))
		}},
		{"sixteen wheels with long descriptions", wheels(16, func(n int) string {
			return good + fmt.Sprintf("Description-Content-Type: text/x-rst\n\n%d\n\n", n) + strings.Repeat("a\n b\n", 1_400_000)
		})},
		{"sdists with long metadata", func(s *step) {
			for n := range 8 {
				disttest.Save(t, s.path(fmt.Sprintf("dist/alder-1.%d.tar.gz", n)), disttest.TarGz(disttest.Member{
					Name:    fmt.Sprintf("alder-1.%d/PKG-INFO", n),
					Content: strings.Replace(good, "1.0", fmt.Sprintf("1.%d", n), 1) + "\n" + strings.Repeat("0123456789\n", 2_800_000),
				}))
			}
		}},
		{"400,000 license files", alike(2, good+numbered("License-File: licenses/", 6, 400_000, ""))},
		{"400,000 wrong values", alike(2, good+numbered("Requires-Dist: ", 6, 400_000, "!"))},
		{"metadata of 30 MiB", wheels(4, func(n int) string {
			return good + fmt.Sprintf("\n%d", n) + strings.Repeat("0123456789\n", 2_800_000)
		})},
		{"a RECORD of 60 MiB", func(s *step) {
			members := disttest.WheelMembers("alder", "1.0", good)
			record := &members[len(members)-1]
			record.Deflated, record.Content = true, record.Content+numbered("alder/", 40, 1_100_000, ".py,,")
			save(s, 0, disttest.Zip(members...))
		}},
		{"entry points", alike(2, good, disttest.Member{
			Name: "alder-1.0.dist-info/entry_points.txt", Content: "[console_scripts]\n" + numbered("a", 7, 2_000_000, " = b:c"),
		})},
		{"a page of many files", page("application/vnd.pypi.simple.v1+json",
			`{"name":"alder","files":[{"filename":"alder-0.9.tar.gz"}`, `,{"filename":"alder-0.9.tar.gz"}`, "]}")},
		{"a page of many links", page("text/html", "<title>Links for alder</title>", "<a href=a-1.zip>a-1.zip</a>", "")},
		{"a page of one text", page("application/vnd.pypi.simple.v1+json", `{"name":"`, "x", `"}`)},
	}
	// As many at the same time as there are processors: each takes one of them.
	if err := par.Each(t.Context(), runtime.GOMAXPROCS(0), cases, func(_ context.Context, c hostile) error {
		t.Run(c.name, func(t *testing.T) {
			s := newStep(t).asProcess()
			s.env[peakFile] = s.path("peak")
			s.env["INPUT_WAIT-FOR-INDEX"] = "0"
			s.frontUploads(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { _, _ = io.Copy(io.Discard, r.Body) })
			c.arrange(s)
			e := s.run()
			if e.code < 0 {
				t.Fatalf("it was killed\n%s", e.log)
			}
			peak, err := strconv.ParseInt(s.fileText("peak"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d MB, exit code %d, %d bytes of log", peak>>10, e.code, len(e.log))
			if peak<<10 > mostMemory {
				t.Errorf("it took %d MB", peak>>10)
			}
			if len(e.log) > mostLog {
				t.Errorf("it printed %d bytes, beginning with\n%.2000s", len(e.log), e.log)
			}
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// numbered returns lines that each have a number of so many digits.
func numbered(before string, digits, count int, after string) string {
	line := []byte(before + strings.Repeat("0", digits) + after + "\n")
	number := line[len(before) : len(before)+digits]
	var b strings.Builder
	b.Grow(count * len(line))
	for range count {
		b.Write(line)
		for at := digits - 1; ; at-- {
			if number[at]++; number[at] <= '9' {
				break
			}
			number[at] = '0'
		}
	}
	return b.String()
}

// manyMembers returns a wheel with a directory of many members, of which only the first ones have data.
func manyMembers(count int) []byte {
	members := disttest.WheelMembers("alder", "1.0", "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n")
	data := disttest.Zip(members...)
	start, end := bytes.Index(data, []byte("PK\x01\x02")), len(data)-22
	all := bytes.Clone(data[:end])
	entry := make([]byte, 46+9)
	copy(entry, "PK\x01\x02\x14\x00\x14\x00")
	entry[28] = 9
	for n := range count {
		copy(entry[46:], fmt.Sprintf("a/%07x", n))
		all = append(all, entry...)
	}
	size, total := uint64(len(all)-start), uint64(count+len(members))
	for _, part := range []any{
		[]byte("PK\x06\x06"), uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), total, total, size, uint64(start),
		[]byte("PK\x06\x07"), uint32(0), uint64(len(all)), uint32(1),
	} {
		all, _ = binary.Append(all, binary.LittleEndian, part)
	}
	all = append(all, data[end:]...)
	for at := 8; at < 20; at++ {
		all[len(all)-22+at] = 0xff
	}
	return all
}
