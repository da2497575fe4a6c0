package uploadtoken_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// TestMint_NextSteps: the messages about a refused mint lead to what helps, in the annotation and beside the table of the summary.
func TestMint_NextSteps(t *testing.T) {
	t.Parallel()
	claim := func(changes ...string) func(*fakepypi.Servers) {
		return func(s *fakepypi.Servers) {
			s.Claims(func(c map[string]any) {
				for i := 0; i < len(changes); i += 2 {
					c[changes[i]] = changes[i+1]
				}
			})
		}
	}
	const own, called = "octo-org/rehearsal/.github/workflows/", "publish.yml@refs/tags/v1.0.0"
	for name, c := range map[string]struct {
		set   func(*fakepypi.Servers)
		order uploadtoken.MintRequest
		says  []string // in the fix, and in that beside the table
		never []string
	}{
		"a publisher that says exactly that, of an earlier account": {
			set: claim("repository_owner_id", "4711"),
			says: []string{
				"if it says exactly that already, check that it is on 127.0.0.1",
				"then remove it and add it again: it belongs to one account of the owner, now with the id 4711",
				"only an owner of the project sees its publishers",
			},
			never: []string{"30 days"},
		},
		"a repository that was renamed": {
			set: claim("repository", "octo-org/renamed", "job_workflow_ref",
				"octo-org/renamed/.github/workflows/release.yml@refs/tags/v1.0.0",
				"workflow_ref", "octo-org/renamed/.github/workflows/release.yml@refs/tags/v1.0.0"),
			says: []string{"a publisher does not follow a repository or workflow that was renamed or transferred"},
		},
		"a workflow that was renamed": {
			set:  claim("job_workflow_ref", own+called, "workflow_ref", own+called),
			says: []string{"a publisher does not follow a repository or workflow that was renamed or transferred"},
		},
		"a pending publisher that has ended": {
			set:   claim("repository_owner_id", "4711"),
			order: uploadtoken.MintRequest{Projects: []pep.Project{"birch"}, New: []pep.Project{"birch"}},
			says: []string{
				"add a pending publisher", "remove it and add it again: it ends after 30 days", "not on another index",
				"now with the id 4711",
			},
			never: []string{"only an owner"},
		},
		"a new project beside another": {
			set:   claim("repository_owner_id", "4711"),
			order: uploadtoken.MintRequest{Projects: []pep.Project{"mine", "birch"}, New: []pep.Project{"birch"}},
			says:  []string{"pending publisher", "remove it and add it again", "now with the id 4711"},
		},
		"a reusable workflow of the same repository": {
			set: claim("job_workflow_ref", own+called),
			says: []string{
				"either let the publisher name the called file, publish.yml, and publish without attestations, " +
					"or move the publish job into the workflow that is triggered, release.yml",
			},
			never: []string{"does not support"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t, "mine")
			c.set(s)
			r := newRun(t, s)
			if c.order.Projects == nil {
				c.order.Projects = []pep.Project{"mine"}
			}
			all := finding.Of(r.Mint(t.Context(), c.order))
			if len(all) != 1 || all[0].ID != finding.InvalidPublisher || r.unmatched() == nil || len(s.Tokens()) != 0 {
				t.Fatalf("%+v", all)
			}
			for where, text := range map[string]string{"annotation": all[0].Fix, "summary": r.unmatched().Next} {
				for _, says := range c.says {
					if !strings.Contains(text, says) {
						t.Errorf("%s: %q is missing in %s", where, says, text)
					}
				}
				for _, never := range c.never {
					if strings.Contains(text, never) {
						t.Errorf("%s: %q is in %s", where, never, text)
					}
				}
			}
			if note := r.unmatched().Claims[0].Note; !strings.Contains(note, "be the account with the id ") {
				t.Errorf("the note beside the owner: %s", note)
			}
		})
	}
}

// TestMint_RegistrationOff: the name of the new project is all right, and its pending publisher is still there for a later run.
func TestMint_RegistrationOff(t *testing.T) {
	t.Parallel()
	s := startServers(t)
	s.AddPublisher(fakepypi.Publisher{Project: "birch", Pending: true})
	s.Switch(func(w *fakepypi.Behavior) { w.NoProjects = true })
	order := uploadtoken.MintRequest{Projects: []pep.Project{"birch"}, New: []pep.Project{"birch"}}
	all := finding.Of(newRun(t, s).Mint(t.Context(), order))
	if len(all) != 1 || all[0].ID != finding.InvalidPayload || !strings.Contains(all[0].Fix, "later, with the same project name") ||
		strings.Contains(all[0].Fix, "another name") {
		t.Errorf("%+v", all)
	}
	s.Switch(func(w *fakepypi.Behavior) { w.NoProjects = false })
	if err := newRun(t, s).Mint(t.Context(), order); err != nil {
		t.Error(err)
	}
}
