package attestation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// What an attestation says (docs/reference/attestations.md §1.3): an in-toto statement about one distribution.

const (
	publishPredicate = "https://docs.pypi.org/attestations/publish/v1"
	slsaPredicate    = "https://slsa.dev/provenance/v1"
)

// statement is one, decoded.
type statement struct {
	subjects  []subject
	predicate string // its type
	content   object // of the predicate; nil where it is absent or null
}

type subject struct {
	name   string
	digest map[string]string
}

// digestNames are those that a subject may have.
func digestNames() []string {
	return []string{"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
}

// parseStatement reads a statement. Names that it does not know are no error, but those of digests are.
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

// about tells whether the statement is one of the distribution, and of a kind that the index takes.
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

// distributed is what the names of one distribution have in common, however they are spelled.
type distributed struct{ project, version, build, python, abi, platform string }

// distribution reads the name of a file. A source distribution has no build and no tags.
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

// canonical is the same for equal versions, and for no others.
func canonical(version string) (string, error) {
	v, err := pep.ParseVersion(version)
	return v.Canonical(), err
}

// build is a build tag as it is compared: a number, and what follows.
func build(tag string) string {
	rest := strings.TrimLeft(tag, "0123456789")
	number := strings.TrimLeft(strings.TrimSuffix(tag, rest), "0")
	if tag != "" && number == "" {
		number = "0"
	}
	return number + " " + rest
}

// tags are those of one kind, in order and once each.
func tags(compressed string) string {
	all := strings.Split(strings.ToLower(compressed), ".")
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ".")
}
