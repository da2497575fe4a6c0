package par_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
)

func numbers(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}

func TestEach_Width(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most, done atomic.Int64
		err := par.Each(t.Context(), 3, numbers(20), func(context.Context, int) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			done.Add(1)
			return nil
		})
		if err != nil || done.Load() != 20 || most.Load() != 3 {
			t.Errorf("err %v, done %d, at most %d at a time", err, done.Load(), most.Load())
		}
	})
}

func TestEach_Error(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wrong := errors.New("refused")
		var mu sync.Mutex
		finished := map[int]bool{}
		err := par.Each(t.Context(), 2, numbers(10), func(ctx context.Context, i int) error {
			if i == 0 {
				time.Sleep(time.Second)
				return wrong
			}
			time.Sleep(3 * time.Second)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			finished[i] = true
			return nil
		})
		if !errors.Is(err, wrong) {
			t.Errorf("err %v", err)
		}
		if len(finished) != 1 || !finished[1] {
			t.Errorf("finished %v, want the one that was in flight", finished)
		}
	})
}

func TestEach_Cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cut := errors.New("cancelled by a signal")
	started := 0
	err := par.Each(ctx, 1, numbers(5), func(context.Context, int) error {
		started++
		cancel(cut)
		return nil
	})
	if started != 1 || !errors.Is(err, cut) {
		t.Errorf("started %d, err %v", started, err)
	}
}

func TestPanic_IsError(t *testing.T) {
	t.Parallel()
	boom := func(context.Context, int) error { panic("boom") }
	for name, err := range map[string]error{
		"each":  par.Each(t.Context(), 2, numbers(3), boom),
		"all":   par.All(t.Context(), func(context.Context) error { panic("boom") }),
		"catch": par.Catch(func() error { panic("boom") }),
	} {
		var p *par.Panic
		if !errors.As(err, &p) || p.Value != "boom" || len(p.Stack) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAll_JoinsErrors(t *testing.T) {
	t.Parallel()
	a, b := errors.New("a"), errors.New("b")
	err := par.All(t.Context(),
		func(context.Context) error { return a },
		func(context.Context) error { return nil },
		func(context.Context) error { return b })
	if !errors.Is(err, a) || !errors.Is(err, b) {
		t.Error(err)
	}
	if err := par.Each(t.Context(), 4, nil, func(context.Context, int) error { return a }); err != nil {
		t.Error(err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	if err := <-par.Start(func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	var defect *par.Panic
	if err := <-par.Start(func() error { panic("a defect") }); !errors.As(err, &defect) {
		t.Errorf("got %v", err)
	}
}

// TestInterruptible: what does not end is left some time after the context, and what ends is waited for until then.
func TestInterruptible(t *testing.T) {
	t.Parallel()
	failed, ended := errors.New("failed"), errors.New("terminated")
	cases := map[string]struct {
		takes  time.Duration
		cancel time.Duration
		want   error
		after  time.Duration
	}{
		"it ends by itself":                     {time.Hour, 2 * time.Hour, failed, time.Hour},
		"it ends soon after the context":        {time.Hour + time.Second, time.Hour, failed, time.Hour + time.Second},
		"it does not":                           {1000 * time.Hour, time.Hour, ended, time.Hour + 3*time.Second},
		"the context was done before":           {1000 * time.Hour, 0, ended, 3 * time.Second},
		"the context was done before, it ended": {time.Second, 0, failed, time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(c.cancel, func() { cancel(ended) })
				defer timer.Stop()
				began := time.Now()
				err := par.Interruptible(ctx, 3*time.Second, func() error {
					time.Sleep(c.takes)
					return failed
				})
				if took := time.Since(began); !errors.Is(err, c.want) || took != c.after {
					t.Errorf("%v after %v", err, took)
				}
				var left *par.Abandoned
				if errors.As(err, &left) != (c.want == ended) {
					t.Errorf("got %v", err)
				}
				cancel(nil)
				time.Sleep(c.takes) // a goroutine must not outlive the bubble
			})
		})
	}
}
