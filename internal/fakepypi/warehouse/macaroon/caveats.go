package macaroon

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// A caveat is a JSON array of a tag and fields (docs/reference/pypi-server.md §2.10 and §4.6). A caveat that cannot be read fails.

// The tags of caveats.
const (
	tagExpiration  = 0 // [0, expires_at, not_before]
	tagProjectName = 1 // [1, ["normalized-name", …]]
	tagProjectID   = 2 // [2, ["uuid", …]]
	tagUser        = 3 // [3, "uuid"]
	tagPublisher   = 4 // [4, "uuid", null]
)

// caveat returns a caveat as PyPI writes it: compact JSON.
func caveat(fields ...any) string {
	text, _ := json.Marshal(fields) // encoding strings and numbers cannot fail
	return string(text)
}

// Expiration returns the caveat that a token is valid from notBefore until just before expires, both in whole seconds.
func Expiration(notBefore, expires time.Time) string {
	return caveat(tagExpiration, expires.Unix(), notBefore.Unix())
}

// ProjectNames returns the caveat that a token is for the projects with these names.
func ProjectNames(names []pep.Project) string { return caveat(tagProjectName, names) }

// ProjectIDs returns the caveat that a token is for the projects with these ids.
func ProjectIDs(ids []string) string { return caveat(tagProjectID, ids) }

// User returns the caveat that a token belongs to the user with this id.
func User(id string) string { return caveat(tagUser, id) }

// Publisher returns the caveat that a token belongs to the Trusted Publisher with this id.
func Publisher(id string) string { return caveat(tagPublisher, id, nil) }

// Request describes what a token is used for: an upload to a project by the owner of the token that the index has recorded.
type Request struct {
	Now         time.Time   // by the index's clock
	User        string      // id of the user whose API token it is; empty for a publisher's token
	Publisher   string      // id of the publisher that the token was issued to; empty for a user's token
	Registered  bool        // the publisher is registered for the project
	ProjectID   string      // UUID
	ProjectKey  pep.Project // normalized name
	ProjectName string      // as in messages
}

// Verify returns every problem of a token, in PyPI's words, or none if it is valid. root and kept are the root key and the caveats that
// the index has stored for it. The caveats in the token and the stored ones are both evaluated, so a text may occur twice.
func (r Request) Verify(token string, root []byte, kept []string) []string {
	m, err := Parse(token)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	signature := rootSignature(root, m.Identifier)
	for _, c := range m.Caveats {
		if problem := r.check(c); problem != "" {
			problems = append(problems, problem)
		}
		signature = keyed(signature, []byte(c))
	}
	if len(problems) == 0 && !hmac.Equal(signature, m.Signature) {
		problems = append(problems, "signatures do not match")
	}
	for _, c := range kept {
		if problem := r.check(c); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

// check returns why the request does not meet one caveat, or an empty string.
func (r Request) check(text string) string {
	tag, fields, problem := r.readCaveat(text)
	if problem != "" {
		return problem
	}
	switch tag {
	case tagExpiration:
		return r.expiration(fields)
	case tagProjectName:
		return r.listed(fields, string(r.ProjectKey))
	case tagProjectID:
		return r.listed(fields, r.ProjectID)
	case tagUser:
		return r.user(fields)
	default:
		return r.publisher(fields)
	}
}

const (
	notAnArray = "caveat must be an array"
	tooFew     = "Not enough values"
	badFields  = "invalid values for fields"
	unreadable = "unknown error"
)

// readCaveat returns the tag and the fields of a caveat, or the problem with it. The tag is one of those above.
func (r Request) readCaveat(text string) (tag int, fields []any, problem string) {
	value, err := parsePython(text)
	if err != nil {
		return 0, nil, unreadable
	}
	if old, ok := value.(map[string]any); ok {
		value = r.fromFirstGeneration(old)
	}
	list, ok := value.([]any)
	switch {
	case !ok:
		return 0, nil, notAnArray
	case len(list) == 0:
		return 0, nil, "caveat array cannot be empty"
	}
	switch list[0].(type) {
	case []any, map[string]any: // PyPI looks the tag up, and these cannot be looked up
		return 0, nil, unreadable
	}
	for tag := tagExpiration; tag <= tagPublisher; tag++ {
		if equalsInteger(list[0], tag) {
			return tag, list[1:], ""
		}
	}
	return 0, nil, "caveat has unknown tag: " + pythonText(list[0])
}

// fromFirstGeneration returns the array that means the same as a caveat of the first generation, which is an object, or nil for another
// object (docs/reference/pypi-server.md §2.10).
func (r Request) fromFirstGeneration(old map[string]any) any {
	if version, given := old["version"]; given && equalsInteger(version, 1) {
		permissions, _ := old["permissions"].(map[string]any)
		projects, named := permissions["projects"]
		switch {
		case named:
			return []any{json.Number(strconv.Itoa(tagProjectName)), projects}
		case old["permissions"] == "user" && r.Publisher == "":
			return []any{json.Number(strconv.Itoa(tagUser)), r.User}
		default:
			return nil
		}
	}
	expires, ends := old["exp"]
	notBefore, begins := old["nbf"]
	if ends && begins {
		return []any{json.Number(strconv.Itoa(tagExpiration)), expires, notBefore}
	}
	if ids, given := old["project_ids"]; given {
		return []any{json.Number(strconv.Itoa(tagProjectID)), ids}
	}
	return nil
}

// expiration returns a problem unless the current time is in the caveat's period.
func (r Request) expiration(fields []any) string {
	if len(fields) < 2 {
		return tooFew
	}
	expires, ok1 := integer(fields[0])
	notBefore, ok2 := integer(fields[1])
	if !ok1 || !ok2 {
		return badFields
	}
	if now := big.NewInt(r.Now.Unix()); now.Cmp(notBefore) < 0 || now.Cmp(expires) >= 0 {
		return "token is expired"
	}
	return ""
}

// listed returns a problem unless want is in the caveat's list.
func (r Request) listed(fields []any, want string) string {
	if len(fields) < 1 {
		return tooFew
	}
	list, ok := fields[0].([]any)
	if !ok || slices.ContainsFunc(list, func(v any) bool { _, text := v.(string); return !text }) {
		return badFields
	}
	if !slices.Contains(list, any(want)) {
		// The name of a project has nothing that Python's repr() escapes.
		return fmt.Sprintf("project-scoped token is not valid for project: '%s'", r.ProjectName)
	}
	return ""
}

// text returns the first field of a caveat, or the problem with it.
func text(fields []any) (value, problem string) {
	if len(fields) < 1 {
		return "", tooFew
	}
	value, ok := fields[0].(string)
	if !ok {
		return "", badFields
	}
	return value, ""
}

// user returns a problem unless the token's owner is the caveat's user.
func (r Request) user(fields []any) string {
	id, problem := text(fields)
	switch {
	case problem != "":
		return problem
	case r.Publisher != "":
		return "token with user restriction without a user"
	case id != r.User:
		return "current user does not match user restriction in token"
	}
	return ""
}

// publisher returns a problem unless the token's owner is the caveat's publisher and is registered for the project.
func (r Request) publisher(fields []any) string {
	id, problem := text(fields)
	switch {
	case problem != "":
		return problem
	case r.Publisher == "":
		return "OIDC scoped token used outside of an OIDC identified request"
	case id != r.Publisher:
		return "current OIDC publisher does not match publisher restriction in token"
	case !r.Registered:
		return fmt.Sprintf("OIDC scoped token is not valid for project '%s'", r.ProjectName)
	}
	return ""
}
