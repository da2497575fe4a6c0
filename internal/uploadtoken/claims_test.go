package uploadtoken_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/oidc"
)

func jwt(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func TestParseClaims(t *testing.T) {
	t.Parallel()
	got, err := oidc.ParseClaims(jwt(`{"iss":"https://token.actions.githubusercontent.com","aud":"pypi","sub":"repo:o/r:environment:pypi",
		"repository":"o/r","repository_owner":"o","repository_owner_id":"42","workflow_ref":"o/r/.github/workflows/ci.yml@refs/tags/v1",
		"job_workflow_ref":"o/r/.github/workflows/release.yml@refs/tags/v1","environment":"pypi","ref":"refs/tags/v1","sha":"abc",
		"event_name":"release","repository_visibility":"public","iat":1750000000,"exp":1750000300,"new_claim":{"x":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := oidc.Claims{
		Issuer: "https://token.actions.githubusercontent.com", Audience: "pypi", Subject: "repo:o/r:environment:pypi",
		Repository: "o/r", Owner: "o", OwnerID: "42", WorkflowRef: "o/r/.github/workflows/ci.yml@refs/tags/v1",
		JobWorkflowRef: "o/r/.github/workflows/release.yml@refs/tags/v1", Environment: "pypi", Ref: "refs/tags/v1", SHA: "abc",
		Event: "release", Visibility: "public", Issued: time.Unix(1750000000, 0).UTC(), Expires: time.Unix(1750000300, 0).UTC(),
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.WorkflowFile() != "release.yml" || !got.Reusable() {
		t.Errorf("file %q, reusable %v", got.WorkflowFile(), got.Reusable())
	}
}

func TestParseClaims_Malformed(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "a.b", "a..c", "<html>", "a.!.c", jwt("[]"), jwt("{"), "a." + strings.Repeat("A", 1<<17) + ".c"} {
		if _, err := oidc.ParseClaims(raw); !errors.Is(err, oidc.ErrMalformed) {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
	if got, err := oidc.ParseClaims(jwt(`{"aud":["a","b"],"exp":1e300}`)); err != nil || got.Audience != "a, b" || !got.Expires.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzParseClaims(f *testing.F) {
	f.Add(jwt(`{"aud":"pypi","exp":1750000300}`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := oidc.ParseClaims(raw)
		if err != nil && claims != (oidc.Claims{}) {
			t.Errorf("claims beside an error: %+v", claims)
		}
		claims.WorkflowFile()
	})
}
