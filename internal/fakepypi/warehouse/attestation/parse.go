// Package attestation parses and verifies attestations (PEP 740) as PyPI does, by the steps of pypi-attestations and sigstore-python, and
// with the keys of one Sigstore instance. It shares no code with the part of the program that makes attestations, does not decide who may
// upload what, and makes no requests.
package attestation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The form field with attestations is a JSON array of PEP 740 objects (docs/reference/attestations.md §1.1 and §1.2).

// Attestation is one decoded attestation object. It is not verified, and members that are not known are dropped.
type Attestation struct {
	certificate []byte
	entries     []json.RawMessage // objects; only the first is used
	statement   []byte
	signature   []byte
}

// modelError lists what is wrong with the format of attestations, in the form that PyPI's validator gives its messages.
type modelError []modelProblem

type modelProblem struct{ at, text, kind string }

// Error returns the message of PyPI's validator, on several lines.
func (e modelError) Error() string {
	plural := "s"
	if len(e) == 1 {
		plural = ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d validation error%s for list[Attestation]", len(e), plural)
	for _, p := range e {
		if p.at != "" {
			fmt.Fprintf(&b, "\n%s", p.at)
		}
		fmt.Fprintf(&b, "\n  %s [type=%s]\n    For further information visit https://errors.pydantic.dev/2.13/v/%[2]s", p.text, p.kind)
	}
	return b.String()
}

// Parse returns the attestations in a form field. Its error lists every problem of their format and looks like a message of PyPI's
// validator.
func Parse(text string) ([]Attestation, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		problem := err.Error()
		if strings.TrimSpace(text) == "" {
			problem = fmt.Sprintf("EOF while parsing a value at line 1 column %d", len(text))
		}
		return nil, modelError{{"", "Invalid JSON: " + problem, "json_invalid"}}
	}
	var rows []json.RawMessage
	if _, list := value.([]any); !list || json.Unmarshal([]byte(text), &rows) != nil {
		return nil, modelError{{"", "Input should be a valid array", "list_type"}}
	}
	var problems modelError
	all := make([]Attestation, len(rows))
	for i, row := range rows {
		m := model{at: fmt.Sprint(i)}
		all[i] = m.attestation(row)
		problems = append(problems, m.problems...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return all, nil
}

// model reads one object and collects the problems of its format.
type model struct {
	at       string
	problems modelError
}

// note adds a problem of the value at a path. A missing value always has the same message.
func (m *model) note(at string, err error, text, kind string) {
	if errors.Is(err, errMissing) {
		text, kind = "Field required", "missing"
	}
	m.problems = append(m.problems, modelProblem{m.at + at, text, kind})
}

// attestation returns the attestation in row, as far as it could be read.
func (m *model) attestation(row json.RawMessage) Attestation {
	const badObject, objectKind = "Input should be an object", "model_type"
	var a Attestation
	f, err := parseObject(row)
	if err != nil {
		m.note("", err, badObject, objectKind)
		return a
	}
	if version, given := f["version"]; !given {
		m.note(".version", errMissing, "", "")
	} else if string(version) != "1" {
		m.note(".version", nil, "Input should be 1", "literal_error")
	}
	if material, err := f.inner("verification_material"); err != nil {
		m.note(".verification_material", err, badObject, objectKind)
	} else {
		a.certificate = m.bytes(material, ".verification_material", "certificate")
		a.entries = m.entries(material)
	}
	if envelope, err := f.inner("envelope"); err != nil {
		m.note(".envelope", err, badObject, objectKind)
	} else {
		a.statement = m.bytes(envelope, ".envelope", "statement")
		a.signature = m.bytes(envelope, ".envelope", "signature")
	}
	return a
}

// inner returns a nested object. Unlike object, it accepts no other spelling of the name, and null is a value of the wrong type.
func (f object) inner(name string) (object, error) {
	raw, given := f[name]
	if !given {
		return nil, errMissing
	}
	return parseObject(raw)
}

// bytes returns a value in base64, decoded.
func (m *model) bytes(f object, at, name string) []byte {
	at += "." + name
	raw, given := f[name]
	if !given {
		m.note(at, errMissing, "", "")
		return nil
	}
	text, err := parseText(raw)
	if err != nil {
		m.note(at, err, "Input should be a valid bytes", "bytes_type")
		return nil
	}
	b, err := parseLooseBase64(text)
	if err != nil {
		m.note(at, err, "Base64 decoding error: '"+err.Error()+"'", "base64_decode")
	}
	return b
}

// entries returns the transparency log entries; there must be at least one.
func (m *model) entries(f object) []json.RawMessage {
	const at = ".verification_material.transparency_entries"
	raw, given := f["transparency_entries"]
	if !given {
		m.note(at, errMissing, "", "")
		return nil
	}
	var rows []json.RawMessage
	if json.Unmarshal(raw, &rows) != nil || rows == nil {
		m.note(at, nil, "Input should be a valid list", "list_type")
		return nil
	}
	if len(rows) == 0 {
		m.note(at, nil, "List should have at least 1 item after validation, not 0", "too_short")
	}
	for i, row := range rows {
		if _, err := parseObject(row); err != nil {
			m.note(fmt.Sprintf("%s.%d", at, i), err, "Input should be a valid dictionary", "dict_type")
		}
	}
	return rows
}
