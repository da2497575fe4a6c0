package trust

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// noAudience explains an index that did not tell its audience.
func noAudience(at *url.URL, err error) error {
	failed := wire.ErrorOf(err)
	if failed == nil {
		return err
	}
	unknown := "the index did not say which ID token it wants: " + err.Error()
	const again = "run the job again later; nothing was sent, and nothing has to be cleaned up"
	if failed.Answer == nil {
		return finding.New(finding.AudienceUnavailable, unknown, cmp.Or(wire.Advice(err), again))
	}
	switch status := failed.Answer.Status; {
	// An index with Trusted Publishing tells its audience to everybody: one that wants a log-in for all it has, has none.
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone, status == http.StatusUnauthorized:
		return finding.New(finding.NoTrustedPublishing,
			fmt.Sprintf("the index at %s has no Trusted Publishing (it answered %d)", at.Host, status),
			"check `repository-url`, or give this index's API token as `password`")
	case status == http.StatusForbidden:
		return finding.New(finding.TrustedPublishingOff,
			fmt.Sprintf("Trusted Publishing is turned off at the index at %s: %s", at.Host, failed.Answer.ServerMessage()),
			"see the index's status page and run the job again later, or give an API token as `password`")
	case status/100 == 3:
		return finding.New(finding.AudienceRedirect, unknown,
			"set `repository-url` to the address that the index names; if that is a page to log in, give this index's API token as `password`")
	default:
		return finding.New(finding.AudienceUnavailable, unknown, again)
	}
}

// strangeAudience is a 200 that tells no audience: a page of a proxy, an empty answer, another service.
func strangeAudience(at *url.URL, answer *wire.Answer) error {
	return finding.New(finding.AudienceAnswer,
		fmt.Sprintf("the index at %s did not say which ID token it wants: its answer (%d bytes of %s) has no audience", at.Host, len(answer.Body), kindOf(answer)),
		"check `repository-url`: an index with Trusted Publishing answers {\"audience\": …} at /_/oidc/audience; to one without give its API token as `password`")
}

func kindOf(answer *wire.Answer) string {
	if kind := answer.Header.Get("Content-Type"); kind != "" {
		return kind
	}
	return "no declared type"
}

// foreignAudience is an index that asks for somebody else's ID token.
func foreignAudience(err error) error {
	return finding.New(finding.AudienceForeign, err.Error(),
		"check `repository-url`; the operator of an index of your own must give it an audience of its own")
}

// otherAudience is an ID token for somebody else than was asked for: the index would refuse it without saying why.
func otherAudience(asked, got string) error {
	return finding.New(finding.AudienceMismatch,
		fmt.Sprintf("an ID token for the audience %q was asked for, and one for %q came", asked, got),
		"see what stands between the runner and GitHub's OIDC endpoint: it answers with something else")
}

// refusedMint explains a mint that gave no token.
func (l *Lease) refusedMint(err error, claims oidc.Claims, order Order) error {
	failed := wire.ErrorOf(err)
	if failed == nil {
		return err // of the ID token, which explains itself
	}
	if failed.Answer == nil || failed.Answer.Temporary() {
		return finding.New(finding.MintUnavailable,
			"the index gave no upload token: "+wire.WithServerMessage(err).Error(),
			cmp.Or(wire.Advice(err), "run the job again later: files that the index has are recognised, and the rest is uploaded"))
	}
	message := "the index refused to give an upload token: " + failed.Answer.ServerMessage()
	r, known := reasonOf(failed.Answer)
	switch status := failed.Answer.Status; {
	case known:
	case status == http.StatusUnprocessableEntity, status == http.StatusBadRequest:
		return finding.New(finding.MintRefused, message, "correct what the index names, and run the job again")
	default:
		return finding.New(finding.MintRefused, message, "check `repository-url`: this is no answer of an index with Trusted Publishing")
	}
	exchange := refusedExchange{claims, failed.Answer.Date(), order}
	refused := &refusedMint{
		Finding: finding.New(r.id, message+"; that is, "+r.means, r.fix(exchange)), words: failed.Answer.ServerMessage(), kind: r.kind,
	}
	if r.beside != nil {
		if r.kind == pendingRemoved && len(order.New) == 1 {
			order.New = nil // the index has it by now
		}
		refused.needed = l.needed(claims, order, refused.ID, r.beside(exchange))
	}
	return refused
}

// refusedMint is a mint that the index refused for a reason that is known here.
type refusedMint struct {
	finding.Finding
	words  string // the index's own
	kind   refusalKind
	needed *ledger.Publisher // what a publisher must say that fits; nil where none would
}

// Unwrap returns the finding.
func (r *refusedMint) Unwrap() error { return r.Finding }

// refusalKind is what a refused mint says of the publishers of the index.
type refusalKind uint8

const (
	noMatter       refusalKind = iota // nothing
	noPublisher                       // none fits
	pendingRemoved                    // a pending one fits: the index has removed it, since its project exists
)

// reasonOf finds what is known of a refusal; known is false for a code that an index has thought of since.
func reasonOf(answer *wire.Answer) (r reason, known bool) {
	var said struct {
		Errors []struct{ Code string } `json:"errors"`
	}
	if json.Unmarshal(answer.Body, &said) != nil || len(said.Errors) == 0 {
		return reason{}, false
	}
	for _, r := range reasons() {
		if string(r.id) == said.Errors[0].Code && strings.Contains(answer.ServerMessage(), r.words) {
			return r, true
		}
	}
	return reason{}, false
}

// tooFewProjects is told before the first upload: it would leave a part of the set published.
func tooFewProjects(n int, names []string) error {
	return finding.New(finding.TokenProjects,
		fmt.Sprintf("the index gave a token for %d of the %d projects in this set (%s)", n, len(names), strings.Join(names, ", ")),
		"add this workflow as a Trusted Publisher of each of them, or publish them in jobs of their own")
}

// refusedExchange is what is known of a refused exchange.
type refusedExchange struct {
	claims oidc.Claims
	at     time.Time // the index's clock; zero where it did not tell
	order  Order
}

// mixed tells that the index knows some of the projects and others not.
func (e refusedExchange) mixed() bool {
	return len(e.order.New) > 0 && len(e.order.New) < len(e.order.Projects)
}

// reason is one kind of refusal of an exchange: what it means, and what to do about it.
type reason struct {
	id    finding.ID  // the code of the index
	kind  refusalKind // what the code says
	words string      // of the index; any words where empty
	means string
	fix   func(refusedExchange) string
	// beside is the next step where what a publisher for this run must say stands beside it as a table; nil where no publisher would help.
	beside func(refusedExchange) string
}

// reasons is the table, the first that applies is taken (docs/reference/pypi-server.md §4.2). It has every reason that the
// index gives.
func reasons() []reason {
	const again = "run the job again"
	say := func(text string) func(refusedExchange) string { return func(refusedExchange) string { return text } }
	addAgain := say("remove the publisher on the index and add it again, which takes the account as it is today")
	return []reason{
		{
			finding.InvalidPublisher, noPublisher, "invoked via 'pull_request_target'",
			"strangers can trigger such a run, and it has the rights of the repository", say("publish from a tag, a release or workflow_dispatch"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "does not match expected issuer",
			"the ID token comes from an issuer that this publisher is not of", say("publish from a repository on github.com whose enterprise has no issuer of its own, or use an API token as `password`"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "job_workflow_ref claim does not match",
			"there is a publisher for this workflow file, and the job runs another workflow than the index expects of it", workflowFix, nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "extract workflow filename",
			"the ID token names no workflow file whose name ends in .yml or .yaml", say("publish from a workflow file in .github/workflows of this repository"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "claim is empty",
			"the ID token does not say which workflow runs", say("publish from a workflow file in .github/workflows of this repository"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "claims are empty",
			"the ID token names neither a ref nor a commit", say("publish from a tag, a release or workflow_dispatch"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "Missing claim",
			"something has taken a claim out of the ID token that GitHub puts into each", say("see what stands between the runner and GitHub's OIDC endpoint, and that the token is GitHub's own"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "repository_owner",
			"the publisher was made for another account of this name: one that was deleted, or renamed, and made again", addAgain, addAgain,
		},
		{
			finding.InvalidPublisher, noPublisher, "claim 'environment'",
			"the publisher is bound to another environment than this job has", publisherFix, asTheTable,
		},
		{
			finding.InvalidPublisher, noPublisher, "",
			"no Trusted Publisher of the index is for this repository, workflow and environment", publisherFix, asTheTable,
		},
		{
			finding.InvalidPendingPublisher, pendingRemoved, "",
			"the project was created after the pending publisher was added, so the index has removed the pending publisher",
			pendingGoneFix, pendingGoneNext,
		},
		{finding.InvalidReuseToken, noMatter, "", "the index takes an ID token once, and this one was used before", say(again + ": it asks for a fresh one"), nil},
		{finding.InvalidToken, noMatter, "", "the index does not believe the ID token, and never says why", tokenFix, nil},
		{finding.NotEnabled, noMatter, "", "its operators have turned Trusted Publishing with GitHub off", say("see the index's status page, and " + again + " later"), nil},
		{
			finding.InvalidPayload, noMatter, "unknown trusted publishing issuer",
			"it does not know who issued the ID token", say("publish from github.com, not from an enterprise with an issuer of its own"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "malformed JWT",
			"what arrived is no ID token", say(again + "; if it stays so, see what changes requests on their way to the index"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "TokenPayload",
			"what arrived is not what was sent", say(again + "; if it stays so, see what changes requests on their way to the index"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "registration temporarily disabled",
			"the pending publisher matches, and the index creates no new projects at the moment",
			say(again + " later; see the index's status page"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "",
			"the pending publisher matches, and its project cannot be created", say("do what the index names: choose another name in the metadata, and add a pending publisher for it"), nil,
		},
	}
}

// workflowFix is about the one thing that a publisher with the right file name can still disagree on.
func workflowFix(e refusedExchange) string {
	c := e.claims
	if c.Reusable() {
		return fmt.Sprintf("this job runs in the reusable workflow %s: move the publish job into the workflow that is triggered, %s", c.JobWorkflowRef, c.WorkflowRef)
	}
	return fmt.Sprintf("publish from the workflow %s of %s itself, at the ref that it runs for (this run's is %s)", c.WorkflowFile(), c.Repository, c.JobWorkflowRef)
}

// asTheTable is publisherFix where the values stand in a table.
func asTheTable(e refusedExchange) string {
	text := "make the Trusted Publisher on the index say what the table below says"
	switch {
	case e.mixed():
		text = "make the Trusted Publisher of each project, and a pending one for each project that is new to the index, say what the table below says"
	case len(e.order.New) > 0:
		text = "make a pending publisher on the index that says what the table below says"
	}
	if e.claims.Environment == "" {
		text += "; this job has no `environment`, so a publisher that names one never matches"
	}
	return text + reusableHint(e)
}

// reusableHint is told besides, where the job runs in a called workflow.
func reusableHint(e refusedExchange) string {
	if !e.claims.Reusable() {
		return ""
	}
	return "; this job runs in a reusable workflow, which the index does not support: move the publish job into the workflow that is triggered"
}

// publisherFix says what the publisher's settings on the index must be for this run.
func publisherFix(e refusedExchange) string {
	whose := "the project's Trusted Publisher"
	switch {
	case e.mixed():
		whose = "the Trusted Publisher of each project, a pending one for " + strings.Join(namesOf(e.order.New), ", ") + ","
	case len(e.order.New) > 0:
		whose = "the pending publisher"
	}
	return whose + " on the index must say " + settings(e)
}

// settings lists the values of a publisher that matches this run.
func settings(e refusedExchange) string {
	c := e.claims
	owner, repository, _ := strings.Cut(c.Repository, "/")
	environment := "environment " + c.Environment + " or none"
	if c.Environment == "" {
		environment = "no environment: this job has none, so a publisher that names one never matches (or give the job that `environment`)"
	}
	return fmt.Sprintf("owner %s, repository %s, workflow %s, %s", owner, repository, c.WorkflowFile(), environment) + reusableHint(e)
}

// pendingGoneFix says who has to do what after the index has removed a pending publisher because its project exists.
func pendingGoneFix(e refusedExchange) string {
	return ownerMustAdd(e, "") + "; the publisher must say " + settings(e)
}

// pendingGoneNext is pendingGoneFix where the values stand in a table.
func pendingGoneNext(e refusedExchange) string {
	return ownerMustAdd(e, " that says what the table below says") + reusableHint(e)
}

// ownerMustAdd names the project whose owner has to act: the one that was new to this run or, of several, one of them.
func ownerMustAdd(e refusedExchange, which string) string {
	projects := e.order.New
	if len(projects) == 0 {
		projects = e.order.Projects
	}
	project := "the project " + strings.Join(namesOf(projects), "")
	if len(projects) > 1 {
		project = "the project (one of " + strings.Join(namesOf(projects), ", ") + ")"
	}
	return fmt.Sprintf("the owner of %s must add a Trusted Publisher to it%s, then run the job again "+
		"(choose another name if the project is not yours)", project, which)
}

// leeway is how far an index lets clocks be apart (docs/reference/pypi-server.md §4.3).
const leeway = 30 * time.Second

// tokenFix tells of clocks that are apart, which the index does not: it says the same of every ID token that it does not take.
func tokenFix(e refusedExchange) string {
	if apart := clocksApart(e.claims, e.at); apart != "" {
		return apart + ": run the job again; if it stays so, tell the operator of the index, or see what holds requests back on their way"
	}
	return "run the job again; if it is refused again, something changes ID tokens on their way, or the index does not know GitHub's keys"
}

// clocksApart tells how an ID token is not valid by the index's clock; empty where it is, or where nobody told.
func clocksApart(c oidc.Claims, at time.Time) string {
	switch {
	case at.IsZero() || c.Issued.IsZero() || c.Expires.IsZero():
		return ""
	case c.Issued.After(at.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token was issued %v in the future", c.Issued.Sub(at).Round(time.Second))
	case at.After(c.Expires.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token had expired %v before", at.Sub(c.Expires).Round(time.Second))
	}
	return ""
}

// clockWarning is told before the mint. It is no refusal: the clock is of whatever answered for the index, which may be a cache.
func clockWarning(apart string) finding.Finding {
	return finding.New(finding.ClockSkew,
		apart+", so it may be refused",
		"if the mint is refused, run the job again; on a runner of your own see that its clock and that of its GitHub server are right")
}
