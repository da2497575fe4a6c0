//go:build bench

package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/buildtags"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// theProject is what every benchmark publishes.
const theProject pep.Project = "alder"

// result reports a figure that must be at most the bar.
func result(b *testing.B, what string, figure, bar float64, unit string) {
	b.Helper()
	compare(b, what, figure, bar, unit, "at most", figure <= bar)
}

// resultAtLeast reports a figure that must be at least the bar.
func resultAtLeast(b *testing.B, what string, figure, bar float64, unit string) {
	b.Helper()
	compare(b, what, figure, bar, unit, "at least", figure >= bar)
}

func compare(b *testing.B, what string, figure, bar float64, unit, sense string, within bool) {
	b.Helper()
	b.ReportMetric(figure, unit)
	line := fmt.Sprintf("%s: %.2f %s, bar: %s %.2f", what, figure, unit, sense, bar)
	if !within {
		b.Errorf("%s: MISSED", line)
		return
	}
	b.Logf("%s: held", line)
}

// median of samples, of which there is at least one.
func median[T int64 | float64 | time.Duration](samples []T) T {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// build makes the program as the image has it.
func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "pypi-oidc-publish")
	flags := append([]string{"build", "-tags=" + buildtags.Read(b)}, buildtags.Compiler(b)...)
	flags = append(flags, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "../..")
	command := exec.CommandContext(b.Context(), "go", flags...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// newServers is an index that trusts the test server's run for the project, and takes files of any size.
func newServers(b *testing.B) *fakepypi.Servers {
	b.Helper()
	servers := pypitest.Start(b, fakepypi.Options{Dir: b.TempDir(), Behavior: fakepypi.Behavior{FileLimit: 4 << 30}})
	servers.AddPublisher(fakepypi.Publisher{Project: theProject})
	return servers
}

// uploads reports whether a request uploads a file.
func uploads(r *http.Request) bool {
	return r.URL.Path == "/legacy/" && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// slowed is the test server behind a front that gives every answer to a slow request only when so much time has passed since the
// request came.
func slowed(b *testing.B, servers *fakepypi.Servers, delay time.Duration, slow func(*http.Request) bool) *url.URL {
	b.Helper()
	return fronted(b, servers, func(w http.ResponseWriter, r *http.Request, index http.Handler) {
		if !slow(r) {
			index.ServeHTTP(w, r)
			return
		}
		until := time.After(delay)
		answer := httptest.NewRecorder()
		index.ServeHTTP(answer, r)
		select {
		case <-until:
		case <-b.Context().Done():
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	})
}

// taking is the test server behind a front that takes the uploads itself.
func taking(b *testing.B, servers *fakepypi.Servers, upload func(*http.Request)) *url.URL {
	b.Helper()
	return fronted(b, servers, func(w http.ResponseWriter, r *http.Request, index http.Handler) {
		if uploads(r) {
			upload(r)
			return
		}
		index.ServeHTTP(w, r)
	})
}

// fronted is the test server behind a front.
func fronted(b *testing.B, servers *fakepypi.Servers, front func(w http.ResponseWriter, r *http.Request, index http.Handler)) *url.URL {
	b.Helper()
	index := *servers.Upload
	index.Path = ""
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&index) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { front(w, r, proxy) }))
	b.Cleanup(server.Close)
	at, err := url.Parse(server.URL + "/legacy/")
	if err != nil {
		b.Fatal(err)
	}
	return at
}

// ran is how a process went.
type ran struct {
	began time.Time
	took  time.Duration
	cpu   time.Duration
	peak  int64 // bytes of memory that were resident at most
}

// publish runs the program as a step of the test server's run, uploading to the address.
func publish(b *testing.B, program string, servers *fakepypi.Servers, to *url.URL, folder string) ran {
	b.Helper()
	return publishWith(b, program, servers, to, folder, "-wait-for-index", "0")
}

// publishWith is publish with other flags.
func publishWith(b *testing.B, program string, servers *fakepypi.Servers, to *url.URL, folder string, flags ...string) ran {
	b.Helper()
	env := []string{"GITHUB_ACTIONS=true", "PATH=" + os.Getenv("PATH")}
	for name, value := range servers.Env {
		env = append(env, name+"="+value)
	}
	return process(b, env, program, append(append([]string{"publish", "-repository-url", to.String()}, flags...), folder)...)
}

// process runs a program to its good end and watches its memory.
func process(b *testing.B, env []string, program string, arguments ...string) ran {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	var log bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir, command.Env, command.Stdout, command.Stderr = b.TempDir(), env, &log, &log
	r := ran{began: time.Now()}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	ended, watched := make(chan struct{}), make(chan int64)
	go func() { watched <- peakOf(command.Process.Pid, ended) }()
	err := command.Wait()
	r.took = time.Since(r.began)
	r.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	close(ended)
	r.peak = <-watched
	if err != nil {
		b.Fatalf("%s: %v\n%s", program, err, log.String())
	}
	return r
}

// peakOf asks the system again and again for the high-water mark of the process's memory, which only grows, until it has
// ended. What the system reports of ended processes is of no use here: it counts the process that started them too.
func peakOf(pid int, ended <-chan struct{}) (peak int64) {
	for {
		select {
		case <-ended:
			return peak
		case <-time.After(2 * time.Millisecond):
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), "\nVmHWM:")
		line, _, _ := strings.Cut(rest, " kB")
		if kib, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64); err == nil {
			peak = max(peak, kib<<10)
		}
	}
}
