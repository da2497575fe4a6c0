// Package trust is the life of a run's upload tokens: the audience is asked for, an ID token is traded for an upload token,
// which is narrowed to the projects and minutes of this run before it is used, and burned at the end.
//
// All of it is addressed to the upload URL's own authority. A refused exchange becomes one finding, in the index's words and
// with a next step.
package trust

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// user is what an upload token is the password of.
const user = "__token__"

// Options are what a lease needs.
type Options struct {
	At       *url.URL     // the upload URL
	Wire     *wire.Client // for everything
	IDTokens oidc.Source  // a fresh one for each attempt
	Vault    *secret.Vault
	Now      func() time.Time
	Note     func(ledger.Event)
	Permit   func(audience string) error // whether the index may ask for this audience
	Sleep    func(ctx context.Context, d time.Duration) error
	// Warehouse tells that the index runs the software of the public one, whose refusals can be predicted.
	Warehouse bool
	// Settings is where the index has the settings of a project's publishers, filled in as far as the index can; "" where it has
	// no such page. May be nil.
	Settings func(project pep.Project, isNew bool, form url.Values) string
	// MayAsk tells, before anything is asked, why there can be no ID token; nil where there can.
	MayAsk func() error
}

// Order is what an upload token is wanted for.
type Order struct {
	Projects []pep.Project
	Life     time.Duration // how long the uploads may take
	New      []pep.Project // those of them that were unknown to the index: a pending publisher may be used up by another job now
}

// Lease is the life of one run's upload tokens, from before the first mint to the burn. It is inert until Mint, so
// that its burn can be deferred before a token can exist. It is safe for use by several goroutines.
type Lease struct {
	o Options

	patience time.Time  // until when a renewal is not tried again; guarded by renewing
	renewing sync.Mutex // held for the whole of a renewal: who needs a token meanwhile waits for the new one

	mu     sync.Mutex
	asked  string    // the audience, once the index has told it
	told   time.Time // when it told that, by its own clock; zero where it has none
	heard  time.Time // when it told that, by ours
	order  Order
	tokens []*token // every one ever minted; the last is the current one
}

// token is one upload token.
type token struct {
	narrow, raw secret.Text
	widened     bool          // the index could not read the narrowed one
	minted      time.Time     // by our clock
	expires     time.Time     // by the index's clock; zero where nobody told
	whole       time.Duration // the index's own life of it; zero where nobody told
	ahead       time.Duration // how much the index's clock is ahead of ours
	users       int           // uploads that carry it now
	burned      ledger.Burned // "": not yet
}

// text is what the index is shown.
func (t *token) text() secret.Text {
	if t.widened {
		return t.raw
	}
	return t.narrow
}

// left is how long the token is valid yet.
func (t *token) left(now time.Time) time.Duration {
	if t.expires.IsZero() {
		return time.Duration(1<<63 - 1)
	}
	return t.expires.Sub(now.Add(t.ahead))
}

// Minted returns how many upload tokens the run has got so far.
func (l *Lease) Minted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tokens)
}

// NewLease returns a lease without a token.
func NewLease(o Options) *Lease { return &Lease{o: o} }

// MayAsk tells why this run can have no ID token, and so no upload token; nil where it can. Its errors are findings.
func (l *Lease) MayAsk() error { return l.o.MayAsk() }

// Identify asks the index for its audience, and GitHub for an ID token, and tells who the run is. Nothing is minted: a
// mistake that can be seen here is told before anything public exists. Its errors are findings.
func (l *Lease) Identify(ctx context.Context) (oidc.Claims, error) {
	if err := l.o.MayAsk(); err != nil {
		return oidc.Claims{}, err
	}
	audience, err := l.audience(ctx)
	if err != nil {
		return oidc.Claims{}, err
	}
	id, err := l.o.IDTokens(ctx, audience, l.o.At)
	if err != nil {
		return oidc.Claims{}, err
	}
	c := id.Claims
	l.o.Note(ledger.Identified{Identity: ledger.Identity{
		Repository: c.Repository, Workflow: c.WorkflowFile(), Environment: c.Environment, Ref: c.Ref, Event: c.Event, Audience: audience,
	}})
	switch {
	case c.Audience != audience:
		return c, otherAudience(audience, c.Audience)
	case !l.o.Warehouse:
		return c, nil
	}
	if apart := clocksApart(c, l.indexClock()); apart != "" {
		l.o.Note(ledger.Noted{Finding: clockWarning(apart)})
	}
	return c, predict(c)
}

// indexClock is what the index's clock says now, by what it said with the audience; zero where it told nothing.
func (l *Lease) indexClock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told.IsZero() {
		return time.Time{}
	}
	return l.told.Add(l.o.Now().Sub(l.heard))
}

// audience asks the index what an ID token for it must say, and whether it may ask for that.
func (l *Lease) audience(ctx context.Context) (string, error) {
	l.mu.Lock()
	known := l.asked
	l.mu.Unlock()
	if known != "" {
		return known, nil
	}
	answer, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Audience, Method: http.MethodGet, URL: wire.Join(l.o.At, "/_/oidc/audience"),
		Header: http.Header{"Accept": {"application/json"}},
	})
	if err != nil {
		return "", noAudience(l.o.At, err)
	}
	var said struct {
		Audience string `json:"audience"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil || strings.TrimSpace(said.Audience) == "" {
		return "", strangeAudience(l.o.At, answer)
	}
	if err := l.o.Permit(said.Audience); err != nil {
		return "", foreignAudience(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked, l.told, l.heard = said.Audience, answer.Date(), l.o.Now()
	return said.Audience, nil
}
