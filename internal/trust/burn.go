package trust

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Burn burns every token ever minted, side by side, and proves it where it can. It may be called twice. It never fails a
// run: what became of the tokens is its result, and an event. The caller bounds its time.
func (l *Lease) Burn(ctx context.Context) ledger.Burned {
	l.mu.Lock()
	tokens := slices.Clone(l.tokens)
	l.mu.Unlock()
	if len(tokens) == 0 {
		return ledger.NotMinted
	}
	// A panic leaves the token as it was before: not burned.
	_ = par.Each(context.WithoutCancel(ctx), len(tokens), tokens, func(_ context.Context, t *token) error {
		l.burnOne(ctx, t)
		return nil
	})
	outcome := l.worst(tokens)
	l.o.Note(ledger.BurnedAll{At: l.o.Now(), Outcome: outcome})
	return outcome
}

// burnOne burns a token that is not burned yet.
func (l *Lease) burnOne(ctx context.Context, t *token) {
	l.mu.Lock()
	text, done := t.text(), t.burned != "" && t.burned != ledger.BurnFailed
	l.mu.Unlock()
	if done {
		return
	}
	outcome := l.burn(ctx, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	t.burned = outcome
}

// worst is the outcome that is true of all tokens.
func (l *Lease) worst(tokens []*token) ledger.Burned {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, outcome := range []ledger.Burned{"", ledger.BurnFailed, ledger.BurnUnsupported, ledger.BurnAccepted} {
		if slices.ContainsFunc(tokens, func(t *token) bool { return t.burned == outcome }) {
			return cmp.Or(outcome, ledger.BurnFailed)
		}
	}
	return ledger.BurnProven
}

// beforehand is all that the look before a burn may take: the burn and its proof come first, and get what is left.
const beforehand = time.Second

// burn asks the index to forget one token (docs/reference/pypi-server.md §4.7). The index finds it by its identifier, so
// that the narrowed one is enough. The answer never tells whether it did; a request that is refused afterwards, and was not
// before, does.
func (l *Lease) burn(ctx context.Context, text secret.Text) ledger.Burned {
	lived := l.lives(ctx, text)
	at := wire.Join(l.o.At, "/_/oidc/burn-token")
	_, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Burn, Method: http.MethodPost, URL: at,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body:   tokenBody(func(context.Context) (string, error) { return text.Reveal(at) }),
	})
	switch status := wire.StatusOf(err); {
	case err == nil:
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return ledger.BurnUnsupported
	default:
		return ledger.BurnFailed
	}
	after := l.probe(ctx, text)
	if after == unknownToken || (after == refused && lived) {
		return ledger.BurnProven
	}
	return ledger.BurnAccepted
}

// lives tells that the index was seen to accept the token, in time.
func (l *Lease) lives(ctx context.Context, text secret.Text) bool {
	ctx, stop := context.WithTimeout(ctx, beforehand)
	defer stop()
	return l.probe(ctx, text) == living
}

// probed is how the index answers to a token.
type probed uint8

const (
	unanswered   probed = iota
	living              // it was looked beyond the token
	refused             // it was not, for whatever reason: an index may take no uploads at the moment, and a server in front may drop the words
	unknownToken        // it was not, since there is no such token
)

// probe shows the index the token with one request that has no content: with a living token the index says that the form is
// wrong.
func (l *Lease) probe(ctx context.Context, text secret.Text) probed {
	_, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Probe, Method: http.MethodPost, URL: l.o.At,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {wire.AcceptReadable}},
		Auth:   func(context.Context) (string, secret.Text, error) { return user, text, nil },
		Body:   textBody([]byte("%3Aaction=file_upload&protocol_version=1")),
	})
	switch answer := wire.AnswerOf(err); {
	case answer == nil, answer.Status/100 == 3, answer.Temporary():
		return unanswered
	case answer.Status == http.StatusForbidden && strings.Contains(answer.ServerMessage(), "Invalid or non-existent authentication"):
		return unknownToken
	case answer.Status == http.StatusForbidden, answer.Status == http.StatusUnauthorized:
		return refused
	default:
		return living
	}
}
