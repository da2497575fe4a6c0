// Package config parses the inputs of the action, or the flags of the publish command, into a [Config].
//
// The table in inputs.go is the contract with users. It defines the name, default, help and parser of each input once, and
// the action's metadata, the flags and the tables of the README are generated from it. Parse checks every input and reports
// all problems at once, each with its input and a fix. The package does no I/O: a missing file is reported when it is read.
package config

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// Auth is the method that authenticates the upload.
type Auth string

// The methods. A Config has one of these two: Parse resolves "auto".
const (
	TrustedPublishing Auth = "trusted-publishing" // an ID token is exchanged for an upload token
	Token             Auth = "token"              // user and password are sent as they were given
)

// Config contains the parsed inputs of a run. It contains no raw secret and may be printed.
type Config struct {
	Packages   []string // paths or globs, one or more
	Repository *url.URL // the upload endpoint; https, or http on loopback; no user info, query or fragment
	Simple     *url.URL // the simple index to query, ending in a slash; nil: derive it from Repository
	NoLookups  bool     // index-url was "none": do not query the index before and after the upload

	Attestations    Attest // when distributions are signed
	AttestationsDir string // directory that also receives the attestations, or empty
	SkipExisting    bool   // a different file of the same name at the index is a warning, not an error
	VerifyMetadata  bool   // errors of preflight stop the run

	Auth     Auth   // never "auto"
	AuthAuto bool   // the method was not given: it follows from whether there is a password
	AuthWhy  string // the method and the reason for it, for the log
	User     string // the user of basic authentication; empty: none
	// Password is sealed for the origin of Repository, and may be a token that is the user. It is empty unless Auth is Token, and for a run
	// without credentials.
	Password secret.Secret
	Warnings []finding.Finding // about what is accepted but not good

	DryRun           bool
	ExpectedVersion  string        // as given, perhaps with a leading v; empty: no check
	ExpectedProjects []pep.Project // the projects that files may be of; nil: no check
	CompareRelease   bool          // compare each release with the last one of its project
	Parallel         int           // uploads at a time, 1 to 8; 0: as many as the index takes without slowing down
	Wait             time.Duration // how long to wait at most until the index serves every file; 0: do not wait

	GitHubRelease string        // tag of an existing release, or Auto, or empty
	GitHubToken   secret.Secret // sealed for GitHub's API; empty: not given

	CABundle  string // PEM file of additional roots, or empty
	Manifest  string // file that also receives the manifest, or empty
	PrintHash bool   // digests in the log
	Verbose   bool   // requests, retries and timings in the log
}

// Parse reads all inputs and returns the Config, or all problems as joined findings (see [finding.Of]) and a zero Config.
//
// input returns the value of a named input, or "" if it was not given; the table's default then applies. (GitHub passes an
// empty string for an expression without a value, so an empty input cannot be distinguished from an absent one.)
// Secrets are sealed in the vault, and so masked, before anything else can fail. github lists the origins that may receive the
// GitHub token.
func Parse(input func(name string) string, redactor *secret.Redactor, github ...*url.URL) (Config, error) {
	table := Inputs()
	for _, in := range table {
		if in.secret && !isNone(input(in.Name)) {
			redactor.New(input(in.Name))
		}
	}
	d := &draft{redactor: redactor, github: github}
	var problems []finding.Finding
	for _, in := range table {
		problems = append(problems, in.parse(d, input)...)
	}
	problems = append(problems, resolveAuth(d)...)
	problems = append(problems, resolveAttest(d)...)
	problems = append(problems, resolveRelease(d)...)
	if len(problems) > 0 {
		return Config{}, join(problems, redactor)
	}
	return d.Config, nil
}

// draft is an incomplete Config, with the values that only parsing needs.
type draft struct {
	Config
	redactor *secret.Redactor
	github   []*url.URL // origins of GitHub's API
	password string     // raw until its origin is known
}

// parse parses one input into the draft and returns what is wrong with it.
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

// wrong returns a finding. Its caller adds the name of the input to the message.
func wrong(id finding.ID, message, fix string) *finding.Finding {
	f := finding.New(id, message, fix)
	return &f
}

// join returns all problems as one error. It removes secrets that were also given to another input, because the code that
// prints the error may not have the vault.
func join(problems []finding.Finding, redactor *secret.Redactor) error {
	all := make([]error, 0, len(problems))
	for _, problem := range problems {
		problem.Message = redactor.Redact(problem.Message)
		all = append(all, problem)
	}
	return errors.Join(all...)
}
