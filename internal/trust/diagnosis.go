package trust

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

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

// otherAudience is an ID token for somebody else than was asked for: the index would refuse it without saying why.
func otherAudience(asked, got string) error {
	return finding.Finding{
		ID: "audience-mismatch", Severity: finding.Error,
		Message: fmt.Sprintf("an ID token for the audience %q was asked for, and one for %q came", asked, got),
		Fix:     "see what stands between the runner and GitHub's OIDC endpoint: it answers with something else",
	}
}

// refusedMint explains a mint that gave no token.
func (l *Lease) refusedMint(err error, claims oidc.Claims, order Order) error {
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
			told.ID, told.Fix = r.code, r.fix(refusedExchange{claims, failed.Answer.Date(), order})
			if r.unmatched {
				l.unmatched(claims, order)
			}
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

// refusedExchange is what is known of a refused exchange.
type refusedExchange struct {
	claims oidc.Claims
	at     time.Time // the index's clock; zero where it did not tell
	order  Order
}

// reason is one kind of refusal of an exchange, and what to do about it.
type reason struct {
	code, words string // of the index; any words where empty
	unmatched   bool   // the index has no publisher for this run: what one must say is told as well
	fix         func(refusedExchange) string
}

// reasons is the table, the first that applies is taken (reference: pypi-server.md, section 4.2).
func reasons() []reason {
	say := func(text string) func(refusedExchange) string { return func(refusedExchange) string { return text } }
	return []reason{
		{"invalid-publisher", "pull_request_target", false, say("publish from a tag, a release or workflow_dispatch: strangers can trigger pull_request_target")},
		{"invalid-publisher", "does not match expected issuer", false, say("publish from a repository on github.com whose enterprise has no issuer of its own, or use an API token as `password`")},
		{"invalid-publisher", "", true, publisherFix},
		{"invalid-pending-publisher", "", false, say("run the job again: the pending publisher was used up, and the project's own publisher is asked next time")},
		{"invalid-reuse-token", "", false, say("run the job again: an ID token can be used once, and this one was")},
		{"invalid-token", "", false, tokenFix},
		{"not-enabled", "", false, say("the index has turned Trusted Publishing off: see its status page, and run the job again later")},
		{"invalid-payload", "unknown trusted publishing issuer", false, say("the index does not know who issued the ID token: publish from github.com, not from an enterprise with an issuer of its own")},
		{"invalid-payload", "", false, say("correct what the index names; for a pending publisher it is the project's name")},
	}
}

// publisherFix says what the publisher's settings on the index must be for this run.
func publisherFix(e refusedExchange) string {
	c := e.claims
	owner, repository, _ := strings.Cut(c.Repository, "/")
	environment := c.Environment
	if environment == "" {
		environment = "(none: leave it empty, or give the job an `environment`)"
	}
	whose := "the project's Trusted Publisher"
	if e.order.New {
		whose = "the pending publisher"
	}
	text := fmt.Sprintf("%s on the index must say owner %s, repository %s, workflow %s, environment %s", whose, owner, repository, c.WorkflowFile(), environment)
	if c.Reusable() {
		text += "; this job runs in a reusable workflow, which the index does not support as a publisher: move the publish job into the workflow that is triggered"
	}
	return text
}

// leeway is how far an index lets clocks be apart (reference: pypi-server.md, section 4.3).
const leeway = 30 * time.Second

// tokenFix tells of clocks that are apart, which the index does not: it says the same of every ID token that it does not take.
func tokenFix(e refusedExchange) string {
	switch issued, expires := e.claims.Issued, e.claims.Expires; {
	case e.at.IsZero() || issued.IsZero() || expires.IsZero():
	case issued.After(e.at.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token was issued %v in the future: run the job again, and tell the operator of the index if it stays so", issued.Sub(e.at).Round(time.Second))
	case e.at.After(expires.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token had expired %v before: run the job again, and see what holds requests back on their way", e.at.Sub(expires).Round(time.Second))
	}
	return "run the job again; if it is refused again, something changes ID tokens on their way, or the index does not know GitHub's keys"
}
