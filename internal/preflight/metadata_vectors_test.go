package preflight_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// metadataRules are the rules of the core metadata, by the slugs of the vectors.
var metadataRules = strings.Fields(`name-missing name-invalid metadata-version version-missing version-invalid version-local
	field-repeated field-too-new summary-newline summary-length content-type content-type-charset content-type-variant
	dynamic-forbidden dynamic-unknown provides-extra requires-python requires-dist requires-dist-url provides-dist
	license-expression license-file-path import-name email classifier-unknown classifier-deprecated url project-url
	license-and-expression description-render`)

// TestCheck_MetadataVectors: what the index accepts has no error of a metadata rule, and what it refuses for one is refused by
// that rule, in the index's words.
func TestCheck_MetadataVectors(t *testing.T) {
	t.Parallel()
	type count struct{ caught, words, cases int }
	counts, accepted := map[string]count{}, 0
	for _, v := range vectors.Load(t) {
		mine := slices.Contains(metadataRules, v.Rule)
		if v.Verdict != "accept" && !mine {
			continue
		}
		errors := preflight.Check(readCase(t, v))
		errors = slices.DeleteFunc(errors, func(f finding.Finding) bool {
			return f.Severity != finding.Error || v.Verdict == "accept" && !slices.Contains(metadataRules, string(f.ID))
		})
		if v.Verdict == "accept" {
			accepted++
			if len(errors) > 0 {
				t.Errorf("%s: the index accepts it: %v", v.ID, errors)
			}
			continue
		}
		c := counts[v.Rule]
		c.cases++
		at := slices.IndexFunc(errors, func(f finding.Finding) bool { return string(f.ID) == v.Rule })
		if at < 0 {
			t.Errorf("%s: not refused by %s: %v", v.ID, v.Rule, errors)
		} else {
			c.caught++
			if same := errors[at].Message == v.Message; same || v.Loose {
				c.words++
			} else {
				t.Errorf("%s: message\n%s\nwant\n%s", v.ID, errors[at].Message, v.Message)
			}
		}
		counts[v.Rule] = c
	}
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%s: %d of %d caught, %d in the index's words", rule, counts[rule].caught, counts[rule].cases, counts[rule].words)
	}
	t.Logf("%d accepted cases without an error of these rules", accepted)
}

// TestCheck_DescriptionVectors: the descriptions of the vectors get their verdicts.
func TestCheck_DescriptionVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/vectors/rst.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID, Description, Verdict string
		ContentType              *string `json:"content_type"`
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 50 {
		t.Fatalf("%d cases, %v", len(list), err)
	}
	for _, v := range list {
		metadata := good
		if v.ContentType != nil {
			metadata += "Description-Content-Type: " + *v.ContentType + "\n"
		}
		found := ofMetadata(preflight.Check(set(t, wheel(metadata+"\n"+v.Description))))
		want := map[string]string{"accept": "", "reject": "description-render"}[v.Verdict]
		if strings.Join(ids(found), " ") != want {
			t.Errorf("%s: %v, but the index says %s", v.ID, found, v.Verdict)
		}
		bounded(t, found)
	}
	t.Logf("%d descriptions", len(list))
}
