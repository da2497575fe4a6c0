// Package oidc describes GitHub's ID token: its claims, and the type of a source of tokens.
//
// It parses claims to show which identity a run has. It verifies nothing: the index does that.
package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// GitHubIssuer is the issuer of the ID tokens of github.com, and of its tokens alone: an enterprise there may have one of its own below it
// (docs/reference/pypi-server.md §4.3).
const GitHubIssuer = "https://token.actions.githubusercontent.com"

// Claims holds what an ID token says about the run that requested it (docs/reference/pypi-server.md §4.4).
type Claims struct {
	Issuer, Subject, Audience    string
	Repository, Owner, OwnerID   string
	WorkflowRef, JobWorkflowRef  string
	Environment, Ref, SHA, Event string
	Visibility                   string
	Issued, Expires              time.Time
}

// Token is an ID token with its claims.
type Token struct {
	Text   secret.Secret
	Claims Claims
}

// Source returns a new ID token for the audience, which can be revealed only to the given URL. It must be new, because an
// index accepts each token only once.
type Source func(ctx context.Context, audience string, to *url.URL) (Token, error)

// PermissionError reports that the job has no permission to request an ID token. Another job of the same workflow may
// have it.
type PermissionError struct{ finding.Finding }

// Unwrap returns the finding.
func (e PermissionError) Unwrap() error { return e.Finding }

// longest limits an ID token, in bytes: those of GitHub have about two thousand.
const longest = 64 << 10

// ErrMalformed reports that a text is not an ID token.
var ErrMalformed = errors.New("this is not an ID token")

// ParseClaims parses the claims of a raw ID token without verifying it. An error wraps ErrMalformed.
func ParseClaims(raw string) (Claims, error) {
	parts := strings.Split(raw, ".")
	if len(raw) > longest || len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return Claims{}, fmt.Errorf("%w: it does not have three parts", ErrMalformed)
	}
	if strings.ContainsFunc(raw, func(c rune) bool { return c != '.' && !inBase64(c) }) {
		return Claims{}, fmt.Errorf("%w: a part is not base64", ErrMalformed)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, fmt.Errorf("%w: its payload is not base64", ErrMalformed)
	}
	var encoded struct {
		Issuer         string          `json:"iss"`
		Subject        string          `json:"sub"`
		Audience       json.RawMessage `json:"aud"`
		Repository     string          `json:"repository"`
		Owner          string          `json:"repository_owner"`
		OwnerID        string          `json:"repository_owner_id"`
		WorkflowRef    string          `json:"workflow_ref"`
		JobWorkflowRef string          `json:"job_workflow_ref"`
		Environment    string          `json:"environment"`
		Ref            string          `json:"ref"`
		SHA            string          `json:"sha"`
		Event          string          `json:"event_name"`
		Visibility     string          `json:"repository_visibility"`
		Issued         float64         `json:"iat"`
		Expires        float64         `json:"exp"`
	}
	if err := json.Unmarshal(payload, &encoded); err != nil {
		return Claims{}, fmt.Errorf("%w: its payload is not valid JSON with claims", ErrMalformed)
	}
	return Claims{
		Issuer: encoded.Issuer, Subject: encoded.Subject, Audience: audience(encoded.Audience),
		Repository: encoded.Repository, Owner: encoded.Owner, OwnerID: encoded.OwnerID,
		WorkflowRef: encoded.WorkflowRef, JobWorkflowRef: encoded.JobWorkflowRef,
		Environment: encoded.Environment, Ref: encoded.Ref, SHA: encoded.SHA, Event: encoded.Event, Visibility: encoded.Visibility,
		Issued: unix(encoded.Issued), Expires: unix(encoded.Expires),
	}, nil
}

// inBase64 reports whether c is in the base64 alphabet of tokens (RFC 4648, section 5).
func inBase64(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// audience returns the claim's text; it may be a text or a list of texts (RFC 7519, section 4.1.3).
func audience(claim json.RawMessage) string {
	var one string
	if json.Unmarshal(claim, &one) == nil {
		return one
	}
	var many []string
	if json.Unmarshal(claim, &many) == nil {
		return strings.Join(many, ", ")
	}
	return ""
}

// unix converts a claim in seconds to a time; a missing or absurd value is the zero time.
func unix(seconds float64) time.Time {
	if seconds <= 0 || seconds > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// WorkflowFile returns the file name of the workflow that contains the job, as the settings of a publisher need it:
// "release.yml".
func (c Claims) WorkflowFile() string { return WorkflowFileOf(c.JobWorkflowRef) }

// WorkflowFileOf returns the file name of a workflow in a claim, such as "release.yml" of
// "o/r/.github/workflows/release.yml@refs/tags/v1".
func WorkflowFileOf(ref string) string {
	path, _, _ := strings.Cut(ref, "@")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Reusable reports whether the job runs in a called workflow and not in the one that was triggered.
func (c Claims) Reusable() bool {
	return c.JobWorkflowRef != "" && c.WorkflowRef != "" && c.JobWorkflowRef != c.WorkflowRef
}
