package warehouse

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
)

const (
	tokenUser = "__token__"
	apiUser   = "rehearser" // the user who owns all API tokens
)

// credential holds what a request's Authorization header says (docs/reference/pypi-server.md §1.3).
type credential struct {
	raw   string // the header's value after the scheme
	basic bool   // the scheme was Basic with a user name
	user  string // user name of the Basic scheme
	token string // the upload token; empty if there is none
}

// credentialOf returns the credential of a request. It is zero if the request has none that can be read.
func credentialOf(r *http.Request) credential {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return credential{raw: value, token: value}
	case "basic":
		return basic(value)
	default:
		return credential{}
	}
}

// notBase64 matches what is skipped in the base64 of a Basic header (docs/reference/pypi-server.md §1.3).
var notBase64 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9+/=]+`) })

// basic returns the credential in the base64 value of a Basic header. It is zero if the value is invalid or has no user name.
func basic(value string) credential {
	raw, err := base64.StdEncoding.DecodeString(notBase64().ReplaceAllString(value, ""))
	if err != nil {
		return credential{}
	}
	user, password, _ := strings.Cut(string(raw), ":")
	if user == "" {
		return credential{}
	}
	c := credential{raw: value, basic: true, user: user}
	if user == tokenUser {
		c.token = strings.TrimSpace(password)
	}
	return c
}

// tokenRecord returns the index's record of an upload token, or nil if the token is unknown or revoked. It uses the identifier alone:
// signature and caveats are not checked.
func (ix *Index) tokenRecord(token string) *issuedToken {
	m, err := macaroon.Parse(token)
	if err != nil {
		return nil
	}
	g := ix.tokens[m.Identifier]
	if g == nil || g.burned || g.forgotten {
		return nil
	}
	return g
}

// newToken creates an upload token from g and records it.
func (ix *Index) newToken(g issuedToken, location string) *issuedToken {
	g.stamp, g.id, g.root = ix.stampNow(), uuid(), make([]byte, 32)
	_, _ = rand.Read(g.root) // crypto/rand.Read never fails: it ends the program instead
	g.raw = macaroon.New(g.root, location, g.id, g.caveats).Token()
	ix.tokens[g.id] = &g
	ix.presented(g.raw)
	return &g
}

// verify returns every reason why the token of g may not be used for the project; it is empty if the token may.
func (ix *Index) verify(token string, g *issuedToken, p *project) []string {
	request := macaroon.Request{
		Now: ix.now(), User: g.user, ProjectID: p.id, ProjectKey: p.key, ProjectName: p.name,
	}
	if g.publisher != nil {
		request.Publisher, request.Registered = g.publisher.id, slices.Contains(g.publisher.projects, p)
	}
	return request.Verify(token, g.root, g.caveats)
}

// presented records a secret that was issued or that a client has sent, for [Index.Secrets].
func (ix *Index) presented(secret string) {
	if secret != "" && !slices.Contains(ix.secrets, secret) {
		ix.secrets = append(ix.secrets, secret)
	}
}
