package warehouse

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
)

const (
	tokenUser = "__token__"
	apiUser   = "rehearser" // who owns the API tokens of the stage
)

// credential is what a request says of its sender (docs/reference/pypi-server.md §1.3).
type credential struct {
	raw   string // what followed the scheme
	basic bool   // the scheme was Basic with a user name
	user  string // of the scheme Basic
	token string // empty where there is none
}

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

func basic(value string) credential {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
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

// find looks an upload token up by its identifier. That says nothing yet of its signature and caveats.
func (ix *Index) find(token string) *grant {
	m, err := macaroon.Parse(token)
	if err != nil {
		return nil
	}
	g := ix.grants[m.Identifier]
	if g == nil || g.burned {
		return nil
	}
	return g
}

// newGrant makes and records an upload token.
func (ix *Index) newGrant(g grant, location string) *grant {
	g.stamp, g.id, g.root = ix.stampNow(), uuid(), make([]byte, 32)
	_, _ = rand.Read(g.root) // crypto/rand.Read never fails: it ends the program instead
	g.raw = macaroon.New(g.root, location, g.id, g.caveats).Token()
	ix.grants[g.id] = &g
	ix.presented(g.raw)
	return &g
}

// verify returns the texts of everything that is wrong with a token of the grant for the project.
func (ix *Index) verify(token string, g *grant, p *project) []string {
	request := macaroon.Request{
		Now: ix.now(), User: g.user, ProjectID: p.id, ProjectKey: p.key, ProjectName: p.name,
	}
	if g.publisher != nil {
		request.Publisher, request.Registered = g.publisher.id, slices.Contains(g.publisher.projects, p)
	}
	return request.Verify(token, g.root, g.caveats)
}

// presented notes a secret that a client has sent, for [Index.Secrets].
func (ix *Index) presented(secret string) {
	if secret != "" && !slices.Contains(ix.secrets, secret) {
		ix.secrets = append(ix.secrets, secret)
	}
}
