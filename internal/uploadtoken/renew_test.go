package uploadtoken_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// clock moves only when the test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// later returns a test server and a session with a token, on one clock.
func later(t *testing.T) (*clock, *fakepypi.Servers, *run) {
	t.Helper()
	c := &clock{at: time.Now().Truncate(time.Second)}
	s := pypitest.Start(t, fakepypi.Options{Now: c.now})
	s.AddPublisher(fakepypi.Publisher{Project: "mine"})
	r := &run{}
	console, redactor := runner.New(func(name string) string { return s.Env[name] }, io.Discard)
	r.Session = uploadtoken.New(uploadtoken.Options{
		At:           s.Upload,
		Wire:         client(),
		IDTokens:     console.IDTokens(client()),
		Redactor:     redactor,
		Now:          c.now,
		Record:       r.record,
		Permit:       permit,
		Sleep:        noSleep,
		Warehouse:    true,
		CheckIDToken: idTokenAvailable,
	})
	if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
		t.Fatal(err)
	}
	return c, s, r
}

func revocationsOf(s *fakepypi.Servers) (burned []bool) {
	for _, token := range s.Tokens() {
		burned = append(burned, token.Burned)
	}
	return burned
}

func TestRenew_BeforeExpiry(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	_, first, err := r.Token(t.Context(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c.forward(2 * time.Minute)
	_, same, err := r.Token(t.Context(), 10*time.Second)
	if err != nil || !same.Same(first) {
		t.Fatalf("a token of three minutes was not enough for ten seconds and the margin: %v", err)
	}
	r.Release(t.Context(), same, false)
	// The narrowed token has a minute left: too little for the margin.
	c.forward(2 * time.Minute)
	_, second, err := r.Token(t.Context(), 10*time.Second)
	if err != nil || second.Same(first) {
		t.Fatalf("the token was not renewed: %v", err)
	}
	if got := revocationsOf(s); len(got) != 2 || got[0] || got[1] {
		t.Errorf("burned %v: an upload carries the first one yet", got)
	}
	r.Release(t.Context(), first, false)
	if got := revocationsOf(s); len(got) != 2 || !got[0] || got[1] {
		t.Errorf("burned %v: no upload uses the first one any more", got)
	}
	if got := r.Burn(t.Context()); got != ledger.BurnProven {
		t.Errorf("%s", got)
	}
	if got := revocationsOf(s); !got[0] || !got[1] {
		t.Errorf("burned %v", got)
	}
}

func TestRenew_NotNeeded(t *testing.T) {
	t.Parallel()
	_, s, r := later(t)
	for range 3 {
		if _, _, err := r.Token(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Tokens()); n != 1 {
		t.Errorf("%d tokens for uploads that no token is long enough for", n)
	}
}

// TestRenew_Lifetime: uploads that turn out slow do not mint again and again.
func TestRenew_Lifetime(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	for range 5 {
		c.forward(61 * time.Second)
		_, used, err := r.Token(t.Context(), 6*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		r.Release(t.Context(), used, false)
	}
	if n := len(s.Tokens()); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

func TestRenew_ExpiredInFlight(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	_, used, err := r.Token(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	c.forward(6 * time.Minute)
	status, message := post(t, s, r, "mine") // renews by itself, before the index is asked
	if status != 400 {
		t.Errorf("%d %s", status, message)
	}
	const says = "Invalid API Token: token is expired, token is expired"
	if !r.Rejected(t.Context(), used, says) {
		t.Error("there is another token already")
	}
	_, next, err := r.Token(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Rejected(t.Context(), next, says) {
		t.Error("a token of this moment was renewed again")
	}
	c.forward(90 * time.Second)
	if !r.Rejected(t.Context(), next, says) || len(s.Tokens()) != 3 {
		t.Errorf("not renewed: %d tokens", len(s.Tokens()))
	}
}

// TestRenew_FailureIsShared: uploads that wait for one renewal share its failure. Each would otherwise wait for the whole budget again.
func TestRenew_FailureIsShared(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	s.Switch(func(w *fakepypi.Behavior) { w.NoGitHub = true })
	c.forward(20 * time.Minute)
	mints := func() (n int) {
		for _, request := range s.Requests() {
			if request.Op == "mint" {
				n++
			}
		}
		return n
	}
	before := mints()
	_, _, first := r.Token(t.Context(), 10*time.Second)
	if first == nil {
		t.Fatal("a token that is over was taken")
	}
	once := mints() - before
	for range 3 {
		if _, _, err := r.Token(t.Context(), 10*time.Second); err == nil || err.Error() != first.Error() {
			t.Errorf("another upload: %v, want %v", err, first)
		}
	}
	if n := mints() - before; n != once {
		t.Errorf("%d requests of a token, want those of one renewal, %d", n, once)
	}
	s.Switch(func(w *fakepypi.Behavior) { w.NoGitHub = false })
	c.forward(2 * time.Minute)
	if _, _, err := r.Token(t.Context(), 10*time.Second); err != nil {
		t.Errorf("after the pause, when the index is well again: %v", err)
	}
}

// TestRenew_FailureOfEarlierToken: a failure is shared until a renewal succeeds. A later token gets renewals of its own.
func TestRenew_FailureOfEarlierToken(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	down := func(yes bool) { s.Switch(func(w *fakepypi.Behavior) { w.NoGitHub = yes }) }
	token := func(need time.Duration) error { _, _, err := r.Token(t.Context(), need); return err }
	down(true)
	c.forward(3*time.Minute + 30*time.Second)      // of five
	if err := token(4 * time.Minute); err == nil { // the renewal is needed, and fails
		t.Fatal("a token of a minute and a half was taken for four minutes")
	}
	down(false)
	c.forward(65 * time.Second)
	if err := token(time.Second); err != nil { // not needed yet, and succeeds
		t.Fatal(err)
	}
	c.forward(13 * time.Minute)
	down(true)
	if err := token(time.Second); err != nil { // not needed yet: one try, which fails
		t.Fatal(err)
	}
	down(false)
	c.forward(10 * time.Second)
	if err := token(4 * time.Minute); err != nil { // needed, within the pause after that try
		t.Errorf("the failure of an earlier token is taken for that of this one: %v", err)
	}
}

func TestRenew_FailureKeepsOldToken(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	s.Switch(func(w *fakepypi.Behavior) { w.NoGitHub = true })
	c.forward(4 * time.Minute)
	for range 3 {
		if _, _, err := r.Token(t.Context(), 10*time.Second); err != nil {
			t.Errorf("a minute is enough for ten seconds: %v", err)
		}
	}
	mints, noted := 0, 0
	for _, request := range s.Requests() {
		if request.Op == "mint" {
			mints++
		}
	}
	for _, e := range r.events {
		if _, ok := e.(ledger.Noted); ok {
			noted++
		}
	}
	if mints != 2 || noted != 1 {
		t.Errorf("%d mints and %d warnings for one renewal that fails", mints, noted)
	}
	c.forward(2 * time.Second)
	c.forward(61 * time.Second)
	if _, _, err := r.Token(t.Context(), 2*time.Minute); err == nil {
		t.Error("a token that is over was taken for two minutes")
	}
}

// TestRenew_FailureAdvice is true in the middle of a release: files are at the index, and while the old token lasts users need not
// run anything again.
func TestRenew_FailureAdvice(t *testing.T) {
	t.Parallel()
	c, s, r := later(t)
	f, _ := fault.ByName("status-503")
	if err := s.InjectFault("mint", f, 0, -1); err != nil {
		t.Fatal(err)
	}
	c.forward(4 * time.Minute)
	if _, _, err := r.Token(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	var problems []finding.Finding
	for _, e := range r.events {
		if noted, ok := e.(ledger.Noted); ok {
			problems = append(problems, noted.Finding)
		}
	}
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Fix, "no action needed") {
		t.Errorf("%+v", problems)
	}
	c.forward(5 * time.Minute)
	_, _, err := r.Token(t.Context(), 10*time.Second)
	if all := finding.Of(err); len(all) != 1 || all[0].ID != "mint-unavailable" || strings.Contains(all[0].Fix, "nothing was uploaded") {
		t.Errorf("%+v", all)
	}
}

// TestMint_PendingPublisherUsedUp: another job of a matrix has created the project a moment ago.
func TestMint_PendingPublisherUsedUp(t *testing.T) {
	t.Parallel()
	s := startServers(t, "mine")
	s.AddPublisher(fakepypi.Publisher{Project: "mine", Pending: true})
	r := newRun(t, s)
	if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
		t.Errorf("%v", err)
	}
	if n := len(s.Tokens()); n != 1 {
		t.Errorf("%d tokens", n)
	}
	// A refusal that nothing explains is asked about once more, and only where the project was unknown.
	for want, unknown := range map[int][]pep.Project{1: nil, 2: {"mine"}} {
		s := startServers(t)
		r := newRun(t, s)
		if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}, New: unknown}); err == nil {
			t.Error("no publisher, and a token all the same")
		}
		mints := 0
		for _, request := range s.Requests() {
			if request.Op == "mint" {
				mints++
			}
		}
		if mints != want {
			t.Errorf("project unknown %v: %d mints", unknown, mints)
		}
	}
}
