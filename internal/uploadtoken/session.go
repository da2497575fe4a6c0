// Package uploadtoken manages the upload tokens of a run. It requests the audience, exchanges an ID token for an upload token (mint),
// restricts it to the projects and minutes of this run before use (narrow), and revokes it at the end (burn).
//
// All requests go to the host of the upload URL. A refused exchange becomes one finding, with the index's message and a fix.
package uploadtoken

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

// Options are the dependencies of a Session.
type Options struct {
	At       *url.URL     // the upload URL
	Wire     *wire.Client // for all requests
	IDTokens oidc.Source  // returns a new ID token for each attempt
	Redactor *secret.Redactor
	Now      func() time.Time
	Record   func(ledger.Event)
	Permit   func(audience string) error // returns an error if the index may not ask for this audience
	Sleep    func(ctx context.Context, d time.Duration) error
	// Status is the page on which the index's operators report outages; "" if none is known.
	Status string
	// Warehouse says that the index runs the software of PyPI, whose refusals can be predicted.
	Warehouse bool
	// Public says that it is one of the public indexes, of which it is known whose ID tokens they accept. Any other index decides itself.
	Public bool
	// Settings returns the URL of the page for a project's publishers, with the form filled in if the index supports that; "" if
	// the index has no such page. May be nil.
	Settings func(project pep.Project, isNew bool, form url.Values) string
	// CheckIDToken returns, without a request, why this run can get no ID token, or nil.
	CheckIDToken func() error
}

// MintRequest is the scope of an upload token.
type MintRequest struct {
	Projects []pep.Project
	Life     time.Duration // the expected time of the uploads
	New      []pep.Project // those of Projects that the index did not have; another job may use up their pending publisher
}

// Session manages the upload tokens of one run, from before the first mint to the burn. It does nothing until Mint, so that its
// burn can be deferred before a token exists. It is safe for concurrent use.
type Session struct {
	opts Options

	renewNotBefore time.Time  // no renewal is tried before this time; guarded by renewing
	renewFailed    error      // why the last renewal that was needed failed; guarded by renewing
	renewing       sync.Mutex // held during a renewal, so that other uploads wait for the new token
	noteOnce       sync.Once  // the warning that a renewal failed

	mu           sync.Mutex
	audienceName string    // the audience; "" before the index has named it
	serverTime   time.Time // when the index named it, by the index's clock; zero if unknown
	receivedAt   time.Time // when the index named it, by our clock
	order        MintRequest
	tokens       []*token // all tokens of the run; the last one is current
}

// token is one upload token.
type token struct {
	restricted, raw secret.Secret
	unrestricted    bool          // use raw, because the index could not read narrow
	minted          time.Time     // by our clock
	expires         time.Time     // by the index's clock; zero if unknown
	whole           time.Duration // its lifetime as issued; zero if unknown
	ahead           time.Duration // how much the index's clock is ahead of ours
	users           int           // uploads that use it now
	uploaded        bool          // the index has accepted an upload with it
	burned          ledger.Burned // "": not yet
}

// text returns the form of the token that is sent to the index.
func (t *token) text() secret.Secret {
	if t.unrestricted {
		return t.raw
	}
	return t.restricted
}

// left returns how long the token is still valid.
func (t *token) left(now time.Time) time.Duration {
	if t.expires.IsZero() {
		return time.Duration(1<<63 - 1)
	}
	return t.expires.Sub(now.Add(t.ahead))
}

// Minted returns how many upload tokens the run has received so far.
func (l *Session) Minted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tokens)
}

// New returns a session without a token.
func New(o Options) *Session { return &Session{opts: o} }

// CheckIDToken returns why this run can get no ID token, and so no upload token, or nil. Its errors are findings.
func (l *Session) CheckIDToken() error { return l.opts.CheckIDToken() }

// Identify requests the audience from the index and an ID token from GitHub, and returns the identity of the run. It requests no
// upload token, so that it reports certain refusals before anything is public. Its errors are findings.
func (l *Session) Identify(ctx context.Context) (oidc.Claims, error) {
	if err := l.opts.CheckIDToken(); err != nil {
		return oidc.Claims{}, err
	}
	audience, err := l.audience(ctx)
	if err != nil {
		return oidc.Claims{}, err
	}
	id, err := l.opts.IDTokens(ctx, audience, l.opts.At)
	if err != nil {
		return oidc.Claims{}, err
	}
	c := id.Claims
	l.opts.Record(ledger.Identified{Identity: ledger.Identity{
		Repository: c.Repository, Workflow: c.WorkflowFile(), Environment: c.Environment, Ref: c.Ref, Event: c.Event, Audience: audience,
	}})
	switch {
	case c.Audience != audience:
		return c, otherAudience(audience, c.Audience)
	case !l.opts.Warehouse:
		return c, nil
	}
	if skew := clockSkew(c, l.indexClock()); skew != "" {
		l.opts.Record(ledger.Noted{Finding: clockWarning(skew)})
	}
	return c, predict(c, l.opts.Public)
}

// indexClock returns the current time of the index's clock, computed from its answer with the audience; zero if unknown.
func (l *Session) indexClock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.serverTime.IsZero() {
		return time.Time{}
	}
	return l.serverTime.Add(l.opts.Now().Sub(l.receivedAt))
}

// audience returns the audience that the index names. It returns an error if the index may not ask for that audience.
func (l *Session) audience(ctx context.Context) (string, error) {
	l.mu.Lock()
	known := l.audienceName
	l.mu.Unlock()
	if known != "" {
		return known, nil
	}
	answer, err := l.opts.Wire.Do(ctx, wire.Call{
		Op: wire.Audience, Method: http.MethodGet, URL: wire.Join(l.opts.At, "/_/oidc/audience"),
		Header: http.Header{"Accept": {"application/json"}},
	})
	if err != nil {
		return "", l.noAudience(err)
	}
	var decoded struct {
		Audience string `json:"audience"`
	}
	if err := json.Unmarshal(answer.Body, &decoded); err != nil || strings.TrimSpace(decoded.Audience) == "" || answer.ReportsError() {
		return "", unexpectedAudience(l.opts.At, answer)
	}
	if err := l.opts.Permit(decoded.Audience); err != nil {
		return "", foreignAudience(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.audienceName, l.serverTime, l.receivedAt = decoded.Audience, answer.Date(), l.opts.Now()
	return decoded.Audience, nil
}
