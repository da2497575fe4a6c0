package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The types of statements and predicates that the index accepts. They are identifiers, not addresses.
const (
	statementType    = "https://in-toto.io/Statement/v1"
	publishPredicate = "https://docs.pypi.org/attestations/publish/v1"
	slsaPredicate    = "https://slsa.dev/provenance/v1"
)

// statement returns the statement to sign, byte for byte as the reference implementation writes it (docs/reference/attestations.md §1.3).
func statement(d *distfile.Distribution) []byte {
	type subject struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	// Strings cannot fail to be encoded.
	_ = encoder.Encode(struct {
		Type          string    `json:"_type"`
		Subject       []subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     any       `json:"predicate"`
	}{statementType, []subject{{d.Name, map[string]string{"sha256": subjectSum(d)}}}, publishPredicate, nil})
	return []byte(strings.TrimSuffix(text.String(), "\n"))
}

// checkStatement checks a statement about the file by the rules of the index, and returns the type of its predicate
// (docs/reference/attestations.md §1.3, and docs/reference/pypi-server.md §5.2).
func checkStatement(raw []byte, d *distfile.Distribution) (predicate string, err error) {
	var r reader
	top := r.object(raw)
	kind, predicate := r.text(top, "_type"), r.text(top, "predicateType")
	subjects := r.list(top, "subject")
	if r.err != nil {
		return "", fmt.Errorf("its statement cannot be read: %w", r.err)
	}
	switch {
	case kind != statementType:
		return "", fmt.Errorf("its statement has an unknown type, %.100q", kind)
	case predicate != publishPredicate && predicate != slsaPredicate:
		return "", fmt.Errorf("the index does not accept its predicate type %.100q", predicate)
	case len(subjects) != 1:
		return "", fmt.Errorf("its statement is about %d files instead of one", len(subjects))
	}
	if err := checkPredicate(top["predicate"], predicate); err != nil {
		return "", err
	}
	return predicate, checkSubject(subjects[0], d)
}

// checkPredicate returns an error if the predicate is neither an object nor absent, or if a publish predicate has members.
func checkPredicate(raw json.RawMessage, kind string) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var members object
	if json.Unmarshal(raw, &members) != nil {
		return errors.New("its predicate is not an object")
	}
	if kind == publishPredicate && len(members) > 0 {
		return errors.New("its predicate is not empty")
	}
	return nil
}

// checkSubject returns an error if the subject of a statement is not the file.
func checkSubject(raw json.RawMessage, d *distfile.Distribution) error {
	var r reader
	subject := r.object(raw)
	name, digests := r.text(subject, "name"), r.object(r.get(subject, "digest"))
	sum := r.text(digests, "sha256")
	if r.err != nil {
		return fmt.Errorf("the subject of its statement cannot be read: %w", r.err)
	}
	known := []string{"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
	for algorithm := range digests {
		if !slices.Contains(known, algorithm) {
			return fmt.Errorf("its subject has a digest %.50q that the index does not know", algorithm)
		}
		if r.text(digests, algorithm); r.err != nil {
			return errors.New("a digest of its subject is not text")
		}
	}
	switch {
	case !sameFile(name, d.Name):
		return fmt.Errorf("it is about %.200q, not about %s", name, d.Name)
	case sum != subjectSum(d):
		return fmt.Errorf("it is about a different file: its sha256 is %.100q, the file's is %s", sum, subjectSum(d))
	}
	return nil
}

// sameFile reports whether two file names are equal as the index compares them: parsed, not by spelling.
func sameFile(a, b string) bool {
	if strings.HasSuffix(a, ".whl") {
		x, errX := pep.ParseWheelName(a)
		y, errY := pep.ParseWheelName(b)
		return errX == nil && errY == nil && sameRelease(x.Name, x.Version, y.Name, y.Version) &&
			sameBuild(x.Build, y.Build) && slices.Equal(tags(x), tags(y))
	}
	x, errX := pep.ParseSdistName(a)
	y, errY := pep.ParseSdistName(b)
	return errX == nil && errY == nil && sameRelease(x.Name, x.Version, y.Name, y.Version)
}

// sameRelease reports whether two names and versions are equal after normalization.
func sameRelease(nameA, versionA, nameB, versionB string) bool {
	a, errA := pep.ParseVersion(versionA)
	b, errB := pep.ParseVersion(versionB)
	return errA == nil && errB == nil && pep.Normalize(nameA) == pep.Normalize(nameB) && a.Compare(b) == 0
}

// sameBuild reports whether two build tags have the same number and the same rest.
func sameBuild(a, b string) bool {
	split := func(tag string) (number, rest string) {
		rest = strings.TrimLeft(tag, "0123456789")
		return strings.TrimLeft(tag[:len(tag)-len(rest)], "0"), rest
	}
	numberA, restA := split(a)
	numberB, restB := split(b)
	return (a == "") == (b == "") && numberA == numberB && restA == restB
}

// mostTags limits the number of tags of one kind in a name.
const mostTags = 64

// tags returns the tags of a wheel's three positions, each sorted and without duplicates. The index compares their product, which is
// equal exactly if these are equal.
func tags(w pep.WheelName) []string {
	var all []string
	for _, position := range []string{w.Python, w.ABI, w.Platform} {
		parts := strings.SplitN(strings.ToLower(position), ".", mostTags)
		slices.Sort(parts)
		all = append(all, strings.Join(slices.Compact(parts), "."))
	}
	return all
}
