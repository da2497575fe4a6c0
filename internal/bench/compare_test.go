//go:build bench

package bench_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// everyUpload is every request to the upload URL, also the one that shows that a token was revoked.
func everyUpload(r *http.Request) bool { return r.URL.Path == "/legacy/" }

// BenchmarkCompare: what this build takes of time, of both processors and of memory, and what another build takes, by turns on the same
// machine: the ratios count. There is no bar, since other work on the machine shows in all of it.
func BenchmarkCompare(b *testing.B) {
	program, other := build(b), os.Getenv(otherProgram)
	if other == "" {
		b.Skipf("%s is the path of the build to compare with", otherProgram)
	}
	wheels := func(n, size int) string {
		folder := b.TempDir()
		for i := range n {
			writeWheel(b, filepath.Join(folder, wheelName(i+1)), 300, noise(uint64(i), size))
		}
		return folder
	}
	three, many, large := wheels(3, 200), wheels(500, 200), wheels(60, 2_000_000)
	publishes := func(folder string, delay time.Duration, flags ...string) func(b *testing.B, program string) ran {
		return func(b *testing.B, program string) ran {
			b.Helper()
			servers := newServers(b)
			to := servers.Upload
			if delay > 0 {
				to = slowed(b, servers, delay, everyUpload)
			}
			return publishWith(b, program, servers, to, folder, append([]string{"-attestations", "false"}, flags...)...)
		}
	}
	for _, c := range []struct {
		name string
		do   func(b *testing.B, program string) ran
	}{
		{"start", func(b *testing.B, program string) ran { return process(b, nil, program, "publish", "--help") }},
		{"three small files, read back", publishes(three, 0, "-wait-for-index", "60")},
		{"three small files that are there", func(b *testing.B, program string) ran {
			servers := newServers(b)
			again := func() ran { return publishWith(b, program, servers, servers.Upload, three, "-attestations", "false") }
			again()
			return again()
		}},
		{"500 files of 1 kB", publishes(many, 0, "-wait-for-index", "0")},
		{"60 files of 2 MB, answers in 50 ms, read back", publishes(large, 50*time.Millisecond, "-wait-for-index", "60")},
		{"60 files of 2 MB, answers in 0.5 s, read back", publishes(large, latency, "-wait-for-index", "60")},
		{"check of 60 files of 2 MB", func(b *testing.B, program string) ran { return process(b, nil, program, "check", large) }},
		{"check of 500 files of 1 kB", func(b *testing.B, program string) ran { return process(b, nil, program, "check", many) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ours, theirs []ran
			for b.Loop() {
				ours, theirs = append(ours, c.do(b, program)), append(theirs, c.do(b, other))
			}
			tell := func(unit string, of func(ran) float64) {
				mine, others := medianOf(ours, of), medianOf(theirs, of)
				b.ReportMetric(mine, unit)
				b.ReportMetric(mine/others, "x-"+unit)
			}
			tell("s", func(r ran) float64 { return r.took.Seconds() })
			tell("s-cpu", func(r ran) float64 { return r.cpu.Seconds() })
			tell("MB", func(r ran) float64 { return float64(r.peak) / 1e6 })
		})
	}
}

// BenchmarkPublish_Adaptive: sixty files at an index that answers each upload in half a second, with as many at once as it takes. The first
// wheel and the sdist are alone: with 4 the others take 15 rounds, with 4, 5 and then 6 they take 11.
func BenchmarkPublish_Adaptive(b *testing.B) {
	program := build(b)
	folder, _ := sixty(b)
	for _, c := range []struct {
		parallel string
		bar      float64
	}{{"4", 1.04 * 17 * latency.Seconds()}, {"auto", 1.04 * 13 * latency.Seconds()}} {
		b.Run(c.parallel, func(b *testing.B) {
			var samples []float64
			for b.Loop() {
				servers := newServers(b)
				r := publishWith(b, program, servers, slowed(b, servers, latency, uploads), folder, "-attestations", "false",
					"-wait-for-index", "0", "-parallel-uploads", c.parallel)
				checkComplete(b, len(servers.Files()))
				began, ended := spanOfUploads(servers)
				samples = append(samples, ended.Sub(began).Seconds()+latency.Seconds())
				b.ReportMetric(r.took.Seconds(), "s-run")
			}
			result(b, "uploads of sixty files, parallel-uploads: "+c.parallel, median(samples), c.bar, "s-uploads")
		})
	}
}

// spanOfUploads returns when the first and the last upload began.
func spanOfUploads(servers *fakepypi.Servers) (first, last time.Time) {
	for _, r := range servers.Requests() {
		if r.Op != "upload" {
			continue
		}
		if first.IsZero() {
			first = r.Started
		}
		last = r.Started
	}
	return first, last
}

func medianOf(all []ran, of func(ran) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, r := range all {
		values = append(values, of(r))
	}
	return median(values)
}
