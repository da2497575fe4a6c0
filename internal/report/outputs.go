package report

import (
	"encoding/json"
	"strconv"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

type output struct{ name, value string }

// outputs returns the step's outputs, as far as the run got.
func outputs(r ledger.Receipt, whole document) []output {
	var first ledger.Release
	if len(r.Releases) > 0 {
		first = r.Releases[0]
	}
	return []output{
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
		{"manifest", string(whole.abridged(longestManifest).compact())},
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
	return compact(all)
}

// filesJSON returns the value of the output files.
func filesJSON(r ledger.Receipt) string {
	names := make([]string, 0, len(r.Files))
	for _, f := range r.Files {
		names = append(names, f.Name)
	}
	return compact(names)
}

// compact returns value as JSON on one line. It panics if value is not JSON.
func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // the values have strings and lists only
	}
	return string(text)
}
