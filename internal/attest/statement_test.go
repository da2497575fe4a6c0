package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// The rows of the reference's table of statements (docs/reference/attestations.md §1.3, and docs/reference/pypi-server.md §5.2).
func statementRows() map[string]struct {
	change   func(string) string
	accepted bool
} {
	type row = struct {
		change   func(string) string
		accepted bool
	}
	swap := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	subject := func(s string) string {
		_, rest, _ := strings.Cut(s, `"subject":[`)
		one, _, _ := strings.Cut(rest, `]`)
		return one
	}
	upper := func(s string) string {
		_, rest, _ := strings.Cut(s, `"sha256":"`)
		return strings.Replace(s, rest[:64], strings.ToUpper(rest[:64]), 1)
	}
	return map[string]row{
		"as the reference writes it":  {swap("", ""), true},
		"predicate {}":                {swap(`"predicate":null`, `"predicate":{}`), true},
		"predicate with white space":  {swap(`"predicate":null`, `"predicate": { }`), true},
		"no predicate":                {swap(`,"predicate":null`, ``), true},
		"a predicate of members":      {swap(`"predicate":null`, `"predicate":{"a":1}`), false},
		"a predicate that is a list":  {swap(`"predicate":null`, `"predicate":[]`), false},
		"a predicate that is text":    {swap(`"predicate":null`, `"predicate":""`), false},
		"pretty printed":              {func(s string) string { return strings.NewReplacer(":{", ": {\n ", ",", ",\n ").Replace(s) }, true},
		"extra keys":                  {swap(`{"_type"`, `{"surplus":[1],"_type"`), true},
		"an extra key of the subject": {swap(`{"name"`, `{"annotations":{},"name"`), true},
		"slsa provenance":             {swap("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"), true},
		"slsa provenance with members": {func(s string) string {
			s = swap("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1")(s)
			return swap(`null`, `{"buildDefinition":{}}`)(s)
		}, true},
		"slsa provenance with a list": {func(s string) string {
			return swap(`null`, `[]`)(swap("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1")(s))
		}, false},
		"slsa provenance 0.2": {
			swap("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v0.2"), false,
		},
		"publish/v2":                      {swap("publish/v1", "publish/v2"), false},
		"no predicate type":               {swap("predicateType", "predicateKind"), false},
		"Statement/v0.1":                  {swap("Statement/v1", "Statement/v0.1"), false},
		"no type":                         {swap(`"_type"`, `"type"`), false},
		"two subjects":                    {func(s string) string { return swap(subject(s), subject(s)+","+subject(s))(s) }, false},
		"no subject":                      {func(s string) string { return swap(subject(s), "")(s) }, false},
		"a subject that is no list":       {func(s string) string { return swap("["+subject(s)+"]", subject(s))(s) }, false},
		"an upper-case digest":            {upper, false},
		"another digest":                  {swap(`"sha256":"`, `"sha256":"00`), false},
		"no sha256":                       {swap(`"sha256"`, `"sha512"`), false},
		"sha512 as well":                  {swap(`{"sha256"`, `{"sha512":"00","sha256"`), true},
		"sha3_256 as well":                {swap(`{"sha256"`, `{"sha3_256":"00","sha256"`), true},
		"blake2b as well":                 {swap(`{"sha256"`, `{"blake2b":"00","sha256"`), false},
		"a digest that is a number":       {swap(`{"sha256"`, `{"sha512":1,"sha256"`), false},
		"no name":                         {swap(`"name"`, `"uri"`), false},
		"a null name":                     {func(s string) string { return swap(subject(s), swapName(subject(s), "null"))(s) }, false},
		"a path":                          {swap(`"name":"`, `"name":"dist/`), false},
		"an absolute path":                {swap(`"name":"`, `"name":"/dist/`), false},
		"another spelling of the name":    {swap(`"name":"sample_project-`, `"name":"Sample.Project-`), true},
		"another spelling of the version": {swap(`-1.0-`, `-1.0.0-`), true},
		"another version":                 {swap(`-1.0-`, `-1.1-`), false},
		"another order of tags":           {swap(`py2.py3`, `py3.py2`), true},
		"another letter case of tags":     {swap(`py2.py3`, `PY2.py3`), true},
		"a tag less":                      {swap(`py2.py3`, `py3`), false},
		"another build tag":               {swap(`-1-py2`, `-2-py2`), false},
		"the same number as build tag":    {swap(`-1-py2`, `-01-py2`), true},
		"no build tag":                    {swap(`-1-py2`, `-py2`), false},
		"an sdist of the same release":    {swap(`sample_project-1.0-1-py2.py3-none-any.whl`, `sample_project-1.0.tar.gz`), false},
		"no file name":                    {swap(`.whl`, `.exe`), false},
		"not JSON":                        {func(string) string { return "x" }, false},
		"null":                            {func(string) string { return "null" }, false},
		"a list":                          {func(s string) string { return "[" + s + "]" }, false},
		"something after it":              {func(s string) string { return s + "{}" }, false},
	}
}

func swapName(subject, to string) string {
	_, rest, _ := strings.Cut(subject, `"name":`)
	name, _, _ := strings.Cut(rest, `,`)
	return strings.Replace(subject, name, to, 1)
}

const statementWheel = "sample_project-1.0-1-py2.py3-none-any.whl"

func TestStatement_Rules(t *testing.T) {
	t.Parallel()
	d := &distfile.Distribution{Name: statementWheel}
	d.Digests.SHA256 = sha256.Sum256([]byte("bytes"))
	for name, row := range statementRows() {
		changed := row.change(string(statement(d)))
		if changed == string(statement(d)) && name != "as the reference writes it" {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := checkStatement([]byte(changed), d); (err == nil) != row.accepted {
			t.Errorf("%s: accepted: %v (%v)\n%s", name, err == nil, err, changed)
		}
	}
}

func TestStatement_SubjectNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{"a-1.0.tar.gz", "a-1.zip", true},
		{"Sample.Project-1.0.tar.gz", "sample_project-1.0.tar.gz", true},
		{"a-1.0+local.1.tar.gz", "a-1.0+LOCAL-1.tar.gz", false}, // a dash parts name and version
		{"a-1.0rc1.tar.gz", "a-1.0.tar.gz", false},
		{"a-1.0.tar.gz", "b-1.0.tar.gz", false},
		{"a-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl", true},
		{"a-1.0-py3-none-linux_x86_64.manylinux1_x86_64.whl", "a-1.0-py3-none-manylinux1_x86_64.linux_x86_64.whl", true},
		{"a-1.0-0-py3-none-any.whl", "a-1.0-py3-none-any.whl", false},
		{"a-1.0-1a-py3-none-any.whl", "a-1.0-1b-py3-none-any.whl", false},
		{"a-1.0.tgz", "a-1.0.tgz", false},
		{"", "", false},
	} {
		if got := sameFile(row.a, row.b); got != row.same {
			t.Errorf("%s and %s: %v", row.a, row.b, got)
		}
		if got := sameFile(row.b, row.a); got != row.same {
			t.Errorf("%s and %s, the other way: %v", row.b, row.a, got)
		}
	}
}

func TestStatement_SubjectDigest(t *testing.T) {
	t.Parallel()
	d := &distfile.Distribution{}
	d.Digests.SHA256 = sha256.Sum256(nil)
	if sum := sha256.Sum256(nil); subjectSum(d) != hex.EncodeToString(sum[:]) {
		t.Error(subjectSum(d))
	}
}
