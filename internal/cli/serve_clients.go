package cli

import (
	"regexp"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// setting holds one environment variable.
type setting struct{ name, value string }

// client describes how one kind of client uses the test index.
type client struct {
	name string
	env  []setting
	use  string // a command that works with env
}

// tokenUser is the user name for API tokens.
const tokenUser = "__token__"

// trustedPublishing reports whether an index of this kind has Trusted Publishing.
func trustedPublishing(p fakepypi.Profile) bool {
	return p == fakepypi.PyPI || p == fakepypi.TestPyPI
}

// clientsOf returns the clients, each with its environment and a command.
func clientsOf(servers *fakepypi.Servers, profile fakepypi.Profile, token string) []client {
	upload, simple := servers.Upload.String(), servers.Simple.String()
	user, password := tokenUser, token
	uv := []setting{{"UV_PUBLISH_TOKEN", token}}
	if profile == fakepypi.Plain {
		user, password = fakepypi.User, fakepypi.Password
		uv = []setting{{"UV_PUBLISH_USERNAME", user}, {"UV_PUBLISH_PASSWORD", password}}
	}
	pip := []setting{{"PIP_INDEX_URL", simple}}
	if host := servers.Upload.Hostname(); servers.Upload.Scheme == "http" && !isLoopback(host) {
		pip = append(pip, setting{"PIP_TRUSTED_HOST", host})
	}
	return []client{
		{
			"twine",
			[]setting{{"TWINE_REPOSITORY_URL", upload}, {"TWINE_USERNAME", user}, {"TWINE_PASSWORD", password}},
			"twine upload dist/*",
		},
		{
			"uv",
			append(uv, setting{"UV_PUBLISH_URL", upload}, setting{"UV_PUBLISH_CHECK_URL", simple}, setting{"UV_DEFAULT_INDEX", simple}),
			"uv publish dist/*",
		},
		{
			"flit",
			[]setting{{"FLIT_INDEX_URL", upload}, {"FLIT_USERNAME", user}, {"FLIT_PASSWORD", password}},
			"flit publish",
		},
		{
			"hatch",
			[]setting{{"HATCH_INDEX_REPO", upload}, {"HATCH_INDEX_USER", user}, {"HATCH_INDEX_AUTH", password}},
			"hatch publish",
		},
		{
			"maturin",
			[]setting{{"MATURIN_REPOSITORY_URL", upload}, {"MATURIN_USERNAME", user}, {"MATURIN_PASSWORD", password}},
			"maturin upload dist/*",
		},
		{
			"pdm",
			[]setting{{"PDM_PUBLISH_REPO", upload}, {"PDM_PUBLISH_USERNAME", user}, {"PDM_PUBLISH_PASSWORD", password}},
			"pdm publish --no-build",
		},
		{
			"poetry",
			[]setting{
				{"POETRY_REPOSITORIES_STAGE_URL", upload},
				{"POETRY_HTTP_BASIC_STAGE_USERNAME", user},
				{"POETRY_HTTP_BASIC_STAGE_PASSWORD", password},
			},
			"poetry publish --repository stage",
		},
		{"pip", pip, "pip download --no-deps PROJECT"},
		{
			"this program", program(servers, profile, user, password),
			"pypi-oidc-publish publish -repository-url " + upload + " -index-url " + simple + " dist",
		},
	}
}

// program returns the environment of a step of the action: its inputs, the variables to request ID tokens, which a run has even if the
// index does not use them, and those that name the test Sigstore and say that the index has PyPI's rules.
func program(servers *fakepypi.Servers, profile fakepypi.Profile, user, password string) []setting {
	env := []setting{{"INPUT_REPOSITORY-URL", servers.Upload.String()}, {"INPUT_INDEX-URL", servers.Simple.String()}}
	if !trustedPublishing(profile) {
		env = append(env, setting{"INPUT_USER", user}, setting{"INPUT_PASSWORD", password})
	}
	for _, name := range []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", rulesOf, tufURL, tufRoot} {
		if value := servers.Env[name]; value != "" {
			env = append(env, setting{name, value})
		}
	}
	return env
}

// trusting describes how clients trust the certificate of the test index. The variables replace all other authorities.
func trusting(file string) client {
	return client{
		"all of them, to trust the certificate of the test index and, but for Node.js, no other",
		[]setting{
			{"SSL_CERT_FILE", file},
			{"REQUESTS_CA_BUNDLE", file},
			{"PIP_CERT", file},
			{"HATCH_INDEX_CA_CERT", file},
			{"PDM_PUBLISH_CA_CERTS", file},
			{"CURL_CA_BUNDLE", file},
			{"NODE_EXTRA_CA_CERTS", file},
		},
		"curl --cacert " + file + " URL",
	}
}

// gitHubURL names the variable with the URL of GitHub's API.
const gitHubURL = "GITHUB_API_URL"

// attaching describes a step of the action that also attaches the files to the release of the tag.
func attaching(servers *fakepypi.Servers, tag string) client {
	const repository = "GITHUB_REPOSITORY"
	token := servers.Env[fakepypi.GitHubToken]
	return client{
		"this program, attaching to a GitHub release",
		[]setting{{gitHubURL, servers.Env[gitHubURL]}, {repository, servers.Env[repository]}, {"INPUT_GITHUB-TOKEN", token}},
		"pypi-oidc-publish publish -repository-url " + servers.Upload.String() + " -index-url " + servers.Simple.String() +
			" -github-release " + tag + " -github-token " + token + " dist",
	}
}

// shellName matches names that a shell can export. Inputs with a hyphen do not match; the command has them as flags.
var shellName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z0-9_]+$`) })

// print prints the variables of a client and its command.
func (c client) print(r *runner.Runner) {
	defer r.Group(c.name)()
	for _, s := range c.env {
		if shellName().MatchString(s.name) {
			r.Line("export " + s.name + "='" + s.value + "'")
		}
	}
	r.Line(c.use)
}

// base returns the URL of the test index without a path.
func base(servers *fakepypi.Servers) string {
	return strings.TrimSuffix(servers.Simple.String(), "/simple/")
}

// stageURL names the first variable in an environment file.
const stageURL = "STAGE_URL"

// settings returns the lines of the environment file. trustedRoot is the path of the trusted root's file, or empty.
func settings(servers *fakepypi.Servers, all []client, trustedRoot string) []setting {
	lines := []setting{
		{stageURL, base(servers)},
		{"STAGE_FAULTS_URL", base(servers) + fault.ControlPath},
		{"STAGE_CONTROL_URL", base(servers) + fakepypi.ControlPath},
		{"STAGE_ISSUER", servers.Issuer()},
	}
	if trustedRoot != "" {
		lines = append(lines, setting{"STAGE_TRUSTED_ROOT", trustedRoot})
	}
	for _, c := range all {
		lines = append(lines, c.env...)
	}
	return lines
}
