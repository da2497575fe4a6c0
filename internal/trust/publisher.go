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

// publisher is what a Trusted Publisher for this run has to say, in the order and the words of the index's form, and how each
// is compared (docs/reference/pypi-server.md §4.4 and §4.8).
func publisher(c oidc.Claims) []ledger.Claim {
	owner, repository, _ := strings.Cut(c.Repository, "/")
	return []ledger.Claim{
		{Field: "Owner", Claimed: owner, Wanted: owner, Note: "exactly so; an account that was deleted and made again is another one"},
		{Field: "Repository name", Claimed: repository, Wanted: repository, Note: "exactly so, upper and lower case included"},
		{Field: "Workflow name", Claimed: c.WorkflowFile(), Wanted: c.WorkflowFile(), Note: "the file's name alone, without its folder"},
		{Field: "Environment name", Claimed: c.Environment, Wanted: c.Environment, Note: environmentNote(c)},
	}
}

func environmentNote(c oidc.Claims) string {
	if c.Environment == "" {
		return "leave it empty: this job has no `environment`, so a publisher that names one never matches"
	}
	return "this one in any case, or empty, which takes every environment"
}

// needed returns the publisher that the index would have to have, with the next step beside it, for a finding with this id.
func (l *Lease) needed(c oidc.Claims, order Order, id finding.ID, next string) *ledger.Publisher {
	told := &ledger.Publisher{Finding: id, Claims: publisher(c), Next: next}
	owner, repository, _ := strings.Cut(c.Repository, "/")
	form := url.Values{
		"provider": {"github"}, "owner": {owner}, "repository": {repository}, "workflow_filename": {c.WorkflowFile()}, "environment": {c.Environment},
	}
	for _, project := range order.Projects {
		place := ledger.Place{Project: string(project), New: slices.Contains(order.New, project)}
		if l.o.Settings != nil {
			place.Page = l.o.Settings(project, place.New, form)
		}
		told.Places = append(told.Places, place)
	}
	return told
}

// prediction is a refusal that the claims make certain.
type prediction struct {
	id      finding.ID
	certain func(oidc.Claims) (message string)
	fix     string
}

// predictions is the table, the first that is certain is told, before anything is asked of the index.
func predictions() []prediction {
	return []prediction{
		{finding.EventRefused, refusedEvent, "publish from a tag, a release or workflow_dispatch"},
		{finding.IssuerRefused, foreignIssuer, "publish from a repository on github.com whose enterprise has no issuer of its own, or use an API token as `password`"},
		{finding.ReusableWorkflow, calledElsewhere, "move the publish job into a workflow of this repository"},
	}
}

// predict tells a refusal that the claims make certain.
func predict(c oidc.Claims) error {
	for _, p := range predictions() {
		if message := p.certain(c); message != "" {
			return finding.New(p.id, message, p.fix)
		}
	}
	return nil
}

func refusedEvent(c oidc.Claims) string {
	if c.Event != "pull_request_target" {
		return ""
	}
	return "the index takes no uploads from a run for pull_request_target: strangers can trigger it"
}

// foreignIssuer is one that a public index is known not to take: an enterprise's own on github.com, and every GitHub
// Enterprise Server's (docs/reference/pypi-server.md §4.4).
func foreignIssuer(c oidc.Claims) string {
	const github, server = "https://token.actions.githubusercontent.com/", "/_services/token"
	if !strings.HasPrefix(c.Issuer, github) && !strings.HasSuffix(c.Issuer, server) {
		return ""
	}
	return fmt.Sprintf("the index takes ID tokens of github.com's own issuer alone, and this run's were issued by %s", c.Issuer)
}

func calledElsewhere(c oidc.Claims) string {
	owner, _, _ := strings.Cut(c.JobWorkflowRef, "/.github/")
	if c.JobWorkflowRef == "" || strings.EqualFold(owner, c.Repository) {
		return ""
	}
	return fmt.Sprintf("this job runs in a reusable workflow of another repository, %s, and the index matches publishers with workflows of %s alone", owner, c.Repository)
}
