package publish

import (
	"testing"
	"testing/synctest"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
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
				expect.Equal(t, "an open gate lets an upload through", g.wait(), true)
				g.hold()
				answers := waiting(g, 3)
				expect.Equal(t, "answers while it is held", len(answers), 0)
				expect.Equal(t, "closed while it is held", g.isClosed(), false)
				g.release(true, final)
				for range 3 {
					expect.Equal(t, "who waited may begin", <-answers, !final)
				}
				expect.Equal(t, "who comes later may begin", g.wait(), !final)
				expect.Equal(t, "closed", g.isClosed(), final)
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
		expect.Equal(t, "answers with one hold left", len(answers), 0)
		g.release(false, false) // of an upload that was not refused
		synctest.Wait()
		expect.Equal(t, "answers after an upload without a hold", len(answers), 0)
		g.release(true, false)
		expect.Equal(t, "who waited may begin", <-answers, true)

		g.hold()
		g.hold()
		answers = waiting(g, 1)
		g.release(true, true)
		expect.Equal(t, "who waited may begin after a final refusal", <-answers, false)
		g.release(true, false)
		expect.Equal(t, "it opens again", g.wait(), false)
	})
}
