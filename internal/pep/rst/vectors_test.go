package rst_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// document is a description and what docutils 0.23 says of it.
type document struct {
	ID          string
	ContentType *string `json:"content_type"`
	Description string
	Verdict     string // accept or reject
	Reason      string // the first message
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

func judge(t *testing.T, d document, n *tally) {
	t.Helper()
	verdict := rst.Check(d.Description)
	switch {
	case verdict.Outcome == rst.Undecided:
		n.undecided++
	case (verdict.Outcome == rst.Accept) == (d.Verdict == "accept"):
		n.right++
	case verdict.Outcome == rst.Refuse:
		n.falseRefusals++
		t.Errorf("%s: refused, but docutils accepts it: %s", d.ID, verdict)
	default:
		n.missed++
		t.Errorf("%s: accepted, but docutils says %q", d.ID, d.Reason)
	}
	if verdict.Outcome == rst.Refuse && (verdict.Message == "" || verdict.Construct == "" || verdict.Fix == "") {
		t.Errorf("%s: a refusal without words: %+v", d.ID, verdict)
	}
}

// TestVectors judges the vectors of the whole project.
func TestVectors(t *testing.T) {
	t.Parallel()
	var n tally
	for _, d := range documents(t, "../../testdata/vectors/rst.json") {
		if d.ContentType == nil || *d.ContentType == "text/x-rst" {
			judge(t, d, &n)
		}
	}
	t.Logf("%d right, %d undecided, %d refusals missed, %d false refusals", n.right, n.undecided, n.missed, n.falseRefusals)
	if n.undecided > 0 {
		t.Errorf("%d undecided", n.undecided)
	}
}
