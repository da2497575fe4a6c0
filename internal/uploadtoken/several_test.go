package uploadtoken_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// TestMint_SeveralNewProjects: the next step does not ask for two pending publishers with the same values, which the index would not take.
func TestMint_SeveralNewProjects(t *testing.T) {
	t.Parallel()
	const (
		one    = "add one for one of elm, fir "
		alone  = "run the job with that project alone in `packages-dir`, then go on with the next"
		values = "owner octo-org, repository rehearsal, workflow release.yml"
	)
	for name, c := range map[string]struct {
		projects []pep.Project
		says     string
	}{
		"nothing else": {[]pep.Project{"elm", "fir"}, ""},
		"beside one that is there": {
			[]pep.Project{"elm", "fir", "mine"}, "; the projects that exist (mine) need a Trusted Publisher with these values too",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t)
			r := newRun(t, s)
			all := finding.Of(r.Mint(t.Context(), uploadtoken.MintRequest{Projects: c.projects, New: []pep.Project{"elm", "fir"}}))
			if len(all) != 1 || all[0].ID != "invalid-publisher" {
				t.Fatalf("%+v", all)
			}
			needed := r.unmatched()
			if needed == nil {
				t.Fatal("what the publisher must say is not reported")
			}
			for _, text := range []string{all[0].Fix, needed.Next} {
				if !strings.Contains(text, one) || !strings.Contains(text, alone) || !strings.HasSuffix(text, c.says) {
					t.Errorf("the next step is %s", text)
				}
			}
			if !strings.Contains(all[0].Fix, values) || strings.Contains(needed.Next, values) {
				t.Errorf("the values stand in the wrong place: %s; %s", all[0].Fix, needed.Next)
			}
			// What it says works.
			for i, project := range []pep.Project{"elm", "fir"} {
				if err := s.AddPublisher(fakepypi.Publisher{Project: project, Pending: true}); err != nil {
					t.Fatal(err)
				}
				err := newRun(t, s).Mint(t.Context(),
					uploadtoken.MintRequest{Projects: []pep.Project{project}, New: []pep.Project{project}})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(s.Tokens()[i].Projects); n != i+1 {
					t.Errorf("the token is for %d projects", n)
				}
			}
		})
	}
}

// TestMint_TooFewProjects_Number: the error says for how many of the projects the token is, for those who can find out more.
func TestMint_TooFewProjects_Number(t *testing.T) {
	t.Parallel()
	err := newRun(t, startServers(t, "mine")).Mint(t.Context(),
		uploadtoken.MintRequest{Projects: []pep.Project{"mine", "another", "third"}})
	var few *uploadtoken.TooFewProjectsError
	if !errors.As(err, &few) || few.Issued != 1 ||
		!strings.Contains(few.Message, "1 of the 3 projects in this set (another, mine, third)") {
		t.Errorf("%v", err)
	}
}

// TestIdentify_PublicIndexOnly: whose ID tokens an index accepts is known of the public ones alone.
func TestIdentify_PublicIndexOnly(t *testing.T) {
	t.Parallel()
	s := startServers(t, "mine") // its issuer is on loopback
	if _, err := newRun(t, s).Identify(t.Context()); err != nil {
		t.Errorf("another index: %v", err)
	}
	_, err := newPublicRun(t, s).Identify(t.Context())
	all := finding.Of(err)
	if len(all) != 1 || all[0].ID != "issuer-refused" || !strings.Contains(all[0].Fix, "an API token of the index as `password`") {
		t.Errorf("a public index: %+v", all)
	}
	s.Claims(func(c map[string]any) { c["iss"] = "https://token.actions.githubusercontent.com" })
	if _, err := newPublicRun(t, s).Identify(t.Context()); err != nil {
		t.Errorf("GitHub's own issuer: %v", err)
	}
	if len(s.Tokens()) > 0 {
		t.Error("a token was requested")
	}
}
