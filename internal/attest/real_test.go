package attest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// The attestation of a real release of pypa/sampleproject, published from Google Cloud and not from GitHub: its certificate
// names an issuer and an e-mail address, and no workflow.
const realFile = "testdata/sampleproject-3.0.0.tar.gz"

// google is the policy of the index for that publisher.
func google(*x509.Certificate) (verify.CertificateIdentities, error) {
	id, err := exactly("https://accounts.google.com", fulcio.Extensions{})
	return verify.CertificateIdentities{id}, err
}

func realAttestation(t testing.TB) (*distfile.Distribution, []byte) {
	t.Helper()
	d, err := distfile.Read(t.Context(), realFile)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(realFile + ".publish.attestation")
	if err != nil {
		t.Fatal(err)
	}
	return d, raw
}

// publicRoot is the public good instance's.
func publicRoot(t testing.TB) root.TrustedMaterial {
	t.Helper()
	trusted, err := root.NewTrustedRootFromJSON(copiedTrustedRoot)
	if err != nil {
		t.Fatal(err)
	}
	return trusted
}

// checkPolicy is everything that verify asks for, without leniency.
func checkPolicy(d *distfile.Distribution, raw []byte, trusted root.TrustedMaterial, who policy) (Attestation, error) {
	a, b, err := read(d, raw, who)
	if err != nil {
		return a, err
	}
	return a, verifyBundle(b, d, trusted, who)
}

func TestVerify_RealAttestation(t *testing.T) {
	t.Parallel()
	d, raw := realAttestation(t)
	a, err := checkPolicy(d, raw, publicRoot(t), google)
	if err != nil {
		t.Fatal(err)
	}
	if a.LogIndex != 125970014 || a.Predicate != publishPredicate || !a.Integrated.Equal(time.Unix(1724951379, 0)) {
		t.Errorf("read %+v", a)
	}
	// What we make of it is accepted like the original.
	if _, err := checkPolicy(d, a.JSON, publicRoot(t), google); err != nil {
		t.Error(err)
	}
	_, err = checkPolicy(d, raw, publicRoot(t), New(Options{}).identity(oidc.Claims{
		Issuer: oidc.GitHubIssuer, Repository: "pypa/sampleproject",
		WorkflowRef:    "pypa/sampleproject/.github/workflows/release.yml@refs/heads/main",
		JobWorkflowRef: "pypa/sampleproject/.github/workflows/release.yml@refs/heads/main",
	}))
	if err == nil {
		t.Error("it verifies for a workflow of GitHub, which it does not name")
	}
}

// tree is JSON as it can be changed.
type tree = map[string]any

func at(t tree, path ...string) tree {
	for _, name := range path {
		t, _ = t[name].(tree)
	}
	return t
}

func firstEntry(t tree) tree {
	entries, _ := at(t, "verification_material")["transparency_entries"].([]any)
	e, _ := entries[0].(tree)
	return e
}

// rewrite changes a text of an object.
func rewrite(o tree, name string, change func(string) string) {
	text, _ := o[name].(string)
	o[name] = change(text)
}

// flip changes one bit of base64.
func flip(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return "?"
	}
	raw[len(raw)/2] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

func urlSafe(text string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(text) }

func drop(names ...string) func(tree) {
	return func(t tree) {
		for _, name := range names {
			delete(firstEntry(t), name)
		}
	}
}

// The rows of the reference's tables, and what else can be changed without the key (docs/reference/attestations.md §1.2 and §2.1).
func TestVerify_MutatedAttestation(t *testing.T) {
	t.Parallel()
	entry := func(name string, change func(string) string, path ...string) func(tree) {
		return func(t tree) { rewrite(at(firstEntry(t), path...), name, change) }
	}
	to := func(value string) func(string) string { return func(string) string { return value } }
	for name, row := range map[string]struct {
		change   func(tree)
		accepted bool
	}{
		"nothing":                            {func(tree) {}, true},
		"newlines within the certificate":    {func(t tree) { rewrite(at(t, "verification_material"), "certificate", columns) }, true},
		"the certificate without padding":    {func(t tree) { rewrite(at(t, "verification_material"), "certificate", unpadded) }, true},
		"the statement without padding":      {func(t tree) { rewrite(at(t, "envelope"), "statement", unpadded) }, true},
		"an extra key":                       {func(t tree) { t["surplus"] = 1 }, true},
		"timestamps in the material":         {func(t tree) { at(t, "verification_material")["timestamps"] = []string{"AAAA"} }, true},
		"a second entry of junk":             {second, true},
		"snake case in the entry":            {func(t tree) { snake(firstEntry(t)) }, true},
		"the version as text":                {func(t tree) { t["version"] = "1" }, false},
		"version 2":                          {func(t tree) { t["version"] = 2 }, false},
		"no version":                         {func(t tree) { delete(t, "version") }, false},
		"the certificate in URL-safe base64": {func(t tree) { rewrite(at(t, "verification_material"), "certificate", urlSafe) }, false},
		"the signature in URL-safe base64": {func(t tree) {
			rewrite(at(t, "envelope"), "signature", func(s string) string { return urlSafe(s) + "-_" })
		}, false},
		"a root hash in URL-safe base64": {entry("rootHash", func(string) string { return "--__" }, "inclusionProof"), false},
		"logIndex as a number":           {func(t tree) { firstEntry(t)["logIndex"] = 125970014 }, false},
		"treeSize as a number":           {func(t tree) { at(firstEntry(t), "inclusionProof")["treeSize"] = 4065754 }, false},
		"no logIndex":                    {drop("logIndex"), false},
		"no inclusionProof":              {drop("inclusionProof"), false},
		"no checkpoint":                  {func(t tree) { delete(at(firstEntry(t), "inclusionProof"), "checkpoint") }, false},
		"an empty checkpoint":            {entry("envelope", to(""), "inclusionProof", "checkpoint"), false},
		"no kindVersion":                 {drop("kindVersion"), false},
		"no inclusionPromise":            {drop("inclusionPromise"), false},
		"an empty inclusionPromise":      {entry("signedEntryTimestamp", to(""), "inclusionPromise"), false},
		"no integratedTime":              {drop("integratedTime"), false},
		"integratedTime 0":               {entry("integratedTime", to("0")), false},
		"a negative index":               {entry("logIndex", to("-1")), false},
		"no entry":                       {func(t tree) { at(t, "verification_material")["transparency_entries"] = []any{} }, false},
		"a null entry": {
			func(t tree) { at(t, "verification_material")["transparency_entries"] = []any{nil} }, false,
		},
		"junk before the entry":       {first, false},
		"another kind":                {entry("kind", to("intoto"), "kindVersion"), false},
		"another version of the kind": {entry("version", to("0.0.2"), "kindVersion"), false},
		"a flipped promise":           {entry("signedEntryTimestamp", flip, "inclusionPromise"), false},
		"a flipped root hash":         {entry("rootHash", flip, "inclusionProof"), false},
		"a flipped body":              {entry("canonicalizedBody", flip), false},
		"a flipped log id":            {entry("keyId", flip, "logId"), false},
		"another index":               {entry("logIndex", to("125970015")), false},
		"another index in the tree":   {entry("logIndex", to("4065751"), "inclusionProof"), false},
		"another tree size":           {entry("treeSize", to("4065755"), "inclusionProof"), false},
		"a hash less":                 {func(t tree) { shorter(at(firstEntry(t), "inclusionProof")) }, false},
		"another checkpoint": {
			entry("envelope", func(s string) string { return strings.Replace(s, "4065754", "4065755", 1) }, "inclusionProof", "checkpoint"),
			false,
		},
		"a later time, within the life":       {entry("integratedTime", to("1724951380")), false},
		"a time after the certificate's end":  {entry("integratedTime", to("1724952000")), false},
		"a flipped certificate":               {func(t tree) { rewrite(at(t, "verification_material"), "certificate", flip) }, false},
		"a flipped statement":                 {func(t tree) { rewrite(at(t, "envelope"), "statement", flip) }, false},
		"a flipped signature":                 {func(t tree) { rewrite(at(t, "envelope"), "signature", flip) }, false},
		"the statement written in other form": {func(t tree) { rewrite(at(t, "envelope"), "statement", spaced) }, false},
		"no envelope":                         {func(t tree) { delete(t, "envelope") }, false},
		"other letter case of a key":          {func(t tree) { t["Envelope"] = t["envelope"]; delete(t, "envelope") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, raw := realAttestation(t)
			var changed tree
			if err := json.Unmarshal(raw, &changed); err != nil {
				t.Fatal(err)
			}
			row.change(changed)
			text, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			a, err := checkPolicy(d, text, publicRoot(t), google)
			if (err == nil) != row.accepted {
				t.Fatalf("accepted: %v (%v)", err == nil, err)
			}
			if err != nil {
				return
			}
			if _, err := checkPolicy(d, a.JSON, publicRoot(t), google); err != nil {
				t.Errorf("what is made of it does not verify: %v", err)
			}
		})
	}
}

func columns(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i += 76 {
		b.WriteString(text[i:min(i+76, len(text))] + "\n")
	}
	return b.String()
}

func unpadded(text string) string { return strings.TrimRight(text, "=") }

func second(t tree) {
	m := at(t, "verification_material")
	entries, _ := m["transparency_entries"].([]any)
	m["transparency_entries"] = append(entries, tree{"junk": true})
}

func first(t tree) {
	m := at(t, "verification_material")
	entries, _ := m["transparency_entries"].([]any)
	m["transparency_entries"] = append([]any{tree{"junk": true}}, entries...)
}

func snake(e tree) {
	for name, value := range e {
		if inner, ok := value.(tree); ok {
			snake(inner)
		}
		var b strings.Builder
		for _, r := range name {
			if r >= 'A' && r <= 'Z' {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		}
		delete(e, name)
		e[strings.ToLower(b.String())] = value
	}
}

func shorter(proof tree) {
	hashes, _ := proof["hashes"].([]any)
	proof["hashes"] = hashes[1:]
}

// spaced is the same statement with other white space.
func spaced(text string) string {
	raw, _ := base64.StdEncoding.DecodeString(text)
	return base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(raw), ":", ": ", 1)))
}

func TestVerify_OtherFile(t *testing.T) {
	t.Parallel()
	d, raw := realAttestation(t)
	other := *d
	other.Digests.SHA256[0] ^= 1
	renamed := *d
	renamed.Name = "sampleproject-3.0.1.tar.gz"
	spelled := *d
	spelled.Name = "Sample.Project-3.0.0.tar.gz" // another project: sample-project
	zipped := *d
	zipped.Name = "SampleProject-3.0.zip"
	for name, row := range map[string]struct {
		d        *distfile.Distribution
		accepted bool
	}{
		"other bytes": {&other, false}, "another version": {&renamed, false}, "another project": {&spelled, false},
		"another spelling of the same": {&zipped, true},
	} {
		if _, err := checkPolicy(row.d, raw, publicRoot(t), google); (err == nil) != row.accepted {
			t.Errorf("%s: accepted: %v (%v)", name, err == nil, err)
		}
	}
	if hex.EncodeToString(d.Digests.SHA256[:]) != "117ed88e5db073bb92969a7545745fd977ee85b7019706dd256a64058f70963d" {
		t.Error("the test data is not what it was")
	}
}
