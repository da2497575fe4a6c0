package publish

import (
	"context"
	"time"
)

// revokeTime is all that revoking may take, on success, failure and cancellation alike.
const revokeTime = 5 * time.Second

// revoke revokes every upload token of the run, whatever happened, on a context of its own: a signal does not cut it short.
func (r *run) revoke(ctx context.Context) {
	if r.Tokens == nil {
		return
	}
	own, stop := context.WithTimeout(context.WithoutCancel(ctx), revokeTime)
	defer stop()
	defer r.Tokens.Burn(own) // also if recording it panics
	if r.Tokens.Minted() > 0 {
		r.phase("Burn")
	}
}
