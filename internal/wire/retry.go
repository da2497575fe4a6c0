package wire

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// Do sends a request, again and again until its budget is spent, if its op's policy allows. It returns the answer if that is a 2xx. Its
// error is an [*Error], or that of Auth or Body: as it is if no earlier try can have had its effect, else inside an [*Error].
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	if call.URL.Scheme == "https" || !Loopback(call.URL.Hostname()) {
		c.options.LoadRoots()
	}
	rule := policyOf(call.Op)
	budget := call.Budget
	if budget == nil {
		budget = &Budget{}
	}
	failed := &Error{Op: call.Op, Method: call.Method, URL: PlainURL(call.URL.String())}
	for {
		t := c.try(ctx, call, rule)
		budget.add(t)
		if t.fatal != nil {
			c.trace(failed, budget, t, pause{})
			if failed.AmbiguousTries == 0 {
				return nil, t.fatal
			}
			failed.Answer, failed.Err = nil, t.fatal
			return nil, failed
		}
		if t.answer.succeeded() {
			c.trace(failed, budget, t, pause{})
			t.answer.AmbiguousTries = failed.AmbiguousTries
			return t.answer, nil
		}
		failed.Answer, failed.Err, failed.Tries, failed.Took = t.answer, t.err, budget.tries, append(failed.Took, t.exchange)
		failed.count(rule, t)
		next, again := c.next(ctx, rule, budget, t)
		again = again && !call.final(t.answer)
		if !again || failed.unreadable > maxUnreadable {
			if next.wait > next.left {
				failed.retryAfter = next.wait
			}
			c.trace(failed, budget, t, pause{})
			return nil, failed
		}
		c.trace(failed, budget, t, next)
		budget.spent += next.wait
		if err := c.options.Sleep(ctx, next.wait); err != nil {
			if failed.Answer == nil {
				failed.Err = err
			}
			return nil, failed
		}
	}
}

// Budget counts what calls of one op spend together on tries and on the waits between them, such as those for one file with one
// credential after another. The calls must not run at the same time. Its zero value is ready for use.
type Budget struct {
	tries int           // so far
	spent time.Duration // on tries and waits; not at the gate, where others are served

	failing     bool          // the last tries, one at least, were answered with a plain 500
	failingFrom time.Duration // spent when the first of them was
}

// add counts a try.
func (b *Budget) add(t try) {
	b.tries++
	b.spent += t.took
	switch {
	case t.answer == nil || t.answer.Status != http.StatusInternalServerError:
		b.failing = false
	case !b.failing:
		b.failing, b.failingFrom = true, b.spent
	}
}

// left returns how much time the policy has for further tries.
func (b *Budget) left(rule policy) time.Duration {
	left := rule.budget - b.spent
	if rule.errorBudget > 0 && b.failing {
		left = min(left, rule.errorBudget-(b.spent-b.failingFrom))
	}
	return left
}

// untilKey is the key of the time in the contexts of [Until].
type untilKey struct{}

// Until returns a context in which no call of a client starts a further try after this time, by the client's own clock. The first try of a
// call is always made. Unlike a deadline, it does not cut off a try.
func Until(ctx context.Context, at time.Time) context.Context {
	if sooner, limited := ctx.Value(untilKey{}).(time.Time); limited && sooner.Before(at) {
		return ctx
	}
	return context.WithValue(ctx, untilKey{}, at)
}

// pause is the time between two tries.
type pause struct {
	wait time.Duration
	left time.Duration // of the budget, before the wait
}

// next returns how long to wait before another try, and whether there is one; t was the last. Another try is made as long as anything is
// left of the budget: the last wait is as long as that. If the server asks to wait for longer, there is none.
func (c *Client) next(ctx context.Context, rule policy, budget *Budget, t try) (pause, bool) {
	var long *TooLong
	var defect *par.Panic // of ours
	left := budget.left(rule)
	if until, limited := ctx.Value(untilKey{}).(time.Time); limited {
		left = min(left, until.Sub(c.options.Now()))
	}
	switch {
	case left <= 0, ctx.Err() != nil, errors.As(t.err, &long), errors.As(t.err, &defect), Permanent(t.err):
		return pause{}, false
	case t.answer != nil && !rule.retries(t.answer):
		return pause{}, false
	}
	wait := min(c.options.Jitter(doubled(rule.firstWait, budget.tries-1)), left)
	if t.answer != nil {
		if asked, ok := t.answer.RetryAfter(c.options.Now()); ok {
			wait = max(wait, asked)
		}
	}
	return pause{wait, left}, wait <= left
}

// doubled returns a wait after it was doubled n times, at most longestWait.
func doubled(wait time.Duration, n int) time.Duration {
	for ; n > 0 && wait < longestWait; n-- {
		wait *= 2
	}
	return min(wait, longestWait)
}

// final reports whether an answer ends the call, whatever the policy has for its status.
func (c Call) final(a *Answer) bool { return a != nil && c.Final != nil && c.Final(a) }

// maxUnreadable is how many answers that cannot be read are worth another try: the same request is nearly always answered alike.
const maxUnreadable = 1

// count counts a failed try that may have had its effect all the same, and one whose answer could not be read.
func (e *Error) count(rule policy, t try) {
	var unreadable *Unreadable
	if errors.As(t.err, &unreadable) {
		e.unreadable++
	}
	if (t.answer == nil && t.sent) || (t.answer != nil && rule.ambiguous(t.answer)) {
		e.AmbiguousTries++
	}
}

// Try is what [Options.Trace] gets of a try. There is no secret in it.
type Try struct {
	Op     Op
	Method string
	URL    string // without user, password and query
	N      int    // counted from 1
	Status int    // 0: no answer
	Took   time.Duration
	Wait   time.Duration // before the next try; 0: this was the last
	Left   time.Duration // of the budget for further tries, before the wait
	Err    error         // why there was no answer
}

// trace reports the last try of the budget, and the pause after it.
func (c *Client) trace(call *Error, budget *Budget, t try, next pause) {
	traced := Try{
		Op: call.Op, Method: call.Method, URL: call.URL, N: budget.tries, Took: t.took, Wait: next.wait, Left: next.left, Err: t.err,
	}
	if t.answer != nil {
		traced.Status = t.answer.Status
	}
	if t.fatal != nil {
		traced.Err = t.fatal
	}
	c.options.Trace(traced)
}
