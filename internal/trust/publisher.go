package trust

import (
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
func (l *UploadTokens) needed(c oidc.Claims, order MintRequest, id finding.ID, next string) *ledger.Publisher {
	told := &ledger.Publisher{Finding: id, Claims: publisher(c), Next: next}
	owner, repository, _ := strings.Cut(c.Repository, "/")
	form := url.Values{
		"provider": {"github"}, "owner": {owner}, "repository": {repository}, "workflow_filename": {c.WorkflowFile()}, "environment": {c.Environment},
	}
	for _, project := range order.Projects {
		place := ledger.PublisherPage{Project: string(project), New: slices.Contains(order.New, project)}
		if l.opts.Settings != nil {
			place.Page = l.opts.Settings(project, place.New, form)
		}
		told.Pages = append(told.Pages, place)
	}
	return told
}

// prediction is a refusal that follows from the claims.
type prediction struct {
	id      finding.ID
	certain func(oidc.Claims) (message string)
	fix     string
}

// predictions returns the table of predictable refusals. The first that applies is reported.
func predictions() []prediction {
	return []prediction{
		{finding.EventRefused, refusedEvent, "publish from a tag, a release or workflow_dispatch"},
		{finding.IssuerRefused, foreignIssuer, "publish from a repository on github.com whose enterprise has no issuer of its own, or use an API token as `password`"},
		{finding.ReusableWorkflow, calledElsewhere, "move the publish job into a workflow of this repository"},
	}
}

// predict returns a finding if the claims show that the index will refuse this run, or nil.
func predict(c oidc.Claims) error {
	for _, p := range predictions() {
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

// foreignIssuer returns a message if the public indexes do not accept the issuer, or "": an enterprise's own issuer on github.com,
// or one of a GitHub Enterprise Server (docs/reference/pypi-server.md §4.4).
func foreignIssuer(c oidc.Claims) string {
	const github, server = "https://token.actions.githubusercontent.com/", "/_services/token"
	if !strings.HasPrefix(c.Issuer, github) && !strings.HasSuffix(c.Issuer, server) {
		return ""
	}
	return fmt.Sprintf("the index accepts only ID tokens of github.com's own issuer, but those of this run are issued by %s", c.Issuer)
}

// calledElsewhere returns a message if the job runs in a reusable workflow of another repository, or "".
func calledElsewhere(c oidc.Claims) string {
	owner, _, _ := strings.Cut(c.JobWorkflowRef, "/.github/")
	if c.JobWorkflowRef == "" || strings.EqualFold(owner, c.Repository) {
		return ""
	}
	return fmt.Sprintf("this job runs in a reusable workflow of another repository, %s, but the index matches publishers only with workflows of %s", owner, c.Repository)
}
