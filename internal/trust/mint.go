package trust

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
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Mint trades a fresh ID token for an upload token, and narrows it to the order's projects and life, which is at least five
// minutes. A refusal is a finding; a mint without a clear answer is noted, since it may have left a token.
//
// A refusal that another job's mint explains, which used up the pending publisher a moment ago, is not believed at once:
// there is one more mint.
func (l *Lease) Mint(ctx context.Context, order Order) error {
	l.mu.Lock()
	l.order = order
	l.mu.Unlock()
	err := l.mint(ctx, order)
	if raced(err, len(order.New) > 0) && l.o.Sleep(ctx, time.Second+rand.N(2*time.Second)) == nil {
		err = afterPending(err, l.mint(ctx, order))
	}
	var refused *refusedMint
	if errors.As(err, &refused) && refused.needed != nil {
		l.o.Note(ledger.Unmatched{Publisher: *refused.needed})
	}
	return err
}

// raced reports whether a refusal may come from another job that used up the same pending publisher.
func raced(err error, isNew bool) bool {
	var refused *refusedMint
	return errors.As(err, &refused) && (refused.kind == pendingRemoved || isNew && refused.kind == noPublisher)
}

// afterPending returns what to report of two mints, where the first one was refused because the pending publisher's project exists:
// the index has removed that publisher with its answer, so that the second mint cannot find it, and its answer alone would mislead.
// After any other first mint the second one counts.
func afterPending(first, second error) error {
	var pending, again *refusedMint
	var told finding.Finding
	switch {
	case !errors.As(first, &pending) || pending.kind != pendingRemoved || !errors.As(second, &told):
		return second
	case errors.As(second, &again) && again.kind == pendingRemoved:
		return second
	case errors.As(second, &again) && again.kind == noPublisher && again.needed != nil:
		gone := *pending
		gone.Message += "; the next request was refused as well: " + again.words
		return &gone
	}
	told.Message += "; the request before it was refused: " + pending.words
	return told
}

// mint is one exchange.
func (l *Lease) mint(ctx context.Context, order Order) error {
	audience, err := l.audience(ctx)
	if err != nil {
		return err
	}
	var last oidc.Claims
	at := wire.Join(l.o.At, "/_/oidc/mint-token")
	answer, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Mint, Method: http.MethodPost, URL: at,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body: tokenBody(func(ctx context.Context) (string, error) {
			// A fresh one for every try: the index takes each only once, and an answer may have been lost.
			id, err := l.o.IDTokens(ctx, audience, at)
			if err != nil {
				return "", err
			}
			last = id.Claims
			return id.Text.Reveal(at)
		}),
	})
	if err == nil {
		l.lost(answer.AmbiguousTries)
		return l.keep(answer, order)
	}
	l.lost(wire.AmbiguousTries(err))
	return l.refusedMint(err, last, order)
}

// lost notes mints whose token, if there is one, nobody knows: their answer never came, or was a server error, which what
// stands before an index sends also where the index has done its work. The wire's policy knows which errors those are.
func (l *Lease) lost(n int) {
	for range n {
		l.o.Note(ledger.MintLost{})
	}
}

// keep takes the answer of a mint: the token is masked before anything else is done with it, and is one of those to be
// burned before anything else can fail.
func (l *Lease) keep(answer *wire.Answer, order Order) error {
	// When it expires is only for us: an index that tells it in a form of its own has minted a token all the same.
	var said struct {
		Token   string          `json:"token"`
		Expires json.RawMessage `json:"expires"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil || !likeToken(said.Token) {
		l.lost(1)
		return noToken(answer)
	}
	now := l.o.Now()
	raw := l.o.Vault.Seal(said.Token, l.o.At)
	t := &token{raw: raw, narrow: raw, minted: now}
	if server := answer.Date(); !server.IsZero() {
		t.ahead = server.Sub(now)
	}
	var expires float64
	if json.Unmarshal(said.Expires, &expires) == nil && expires > 0 && expires < 1e11 {
		t.expires = time.Unix(int64(expires), 0).UTC()
	}
	l.mu.Lock()
	l.tokens = append(l.tokens, t)
	l.mu.Unlock()
	return l.narrow(t, said.Token, order)
}

// shortestLife is what a narrowed token gets at least: clocks differ, and indexes are slow.
const shortestLife = 5 * time.Minute

// narrow appends two caveats, which the index ands to its own: the projects of this run, and an expiry by the index's clock
// that is never later than the token's own. The token's own "not before" is kept, since the two clocks may differ.
func (l *Lease) narrow(t *token, raw string, order Order) error {
	m, err := parseMacaroon(raw)
	if err != nil {
		l.o.Note(ledger.Minted{At: l.o.Now(), Expires: t.expires})
		return nil // it works as it is, and is burned like any other
	}
	own, notBefore, known := m.window()
	if known {
		t.expires = time.Unix(own, 0).UTC()
	}
	if !t.expires.IsZero() {
		t.whole = t.left(l.o.Now())
	}
	ends := l.o.Now().Add(t.ahead + max(order.Life, shortestLife)).UTC().Truncate(time.Second)
	if !t.expires.IsZero() && t.expires.Before(ends) {
		ends = t.expires
	}
	names := namesOf(order.Projects)
	narrow := l.o.Vault.Seal(m.with(caveat(1, names)).with(caveat(0, ends.Unix(), notBefore)).String(), l.o.At)
	l.mu.Lock()
	t.narrow, t.expires = narrow, ends
	l.mu.Unlock()
	l.o.Note(ledger.Minted{At: l.o.Now(), Narrowed: true, Projects: names, Expires: ends})
	if n, known := m.projects(); known && n < len(order.Projects) {
		return tooFewProjects(n, names)
	}
	return nil
}

// caveat is the index's compact JSON form of a caveat: an array that begins with its kind.
func caveat(kind int, fields ...any) []byte {
	raw, err := json.Marshal(append([]any{kind}, fields...))
	if err != nil {
		panic(err) // numbers and names of projects are JSON
	}
	return raw
}

// likeToken tells a text that may be hidden wherever it stands: one that is no piece of what we write, such as the tags of
// the summary, which an index could have us hide.
func likeToken(text string) bool {
	const shortest = 16
	return len(text) >= shortest && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("<>&|`\"", c) })
}

// noToken is an answer to a mint that was no refusal and had no token.
func noToken(answer *wire.Answer) error {
	return finding.New(finding.MintAnswer,
		fmt.Sprintf("the index said that it minted an upload token, but its answer (%d bytes) has none", len(answer.Body)),
		"run the job again later; a token that may exist expires by itself within 15 minutes")
}

// namesOf are the names of projects, sorted.
func namesOf(projects []pep.Project) []string {
	names := make([]string, 0, len(projects))
	for _, p := range projects {
		names = append(names, string(p))
	}
	slices.Sort(names)
	return names
}
