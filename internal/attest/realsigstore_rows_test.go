//go:build sigstore

package attest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// signing is a run with a certificate, for statements of any kind.
func (r *realSigstore) signing(t *testing.T, claims url.Values) *signing {
	t.Helper()
	s, err := r.signer(claims).begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.certificate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// bundle signs a statement and logs nothing yet.
func (r *signing) bundle(t *testing.T, statement []byte) *protobundle.Bundle {
	t.Helper()
	b, err := r.seal(r.current, bundle.IntotoMediaType, statement)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (r *signing) entry(t *testing.T) entry {
	t.Helper()
	at, err := r.getServices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return entry{r.Signer, at, r.current}
}

// attest signs a statement of any kind and logs it.
func (r *signing) attest(t *testing.T, statement []byte) []byte {
	t.Helper()
	b := r.bundle(t, statement)
	if err := r.entry(t).add(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	text, err := encode(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// padded is a run whose certificate needs padding in base64; two of three do.
func (r *realSigstore) padded(t *testing.T) *signing {
	t.Helper()
	for range 50 {
		if s := r.signing(t, nil); len(s.current.leaf.Raw)%3 != 0 {
			return s
		}
	}
	t.Fatal("50 certificates in a row need no padding")
	return nil
}

// accepts reports whether the attestation is accepted: by us, and by the test server's index, to which the file is uploaded with it.
// The two must agree.
func (r *realSigstore) accepts(t *testing.T, s *Signer, d *distfile.Distribution, text []byte) (accepted bool, why error) {
	t.Helper()
	_, err := s.Adopt(t.Context(), d, text)
	var refused *Unverified
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("neither accepted nor refused: %v", err)
	}
	if other := r.index(t, "sample-project", "sampleproject").takes(t, d, text); (other == nil) != (err == nil) {
		t.Errorf("we say %v and the index says %v", err, other)
	}
	return err == nil, err
}

// realRow is a row of the reference: a change, and whether the index's verifier takes what comes of it.
type realRow[T any] struct {
	name     string
	accepted bool
	change   func(T) T
}

// formats are the rows of docs/reference/attestations.md §1.2.
func (r *realSigstore) formats(t *testing.T) {
	d := wheels(t, 1)[0]
	by := r.padded(t)
	original := string(by.attest(t, statement(d)))
	certificate := regexp.MustCompile(`("certificate":")([^"]*)(")`)
	without := func(pattern string) func(string) string {
		return func(text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, "") }
	}
	replace := func(pattern, by string) func(string) string {
		return func(text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, by) }
	}
	rows := []realRow[string]{
		{"as it is", true, func(text string) string { return text }},
		{"a certificate without padding", true, func(text string) string {
			return certificate.ReplaceAllStringFunc(text, func(m string) string { return strings.ReplaceAll(m, "=", "") })
		}},
		{"a certificate in lines of 76", true, func(text string) string {
			parts := certificate.FindStringSubmatch(text)
			lines := regexp.MustCompile(`.{1,76}`).FindAllString(parts[2], -1)
			return strings.Replace(text, parts[2], strings.Join(lines, `\n`), 1)
		}},
		{"the URL-safe alphabet", false, func(text string) string {
			return regexp.MustCompile(`"canonicalizedBody":"[^"]*"|"signature":"[^"]*"|"certificate":"[^"]*"`).ReplaceAllStringFunc(text,
				r.urlSafe)
		}},
		{"a log index that is a number", false, replace(`("transparency_entries":\[\{)"logIndex":"(\d+)"`, `$1"logIndex":$2`)},
		{"no log index", false, replace(`("transparency_entries":\[\{)"logIndex":"\d+",`, `$1`)},
		{"no inclusion proof", false, without(`"inclusionProof":\{.*?\}\},`)},
		{"no checkpoint", false, without(`,"checkpoint":\{[^}]*\}`)},
		{"no kind", false, without(`"kindVersion":\{[^}]*\},`)},
		{"no promise", false, without(`"inclusionPromise":\{[^}]*\},`)},
		{"no time", false, without(`"integratedTime":"\d+",`)},
		{"a second entry that is junk", true, replace(`\}\]\},"envelope"`, `},{"junk":true}]},"envelope"`)},
		{"names in snake case", true, r.snakeCase},
		{"more keys", true, replace(`^\{`, `{"timestamps":["MAA="],"more":{},`)},
		{"a version that is text", false, replace(`"version":1,`, `"version":"1",`)},
		{"a statement written anew", false, r.rewriteStatement},
	}
	accepted := 0
	for _, row := range rows {
		text := row.change(original)
		if row.name != "as it is" && text == original {
			t.Errorf("%s: nothing was changed", row.name)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s: not JSON any more: %s", row.name, text)
		}
		got, why := r.accepts(t, by.Signer, d, []byte(text))
		if got != row.accepted {
			t.Errorf("%s: accepted is %v (%v), want %v", row.name, got, why, row.accepted)
		}
		if row.accepted {
			accepted++
		}
	}
	r.logf(t, "%d formats of an attestation checked by us and by the test index as by the real one, %d of them accepted", len(rows),
		accepted)
}

func (r *realSigstore) urlSafe(text string) string {
	name, value, _ := strings.Cut(text, ":")
	return name + ":" + strings.NewReplacer("+", "-", "/", "_").Replace(value)
}

func (r *realSigstore) snakeCase(text string) string {
	for camel, snake := range map[string]string{
		"logIndex": "log_index", "logId": "log_id", "keyId": "key_id", "kindVersion": "kind_version", "integratedTime": "integrated_time",
		"inclusionPromise": "inclusion_promise", "signedEntryTimestamp": "signed_entry_timestamp", "inclusionProof": "inclusion_proof",
		"rootHash": "root_hash", "treeSize": "tree_size", "canonicalizedBody": "canonicalized_body",
	} {
		text = strings.ReplaceAll(text, `"`+camel+`"`, `"`+snake+`"`)
	}
	return text
}

func (r *realSigstore) rewriteStatement(text string) string {
	return regexp.MustCompile(`("statement":")([^"]*)(")`).ReplaceAllStringFunc(text, func(m string) string {
		value := strings.Split(m, `"`)[3]
		raw, _ := base64.StdEncoding.DecodeString(value)
		return strings.Replace(m, value, base64.StdEncoding.EncodeToString(append(raw, '\n')), 1)
	})
}

// statements are the rows of docs/reference/attestations.md §1.3, each signed and logged for real.
func (r *realSigstore) statements(t *testing.T) {
	wheel := wheel(t, filepath.Join(t.TempDir(), "sample_project-1.0-py2.py3-none-any.whl"))
	sdist, err := distfile.Read(t.Context(), realFile)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(from, to string) func(string) string {
		return func(text string) string {
			if !strings.Contains(text, from) {
				t.Fatalf("the statement has no %s: %s", from, text)
			}
			return strings.ReplaceAll(text, from, to)
		}
	}
	sum := subjectSum(wheel)
	subject := fmt.Sprintf(`{"name":"%s","digest":{"sha256":"%s"}}`, wheel.Name, sum)
	of := map[*distfile.Distribution][]realRow[string]{
		wheel: {
			{"predicate null", true, func(text string) string { return text }},
			{"predicate {}", true, replace(`"predicate":null`, `"predicate":{}`)},
			{"no predicate", true, replace(`,"predicate":null`, ``)},
			{"predicate a list", false, replace(`"predicate":null`, `"predicate":[]`)},
			{"predicate with members", false, replace(`"predicate":null`, `"predicate":{"a":1}`)},
			{"two subjects", false, replace(subject, subject+","+subject)},
			{"no subject", false, replace(subject, "")},
			{"another spelling of the project", true, replace("sample_project", "Sample.Project")},
			{"another spelling of the version", true, replace("-1.0-", "-1.0.0-")},
			{"another order of tags", true, replace("py2.py3", "py3.py2")},
			{"another version", false, replace("-1.0-", "-1.1-")},
			{"other tags", false, replace("py2.py3", "py3")},
			{"a path in the name", false, replace(wheel.Name, "dist/"+wheel.Name)},
			{"a digest in upper case", false, replace(sum, strings.ToUpper(sum))},
			{"one more digest", true, replace(`"digest":{`, `"digest":{"sha512":"`+strings.Repeat("ab", 64)+`",`)},
			{"a digest that is not known", false, replace(`"digest":{`, `"digest":{"blake2b":"`+strings.Repeat("ab", 32)+`",`)},
			{
				"provenance of SLSA", true,
				replace(publishPredicate+`","predicate":null`, slsaPredicate+`","predicate":{"buildDefinition":{}}`),
			},
			{"another predicate type", false, replace(publishPredicate, "https://example.com/p/v1")},
			{"an older statement", false, replace("Statement/v1", "Statement/v0.1")},
			{"pretty printed, with more keys", true, func(text string) string {
				return "{\n  \"more\": [1],\n  " + strings.TrimPrefix(text, "{")
			}},
		},
		sdist: {
			{"a zip for a tar.gz", true, replace(".tar.gz", ".zip")},
			{"another spelling of project and version", true, replace("sampleproject-3.0.0", "SampleProject-3.0")},
		},
	}
	by := r.signing(t, nil)
	all, accepted := 0, 0
	for d, rows := range of {
		for _, row := range rows {
			got, why := r.accepts(t, by.Signer, d, by.attest(t, []byte(row.change(string(statement(d))))))
			if got != row.accepted {
				t.Errorf("%s: accepted is %v (%v), want %v", row.name, got, why, row.accepted)
			}
			all++
			if row.accepted {
				accepted++
			}
		}
	}
	r.logf(t, "%d statements signed, logged and checked by us and by the test index as by the real one, %d of them accepted", all, accepted)
}

// identities are ID tokens that sign and verify though they are unusual (docs/reference/attestations.md §2.2 and §2.5).
func (r *realSigstore) identities(t *testing.T) {
	d := wheels(t, 1)[0]
	rows := map[string]url.Values{
		"a subject that names numbers":     {"sub": {"repo:octo-org@1/octo-repo@2:environment:pypi"}},
		"an environment that is not ASCII": {"environment": {"本番"}, "sub": {"repo:" + realRepository + ":environment:本番"}},
		"no environment":                   {"environment": {""}, "sub": {"repo:" + realRepository + ":ref:" + realRef}},
		"a workflow at a commit": {
			"workflow_ref":     {realWorkflow + "@" + realCommit},
			"job_workflow_ref": {realWorkflow + "@" + realCommit},
		},
		"a branch": {
			"ref":              {"refs/heads/main"},
			"workflow_ref":     {realWorkflow + "@refs/heads/main"},
			"job_workflow_ref": {realWorkflow + "@refs/heads/main"},
		},
		"a private repository, self-hosted":  {"repository_visibility": {"private"}, "runner_environment": {"self-hosted"}},
		"a clock that is ahead by a minute":  {"iat": {"1m"}, "nbf": {"1m"}, "exp": {"6m"}},
		"a token with two seconds of leeway": {"nbf": {"2s"}},
	}
	for name, claims := range rows {
		t.Run(name, func(t *testing.T) {
			all, err := r.signer(claims).Sign(t.Context(), []*distfile.Distribution{d}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, why := r.accepts(t, r.signer(claims), d, all[0].JSON); !got {
				t.Error(why)
			}
		})
	}
	r.logf(t, "%d unusual identities signed, and verified by us and by the test index", len(rows))
}
