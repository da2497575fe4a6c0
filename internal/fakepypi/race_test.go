package fakepypi_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// TestRace: requests that race each other for one row are answered with 500, all but the first, about half of them, or none
// (docs/reference/pypi-server.md §3); those that were accepted are there, and the others are accepted when they are sent again.
func TestRace(t *testing.T) {
	t.Parallel()
	const racers = 5
	uploads := func(p func(i int) upload) func(*harness) []func() reply {
		return func(th *harness) []func() reply {
			token := th.apiToken()
			var all []func() reply
			for i := range racers {
				all = append(all, func() reply { return th.upload(token, p(i)) })
			}
			return all
		}
	}
	another := func(i int) upload {
		file := fmt.Sprintf("demo-1.0-cp3%d-none-any.whl", i)
		return wheel().called(file).holding(file)
	}
	for name, c := range map[string]struct {
		op       string
		requests func(*harness) []func() reply
	}{
		"a new project": {"upload", uploads(another)},
		"a new release": {"upload", func(th *harness) []func() reply {
			th.AddPublisher(fakepypi.Publisher{Project: demo})
			return uploads(another)(th)
		}},
		"the same file": {"upload", func(th *harness) []func() reply {
			th.accepted(th.apiToken(), another(racers))
			return uploads(func(int) upload { return wheel() })(th)
		}},
		"a pending publisher": {"mint", func(th *harness) []func() reply {
			th.AddPublisher(fakepypi.Publisher{Project: "other", Pending: true})
			var all []func() reply
			for range racers {
				token := th.idToken("rehearsal")
				all = append(all, func() reply { return th.mint(token) })
			}
			return all
		}},
	} {
		for kind, lost := range map[fakepypi.Races]int{fakepypi.RacesEvery: racers - 1, fakepypi.RacesHalf: 2, fakepypi.RacesNone: 0} {
			t.Run(fmt.Sprintf("%s, %q", name, kind), func(t *testing.T) {
				t.Parallel()
				th := open(t, fakepypi.Options{Behavior: fakepypi.Behavior{Races: kind}})
				requests := c.requests(th)
				if err := th.InjectFault(c.op, fault.Race(), 0, racers); err != nil {
					t.Fatal(err)
				}
				answers := make([]reply, racers)
				var all sync.WaitGroup
				for i, send := range requests {
					all.Go(func() { answers[i] = send() })
				}
				all.Wait()
				got := 0
				for _, answer := range answers {
					if answer.status == 500 {
						got++
					} else if answer.status != 200 {
						t.Errorf("%+v", answer)
					}
				}
				if got != lost {
					t.Errorf("%d of %d lost the race, want %d", got, racers, lost)
				}
				for i, send := range requests {
					if c.op == "upload" {
						send().want(t, 200, "OK")
					} else if answers[i].status == 500 {
						th.mint(th.idToken("rehearsal")).want(t, 200, "")
					}
				}
			})
		}
	}
}

// TestRace_Times: a race has more than one racer, and one that waits for others that do not come goes on when its client is gone.
func TestRace_Times(t *testing.T) {
	t.Parallel()
	th := opened(t)
	if err := th.InjectFault("upload", fault.Race(), 0, 1); err == nil {
		t.Error("a race of one was planned")
	}
	if f, known := fault.ByName("race"); !known || f != fault.Race() || slices.Contains(fault.Named(), f) {
		t.Errorf("%+v, %v", f, known)
	}
}
