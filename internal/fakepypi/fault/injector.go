package fault

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Forever is the Times of a plan that never ends.
const Forever = -1

// maxPlans bounds the plans that wait or are remembered.
const maxPlans = 1000

// Plan is a fault that is to strike requests of one op.
type Plan struct {
	Op    string
	Fault Fault
	Skip  int // how many requests pass unharmed first
	Times int // how many requests are struck then; [Forever] for all
}

// Planned is a plan and what came of it.
type Planned struct {
	Plan
	Struck int // how many requests, or connections, it has struck
}

// over tells that the plan has struck as often as it should.
func (p *Planned) over() bool { return p.Times != Forever && p.Struck >= p.Times }

// Options are what an injector starts from; all are required.
type Options struct {
	Now   func() time.Time           // the clock of dates in answers
	Op    func(*http.Request) string // names what a request is for
	Ops   []string                   // every name that Op gives
	Doors []string                   // the names of the listeners: each is the op of its new connections
}

// Injector strikes requests and connections with the faults that were planned. It is safe for concurrent use.
type Injector struct {
	options Options
	closing chan struct{}
	once    sync.Once

	mu    sync.Mutex
	plans []*plan
}

// plan is a planned fault on its way.
type plan struct {
	Planned
	skip int // how many requests still pass
}

// New returns an injector without plans.
func New(o Options) *Injector {
	return &Injector{options: o, closing: make(chan struct{})}
}

// Break plans a fault. Plans of one op come one after another: a later one begins to count when the earlier one is over.
// A plan that could never strike is an error.
func (i *Injector) Break(p Plan) error {
	if err := i.check(p); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.plans) >= maxPlans {
		return fmt.Errorf("%d faults are planned, which is the limit: remove them first", maxPlans)
	}
	i.plans = append(i.plans, &plan{Planned{Plan: p}, p.Skip})
	return nil
}

func (i *Injector) check(p Plan) error {
	if err := p.Fault.Check(); err != nil {
		return err
	}
	door := slices.Contains(i.options.Doors, p.Op)
	switch {
	case !door && !slices.Contains(i.options.Ops, p.Op):
		return fmt.Errorf("unknown op %q; the ops are %s, and for connections %s", p.Op,
			strings.Join(i.options.Ops, ", "), strings.Join(i.options.Doors, ", "))
	case door && p.Fault.Point != AtAccept:
		return fmt.Errorf("fault %s applies to a request, but op %s to connections: use one of %s", p.Fault, p.Op, strings.Join(i.options.Ops, ", "))
	case !door && p.Fault.Point == AtAccept:
		return fmt.Errorf("fault %s applies to a new connection: use op %s", p.Fault, strings.Join(i.options.Doors, " or "))
	case p.Skip < 0:
		return fmt.Errorf("skip is %d: it must be 0 or more", p.Skip)
	case p.Times < Forever || p.Times == 0:
		return fmt.Errorf("times is %d: it must be 1 or more, or %d for no limit", p.Times, Forever)
	}
	return nil
}

// Mend ends all plans and returns what came of them. What a fault has already struck stays struck.
func (i *Injector) Mend() []Planned {
	i.mu.Lock()
	defer i.mu.Unlock()
	ended := i.planned()
	i.plans = nil
	return ended
}

// Broken returns the plans, also those that are over, in the order in which they were made.
func (i *Injector) Broken() []Planned {
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

// Close ends every fault that is going on: what hangs, hangs up. It is called before the server is closed, which then
// finds no handler that waits. It may be called more than once.
func (i *Injector) Close() { i.once.Do(func() { close(i.closing) }) }

// take tells whether a request of the op is to be struck, and how.
func (i *Injector) take(op string) (Fault, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.next(op)
	switch {
	case p == nil:
		return Fault{}, false
	case p.skip > 0:
		p.skip--
		return Fault{}, false
	}
	p.Struck++
	return p.Fault, true
}

// awaits tells whether a plan of the op is not over.
func (i *Injector) awaits(op string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.next(op) != nil
}

// next is the first plan of the op that is not over.
func (i *Injector) next(op string) *plan {
	for _, p := range i.plans {
		if p.Op == op && !p.over() {
			return p
		}
	}
	return nil
}

// errClosed ends what an injector that is closed would have gone on with.
var errClosed = fmt.Errorf("the faults are at their end: %w", net.ErrClosed)

// pause waits, and not beyond the end.
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
