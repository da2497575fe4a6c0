package uploadtoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/macaroon"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Mint exchanges a new ID token for an upload token, and restricts it to the projects and the time of the order, at least five
// minutes. A refusal is a finding. A mint without a clear answer is recorded as an event, because a token may exist.
//
// Another job may just have used up the pending publisher. After a refusal that this would explain, Mint tries once more.
func (l *Session) Mint(ctx context.Context, order MintRequest) error {
	l.mu.Lock()
	l.order = order
	l.mu.Unlock()
	err := l.mint(ctx, order)
	if raced(err, len(order.New) > 0) && l.opts.Sleep(ctx, time.Second+rand.N(2*time.Second)) == nil {
		err = afterPending(err, l.mint(ctx, order))
	}
	var refused *refusedMint
	if errors.As(err, &refused) && refused.needed != nil {
		l.opts.Record(ledger.Unmatched{Publisher: *refused.needed})
	}
	return err
}

// raced reports whether a refusal may come from another job that used up the same pending publisher.
func raced(err error, isNew bool) bool {
	var refused *refusedMint
	return errors.As(err, &refused) && (refused.kind == pendingRemoved || isNew && refused.kind == noPublisher)
}

// afterPending returns the error to report after two mints. If the first was refused because the project of the pending publisher
// exists, the index has removed that publisher, and the second refusal alone would mislead. Otherwise it returns the second error.
func afterPending(first, second error) error {
	var pending, again *refusedMint
	var problem finding.Finding
	switch {
	case !errors.As(first, &pending) || pending.kind != pendingRemoved || !errors.As(second, &problem):
		return second
	case errors.As(second, &again) && again.kind == pendingRemoved:
		return second
	case errors.As(second, &again) && again.kind == noPublisher && again.needed != nil:
		gone := *pending
		gone.Message += "; the index refused the next request as well: " + again.message
		return &gone
	}
	problem.Message += "; the index had refused the previous request: " + pending.message
	return problem
}

// mint requests one upload token and stores it.
func (l *Session) mint(ctx context.Context, order MintRequest) error {
	audience, err := l.audience(ctx)
	if err != nil {
		return err
	}
	var last oidc.Claims
	at := wire.Join(l.opts.At, "/_/oidc/mint-token")
	answer, err := l.opts.Wire.Do(ctx, wire.Call{
		Op: wire.Mint, Method: http.MethodPost, URL: at,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body: tokenBody(func(ctx context.Context) (string, error) {
			// The index accepts an ID token only once, and the answer to an earlier try may be lost.
			id, err := l.opts.IDTokens(ctx, audience, at)
			if err != nil {
				return "", err
			}
			if last = id.Claims; last.Audience != audience {
				return "", otherAudience(audience, last.Audience) // which the index must not get
			}
			return id.Text.Value(at)
		}),
	})
	if err == nil {
		l.lost(answer.AmbiguousTries)
		kept := l.keep(answer, order) // a token that comes with an error is revoked like any other
		if answer.ReportsError() {
			return l.refusedMint(
				&wire.Error{Op: wire.Mint, Method: http.MethodPost, URL: wire.PlainURL(at.String()), Answer: answer}, last, order,
			)
		}
		return kept
	}
	l.lost(wire.AmbiguousTries(err))
	return l.refusedMint(err, last, order)
}

// lost records n mints that may have created a token that this run does not have, because no answer arrived or because a proxy
// sent a server error although the index may have succeeded. The policy of package wire defines which errors those are.
func (l *Session) lost(n int) {
	if n > 0 {
		l.opts.Record(ledger.MintLost{Count: n})
	}
}

// keep parses the answer to a mint. It masks the token first, and adds it to the tokens to be burned before anything else can
// fail.
func (l *Session) keep(answer *wire.Answer, order MintRequest) error {
	// An expiry in an unknown format does not matter: the token was issued.
	var decoded struct {
		Token   string          `json:"token"`
		Expires json.RawMessage `json:"expires"`
	}
	if err := json.Unmarshal(answer.Body, &decoded); err != nil || !likeToken(decoded.Token) {
		l.lost(1)
		return noToken(answer)
	}
	now := l.opts.Now()
	raw := l.opts.Redactor.New(decoded.Token, l.opts.At)
	t := &token{raw: raw, restricted: raw, minted: now}
	if server := answer.Date(); !server.IsZero() {
		t.ahead = server.Sub(now)
	}
	var expires float64
	if json.Unmarshal(decoded.Expires, &expires) == nil && expires > 0 && expires < 1e11 {
		t.expires = time.Unix(int64(expires), 0).UTC()
	}
	l.mu.Lock()
	l.tokens = append(l.tokens, t)
	l.mu.Unlock()
	return l.restrict(t, decoded.Token, order)
}

// shortestLife is the minimal lifetime of a restricted token, because clocks differ and indexes may be slow.
const shortestLife = 5 * time.Minute

// restrict appends two caveats, which the index checks in addition to its own: the projects of this run, and an expiry by the
// index's clock that is not later than the token's own. It copies the token's "not before", because the two clocks may differ.
func (l *Session) restrict(t *token, raw string, order MintRequest) error {
	m, err := macaroon.Parse(raw)
	if err != nil {
		l.opts.Record(ledger.Minted{At: l.opts.Now(), Expires: t.expires})
		return nil // the token is usable without caveats, and is burned like any other
	}
	own, notBefore, known := m.Window()
	if known {
		t.expires = time.Unix(own, 0).UTC()
		t.ahead = clockAhead(l.opts.Now(), t.ahead, time.Unix(notBefore, 0), t.expires)
	}
	if !t.expires.IsZero() {
		t.whole = t.left(l.opts.Now())
	}
	ends := l.opts.Now().Add(t.ahead + max(order.Life, shortestLife)).UTC().Truncate(time.Second)
	if !t.expires.IsZero() && t.expires.Before(ends) {
		ends = t.expires
	}
	names := namesOf(order.Projects)
	restricted := l.opts.Redactor.New(m.With(caveat(1, names)).With(caveat(0, ends.Unix(), notBefore)).String(), l.opts.At)
	l.mu.Lock()
	t.restricted, t.expires = restricted, ends
	l.mu.Unlock()
	l.opts.Record(ledger.Minted{At: l.opts.Now(), Restricted: true, Projects: names, Expires: ends})
	if n, known := m.Projects(); known && n < len(order.Projects) {
		return TooFewProjects(n, order.Projects)
	}
	return nil
}

// clockAhead returns how much the index's clock is ahead of ours, now, when it issued a token with this window. told is what its answer
// says; if that is not within the window, the token was issued at the beginning of it.
func clockAhead(now time.Time, told time.Duration, notBefore, expires time.Time) time.Duration {
	if at := now.Add(told); at.Before(notBefore) || at.After(expires) {
		return notBefore.Sub(now)
	}
	return told
}

// caveat returns the compact JSON of a caveat: an array that begins with its kind.
func caveat(kind int, fields ...any) []byte {
	raw, err := json.Marshal(append([]any{kind}, fields...))
	if err != nil {
		panic(err) // numbers and names of projects are JSON
	}
	return raw
}

// likeToken reports whether text is safe to mask: long enough, printable, and free of Markdown and HTML syntax. Otherwise an index
// could have parts of the summary masked.
func likeToken(text string) bool {
	const shortest = 16
	return len(text) >= shortest && !strings.ContainsFunc(
		text, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("<>&|`\"", c) },
	)
}

// noToken returns a finding for a successful answer to a mint that contains no token.
func noToken(answer *wire.Answer) error {
	return finding.New(finding.MintAnswer,
		fmt.Sprintf("the index reported success, but its answer (%d bytes) contains no upload token", len(answer.Body)),
		"run the job again later; if a token was issued, it expires by itself within 15 minutes")
}

// namesOf returns the names of projects, sorted.
func namesOf(projects []pep.Project) []string {
	return pep.Names(slices.Sorted(slices.Values(projects)))
}
