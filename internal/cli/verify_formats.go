package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/served"
)

// verified is what the verify command prints: the result, and what it says nothing about.
type verified struct {
	served.Result
	notVerified []string
}

// verifyWriters returns the functions that print a result, by the name of the output format.
func verifyWriters() map[string]func(Process, verified) {
	return map[string]func(Process, verified){
		"text": Process.verifiedText, "github": Process.verifiedAnnotations, "json": Process.verifiedJSON,
	}
}

// notVerified returns what a result says nothing about, so that nobody takes it for more than it is.
func notVerified(o verifyOptions, r served.Result) (all []string) {
	attested, compared := false, false
	for _, f := range r.Files {
		attested = attested || len(f.Attestations) > 0
		compared = compared || f.Path != ""
	}
	if !compared {
		all = append(all, "the bytes behind the links of the index: download the files, and verify them")
	}
	if o.repository == "" {
		all = append(all, "who should have published the files: name the repository with -repository")
	}
	if attested {
		all = append(all, "that the sources of the repository make these bytes: provenance proves that its workflow published them")
	}
	if o.trustedRoot != "" {
		all = append(all, "that the keys in "+o.trustedRoot+" are still valid")
	}
	return append(all, "what the files contain: the command check does that")
}

// verifiedText prints the result by file. The last line counts the findings.
func (w Process) verifiedText(v verified) {
	r := w.console(false)
	for _, f := range v.Files {
		r.Line(cmp.Or(f.Path, f.Name))
		for _, line := range facts(f) {
			r.Line("  " + line)
		}
		w.lines(r, f.Findings)
	}
	if len(v.Findings) > 0 {
		r.Line("across all files")
		w.lines(r, v.Findings)
	}
	for _, text := range v.notVerified {
		r.Line("not verified: " + text)
	}
	r.Line(v.tally())
}

// verifiedAnnotations prints the facts as lines, and the findings as annotations.
func (w Process) verifiedAnnotations(v verified) {
	r := w.console(true)
	paths := make([]string, 0, len(v.Files))
	for _, f := range v.Files {
		paths = append(paths, cmp.Or(f.Path, f.Name))
		for _, line := range facts(f) {
			r.Line(cmp.Or(f.Path, f.Name) + ": " + line)
		}
	}
	w.annotate(r, publish.CheckResult{Files: paths, Findings: v.All()})
	for _, text := range v.notVerified {
		r.Line("not verified: " + text)
	}
	r.Line(v.tally())
}

// facts returns what holds of a file, one line each.
func facts(f served.File) (all []string) {
	switch f.Match {
	case served.Same:
		all = append(all, "the index serves the same bytes: SHA-256 "+f.Digest)
	case served.Listed:
		all = append(all, "the index lists SHA-256 "+f.Digest)
	}
	for _, a := range f.Attestations {
		all = append(all, attestedBy(a))
	}
	return all
}

// attestedBy returns who has attested a file, when, and where that is logged.
func attestedBy(a attest.Attestation) string {
	what := "published"
	if a.Predicate != attest.PublishPredicate {
		what = "built"
	}
	line := fmt.Sprintf("attested as %s by %s on %s, log entry %d", what, a.Identity, a.Integrated.UTC().Format(time.DateTime), a.LogIndex)
	if a.LogURL != "" {
		line += " (" + a.LogURL + ")"
	}
	return line
}

// tally returns the result in one line.
func (v verified) tally() string {
	same := 0
	for _, f := range v.Files {
		if finding.Worst(f.Findings) != finding.Error {
			same++
		}
	}
	return fmt.Sprintf("%d of %s verified: %s", same, phrase.Count(len(v.Files), "file"), counted(v.All()))
}

// The JSON format is read by programs: its names must not change.
type (
	jsonVerify struct {
		Files       []jsonVerified `json:"files"`
		Findings    []jsonFinding  `json:"findings"` // of the set
		NotVerified []string       `json:"not_verified"`
	}
	jsonVerified struct {
		Path         string            `json:"path"` // empty if a release is compared
		Name         string            `json:"name"`
		Match        string            `json:"match"` // same, different, missing, unknown or listed
		SHA256       string            `json:"sha256"`
		Yanked       bool              `json:"yanked"`
		Uploaded     string            `json:"uploaded"` // RFC 3339; empty if the index does not say
		Attestations []jsonAttestation `json:"attestations"`
		Findings     []jsonFinding     `json:"findings"`
	}
	jsonAttestation struct {
		Predicate string `json:"predicate"`
		Identity  string `json:"identity"`
		Time      string `json:"time"` // RFC 3339
		LogIndex  int64  `json:"log_index"`
		LogURL    string `json:"log_url"`
	}
)

// verifiedJSON prints the result as JSON.
func (w Process) verifiedJSON(v verified) {
	out := jsonVerify{Files: []jsonVerified{}, Findings: w.jsonFindings(v.Findings), NotVerified: v.notVerified}
	for _, f := range v.Files {
		file := jsonVerified{
			Path: f.Path, Name: f.Name, Match: string(f.Match), SHA256: f.Digest, Yanked: f.Yanked,
			Attestations: []jsonAttestation{}, Findings: w.jsonFindings(f.Findings),
		}
		if !f.Uploaded.IsZero() {
			file.Uploaded = f.Uploaded.UTC().Format(time.RFC3339)
		}
		for _, a := range f.Attestations {
			file.Attestations = append(file.Attestations, jsonAttestation{
				a.Predicate, a.Identity, a.Integrated.UTC().Format(time.RFC3339), a.LogIndex, a.LogURL,
			})
		}
		out.Files = append(out.Files, file)
	}
	w.printJSON(out)
}
