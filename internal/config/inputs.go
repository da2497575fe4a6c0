package config

import (
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Input is one input of the action. It is also a flag of the publish command.
type Input struct {
	Name    string // hyphenated, as in the workflow
	Default string // the value if the input is not given
	Help    string // one paragraph of plain text: the description in action.yml, in the README and of the flag
	Boolean bool   // true or false, so that its flag needs no value

	secret bool // masked before anything else can fail
	set    func(d *draft, value string) *finding.Finding
}

// Variable returns the environment variable with the input's value, as GitHub's runner sets it.
func (in Input) Variable() string { return "INPUT_" + strings.ToUpper(in.Name) }

// Secret reports whether the value is a secret, which does not belong on a command line: other users of the machine can read it there.
func (in Input) Secret() bool { return in.secret }

// Inputs returns all inputs, in the order of the documentation.
func Inputs() []Input {
	return []Input{
		{
			Name: "packages-dir", Default: "dist",
			Help: "What to publish: one path per line, each a directory, a file or a glob. Every distribution found is checked. " +
				"Finding none is an error, and so is finding one in a sub-folder of a directory (add dist/*/ to publish those too).",
			set: paths(func(d *draft, v []string) { d.Packages = v }),
		},
		{
			Name: "repository-url", Default: pypi,
			Help: "The upload URL. For TestPyPI: " + testPyPI +
				". The short names pypi and testpypi also work. https only, except on loopback.",
			set: setRepository,
		},
		{
			Name: "attestations", Default: string(AttestAuto),
			Help: "Whether to sign the distributions (PEP 740). auto: sign if the index supports attestations and would accept this " +
				"identity. true: sign or fail. best-effort: like auto, but publish unsigned files if Sigstore is unavailable. false: " +
				"do not sign.",
			set: word(
				func(d *draft, v string) { d.Attestations = Attest(v) }, string(AttestAuto), string(AttestAlways), string(AttestBestEffort),
				string(AttestNever),
			),
		},
		{
			Name: "attestations-dir",
			Help: "Also write the attestations to this directory. It must not be a directory of packages-dir.",
			set:  line(func(d *draft, v string) { d.AttestationsDir = v }),
		},
		{
			Name: "skip-existing", Default: "false", Boolean: true,
			Help: "Files that the index already has with the same content always count as success. With true, " +
				"a different file of the same name is a warning instead of an error, and the index keeps its file. " +
				"On an index other than PyPI this needs its simple index (index-url).",
			set: boolean(func(d *draft, v bool) { d.SkipExisting = v }),
		},
		{
			Name: "verify-metadata", Default: "true", Boolean: true,
			Help: "Stop before the first upload if the index would reject a file. With false, these errors are warnings; " +
				"expected-version and expected-project still apply.",
			set: boolean(func(d *draft, v bool) { d.VerifyMetadata = v }),
		},
		{
			Name: "auth", Default: authAuto,
			Help: "How to authenticate: trusted-publishing, token, or auto (token if a password is given, otherwise trusted-publishing; " +
				"the log says which and why).",
			set: word(func(d *draft, v string) { d.Auth = Auth(v) }, authAuto, string(TrustedPublishing), string(Token)),
		},
		{
			Name: "user", Default: tokenUser,
			Help: "The user name for password. Keep the default for an API token. AWS CodeArtifact wants aws, " +
				"Google Artifact Registry oauth2accesstoken, others a name of yours. none: an empty one.",
			set: setUser,
		},
		{
			Name: "password", secret: true,
			Help: "API token or password, for indexes without Trusted Publishing. Masked at once, " +
				"and sent only to the origin of repository-url. none: an empty one, only with auth: token and a user.",
			set: setPassword,
		},
		{
			Name: "dry-run", Default: "false", Boolean: true,
			Help: "Check everything and show what would be uploaded, and the claims of the ID token if the job may request one. " +
				"Nothing is signed or uploaded.",
			set: boolean(func(d *draft, v bool) { d.DryRun = v }),
		},
		{
			Name: "expected-version",
			Help: "The version that every file must have, for example the tag v1.2.3 that started the workflow, " +
				"or a tag with the name of a project in front: alder-v1.2.3, alder@1.2.3 or alder/v1.2.3. verify-metadata: " +
				"false does not turn this off.",
			set: line(func(d *draft, v string) { d.ExpectedVersion = v }),
		},
		{
			Name: "expected-project",
			Help: "The projects that the files may be of, one name per line. A file of another project is an error. " +
				"verify-metadata: false does not turn this off.",
			set: projects(func(d *draft, v []pep.Project) { d.ExpectedProjects = v }),
		},
		{
			Name: "compare-release", Default: "true", Boolean: true,
			Help: "Compare the release with the last one on the index, and report what was lost: the sdist, platforms, wheels, extras, " +
				"versions of Python, and changes of dependencies and of the licence. " +
				"These are warnings and notices. Set it to false if several jobs publish one release.",
			set: boolean(func(d *draft, v bool) { d.CompareRelease = v }),
		},
		{
			Name: "parallel-uploads", Default: "4",
			Help: "How many files to upload at the same time, 1 to 8; to one release of PyPI or TestPyPI never more than 4. auto: " +
				"4 to each release there; elsewhere 4, and up to 6 as long as the index does not become slower.",
			set: numberOr(Auto, 1, 8, func(d *draft, v int) { d.Parallel = v }),
		},
		{
			Name: "wait-for-index", Default: "300",
			Help: "How many seconds to wait at most until the index serves every file with the right digest, 0 to 3600. 0: do not wait.",
			set:  number(0, 3600, func(d *draft, v int) { d.Wait = time.Duration(v) * time.Second }),
		},
		{
			Name: "index-url",
			Help: "The simple index to query for existing files. Empty: derived from repository-url where its form is known " +
				"(docs/indexes.md). none: do not query the index. Where no simple index is found, an index other than PyPI " +
				"may replace a file of the same name, and the run says so.",
			set: setSimple,
		},
		{
			Name: "github-release",
			Help: "Attach the distributions, their attestations and the manifest to an existing GitHub release: its tag, " +
				"or auto for the release or tag that started the workflow. Drafts are fine. Needs github-token.",
			set: setGitHubRelease,
		},
		{
			Name: "github-token", secret: true,
			Help: "The token for github-release: pass github.token, in a job with contents: write. Empty by default, " +
				"so that the container gets no permission that it does not need.",
			set: setGitHubToken,
		},
		{
			Name: "ca-bundle",
			Help: "PEM file with additional CA certificates. HTTPS_PROXY and NO_PROXY are honoured.",
			set:  line(func(d *draft, v string) { d.CABundle = v }),
		},
		{
			Name: "manifest-file",
			Help: "Also write the output manifest to this file, on failure too.",
			set:  line(func(d *draft, v string) { d.Manifest = v }),
		},
		{
			Name: "print-hash", Default: "true", Boolean: true,
			Help: "Print the SHA-256 of every file in the log.",
			set:  boolean(func(d *draft, v bool) { d.PrintHash = v }),
		},
		{
			Name: "verbose", Default: "false", Boolean: true,
			Help: "Print requests (with secrets removed) and their timings in the log.",
			set:  boolean(func(d *draft, v bool) { d.Verbose = v }),
		},
	}
}

// The upload endpoints of the two public indexes. Only this file and index.Site may name them; here they help with typing
// errors.
const (
	pypi     = "https://upload.pypi.org/legacy/"
	testPyPI = "https://test.pypi.org/legacy/"
)

// named returns the upload endpoint that a keyword stands for, or "".
func named(word string) string {
	switch word {
	case "pypi":
		return pypi
	case "testpypi":
		return testPyPI
	}
	return ""
}

// meant returns the upload endpoint of the public index that a host belongs to, even if that host accepts no uploads. It
// returns "" for every other host.
func meant(host string) string {
	switch host {
	case "upload.pypi.org", "pypi.org", "www.pypi.org", "pypi.python.org", "files.pythonhosted.org":
		return pypi
	case "test.pypi.org", "upload.test.pypi.org", "testpypi.python.org", "test-files.pythonhosted.org":
		return testPyPI
	}
	return ""
}

// nameOf returns the name of the public index with this upload endpoint.
func nameOf(repository string) string {
	if repository == testPyPI {
		return "TestPyPI"
	}
	return "PyPI"
}

// apiTokensOnly reports whether the endpoint accepts only API tokens as passwords (docs/reference/pypi-server.md rows 3 and 7:
// it refuses every other user name, and every password without the prefix of a token).
func apiTokensOnly(repository string) bool { return repository == pypi || repository == testPyPI }
