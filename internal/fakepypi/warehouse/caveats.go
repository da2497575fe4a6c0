package warehouse

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Caveats are JSON arrays of a tag and fields (sections 2.10 and 4.6). A caveat that cannot be read fails.

// The tags of caveats.
const (
	tagExpiration  = 0 // [0, expires_at, not_before]
	tagProjectName = 1 // [1, ["normalized-name", …]]
	tagProjectID   = 2 // [2, ["uuid", …]]
	tagUser        = 3 // [3, "uuid"]
	tagPublisher   = 4 // [4, "uuid", null]
)

// caveat writes a caveat the way the index does: compact JSON.
func caveat(fields ...any) (string, error) {
	text, err := json.Marshal(fields)
	return string(text), err
}

// verify returns the texts of everything that is wrong with a token for the project. The caveats in the token and the
// copies that the index keeps are both evaluated, so that texts may come twice.
func (ix *Index) verify(token string, g *grant, p *project) []string {
	m, err := parseToken(token)
	if err != nil {
		return []string{"malformed macaroon"}
	}
	scene := scene{now: ix.now(), grant: g, project: p}
	var problems []string
	signature := rootSignature(g.root, m.identifier)
	for _, c := range m.caveats {
		if problem := scene.judge(c); problem != "" {
			problems = append(problems, problem)
		}
		signature = keyed(signature, []byte(c))
	}
	if len(problems) == 0 && !hmac.Equal(signature, m.signature) {
		problems = append(problems, "signatures do not match")
	}
	for _, c := range g.caveats {
		if problem := scene.judge(c); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

// scene is what caveats are judged against.
type scene struct {
	now     time.Time
	grant   *grant
	project *project
}

func (s scene) judge(text string) string {
	tag, fields, problem := readCaveat(text)
	if problem != "" {
		return problem
	}
	switch tag {
	case tagExpiration:
		return s.expiration(fields)
	case tagProjectName:
		return s.listed(fields, string(s.project.key))
	case tagProjectID:
		return s.listed(fields, s.project.id)
	case tagUser:
		return s.user(fields)
	case tagPublisher:
		return s.publisher(fields)
	default:
		return fmt.Sprintf("caveat has unknown tag: %d", tag)
	}
}

const (
	notAnArray = "caveat must be an array"
	tooFew     = "Not enough values"
	badFields  = "invalid values for fields"
)

func readCaveat(text string) (tag int64, fields []json.RawMessage, problem string) {
	var list []json.RawMessage
	if !json.Valid([]byte(text)) {
		return 0, nil, "unknown error"
	}
	if json.Unmarshal([]byte(text), &list) != nil || list == nil {
		return 0, nil, notAnArray
	}
	if len(list) == 0 {
		return 0, nil, "caveat array cannot be empty"
	}
	tag, ok := integer(list[0])
	if !ok {
		return 0, nil, "caveat has unknown tag: " + pythonValue(list[0])
	}
	return tag, list[1:], ""
}

// pythonValue writes a JSON scalar as Python prints it.
func pythonValue(raw json.RawMessage) string {
	var s string
	switch text := string(bytes.TrimSpace(raw)); {
	case text == "null":
		return "None"
	case json.Unmarshal(raw, &s) == nil:
		return s
	default:
		return text
	}
}

// integer reads a strict integer: 1.0 and "1" are none.
func integer(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	return n, err == nil
}

func (s scene) expiration(fields []json.RawMessage) string {
	if len(fields) < 2 {
		return tooFew
	}
	expires, ok1 := integer(fields[0])
	notBefore, ok2 := integer(fields[1])
	if !ok1 || !ok2 {
		return badFields
	}
	if now := s.now.Unix(); now < notBefore || now >= expires {
		return "token is expired"
	}
	return ""
}

func (s scene) listed(fields []json.RawMessage, want string) string {
	if len(fields) < 1 {
		return tooFew
	}
	var list []*string // pointers, since a null would be read as an empty text
	if json.Unmarshal(fields[0], &list) != nil || list == nil || slices.Contains(list, nil) {
		return badFields
	}
	if !slices.ContainsFunc(list, func(s *string) bool { return *s == want }) {
		return "project-scoped token is not valid for project: " + repr(s.project.name)
	}
	return ""
}

func text(fields []json.RawMessage) (value, problem string) {
	if len(fields) < 1 {
		return "", tooFew
	}
	var s *string
	if json.Unmarshal(fields[0], &s) != nil || s == nil {
		return "", badFields
	}
	return *s, ""
}

func (s scene) user(fields []json.RawMessage) string {
	id, problem := text(fields)
	switch {
	case problem != "":
		return problem
	case s.grant.publisher != nil:
		return "token with user restriction without a user"
	case id != s.grant.user:
		return "current user does not match user restriction in token"
	}
	return ""
}

func (s scene) publisher(fields []json.RawMessage) string {
	id, problem := text(fields)
	switch p := s.grant.publisher; {
	case problem != "":
		return problem
	case p == nil:
		return "OIDC scoped token used outside of an OIDC identified request"
	case id != p.id:
		return "current OIDC publisher does not match publisher restriction in token"
	case !slices.Contains(p.projects, s.project):
		return fmt.Sprintf("OIDC scoped token is not valid for project '%s'", s.project.name)
	}
	return ""
}

// newGrant makes and records an upload token.
func (ix *Index) newGrant(g grant, location string) *grant {
	g.stamp, g.id, g.root = ix.stampNow(), uuid(), make([]byte, 32)
	_, _ = rand.Read(g.root) // crypto/rand.Read never fails: it ends the program instead
	g.raw = newMacaroon(g.root, location, g.id, g.caveats).token()
	ix.grants[g.id] = &g
	ix.presented(g.raw)
	return &g
}
