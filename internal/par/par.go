// Package par runs work side by side: bounded goroutines that cannot bring the program down.
// No other room of the product starts a goroutine, so a panic anywhere comes back as an error, and the credential is
// still burned.
package par

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Panic is a panic that came back as an error.
type Panic struct {
	Value any    // what was panicked with
	Stack []byte // where
}

// Error tells that the program is at fault, not the user.
func (p *Panic) Error() string {
	return fmt.Sprintf("the program failed (%v): this is a defect, please report it with the log", p.Value)
}

// Catch runs do and returns its panic, if it has one, as a [*Panic].
func Catch(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: debug.Stack()}
		}
	}()
	return do()
}

// Each calls do for every item, at most width at a time, in the order of the items. After the first error, or when ctx
// is done, no further item is started; what is in flight finishes. It returns every error, joined, and ctx's error where
// items were left because of it.
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

// All runs every one of the functions at the same time and returns their errors, joined.
func All(ctx context.Context, do ...func(context.Context) error) error {
	failed := make([]error, len(do))
	var group sync.WaitGroup
	for i, f := range do {
		group.Go(func() { failed[i] = Catch(func() error { return f(ctx) }) })
	}
	group.Wait()
	return errors.Join(failed...)
}
