// Package trust manages the upload tokens of a run. It requests the audience, exchanges an ID token for an upload token (mint),
// restricts it to the projects and minutes of this run before use (narrow), and revokes it at the end (burn).
//
// All requests go to the host of the upload URL. A refused exchange becomes one finding, with the index's message and a fix.
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

// user is the basic-auth user name for API tokens.
const user = "__token__"

// Options are the dependencies of a Lease.
type Options struct {
	At       *url.URL     // the upload URL
	Wire     *wire.Client // for all requests
	IDTokens oidc.Source  // returns a new ID token for each attempt
	Vault    *secret.Vault
	Now      func() time.Time
	Note     func(ledger.Event)
	Permit   func(audience string) error // returns an error if the index may not ask for this audience
	Sleep    func(ctx context.Context, d time.Duration) error
	// Warehouse says that the index runs the software of PyPI, whose refusals can be predicted.
	Warehouse bool
	// Settings returns the URL of the page for a project's publishers, with the form filled in if the index supports that; "" if
	// the index has no such page. May be nil.
	Settings func(project pep.Project, isNew bool, form url.Values) string
	// MayAsk returns, without a request, why this run can get no ID token, or nil.
	MayAsk func() error
}

// Order is the scope of an upload token.
type Order struct {
	Projects []pep.Project
	Life     time.Duration // the expected time of the uploads
	New      []pep.Project // those of Projects that the index did not have; another job may use up their pending publisher
}

// Lease manages the upload tokens of one run, from before the first mint to the burn. It does nothing until Mint, so that its
// burn can be deferred before a token exists. It is safe for concurrent use.
type Lease struct {
	o Options

	patience time.Time  // no renewal is tried before this time; guarded by renewing
	renewing sync.Mutex // held during a renewal, so that other uploads wait for the new token

	mu     sync.Mutex
	asked  string    // the audience; "" before the index has named it
	told   time.Time // when the index named it, by the index's clock; zero if unknown
	heard  time.Time // when the index named it, by our clock
	order  Order
	tokens []*token // all tokens of the run; the last one is current
}

// token is one upload token.
type token struct {
	narrow, raw secret.Text
	widened     bool          // use raw, because the index could not read narrow
	minted      time.Time     // by our clock
	expires     time.Time     // by the index's clock; zero if unknown
	whole       time.Duration // its lifetime as issued; zero if unknown
	ahead       time.Duration // how much the index's clock is ahead of ours
	users       int           // uploads that use it now
	burned      ledger.Burned // "": not yet
}

// text returns the form of the token that is sent to the index.
func (t *token) text() secret.Text {
	if t.widened {
		return t.raw
	}
	return t.narrow
}

// left returns how long the token is still valid.
func (t *token) left(now time.Time) time.Duration {
	if t.expires.IsZero() {
		return time.Duration(1<<63 - 1)
	}
	return t.expires.Sub(now.Add(t.ahead))
}

// Minted returns how many upload tokens the run has received so far.
func (l *Lease) Minted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tokens)
}

// NewLease returns a lease without a token.
func NewLease(o Options) *Lease { return &Lease{o: o} }

// MayAsk returns why this run can get no ID token, and so no upload token, or nil. Its errors are findings.
func (l *Lease) MayAsk() error { return l.o.MayAsk() }

// Identify requests the audience from the index and an ID token from GitHub, and returns the identity of the run. It requests no
// upload token, so that it reports certain refusals before anything is public. Its errors are findings.
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

// indexClock returns the current time of the index's clock, computed from its answer with the audience; zero if unknown.
func (l *Lease) indexClock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told.IsZero() {
		return time.Time{}
	}
	return l.told.Add(l.o.Now().Sub(l.heard))
}

// audience returns the audience that the index names. It returns an error if the index may not ask for that audience.
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
