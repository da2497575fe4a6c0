package uploadtoken

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

// Burn revokes all tokens of the run concurrently, and checks that the index no longer accepts them. It may be called again, and
// then retries what failed. It returns, and records as an event, the worst outcome of all tokens; it never fails the run. The
// caller limits its time through ctx.
func (l *Session) Burn(ctx context.Context) ledger.Burned {
	l.mu.Lock()
	tokens := slices.Clone(l.tokens)
	l.mu.Unlock()
	if len(tokens) == 0 {
		return ledger.NotMinted
	}
	// After a panic the token counts as not burned.
	_ = par.Each(context.WithoutCancel(ctx), len(tokens), tokens, func(_ context.Context, t *token) error {
		l.burnOne(ctx, t)
		return nil
	})
	outcome := l.worst(tokens)
	l.opts.Record(ledger.BurnedAll{At: l.opts.Now(), Outcome: outcome})
	return outcome
}

// burnOne burns a token, unless an earlier attempt succeeded, and stores the outcome in it.
func (l *Session) burnOne(ctx context.Context, t *token) {
	l.mu.Lock()
	text, done := t.text(), t.burned != "" && t.burned != ledger.BurnFailed
	worked := t.uploaded && l.opts.Warehouse
	l.mu.Unlock()
	if done {
		return
	}
	outcome := l.burn(ctx, text, worked)
	l.mu.Lock()
	defer l.mu.Unlock()
	t.burned = outcome
}

// worst returns the worst outcome of the tokens.
func (l *Session) worst(tokens []*token) ledger.Burned {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, outcome := range []ledger.Burned{"", ledger.BurnFailed, ledger.BurnUnsupported, ledger.BurnAccepted} {
		if slices.ContainsFunc(tokens, func(t *token) bool { return t.burned == outcome }) {
			return cmp.Or(outcome, ledger.BurnFailed)
		}
	}
	return ledger.BurnProven
}

// probeTimeout limits the probe before the burn, so that the burn and the probe after it keep most of the time.
const probeTimeout = time.Second

// burn asks the index to revoke one token, and returns the outcome (docs/reference/pypi-server.md §4.7). The index looks the
// token up by its identifier, so the restricted token is enough. The answer does not say whether the token was revoked. What
// proves it is a probe after which the index says that there is no such token, or refuses what it did not refuse right before.
//
// PyPI's software says the former of every token that it has revoked. If such an index has worked with the token, it knew it, and
// nothing is probed before.
func (l *Session) burn(ctx context.Context, text secret.Secret, worked bool) ledger.Burned {
	lived := !worked && l.isAccepted(ctx, text)
	at := wire.Join(l.opts.At, "/_/oidc/burn-token")
	answer, err := l.opts.Wire.Do(ctx, wire.Call{
		Op: wire.Burn, Method: http.MethodPost, URL: at,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body:   tokenBody(func(context.Context) (string, error) { return text.Value(at) }),
	})
	switch status := wire.StatusOf(err); {
	case err == nil:
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return ledger.BurnUnsupported
	default:
		return ledger.BurnFailed
	}
	after := l.probe(ctx, text)
	switch {
	case after == rejectedAsUnknown, after == refused && lived:
		return ledger.BurnProven
	case answer.ReportsError():
		return ledger.BurnFailed
	}
	return ledger.BurnAccepted
}

// isAccepted reports whether the index accepts the token. It is false if the index does not answer within beforehand.
func (l *Session) isAccepted(ctx context.Context, text secret.Secret) bool {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	return l.probe(ctx, text) == accepted
}

// probeResult is the index's answer to a probe with a token.
type probeResult uint8

const (
	unanswered        probeResult = iota
	accepted                      // the index accepted the token and checked the form
	refused                       // the index refused the request, perhaps for another reason, such as a read-only mode
	rejectedAsUnknown             // the index says that there is no such token
)

// probe sends one upload request without content, authenticated with the token, and returns how the index answers. If the token
// is valid, the index complains about the form.
func (l *Session) probe(ctx context.Context, text secret.Secret) probeResult {
	_, err := l.opts.Wire.Do(ctx, wire.Call{
		Op: wire.Probe, Method: http.MethodPost, URL: l.opts.At,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {wire.AcceptReadable}},
		Auth:   func(context.Context) (string, secret.Secret, error) { return user, text, nil },
		Body:   textBody([]byte("%3Aaction=file_upload&protocol_version=1")),
	})
	switch answer := wire.AnswerOf(err); {
	case answer == nil, answer.Status/100 == 3, answer.Temporary():
		return unanswered
	case answer.Status == http.StatusForbidden && strings.Contains(answer.ServerMessage(), "Invalid or non-existent authentication"):
		return rejectedAsUnknown
	case answer.Status == http.StatusForbidden, answer.Status == http.StatusUnauthorized:
		return refused
	default:
		return accepted
	}
}
