package wire

import (
	"context"
	"errors"
	"time"
)

// Do sends a request, with as many tries as its op's policy allows. It returns the answer if that is a 2xx. Its error is an [*Error], or
// that of Auth or Body: as it is if no earlier try can have had its effect, else inside an [*Error].
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	if call.URL.Scheme == "https" || !Loopback(call.URL.Hostname()) {
		c.options.LoadRoots()
	}
	rule := policyOf(call.Op)
	var spent time.Duration // on tries and waits; not at the gate, where others are served
	failed := &Error{Op: call.Op, Method: call.Method, URL: PlainURL(call.URL.String())}
	for n := 1; ; n++ {
		t := c.try(ctx, call, rule)
		spent += t.took
		if t.fatal != nil {
			c.trace(failed, n, t, 0)
			if failed.AmbiguousTries == 0 {
				return nil, t.fatal
			}
			failed.Answer, failed.Err = nil, t.fatal
			return nil, failed
		}
		if t.answer.succeeded() {
			c.trace(failed, n, t, 0)
			t.answer.AmbiguousTries = failed.AmbiguousTries
			return t.answer, nil
		}
		failed.Answer, failed.Err, failed.Tries = t.answer, t.err, n
		failed.count(rule, t)
		wait, again := c.next(ctx, rule, n, spent, t)
		again = again && !call.final(t.answer)
		spent += wait
		if !again || failed.unreadable > maxUnreadable {
			c.trace(failed, n, t, 0)
			return nil, failed
		}
		c.trace(failed, n, t, wait)
		if err := c.options.Sleep(ctx, wait); err != nil {
			if failed.Answer == nil {
				failed.Err = err
			}
			return nil, failed
		}
	}
}

// next returns how long to wait before another try, and whether there is one: n tries were made, which took the time spent with the waits
// between them, and t was the last.
func (c *Client) next(ctx context.Context, rule policy, n int, spent time.Duration, t try) (time.Duration, bool) {
	var long *TooLong
	switch {
	case n >= rule.tries, ctx.Err() != nil, errors.As(t.err, &long), Permanent(t.err):
		return 0, false
	case t.answer != nil && !rule.retries(t.answer):
		return 0, false
	}
	wait := c.options.Jitter(min(rule.firstWait<<(n-1), longestWait))
	if t.answer != nil {
		if asked, ok := t.answer.RetryAfter(c.options.Now()); ok {
			wait = max(wait, min(asked, longestRetryAfter))
		}
	}
	return wait, spent+wait < rule.budget
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
	Err    error         // why there was no answer
}

// trace reports the try of number n, and the wait after it.
func (c *Client) trace(call *Error, n int, t try, wait time.Duration) {
	traced := Try{Op: call.Op, Method: call.Method, URL: call.URL, N: n, Took: t.took, Wait: wait, Err: t.err}
	if t.answer != nil {
		traced.Status = t.answer.Status
	}
	if t.fatal != nil {
		traced.Err = t.fatal
	}
	c.options.Trace(traced)
}
