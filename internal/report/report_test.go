package report_test

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

// page collects everything that a person or another job reads, in one text.
type page struct{ log, outputs, summary strings.Builder }

func (p *page) Line(text string) { fmt.Fprintln(&p.log, text) }

func (p *page) Group(title string) func() {
	fmt.Fprintf(&p.log, "[%s\n", title)
	return func() { fmt.Fprintln(&p.log, "]") }
}

func (p *page) Annotate(f finding.Finding) {
	fmt.Fprintf(&p.log, "%s %s %s: %s | %s\n", f.Severity, f.ID, f.File, f.Message, f.Fix)
}

func (p *page) Output(name, value string) error {
	fmt.Fprintf(&p.outputs, "%s=%s\n", name, value)
	return nil
}

func (p *page) Summary(markdown string) error {
	p.summary.WriteString(markdown)
	return nil
}

func (p *page) String() string {
	return "--- log\n" + p.log.String() + "--- outputs\n" + p.outputs.String() + "--- summary\n" + p.summary.String()
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func file(name string, action ledger.Action) ledger.File {
	return ledger.File{
		Path: "dist/" + name, Name: name, Release: pep.Release{Project: "my-project", Version: "1"}, Version: "1.0", Size: 1234567,
		SHA256: strings.Repeat("ab", 32), Action: action,
	}
}

func release() []ledger.Release {
	return []ledger.Release{
		{
			Release: pep.Release{Project: "my-project", Version: "1"}, Name: "My_Project", Version: "1.0",
			URL: "https://index.example/project/my-project/1.0/",
		},
	}
}

// opening is what every run that gets as far as its plan begins with.
func opening(files ...ledger.File) []ledger.Event {
	return []ledger.Event{
		ledger.Began{
			At:        noon,
			Index:     "https://upload.index.example/legacy/",
			IndexName: "PyPI",
			Auth:      "Trusted Publishing, since no password is given",
		},
		ledger.Phase{At: noon, Name: "Collect"},
		ledger.Collected{Files: files},
		ledger.Phase{At: noon, Name: "Check"},
		ledger.Checked{Files: len(files)},
		ledger.Phase{At: noon, Name: "Plan"},
		ledger.Planned{Files: files, Releases: release()},
	}
}

func minted() []ledger.Event {
	return []ledger.Event{
		ledger.Phase{At: noon, Name: "Authorize"},
		ledger.Identified{
			Identity: ledger.Identity{
				Repository:  "o/r",
				Workflow:    "release.yml",
				Environment: "pypi",
				Ref:         "refs/tags/v1.0",
				Event:       "push",
				Audience:    "rehearsal",
			},
		},
		ledger.Minted{At: noon, Restricted: true, Projects: []string{"my-project"}, Expires: noon.Add(5 * time.Minute)},
		ledger.Phase{At: noon, Name: "Upload"},
	}
}

// identified is the beginning of authorizing alone.
func identified() []ledger.Event { return minted()[:2] }

func signed(name string, adopted bool) []ledger.Event {
	return []ledger.Event{
		ledger.Phase{At: noon, Name: "Attest"},
		ledger.Attested{File: name, Attestation: ledger.Attestation{
			Predicate: "https://docs.pypi.org/attestations/publish/v1", Publish: true,
			Identity: "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0",
			LogIndex: 147137144, LogURL: "https://search.log.example/?logIndex=147137144", Adopted: adopted,
		}},
	}
}

func needed(page string, isNew bool) ledger.Publisher {
	next := "set the Trusted Publisher to the values in this table"
	if isNew {
		next = "add a pending publisher with the values in this table"
	}
	return ledger.Publisher{Finding: finding.InvalidPublisher, Pages: []ledger.PublisherPage{
		{Project: "my-project", Page: page, New: isNew},
	}, Next: next, Claims: []ledger.Claim{
		{Field: "Owner", Claimed: "o", Wanted: "o", Note: "must match"},
		{Field: "Repository name", Claimed: "r", Wanted: "r", Note: "must match"},
		{Field: "Workflow name", Claimed: "release.yml", Wanted: "release.yml", Note: "the file's name alone"},
		{Field: "Environment name", Note: "leave it empty: this job has no `environment`"},
	}}
}

var noPublisher = finding.Finding{
	ID: "invalid-publisher", Severity: finding.Error,
	Message: "the index refused to give an upload token: valid token, but no corresponding publisher (Publisher with matching claims was " +
		"not found)",
	Fix: "the project's Trusted Publisher on the index must say owner o, repository r, workflow release.yml, environment (none: " +
		"leave it empty, or give the job an `environment`)",
}

func conflicting() ledger.File {
	f := file(wheel, ledger.ActionConflict)
	f.IndexDigest = strings.Repeat("01", 32)
	return f
}

func revocationText(outcome ledger.Burned) []ledger.Event {
	return []ledger.Event{
		ledger.Phase{At: noon, Name: "Burn"},
		ledger.BurnedAll{At: noon.Add(time.Second), Outcome: outcome},
		ledger.Ended{At: noon.Add(1500 * time.Millisecond)},
	}
}

func join(parts ...[]ledger.Event) []ledger.Event {
	var all []ledger.Event
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

const (
	wheel = "my_project-1.0-py3-none-any.whl"
	sdist = "my_project-1.0.tar.gz"
)

// comparison has every kind of row.
func comparison() ledger.Comparison {
	return ledger.Comparison{
		Release: pep.Release{Project: "my-project", Version: "1"}, Name: "My_Project", Version: "1.0", Before: "0.9.2",
		Differences: []ledger.Difference{
			{What: "sdist", Before: "yes", Now: "none", Severity: "warning"},
			{What: "wheels", Before: "66", Now: "65"},
			{What: "platforms", Before: "11", Now: "11; without win_amd64 (cp311); new: win_arm64", Severity: "warning"},
			{What: "python", Before: ">=3.9", Now: ">=3.10", Severity: "notice"},
			{What: "extras", Before: "cli, docs", Now: "cli", Severity: "warning"},
			{What: "dependencies", Before: "3 projects", Now: "4 projects; elder is new", Severity: "notice"},
			{What: "license", Before: "MIT", Now: "MIT"},
		},
	}
}

// wide are the files of a release with 66 wheels.
func wide() (files []ledger.File) {
	const platforms = "manylinux_2_28_aarch64 manylinux_2_28_armv7l manylinux_2_28_ppc64le manylinux_2_28_s390x manylinux_2_28_x86_64 " +
		"musllinux_1_2_aarch64 musllinux_1_2_x86_64 macosx_10_13_x86_64 macosx_11_0_arm64 win32 win_amd64"
	for _, python := range strings.Fields("cp310 cp311 cp312 cp313 cp314 pp311") {
		for _, platform := range strings.Fields(platforms) {
			files = append(files, file("my_project-1.0-"+python+"-"+python+"-"+platform+".whl", ledger.ActionUpload))
		}
	}
	return files
}

func situations() map[string][]ledger.Event {
	refusal := finding.Finding{
		ID:       "upload-second-sdist",
		Severity: finding.Error,
		File:     "dist/" + sdist,
		Message:  "the index refused " + sdist + ": Only one sdist may be uploaded per release.",
		Fix:      "leave this sdist out, or raise the version: a release has only one sdist, and the index already has one",
	}
	many := []ledger.Event{
		ledger.Began{
			At:        noon,
			Index:     "https://upload.index.example/legacy/",
			IndexName: "PyPI",
			Auth:      "Trusted Publishing, since no password is given",
		},
	}
	for n := range 14 {
		many = append(many, ledger.Noted{Finding: finding.Finding{
			ID: "record-missing", Severity: finding.Error, File: fmt.Sprintf("dist/%d.whl", n),
			Message: fmt.Sprintf("Wheel '%d.whl' does not contain the required RECORD file", n), Fix: "build it again",
		}})
	}
	for n := range 12 {
		many = append(many, ledger.Noted{Finding: finding.Finding{
			ID:       "classifier-unknown",
			Severity: finding.Error,
			File:     "dist/" + sdist,
			Message:  fmt.Sprintf("'%d' is not a valid classifier.", n),
			Fix:      "correct it",
		}})
	}
	many = append(
		many,
		ledger.Noted{Finding: finding.Finding{ID: "drift", Severity: finding.Warning, Message: "the files differ in Requires-Python"}},
	)
	for n := range 2 {
		many = append(many, ledger.Noted{Finding: finding.Finding{
			ID:       "entry-points",
			Severity: finding.Error,
			File:     fmt.Sprintf("dist/%d.whl", n),
			Message:  "no entry points",
			Fix:      "correct them",
		}})
	}
	return map[string][]ledger.Event{
		"published": join(opening(file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionPresent)), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Tried{
				Op:     "upload",
				Method: "POST",
				URL:    "https://upload.index.example/legacy/",
				N:      1,
				Status: 503,
				Took:   time.Second,
				Wait:   2 * time.Second,
				Left:   20*time.Minute - time.Second,
			},
			ledger.Tried{Op: "upload", Method: "POST", URL: "https://upload.index.example/legacy/", N: 2, Status: 200, Took: time.Second},
			ledger.Uploaded{File: wheel, Took: 4 * time.Second},
		}, revocationText(ledger.BurnProven)),
		"compared": join(opening(file(wheel, ledger.ActionUpload)), []ledger.Event{
			ledger.Compared{Releases: []ledger.Comparison{comparison()}}, ledger.Ended{At: noon},
		}),
		"compared nothing lost": join(opening(file(wheel, ledger.ActionUpload)), []ledger.Event{
			ledger.Compared{Releases: []ledger.Comparison{{
				Release: pep.Release{Project: "my-project", Version: "1"}, Name: "My_Project", Version: "1.0", Before: "0.9",
				Differences: []ledger.Difference{{What: "sdist", Before: "yes", Now: "yes"}, {What: "wheels", Before: "1", Now: "2"}},
			}}}, ledger.Ended{At: noon},
		}),
		"compared wide": join(opening(wide()...), []ledger.Event{
			ledger.Compared{Releases: []ledger.Comparison{comparison(), {
				Release: pep.Release{Project: "elder", Version: "3"}, Name: "elder", Version: "3.0", Before: "2.11",
				Differences: []ledger.Difference{
					{What: "sdist", Before: "none", Now: "yes"}, {What: "wheels", Before: "140", Now: "66", Severity: "warning"},
				},
			}}}, ledger.Ended{At: noon},
		}),
		"unchanged": join(opening(file(wheel, ledger.ActionPresent)), []ledger.Event{ledger.Ended{At: noon}}),
		"partial": join(opening(
			file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionUpload), file("my_project-1.0.zip", ledger.ActionUpload),
		), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Uploaded{File: wheel, Took: time.Second},
			ledger.Started{File: sdist},
			ledger.Rejected{File: sdist, Finding: refusal},
		}, revocationText(ledger.BurnFailed)),
		"cut off": join(opening(file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionUpload)), minted(), []ledger.Event{
			ledger.MintLost{Count: 4},
			ledger.Started{File: wheel},
			ledger.UploadAborted{File: wheel},
			ledger.Started{File: sdist},
			ledger.Noted{
				Finding: finding.Finding{
					ID:       "cancelled",
					Severity: finding.Error,
					Message:  "the run was cancelled: terminated signal received",
					Fix:      "run the job again",
				},
			},
		}, revocationText(ledger.BurnAccepted)),
		"skipped": join(opening(file(wheel, ledger.ActionSkip), file(sdist, ledger.ActionPresent)), []ledger.Event{ledger.Ended{At: noon}}),
		"misconfigured": {
			ledger.Noted{
				Finding: finding.Finding{
					ID:       "input-value",
					Severity: finding.Error,
					Message:  "skip-existing is \"yes\"",
					Fix:      "write true or false",
				},
			},
		},
		"many findings": append(many, ledger.Ended{At: noon}),
		"attested": join(opening(
			file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionUpload),
		), minted()[:3], signed(wheel, false), signed(sdist, true), minted()[3:], []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Uploaded{File: wheel, Took: time.Second},
			ledger.Started{File: sdist},
			ledger.Uploaded{File: sdist, Took: time.Second},
		}, revocationText(ledger.BurnProven)[:2], []ledger.Event{
			ledger.Phase{At: noon.Add(1500 * time.Millisecond), Name: "Read back"},
			ledger.ReadBack{Served: true},
			ledger.Phase{At: noon.Add(3 * time.Second), Name: "GitHub release"},
			ledger.Attached{Outcome: ledger.ReleaseAttached, Assets: 5, Wanted: 5, Page: "https://releases.example/o/r/releases/tag/v1.0"},
			ledger.Ended{At: noon.Add(4 * time.Second)},
		}),
		"no publisher": join(opening(file(wheel, ledger.ActionUpload)), identified(), []ledger.Event{
			ledger.Unmatched{
				Publisher: needed("https://index.example/manage/project/my-project/settings/publishing/"+
					"?environment=pypi&owner=o&provider=github&repository=r&workflow_filename=release.yml", false),
			},
			ledger.Noted{Finding: noPublisher},
			ledger.Ended{At: noon.Add(time.Second)},
		}),
		"no pending publisher": join(opening(file(wheel, ledger.ActionUpload)), identified(), []ledger.Event{
			ledger.Unmatched{Publisher: needed("https://index.example/manage/account/publishing/", true)},
			ledger.Noted{Finding: noPublisher},
			ledger.Ended{At: noon.Add(time.Second)},
		}),
		"conflict": join(opening(conflicting(), file(sdist, ledger.ActionUpload)), []ledger.Event{
			ledger.Noted{Finding: finding.Finding{
				ID: "conflict", Severity: finding.Error, File: "dist/" + wheel,
				Message: "PyPI already has a different file named " + wheel + ": its SHA-256 is 01, this file's is ab",
				Fix: "re-run only the publish job with the files of the first build, raise the version, or set `skip-existing: true` " +
					"to upload the other files and keep the published one",
			}},
			ledger.Ended{At: noon.Add(time.Second)},
		}),
		"preflight": join(opening(file(wheel, ""))[:5], []ledger.Event{
			ledger.Checked{Files: 1, Errors: 1, Warnings: 1},
			ledger.Noted{
				Finding: finding.Finding{
					ID:       "requires-dist-url",
					Severity: finding.Error,
					File:     "dist/" + wheel,
					Message:  "Can't have direct dependency: x @ https://example.org/x.whl",
					Fix:      "name the dependency by its project and version",
				},
			},
			ledger.Noted{
				Finding: finding.Finding{
					ID: "drift", Severity: finding.Warning, Message: "the files of My_Project 1.0 differ in Requires-Python",
					Fix: "build them from one tree",
				},
			},
			ledger.Ended{At: noon.Add(time.Second)},
		}),
		"dry run": join([]ledger.Event{
			ledger.Began{
				At:        noon,
				Index:     "https://upload.index.example/legacy/",
				IndexName: "PyPI",
				Auth:      "Trusted Publishing, since no password is given",
				DryRun:    true,
			},
		},
			opening(file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionPresent))[1:], identified(), []ledger.Event{
				ledger.Noted{
					Finding: finding.Finding{
						ID:       "dry-run",
						Severity: finding.Notice,
						Message:  "dry run: nothing was uploaded, and no upload token was requested.",
					},
				},
				ledger.Ended{At: noon.Add(time.Second)},
			}),
		"signing is down": join(opening(file(wheel, ledger.ActionUpload)), minted()[:3], []ledger.Event{
			ledger.Phase{At: noon, Name: "Attest"},
			ledger.Noted{
				Finding: finding.Finding{
					ID: "attestation-outage", Severity: finding.Error,
					Message: "the log took no entry of " + wheel +
						": log-entry: POST https://rekor.example/api/v1/log/entries got 503 (6 tries)",
					Fix: "see https://status.example and run the job again later; nothing was uploaded",
				},
			},
		}, revocationText(ledger.BurnProven)),
		"signing is down and best effort": join(opening(file(wheel, ledger.ActionUpload)), minted()[:3], signed(wheel, false),
			[]ledger.Event{ledger.Unattested{}}, minted()[3:], []ledger.Event{
				ledger.Noted{
					Finding: finding.Finding{
						ID: "attestation-outage", Severity: finding.Warning,
						Message: "the files are published without attestations, as `attestations: best-effort` allows: " +
							"the log took no entry",
					},
				},
				ledger.Started{File: wheel},
				ledger.Uploaded{File: wheel, Took: time.Second},
			}, revocationText(ledger.BurnProven)),
		"not served yet": join(opening(file(wheel, ledger.ActionUpload)), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Uploaded{File: wheel, Took: time.Second},
			ledger.Phase{At: noon, Name: "Read back"},
			ledger.ReadBack{Missing: []string{wheel}},
			ledger.Noted{
				Finding: finding.Finding{
					ID:       "not-served-yet",
					Severity: finding.Warning,
					Message:  "PyPI accepted every file, but did not yet serve " + wheel + " within 5m0s",
					Fix:      "no action needed",
				},
			},
			ledger.Attached{Outcome: ledger.ReleaseFailed, Assets: 1, Wanted: 3},
		}, revocationText(ledger.BurnProven)),
		"served otherwise": join(opening(file(wheel, ledger.ActionUpload)), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Uploaded{File: wheel, Took: time.Second},
		}, revocationText(ledger.BurnProven)[:2], []ledger.Event{
			ledger.Phase{At: noon.Add(1500 * time.Millisecond), Name: "Read back"},
			ledger.ReadBack{Otherwise: true},
			ledger.Noted{Finding: finding.Finding{
				ID: "served-otherwise", Severity: finding.Error, File: "dist/" + wheel,
				Message: "PyPI accepted " + wheel + ", but serves something else under its name",
				Fix:     "do not announce this release: report it to the operators of the index, and yank it until the cause is known",
			}},
			ledger.Ended{At: noon.Add(2 * time.Second)},
		}),
		"hostile": join(opening(file("a|b`<img src=x>\n| x | [y](javascript:z) *b* ~~c~~ @octocat.whl", ledger.ActionUpload)),
			[]ledger.Event{
				ledger.Noted{
					Finding: finding.Finding{
						ID: "x", Severity: finding.Error, File: "dist/|`<b>",
						Message: "first\n\n# heading\n| a | b |\n<script>x</script> &amp; **bold** http://evil.example", Fix: "::error::x",
					},
				},
				ledger.Ended{At: noon},
			}),
	}
}

// conclude has a reporter report the events of a run, and its end; watch gets each event, and may be nil.
func conclude(t *testing.T, r *report.Reporter, watch func(ledger.Event), events []ledger.Event) {
	t.Helper()
	recorder := ledger.NewRecorder(watch)
	for _, event := range events {
		recorder.Record(event)
	}
	if err := r.Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
}

func TestGolden_Situations(t *testing.T) {
	t.Parallel()
	for name, events := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &page{}
			r := report.New(p, report.Options{
				Hashes:  true,
				Verbose: true,
				Help:    func(id finding.ID) string { return "https://example.org/docs/troubleshooting.md#" + string(id) },
			})
			conclude(t, r, r.Watch, events)
			golden.Equal(t, golden.Path("testdata", name), p.String())
		})
	}
}

// TestLog_LongMessage: an annotation and the summary have its beginning, and say where the rest is.
func TestLog_LongMessage(t *testing.T) {
	t.Parallel()
	p := &page{}
	end := "the end of it"
	recorder := ledger.NewRecorder(nil)
	recorder.Record(ledger.Noted{
		Finding: finding.Finding{
			ID: "x", Severity: finding.Error, File: "dist/" + wheel, Message: strings.Repeat("long ", 500) + end, Fix: "build it again",
		},
	})
	recorder.Record(ledger.Noted{Finding: finding.Finding{ID: "y", Severity: finding.Error, Message: "the second", Fix: "mend it"}})
	if err := report.New(p, report.Options{}).Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	cut := "the full text is in the log"
	if !strings.Contains(p.summary.String(), cut) || strings.Contains(p.summary.String(), end) {
		t.Errorf("the summary is not cut:\n%s", p.summary.String())
	}
	if log := p.log.String(); strings.Count(log, cut) != 1 || strings.Count(log, end) != 1 || strings.Count(log, "the second") != 1 {
		t.Errorf("the log has not the whole once:\n%s", log)
	}
}

// TestAnnotations_OnePerCause: what many files have takes one annotation, so that there is room for what else is wrong; the log has all.
func TestAnnotations_OnePerCause(t *testing.T) {
	t.Parallel()
	p := &page{}
	recorder := ledger.NewRecorder(nil)
	problem := func(id finding.ID, severity finding.Severity, file, message string) {
		recorder.Record(ledger.Noted{Finding: finding.Finding{ID: id, Severity: severity, File: file, Message: message, Fix: "mend it"}})
	}
	for n := range 40 {
		problem("same", finding.Error, fmt.Sprintf("dist/%d.whl", n), fmt.Sprintf("read dist/%d.whl: it is damaged", n))
	}
	for n := range 10 {
		problem("other", finding.Error, "dist/"+wheel, fmt.Sprintf("problem %d", n))
		problem("odd", finding.Warning, "dist/"+wheel, fmt.Sprintf("oddity %d", n))
	}
	if err := report.New(
		p, report.Options{Help: func(id finding.ID) string { return "https://example.org/#" + string(id) }},
	).Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	log := p.log.String()
	for text, times := range map[string]int{
		"error same : read dist/0.whl: it is damaged (the same for 39 more files: 1.whl, 2.whl, 3.whl and 36 more) | " +
			"mend it (more: https://example.org/#same)\n": 1,
		"  in 30.whl, 31.whl, 32.whl, 33.whl, 34.whl, 35.whl, 36.whl, 37.whl, 38.whl, 39.whl\n": 1,
		"error same ":                      1,
		"error other dist/" + wheel + ": ": 9,
		"warning odd dist/" + wheel + ": ": 10,
		"error: dist/" + wheel + ": problem 9\n  -> mend it (more: https://example.org/#other)\n": 1,
		"1 more error is only in the log, above\n":                                                1,
		"only in the log": 1,
	} {
		if got := strings.Count(log, text); got != times {
			t.Errorf("%d times %q, want %d:\n%s", got, text, times, log)
		}
	}
	if got := strings.Count(p.outputs.String(), `{"id":"same"`); got != 40 {
		t.Errorf("the manifest has %d of 40 findings", got)
	}
}

// TestAnnotations_LongMessageManyFiles leaves room in its annotation for the files.
func TestAnnotations_LongMessageManyFiles(t *testing.T) {
	t.Parallel()
	p := &page{}
	recorder := ledger.NewRecorder(nil)
	for _, name := range []string{wheel, sdist} {
		recorder.Record(ledger.Noted{Finding: finding.Finding{
			ID: "x", Severity: finding.Error, File: "dist/" + name, Message: strings.Repeat("long ", 500), Fix: "mend it",
		}})
	}
	if err := report.New(p, report.Options{}).Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(p.log.String(), " (in 2 files: "+wheel+", "+sdist+")"); n != 2 {
		t.Errorf("%d times the files, want them in the annotation and in the log:\n%s", n, p.log.String())
	}
}

// TestDryRun_LogMatchesSummary: on what would be uploaded, on what would not, and on the page of a release that is not there.
func TestDryRun_LogMatchesSummary(t *testing.T) {
	t.Parallel()
	wrong := ledger.Noted{Finding: finding.Finding{ID: "x", Severity: finding.Error, Message: "no"}}
	for _, c := range []struct {
		name        string
		then        []ledger.Event
		says, never string
	}{
		{"it would be published", nil, "to upload", "not uploaded"},
		{"it would not", []ledger.Event{wrong}, "not uploaded", "to upload"},
	} {
		events := join(
			[]ledger.Event{ledger.Began{At: noon, Index: "https://upload.index.example/legacy/", DryRun: true}},
			opening(file(wheel, ledger.ActionUpload))[1:], c.then,
		)
		p := &page{}
		r := report.New(p, report.Options{})
		conclude(t, r, func(e ledger.Event) {
			if _, began := e.(ledger.Began); began {
				r.Watch(e)
			}
		}, events)
		if strings.Contains(p.log.String(), "publishing") {
			t.Errorf("%s: a dry run publishes nothing:\n%s", c.name, p.log.String())
		}
		for _, text := range []string{p.log.String(), p.summary.String()} {
			if !strings.Contains(text, c.says) || strings.Contains(text, c.never) ||
				strings.Contains(text, "https://index.example/project/") {
				t.Errorf("%s:\n%s", c.name, text)
			}
		}
	}
}

// TestSummary_NothingMissing: a run that needs a check, and no re-run, says so.
func TestSummary_NothingMissing(t *testing.T) {
	t.Parallel()
	text := summaryOf(t, situations()["served otherwise"])
	if strings.Contains(text, "run the job again") || !strings.Contains(text, "with errors: 1 file uploaded") {
		t.Error(text)
	}
}

// TestReport_LostMint: a mint that was lost takes nothing from what became of the token that came after it.
func TestReport_LostMint(t *testing.T) {
	t.Parallel()
	events := join(opening(file(wheel, ledger.ActionUpload)), identified(), []ledger.Event{ledger.MintLost{Count: 1}}, minted()[2:],
		[]ledger.Event{
			ledger.Started{File: wheel}, ledger.Uploaded{File: wheel, Took: time.Second},
		}, revocationText(ledger.BurnProven))
	p := &page{}
	r := report.New(p, report.Options{})
	conclude(t, r, r.Watch, events)
	for _, text := range []string{p.log.String(), html.UnescapeString(p.summary.String())} {
		if strings.Contains(text, "could not confirm") || !strings.Contains(text, "revoked at 12:00:01 UTC (PyPI now rejects it)") ||
			!strings.Contains(text, "1 token request got no clear answer") {
			t.Errorf("it contradicts itself:\n%s", text)
		}
	}
	if !strings.Contains(p.outputs.String(), "token-burned=failed\n") {
		t.Errorf("the output lacks the one with an unknown result:\n%s", p.outputs.String())
	}
}

// TestSummary_TableEscaped: for any name and message, each file is one row of four cells.
func TestSummary_TableEscaped(t *testing.T) {
	t.Parallel()
	p := &page{}
	recorder := ledger.NewRecorder(nil)
	for _, event := range situations()["hostile"] {
		recorder.Record(event)
	}
	if err := report.New(p, report.Options{}).Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	tables := wholeTables(t, p.summary.String())
	for _, raw := range []string{"<img", "<script", "javascript:", "**bold**", "# heading", "`", "http://evil"} {
		if strings.Contains(p.summary.String(), raw) {
			t.Errorf("%s is in the summary:\n%s", raw, p.summary.String())
		}
	}
	if tables["File"] != 1 || tables[""] != 1 { // one file, one finding
		t.Errorf("rows: %v", tables)
	}
}

// wholeTables counts the rows of each table, by its first head; every row must have as many cells as its table's head.
func wholeTables(t *testing.T, markdown string) map[string]int {
	t.Helper()
	rows := map[string]int{}
	head, cells := "", 0
	for line := range strings.Lines(markdown) {
		n := strings.Count(line, "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			cells = 0
		case cells == 0:
			head, cells = strings.TrimSpace(strings.Split(line, "|")[1]), n
		case n != cells:
			t.Errorf("%d cells where the head has %d: %s", n-1, cells-1, line)
		case !strings.HasPrefix(line, "| ---") && !strings.HasPrefix(line, "| :---"):
			rows[head]++
		}
	}
	return rows
}

func TestOutputs_JSON(t *testing.T) {
	t.Parallel()
	p := &page{}
	recorder := ledger.NewRecorder(nil)
	recorder.Record(ledger.Planned{Files: []ledger.File{file("a\"b\n.whl", ledger.ActionPresent)}, Releases: release()})
	if err := report.New(p, report.Options{}).Close(recorder.Receipt()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.outputs.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name != "files" && name != "releases" {
			continue
		}
		var list []any
		if err := json.Unmarshal([]byte(value), &list); err != nil || len(list) != 1 {
			t.Errorf("%s: %v", line, err)
		}
	}
}
