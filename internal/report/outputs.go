package report

import (
	"encoding/json"
	"strconv"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

type output struct{ name, value string }

// GitHub takes 1 MB of outputs from a job, all together, and counts two bytes for each unit of UTF-16 (docs/reference/runner.md §1). What
// is longer is cut: the manifest to what the others leave, and a list of files or releases at its end. manifest-file has all of it.
const (
	longestOutputs = 450_000 // units of UTF-16 of all outputs together
	longestList    = 150_000 // of a list among them
)

// outputs returns the step's outputs, as far as the run got.
func outputs(r ledger.Receipt, whole document) []output {
	var first ledger.Release
	if len(r.Releases) > 0 {
		first = r.Releases[0]
	}
	all := []output{
		{"result", string(r.Result())},
		{"project", string(first.Project)},
		{"version", first.Version},
		{"url", first.URL},
		{"releases", releasesJSON(r)},
		{"files", filesJSON(r)},
		{"published-count", strconv.Itoa(r.Count(ledger.OutcomeUploaded))},
		{"unchanged-count", strconv.Itoa(r.Count(ledger.OutcomePresent))},
		{"skipped-count", strconv.Itoa(r.Count(ledger.OutcomeSkipped))},
		{"verified", string(r.Verified)},
		{"token-burned", string(r.Token.Burned)},
		{"github-release", string(r.Attached.Outcome)},
		{"manifest", ""}, // the rest
	}
	left := longestOutputs
	for _, o := range all {
		left -= phrase.Units(o.value)
	}
	all[len(all)-1].value = whole.abridged(left)
	return all
}

// list returns items as JSON, and as many of them as an output may have.
func list[T any](items []T) string {
	for {
		text := compact(items)
		if phrase.Units(text) <= longestList {
			return text
		}
		items = items[:len(items)/2]
	}
}

// releasesJSON returns the value of the output releases.
func releasesJSON(r ledger.Receipt) string {
	type release struct {
		Project string `json:"project"`
		Version string `json:"version"`
		URL     string `json:"url"`
	}
	all := make([]release, 0, len(r.Releases))
	for _, one := range r.Releases {
		all = append(all, release{string(one.Project), one.Version, one.URL})
	}
	return list(all)
}

// filesJSON returns the value of the output files.
func filesJSON(r ledger.Receipt) string {
	names := make([]string, 0, len(r.Files))
	for _, f := range r.Files {
		names = append(names, f.Name)
	}
	return list(names)
}

// compact returns value as JSON on one line. It panics if value is not JSON.
func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // the values have strings and lists only
	}
	return string(text)
}
