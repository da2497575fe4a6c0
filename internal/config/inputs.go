package config

import (
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
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

// Inputs returns all inputs, in the order of the documentation.
func Inputs() []Input {
	return []Input{
		{
			Name: "packages-dir", Default: "dist",
			Help: "What to publish: one path a line, each a directory, a file or a glob. Every distribution found is judged; finding none is an error, and so is one in a sub-folder of a directory (add dist/*/ to publish those too).",
			set:  paths(func(d *draft, v []string) { d.Packages = v }),
		},
		{
			Name: "repository-url", Default: pypi,
			Help: "The upload endpoint. For TestPyPI " + testPyPI + ". The words pypi and testpypi mean these two. https only, except on loopback.",
			set:  setRepository,
		},
		{
			Name: "attestations", Default: string(AttestAuto),
			Help: "Sign the distributions (PEP 740): auto signs where the index takes attestations and would accept this identity, true signs or fails, best-effort publishes without when signing is down, false does not sign.",
			set:  word(func(d *draft, v string) { d.Attestations = Attest(v) }, string(AttestAuto), string(AttestAlways), string(AttestBestEffort), string(AttestNever)),
		},
		{
			Name: "attestations-dir",
			Help: "Also write the attestations to this directory (never into packages-dir).",
			set:  line(func(d *draft, v string) { d.AttestationsDir = v }),
		},
		{
			Name: "skip-existing", Default: "false", Boolean: true,
			Help: "Identical files that the index already has are success in any case. With true, a different file of the same name is a loud warning instead of an error, and the index's file stays. On an index other than PyPI this needs index-url.",
			set:  boolean(func(d *draft, v bool) { d.SkipExisting = v }),
		},
		{
			Name: "verify-metadata", Default: "true", Boolean: true,
			Help: "Refuse before the first byte what the index would refuse. With false, these errors are warnings; expected-version is never waived.",
			set:  boolean(func(d *draft, v bool) { d.VerifyMetadata = v }),
		},
		{
			Name: "auth", Default: authAuto,
			Help: "How to authorize: trusted-publishing, token, or auto (token when a password is given, else trusted-publishing; the log says which and why).",
			set:  word(func(d *draft, v string) { d.Auth = Auth(v) }, authAuto, string(TrustedPublishing), string(Token)),
		},
		{
			Name: "user", Default: tokenUser,
			Help: "The user that goes with password. Leave it as it is for an API token.",
			set:  setUser,
		},
		{
			Name: "password", secret: true,
			Help: "API token or password, for indexes without Trusted Publishing. Masked at once, and sent to the origin of repository-url only.",
			set:  setPassword,
		},
		{
			Name: "dry-run", Default: "false", Boolean: true,
			Help: "Do everything that sends nothing: collect, look, judge, plan, and show the claims of the ID token.",
			set:  boolean(func(d *draft, v bool) { d.DryRun = v }),
		},
		{
			Name: "expected-version",
			Help: "Every release in the set must have this version, for example the tag v1.2.3 that started the workflow. verify-metadata does not switch this off.",
			set:  line(func(d *draft, v string) { d.ExpectedVersion = v }),
		},
		{
			Name: "parallel-uploads", Default: "4",
			Help: "How many files are uploaded at a time, 1 to 8.",
			set:  number(1, 8, func(d *draft, v int) { d.Parallel = v }),
		},
		{
			Name: "wait-for-index", Default: "300",
			Help: "How many seconds to wait at most until the index serves every file with the right digest, 0 to 3600. 0 does not wait.",
			set:  number(0, 3600, func(d *draft, v int) { d.Wait = time.Duration(v) * time.Second }),
		},
		{
			Name: "index-url",
			Help: "The simple index for look-ups. Empty derives it from repository-url, for PyPI and indexes that run its software; none means no look-ups. Without it, another index may replace a file of the same name.",
			set:  setSimple,
		},
		{
			Name: "github-release",
			Help: "Tag of an existing GitHub release to attach the distributions, their attestations and the manifest to, or auto for the release or tag that started the workflow. A draft will do. Needs github-token.",
			set:  setGitHubRelease,
		},
		{
			Name: "github-token", secret: true,
			Help: "Needed by github-release: pass github.token, in a job with contents: write. Empty by default, so that the container gets no right that it does not need.",
			set:  setGitHubToken,
		},
		{
			Name: "ca-bundle",
			Help: "PEM file of additional root certificates. HTTPS_PROXY and NO_PROXY are honoured.",
			set:  line(func(d *draft, v string) { d.CABundle = v }),
		},
		{
			Name: "manifest-file",
			Help: "Also write the manifest of the run, the output of that name, to this file; on failure too.",
			set:  line(func(d *draft, v string) { d.Manifest = v }),
		},
		{
			Name: "print-hash", Default: "true", Boolean: true,
			Help: "Print the digests of every file in the log.",
			set:  boolean(func(d *draft, v bool) { d.PrintHash = v }),
		},
		{
			Name: "verbose", Default: "false", Boolean: true,
			Help: "Print requests (redacted), retries and timings in the log.",
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
