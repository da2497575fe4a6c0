package trust

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// margin is how long a token must be valid beyond the time that an upload is expected to take: the index looks at it only
// when it has all of the body.
const margin = 2 * time.Minute

// Token returns an upload token that is valid for need and the margin, renewed if necessary. The caller gives it back by Release.
func (l *Lease) Token(ctx context.Context, need time.Duration) (string, secret.Text, error) {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	t, err := l.current()
	if err != nil {
		return "", secret.Text{}, err
	}
	if now := l.o.Now(); t.tooShort(now, need) && now.After(l.patience) {
		if err := l.renew(ctx, need); err != nil && t.left(l.o.Now()) < need {
			return "", secret.Text{}, err
		} else if err != nil {
			l.patience = l.o.Now().Add(breather)
			l.o.Note(ledger.Noted{Finding: notRenewed(err)})
		}
		if t, err = l.current(); err != nil {
			return "", secret.Text{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.users++
	return user, t.text(), nil
}

// tooShort tells that a token has too little left for an upload, and that a new one would have more. One of this minute is as
// good as a token can be; and where not even a whole life is enough, the second half of one is not worth a mint before it is reached.
func (t *token) tooShort(now time.Time, need time.Duration) bool {
	enough := need + margin
	if t.whole > 0 {
		enough = min(enough, t.whole/2)
	}
	return t.left(now) < enough && now.Sub(t.minted) > time.Minute
}

// breather is how long a renewal that failed is not tried again, while the old token lasts.
const breather = time.Minute

// notRenewed is told where the old token is used on.
func notRenewed(err error) finding.Finding {
	told := finding.Of(err)[0]
	told.Severity = finding.Warning
	told.Message = "the upload token could not be renewed, and is used while it lasts: " + told.Message
	told.Fix = "nothing has to be done if the run ends well; else run the job again: files that the index has are recognised"
	return told
}

func (l *Lease) current() (*token, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tokens) == 0 {
		return nil, errors.New("there is no upload token: it was asked for before the mint")
	}
	return l.tokens[len(l.tokens)-1], nil
}

// renew mints a new token for the same projects, that lives for need at least, and burns those that nobody carries any more.
func (l *Lease) renew(ctx context.Context, need time.Duration) error {
	l.mu.Lock()
	// A release that needs a second token is a long one: it gets all that the index gives.
	l.order.Life = max(l.order.Life, need+margin, l.tokens[len(l.tokens)-1].whole)
	order := l.order
	l.mu.Unlock()
	if err := l.mint(ctx, order); err != nil {
		return err
	}
	l.retire(ctx)
	return nil
}

// Release says that an upload no longer uses the token. A token that was renewed is burned when its last upload is over.
func (l *Lease) Release(ctx context.Context, used secret.Text) {
	l.mu.Lock()
	for _, t := range l.tokens {
		if t.users > 0 && (t.narrow.Same(used) || t.raw.Same(used)) {
			t.users--
			break
		}
	}
	l.mu.Unlock()
	l.retire(ctx)
}

// retire burns the tokens before the current one that nobody carries.
func (l *Lease) retire(ctx context.Context) {
	l.mu.Lock()
	var idle []*token
	for i, t := range l.tokens {
		if i < len(l.tokens)-1 && t.users == 0 && t.burned == "" {
			t.burned = ledger.BurnFailed // until the index says otherwise; nobody else begins with it
			idle = append(idle, t)
		}
	}
	l.mu.Unlock()
	for _, t := range idle {
		l.burnOne(ctx, t)
	}
}

// Rejected is told the reason that the index gave for a 403, and reports whether there is another token to try with now:
//   - somebody else was denied first, and there is another one already;
//   - the token has expired on its way: it is renewed, once;
//   - the index could not read what narrowing added: the token is used as it was minted. Never where the index read it, and found that it
//     does not allow the upload.
func (l *Lease) Rejected(ctx context.Context, used secret.Text, words string) bool {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	t, err := l.current()
	switch {
	case err != nil:
		return false
	case !t.text().Same(used):
		return true
	case expired(words):
		// The upload took longer than the token had: the next one gets what this one took, and the margin.
		took := l.o.Now().Sub(t.minted)
		return took > time.Minute && l.renew(ctx, took) == nil
	case t.widened || t.narrow.Same(t.raw) || !unreadable(words):
		return false
	}
	l.mu.Lock()
	t.widened = true
	l.mu.Unlock()
	l.o.Note(ledger.Widened{Words: words})
	return true
}

// expired tells that a token's time was over when the index looked at it, and that this is all that was wrong
// (docs/reference/pypi-server.md §2.10).
func expired(words string) bool {
	return strings.Contains(words, "token is expired") && !forbids(words)
}

// forbids tells that the index read the token and found that it does not allow the upload.
func forbids(words string) bool {
	return containsAny(words, "is not valid for project", "does not match publisher", "outside of")
}

// unreadable tells that the index could not read a caveat, and that this is all that was wrong.
func unreadable(words string) bool {
	return !forbids(words) && !strings.Contains(words, "token is expired") && containsAny(words,
		"caveat has unknown tag", "caveat must be an array", "caveat array cannot be empty", "Not enough values",
		"invalid values for fields", "signatures do not match")
}

func containsAny(words string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(words, part) })
}
