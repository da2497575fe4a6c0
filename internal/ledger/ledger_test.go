package ledger_test

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

func files(names ...string) []ledger.File {
	var all []ledger.File
	for _, name := range names {
		all = append(all, ledger.File{Name: name, Status: ledger.Upload})
	}
	return all
}

func TestTheReceiptIsRightAtAnyMoment(t *testing.T) {
	t.Parallel()
	refusal := finding.Finding{ID: "refused", Severity: finding.Error, File: "b", Message: "no"}
	present := ledger.File{Name: "p", Status: ledger.Present}
	cases := []struct {
		name   string
		events []ledger.Event
		result ledger.Result
		status map[string]ledger.Status
		burned ledger.Burned
	}{
		{"nothing", nil, ledger.Failed, nil, ledger.NotMinted},
		{
			"planned, then cut",
			[]ledger.Event{ledger.Planned{Files: files("a", "b")}},
			ledger.Failed,
			map[string]ledger.Status{"a": ledger.NotTried, "b": ledger.NotTried},
			ledger.NotMinted,
		},
		{
			"cut while a file was on its way",
			[]ledger.Event{
				ledger.Planned{Files: files("a", "b")}, ledger.Minted{}, ledger.Started{File: "a"}, ledger.Landed{File: "a"}, ledger.Started{File: "b"},
			},
			ledger.Partial,
			map[string]ledger.Status{"a": ledger.Uploaded, "b": ledger.Unknown},
			ledger.BurnFailed,
		},
		{
			"refused",
			[]ledger.Event{
				ledger.Planned{Files: files("a", "b", "c")},
				ledger.Minted{},
				ledger.Started{File: "a"},
				ledger.Landed{File: "a"},
				ledger.Started{File: "b"},
				ledger.Turned{File: "b", Finding: refusal},
				ledger.BurnedAll{Outcome: ledger.BurnProven},
			},
			ledger.Partial,
			map[string]ledger.Status{"a": ledger.Uploaded, "b": ledger.Refused, "c": ledger.NotTried},
			ledger.BurnProven,
		},
		{
			"all there before",
			[]ledger.Event{ledger.Planned{Files: []ledger.File{present}}},
			ledger.Unchanged,
			map[string]ledger.Status{"p": ledger.Present},
			ledger.NotMinted,
		},
		{
			"the rest finished",
			[]ledger.Event{ledger.Planned{Files: append(files("a"), present)}, ledger.Started{File: "a"}, ledger.Landed{File: "a"}},
			ledger.Published,
			map[string]ledger.Status{"p": ledger.Present, "a": ledger.Uploaded},
			ledger.NotMinted,
		},
		{
			"another file kept, as asked",
			[]ledger.Event{ledger.Planned{Files: append(files("a"), present)}, ledger.Started{File: "a"}, ledger.Kept{File: "a", Held: "x"}},
			ledger.Unchanged,
			map[string]ledger.Status{"a": ledger.Skipped},
			ledger.NotMinted,
		},
		{
			"given up before it could be kept",
			[]ledger.Event{ledger.Planned{Files: files("a")}, ledger.Started{File: "a"}, ledger.Withdrawn{File: "a"}},
			ledger.Failed,
			map[string]ledger.Status{"a": ledger.CutOff},
			ledger.NotMinted,
		},
		{
			"failed before it could be kept",
			[]ledger.Event{ledger.Planned{Files: files("a", "b")}, ledger.Landed{File: "a"}, ledger.Started{File: "b"}, ledger.Unsent{File: "b", Finding: refusal}},
			ledger.Partial,
			map[string]ledger.Status{"a": ledger.Uploaded, "b": ledger.CutOff},
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
			book := ledger.NewBook(func(ledger.Event) { seen++ })
			for _, event := range c.events {
				book.Note(event)
			}
			got := book.Receipt()
			if got.Result() != c.result || got.Token.Burned != c.burned || seen != len(c.events) {
				t.Errorf("result %s, burned %s, %d of %d events watched", got.Result(), got.Token.Burned, seen, len(c.events))
			}
			for name, want := range c.status {
				for _, f := range got.Files {
					if f.Name == name && f.Status != want {
						t.Errorf("%s is %q, want %q", name, f.Status, want)
					}
				}
			}
		})
	}
}

func TestAReceiptDoesNotChangeAfterwards(t *testing.T) {
	t.Parallel()
	book := ledger.NewBook(nil)
	book.Note(ledger.Planned{Files: files("a")})
	before := book.Receipt()
	book.Note(ledger.Started{File: "a"})
	book.Note(ledger.Landed{File: "a"})
	if before.Files[0].Status != ledger.NotTried {
		t.Error("a receipt that was handed out has changed")
	}
}

func TestPhasesEndWhereTheNextBegins(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	book := ledger.NewBook(nil)
	book.Note(ledger.Phase{At: at, Name: "collect"})
	book.Note(ledger.Phase{At: at.Add(time.Second), Name: "upload"})
	book.Note(ledger.Ended{At: at.Add(3 * time.Second)})
	got := book.Receipt()
	if len(got.Phases) != 2 || got.Phases[0].End != at.Add(time.Second) || got.Phases[1].End != at.Add(3*time.Second) || got.Ended.IsZero() {
		t.Errorf("%+v", got.Phases)
	}
}
