// Package trust is the life of a run's upload tokens: the audience is asked for, an ID token is traded for an upload token, which is
// narrowed to the projects and minutes of this run before it is used, and burned at the end.
//
// All of it is addressed to the upload URL's own authority. A refused exchange becomes one finding, in the index's words and with a
// next step.
package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
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
}

// Lease is the life of one run's upload tokens, from before the first mint to the burn. It is inert until Mint, so
// that its burn can be deferred before a token can exist. It is safe for use by several goroutines.
type Lease struct {
	o Options

	mu     sync.Mutex
	asked  string   // the audience, once the index has told it
	tokens []*token // every one ever minted
}

// token is one upload token.
type token struct {
	narrow, raw secret.Text
	widened     bool // the index could not read the narrowed one
	expires     time.Time
	burned      ledger.Burned // "": not yet
}

// text is what the index is shown.
func (t *token) text() secret.Text {
	if t.widened {
		return t.raw
	}
	return t.narrow
}

// NewLease returns a lease without a token.
func NewLease(o Options) *Lease { return &Lease{o: o} }

// Identify asks the index for its audience, and GitHub for an ID token, and tells who the run is. Nothing is minted: a mistake that
// can be seen here is told before anything public exists. Its errors are findings.
func (l *Lease) Identify(ctx context.Context) (oidc.Claims, error) {
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
	return c, predict(c)
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
	l.asked = said.Audience
	return said.Audience, nil
}

// Mint trades a fresh ID token for an upload token, and narrows it to the projects and to life, which is at least five minutes.
// A refusal is a finding; a mint whose answer never came is noted, since it may have left a token.
func (l *Lease) Mint(ctx context.Context, projects []pep.Project, life time.Duration) error {
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
	var failed *wire.Error
	switch {
	case err == nil:
		l.lost(answer.Doubtful)
		return l.keep(answer, projects, life)
	case errors.As(err, &failed):
		l.lost(failed.Doubtful)
	}
	return refusedMint(err, last)
}

// lost notes mints whose answer never came.
func (l *Lease) lost(n int) {
	for range n {
		l.o.Note(ledger.MintLost{})
	}
}

// keep takes the answer of a mint: the token is masked before anything else is done with it.
func (l *Lease) keep(answer *wire.Answer, projects []pep.Project, life time.Duration) error {
	var said struct {
		Token   string `json:"token"`
		Expires int64  `json:"expires"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil || len(said.Token) < 16 || strings.ContainsAny(said.Token, " \t\r\n") {
		l.lost(1)
		return noToken(answer)
	}
	raw := l.o.Vault.Seal(said.Token, l.o.At)
	t := &token{raw: raw, narrow: raw}
	l.mu.Lock()
	l.tokens = append(l.tokens, t)
	l.mu.Unlock()
	return l.narrow(t, said.Token, window{
		server:    orNow(answer.Date(), l.o.Now),
		announced: said.Expires,
		life:      max(life, shortestLife),
	}, projects)
}

// shortestLife is what a narrowed token gets at least: clocks differ, and indexes are slow.
const shortestLife = 5 * time.Minute

// window is how long a token lives, by the server's clock.
type window struct {
	server    time.Time // its clock now
	announced int64     // when the token expires, in Unix seconds; 0: not told
	life      time.Duration
}

// narrow appends two caveats, which the index ands to its own: the projects of this run, and an expiry by the index's clock that is never
// later than the token's own. The token's own "not before" is kept, since the two clocks may differ.
func (l *Lease) narrow(t *token, raw string, w window, projects []pep.Project) error {
	m, err := parseMacaroon(raw)
	if err != nil {
		t.expires = time.Unix(w.announced, 0).UTC()
		l.o.Note(ledger.Minted{Expires: t.expires})
		return nil // it works as it is, and is burned like any other
	}
	ends, notBefore := w.of(m)
	names := make([]string, 0, len(projects))
	for _, p := range projects {
		names = append(names, string(p))
	}
	slices.Sort(names)
	t.narrow = l.o.Vault.Seal(m.with(caveat(1, names)).with(caveat(0, ends, notBefore)).String(), l.o.At)
	t.expires = time.Unix(ends, 0).UTC()
	l.o.Note(ledger.Minted{Narrowed: true, Projects: names, Expires: t.expires})
	if n, known := m.projects(); known && n < len(projects) {
		return tooFewProjects(n, names)
	}
	return nil
}

// of is when a narrowed token expires and from when it is valid, in Unix seconds.
func (w window) of(m *macaroon) (ends, notBefore int64) {
	ends = w.server.Add(w.life).Unix()
	own, notBefore, known := m.window()
	if !known {
		own, notBefore = w.announced, 0
	}
	if own > 0 {
		ends = min(ends, own)
	}
	return ends, notBefore
}

// caveat is the index's compact JSON form of a caveat: an array that begins with its kind.
func caveat(kind int, fields ...any) []byte {
	raw, err := json.Marshal(append([]any{kind}, fields...))
	if err != nil {
		panic(err) // numbers and names of projects are JSON
	}
	return raw
}

func orNow(at time.Time, now func() time.Time) time.Time {
	if at.IsZero() {
		return now()
	}
	return at
}

// Credential is the current upload token. need is how long it has to be valid.
func (l *Lease) Credential(_ context.Context, _ time.Duration) (string, secret.Text, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tokens) == 0 {
		return "", secret.Text{}, errors.New("there is no upload token: it was asked for before the mint")
	}
	return user, l.tokens[len(l.tokens)-1].text(), nil
}

// Denied is told the index's words of a 403. It falls back to the token as it was minted, once, where the index could not read what
// narrowing added; never where the narrowed token was read and found not to allow the upload.
func (l *Lease) Denied(_ context.Context, used secret.Text, words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tokens) == 0 {
		return false
	}
	current := l.tokens[len(l.tokens)-1]
	if !current.text().Same(used) {
		return true // somebody else was denied first, and there is another one now
	}
	if current.widened || current.narrow.Same(current.raw) || !unreadable(words) {
		return false
	}
	current.widened = true
	l.o.Note(ledger.Widened{Words: words})
	return true
}

// unreadable tells that the index could not read a caveat (reference: pypi-server.md, section 2.10).
func unreadable(words string) bool {
	has := func(part string) bool { return strings.Contains(words, part) }
	if slices.ContainsFunc([]string{"token is expired", "is not valid for project", "does not match publisher", "outside of"}, has) {
		return false
	}
	return slices.ContainsFunc([]string{
		"caveat has unknown tag", "caveat must be an array", "caveat array cannot be empty", "Not enough values",
		"invalid values for fields", "signatures do not match",
	}, has)
}

// noToken is an answer to a mint that was no refusal and had no token.
func noToken(answer *wire.Answer) error {
	return finding.Finding{
		ID: "mint-answer", Severity: finding.Error,
		Message: fmt.Sprintf("the index said that it minted an upload token, but its answer (%d bytes) has none", len(answer.Body)),
		Fix:     "run the job again later; a token that may exist expires by itself within 15 minutes",
	}
}
