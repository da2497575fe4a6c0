package uploadtoken

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// margin is how long a token must be valid beyond the expected time of an upload, because the index checks the token only after
// it has received the whole body.
const margin = 2 * time.Minute

// Token returns the user name and an upload token that is valid for need plus a margin, and renews the token if necessary. The
// caller must call Release after the upload.
func (l *Session) Token(ctx context.Context, need time.Duration) (string, secret.Secret, error) {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	t, err := l.current()
	if err != nil {
		return "", secret.Secret{}, err
	}
	if t.tooShort(l.opts.Now(), need) {
		err := l.renewIfDue(ctx, need, t.left(l.opts.Now()) < need)
		switch {
		case err != nil && t.left(l.opts.Now()) < need:
			return "", secret.Secret{}, err
		case err != nil:
			l.noteOnce.Do(func() { l.opts.Record(ledger.Noted{Finding: notRenewed(err)}) })
		}
		if t, err = l.current(); err != nil {
			return "", secret.Secret{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.users++
	return user, t.text(), nil
}

// renewIfDue renews the token, unless that has just failed. A renewal that is not needed yet has one try, since the upload waits for it.
// One that is needed has the whole budget of a mint, and its failure is also that of the uploads that waited for it: each would otherwise
// wait for as long again.
func (l *Session) renewIfDue(ctx context.Context, need time.Duration, needed bool) error {
	now := l.opts.Now()
	failedBefore := now.Before(l.renewNotBefore)
	switch {
	case failedBefore && needed && l.renewFailed != nil:
		return l.renewFailed
	case failedBefore && !needed:
		return nil
	case !needed:
		ctx = wire.Until(ctx, now)
	}
	err := l.renew(ctx, need)
	l.renewFailed = nil
	if err != nil {
		l.renewNotBefore = l.opts.Now().Add(renewBackoff)
	}
	if needed {
		l.renewFailed = err
	}
	return err
}

// tooShort reports whether a token should be renewed before an upload that needs this long. A token less than a minute old is
// not renewed. If even a new token is too short, it is renewed only after half of its lifetime.
func (t *token) tooShort(now time.Time, need time.Duration) bool {
	enough := need + margin
	if t.whole > 0 {
		enough = min(enough, t.whole/2)
	}
	return t.left(now) < enough && now.Sub(t.minted) > time.Minute
}

// renewBackoff is the pause after a failed renewal.
const renewBackoff = time.Minute

// notRenewed returns a warning that the old token remains in use after a failed renewal.
func notRenewed(err error) finding.Finding {
	problem := finding.Of(err)[0]
	problem.Severity = finding.Warning
	problem.Message = "the upload token could not be renewed and is used until it expires: " + problem.Message
	problem.Fix = "no action needed if the run succeeds; otherwise run the job again: files that the index has are recognised"
	return problem
}

// current returns the newest token, or an error if there is none yet.
func (l *Session) current() (*token, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tokens) == 0 {
		return nil, errors.New("there is no upload token yet: it was needed before it was requested")
	}
	return l.tokens[len(l.tokens)-1], nil
}

// renew requests a new token for the same projects, valid for at least need, and burns older tokens that are not in use.
func (l *Session) renew(ctx context.Context, need time.Duration) error {
	l.mu.Lock()
	// A run that needs a second token is long, so the new token keeps its full lifetime.
	l.order.Life = max(l.order.Life, need+margin, l.tokens[len(l.tokens)-1].whole)
	order := l.order
	l.mu.Unlock()
	if err := l.mint(ctx, order); err != nil {
		return err
	}
	l.revokeSuperseded(ctx)
	return nil
}

// Release records that an upload no longer uses the token, and whether the index accepted it. A superseded token is burned when its last
// upload has ended.
func (l *Session) Release(ctx context.Context, used secret.Secret, accepted bool) {
	l.mu.Lock()
	for _, t := range l.tokens {
		if t.users > 0 && (t.restricted.Same(used) || t.raw.Same(used)) {
			t.users--
			t.uploaded = t.uploaded || accepted
			break
		}
	}
	l.mu.Unlock()
	l.revokeSuperseded(ctx)
}

// revokeSuperseded burns superseded tokens that no upload uses.
func (l *Session) revokeSuperseded(ctx context.Context) {
	l.mu.Lock()
	var idle []*token
	for i, t := range l.tokens {
		if i < len(l.tokens)-1 && t.users == 0 && t.burned == "" {
			t.burned = ledger.BurnFailed // until the outcome is known; this also keeps others from burning it
			idle = append(idle, t)
		}
	}
	l.mu.Unlock()
	for _, t := range idle {
		l.burnOne(ctx, t)
	}
}

// Rejected handles a 403 with the given reason, and reports whether the upload can be tried with another token:
//   - another upload was rejected first, and there is a new token already;
//   - the token expired during the upload, and is renewed once;
//   - the index could not read the added caveats, and the token is used without them from now on. This does not apply if the index
//     read the token and found that it does not allow the upload.
func (l *Session) Rejected(ctx context.Context, used secret.Secret, message string) bool {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	t, err := l.current()
	switch {
	case err != nil:
		return false
	case !t.text().Same(used):
		return true
	case rejectedAsExpired(message):
		// The upload took longer than the token was valid. The next token must last that long plus the margin.
		took := l.opts.Now().Sub(t.minted)
		return took > time.Minute && l.renewIfDue(ctx, took, true) == nil
	case t.unrestricted || t.restricted.Same(t.raw) || !unreadable(message):
		return false
	}
	l.mu.Lock()
	t.unrestricted = true
	l.mu.Unlock()
	l.opts.Record(ledger.Unrestricted{Reason: message})
	return true
}

// rejectedAsExpired reports whether the index rejected a token only because it had expired
// (docs/reference/pypi-server.md §2.10).
func rejectedAsExpired(message string) bool {
	return strings.Contains(message, "token is expired") && !forbids(message)
}

// forbids reports whether the index read the token and found that it does not allow the upload.
func forbids(message string) bool {
	return containsAny(message, "is not valid for project", "does not match publisher", "outside of")
}

// unreadable reports whether the index rejected a token only because it could not read a caveat.
func unreadable(message string) bool {
	return !forbids(message) && !strings.Contains(message, "token is expired") && containsAny(message,
		"caveat has unknown tag", "caveat must be an array", "caveat array cannot be empty", "Not enough values",
		"invalid values for fields", "signatures do not match")
}

func containsAny(message string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(message, part) })
}
