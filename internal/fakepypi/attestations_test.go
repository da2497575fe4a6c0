package fakepypi_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
)

const integrityJSON = "application/vnd.pypi.integrity.v1+json"

// at is a value within an attestation: names of objects and, of lists, the first element.
func at(v any, path string) (parent map[string]any, name string) {
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		v = v.(map[string]any)[name]
		if list, ok := v.([]any); ok {
			v = list[0]
		}
	}
	return v.(map[string]any), names[len(names)-1]
}

const (
	material    = "verification_material"
	certificate = material + ".certificate"
	entries     = material + ".transparency_entries"
	proof       = entries + ".inclusionProof"
)

// set changes a value; drop removes one.
func set(path string, value any) func(signer.Attestation) {
	return func(a signer.Attestation) {
		parent, name := at(map[string]any(a), path)
		parent[name] = value
	}
}

func drop(path string) func(signer.Attestation) {
	return func(a signer.Attestation) {
		parent, name := at(map[string]any(a), path)
		delete(parent, name)
	}
}

// edit changes a text.
func edit(path string, change func(string) string) func(signer.Attestation) {
	return func(a signer.Attestation) {
		parent, name := at(map[string]any(a), path)
		parent[name] = change(parent[name].(string))
	}
}

// spoil changes a byte in the middle of a text in base64.
func spoil(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	raw[len(raw)/2] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

const (
	malformed = "Invalid attestations supplied during upload: Malformed attestations: "
	failed    = "Invalid attestations supplied during upload: Could not verify the uploaded artifact using the included attestation: "
	refused   = "Invalid attestations supplied during upload: "
	unknown   = "Invalid attestations supplied during upload: Unknown error while trying to verify included attestations: "
)

// formRow is a row of docs/reference/attestations.md §1.2: a change of the form, and how the refusal begins.
type formRow struct {
	change  func(signer.Attestation)
	refusal string
}

// forms is the table of docs/reference/attestations.md §1.2, and what is verified of the form's parts.
func forms() map[string]formRow {
	const entry = "invalid transparency log entry"
	unpadded := func(s string) string { return strings.TrimRight(s, "=") }
	urlSafe := func(s string) string { return "-_" + s[2:] }
	return map[string]formRow{
		"as it is":           {func(signer.Attestation) {}, ""},
		"no padding":         {edit(certificate, unpadded), ""},
		"lines of 76":        {edit(certificate, func(s string) string { return strings.Join(chunks(s, 76), "\n") }), ""},
		"stray characters":   {edit(certificate, func(s string) string { return s[:7] + "-_!" + s[7:] }), ""},
		"URL-safe alphabet":  {edit(certificate, urlSafe), refused},
		"URL-safe signature": {edit("envelope.signature", urlSafe), refused},
		"a signature of stray characters alone": {
			set("envelope.signature", "-_"), unknown + "DSSE envelope signature must be non-empty",
		},
		"version as a text": {
			set("version", "1"), malformed + "1 validation error for list[Attestation]\n0.version\n  Input should be 1",
		},
		"version 2":                {set("version", 2), malformed},
		"no version":               {drop("version"), malformed + "1 validation error for list[Attestation]\n0.version\n  Field required"},
		"no envelope":              {drop("envelope"), malformed},
		"no statement":             {drop("envelope.statement"), malformed},
		"no material":              {drop(material), malformed},
		"material a list":          {set(material, []any{}), malformed},
		"no certificate":           {drop(certificate), malformed},
		"certificate null":         {set(certificate, nil), malformed},
		"no entries":               {set(entries, []any{}), malformed},
		"entries an object":        {set(entries, map[string]any{}), malformed},
		"an entry that is a text":  {set(entries, []any{"x"}), malformed},
		"certificate of nothing":   {set(certificate, "AAAA"), unknown + "invalid X.509 certificate"},
		"logIndex a number":        {set(entries+".logIndex", 25579135), unknown + entry},
		"logIndex missing":         {drop(entries + ".logIndex"), unknown + entry},
		"logIndex negative":        {set(entries+".logIndex", "-1"), unknown + entry},
		"logId missing":            {drop(entries + ".logId"), unknown + entry},
		"no body":                  {drop(entries + ".canonicalizedBody"), unknown + entry},
		"no proof":                 {drop(proof), unknown + entry},
		"no checkpoint":            {drop(proof + ".checkpoint"), unknown + entry},
		"checkpoint empty":         {set(proof+".checkpoint", map[string]any{"envelope": ""}), unknown + entry},
		"no treeSize":              {drop(proof + ".treeSize"), unknown + entry},
		"no rootHash":              {drop(proof + ".rootHash"), unknown + entry},
		"proof's logIndex missing": {drop(proof + ".logIndex"), unknown + entry},
		"hashes of numbers":        {set(proof+".hashes", []any{1}), unknown + entry},
		"no kindVersion":           {drop(entries + ".kindVersion"), unknown + entry},
		"other letter case": {
			func(a signer.Attestation) { set(entries+".logindex", "1")(a); drop(entries + ".logIndex")(a) }, unknown + entry,
		},
		"no promise": {
			drop(entries + ".inclusionPromise"), unknown + "bundle must contain an inclusion promise or signed timestamp(s)",
		},
		"promise null": {
			set(entries+".inclusionPromise", nil), unknown + "bundle must contain an inclusion promise or signed timestamp(s)",
		},
		"no integratedTime":       {drop(entries + ".integratedTime"), failed + "not enough sources of verified time"},
		"integratedTime a number": {set(entries+".integratedTime", 1700000000), unknown + entry},
		"a second entry, junk":    {func(a signer.Attestation) { appendEntry(a, map[string]any{"junk": true}) }, ""},
		"snake case":              {func(a signer.Attestation) { snakes(a) }, ""},
		"more keys": {func(a signer.Attestation) {
			set("more", 1)(a)
			set(material+".timestamps", []any{"AAAA"})(a)
			set(entries+".more", "x")(a)
			set("envelope.more", nil)(a)
		}, ""},
		"signature spoilt": {edit("envelope.signature", spoil), failed + "DSSE: invalid signature"},
		"statement written again": {edit("envelope.statement", func(s string) string {
			raw, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				panic(err)
			}
			return base64.StdEncoding.EncodeToString(append(raw, '\n'))
		}), failed + "DSSE: invalid signature"},
		"promise spoilt": {
			edit(entries+".inclusionPromise.signedEntryTimestamp", spoil), failed + "invalid log entry: invalid inclusion promise: ",
		},
		"another index": {set(entries+".logIndex", "1"), failed + "invalid log entry: invalid inclusion promise: "},
		"another time": {
			edit(entries+".integratedTime", func(s string) string { return s[:len(s)-1] + "9" }),
			failed + "invalid log entry: invalid inclusion promise: ",
		},
		"another day": {set(entries+".integratedTime", "1700000000"), failed + "failed to build timestamp certificate chain: "},
		"another body": {
			edit(entries+".canonicalizedBody", spoil), failed + "invalid log entry: inclusion proof contains invalid root hash: ",
		},
		"another root": {
			edit(proof+".rootHash", spoil), failed + "invalid log entry: inclusion proof contains invalid root hash: ",
		},
		"another place in it":   {set(proof+".logIndex", "0"), failed + "invalid log entry: inclusion proof"},
		"beyond the tree":       {set(proof+".logIndex", "99"), failed + "invalid log entry: inclusion proof"},
		"no hashes":             {drop(proof + ".hashes"), failed + "invalid log entry: inclusion proof has wrong size"},
		"checkpoint of no note": {set(proof+".checkpoint.envelope", "x"), failed + "invalid log entry: note must contain one blank line"},
		"checkpoint, unsigned": {
			edit(proof+".checkpoint.envelope", func(s string) string { return s[:strings.Index(s, "\n\n")+2] }),
			failed + "invalid log entry: malformed Note: no signatures found",
		},
		"checkpoint of another": {
			edit(proof+".checkpoint.envelope", func(s string) string { return "x" + s }),
			failed + "invalid log entry: checkpoint: invalid signature",
		},
		"the kind of another":    {set(entries+".kindVersion.kind", "hashedrekord"), failed + "Expected entry type dsse, got hashedrekord"},
		"the version of another": {set(entries+".kindVersion.version", "0.0.2"), failed + "Unsupported dsse version 0.0.2"},
		"the id of another": {
			edit(entries+".logId.keyId", func(string) string { return strings.Repeat("A", 43) + "=" }), failed + "invalid log entry: ",
		},
		"a certificate without a valid issuer": {
			edit(certificate, spoilSignature), failed + "failed to build timestamp certificate chain: ",
		},
	}
}

// spoilSignature changes the last byte: of a certificate, that is one of its signature.
func spoilSignature(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	raw[len(raw)-1] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

func chunks(s string, n int) []string {
	var all []string
	for part := range slices.Chunk([]byte(s), n) {
		all = append(all, string(part))
	}
	return all
}

func appendEntry(a signer.Attestation, entry any) {
	parent, name := at(map[string]any(a), entries)
	parent[name] = append(parent[name].([]any), entry)
}

// snakes gives the entry's fields their other names.
func snakes(a signer.Attestation) {
	parent, name := at(map[string]any(a), entries)
	text := encodedOf(parent[name])
	for _, camel := range []string{
		"logIndex", "logId", "keyId", "kindVersion", "integratedTime", "inclusionPromise", "signedEntryTimestamp", "inclusionProof",
		"rootHash",
		"treeSize", "canonicalizedBody",
	} {
		snake := strings.ToLower(strings.NewReplacer(
			"I", "_I", "V", "_V", "T", "_T", "P", "_P", "E", "_E", "H", "_H", "S", "_S", "B", "_B",
		).Replace(camel))
		text = strings.ReplaceAll(text, `"`+camel+`"`, `"`+snake+`"`)
	}
	var changed any
	if err := json.Unmarshal([]byte(text), &changed); err != nil {
		panic(err)
	}
	parent[name] = changed
}

func encodedOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// copied is a deep copy.
func copied(t *testing.T, a signer.Attestation) signer.Attestation {
	t.Helper()
	var c signer.Attestation
	if err := json.Unmarshal([]byte(encodedOf(a)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// checkAnswer uploads and checks that the answer is as the row says.
func (th *harness) checkAnswer(name, token string, p upload, refusal string) {
	th.t.Helper()
	r := th.upload(token, p)
	switch {
	case refusal == "" && r.status != 200:
		th.t.Errorf("%s: refused: %s", name, r.reason)
	case refusal != "" && (r.status != 400 || !strings.HasPrefix(r.reason, refusal)):
		th.t.Errorf("%s: answer\n %d %s\nwant\n 400 %s", name, r.status, r.reason, refusal)
	case refusal != "" && slices.ContainsFunc(th.Files(), func(f fakepypi.File) bool { return f.Name == p.filename }):
		th.t.Errorf("%s: the file was stored", name)
	}
	if refusal == "" {
		if err := th.Remove(p.filename); err != nil {
			th.t.Error(err)
		}
	}
}

// numbered is a wheel of its own name for each number.
func numbered(i int) upload {
	return sending(fmt.Sprintf("demo-1.0-%d-py3-none-any.whl", i), "bdist_wheel", "py3", fmt.Sprint("wheel ", i))
}

// TestAttestations_Forms is the table of docs/reference/attestations.md §1.2, and every part that is verified.
func TestAttestations_Forms(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token, s := th.minted(), th.signer()
	rows := forms()
	for i, name := range slices.Sorted(maps.Keys(rows)) {
		p := numbered(i)
		a, err := s.Attest(t.Context(), published(p))
		if err != nil {
			t.Fatal(err)
		}
		a = copied(t, a)
		rows[name].change(a)
		th.checkAnswer(name, token, p.with("attestations", encodedOf([]any{a})), rows[name].refusal)
	}
}

// TestAttestations_Statements is the table of docs/reference/attestations.md §1.3.
func TestAttestations_Statements(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.AddPublisher(fakepypi.Publisher{Project: "sample-project"})
	token, s := th.minted(), th.signer()
	const invalid = failed + "invalid statement: "
	const digest = `"digest":{"sha256":"DIGEST"}`
	whole := func(subjects, rest string) string {
		return `{"_type":"https://in-toto.io/Statement/v1","subject":[` + subjects + `],` + rest + `}`
	}
	publish := `"predicateType":"` + signer.Publish + `"`
	named := func(name string) string { return whole(`{"name":"`+name+`",`+digest+`}`, publish) }
	self := named("NAME")
	for i, c := range []struct{ name, statement, refusal string }{
		{"predicate null", strings.TrimSuffix(self, "}") + `,"predicate":null}`, ""},
		{"predicate empty", strings.TrimSuffix(self, "}") + `,"predicate":{}}`, ""},
		{"predicate absent", self, ""},
		{"predicate a list", strings.TrimSuffix(self, "}") + `,"predicate":[]}`, invalid},
		{
			"predicate of publish", strings.TrimSuffix(self, "}") + `,"predicate":{"a":1}}`,
			failed + "the predicate of a publish attestation",
		},
		{"predicate of SLSA", whole(`{"name":"NAME",`+digest+`}`, `"predicateType":"`+signer.SLSA+`","predicate":{"a":1}`), ""},
		{
			"another predicate", whole(`{"name":"NAME",`+digest+`}`, `"predicateType":"https://example.org/x"`),
			failed + "unknown attestation type: https://example.org/x",
		},
		{"no predicate type", whole(`{"name":"NAME",`+digest+`}`, `"x":1`), invalid},
		{"two subjects", whole(`{"name":"NAME",`+digest+`},{"name":"NAME",`+digest+`}`, publish), failed + "too many subjects"},
		{"no subject", whole("", publish), invalid},
		{"a subject without a name", whole(`{`+digest+`}`, publish), failed + "invalid subject: missing name"},
		{"a path", named("dist/NAME"), failed + "invalid subject: "},
		{"another version", named("sample_project-1.1-2-py3.py2-none-any.whl"), failed + "subject does not match distribution name"},
		{"another build", named("sample_project-1.0-3-py3.py2-none-any.whl"), failed + "subject does not match distribution name"},
		{"another tag", named("sample_project-1.0-2-py3-none-any.whl"), failed + "subject does not match distribution name"},
		{"a source distribution", named("sample_project-1.0.tar.gz"), failed + "subject does not match distribution name"},
		{"no distribution", named("sample_project.exe"), failed + "invalid subject: unknown distribution format: sample_project.exe"},
		{"another spelling", named("Sample.Project-1.0.0-02-py2.py3-none-any.whl"), ""},
		{"upper case digest", strings.Replace(self, "DIGEST", "UPPER", 1), failed + "subject does not match distribution digest"},
		{
			"another digest", strings.Replace(self, "DIGEST", strings.Repeat("0", 64), 1),
			failed + "subject does not match distribution digest",
		},
		{"sha512 too", strings.Replace(self, `"DIGEST"`, `"DIGEST","sha512":"00"`, 1), ""},
		{"blake2b too", strings.Replace(self, `"DIGEST"`, `"DIGEST","blake2b":"00"`, 1), invalid},
		{"no sha256", strings.Replace(self, `"sha256"`, `"sha512"`, 1), failed + "subject does not match distribution digest"},
		{"statement v0.1", strings.Replace(self, "Statement/v1", "Statement/v0.1", 1), invalid},
		{"pretty", strings.ReplaceAll(self, ",", ",\n  "), ""},
		{"more keys", strings.TrimSuffix(self, "}") + `,"more":[1]}`, ""},
		{"no JSON", "x", invalid},
	} {
		p := sending("sample_project-1.0-2-py3.py2-none-any.whl", "bdist_wheel", "py3", fmt.Sprint("content ", i), "name", "sample-project")
		p.filename = strings.Replace(p.filename, "-2-", fmt.Sprintf("-2t%d-", i), 1) // each name can be used once
		tagged := strings.NewReplacer(
			"-2-", fmt.Sprintf("-2t%d-", i), "-02-", fmt.Sprintf("-02t%d-", i), "-3-", fmt.Sprintf("-3t%d-", i),
		).Replace(c.statement)
		statement := strings.NewReplacer("NAME", p.filename, "DIGEST", sumOf(p), "UPPER", strings.ToUpper(sumOf(p))).Replace(tagged)
		a, err := s.Attest(t.Context(), []byte(statement))
		if err != nil {
			t.Fatal(err)
		}
		th.checkAnswer(c.name, token, p.with("attestations", encodedOf([]any{a})), c.refusal)
	}
}

// sumOf returns the digest that an upload says it has.
func sumOf(p upload) string {
	for _, f := range p.fields {
		if f[0] == "sha256_digest" {
			return f[1]
		}
	}
	return ""
}

// TestAttestations_ZipAndTar: the two forms of a source distribution have one name.
func TestAttestations_ZipAndTar(t *testing.T) {
	t.Parallel()
	th := opened(t)
	statement := signer.Statement("Demo-1.0.0.zip", []byte(sdist().content), signer.Publish)
	th.checkAnswer("zip for tar.gz", th.minted(), sdist("attestations", th.attests(statement)), "")
}

// TestAttestations_Sets is docs/reference/pypi-server.md §5.1: how many, of which kinds, and by whom.
func TestAttestations_Sets(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token := th.minted()
	publish, slsa := published(wheel()), signer.Statement(wheel().filename, []byte(wheel().content), signer.SLSA)
	const prefix = "Invalid attestations supplied during upload: "
	th.checkAnswer("two of a kind", token, wheel("attestations", th.attests(publish, publish)),
		prefix+"Multiple attestations for the same file with the same predicate type (https://docs.pypi.org/attestations/publish/v1) are "+
			"not supported")
	th.checkAnswer(
		"three", token, wheel("attestations", th.attests(publish, publish, slsa)),
		prefix+"A maximum of 2 attestations per file are supported",
	)
	th.checkAnswer("none", token, wheel("attestations", "[]"), malformed+"an empty attestation set is not permitted")
	th.checkAnswer(
		"no list", token, wheel("attestations", "{}"),
		malformed+"1 validation error for list[Attestation]\n  Input should be a valid array",
	)
	th.checkAnswer("no JSON", token, wheel("attestations", "["), malformed+"1 validation error for list[Attestation]\n  Invalid JSON: ")
	th.checkAnswer("more than JSON", token, wheel("attestations", th.attests(publish)+"x"), malformed)
	api, err := th.APIToken("demo")
	if err != nil {
		t.Fatal(err)
	}
	th.checkAnswer(
		"by an API token", api, wheel("attestations", th.attests(publish)),
		prefix+"Attestations are only supported when using Trusted Publishing",
	)
	th.checkAnswer("one of each", token, wheel("attestations", th.attests(publish, slsa)), "")
}

// TestAttestations_Publisher is docs/reference/attestations.md §2.2: what of the certificate must equal that of the upload token's
// publisher.
func TestAttestations_Publisher(t *testing.T) {
	t.Parallel()
	const config = failed + "Certificate's Build Config URI "
	called := "octo-org/rehearsal/.github/workflows/called.yml@refs/tags/v1.0.0"
	for name, c := range map[string]struct {
		claims  map[string]string
		refusal string
	}{
		"as it is": {nil, ""},
		"another repository": {
			map[string]string{"repository": "octo-org/other"},
			failed + "Certificate's OIDCSourceRepositoryURI does not match (got 'https://github.com/octo-org/other', " +
				"expected 'https://github.com/octo-org/rehearsal')",
		},
		"another letter case": {
			map[string]string{"repository": "Octo-Org/rehearsal"}, failed + "Certificate's OIDCSourceRepositoryURI does not match",
		},
		"another workflow": {
			map[string]string{"workflow_ref": "octo-org/rehearsal/.github/workflows/x.yml@refs/tags/v1.0.0"},
			config + "https://github.com/octo-org/rehearsal/.github/workflows/x.yml@refs/tags/v1.0.0 does not match expected Trusted " +
				"Publisher: release.yml @ octo-org/rehearsal",
		},
		"another ref": {map[string]string{"ref": "refs/heads/main"}, config},
		"by digest": {
			map[string]string{"workflow_ref": "octo-org/rehearsal/.github/workflows/release.yml@1f2e3d4c5b6a79880716253443526170a9b8c7d6"},
			"",
		},
		"a called workflow":   {map[string]string{"job_workflow_ref": called}, ""},
		"another environment": {map[string]string{"environment": "elsewhere"}, ""},
		"no workflow":         {map[string]string{"workflow_ref": ""}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			token := th.minted()
			th.Claims(func(all map[string]any) {
				for name, value := range c.claims {
					all[name] = value
				}
			})
			th.checkAnswer(name, token, wheel("attestations", th.attests(published(wheel()))), c.refusal)
		})
	}
}

// TestAttestations_ReusableWorkflow: a publisher that is registered as the called workflow gets a token, and its attestations are
// refused (docs/reference/attestations.md §2.4).
func TestAttestations_ReusableWorkflow(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Run: fakepypi.Run{Called: "octo-org/rehearsal/.github/workflows/called.yml@refs/tags/v1.0.0"}})
	th.AddPublisher(fakepypi.Publisher{Project: "demo", Workflow: "called.yml"})
	th.checkAnswer("called", th.minted(), wheel("attestations", th.attests(published(wheel()))), failed+"Certificate's Build Config URI ")
}

// TestSigstore_Defects: the index refuses what a switch of the Sigstore breaks.
func TestSigstore_Defects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behavior fakepypi.SigstoreBehavior
		refusal  string
	}{
		"in order":   {fakepypi.SigstoreBehavior{}, ""},
		"fresh log":  {fakepypi.SigstoreBehavior{FreshLog: true}, ""},
		"short life": {fakepypi.SigstoreBehavior{CertificateLife: time.Second}, ""},
		"expired certificate": {
			fakepypi.SigstoreBehavior{ExpiredCertificate: true}, failed + "failed to build timestamp certificate chain: ",
		},
		"bad SCT": {
			fakepypi.SigstoreBehavior{BadSCT: true},
			failed + "failed to verify SCT on signing certificate: SCT verify failed: keyring: invalid signature",
		},
		"no SCT": {
			fakepypi.SigstoreBehavior{NoSCT: true},
			failed + "failed to verify SCT on signing certificate: No PrecertificateSignedCertificateTimestamps found",
		},
		"wrong log id": {fakepypi.SigstoreBehavior{WrongLogID: true}, failed + "invalid log entry: "},
		"bad SET": {
			fakepypi.SigstoreBehavior{BadSET: true}, failed + "invalid log entry: invalid inclusion promise: keyring: invalid signature",
		},
		"bad proof": {
			fakepypi.SigstoreBehavior{BadProof: true}, failed + "invalid log entry: inclusion proof contains invalid root hash",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := open(t, fakepypi.Options{Sigstore: c.behavior})
			th.AddPublisher(fakepypi.Publisher{Project: "demo"})
			th.checkAnswer(name, th.minted(), wheel("attestations", th.attests(published(wheel()))), c.refusal)
			th.SwitchSigstore(func(s *fakepypi.SigstoreBehavior) { *s = fakepypi.SigstoreBehavior{} })
			th.checkAnswer(name+", mended", th.minted(), sdist("attestations", th.attests(published(sdist()))), "")
		})
	}
}

// TestAttestations_ExpiredCertificate: the log takes the signature of a certificate that has expired meanwhile, the index does not.
func TestAttestations_ExpiredCertificate(t *testing.T) {
	t.Parallel()
	th := opened(t)
	token, s := th.minted(), th.signer()
	th.clock.pass(11 * time.Minute)
	a, err := s.Attest(t.Context(), published(wheel()))
	if err != nil {
		t.Fatal(err)
	}
	th.checkAnswer("late", token, wheel("attestations", encodedOf([]any{a})), failed+"failed to build timestamp certificate chain: ")
}

// TestAttestations_OtherSigstore: what another instance has signed is not believed.
func TestAttestations_OtherSigstore(t *testing.T) {
	t.Parallel()
	th, other := opened(t), opened(t)
	th.checkAnswer(
		"another", th.minted(), wheel("attestations", other.attests(published(wheel()))),
		failed+"failed to build timestamp certificate chain: ",
	)
}

// TestProvenance: what is believed is served (docs/reference/pypi-server.md §5.3), on both indexes that take it.
func TestProvenance(t *testing.T) {
	t.Parallel()
	for _, profile := range []fakepypi.Profile{fakepypi.PyPI, fakepypi.TestPyPI} {
		th := open(t, fakepypi.Options{Profile: profile, Run: fakepypi.Run{Environment: "PyPI"}})
		th.AddPublisher(fakepypi.Publisher{Project: "demo", Environment: "PyPI"})
		token := th.minted()
		field := th.attests(published(wheel()))
		th.accepted(token, wheel("attestations", field))
		th.accepted(token, sdist())
		if th.LogSize() != 1 {
			t.Errorf("the log has %d entries", th.LogSize())
		}

		page := th.get("/simple/demo/", "Accept", simpleJSON).json(t)
		at := map[string]any{}
		for _, f := range page["files"].([]any) {
			at[f.(map[string]any)["filename"].(string)] = f.(map[string]any)["provenance"]
		}
		where, _ := at["demo-1.0-py3-none-any.whl"].(string)
		want := "http://" + th.Upload.Host + "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"
		if where != want || at["demo-1.0.tar.gz"] != nil {
			t.Errorf("the page has %v", at)
		}
		if html := th.get("/simple/demo/"); strings.Count(html.body, `data-provenance="`+where+`"`) != 1 {
			t.Errorf("the HTML page: %s", html.body)
		}

		r := th.get(where, "Accept", integrityJSON)
		r.want(t, 200, "")
		if kind := r.header.Get("Content-Type"); kind != integrityJSON {
			t.Errorf("it is of the type %s", kind)
		}
		var got struct {
			Version int
			Bundles []struct {
				Publisher    map[string]any
				Attestations []signer.Attestation
			} `json:"attestation_bundles"`
		}
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || got.Version != 1 || len(got.Bundles) != 1 {
			t.Fatalf("%v: %s", err, r.body)
		}
		if want := map[string]any{
			"kind": "GitHub", "repository": "octo-org/rehearsal", "workflow": "release.yml", "environment": "pypi",
		}; !maps.Equal(got.Bundles[0].Publisher, want) {
			t.Errorf("published by %v", got.Bundles[0].Publisher)
		}
		var sent []signer.Attestation
		if err := json.Unmarshal([]byte(field), &sent); err != nil {
			t.Fatal(err)
		}
		if served := encodedOf(got.Bundles[0].Attestations); served != encodedOf(sent) {
			t.Errorf("served %s, and sent %s", served, encodedOf(sent))
		}
		if provenance, err := th.Provenance("demo-1.0-py3-none-any.whl"); err != nil || string(provenance) != r.body {
			t.Errorf("the test server has %s, %v", provenance, err)
		}
		th.integrity(where)
	}
}

// integrity asks in other ways.
func (th *harness) integrity(where string) {
	th.t.Helper()
	for name, c := range map[string]struct {
		path, accept string
		status       int
		kind, body   string
	}{
		"plain JSON":     {where, "application/json", 200, "application/json", `{"version":1,`},
		"anything":       {where, "*/*", 200, integrityJSON, `{"version":1,`},
		"HTML":           {where, "text/html", 406, "application/json", `{"message":"Request not acceptable"}`},
		"other spelling": {"/integrity/Demo/1.0.0/demo-1.0-py3-none-any.whl/provenance", "", 200, integrityJSON, `{"version":1,`},
		"none": {
			"/integrity/demo/1.0/demo-1.0.tar.gz/provenance", "", 404, "application/json",
			`{"message":"No provenance available for demo-1.0.tar.gz"}`,
		},
		"no file": {"/integrity/demo/1.0/demo-1.0-py2-none-any.whl/provenance", "", 404, "text/html; charset=UTF-8", "<!DOCTYPE html>"},
	} {
		var header []string
		if c.accept != "" {
			header = []string{"Accept", c.accept}
		}
		r := th.get(c.path, header...)
		if r.status != c.status || r.header.Get("Content-Type") != c.kind || !strings.HasPrefix(r.body, c.body) {
			th.t.Errorf("%s: %d %s %s", name, r.status, r.header.Get("Content-Type"), r.body)
		}
	}
	th.Switch(func(s *fakepypi.Behavior) { s.NoAttestations = true })
	if r := th.get(where); r.status != 403 || r.body != `{"message":"Attestations temporarily disabled"}` {
		th.t.Errorf("with the flag: %+v", r)
	}
	p := numbered(1)
	th.accepted(th.minted(), p.with("attestations", "junk"))
	if provenance, err := th.Provenance(p.filename); provenance != nil || err != nil {
		th.t.Errorf("with the flag an attestation was kept: %s, %v", provenance, err)
	}
}

// TestProvenance_Restart over a new start, whose Sigstore is another.
func TestProvenance_Restart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	th := open(t, fakepypi.Options{Dir: dir, Keep: true})
	th.AddPublisher(fakepypi.Publisher{Project: "demo"})
	th.attested(th.minted())
	before, err := th.Provenance(wheel().filename)
	if err != nil || before == nil {
		t.Fatalf("%s, %v", before, err)
	}
	if err := th.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, fakepypi.Options{Dir: dir, Keep: true})
	if after, err := again.Provenance(wheel().filename); string(after) != string(before) || err != nil {
		t.Errorf("%s, %v", after, err)
	}
	if string(again.Root) == string(th.Root) {
		t.Error("two starts have one Sigstore")
	}
}

// TestOnePort_Sigstore: a client that reaches one address alone can sign.
func TestOnePort_Sigstore(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{OnePort: true})
	th.AddPublisher(fakepypi.Publisher{Project: "demo"})
	if th.TUF.Host != th.Upload.Host || th.TUF.Path != "/tuf" {
		t.Errorf("the repository of trust is at %s", th.TUF)
	}
	th.attested(th.minted())
	if len(th.Files()) != 1 {
		t.Error("nothing was uploaded")
	}
	for path, want := range map[string]int{"/tuf/timestamp.json": 200, "/tuf/2.root.json": 404, "/api/v2/trustBundle": 200} {
		th.get(path).want(t, want, "")
	}
}

// TestOnePort_Issuer: the issuer's documents are at the address of the index. With GitHub's name for the issuer, ID tokens and certificates
// have that name, and the index accepts what they sign. The log signs its checkpoints under the host of its address.
func TestOnePort_Issuer(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"", fakepypi.GitHubIssuer} {
		th := open(t, fakepypi.Options{OnePort: true, Issuer: issuer})
		th.AddPublisher(fakepypi.Publisher{Project: "demo"})
		base := "http://" + th.Upload.Host
		if issuer == "" {
			issuer = base
		}
		document := th.get("/.well-known/openid-configuration").json(t)
		if th.Issuer() != issuer || document["issuer"] != issuer || document["jwks_uri"] != base+"/.well-known/jwks" {
			t.Errorf("the issuer is %s, not %s: %v", th.Issuer(), issuer, document)
		}
		th.get("/.well-known/jwks").want(t, 200, "")
		token := th.idToken("rehearsal")
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil || !strings.Contains(string(claims), `"iss":"`+issuer+`"`) {
			t.Errorf("the ID token has %s, %v", claims, err)
		}
		th.attested(th.minted())
		text, err := th.Provenance(wheel().filename)
		if err != nil {
			t.Fatal(err)
		}
		var provenance struct {
			Bundles []struct{ Attestations []signer.Attestation } `json:"attestation_bundles"`
		}
		if err := json.Unmarshal(text, &provenance); err != nil {
			t.Fatal(err)
		}
		a := map[string]any(provenance.Bundles[0].Attestations[0])
		parent, name := at(a, certificate)
		der, err := base64.StdEncoding.DecodeString(parent[name].(string))
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil || !slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool { return string(e.Value) == issuer }) {
			t.Errorf("the certificate does not name the issuer %s: %v", issuer, err)
		}
		parent, name = at(a, proof+".checkpoint.envelope")
		note := parent[name].(string)
		if !strings.HasPrefix(note, "127.0.0.1 - ") || !strings.Contains(note, "\n\u2014 127.0.0.1 ") {
			t.Errorf("the checkpoint has another name:\n%s", note)
		}
	}
}

// TestSigstore_Env: a process gets the addresses of the test server's Sigstore, and its trust root.
func TestSigstore_Env(t *testing.T) {
	t.Parallel()
	th := opened(t)
	at, err := url.Parse(th.Env[fakepypi.TUFURL])
	if err != nil || at.String() != th.TUF.String() {
		t.Errorf("%v, %v", at, err)
	}
	root, err := base64.StdEncoding.DecodeString(th.Env[fakepypi.TUFRoot])
	if err != nil || string(root) != string(th.Root) {
		t.Errorf("%s, %v", root, err)
	}
	if r := th.get(at.String() + "/1.root.json"); r.body != string(root) {
		t.Errorf("the repository has %+v", r)
	}
}

// TestClose_DuringLogEntry: a slow log does not delay the end.
func TestClose_DuringLogEntry(t *testing.T) {
	t.Parallel()
	th := opened(t)
	request := th.request("log-entry", "")
	th.SwitchSigstore(func(s *fakepypi.SigstoreBehavior) { s.Latency = time.Hour })
	conn := dialedTo(t, th.TUF.Host)
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	th.waitFor(func(r fakepypi.Request) bool { return r.Op == "log-entry" })
	if err := th.Close(); err != nil {
		t.Error(err)
	}
	if th.LogSize() != 0 {
		t.Error("the entry was logged all the same")
	}
}

// dialedTo is a connection that is bounded in time.
func dialedTo(t *testing.T, host string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
