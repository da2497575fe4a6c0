//go:build bench

package bench_test

import (
	"crypto/sha256"
	"io"
	"net/http"
	"os"
	"testing"
	"time"
)

// otherProgram is the variable with the path of another build of the program, such as an earlier one, to compare with.
const otherProgram = "OTHER_PROGRAM"

// BenchmarkUpload_LargeWheel: how fast a wheel of a GiB is sent to an index that computes its digest and does nothing else, and how fast by
// another build, alternately.
func BenchmarkUpload_LargeWheel(b *testing.B) {
	program, folder := build(b), b.TempDir()
	writeLargeWheel(b, folder)
	other := os.Getenv(otherProgram)
	var ours, theirs, ratios []float64 // a ratio is of two uploads one after the other: other work on the machine slows both
	for b.Loop() {
		ours = append(ours, uploadRate(b, program, folder))
		if other != "" {
			theirs = append(theirs, uploadRate(b, other, folder))
			ratios = append(ratios, ours[len(ours)-1]/theirs[len(theirs)-1])
		}
	}
	b.ReportMetric(median(ours), "MiB/s")
	if other == "" {
		b.Logf("%s IS NOT SET: nothing is said about another build", otherProgram)
		return
	}
	b.ReportMetric(median(theirs), "MiB/s-other")
	resultAtLeast(b, "the upload of a GiB, against another build", median(ratios), 0.97, "x-other")
}

// uploadRate publishes the wheel in a folder, and returns the MiB a second from the head of its upload to its last byte.
func uploadRate(b *testing.B, program, folder string) (rate float64) {
	b.Helper()
	servers := newServers(b)
	publish(b, program, servers, taking(b, servers, func(r *http.Request) {
		began := time.Now()
		n, err := io.Copy(sha256.New(), r.Body)
		if err != nil {
			b.Error(err)
		}
		rate = float64(n) / (1 << 20) / time.Since(began).Seconds()
	}), folder)
	return rate
}
