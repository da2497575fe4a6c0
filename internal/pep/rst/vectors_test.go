package rst_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// document is a description and what docutils 0.23 says of it through readme_renderer 45, and through 46 where that
// differs (testdata/README.md).
type document struct {
	ID          string
	ContentType *string `json:"content_type"`
	Description string
	Verdict     string // accept or reject
	Reason      string // the first message
	Verdict46   string `json:"verdict_46"`
	Reason46    string `json:"reason_46"`
}

// renderers are all releases of readme_renderer that are checked.
var renderers = []rst.Renderer{rst.Renderer45, rst.Renderer46}

// message is the verdict and the reason of a release.
func (d document) message(by rst.Renderer) (result, reason string) {
	if by == rst.Renderer46 && d.Verdict46 != "" {
		return d.Verdict46, d.Reason46
	}
	return d.Verdict, d.Reason
}

func documents(t *testing.T, path string) []document {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []document
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no documents", path)
	}
	return all
}

// tally counts how verdicts compare to those of docutils.
type tally struct{ right, undecided, missed, falseRefusals int }

func checkVector(t *testing.T, d document, by rst.Renderer, n *tally) {
	t.Helper()
	result := rst.Check(d.Description, by)
	want, reason := d.message(by)
	switch {
	case result.Outcome == rst.Undecided:
		n.undecided++
	case (result.Outcome == rst.Accept) == (want == "accept"):
		n.right++
	case result.Outcome == rst.Refuse:
		n.falseRefusals++
		t.Errorf("%s: refused, but %s accepts it: %s", d.ID, by, result)
	default:
		n.missed++
		t.Errorf("%s: accepted, but %s says %q", d.ID, by, reason)
	}
	if result.Outcome == rst.Refuse && (result.Message == "" || result.Construct == "" || result.Fix == "") {
		t.Errorf("%s: a refusal without words: %+v", d.ID, result)
	}
}

// TestCheck_Vectors checks the vectors of the whole project.
func TestCheck_Vectors(t *testing.T) {
	t.Parallel()
	var n tally
	for _, d := range documents(t, "../../testdata/vectors/rst.json") {
		if d.ContentType == nil || *d.ContentType == "text/x-rst" {
			for _, by := range renderers {
				checkVector(t, d, by, &n)
			}
		}
	}
	t.Logf("%d right, %d undecided, %d refusals missed, %d false refusals", n.right, n.undecided, n.missed, n.falseRefusals)
	if n.undecided > 0 {
		t.Errorf("%d undecided", n.undecided)
	}
}
