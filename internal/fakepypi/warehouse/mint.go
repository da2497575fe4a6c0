package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/idtoken"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The OIDC endpoints (docs/reference/pypi-server.md §4.1 to §4.7).

// payloadLimit is the maximum size of a request's body, in bytes.
const payloadLimit = 1 << 20

// audienceOf handles GET /_/oidc/audience.
func (ix *Index) audienceOf(w http.ResponseWriter, _ *http.Request) {
	if ix.Behavior().NoOIDC {
		web.WriteJSON(w, http.StatusForbidden, map[string]string{"message": "Trusted publishing functionality not enabled"})
		return
	}
	web.WriteJSON(w, http.StatusOK, map[string]string{"audience": ix.audience})
}

// mintError says why no token was issued (§4.2).
type mintError struct {
	status      int
	Code        string `json:"code"`
	Description string `json:"description"`
}

// Error returns code and description.
func (e *mintError) Error() string { return e.Code + ": " + e.Description }

// noMint returns a mintError with the status 422.
func noMint(code, format string, args ...any) *mintError {
	return &mintError{http.StatusUnprocessableEntity, code, fmt.Sprintf(format, args...)}
}

// errRace stands for the database's refusal of a unique row. The client sees it as a 500.
var errRace = errors.New("a unique row was written by another request")

// mintToken handles POST /_/oidc/mint-token.
func (ix *Index) mintToken(w http.ResponseWriter, r *http.Request) {
	began := ix.snapshot()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, payloadLimit))
	if err != nil {
		http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	g, err := ix.mint(r.Context(), body, r.Host, began)
	var refused *mintError
	switch {
	case errors.As(err, &refused):
		web.WriteJSON(w, refused.status, map[string]any{"message": "Token request failed", "errors": []*mintError{refused}})
	case err != nil:
		errorAnswer(w, http.StatusInternalServerError)
	default:
		web.WriteJSON(w, http.StatusOK, map[string]any{"success": true, "token": g.raw, "expires": g.expires.Unix()})
	}
}

// mint exchanges the ID token in body for an upload token. A refusal of the ID token is a *mintError.
func (ix *Index) mint(ctx context.Context, body []byte, host string, began uint64) (*issuedToken, error) {
	raw, err := tokenPayload(body)
	if err != nil {
		return nil, noMint("invalid-payload", "%v", err)
	}
	claims, err := ix.admit(ctx, raw) // may fetch keys, which must not delay uploads
	if err != nil {
		return nil, err
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p, err := ix.publisherOf(claims, began)
	if err != nil {
		return nil, err
	}
	if err := ix.useUp(claims); err != nil {
		return nil, err
	}
	return ix.tokenFor(p, host), nil
}

// admit decodes and verifies an ID token and returns its claims.
func (ix *Index) admit(ctx context.Context, raw string) (idtoken.Claims, error) {
	ix.mu.Lock()
	ix.presented(raw)
	behavior := ix.behavior
	ix.mu.Unlock()
	claims, err := idtoken.Unverified(raw)
	issuer, named := claims.Text("iss")
	switch {
	case err != nil, !named:
		return nil, noMint("invalid-payload", "malformed JWT")
	case issuer != ix.issuer:
		return nil, noMint("invalid-payload", "unknown trusted publishing issuer")
	case behavior.NoOIDC, behavior.NoGitHub:
		return nil, noMint("not-enabled", "github trusted publishing functionality not enabled")
	}
	if claims, err = ix.idTokens.Verify(ctx, raw); err != nil {
		return nil, noMint("invalid-token", "malformed or invalid token") // PyPI does not send the reason
	}
	return claims, nil
}

// publisherOf returns the publisher that matches an ID token. A pending publisher comes first and creates its project.
func (ix *Index) publisherOf(c idtoken.Claims, began uint64) (*publisher, error) {
	if w, _ := ix.matchPending(c, began); w != nil && (w.consumed.seq == 0 || ix.overtaken(w.consumed, began)) {
		if jti, _ := c.Text("jti"); ix.jtis[jti] {
			return nil, errors.New("the index does not catch a used ID token on this path") // §4.2, last line
		}
		if err := ix.reify(w, began); err != nil {
			return nil, err
		}
	}
	p, err := match(ix.publishers, c)
	if err != nil {
		return nil, noMint("invalid-publisher", "valid token, but no corresponding publisher (%v)", err)
	}
	if jti, _ := c.Text("jti"); ix.jtis[jti] {
		return nil, noMint("invalid-reuse-token", "invalid token: already used")
	}
	return p, nil
}

// matchPending returns the pending publisher that matches an ID token, as the request sees the table: one that another mint has consumed
// since the request began still counts.
func (ix *Index) matchPending(c idtoken.Claims, began uint64) (*pending, error) {
	var candidates []*publisher
	rows := map[*publisher]*pending{}
	for _, w := range ix.pending {
		if w.consumed.seq == 0 || w.consumed.unseenBy(began) {
			candidates = append(candidates, &w.publisher)
			rows[&w.publisher] = w
		}
	}
	p, err := match(candidates, c)
	return rows[p], err
}

// reify creates the project of a pending publisher and registers the publisher for it.
func (ix *Index) reify(w *pending, began uint64) error {
	if w.consumed.seq > 0 {
		return errRace
	}
	if p := ix.projects[normalize(w.project)]; p != nil {
		if ix.overtaken(p.stamp, began) {
			return errRace
		}
		w.consumed = ix.stampNow()
		return noMint("invalid-pending-publisher", "valid token, but project already exists")
	}
	if refused := ix.mayCreate(w.project); refused != nil {
		return noMint("invalid-payload", "%s", refused.message)
	}
	p := ix.addProject(w.project)
	for _, other := range ix.pending { // pending publishers for the same name are now pointless
		if normalize(other.project) == p.key && other.consumed.seq == 0 {
			other.consumed = ix.stampNow()
		}
	}
	ix.attach(w.publisher, p)
	return ix.persist()
}

// attach registers a publisher for a project. If an equal publisher exists, it adds the project to that one.
func (ix *Index) attach(want publisher, p *project) {
	for _, have := range ix.publishers {
		if have.sameRun(want) && have.ownerID == want.ownerID {
			if !slices.Contains(have.projects, p) {
				have.projects = append(have.projects, p)
				ix.saved.dirty = true
			}
			return
		}
	}
	want.id, want.projects = uuid(), []*project{p}
	ix.publishers = append(ix.publishers, &want)
	ix.saved.dirty = true
}

// useUp marks an ID token's jti as used. It fails if it was used before.
func (ix *Index) useUp(c idtoken.Claims) error {
	jti, _ := c.Text("jti")
	if ix.jtis[jti] {
		return noMint("invalid-reuse-token", "invalid token: already used")
	}
	ix.jtis[jti] = true
	return nil
}

// tokenFor issues an upload token for the publisher's projects (§4.6).
func (ix *Index) tokenFor(p *publisher, host string) *issuedToken {
	now := ix.now()
	expires := now.Add(tokenLife).Truncate(time.Second)
	ids := make([]string, len(p.projects))
	for i, project := range p.projects {
		ids[i] = project.id
	}
	caveats := []string{macaroon.Publisher(p.id), macaroon.ProjectIDs(ids), macaroon.Expiration(now, expires)}
	// In read-only mode the index answers with a token that it never stores (§4.1).
	return ix.newToken(issuedToken{publisher: p, expires: expires, caveats: caveats, forgotten: ix.behavior.ReadOnly}, host)
}

// tokenPayload returns the token in {"token": "…"}. Its errors have the texts of PyPI's validator (§4.2).
func tokenPayload(body []byte) (string, error) {
	invalid := func(at, problem, kind, input, inputType string) error {
		return fmt.Errorf("1 validation error for TokenPayload\n%s  %s [type=%s, input_value=%s, input_type=%s]\n"+
			"    For further information visit https://errors.pydantic.dev/2.13/v/%[3]s", at, problem, kind, shortened(input), inputType)
	}
	var value any
	if json.Unmarshal(body, &value) != nil {
		problem := "Invalid JSON: expected value at line 1 column 1"
		if len(bytes.TrimSpace(body)) == 0 {
			problem = fmt.Sprintf("Invalid JSON: EOF while parsing a value at line 1 column %d", len(body))
		}
		return "", invalid("", problem, "json_invalid", "b"+pep.Repr(string(body)), "bytes")
	}
	payload, ok := value.(map[string]any)
	if !ok {
		return "", invalid("", "Input should be an object", "model_type", pythonValue(value), pythonType(value))
	}
	given, ok := payload["token"]
	if !ok {
		return "", invalid("token\n", "Field required", "missing", pythonValue(payload), "dict")
	}
	token, ok := given.(string)
	if !ok {
		return "", invalid("token\n", "Input should be a valid string", "string_type", pythonValue(given), pythonType(given))
	}
	return token, nil
}

// shortened returns the input in a message of the validator, which shows the beginning and the end of a long one.
func shortened(input string) string {
	const first, last = 25, 24
	if runes := []rune(input); len(runes) > first+last+1 {
		return string(runes[:first]) + "..." + string(runes[len(runes)-last:])
	}
	return input
}

// burnToken handles POST /_/oidc/burn-token. By default the answer is the same whether or not it revoked a token.
func (ix *Index) burnToken(w http.ResponseWriter, r *http.Request) {
	behaviour := ix.Behavior().Burn
	switch behaviour {
	case BurnMissing:
		web.WriteJSON(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	case BurnNotAllowed:
		w.Header().Set("Allow", "GET")
		web.WriteJSON(w, http.StatusMethodNotAllowed, map[string]string{"message": "Method Not Allowed"})
		return
	case BurnBroken:
		errorAnswer(w, http.StatusInternalServerError)
		return
	case BurnWorks, BurnIdle:
	}
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, payloadLimit)) // a body that ends early revokes nothing
	if raw, err := tokenPayload(body); err == nil {
		ix.burn(raw, behaviour == BurnIdle)
	}
	web.WriteJSON(w, http.StatusAccepted, map[string]any{"message": "Accepted", "errors": []string{}})
}

// burn revokes the token by its identifier without checking its signature. It does not revoke the API tokens of users, and nothing if
// idle is set.
func (ix *Index) burn(raw string, idle bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.presented(raw)
	if g := ix.tokenRecord(raw); g != nil && g.publisher != nil && !idle {
		g.burned, g.burnedAt = true, ix.now()
	}
}
