package uploadtoken

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// publisher returns the values of a Trusted Publisher for this run, with the field names and order of the index's form, and how
// the index compares each (docs/reference/pypi-server.md §4.4 and §4.8).
func publisher(c oidc.Claims) []ledger.Claim {
	owner, repository, _ := strings.Cut(c.Repository, "/")
	return []ledger.Claim{
		{Field: "Owner", Claimed: owner, Wanted: owner, Note: ownerNote(c)},
		{Field: "Repository name", Claimed: repository, Wanted: repository, Note: "must match, including upper and lower case"},
		{Field: "Workflow name", Claimed: c.WorkflowFile(), Wanted: c.WorkflowFile(), Note: "the file name only, without the folder"},
		{Field: "Environment name", Claimed: c.Environment, Wanted: c.Environment, Note: environmentNote(c)},
	}
}

// ownerNote returns how the index compares the owner.
func ownerNote(c oidc.Claims) string {
	return "must match, and be the account with " + accountOf(c) +
		": a publisher of a deleted and re-created account must be removed and added again"
}

// environmentNote returns how the index compares the environment.
func environmentNote(c oidc.Claims) string {
	if c.Environment == "" {
		return "leave it empty: this job has no `environment`, so a publisher that requires one never matches"
	}
	return "must match (upper and lower case are ignored), or leave it empty to allow any environment"
}

// needed returns the publisher that the index needs for this run, with the fix and the settings pages, for a finding with this id.
func (l *Session) needed(c oidc.Claims, order MintRequest, id finding.ID, next string) *ledger.Publisher {
	reported := &ledger.Publisher{Finding: id, Claims: publisher(c), Next: next}
	form := PublisherForm(c)
	for _, project := range order.Projects {
		page := ledger.PublisherPage{Project: string(project), New: slices.Contains(order.New, project)}
		if l.opts.Settings != nil {
			page.Page = l.opts.Settings(project, page.New, form)
		}
		reported.Pages = append(reported.Pages, page)
	}
	return reported
}

// PublisherForm returns the fields of the index's form for the Trusted Publisher of a run with these claims, as they stand in the
// address of a form that is filled in (docs/reference/pypi-server.md §4.8).
func PublisherForm(c oidc.Claims) url.Values {
	owner, repository, _ := strings.Cut(c.Repository, "/")
	return url.Values{
		"provider": {"github"}, "owner": {owner}, "repository": {repository}, "workflow_filename": {c.WorkflowFile()},
		"environment": {c.Environment},
	}
}

// prediction is a refusal that follows from the claims.
type prediction struct {
	id      finding.ID
	certain func(oidc.Claims) (message string)
	public  bool // only for the public indexes
	fix     string
}

// predictions returns the table of predictable refusals. The first that applies is reported.
func predictions() []prediction {
	return []prediction{
		{finding.EventRefused, refusedEvent, false, "publish from a tag, a release or workflow_dispatch"},
		{
			finding.IssuerRefused, foreignIssuer, true,
			"pass an API token of the index as `password`, or publish from a repository on github.com whose enterprise " +
				"has no issuer of its own",
		},
		{finding.ReusableWorkflow, calledElsewhere, false, "move the publish job into a workflow of this repository"},
	}
}

// predict returns a finding if the claims show that the index will refuse this run, or nil. public is whether it is a public one.
func predict(c oidc.Claims, public bool) error {
	for _, p := range predictions() {
		if p.public && !public {
			continue
		}
		if message := p.certain(c); message != "" {
			return finding.New(p.id, message, p.fix)
		}
	}
	return nil
}

// refusedEvent returns a message if the index refuses the event that triggered the run, or "".
func refusedEvent(c oidc.Claims) string {
	if c.Event != "pull_request_target" {
		return ""
	}
	return "the index accepts no uploads from a run for pull_request_target: anyone can trigger such a run"
}

// foreignIssuer returns a message if the ID token is not of github.com's issuer, or "": those of an enterprise, of a GitHub server or of
// another forge are unknown to the public indexes, which compare the issuer exactly (docs/reference/pypi-server.md §4.3 and §4.4).
func foreignIssuer(c oidc.Claims) string {
	if c.Issuer == oidc.GitHubIssuer {
		return ""
	}
	return fmt.Sprintf("the index accepts only ID tokens of github.com's own issuer, but those of this run are issued by %s",
		cmp.Or(c.Issuer, "nobody who is named"))
}

// calledElsewhere returns a message if the job runs in a reusable workflow of another repository, or "".
func calledElsewhere(c oidc.Claims) string {
	owner, _, _ := strings.Cut(c.JobWorkflowRef, "/.github/")
	if c.JobWorkflowRef == "" || strings.EqualFold(owner, c.Repository) {
		return ""
	}
	return fmt.Sprintf(
		"this job runs in a reusable workflow of another repository, %s, but the index matches publishers only with workflows of %s", owner,
		c.Repository,
	)
}
