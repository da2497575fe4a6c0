package publish

import (
	"testing"
	"testing/synctest"
)

// waiting lets n uploads ask a gate, and returns what they were answered so far.
func waiting(g *uploadGate, n int) (answers chan bool) {
	answers = make(chan bool, n)
	for range n {
		go func() { answers <- g.wait() }()
	}
	synctest.Wait()
	return answers
}

// TestUploadGate: while a refusal is investigated no upload starts; afterwards all do, or none if it was a final one.
func TestUploadGate(t *testing.T) {
	t.Parallel()
	for name, final := range map[string]bool{"none after all": false, "a final refusal": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newUploadGate()
				want(t, "an open gate lets an upload through", g.wait(), true)
				g.hold()
				answers := waiting(g, 3)
				want(t, "answers while it is held", len(answers), 0)
				want(t, "closed while it is held", g.isClosed(), false)
				g.release(true, final)
				for range 3 {
					want(t, "who waited may begin", <-answers, !final)
				}
				want(t, "who comes later may begin", g.wait(), !final)
				want(t, "closed", g.isClosed(), final)
			})
		})
	}
}

// TestUploadGate_TwoHolds: no upload starts before the last refusal is understood, unless one of them is final.
func TestUploadGate_TwoHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newUploadGate()
		g.hold()
		g.hold()
		answers := waiting(g, 1)
		g.release(true, false)
		synctest.Wait()
		want(t, "answers with one hold left", len(answers), 0)
		g.release(false, false) // of an upload that was not refused
		synctest.Wait()
		want(t, "answers after an upload without a hold", len(answers), 0)
		g.release(true, false)
		want(t, "who waited may begin", <-answers, true)

		g.hold()
		g.hold()
		answers = waiting(g, 1)
		g.release(true, true)
		want(t, "who waited may begin after a final refusal", <-answers, false)
		g.release(true, false)
		want(t, "it opens again", g.wait(), false)
	})
}
