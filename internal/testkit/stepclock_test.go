package testkit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// passed returns how many whole minutes the clock went on while do ran.
func passed(c *stepclock.Clock, do func()) int {
	began := c.Now()
	do()
	return int(c.Now().Sub(began) / time.Minute)
}

func TestClock(t *testing.T) {
	t.Parallel()
	var c stepclock.Clock
	began := time.Now()
	if n := passed(&c, func() { _ = c.Sleep(t.Context(), 3*time.Hour) }); n != 180 {
		t.Errorf("%d minutes in a wait of three hours", n)
	}
	var group sync.WaitGroup
	ready := make(chan struct{})
	if n := passed(&c, func() {
		for range 8 {
			group.Go(func() { <-ready; _ = c.Sleep(t.Context(), 20*time.Minute) })
		}
		close(ready)
		group.Wait()
	}); n < 20 || n > 160 {
		t.Errorf("%d minutes in waits of 20 minutes side by side", n)
	}
	if n := passed(&c, func() { c.Step(time.Hour) }); n != 60 {
		t.Errorf("%d minutes in a step of an hour", n)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("the end"))
	if n := passed(&c, func() {
		if err := c.Sleep(ctx, time.Hour); err == nil || err.Error() != "the end" {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%d minutes in a wait that did not begin", n)
	}
	c.Reset()
	if ahead := c.Now().Sub(began); ahead > time.Since(began) {
		t.Errorf("%v ahead after a reset", ahead)
	}
}
