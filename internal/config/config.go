// Package config turns the inputs of the action, or the flags of the publish verb, into a [Config].
//
// The table in inputs.go is the contract with users: each input's name, default, help and reader stand there once, and the
// action's metadata, the flags and the tables of the README are made from it. Parse judges every input and reports all
// problems at once, each naming its input and the next step. The room does no I/O: whether a file exists is asked where it
// is read.
package config

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// Auth is how the upload is authorized.
type Auth string

// The ways to authorize an upload. A Config holds one of these two; "auto" is settled while parsing.
const (
	TrustedPublishing Auth = "trusted-publishing" // an ID token is traded for an upload token
	Token             Auth = "token"              // user and password are sent as they were given
)

// Config is what a run was asked to do. It holds no raw secret and may be printed.
type Config struct {
	Packages   []string // paths or globs, one or more
	Repository *url.URL // the upload endpoint; https, or http on loopback; no user info, query or fragment
	Simple     *url.URL // the simple index for look-ups, ending in a slash; nil means: derive it from Repository
	NoLookups  bool     // index-url was "none": ask the index nothing before and after the upload

	Attestations    Attest // when distributions are signed
	AttestationsDir string // where to write attestations as well, or empty
	SkipExisting    bool   // a different file of the same name at the index is a warning, not an error
	VerifyMetadata  bool   // errors of preflight stop the run

	Auth     Auth        // settled: never "auto"
	AuthWhy  string      // which way was taken and why, for the log
	User     string      // the user of basic authentication
	Password secret.Text // sealed for the origin of Repository; empty unless Auth is Token

	DryRun          bool
	ExpectedVersion string        // as given, perhaps with a leading v; empty means: not asked
	Parallel        int           // uploads at a time, 1 to 8
	Wait            time.Duration // the longest wait until the index serves every file; 0 means: do not wait

	GitHubRelease string      // tag of an existing release, or Auto, or empty
	GitHubToken   secret.Text // sealed for GitHub's API; empty means: not given

	CABundle  string // PEM file of additional roots, or empty
	Manifest  string // where to write the manifest as well, or empty
	PrintHash bool   // digests in the log
	Verbose   bool   // requests, retries and timings in the log
}

// Parse reads all inputs and returns the Config, or all problems as joined findings (see [finding.Of]) and a zero Config.
//
// input returns the value of a named input, or "" where it was not given; then the table's default is taken. (GitHub hands
// over an empty string for an expression that has no value, so an empty string can never be told from an absent one.)
// Secrets are sealed in the vault, and so masked, before anything else can fail. github are the origins that the GitHub token
// may be shown to.
func Parse(input func(name string) string, vault *secret.Vault, github ...*url.URL) (Config, error) {
	table := Inputs()
	for _, in := range table {
		if in.secret {
			vault.Seal(input(in.Name))
		}
	}
	d := &draft{vault: vault, github: github}
	var problems []finding.Finding
	for _, in := range table {
		problems = append(problems, in.parse(d, input)...)
	}
	problems = append(problems, settleAuth(d)...)
	problems = append(problems, settleAttest(d)...)
	problems = append(problems, settleRelease(d)...)
	if len(problems) > 0 {
		return Config{}, join(problems, vault)
	}
	return d.Config, nil
}

// draft is a Config in the making, with what only the parsing needs.
type draft struct {
	Config
	vault    *secret.Vault
	github   []*url.URL // origins of GitHub's API
	password string     // raw, until its origin is known
}

// parse reads one input into the draft.
func (in Input) parse(d *draft, input func(name string) string) []finding.Finding {
	var problems []finding.Finding
	if old := strings.ReplaceAll(in.Name, "-", "_"); old != in.Name && strings.TrimSpace(input(old)) != "" {
		// Ignoring it could publish to the wrong index.
		problems = append(problems, finding.New(finding.InputRenamed,
			"input "+old+" is not an input of this action",
			"write "+in.Name+", with hyphens"))
	}
	value := strings.TrimSpace(input(in.Name))
	if value == "" {
		value = in.Default
	}
	problem := in.set(d, value)
	if problem != nil {
		problem.Message = "input " + in.Name + ": " + problem.Message
		problems = append(problems, *problem)
	}
	return problems
}

// wrong returns a new finding. Parse puts the input's name in front of the message.
func wrong(id finding.ID, message, fix string) *finding.Finding {
	f := finding.New(id, message, fix)
	return &f
}

// join makes one error of all problems. A secret that was also given to another input is taken out of the texts here, since
// an error may be printed by a place that knows no vault.
func join(problems []finding.Finding, vault *secret.Vault) error {
	all := make([]error, 0, len(problems))
	for _, problem := range problems {
		problem.Message = vault.Redact(problem.Message)
		all = append(all, problem)
	}
	return errors.Join(all...)
}
