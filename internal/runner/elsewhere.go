package runner

import (
	"net/url"
	"strings"
)

// Elsewhere names what runs the job if that is not github.com, or returns "". Forges and act copy the variables of GitHub's runner, and add
// one of their own. Only words may depend on this: whether there is an ID token, and who issued it, is known from the token itself.
func (r *Runner) Elsewhere() string {
	isSet := func(variable string) bool {
		value := strings.ToLower(r.getenv(variable))
		return value != "" && value != "false" && value != "0"
	}
	server, at := "", ""
	if u, err := url.Parse(r.getenv("GITHUB_SERVER_URL")); err == nil && u.Hostname() != "" && u.Hostname() != "github.com" {
		server = u.Host
		at = " at " + server
	}
	switch {
	case isSet("FORGEJO_ACTIONS"): // it sets the next variable too
		return "Forgejo Actions" + at
	case isSet("GITEA_ACTIONS"):
		return "Gitea Actions" + at
	case isSet("ACT"):
		return "act"
	case server != "":
		return "GitHub Enterprise" + at
	default:
		return ""
	}
}
