// Package par runs functions concurrently with a limit and converts panics to errors. No other package of the product
// starts a goroutine, so a panic anywhere becomes an error, and the credential is still revoked.
package par

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Panic reports a recovered panic as an error.
type Panic struct {
	Value any    // the argument of the panic
	Place string // the file and line of the panic; empty if they are unknown
	Stack []byte // the stack trace
}

// Error returns a message that this is a bug of the program, not a mistake of the user. It has the place, but not the value unless that is
// an error of the Go runtime: any other value may have a secret in it, in a form in which it is not recognized.
func (p *Panic) Error() string {
	what := fmt.Sprintf("panic of type %T", p.Value)
	var runtimeError runtime.Error
	if err, ok := p.Value.(error); ok && errors.As(err, &runtimeError) {
		what = runtimeError.Error()
	}
	if p.Place != "" {
		what += " at " + p.Place
	}
	return fmt.Sprintf("the program failed (%s): this is a defect, please report it with the log", what)
}

// placeOfPanic returns the file and line of the panic that the caller's caller recovers, as a path that does not depend on the machine.
func placeOfPanic() string {
	const skipped, deepest, folders = 3, 16, 3
	var counters [deepest]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(skipped, counters[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && frame.Function != "" {
			parts := strings.Split(filepath.ToSlash(frame.File), "/")
			return fmt.Sprintf("%s:%d", strings.Join(parts[max(len(parts)-folders, 0):], "/"), frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// Catch calls do and returns its error. If do panics, it returns the panic as a [*Panic].
func Catch(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Place: placeOfPanic(), Stack: debug.Stack()}
		}
	}()
	return do()
}

// Each calls do for every item, at most width at a time (at least one), in the order of the items. After the first error,
// or when ctx is done, it starts no further items and waits for those that are running. It returns all errors, joined,
// including the cause of ctx if items were skipped because of it.
func Each[T any](ctx context.Context, width int, items []T, do func(context.Context, T) error) error {
	var (
		mu     sync.Mutex
		next   int
		failed []error
		group  sync.WaitGroup
	)
	take := func() (item T, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(items) || len(failed) > 0 {
			return item, false
		}
		if err := context.Cause(ctx); err != nil {
			failed = append(failed, err)
			return item, false
		}
		next++
		return items[next-1], true
	}
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = append(failed, err)
	}
	for range min(max(width, 1), len(items)) {
		group.Go(func() {
			for {
				item, ok := take()
				if !ok {
					return
				}
				if err := Catch(func() error { return do(ctx, item) }); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// All returns the joined errors of all functions, which it calls concurrently.
func All(ctx context.Context, do ...func(context.Context) error) error {
	failed := make([]error, len(do))
	var group sync.WaitGroup
	for i, f := range do {
		group.Go(func() { failed[i] = Catch(func() error { return f(ctx) }) })
	}
	group.Wait()
	return errors.Join(failed...)
}

// Start calls do in a goroutine of its own. The channel gets its error, once, and has room for it, so that nobody has to wait for it.
func Start(do func() error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- Catch(do) }()
	return ended
}

// Abandoned reports that a function had not returned some time after its context was done.
type Abandoned struct {
	Cause error // of the context
	After time.Duration
}

// Error returns the cause, and how long the function had time to return.
func (e *Abandoned) Error() string {
	return fmt.Sprintf("%v; what was under way did not end within %v, and was left", e.Cause, e.After)
}

// Unwrap returns the cause.
func (e *Abandoned) Unwrap() error { return e.Cause }

// Interruptible calls do and returns its error. If ctx is done, do has this long to return; then Interruptible returns an [*Abandoned],
// while do goes on. No context ends a system call that hangs, such as one on a file system that does not answer. What do shares with
// others must allow for both. The time is that of the machine's clock.
func Interruptible(ctx context.Context, grace time.Duration, do func() error) error {
	ended := Start(do)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return &Abandoned{context.Cause(ctx), grace}
	}
}
