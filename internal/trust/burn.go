package trust

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Burn burns every token ever minted, side by side, and proves it where it can. It may be called twice. It never fails a run: what
// became of the tokens is its result, and an event. The caller bounds its time.
func (l *Lease) Burn(ctx context.Context) ledger.Burned {
	l.mu.Lock()
	tokens := append([]*token(nil), l.tokens...)
	l.mu.Unlock()
	if len(tokens) == 0 {
		return ledger.NotMinted
	}
	// A panic leaves the token as it was before: not burned.
	_ = par.Each(context.WithoutCancel(ctx), len(tokens), tokens, func(_ context.Context, t *token) error {
		if t.burned == "" || t.burned == ledger.BurnFailed {
			t.burned = ledger.BurnFailed
			t.burned = l.burn(ctx, t.text())
		}
		return nil
	})
	outcome := worst(tokens)
	l.o.Note(ledger.BurnedAll{Outcome: outcome})
	return outcome
}

// worst is the outcome that is true of all tokens.
func worst(tokens []*token) ledger.Burned {
	order := []ledger.Burned{ledger.BurnFailed, ledger.BurnUnsupported, ledger.BurnAccepted}
	for _, outcome := range order {
		for _, t := range tokens {
			if t.burned == outcome {
				return outcome
			}
		}
	}
	return ledger.BurnProven
}

// burn asks the index to forget one token (reference: pypi-server.md, section 4.7). The index finds it by its identifier, so that the
// narrowed one is enough.
func (l *Lease) burn(ctx context.Context, text secret.Text) ledger.Burned {
	at := wire.Join(l.o.At, "/_/oidc/burn-token")
	_, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Burn, Method: http.MethodPost, URL: at,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body:   tokenBody(func(context.Context) (string, error) { return text.Reveal(at) }),
	})
	var failed *wire.Error
	switch {
	case err == nil:
	case errors.As(err, &failed) && failed.Answer != nil &&
		(failed.Answer.Status == http.StatusNotFound || failed.Answer.Status == http.StatusMethodNotAllowed):
		return ledger.BurnUnsupported
	default:
		return ledger.BurnFailed
	}
	if l.refused(ctx, text) {
		return ledger.BurnProven
	}
	return ledger.BurnAccepted
}

// refused tells that the index no longer knows the token. It is shown one request without content: a living token would be told that
// the form is wrong, a burned one that it does not exist. The answer to a burn itself never tells.
func (l *Lease) refused(ctx context.Context, text secret.Text) bool {
	_, err := l.o.Wire.Do(ctx, wire.Call{
		Op: wire.Probe, Method: http.MethodPost, URL: l.o.At,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {wire.AcceptWords}},
		Auth:   func(context.Context) (string, secret.Text, error) { return user, text, nil },
		Body:   textBody([]byte("%3Aaction=file_upload&protocol_version=1")),
	})
	var failed *wire.Error
	if !errors.As(err, &failed) || failed.Answer == nil {
		return false
	}
	switch failed.Answer.Status {
	case http.StatusUnauthorized:
		return true
	case http.StatusForbidden:
		// An index that takes no uploads says so before it looks at the token.
		words := failed.Answer.Words()
		return !strings.Contains(words, "Read-only mode") && !strings.Contains(words, "temporarily disabled")
	default:
		return false
	}
}
