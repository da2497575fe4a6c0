package report

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// document is the manifest: what a later job needs to know about the run. Its schema is docs/manifest.schema.json. Existing members stay,
// and every new one is optional.
type document struct {
	Schema    string            `json:"schema"` // the version of this format
	Result    string            `json:"result"`
	Index     string            `json:"index"`
	Started   string            `json:"started,omitempty"` // RFC 3339, UTC, as all times here
	Ended     string            `json:"ended,omitempty"`
	DryRun    bool              `json:"dry-run"`
	Verified  string            `json:"verified"`
	Releases  []releaseEntry    `json:"releases"`
	Files     []fileEntry       `json:"files"`
	Findings  []findingEntry    `json:"findings"`
	Compared  []ComparisonEntry `json:"compared,omitempty"` // releases with the last ones of their projects
	Token     tokenEntry        `json:"token"`
	Identity  *identityEntry    `json:"identity,omitempty"`
	Phases    []phaseEntry      `json:"phases"`
	Release   string            `json:"github-release,omitempty"`
	Truncated bool              `json:"truncated"` // lists were cut, since the runner accepts no longer output
}

type releaseEntry struct {
	Project string `json:"project"`
	Version string `json:"version"`
	URL     string `json:"url,omitempty"`
}

type fileEntry struct {
	Name         string             `json:"name"`
	Path         string             `json:"path"`
	Project      string             `json:"project,omitempty"`
	Version      string             `json:"version,omitempty"`
	Size         int64              `json:"size"`
	SHA256       string             `json:"sha256"`
	Status       string             `json:"status"`
	Held         string             `json:"held,omitempty"` // the digest of the index's file, if it has other bytes
	Attestations []attestationEntry `json:"attestations,omitempty"`
}

type attestationEntry struct {
	Predicate string `json:"predicate-type"`
	LogIndex  int64  `json:"log-index"`
	LogURL    string `json:"log-url,omitempty"`
	Identity  string `json:"identity,omitempty"`
	Adopted   bool   `json:"adopted"`
	Served    bool   `json:"served,omitempty"` // the index had it with the file before this run
}

type findingEntry struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// ComparisonEntry is how a release differs from the last one of its project, in the manifest.
type ComparisonEntry struct {
	Project     string            `json:"project"`
	Version     string            `json:"version"`
	Before      string            `json:"before"` // the version that it is compared with
	Differences []DifferenceEntry `json:"differences"`
}

// DifferenceEntry is one thing that was compared.
type DifferenceEntry struct {
	What     string `json:"what"`
	Before   string `json:"before"`
	Now      string `json:"now"`
	Severity string `json:"severity,omitempty"` // of the finding about it
}

type tokenEntry struct {
	Minted   int      `json:"minted"`
	Lost     int      `json:"lost"`
	Narrowed bool     `json:"narrowed"`
	Projects []string `json:"projects,omitempty"`
	MintedAt string   `json:"minted-at,omitempty"`
	Expires  string   `json:"expires,omitempty"`
	BurnedAt string   `json:"burned-at,omitempty"`
	Burned   string   `json:"burned"`
}

type identityEntry struct {
	Repository  string `json:"repository"`
	Workflow    string `json:"workflow"`
	Environment string `json:"environment,omitempty"`
	Ref         string `json:"ref"`
	Event       string `json:"event"`
	Audience    string `json:"audience"`
}

type phaseEntry struct {
	Name  string `json:"name"`
	Began string `json:"began"`
	Ended string `json:"ended,omitempty"`
}

// schemaVersion is the version of the manifest's format.
const schemaVersion = "1"

// Manifest returns a receipt as JSON for other jobs and people, complete and on several lines. redact removes secrets from texts from
// outside.
func Manifest(r ledger.Receipt, redact func(string) string) []byte {
	return []byte(redact(string(manifest(redacted(r, redact)).text())))
}

// manifest returns the document of a receipt.
func manifest(r ledger.Receipt) document {
	d := document{
		Schema: schemaVersion, Result: string(r.Result()), Index: r.Index, Started: moment(r.Began), Ended: moment(r.Ended),
		DryRun: r.DryRun, Verified: string(r.Verified), Release: string(r.Attached.Outcome),
		Releases: []releaseEntry{}, Files: []fileEntry{}, Findings: []findingEntry{}, Phases: []phaseEntry{},
		Token: tokenEntry{
			Minted:   r.Token.Minted,
			Lost:     r.Token.Lost,
			Narrowed: r.Token.Restricted,
			Projects: r.Token.Projects,
			MintedAt: moment(r.Token.MintedAt),
			Expires:  moment(r.Token.Expires),
			BurnedAt: moment(r.Token.BurnedAt),
			Burned:   string(r.Token.Burned),
		},
	}
	for _, one := range r.Releases {
		d.Releases = append(d.Releases, releaseEntry{string(one.Project), one.Version, one.URL})
	}
	for _, f := range r.Files {
		d.Files = append(d.Files, entryOf(f))
	}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, findingEntry{string(f.ID), f.Severity.String(), f.File, f.Line, f.Message, f.Fix})
	}
	d.Compared = ComparisonEntries(r.Compared)
	for _, p := range r.Phases {
		d.Phases = append(d.Phases, phaseEntry{p.Name, moment(p.Began), moment(p.End)})
	}
	if who := r.Identity; who != nil {
		d.Identity = &identityEntry{who.Repository, who.Workflow, who.Environment, who.Ref, who.Event, who.Audience}
	}
	return d
}

// ComparisonEntries returns comparisons of releases in the format of the manifest.
func ComparisonEntries(all []ledger.Comparison) (entries []ComparisonEntry) {
	for _, c := range all {
		e := ComparisonEntry{Project: string(c.Project), Version: c.Version, Before: c.Before, Differences: []DifferenceEntry{}}
		for _, d := range c.Differences {
			e.Differences = append(e.Differences, DifferenceEntry{d.What, d.Before, d.Now, d.Severity})
		}
		entries = append(entries, e)
	}
	return entries
}

// entryOf returns a file's entry in the manifest.
func entryOf(f ledger.File) fileEntry {
	e := fileEntry{
		Name: f.Name, Path: f.Path, Project: string(f.Release.Project), Version: f.Version, Size: f.Size,
		SHA256: f.SHA256, Status: string(f.Outcome), Held: f.IndexDigest,
	}
	for _, a := range f.Attestations {
		e.Attestations = append(e.Attestations, attestationEntry{a.Predicate, a.LogIndex, a.LogURL, a.Identity, a.Adopted, a.Served})
	}
	return e
}

// moment returns a time in the manifest's format, or an empty string for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// compact returns the manifest on one line.
// text returns the manifest on several lines.
func (d document) text() []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(compact(d)), "", "  "); err != nil {
		panic(err) // compact makes JSON
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// abridged returns the manifest on one line, in at most so many units of UTF-16. Lists lose their ends until it fits. Findings that are
// not errors go first, since other jobs use the files.
func (d document) abridged(most int) string {
	text := compact(d)
	size := func() int { return len(d.Files) + len(d.Findings) + len(d.Compared) }
	for _, cut := range []func(*document){dropMinor, dropCompared, halveFindings, halveFiles} {
		for phrase.Units(text) > most {
			before := size()
			d.Truncated = true
			cut(&d)
			if text = compact(d); size() == before {
				break
			}
		}
	}
	return text
}

func dropMinor(d *document) {
	severe := []findingEntry{}
	for _, f := range d.Findings {
		if f.Severity == finding.Error.String() {
			severe = append(severe, f)
		}
	}
	d.Findings = severe
}

func dropCompared(d *document) { d.Compared = nil }

func halveFindings(d *document) { d.Findings = d.Findings[:len(d.Findings)/2] }

func halveFiles(d *document) { d.Files = d.Files[:len(d.Files)/2] }
