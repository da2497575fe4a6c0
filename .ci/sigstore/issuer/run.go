package issuer

// run returns the claims of the one workflow run that this issuer knows, all that GitHub puts into a token but those that
// differ from token to token. Numbers are strings, as they are there.
func run() map[string]any {
	const (
		repository = "octo-org/octo-repo"
		ref        = "refs/tags/v1.0.0"
		workflow   = repository + "/.github/workflows/release.yml@" + ref
		commit     = "1f2e3d4c5b6a79880716253443526170a9b8c7d6"
	)
	return map[string]any{
		"sub":                   "repo:" + repository + ":environment:pypi",
		"environment":           "pypi",
		"repository":            repository,
		"repository_id":         "400400400",
		"repository_owner":      "octo-org",
		"repository_owner_id":   "65432100",
		"repository_visibility": "public",
		"workflow":              "Release",
		"workflow_ref":          workflow,
		"workflow_sha":          commit,
		"job_workflow_ref":      workflow,
		"job_workflow_sha":      commit,
		"ref":                   ref,
		"ref_type":              "tag",
		"ref_protected":         "false",
		"sha":                   commit,
		"event_name":            "push",
		"head_ref":              "",
		"base_ref":              "",
		"actor":                 "octocat",
		"actor_id":              "5830030",
		"run_id":                "1658821493",
		"run_number":            "12",
		"run_attempt":           "1",
		"runner_environment":    "github-hosted",
	}
}
