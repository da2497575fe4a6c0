package attestation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The content of an attestation (docs/reference/attestations.md §1.3): an in-toto statement about one distribution.

const (
	publishPredicate = "https://docs.pypi.org/attestations/publish/v1"
	slsaPredicate    = "https://slsa.dev/provenance/v1"
)

// statement is a decoded in-toto statement.
type statement struct {
	subjects  []subject
	predicate string // its type
	content   object // of the predicate; nil if it is missing or null
}

type subject struct {
	name   string
	digest map[string]string
}

// digestNames returns the names of digests that a subject may have.
func digestNames() []string {
	return []string{"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
}

// parseStatement returns the statement in text. Unknown members are ignored, but an unknown digest name is an error.
func parseStatement(text []byte) (statement, error) {
	var s statement
	invalid := func(at string) (statement, error) {
		return statement{}, VerificationError("invalid statement: 1 validation error for _Statement at " + at)
	}
	f, err := parseObject(text)
	if err != nil {
		return invalid("the whole")
	}
	if kind, err := f.text("_type"); err != nil || kind != "https://in-toto.io/Statement/v1" {
		return invalid("_type")
	}
	var rows []json.RawMessage
	if json.Unmarshal(f["subject"], &rows) != nil || len(rows) == 0 {
		return invalid("subject")
	}
	for i, row := range rows {
		one, err := parseSubject(row)
		if err != nil {
			return invalid(fmt.Sprintf("subject.%d", i))
		}
		s.subjects = append(s.subjects, one)
	}
	if s.predicate, err = parseText(f["predicateType"]); err != nil {
		return invalid("predicateType")
	}
	if raw := f["predicate"]; raw != nil && string(raw) != "null" {
		if s.content, err = parseObject(raw); err != nil {
			return invalid("predicate")
		}
	}
	return s, nil
}

// parseSubject returns the subject in row.
func parseSubject(row json.RawMessage) (subject, error) {
	var s subject
	f, err := parseObject(row)
	if err != nil {
		return s, err
	}
	if raw := f["name"]; raw != nil && string(raw) != "null" {
		if s.name, err = parseText(raw); err != nil {
			return s, err
		}
	}
	digests, err := f.inner("digest")
	if err != nil {
		return s, err
	}
	s.digest = map[string]string{}
	for name, raw := range digests {
		if !slices.Contains(digestNames(), name) {
			return s, errKind
		}
		if s.digest[name], err = parseText(raw); err != nil {
			return s, err
		}
	}
	return s, nil
}

// about returns an error unless the statement is about the distribution with this name and SHA-256 (lower-case hex) and its predicate
// type is one that PyPI accepts.
func (s statement) about(filename, sha256 string) error {
	if len(s.subjects) != 1 {
		return VerificationError("too many subjects in statement (must be exactly one)")
	}
	one := s.subjects[0]
	if one.name == "" {
		return VerificationError("invalid subject: missing name")
	}
	named, err := distribution(one.name)
	if err != nil {
		return VerificationError("invalid subject: " + err.Error())
	}
	uploaded, err := distribution(filename)
	if err != nil {
		return err
	}
	switch {
	case named != uploaded:
		return VerificationError(fmt.Sprintf("subject does not match distribution name: %s != %s", one.name, filename))
	case one.digest["sha256"] != sha256:
		return VerificationError("subject does not match distribution digest")
	case s.predicate != publishPredicate && s.predicate != slsaPredicate:
		return VerificationError("unknown attestation type: " + s.predicate)
	}
	return nil
}

// distributed is what different spellings of one distribution's file name have in common.
type distributed struct{ project, version, build, python, abi, platform string }

// distribution returns the parts of a file name, normalized. A source distribution has no build tag and no other tags.
func distribution(filename string) (distributed, error) {
	if strings.HasSuffix(filename, ".whl") {
		w, err := pep.ParseWheelName(filename)
		if err != nil {
			return distributed{}, err
		}
		version, err := canonical(w.Version)
		return distributed{string(pep.Normalize(w.Name)), version, build(w.Build), tags(w.Python), tags(w.ABI), tags(w.Platform)}, err
	}
	if !strings.HasSuffix(filename, ".tar.gz") && !strings.HasSuffix(filename, ".zip") {
		return distributed{}, fmt.Errorf("unknown distribution format: %s", filename)
	}
	s, err := pep.ParseSdistName(filename)
	if err != nil {
		return distributed{}, err
	}
	version, err := canonical(s.Version)
	return distributed{project: string(pep.Normalize(s.Name)), version: version}, err
}

// canonical returns the same text for equal versions, and different ones for different versions.
func canonical(version string) (string, error) {
	v, err := pep.ParseVersion(version)
	return v.Canonical(), err
}

// build returns a build tag in a form to compare: its number without leading zeros, and the rest.
func build(tag string) string {
	rest := strings.TrimLeft(tag, "0123456789")
	number := strings.TrimLeft(strings.TrimSuffix(tag, rest), "0")
	if tag != "" && number == "" {
		number = "0"
	}
	return number + " " + rest
}

// tags returns the tags in a compressed tag set: lower-case, sorted, without duplicates.
func tags(compressed string) string {
	all := strings.Split(strings.ToLower(compressed), ".")
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ".")
}
