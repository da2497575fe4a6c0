package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/report"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	s, err := compiler.Compile("../../docs/manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// manifests are the manifest as an output and as a file.
func manifests(t *testing.T, events []ledger.Event) (output, file []byte) {
	t.Helper()
	p := &page{}
	r := report.New(p, report.Options{Manifest: func(text []byte) error { file = text; return nil }})
	conclude(t, r, nil, events)
	for line := range strings.Lines(p.outputs.String()) {
		if value, ok := strings.CutPrefix(line, "manifest="); ok {
			output = []byte(strings.TrimSpace(value))
		}
	}
	return output, file
}

// TestManifest_Schema: in every situation, as an output and as a file, and both say the same.
func TestManifest_Schema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, events := range situations() {
		output, file := manifests(t, events)
		for form, text := range map[string][]byte{"output": output, "file": file} {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, form, err)
			}
			if err := s.Validate(value); err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
			}
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, file); err != nil || !bytes.Equal(compact.Bytes(), output) {
			t.Errorf("%s: output and file differ, %v", name, err)
		}
	}
}

// TestManifest_Abridged: the output says so, keeps the errors longest, and is still what the schema says; the file
// is whole.
func TestManifest_Abridged(t *testing.T) {
	t.Parallel()
	var files []ledger.File
	for n := range 700 {
		files = append(files, file(fmt.Sprintf("my_project-1.0-%d-py3-none-any.whl", n), ledger.ActionPresent))
	}
	events := opening(files...)
	for n := range 1500 {
		severity := finding.Warning
		if n == 0 {
			severity = finding.Error
		}
		events = append(events, ledger.Noted{Finding: finding.Finding{ID: "x", Severity: severity, Message: strings.Repeat("é", 300)}})
	}
	output, file := manifests(t, append(events, ledger.Ended{At: noon.Add(time.Second)}))
	if len(output) > 450_000 || len(file) < 800_000 {
		t.Errorf("%d bytes, file %d", len(output), len(file))
	}
	var decoded struct {
		Truncated bool
		Files     []any
		Findings  []struct{ Severity string }
	}
	if err := json.Unmarshal(output, &decoded); err != nil {
		t.Fatal(err)
	}
	if !decoded.Truncated || len(decoded.Files) != 700 || len(decoded.Findings) != 1 || decoded.Findings[0].Severity != "error" {
		t.Errorf("truncated %v, %d files, findings %v", decoded.Truncated, len(decoded.Files), decoded.Findings)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(value); err != nil {
		t.Error(err)
	}
}

// TestOutputs_Together: GitHub's limit is for all outputs of a job, in UTF-16. A set of ten thousand files stays below it, and the lists
// that are cut are still lists. With -short there are fewer files, and still too many for all lists.
func TestOutputs_Together(t *testing.T) {
	t.Parallel()
	count := 10_000
	if testing.Short() {
		count = 4_000
	}
	var files []ledger.File
	for n := range count {
		files = append(files, file(fmt.Sprintf("my_project-1.0-%d-py3-none-any.whl", n), ledger.ActionPresent))
	}
	p := &page{}
	conclude(t, report.New(p, report.Options{}), nil, append(opening(files...), ledger.Ended{At: noon.Add(time.Second)}))
	total := 0
	for line := range strings.Lines(p.outputs.String()) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		total += len(utf16.Encode([]rune(value)))
		if name != "files" {
			continue
		}
		var names []string
		if err := json.Unmarshal([]byte(value), &names); err != nil || len(names) == 0 || names[0] != files[0].Name {
			t.Errorf("%d names, %v", len(names), err)
		}
	}
	if total > 450_000 {
		t.Errorf("%d units of UTF-16", total)
	}
}
