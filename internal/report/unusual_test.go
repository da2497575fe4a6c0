package report_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// oddEvent is an event as no run should record it: of unknown files, without times, or with a clock that was set back.
func oddEvent(dice *rand.Rand) ledger.Event {
	set := func() time.Time { return noon.Add(time.Duration(dice.IntN(20_000)-10_000) * time.Millisecond) }
	at := func() time.Time {
		if dice.IntN(5) == 0 {
			return time.Time{}
		}
		return set()
	}
	even := dice.IntN(2) == 0
	all := []ledger.Event{
		ledger.Began{At: at(), DryRun: dice.IntN(4) == 0},
		ledger.Phase{At: set(), Name: []string{"Upload", "Check", "Burn"}[dice.IntN(3)]},
		ledger.Collected{Files: []ledger.File{file(wheel, "")}},
		ledger.Checked{},
		ledger.Compared{},
		ledger.Compared{Releases: []ledger.Comparison{{}, comparison()}},
		ledger.Planned{},
		ledger.Planned{Files: []ledger.File{file(wheel, ledger.ActionUpload), file(sdist, ledger.ActionPresent)}, Releases: release()},
		ledger.Identified{},
		ledger.Attested{File: wheel},
		ledger.Unattested{},
		ledger.Minted{Restricted: even},
		ledger.MintLost{Count: 1},
		ledger.Progress{},
		ledger.Uploaded{File: wheel, Took: -time.Second},
		ledger.Uploaded{File: "unknown file"},
		ledger.Rejected{File: wheel},
		ledger.UploadFailed{File: wheel},
		ledger.Unmatched{},
		ledger.BurnedAll{At: at(), Outcome: ledger.BurnProven},
		ledger.ReadBack{Served: even},
		ledger.Attached{},
		ledger.Noted{Finding: finding.Finding{Severity: finding.Severity(dice.IntN(3))}}, // 0 to 2
		ledger.Ended{At: at()},
	}
	return all[dice.IntN(len(all))]
}

// TestReport_RandomEvents: for any events in any order, the summary is whole and the manifest is what its schema says.
func TestReport_RandomEvents(t *testing.T) {
	t.Parallel()
	s, dice := schema(t), rand.New(rand.NewPCG(1, 2)) // the same in every run
	rounds := 500
	if testing.Short() {
		rounds /= 5
	}
	for range rounds {
		var events []ledger.Event
		for range dice.IntN(16) {
			events = append(events, oddEvent(dice))
		}
		output, _ := manifests(t, events)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(output))
		if err == nil {
			err = s.Validate(value)
		}
		if err != nil {
			t.Fatalf("%v: %s\n%#v", err, output, events)
		}
		if onlyOwnElements(t, summaryOf(t, events)); t.Failed() {
			t.Fatalf("%#v", events)
		}
	}
}
