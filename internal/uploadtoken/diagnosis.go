package uploadtoken

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// noAudience returns a finding for a failed request of the audience. An error that is not of a request is returned unchanged.
func (l *Session) noAudience(err error) error {
	failed := wire.ErrorOf(err)
	if failed == nil {
		return err
	}
	unknown := "the index did not name an audience for the ID token: " + err.Error()
	again := l.checkStatus() + "run the job again later; nothing was sent, so there is nothing to clean up"
	at := l.opts.At
	if failed.Answer == nil {
		return finding.New(finding.AudienceUnavailable, unknown, cmp.Or(wire.Advice(err), again))
	}
	switch status := failed.Answer.Status; {
	// An index with Trusted Publishing names its audience without authentication. An index that requires a login here has none.
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone, status == http.StatusUnauthorized:
		return finding.New(finding.NoTrustedPublishing,
			fmt.Sprintf("the index at %s does not support Trusted Publishing (it answered %d)", at.Host, status),
			"check `repository-url`, or pass an API token of this index as `password`")
	case status == http.StatusForbidden:
		return finding.New(finding.TrustedPublishingOff,
			fmt.Sprintf("Trusted Publishing is turned off at the index at %s: %s", at.Host, failed.Answer.ServerMessage()),
			"check "+cmp.Or(l.opts.Status, "the index's status page")+" and run the job again later, or pass an API token as `password`")
	case status/100 == 3:
		return finding.New(finding.AudienceRedirect, unknown,
			"set `repository-url` to the address that the index redirects to; if that is a login page, "+
				"pass an API token of this index as `password`")
	default:
		return finding.New(finding.AudienceUnavailable, unknown, again)
	}
}

// checkStatus returns the beginning of a next step after an outage: the page that reports when it is over, if one is known.
func (l *Session) checkStatus() string {
	if l.opts.Status == "" {
		return ""
	}
	return "check " + l.opts.Status + ", and "
}

// unexpectedAudience returns a finding for a 200 without an audience, such as a page of a proxy, an empty answer or another service, or
// with an error.
func unexpectedAudience(at *url.URL, answer *wire.Answer) error {
	why := fmt.Sprintf("its answer (%d bytes of %s) contains none", len(answer.Body), kindOf(answer))
	if answer.ReportsError() {
		why = "its answer reports an error: " + answer.ServerMessage()
	}
	return finding.New(finding.AudienceAnswer,
		fmt.Sprintf("the index at %s did not name an audience for the ID token", at.Host)+": "+why,
		"check `repository-url`: an index with Trusted Publishing answers {\"audience\": …} at /_/oidc/audience; "+
			"for an index without it, pass an API token as `password`")
}

// kindOf returns the media type of an answer for a message.
func kindOf(answer *wire.Answer) string {
	if kind := answer.Header.Get("Content-Type"); kind != "" {
		return kind
	}
	return "no declared type"
}

// foreignAudience returns a finding for an index that names the audience of another service.
func foreignAudience(err error) error {
	return finding.New(finding.AudienceForeign, err.Error(),
		"check `repository-url`; if the index is your own, its operator must give it its own audience")
}

// otherAudience returns a finding for an ID token with another audience than requested. The index would refuse it without a
// reason.
func otherAudience(requested, got string) error {
	return finding.New(finding.AudienceMismatch,
		fmt.Sprintf("this program requested an ID token for the audience %q and received one for %q", requested, got),
		"check what is between the runner and GitHub's OIDC endpoint: it changes the answer")
}

// refusedMint returns a finding for a mint that returned no token. An error that is not of the request to the index, as of the ID
// token, is returned unchanged.
func (l *Session) refusedMint(err error, claims oidc.Claims, order MintRequest) error {
	failed := wire.ErrorOf(err)
	if failed == nil {
		return err // of the ID token: already a finding
	}
	if failed.Answer == nil || failed.Answer.Temporary() {
		return finding.New(finding.MintUnavailable,
			"the index gave no upload token: "+wire.WithServerMessage(err).Error(),
			cmp.Or(wire.Advice(err),
				l.checkStatus()+"run the job again later: files that the index has are recognised, and the rest is uploaded"))
	}
	message := "the index refused to issue an upload token: " + failed.Answer.ServerMessage()
	r, known := reasonOf(failed.Answer)
	switch status := failed.Answer.Status; {
	case known:
	case status == http.StatusUnprocessableEntity, status == http.StatusBadRequest:
		return finding.New(finding.MintRefused, message, "fix what the index reports, and run the job again")
	default:
		return finding.New(finding.MintRefused, message,
			"check `repository-url`: an index with Trusted Publishing does not answer like this")
	}
	exchange := refusedExchange{claims, failed.Answer.Date(), order, l.opts.At.Host}
	refused := &refusedMint{
		Finding: finding.New(r.id, message+"; this means that "+r.means, r.fix(exchange)),
		message: failed.Answer.ServerMessage(),
		kind:    r.kind,
	}
	if r.beside != nil {
		if r.kind == pendingRemoved && len(order.New) == 1 {
			order.New = nil // the project exists by now
		}
		refused.needed = l.needed(claims, order, refused.ID, r.beside(exchange))
	}
	return refused
}

// refusedMint is the error of a mint that the index refused for a reason that the table of reasons has.
type refusedMint struct {
	finding.Finding
	message string // the index's own
	kind    refusalKind
	needed  *ledger.Publisher // the publisher that would match; nil if none would
}

// Unwrap returns the finding.
func (r *refusedMint) Unwrap() error { return r.Finding }

// refusalKind is what a refused mint says about the publishers of the index.
type refusalKind uint8

const (
	noMatter       refusalKind = iota // nothing
	noPublisher                       // no publisher matches
	pendingRemoved                    // a pending publisher matched, and the index has removed it because its project exists
)

// reasonOf returns the row of the table for a refusal; known is false if the table has none.
func reasonOf(answer *wire.Answer) (r reason, known bool) {
	var decoded struct {
		Errors []struct{ Code string } `json:"errors"`
	}
	if json.Unmarshal(answer.Body, &decoded) != nil || len(decoded.Errors) == 0 {
		return reason{}, false
	}
	for _, r := range reasons() {
		if string(r.id) == decoded.Errors[0].Code && strings.Contains(answer.ServerMessage(), r.message) {
			return r, true
		}
	}
	return reason{}, false
}

// TooFewProjectsError reports an upload token for fewer projects than it was requested for. It stops the run before the first upload,
// because only a part of the set could be published.
type TooFewProjectsError struct {
	finding.Finding
	Issued int // how many projects the token is for
}

// Unwrap returns the finding.
func (e *TooFewProjectsError) Unwrap() error { return e.Finding }

// TooFewProjects returns the error for a token for n of the projects.
func TooFewProjects(n int, projects []pep.Project) *TooFewProjectsError {
	names := namesOf(projects)
	return &TooFewProjectsError{Issued: n, Finding: finding.New(finding.TokenProjects,
		fmt.Sprintf("the index issued a token for %d of the %d projects in this set (%s)", n, len(names), strings.Join(names, ", ")),
		"add this workflow as a Trusted Publisher of each project")}
}

// refusedExchange is the context of a refused exchange, from which its fix is made.
type refusedExchange struct {
	claims oidc.Claims
	at     time.Time // the index's clock; zero if unknown
	order  MintRequest
	index  string // its host
}

// mixed reports whether the index has some of the projects and others not.
func (e refusedExchange) mixed() bool {
	return len(e.order.New) > 0 && len(e.order.New) < len(e.order.Projects)
}

// reason is one kind of refusal of an exchange, with its meaning and its fix.
type reason struct {
	id      finding.ID  // the code of the index
	kind    refusalKind // what the code says
	message string      // in the index's message; empty matches any message
	means   string
	fix     func(refusedExchange) string
	// beside returns the fix if a table with the values of a matching publisher is next to it; nil if no publisher would help.
	beside func(refusedExchange) string
}

// reasons returns the table of all reasons that the index gives. The first row that matches applies
// (docs/reference/pypi-server.md §4.2).
func reasons() []reason {
	const again = "run the job again"
	say := func(text string) func(refusedExchange) string { return func(refusedExchange) string { return text } }
	return []reason{
		{
			finding.InvalidPublisher, noPublisher, "invoked via 'pull_request_target'",
			"anyone can trigger such a run, and it has the permissions of the repository",
			say("publish from a tag, a release or workflow_dispatch"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "does not match expected issuer",
			"the ID token comes from a different issuer than this publisher expects",
			say("publish from a repository on github.com whose enterprise has no issuer of its own, or use an API token as `password`"),
			nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "job_workflow_ref claim does not match",
			"a publisher exists for this workflow file, but the job runs a different workflow than the index expects", workflowFix, nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "extract workflow filename",
			"the ID token names no workflow file whose name ends in .yml or .yaml",
			say("publish from a workflow file in .github/workflows of this repository"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "claim is empty",
			"the ID token does not say which workflow runs", say("publish from a workflow file in .github/workflows of this repository"),
			nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "claims are empty",
			"the ID token names neither a ref nor a commit", say("publish from a tag, a release or workflow_dispatch"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "Missing claim",
			"the ID token lacks a claim that GitHub always includes",
			say("check what is between the runner and GitHub's OIDC endpoint, and that GitHub issued the token"), nil,
		},
		{
			finding.InvalidPublisher, noPublisher, "repository_owner",
			"the publisher belongs to an earlier account of this name, which was deleted or renamed and then created again", addAgain,
			addAgain,
		},
		{
			finding.InvalidPublisher, noPublisher, "claim 'environment'",
			"the publisher requires a different environment than this job has", publisherFix, asTheTable,
		},
		{
			finding.InvalidPublisher, noPublisher, "",
			"the index has no Trusted Publisher for this repository, workflow and environment", missingFix, missingNext,
		},
		{
			finding.InvalidPendingPublisher, pendingRemoved, "",
			"the project was created after the pending publisher was added, so the index has removed the pending publisher",
			pendingGoneFix, pendingGoneNext,
		},
		{
			finding.InvalidReuseToken, noMatter, "", "the index accepts an ID token only once, and this one was used before",
			say(again + ": it requests a new ID token"), nil,
		},
		{finding.InvalidToken, noMatter, "", "the index did not accept the ID token, and does not say why", tokenFix, nil},
		{
			finding.NotEnabled, noMatter, "", "the operators of the index have turned off Trusted Publishing with GitHub",
			say("check the index's status page, and " + again + " later"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "unknown trusted publishing issuer",
			"the index does not know the issuer of the ID token",
			say("publish from github.com, not from an enterprise with an issuer of its own"),
			nil,
		},
		{
			finding.InvalidPayload, noMatter, "malformed JWT",
			"the index received something that is not an ID token",
			say(again + "; if it happens again, check what changes requests between the runner and the index"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "TokenPayload",
			"the index did not receive what this program sent",
			say(again + "; if it happens again, check what changes requests between the runner and the index"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "registration temporarily disabled",
			"the pending publisher matches, but the index creates no new projects at the moment",
			say(again + " later, with the same project name: the pending publisher stays; check the index's status page"), nil,
		},
		{
			finding.InvalidPayload, noMatter, "",
			"the pending publisher matches, but the index cannot create its project",
			say("follow the index's message: choose another name in the metadata, and add a pending publisher for it"), nil,
		},
	}
}

// workflowFix returns the fix if the publisher has the right workflow file name, but the job runs in another workflow or ref.
func workflowFix(e refusedExchange) string {
	c := e.claims
	if c.Reusable() {
		return fmt.Sprintf("this job runs in the reusable workflow %s: either call it as `uses: ./.github/workflows/%s`, "+
			"so that it is of the run's own ref, and publish without attestations, "+
			"or move the publish job into the workflow that is triggered, %s", c.JobWorkflowRef, c.WorkflowFile(), c.WorkflowRef)
	}
	return fmt.Sprintf(
		"publish from the workflow %s of %s itself, at the ref that the run was triggered for (this job runs %s)", c.WorkflowFile(),
		c.Repository, c.JobWorkflowRef,
	)
}

// asTheTable returns the fix of publisherFix for a place where a table shows the values.
func asTheTable(e refusedExchange) string {
	text := "set the Trusted Publisher on the index to the values in the table below"
	switch {
	case len(e.order.New) > 1:
		return oneByOne(e, "with the values in the table below")
	case e.mixed():
		text = "set the Trusted Publisher of each project, and a pending publisher for each project that is new to the index, " +
			"to the values in the table below"
	case len(e.order.New) > 0:
		text = "add a pending publisher on the index with the values in the table below"
	}
	if e.claims.Environment == "" {
		text += "; this job has no `environment`, so a publisher that requires one never matches"
	}
	return text + reusableHint(e)
}

// reusableHint returns an addition to the fix for a job in a reusable workflow, or "". The index matches the workflow that contains the job
// with the upload, and the one that is triggered with attestations (docs/reference/pypi-server.md §5.2).
func reusableHint(e refusedExchange) string {
	if !e.claims.Reusable() {
		return ""
	}
	return fmt.Sprintf("; this job runs in a reusable workflow: either let the publisher name the called file, %s, "+
		"and publish without attestations, or move the publish job into the workflow that is triggered, %s, and let it name that",
		e.claims.WorkflowFile(), oidc.WorkflowFileOf(e.claims.WorkflowRef))
}

// missingFix returns the fix if no publisher matches: also what to do if one seems to.
func missingFix(e refusedExchange) string { return publisherFix(e) + already(e) }

// missingNext returns the fix of missingFix for a place where a table shows the values.
func missingNext(e refusedExchange) string { return asTheTable(e) + already(e) }

// already returns what to do if the index has a publisher that says all that the fix asks for (docs/reference/pypi-server.md §4.4
// and §4.5). It is empty for several new projects, whose fix has more than one step.
func already(e refusedExchange) string {
	if len(e.order.New) > 1 {
		return ""
	}
	if len(e.order.New) > 0 && !e.mixed() {
		return fmt.Sprintf("; if you have added one that says exactly that, check that it is on %s, not on another index, "+
			"then remove it and add it again: it ends after 30 days, and belongs to one account of the owner, now with %s",
			e.index, accountOf(e.claims))
	}
	return fmt.Sprintf(
		"; if it says exactly that already, check that it is on %s, not on another index, "+
			"then remove it and add it again: it belongs to one account of the owner, now with %s; "+
			"a publisher does not follow a repository or workflow that was renamed or transferred; "+
			"only an owner of the project sees its publishers", e.index, accountOf(e.claims))
}

// accountOf returns how a message names the account that owns the repository: names can be taken over, ids cannot.
func accountOf(c oidc.Claims) string {
	if c.OwnerID == "" {
		return "an id of its own"
	}
	return "the id " + c.OwnerID
}

// addAgain returns the fix for a publisher of an earlier account.
func addAgain(e refusedExchange) string {
	return fmt.Sprintf("remove the publisher on the index and add it again, so that it refers to the current account of %s, with %s; "+
		"only an owner of the project sees its publishers", e.claims.Owner, accountOf(e.claims))
}

// publisherFix returns the fix with the settings that a publisher for this run needs.
func publisherFix(e refusedExchange) string {
	switch {
	case len(e.order.New) > 1:
		return oneByOne(e, "with "+settings(e))
	case e.mixed():
		return "set the Trusted Publisher of each project, and a pending publisher for " + strings.Join(namesOf(e.order.New), ", ") +
			", on the index to " + settings(e)
	case len(e.order.New) > 0:
		return "add a pending publisher on the index, or correct it, with " + settings(e)
	}
	return "set the project's Trusted Publisher on the index to " + settings(e)
}

// oneByOne returns the fix for several projects that are new: the index takes one pending publisher with the same values, until that has
// created its project (docs/reference/pypi-server.md §4.5).
func oneByOne(e refusedExchange, values string) string {
	text := fmt.Sprintf("one after the other, because the index takes one pending publisher for a repository, workflow and environment: "+
		"add one for one of %s %s; run the job with that project alone in `packages-dir`, then go on with the next",
		strings.Join(namesOf(e.order.New), ", "), values)
	if !e.mixed() {
		return text
	}
	var there []pep.Project
	for _, p := range e.order.Projects {
		if !slices.Contains(e.order.New, p) {
			there = append(there, p)
		}
	}
	return text + "; the projects that exist (" + strings.Join(namesOf(there), ", ") + ") need a Trusted Publisher with these values too"
}

// settings returns the values of a publisher that matches this run.
func settings(e refusedExchange) string {
	c := e.claims
	owner, repository, _ := strings.Cut(c.Repository, "/")
	environment := "environment " + c.Environment + " or none"
	if c.Environment == "" {
		environment = "no environment: this job has none, so a publisher that requires one never matches (or set `environment` in the job)"
	}
	return fmt.Sprintf("owner %s, repository %s, workflow %s, %s", owner, repository, c.WorkflowFile(), environment) + reusableHint(e)
}

// pendingGoneFix returns the fix if the index has removed a pending publisher because its project exists.
func pendingGoneFix(e refusedExchange) string {
	return ownerMustAdd(e, "") + "; the publisher must have " + settings(e)
}

// pendingGoneNext returns the fix of pendingGoneFix for a place where a table shows the values.
func pendingGoneNext(e refusedExchange) string {
	return ownerMustAdd(e, " with the values in the table below") + reusableHint(e)
}

// ownerMustAdd returns the fix that names the project whose owner must act: the one that was new to this run, or one of several.
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

// leeway is the clock difference that an index tolerates (docs/reference/pypi-server.md §4.3).
const leeway = 30 * time.Second

// tokenFix returns the fix for a refused ID token. It mentions clocks that differ, because the index gives no reason.
func tokenFix(e refusedExchange) string {
	if skew := clockSkew(e.claims, e.at); skew != "" {
		return skew +
			": run the job again; if it happens again, report it to the operator of the index, or check what delays requests to it"
	}
	return "run the job again; if it is refused again, something between GitHub and the index changes ID tokens, " +
		"or the index does not know GitHub's keys"
}

// clockSkew returns why an ID token is not valid by the index's clock. It returns "" if it is valid or a time is unknown.
func clockSkew(c oidc.Claims, at time.Time) string {
	switch {
	case at.IsZero() || c.Issued.IsZero() || c.Expires.IsZero():
		return ""
	case c.Issued.After(at.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token was issued %v in the future", c.Issued.Sub(at).Round(time.Second))
	case at.After(c.Expires.Add(leeway)):
		return fmt.Sprintf("by the index's clock the ID token expired %v ago", at.Sub(c.Expires).Round(time.Second))
	}
	return ""
}

// clockWarning returns a warning before the mint. It is not an error, because the clock may be that of a cache.
func clockWarning(skew string) finding.Finding {
	return finding.New(finding.ClockSkew,
		skew+", so the index may refuse it",
		"if the index refuses it, run the job again; on a self-hosted runner, check its clock and the clock of its GitHub server")
}
