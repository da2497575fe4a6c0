package report_test

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

func uploads(names ...string) []ledger.File {
	var all []ledger.File
	for _, name := range names {
		all = append(all, ledger.File{Name: name, Action: ledger.ActionUpload})
	}
	return all
}

func TestReceipt_AnyMoment(t *testing.T) {
	t.Parallel()
	refusal := finding.Finding{ID: "refused", Severity: finding.Error, File: "b", Message: "no"}
	present := ledger.File{Name: "p", Action: ledger.ActionPresent}
	cases := []struct {
		name   string
		events []ledger.Event
		result ledger.Result
		status map[string]ledger.Outcome
		burned ledger.Burned
	}{
		{"nothing", nil, ledger.Failed, nil, ledger.NotMinted},
		{
			"planned, then cut",
			[]ledger.Event{ledger.Planned{Files: uploads("a", "b")}},
			ledger.Failed,
			map[string]ledger.Outcome{"a": ledger.NotAttempted, "b": ledger.NotAttempted},
			ledger.NotMinted,
		},
		{
			"cut while a file was on its way",
			[]ledger.Event{
				ledger.Planned{Files: uploads("a", "b")},
				ledger.Minted{},
				ledger.Started{File: "a"},
				ledger.Uploaded{File: "a"},
				ledger.Started{File: "b"},
			},
			ledger.Partial,
			map[string]ledger.Outcome{"a": ledger.OutcomeUploaded, "b": ledger.OutcomeUnclear},
			ledger.BurnFailed,
		},
		{
			"refused",
			[]ledger.Event{
				ledger.Planned{Files: uploads("a", "b", "c")},
				ledger.Minted{},
				ledger.Started{File: "a"},
				ledger.Uploaded{File: "a"},
				ledger.Started{File: "b"},
				ledger.Rejected{File: "b", Finding: refusal},
				ledger.BurnedAll{Outcome: ledger.BurnProven},
			},
			ledger.Partial,
			map[string]ledger.Outcome{"a": ledger.OutcomeUploaded, "b": ledger.OutcomeRejected, "c": ledger.NotAttempted},
			ledger.BurnProven,
		},
		{
			"all there before",
			[]ledger.Event{ledger.Planned{Files: []ledger.File{present}}},
			ledger.Unchanged,
			map[string]ledger.Outcome{"p": ledger.OutcomePresent},
			ledger.NotMinted,
		},
		{
			"the rest finished",
			[]ledger.Event{ledger.Planned{Files: append(uploads("a"), present)}, ledger.Started{File: "a"}, ledger.Uploaded{File: "a"}},
			ledger.Published,
			map[string]ledger.Outcome{"p": ledger.OutcomePresent, "a": ledger.OutcomeUploaded},
			ledger.NotMinted,
		},
		{
			"another file kept, as asked",
			[]ledger.Event{
				ledger.Planned{Files: append(uploads("a"), present)},
				ledger.Started{File: "a"},
				ledger.SkippedConflict{File: "a", IndexDigest: "x"},
			},
			ledger.Unchanged,
			map[string]ledger.Outcome{"a": ledger.OutcomeSkipped},
			ledger.NotMinted,
		},
		{
			"every file skipped by the plan",
			[]ledger.Event{
				ledger.Planned{Files: []ledger.File{{Name: "s", Action: ledger.ActionSkip}, {Name: "t", Action: ledger.ActionSkip}}},
			},
			ledger.AllSkipped,
			map[string]ledger.Outcome{"s": ledger.OutcomeSkipped, "t": ledger.OutcomeSkipped},
			ledger.NotMinted,
		},
		{
			"every file skipped, one at its upload",
			[]ledger.Event{
				ledger.Planned{Files: append(uploads("a"), ledger.File{Name: "s", Action: ledger.ActionSkip})},
				ledger.Started{File: "a"},
				ledger.SkippedConflict{File: "a"},
			},
			ledger.AllSkipped, nil, ledger.NotMinted,
		},
		{
			"every file skipped, and an error that is no file's",
			[]ledger.Event{ledger.Planned{Files: []ledger.File{{Name: "s", Action: ledger.ActionSkip}}}, ledger.Noted{Finding: refusal}},
			ledger.Failed, nil, ledger.NotMinted,
		},
		{
			"given up before it could be kept",
			[]ledger.Event{ledger.Planned{Files: uploads("a")}, ledger.Started{File: "a"}, ledger.UploadAborted{File: "a"}},
			ledger.Failed,
			map[string]ledger.Outcome{"a": ledger.OutcomeFailed},
			ledger.NotMinted,
		},
		{
			"failed before it could be kept",
			[]ledger.Event{
				ledger.Planned{Files: uploads("a", "b")},
				ledger.Uploaded{File: "a"},
				ledger.Started{File: "b"},
				ledger.UploadFailed{File: "b", Finding: refusal},
			},
			ledger.Partial,
			map[string]ledger.Outcome{"a": ledger.OutcomeUploaded, "b": ledger.OutcomeFailed},
			ledger.NotMinted,
		},
		{
			"an error that is no file's",
			[]ledger.Event{ledger.Planned{Files: []ledger.File{present}}, ledger.Noted{Finding: refusal}},
			ledger.Failed, nil, ledger.NotMinted,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seen := 0
			recorder := ledger.NewRecorder(func(ledger.Event) { seen++ })
			for _, event := range c.events {
				recorder.Record(event)
			}
			got := recorder.Receipt()
			if got.Result() != c.result || got.Token.Burned != c.burned || seen != len(c.events) {
				t.Errorf("result %s, burned %s, %d of %d events watched", got.Result(), got.Token.Burned, seen, len(c.events))
			}
			for name, want := range c.status {
				for _, f := range got.Files {
					if f.Name == name && f.Outcome != want {
						t.Errorf("%s is %q, want %q", name, f.Outcome, want)
					}
				}
			}
		})
	}
}

func TestReceipt_Snapshot(t *testing.T) {
	t.Parallel()
	recorder := ledger.NewRecorder(nil)
	recorder.Record(ledger.Planned{Files: uploads("a")})
	before := recorder.Receipt()
	recorder.Record(ledger.Started{File: "a"})
	recorder.Record(ledger.Uploaded{File: "a"})
	if before.Files[0].Outcome != ledger.NotAttempted {
		t.Error("a receipt that was handed out has changed")
	}
}

func TestReceipt_Durations(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	recorder := ledger.NewRecorder(nil)
	recorder.Record(ledger.Phase{At: at, Name: "collect"})
	recorder.Record(ledger.Phase{At: at.Add(time.Second), Name: "upload"})
	recorder.Record(ledger.Ended{At: at.Add(3 * time.Second)})
	got := recorder.Receipt()
	if len(got.Phases) != 2 || got.Phases[0].End != at.Add(time.Second) || got.Phases[1].End != at.Add(3*time.Second) ||
		got.Ended.IsZero() {
		t.Errorf("%+v", got.Phases)
	}
}
