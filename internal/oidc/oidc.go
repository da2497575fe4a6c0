// Package oidc knows GitHub's ID token: what it claims, and the shape of a place to get one from.
//
// It reads claims to tell people who they are for the index. It verifies nothing: that is the index's part.
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

// Claims are what an ID token says of the run that asked for it (docs/reference/pypi-server.md §4.4).
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
	Text   secret.Text
	Claims Claims
}

// Source gives a fresh ID token for the audience, one that can be revealed to the place it is for. Fresh, since an index
// takes each only once.
type Source func(ctx context.Context, audience string, to *url.URL) (Token, error)

// PermissionError reports that the job lacks the right to ask for an ID token. Another job of the same workflow may have it.
type PermissionError struct{ finding.Finding }

// Unwrap returns the finding.
func (e PermissionError) Unwrap() error { return e.Finding }

// longest is how long an ID token may be, in bytes: GitHub's have about two thousand.
const longest = 64 << 10

// ErrMalformed tells that a text is no ID token.
var ErrMalformed = errors.New("this is not an ID token")

// ParseClaims reads the claims of a raw ID token without verifying it.
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
	var wire struct {
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
	if err := json.Unmarshal(payload, &wire); err != nil {
		return Claims{}, fmt.Errorf("%w: its payload is not valid JSON with claims", ErrMalformed)
	}
	return Claims{
		Issuer: wire.Issuer, Subject: wire.Subject, Audience: audience(wire.Audience),
		Repository: wire.Repository, Owner: wire.Owner, OwnerID: wire.OwnerID,
		WorkflowRef: wire.WorkflowRef, JobWorkflowRef: wire.JobWorkflowRef,
		Environment: wire.Environment, Ref: wire.Ref, SHA: wire.SHA, Event: wire.Event, Visibility: wire.Visibility,
		Issued: unix(wire.Issued), Expires: unix(wire.Expires),
	}, nil
}

// inBase64 tells a character of base64 as tokens have it (RFC 4648, section 5).
func inBase64(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// audience reads the claim's two forms, a text and a list of texts (RFC 7519, section 4.1.3).
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

// unix turns a claim's seconds into a time; a missing or senseless claim is the zero time.
func unix(seconds float64) time.Time {
	if seconds <= 0 || seconds > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// WorkflowFile is the file name of the workflow whose job asked, as an index wants it in its publisher's settings:
// "release.yml".
func (c Claims) WorkflowFile() string {
	path, _, _ := strings.Cut(c.JobWorkflowRef, "@")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Reusable tells that the job runs in a called workflow and not in the one that was triggered.
func (c Claims) Reusable() bool {
	return c.JobWorkflowRef != "" && c.WorkflowRef != "" && c.JobWorkflowRef != c.WorkflowRef
}
