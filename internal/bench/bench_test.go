//go:build bench

package bench_test

import (
	"context"
	"crypto/sha256"
	"hash"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// BenchmarkStart: from the start of the process to the moment at which the index sees its first request.
func BenchmarkStart(b *testing.B) {
	program, servers, folder := build(b), newServers(b), b.TempDir()
	writeWheel(b, filepath.Join(folder, wheelName(1)), 4<<10, noise(1, 10<<10))
	var samples []time.Duration
	for b.Loop() {
		before := len(servers.Requests())
		r := publish(b, program, servers, servers.Upload, folder)
		samples = append(samples, servers.Requests()[before].Started.Sub(r.began))
	}
	result(b, "start to first request", milliseconds(median(samples)), 50, "ms")
}

// sixty writes 59 wheels and an sdist of 2 MB each.
func sixty(b *testing.B) (folder string, paths []string) {
	b.Helper()
	const size = 2_000_000
	folder = b.TempDir()
	for n := range 59 {
		paths = append(paths, filepath.Join(folder, wheelName(n+1)))
		writeWheel(b, paths[n], 4<<10, noise(uint64(n), size))
	}
	paths = append(paths, filepath.Join(folder, sdistName))
	writeSdist(b, paths[59], noise(59, size))
	return folder, paths
}

// What the index needs for each of sixty files, and what the run then needs at least: the first wheel alone, 58 by fours, the
// sdist last.
const (
	latency = 500 * time.Millisecond
	ideal   = (1 + 15 + 1) * latency
)

// BenchmarkPublish_SixtyFiles: a release of sixty files at an index that answers every upload in half a second, and the same with twine.
func BenchmarkPublish_SixtyFiles(b *testing.B) {
	program := build(b)
	folder, paths := sixty(b)
	var ours, theirs []float64
	for b.Loop() {
		servers := newServers(b)
		took := publish(b, program, servers, slowed(b, servers, latency, uploads), folder).took
		checkComplete(b, len(servers.Files()))
		ours = append(ours, took.Seconds())
		if twine, err := exec.LookPath("twine"); err == nil {
			theirs = append(theirs, twineTakes(b, twine, paths).Seconds())
		}
	}
	b.ReportMetric(median(ours), "s")
	result(b, "sixty files, against the ideal", median(ours)/ideal.Seconds(), 1.3, "x-ideal")
	if len(theirs) == 0 {
		b.Log("TWINE IS NOT INSTALLED HERE: nothing is said about it")
		return
	}
	b.ReportMetric(median(theirs), "s-twine")
	resultAtLeast(b, "sixty files, against twine", median(theirs)/median(ours), 3, "x-twine")
}

// BenchmarkPublish_EverythingSlow: the same where the queries, the mint and the burn take half a second each as well, for
// which there is no bar.
func BenchmarkPublish_EverythingSlow(b *testing.B) {
	program := build(b)
	folder, _ := sixty(b)
	var samples []float64
	for b.Loop() {
		servers := newServers(b)
		took := publish(b, program, servers, slowed(b, servers, latency, func(*http.Request) bool { return true }), folder).took
		checkComplete(b, len(servers.Files()))
		samples = append(samples, took.Seconds())
	}
	b.ReportMetric(median(samples)/ideal.Seconds(), "x-ideal")
}

// checkComplete checks that the index has all sixty.
func checkComplete(b *testing.B, files int) {
	b.Helper()
	if files != 60 {
		b.Fatalf("the index has %d files", files)
	}
}

// twineTakes is the time in which twine publishes the files to its own test server, as slow as ours.
func twineTakes(b *testing.B, twine string, paths []string) time.Duration {
	b.Helper()
	servers, home := newServers(b), b.TempDir()
	token, err := servers.APIToken()
	if err != nil {
		b.Fatal(err)
	}
	to := slowed(b, servers, latency, uploads)
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		"PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring",
		"TWINE_REPOSITORY_URL=" + to.String(), "TWINE_USERNAME=__token__", "TWINE_PASSWORD=" + token,
	}
	took := process(b, env, twine, append([]string{"upload", "--non-interactive", "--disable-progress-bar"}, paths...)...).took
	checkComplete(b, len(servers.Files()))
	return took
}

// BenchmarkHashing: all digests of a file of a GiB, against the slowest of them alone on bytes that are in memory already.
func BenchmarkHashing(b *testing.B) {
	path := writeLargeWheel(b, b.TempDir())
	var ours, ratios []float64
	for b.Loop() {
		slowest := max(alone(sha256.New()), alone(newBLAKE2b(b)))
		began := time.Now()
		if _, err := distfile.Read(b.Context(), path, false); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		ours = append(ours, 1024/took.Seconds())
		ratios = append(ratios, slowest.Seconds()/took.Seconds())
	}
	b.ReportMetric(median(ours), "MiB/s")
	resultAtLeast(b, "hashing a GiB, against the slowest digest alone", median(ratios), 0.9, "x-slowest")
}

func newBLAKE2b(b *testing.B) hash.Hash {
	b.Helper()
	h, err := blake2b.New256(nil)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

// alone is the time of one digest of a GiB.
func alone(h hash.Hash) time.Duration {
	block := make([]byte, 256<<10)
	began := time.Now()
	for range gib / len(block) {
		_, _ = h.Write(block) // a hash never fails to write
	}
	h.Sum(nil)
	return time.Since(began)
}

// BenchmarkMemory_LargeWheel: the most memory that is resident while a wheel of a GiB is read, checked and uploaded.
func BenchmarkMemory_LargeWheel(b *testing.B) {
	program, folder := build(b), b.TempDir()
	writeLargeWheel(b, folder)
	var peaks []int64
	for b.Loop() {
		servers := newServers(b)
		peaks = append(peaks, publish(b, program, servers, servers.Upload, folder).peak)
		if all := servers.Files(); len(all) != 1 || all[0].Size < gib {
			b.Fatalf("the index has %+v", all)
		}
	}
	result(b, "peak memory for a wheel of a GiB", float64(median(peaks))/1e6, 48, "MB")
}

// BenchmarkMemory_PerFile: how much more memory 500 files need than one, for each.
func BenchmarkMemory_PerFile(b *testing.B) {
	const many = 500
	program, one, all := build(b), b.TempDir(), b.TempDir()
	for n := range many {
		for _, folder := range []string{one, all} {
			if folder == all || n == 0 {
				writeWheel(b, filepath.Join(folder, wheelName(n+1)), 8<<10, noise(uint64(n), 20<<10))
			}
		}
	}
	var growth []float64
	for b.Loop() {
		small, large := newServers(b), newServers(b)
		few := publish(b, program, small, small.Upload, one).peak
		lot := publish(b, program, large, large.Upload, all).peak
		if n := len(large.Files()); n != many {
			b.Fatalf("the index has %d files", n)
		}
		growth = append(growth, float64(lot-few)/(many-1)/1e3)
	}
	result(b, "memory for each of 500 files", median(growth), 64, "kB/file")
}

// BenchmarkPreflight: 200 distributions of 1 MB, wheels and sdists by turns, read and checked.
func BenchmarkPreflight(b *testing.B) {
	const many, size = 200, 1_000_000
	var paths []string
	for n := range many {
		folder := b.TempDir() // sdists of one release all have the same name
		if n%2 == 0 {
			paths = append(paths, filepath.Join(folder, wheelName(n)))
			writeWheel(b, paths[n], 4<<10, noise(uint64(n), size))
			continue
		}
		paths = append(paths, filepath.Join(folder, sdistName))
		writeSdist(b, paths[n], noise(uint64(n), size))
	}
	var samples []float64
	for b.Loop() {
		began := time.Now()
		files, places := make([]*distfile.Distribution, many), make([]int, many)
		for i := range places {
			places[i] = i
		}
		if err := par.Each(b.Context(), runtime.GOMAXPROCS(0), places, func(ctx context.Context, i int) (err error) {
			files[i], err = distfile.Read(ctx, paths[i], false)
			return err
		}); err != nil {
			b.Fatal(err)
		}
		found := preflight.Check(preflight.Set{Files: files, Warehouse: true, Now: began})
		samples = append(samples, time.Since(began).Seconds())
		if len(found) == 0 { // a release with many sdists
			b.Fatal("nothing was found: the benchmark measures nothing")
		}
	}
	result(b, "preflight of 200 distributions of 1 MB", median(samples), 1, "s")
}
