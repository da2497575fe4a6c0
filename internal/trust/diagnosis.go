package trust

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// NoTrustedPublishing is the id of the finding that an index has no Trusted Publishing at all.
const NoTrustedPublishing = "no-trusted-publishing"

// noAudience explains an index that did not tell its audience.
func noAudience(at *url.URL, err error) error {
	var failed *wire.Error
	if !errors.As(err, &failed) {
		return err
	}
	told := finding.Finding{
		ID: "audience-unavailable", Severity: finding.Error,
		Message: "the index did not say which ID token it wants: " + err.Error(),
		Fix:     "run the job again later; nothing was sent, and nothing has to be cleaned up",
	}
	if failed.Answer == nil {
		told.Fix = cmp.Or(failed.Advice(), told.Fix)
		return told
	}
	switch status := failed.Answer.Status; {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		told.ID = NoTrustedPublishing
		told.Message = fmt.Sprintf("the index at %s has no Trusted Publishing (it answered %d)", at.Host, status)
		told.Fix = "check `repository-url`, or give this index's API token as `password`"
	case status == http.StatusForbidden:
		told.ID = "trusted-publishing-off"
		told.Message = fmt.Sprintf("Trusted Publishing is turned off at the index at %s: %s", at.Host, failed.Answer.Words())
		told.Fix = "see the index's status page and run the job again later, or give an API token as `password`"
	case status/100 == 3:
		told.ID = "audience-redirect"
		told.Fix = "set `repository-url` to the address that the index names"
	}
	return told
}

// strangeAudience is a 200 that tells no audience: a page of a proxy, an empty answer, another service.
func strangeAudience(at *url.URL, answer *wire.Answer) error {
	return finding.Finding{
		ID: "audience-answer", Severity: finding.Error,
		Message: fmt.Sprintf("the index at %s did not say which ID token it wants: its answer (%d bytes of %s) has no audience", at.Host, len(answer.Body), kindOf(answer)),
		Fix:     "check `repository-url`: an index with Trusted Publishing answers {\"audience\": …} at /_/oidc/audience",
	}
}

func kindOf(answer *wire.Answer) string {
	if kind := answer.Header.Get("Content-Type"); kind != "" {
		return kind
	}
	return "no declared type"
}

// foreignAudience is an index that asks for somebody else's ID token.
func foreignAudience(err error) error {
	return finding.Finding{
		ID: "audience-foreign", Severity: finding.Error, Message: err.Error(),
		Fix: "check `repository-url`; the operator of an index of your own must give it an audience of its own",
	}
}

// predict tells a refusal that the claims make certain, before anything is asked of the index.
func predict(c oidc.Claims) error {
	if c.Event == "pull_request_target" {
		return finding.Finding{
			ID: "event-refused", Severity: finding.Error,
			Message: "the index takes no uploads from a run for pull_request_target: strangers can trigger it",
			Fix:     "publish from a tag, a release or workflow_dispatch",
		}
	}
	if owner, _, _ := strings.Cut(c.JobWorkflowRef, "/.github/"); c.JobWorkflowRef != "" && !strings.EqualFold(owner, c.Repository) {
		return finding.Finding{
			ID: "reusable-workflow", Severity: finding.Error,
			Message: fmt.Sprintf("this job runs in a reusable workflow of another repository, %s, and the index matches publishers with workflows of %s alone", owner, c.Repository),
			Fix:     "move the publish job into a workflow of this repository",
		}
	}
	return nil
}

// refusedMint explains a mint that gave no token.
func refusedMint(err error, claims oidc.Claims) error {
	var failed *wire.Error
	if !errors.As(err, &failed) {
		return err // of the ID token, which explains itself
	}
	told := finding.Finding{
		ID: "mint-unavailable", Severity: finding.Error,
		Message: "the index gave no upload token: " + err.Error(),
		Fix:     "run the job again later; nothing was uploaded",
	}
	if failed.Answer == nil || failed.Answer.Status >= 500 {
		told.Fix = cmp.Or(failed.Advice(), told.Fix)
		return told
	}
	told.ID, told.Message = "mint-refused", "the index refused to give an upload token: "+failed.Answer.Words()
	told.Fix = "correct what the index names, and run the job again"
	if failed.Answer.Status != http.StatusUnprocessableEntity && failed.Answer.Status != http.StatusBadRequest {
		told.Fix = "check `repository-url`: this is no answer of an index with Trusted Publishing"
	}
	var said struct {
		Errors []struct{ Code string } `json:"errors"`
	}
	if json.Unmarshal(failed.Answer.Body, &said) != nil || len(said.Errors) == 0 {
		return told
	}
	for _, r := range reasons() {
		if r.code == said.Errors[0].Code && strings.Contains(failed.Answer.Words(), r.words) {
			told.ID, told.Fix = r.code, r.fix(claims)
			return told
		}
	}
	return told
}

// tooFewProjects is told before the first upload: it would leave a part of the set published.
func tooFewProjects(n int, names []string) error {
	return finding.Finding{
		ID: "token-projects", Severity: finding.Error,
		Message: fmt.Sprintf("the index gave a token for %d of the %d projects in this set (%s)", n, len(names), strings.Join(names, ", ")),
		Fix:     "add this workflow as a Trusted Publisher of each of them, or publish them in jobs of their own",
	}
}

// reason is one kind of refusal of an exchange, and what to do about it.
type reason struct {
	code, words string
	fix         func(oidc.Claims) string
}

// reasons is the table, the first that applies is taken (reference: pypi-server.md, section 4.2).
func reasons() []reason {
	say := func(text string) func(oidc.Claims) string { return func(oidc.Claims) string { return text } }
	return []reason{
		{"invalid-publisher", "pull_request_target", say("publish from a tag, a release or workflow_dispatch: strangers can trigger pull_request_target")},
		{"invalid-publisher", "", publisherFix},
		{"invalid-pending-publisher", "", say("run the job again: the pending publisher was used up, and the project's own publisher is asked next time")},
		{"invalid-reuse-token", "", say("run the job again: an ID token can be used once, and this one was")},
		{"invalid-token", "", say("see that the job's clock is right and that nothing changes ID tokens on their way, then run it again")},
		{"not-enabled", "", say("the index has turned Trusted Publishing off: see its status page, and run the job again later")},
		{"invalid-payload", "unknown trusted publishing issuer", say("the index does not know who issued the ID token: publish from github.com, not from an enterprise with an issuer of its own")},
		{"invalid-payload", "", say("correct what the index names; for a pending publisher it is the project's name")},
	}
}

// publisherFix says what the publisher's settings on the index must be for this run.
func publisherFix(c oidc.Claims) string {
	_, repository, _ := strings.Cut(c.Repository, "/")
	environment := c.Environment
	if environment == "" {
		environment = "(none: leave it empty, or give the job an `environment`)"
	}
	text := fmt.Sprintf("the project's Trusted Publisher on the index must say owner %s, repository %s, workflow %s, environment %s",
		c.Owner, repository, c.WorkflowFile(), environment)
	if c.Reusable() {
		text += "; this job runs in a reusable workflow, which the index does not support as a publisher: move the publish job into the workflow that is triggered"
	}
	return text
}
