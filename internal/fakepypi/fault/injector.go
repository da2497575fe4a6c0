package fault

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Forever is the value of Times for a plan without end.
const Forever = -1

// maxPlans is the maximum number of plans, including those that are over.
const maxPlans = 1000

// Plan is a fault for requests of one op.
type Plan struct {
	Op    string
	Fault Fault
	Skip  int // how many requests pass first
	Times int // how many requests have the fault then; [Forever] for all, and 0 with Lasts
	// Lasts is for how long all requests have the fault, by the injector's clock, from the first that has it. Zero: Times counts.
	Lasts time.Duration
	// Also are other ops whose requests have the fault as well, from the first one of Op that has it to the end: an outage of a server
	// that begins at one of its requests.
	Also []string
}

// Planned is a plan and how often it was injected.
type Planned struct {
	Plan
	Hits int // number of requests or connections that had the fault
}

// Options configure an injector; all are required.
type Options struct {
	Now       func() time.Time           // the clock for dates in answers
	Op        func(*http.Request) string // returns the op of a request
	Ops       []string                   // every name that Op returns
	Listeners []string                   // the names of the listeners: each is the op of its new connections
}

// Injector injects planned faults into requests and connections. It is safe for concurrent use.
type Injector struct {
	options Options
	closing chan struct{}
	once    sync.Once

	mu    sync.Mutex
	plans []*plan
}

// plan is a planned fault and its progress.
type plan struct {
	Planned
	skip  int       // how many requests still pass
	began time.Time // when the first request had the fault; zero before that

	read int           // requests of a [Meet] that were read to their end
	met  chan struct{} // closed when all of them were
}

// over reports whether the plan was injected as often, or for as long, as it should be.
func (p *plan) over(now time.Time) bool {
	switch {
	case p.Lasts > 0:
		return !p.began.IsZero() && now.Sub(p.began) >= p.Lasts
	default:
		return p.Times != Forever && p.Hits >= p.Times
	}
}

// isFor reports whether the plan is for requests of the op.
func (p *plan) isFor(op string) bool {
	return p.Op == op || !p.began.IsZero() && slices.Contains(p.Also, op)
}

// New returns an injector without plans.
func New(o Options) *Injector {
	return &Injector{options: o, closing: make(chan struct{})}
}

// Inject plans a fault. Several plans for one op apply one after another: a later one begins to count when the earlier one is over. Inject
// fails for a plan that could never apply, and if there are too many plans.
func (i *Injector) Inject(p Plan) error {
	if err := i.check(p); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.plans) >= maxPlans {
		return fmt.Errorf("%d faults are planned, which is the limit: remove them first", maxPlans)
	}
	i.plans = append(i.plans, &plan{Planned: Planned{Plan: p}, skip: p.Skip, met: make(chan struct{})})
	return nil
}

// check returns an error if the plan could never apply.
func (i *Injector) check(p Plan) error {
	if err := p.Fault.Check(); err != nil {
		return err
	}
	connects := slices.Contains(i.options.Listeners, p.Op)
	for _, also := range p.Also {
		if connects || !slices.Contains(i.options.Ops, also) {
			return fmt.Errorf("op %q cannot have the fault of op %q as well", also, p.Op)
		}
	}
	switch {
	case !connects && !slices.Contains(i.options.Ops, p.Op):
		return fmt.Errorf("unknown op %q; the ops are %s, and for connections %s", p.Op,
			strings.Join(i.options.Ops, ", "), strings.Join(i.options.Listeners, ", "))
	case connects && p.Fault.Point != AtAccept:
		return fmt.Errorf("fault %s applies to a request, but op %s to connections: use one of %s",
			p.Fault, p.Op, strings.Join(i.options.Ops, ", "))
	case !connects && p.Fault.Point == AtAccept:
		return fmt.Errorf("fault %s applies to a new connection: use op %s", p.Fault, strings.Join(i.options.Listeners, " or "))
	case p.Fault.Kind == Meet && p.Times < 2:
		return fmt.Errorf("fault %s needs times of 2 or more: how many requests race each other", p.Fault)
	case p.Skip < 0:
		return fmt.Errorf("skip is %d: it must be 0 or more", p.Skip)
	case p.Lasts != 0 && (p.Lasts < 0 || p.Times != 0):
		return errors.New("a plan has a number of times, or a time for which it lasts")
	case p.Lasts == 0 && (p.Times < Forever || p.Times == 0):
		return fmt.Errorf("times is %d: it must be 1 or more, or %d for no limit", p.Times, Forever)
	}
	return nil
}

// Clear removes all plans and returns how often each was injected. Requests that already have a fault keep it.
func (i *Injector) Clear() []Planned {
	i.mu.Lock()
	defer i.mu.Unlock()
	ended := i.planned()
	i.plans = nil
	return ended
}

// Plans returns all plans since the last Clear, including those that are over, in the order in which they were made.
func (i *Injector) Plans() []Planned {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.planned()
}

func (i *Injector) planned() []Planned {
	all := make([]Planned, 0, len(i.plans))
	for _, p := range i.plans {
		all = append(all, p.Planned)
	}
	return all
}

// Close ends every fault in progress, and later ones at once. Call it before closing the server, so that no handler waits. It may be
// called more than once.
func (i *Injector) Close() { i.once.Do(func() { close(i.closing) }) }

// nextFault returns the plan whose fault the next request of the op has, or nil.
func (i *Injector) nextFault(op string) *plan {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.next(op)
	switch {
	case p == nil:
		return nil
	case p.skip > 0:
		p.skip--
		return nil
	}
	if p.Hits++; p.began.IsZero() {
		p.began = i.options.Now()
	}
	return p
}

// longestMeeting is how long a request waits for the others of a [Meet].
const longestMeeting = 10 * time.Second

// meet waits until all requests of the plan were read to their end, or done is closed. It returns errClosed if the injector is closed
// before.
func (i *Injector) meet(p *plan, done <-chan struct{}) error {
	i.mu.Lock()
	if p.read++; p.read == p.Times {
		close(p.met)
	}
	i.mu.Unlock()
	timer := time.NewTimer(longestMeeting)
	defer timer.Stop()
	select {
	case <-i.closing:
		return errClosed
	case <-p.met:
	case <-done:
	case <-timer.C:
	}
	return nil
}

// awaits reports whether the op has a plan that is not over.
func (i *Injector) awaits(op string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.next(op) != nil
}

// next returns the first plan of the op that is not over, or nil.
func (i *Injector) next(op string) *plan {
	for _, p := range i.plans {
		if p.isFor(op) && !p.over(i.options.Now()) {
			return p
		}
	}
	return nil
}

// errClosed ends a slow fault when the injector is closed.
var errClosed = fmt.Errorf("the faults are at their end: %w", net.ErrClosed)

// pause waits for d. It returns errClosed if the injector is closed before.
func (i *Injector) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-i.closing:
		return errClosed
	case <-timer.C:
		return nil
	}
}
