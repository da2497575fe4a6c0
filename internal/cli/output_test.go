package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowReader is a stream whose reader needs this long for every write.
type slowReader struct {
	each  time.Duration
	mu    sync.Mutex
	read  strings.Builder
	fails error
}

func (s *slowReader) Write(text []byte) (int, error) {
	time.Sleep(s.each)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read.Write(text)
	return len(text), s.fails
}

func (s *slowReader) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read.String()
}

// TestOutput_SlowReader: a reader that goes on reading gets everything, in order and from both streams, however long it takes.
func TestOutput_SlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader := &slowReader{each: outputPatience - time.Millisecond, fails: errors.New("ignored")}
		o := newOutput()
		streams := []io.Writer{o.stream(reader), o.stream(reader)}
		var want strings.Builder
		for n := range queuedTexts + 100 {
			line := fmt.Sprintln("line", n)
			want.WriteString(line)
			if written, err := io.WriteString(streams[n%2], line); err != nil || written != len(line) {
				t.Errorf("%d, %v", written, err)
			}
		}
		long := strings.Repeat("x", 10*writtenAtOnce+1)
		want.WriteString(long)
		fmt.Fprint(streams[0], long)
		o.finish(t.Context())
		if reader.String() != want.String() {
			t.Error("something is missing, or in another order")
		}
	})
}

// TestOutput_NoReader: nobody waits for a reader that has stopped, but for a moment if very much is queued, and at the end.
func TestOutput_NoReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines     int
		cancelled bool
		longest   time.Duration // of printing
		final     time.Duration
	}{
		"few lines":           {100, false, 0, finalPatience},
		"many lines":          {3 * queuedTexts, false, outputPatience, finalPatience},
		"many, and a signal":  {3 * queuedTexts, true, outputPatience, outputPatience},
		"a signal, few lines": {1, true, 0, outputPatience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				if c.cancelled {
					cancel()
				}
				stopped := make(chan struct{})
				o := newOutput()
				stream := o.stream(writerFunc(func(p []byte) (int, error) { <-stopped; return len(p), nil }))
				began := time.Now()
				for range c.lines {
					fmt.Fprintln(stream, "a line")
				}
				printing := time.Since(began)
				began = time.Now()
				o.finish(ctx)
				if final := time.Since(began); printing > c.longest || final != c.final {
					t.Errorf("printing took %v, the end %v", printing, final)
				}
				fmt.Fprintln(stream, "afterwards") // is dropped
				cancel()
				close(stopped)
			})
		})
	}
}

// TestOutput_SignalAtTheEnd: a signal while the end is waited for makes that short.
func TestOutput_SignalAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopped := make(chan struct{})
		o := newOutput()
		fmt.Fprintln(o.stream(writerFunc(func(p []byte) (int, error) { <-stopped; return len(p), nil })), "a line")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		o.finish(ctx)
		if took := time.Since(began); took != time.Second+outputPatience {
			t.Errorf("it took %v", took)
		}
		close(stopped)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestOutput_Together: lines that follow each other are written together, but a mask at once, and what was printed before it.
func TestOutput_Together(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var writes []string
		began := time.Now()
		log := func(name string) io.Writer {
			return writerFunc(func(p []byte) (int, error) {
				writes = append(writes, fmt.Sprintf("%s %v %q", name, time.Since(began), p))
				return len(p), nil
			})
		}
		o := newOutput()
		out, problems := o.stream(log("out")), o.stream(log("err"))
		show := func(to io.Writer, lines ...string) {
			for _, line := range lines {
				fmt.Fprintln(to, line)
			}
		}
		show(out, "a", "b")
		time.Sleep(time.Second)
		show(out, "c")
		show(problems, "d", "e")
		show(out, "f", "::add-mask::secret", "g")
		o.finish(t.Context())
		want := []string{
			fmt.Sprintf(`out %v "a\nb\n"`, gatherTime),
			`out 1s "c\n"`, `err 1s "d\ne\n"`, `out 1s "f\n::add-mask::secret\n"`, `out 1s "g\n"`,
		}
		if strings.Join(writes, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\nwant\n%s", strings.Join(writes, "\n"), strings.Join(want, "\n"))
		}
	})
}
