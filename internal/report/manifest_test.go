package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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
	for n := range 1500 {
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
	if len(output) > 900_000 || len(file) < 900_000 {
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
	if !decoded.Truncated || len(decoded.Files) != 1500 || len(decoded.Findings) != 1 || decoded.Findings[0].Severity != "error" {
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
