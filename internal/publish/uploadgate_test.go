package publish

import (
	"testing"
	"testing/synctest"
)

func TestUploadGate(t *testing.T) {
	t.Parallel()
	for _, closing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := newUploadGate()
			if !g.wait() {
				t.Error("an open gate let nobody through")
			}
			g.hold()
			passed := make(chan bool, 3)
			for range 3 {
				go func() { passed <- g.wait() }()
			}
			synctest.Wait()
			if n := len(passed); n != 0 {
				t.Errorf("%d passed a gate that is held", n)
			}
			g.release(true, closing)
			for range 3 {
				if got := <-passed; got == closing {
					t.Errorf("closed %v: passed %v", closing, got)
				}
			}
			if g.isClosed() != closing {
				t.Errorf("closed %v", g.isClosed())
			}
		})
	}
}
