package issuer

import (
	"cmp"
	"strings"
)

// Run describes a workflow run. Its environment variables and its ID tokens are made from it. The zero value is a push of the tag v1.0.0
// to octo-org/rehearsal, in a job without a deployment environment.
type Run struct {
	Repository   string // "owner/name"
	RepositoryID string // a number
	OwnerID      string // a number; a publisher is bound to it in addition to the owner's name
	Workflow     string // file name of the workflow that was triggered
	Called       string // job_workflow_ref of a reusable workflow ("owner/name/.github/workflows/x.yml@ref"), or empty
	Environment  string // deployment environment of the job, or empty
	Event        string // "push", "release", "workflow_dispatch", "pull_request", …
	Ref          string // "refs/tags/v1.0.0"
	SHA          string // 40 hex digits
	Actor        string // name of the account that started the run
	Visibility   string // "public", "private" or "internal"
	Server       string // "https://github.com", without a trailing slash
}

// Complete returns the run with every empty field set to that of the zero value's run, except Called and Environment.
func (r Run) Complete() Run {
	r.Repository = cmp.Or(r.Repository, "octo-org/rehearsal")
	r.RepositoryID = cmp.Or(r.RepositoryID, "400400400")
	r.OwnerID = cmp.Or(r.OwnerID, "65432100")
	r.Workflow = cmp.Or(r.Workflow, "release.yml")
	r.Event = cmp.Or(r.Event, "push")
	r.Ref = cmp.Or(r.Ref, "refs/tags/v1.0.0")
	r.SHA = cmp.Or(r.SHA, "1f2e3d4c5b6a79880716253443526170a9b8c7d6")
	r.Actor = cmp.Or(r.Actor, "octocat")
	r.Visibility = cmp.Or(r.Visibility, "public")
	r.Server = cmp.Or(r.Server, "https://github.com")
	return r
}

// Owner returns the name of the repository's owner.
func (r Run) Owner() string {
	owner, _, _ := strings.Cut(r.Complete().Repository, "/")
	return owner
}

func (r Run) server() string { return r.Complete().Server }

// workflowRef returns the reference of the triggered workflow file at its ref.
func (r Run) workflowRef() string {
	return r.Repository + "/.github/workflows/" + r.Workflow + "@" + r.Ref
}

func (r Run) refType() string {
	if strings.HasPrefix(r.Ref, "refs/tags/") {
		return "tag"
	}
	return "branch"
}

// refName returns the ref without its prefix.
func (r Run) refName() string {
	for _, prefix := range []string{"refs/tags/", "refs/heads/", "refs/pull/"} {
		if name, found := strings.CutPrefix(r.Ref, prefix); found {
			return name
		}
	}
	return r.Ref
}

// subject returns GitHub's default `sub`: with the environment if there is one, else with the event of a pull request, else with the ref.
func (r Run) subject() string {
	switch {
	case r.Environment != "":
		return "repo:" + r.Repository + ":environment:" + strings.ReplaceAll(r.Environment, ":", "%3A")
	case r.Event == "pull_request":
		return "repo:" + r.Repository + ":pull_request"
	}
	return "repo:" + r.Repository + ":ref:" + r.Ref
}

// Claims returns GitHub's claims for the run, except those that differ from token to token (iss, aud, jti and the times). All values are
// strings, even numbers, as in GitHub's tokens.
func (r Run) Claims() map[string]any {
	r = r.Complete()
	claims := map[string]any{
		"sub":                   r.subject(),
		"repository":            r.Repository,
		"repository_id":         r.RepositoryID,
		"repository_owner":      r.Owner(),
		"repository_owner_id":   r.OwnerID,
		"repository_visibility": r.Visibility,
		"workflow":              "Release",
		"workflow_ref":          r.workflowRef(),
		"workflow_sha":          r.SHA,
		"job_workflow_ref":      cmp.Or(r.Called, r.workflowRef()),
		"job_workflow_sha":      r.SHA,
		"ref":                   r.Ref,
		"ref_type":              r.refType(),
		"ref_protected":         "false",
		"sha":                   r.SHA,
		"event_name":            r.Event,
		"head_ref":              "",
		"base_ref":              "",
		"actor":                 r.Actor,
		"actor_id":              "5830030",
		"run_id":                "1658821493",
		"run_number":            "12",
		"run_attempt":           "1",
		"check_run_id":          "41231231231",
		"runner_environment":    "github-hosted",
	}
	if r.Environment != "" {
		claims["environment"] = r.Environment
		claims["environment_node_id"] = "EN_kwDOI2rehearsal"
	}
	return claims
}

// Env returns the variables that the runner sets for every step of the run.
func (r Run) Env() map[string]string {
	r = r.Complete()
	return map[string]string{
		"CI":                         "true",
		"GITHUB_ACTIONS":             "true",
		"GITHUB_SERVER_URL":          r.Server,
		"GITHUB_API_URL":             "https://api.github.com",
		"GITHUB_REPOSITORY":          r.Repository,
		"GITHUB_REPOSITORY_ID":       r.RepositoryID,
		"GITHUB_REPOSITORY_OWNER":    r.Owner(),
		"GITHUB_REPOSITORY_OWNER_ID": r.OwnerID,
		"GITHUB_WORKFLOW":            "Release",
		"GITHUB_WORKFLOW_REF":        r.workflowRef(),
		"GITHUB_WORKFLOW_SHA":        r.SHA,
		"GITHUB_JOB":                 "publish",
		"GITHUB_REF":                 r.Ref,
		"GITHUB_REF_NAME":            r.refName(),
		"GITHUB_REF_TYPE":            r.refType(),
		"GITHUB_REF_PROTECTED":       "false",
		"GITHUB_SHA":                 r.SHA,
		"GITHUB_EVENT_NAME":          r.Event,
		"GITHUB_HEAD_REF":            "",
		"GITHUB_BASE_REF":            "",
		"GITHUB_ACTOR":               r.Actor,
		"GITHUB_ACTOR_ID":            "5830030",
		"GITHUB_TRIGGERING_ACTOR":    r.Actor,
		"GITHUB_RUN_ID":              "1658821493",
		"GITHUB_RUN_NUMBER":          "12",
		"GITHUB_RUN_ATTEMPT":         "1",
		"RUNNER_OS":                  "Linux",
		"RUNNER_ARCH":                "X64",
		"RUNNER_ENVIRONMENT":         "github-hosted",
	}
}
