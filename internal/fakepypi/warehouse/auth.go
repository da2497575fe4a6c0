package warehouse

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

const (
	tokenUser = "__token__"
	apiUser   = "rehearser" // who owns the API tokens of the stage
)

// credential is what a request says of its sender (section 1.3).
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
	m, err := parseToken(token)
	if err != nil {
		return nil
	}
	g := ix.grants[m.identifier]
	if g == nil || g.burned {
		return nil
	}
	return g
}

// presented notes a secret that a client has sent, for [Index.Secrets].
func (ix *Index) presented(secret string) {
	if secret != "" && !slices.Contains(ix.secrets, secret) {
		ix.secrets = append(ix.secrets, secret)
	}
}
