package publish

import (
	"testing"
	"testing/synctest"
)

func TestTheDoor(t *testing.T) {
	t.Parallel()
	for _, forGood := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			d := newDoor()
			if !d.pass() {
				t.Error("an open door let nobody through")
			}
			d.hold()
			passed := make(chan bool, 3)
			for range 3 {
				go func() { passed <- d.pass() }()
			}
			synctest.Wait()
			if n := len(passed); n != 0 {
				t.Errorf("%d passed a door that is held", n)
			}
			d.release(true, forGood)
			for range 3 {
				if got := <-passed; got == forGood {
					t.Errorf("released for good %v: passed %v", forGood, got)
				}
			}
			if d.isShut() != forGood {
				t.Errorf("shut %v", d.isShut())
			}
		})
	}
}
