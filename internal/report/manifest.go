package report

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// longestManifest is how long the manifest may be as an output, in bytes. The runner takes 1 MB; a longer one is abridged.
const longestManifest = 900_000

// document is the manifest: what a later job needs to know of the run. Its schema is docs/manifest.schema.json; what is there
// stays, and a field that is added is optional.
type document struct {
	Schema    string         `json:"schema"` // the version of this form
	Result    string         `json:"result"`
	Index     string         `json:"index"`
	Started   string         `json:"started,omitempty"` // RFC 3339, UTC, as all times here
	Ended     string         `json:"ended,omitempty"`
	DryRun    bool           `json:"dry-run"`
	Verified  string         `json:"verified"`
	Releases  []releaseEntry `json:"releases"`
	Files     []fileEntry    `json:"files"`
	Findings  []findingEntry `json:"findings"`
	Token     tokenEntry     `json:"token"`
	Identity  *identityEntry `json:"identity,omitempty"`
	Phases    []phaseEntry   `json:"phases"`
	Release   string         `json:"github-release,omitempty"`
	Truncated bool           `json:"truncated"` // lists were cut to their beginning, since the runner takes no longer output
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
	BLAKE2b      string             `json:"blake2b-256"`
	Status       string             `json:"status"`
	Held         string             `json:"held,omitempty"` // the digest of the index's file, where it has other bytes
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

// schemaVersion is the form of the manifest.
const schemaVersion = "1"

// Manifest is what a receipt says, as JSON for other jobs and people, whole and on several lines. redact takes secrets out of
// texts from outside.
func Manifest(r ledger.Receipt, redact func(string) string) []byte {
	return []byte(redact(string(manifest(redacted(r, redact)).text())))
}

// manifest is the receipt as JSON for other jobs.
func manifest(r ledger.Receipt) document {
	d := document{
		Schema: schemaVersion, Result: string(r.Result()), Index: r.Index, Started: moment(r.Began), Ended: moment(r.Ended),
		DryRun: r.DryRun, Verified: string(r.Verified), Release: string(r.Attached.Outcome),
		Releases: []releaseEntry{}, Files: []fileEntry{}, Findings: []findingEntry{}, Phases: []phaseEntry{},
		Token: tokenEntry{
			Minted: r.Token.Minted, Lost: r.Token.Lost, Narrowed: r.Token.Narrowed, Projects: r.Token.Projects,
			MintedAt: moment(r.Token.MintedAt), Expires: moment(r.Token.Expires), BurnedAt: moment(r.Token.BurnedAt), Burned: string(r.Token.Burned),
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
	for _, p := range r.Phases {
		d.Phases = append(d.Phases, phaseEntry{p.Name, moment(p.Began), moment(p.End)})
	}
	if who := r.Identity; who != nil {
		d.Identity = &identityEntry{who.Repository, who.Workflow, who.Environment, who.Ref, who.Event, who.Audience}
	}
	return d
}

func entryOf(f ledger.File) fileEntry {
	e := fileEntry{
		Name: f.Name, Path: f.Path, Project: string(f.Release.Project), Version: f.Version, Size: f.Size,
		SHA256: f.SHA256, BLAKE2b: f.BLAKE2b, Status: string(f.Outcome), Held: f.IndexDigest,
	}
	for _, a := range f.Attestations {
		e.Attestations = append(e.Attestations, attestationEntry{a.Predicate, a.LogIndex, a.LogURL, a.Identity, a.Adopted, a.Served})
	}
	return e
}

// moment is a time in a manifest; the zero time is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// compact is the manifest on one line.
func (d document) compact() []byte { return []byte(compact(d)) }

// text is the manifest as people read it.
func (d document) text() []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, d.compact(), "", "  "); err != nil {
		panic(err) // compact makes JSON
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// abridged is the manifest in no more than so many bytes: its lists lose their ends until it fits, findings that are no
// errors first, since files are what other jobs go by.
func (d document) abridged(most int) document {
	for _, cut := range []func(*document){dropMinor, halveFindings, halveFiles} {
		for len(d.compact()) > most {
			before := len(d.Files) + len(d.Findings)
			d.Truncated = true
			cut(&d)
			if len(d.Files)+len(d.Findings) == before {
				break
			}
		}
	}
	return d
}

func dropMinor(d *document) {
	kept := []findingEntry{}
	for _, f := range d.Findings {
		if f.Severity == finding.Error.String() {
			kept = append(kept, f)
		}
	}
	d.Findings = kept
}

func halveFindings(d *document) { d.Findings = d.Findings[:len(d.Findings)/2] }

func halveFiles(d *document) { d.Files = d.Files[:len(d.Files)/2] }
