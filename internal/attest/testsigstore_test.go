package attest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/sigstore"
	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// instance is a Sigstore with its issuer, each on a port of its own.
type instance struct {
	*sigstore.Sigstore
	t      *testing.T
	url    string
	issuer *issuer.Issuer
	client *http.Client
}

func start(t *testing.T, behavior sigstore.Behavior) *instance {
	t.Helper()
	k, err := issuertest.Key()
	if err != nil {
		t.Fatal(err)
	}
	in := &instance{t: t, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	back, front := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	in.url = "http://" + front.Listener.Addr().String()
	in.issuer = issuer.New(issuer.Options{
		URL: "http://" + back.Listener.Addr().String(),
		Now: time.Now,
		Run: issuer.Run{}.Complete(),
		Key: k,
	})
	in.Sigstore, err = sigstore.New(sigstore.Options{URL: in.url, Issuer: in.issuerURL(), Now: time.Now, Behavior: behavior})
	if err != nil {
		t.Fatal(err)
	}
	back.Config.Handler, front.Config.Handler = in.issuer, in.Sigstore
	for _, server := range []*httptest.Server{back, front} {
		server.Start()
		t.Cleanup(server.Close)
	}
	return in
}

func (in *instance) issuerURL() string {
	in.t.Helper()
	token, err := in.issuer.Token("sigstore")
	if err != nil {
		in.t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		in.t.Fatal(err)
	}
	var claims struct{ Iss string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		in.t.Fatal(err)
	}
	return claims.Iss
}

func (in *instance) token(audience string) string {
	in.t.Helper()
	token, err := in.issuer.Token(audience)
	if err != nil {
		in.t.Fatal(err)
	}
	return token
}

func (in *instance) signer() *signer.Signer {
	in.t.Helper()
	s, err := signer.New(in.t.Context(), in.client, in.url, in.token("sigstore"))
	if err != nil {
		in.t.Fatal(err)
	}
	return s
}

// entry returns the request that logs a statement, which a new certificate's key signs.
func (in *instance) entry(statement []byte) string {
	in.t.Helper()
	s := in.signer()
	signature, err := s.Sign(statement)
	if err != nil {
		in.t.Fatal(err)
	}
	request, err := s.Entry(statement, signature)
	if err != nil {
		in.t.Fatal(err)
	}
	text, err := json.Marshal(request)
	if err != nil {
		in.t.Fatal(err)
	}
	return string(text)
}

// attested is an attestation of a file of these bytes.
func (in *instance) attested(content string) signer.Attestation {
	in.t.Helper()
	a, err := in.signer().Attest(in.t.Context(), signer.Statement("demo-1.0.tar.gz", []byte(content), signer.Publish))
	if err != nil {
		in.t.Fatal(err)
	}
	return a
}

func (in *instance) do(method, path, body string, header ...string) (status int, head http.Header, text string) {
	in.t.Helper()
	r, err := http.NewRequestWithContext(in.t.Context(), method, in.url+path, strings.NewReader(body))
	if err != nil {
		in.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := in.client.Do(r)
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(all)
}

// trust walks the repository of trust as sigstore-go does.
func (in *instance) trust() (*tuf.Client, error) {
	return tuf.New((&tuf.Options{}).WithRoot(in.Root()).WithRepositoryBaseURL(in.TrustURL()).WithDisableLocalCache())
}

// bundled is the attestation as a bundle of sigstore-go.
func bundled(t *testing.T, a signer.Attestation) *bundle.Bundle {
	t.Helper()
	material, envelope := a["verification_material"].(map[string]any), a["envelope"].(map[string]any)
	text, err := json.Marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": map[string]any{
			"certificate": map[string]any{"rawBytes": material["certificate"]}, "tlogEntries": material["transparency_entries"],
		},
		"dsseEnvelope": map[string]any{
			"payload": envelope["statement"], "payloadType": "application/vnd.in-toto+json",
			"signatures": []any{map[string]any{"sig": envelope["signature"]}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return b
}

// verifies is the opinion of sigstore-go on an attestation of the content.
func (in *instance) verifies(a signer.Attestation, content string) error {
	in.t.Helper()
	client, err := in.trust()
	if err != nil {
		in.t.Fatal(err)
	}
	trusted, err := root.GetTrustedRoot(client)
	if err != nil {
		in.t.Fatal(err)
	}
	v, err := verify.NewVerifier(
		trusted, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithIntegratedTimestamps(1),
	)
	if err != nil {
		in.t.Fatal(err)
	}
	identity, err := verify.NewShortCertificateIdentity(
		in.issuerURL(), "", "https://github.com/octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0", "",
	)
	if err != nil {
		in.t.Fatal(err)
	}
	_, err = v.Verify(
		bundled(in.t, a), verify.NewPolicy(verify.WithArtifact(bytes.NewReader([]byte(content))), verify.WithCertificateIdentity(identity)),
	)
	return err
}

// TestSigstore_AttestationVerifies with the library of the trade, at every size of the tree.
func TestSigstore_AttestationVerifies(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		in := start(t, sigstore.Behavior{FreshLog: fresh})
		for i := range 9 {
			content := strings.Repeat("x", i)
			if err := in.verifies(in.attested(content), content); err != nil {
				t.Errorf("fresh %v, entry %d: %v", fresh, i, err)
			}
		}
		if in.verifies(in.attested("one file"), "another") == nil {
			t.Error("an attestation of another file verifies")
		}
		if n := in.Entries(); n != 10 {
			t.Errorf("the log has %d entries", n)
		}
	}
}

// TestSigstore_AttestationDefects: what a switch breaks, a verifier refuses, and it names the cause.
func TestSigstore_AttestationDefects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behavior sigstore.Behavior
		cause    string
	}{
		"expired certificate":   {sigstore.Behavior{ExpiredCertificate: true}, "integrated time outside certificate validity"},
		"bad SCT":               {sigstore.Behavior{BadSCT: true}, "signed certificate timestamp"},
		"no SCT":                {sigstore.Behavior{NoSCT: true}, "signed certificate timestamp"},
		"wrong log id":          {sigstore.Behavior{WrongLogID: true}, "not enough verified log entries"},
		"bad SET":               {sigstore.Behavior{BadSET: true}, "not enough verified log entries"},
		"bad proof":             {sigstore.Behavior{BadProof: true}, "calculated root"},
		"bad proof, fresh tree": {sigstore.Behavior{BadProof: true, FreshLog: true}, "root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := start(t, c.behavior)
			err := in.verifies(in.attested("x"), "x")
			if err == nil || !strings.Contains(err.Error(), c.cause) {
				t.Errorf("it says %v, and not %q", err, c.cause)
			}
		})
	}
}

// TestSigstore_Certificate has what the table of the reference says (docs/reference/attestations.md §2.3).
func TestSigstore_Certificate(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{CertificateLife: time.Minute})
	in.issuer.Claims(func(c map[string]any) {
		c["environment"], c["job_workflow_ref"] = "pypi", "other/called/.github/workflows/c.yml@refs/heads/main"
	})
	c := in.signer().Certificate
	if c.NotAfter.Sub(c.NotBefore) != time.Minute || c.Subject.String() != "" || c.IsCA {
		t.Errorf("%v to %v, subject %q", c.NotBefore, c.NotAfter, c.Subject)
	}
	if len(c.URIs) != 1 || c.URIs[0].String() != "https://github.com/other/called/.github/workflows/c.yml@refs/heads/main" {
		t.Errorf("its name is %v", c.URIs)
	}
	got := map[string]string{}
	for _, e := range c.Extensions {
		if number, found := strings.CutPrefix(e.Id.String(), "1.3.6.1.4.1.57264.1."); found {
			got[number] = string(e.Value)
		}
	}
	sha := "1f2e3d4c5b6a79880716253443526170a9b8c7d6"
	text := func(s string) string { return "\x0c" + string(rune(len(s))) + s }
	for number, want := range map[string]string{
		"1": in.issuerURL(), "2": "push", "3": sha, "4": "Release", "5": "octo-org/rehearsal", "6": "refs/tags/v1.0.0",
		"8":  text(in.issuerURL()),
		"9":  text("https://github.com/other/called/.github/workflows/c.yml@refs/heads/main"),
		"10": text(sha), "11": text("github-hosted"), "12": text("https://github.com/octo-org/rehearsal"), "13": text(sha),
		"14": text("refs/tags/v1.0.0"), "15": text("400400400"), "16": text("https://github.com/octo-org"), "17": text("65432100"),
		"18": text("https://github.com/octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0"), "19": text(sha),
		"20": text("push"), "21": text("https://github.com/octo-org/rehearsal/actions/runs/1658821493/attempts/1"),
		"22": text("public"), "23": text("pypi"), "24": text("repo:octo-org/rehearsal:ref:refs/tags/v1.0.0"),
	} {
		if got[number] != want {
			t.Errorf("extension %s is %q, want %q", number, got[number], want)
		}
		delete(got, number)
	}
	if len(got) > 0 {
		t.Errorf("it has more: %q", got)
	}
	in.issuer.Claims(nil)
	for _, e := range in.signer().Certificate.Extensions {
		if e.Id.String() == "1.3.6.1.4.1.57264.1.23" {
			t.Error("a run without an environment has one")
		}
	}
}

// TestSigstore_CertificateIDTokens: what Fulcio takes and refuses (§2.5), with one text for all.
func TestSigstore_CertificateIDTokens(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	now := time.Now()
	for name, c := range map[string]struct {
		change func(map[string]any)
		forge  issuer.TokenDefect
		ok     bool
	}{
		"in order":              {nil, "", true},
		"expired a second ago":  {func(c map[string]any) { c["exp"] = now.Add(-2 * time.Second).Unix() }, "", false},
		"valid in four minutes": {func(c map[string]any) { c["nbf"] = now.Add(4 * time.Minute).Unix() }, "", true},
		"valid in six minutes":  {func(c map[string]any) { c["nbf"] = now.Add(6 * time.Minute).Unix() }, "", false},
		"issued tomorrow":       {func(c map[string]any) { c["iat"] = now.Add(24 * time.Hour).Unix() }, "", true},
		"without exp":           {func(c map[string]any) { delete(c, "exp") }, "", false},
		"exp of another kind":   {func(c map[string]any) { c["exp"] = "soon" }, "", false},
		"nbf of another kind":   {func(c map[string]any) { c["nbf"] = true }, "", false},
		"for the index":         {func(c map[string]any) { c["aud"] = "pypi" }, "", false},
		"for both":              {func(c map[string]any) { c["aud"] = []string{"pypi", "sigstore"} }, "", true},
		"of another issuer":     {func(c map[string]any) { c["iss"] = "https://issuer.example" }, "", false},
		"of no workflow":        {func(c map[string]any) { delete(c, "job_workflow_ref") }, "", false},
		"by a foreign key":      {nil, issuer.ForeignKey, false},
		"by an unknown key":     {nil, issuer.UnknownKey, false},
		"unsigned":              {nil, issuer.Unsigned, false},
		"symmetric":             {nil, issuer.Symmetric, false},
		"broken":                {nil, issuer.BadSignature, false},
		"without a key id":      {nil, issuer.NoKeyID, false},
	} {
		in.issuer.Claims(nil)
		if c.change != nil {
			in.issuer.Claims(c.change)
		}
		in.issuer.Forge(c.forge)
		_, err := signer.New(t.Context(), in.client, in.url, in.token("sigstore"))
		refused := err != nil && strings.Contains(
			err.Error(), `400 Bad Request: {"code":3,"message":"There was an error processing the identity token","details":[]}`,
		)
		if c.ok == refused || c.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, token := range []string{"", "a.b", "Basic x"} {
		if status, _, text := in.do(
			"POST", "/api/v2/signingCert", "{}", "Authorization", "Bearer "+token,
		); status != 401 || !strings.Contains(text, `"code":16`) {
			t.Errorf("the token %q: %d %s", token, status, text)
		}
	}
}

// TestSigstore_LogEntryConflict: the same bytes again are in the log already.
func TestSigstore_LogEntryConflict(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	text := in.entry(signer.Statement("demo-1.0.tar.gz", nil, signer.Publish))
	const path = "/api/v1/log/entries"
	status, first, body := in.do("POST", path, text)
	at := first.Get("Location")
	if status != 201 || !strings.HasPrefix(at, path+"/") || len(at) != len(path)+81 {
		t.Fatalf("%d, at %q: %s", status, at, body)
	}
	status, again, body := in.do("POST", path, text)
	if status != 409 || again.Get("Location") != at ||
		body != `{"code":409,"message":"an equivalent entry already exists in the transparency log with UUID `+
			strings.TrimPrefix(at, path+"/")+`"}` {
		t.Errorf("again: %d, at %q: %s", status, again.Get("Location"), body)
	}
	spaced := strings.Replace(text, `\"payload\":`, `\"payload\": `, 1)
	if status, other, _ := in.do("POST", path, spaced); status != 201 || other.Get("Location") == at {
		t.Errorf("the same signature in other bytes: %d", status)
	}
	for _, id := range []string{at, path + "/" + at[len(at)-64:]} {
		status, _, body := in.do("GET", id, "")
		if status != 200 || !strings.Contains(body, `"treeSize":7`) || !strings.Contains(body, `"logIndex":25579135`) {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
	if status, _, _ := in.do("GET", path+"/"+strings.Repeat("0", 64), ""); status != 404 {
		t.Errorf("an entry that there is not: %d", status)
	}
	if status, _, _ := in.do("GET", path+"/xyz", ""); status != 400 {
		t.Errorf("no id: %d", status)
	}
}

// TestSigstore_LogEntryRefused: the log verifies what it logs.
func TestSigstore_LogEntryRefused(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	statement := []byte("anything at all")
	text := in.entry(statement)
	other := base64.StdEncoding.EncodeToString([]byte("something else"))
	for name, request := range map[string]string{
		"no JSON":           "{",
		"another kind":      strings.Replace(text, `"kind":"dsse"`, `"kind":"rekord"`, 1),
		"another version":   strings.Replace(text, `"0.0.1"`, `"0.0.2"`, 1),
		"no envelope":       strings.Replace(text, `"envelope":"`, `"envelope":"x`, 1),
		"another payload":   strings.Replace(text, base64.StdEncoding.EncodeToString(statement), other, 1),
		"no verifier":       strings.Replace(text, `"verifiers":`, `"others":`, 1),
		"a verifier, empty": strings.Replace(text, `"verifiers":["`, `"verifiers":["AAAA`, 1),
	} {
		status, _, body := in.do("POST", "/api/v1/log/entries", request)
		if request == text || status != 400 || !strings.Contains(body, `"message":"error processing entry: `) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if in.Entries() != 0 {
		t.Error("a refused entry was logged")
	}
}

// TestSigstore_LogEntryLatency holds an entry up, and lets it go with its client.
func TestSigstore_LogEntryLatency(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{Latency: 50 * time.Millisecond})
	began := time.Now()
	in.attested("x")
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	in.Switch(func(s *sigstore.Behavior) { s.Latency = time.Hour })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := in.signer().Attest(ctx, []byte("x")); err == nil || in.Entries() != 1 {
		t.Errorf("%v, %d entries", err, in.Entries())
	}
}

// TestSigstore_TrustRootStates: a client of TUF takes what is in order, and nothing else.
func TestSigstore_TrustRootStates(t *testing.T) {
	t.Parallel()
	for state, cause := range map[sigstore.TrustRootState]string{
		sigstore.TrustInOrder:   "",
		sigstore.TrustStale:     "timestamp.json is expired",
		sigstore.TrustExpired:   "root.json is expired",
		sigstore.TrustForged:    "Verifying timestamp failed",
		sigstore.TrustNotServed: "503",
	} {
		in := start(t, sigstore.Behavior{TrustRoot: state})
		client, err := in.trust()
		if cause != "" {
			if err == nil || !strings.Contains(err.Error(), cause) {
				t.Errorf("%s: %v", state, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		config, err := root.GetSigningConfig(client)
		if err != nil {
			t.Fatal(err)
		}
		for what, services := range map[string][]root.Service{
			"authority": config.FulcioCertificateAuthorityURLs(), "log": config.RekorLogURLs(),
		} {
			chosen, err := root.SelectService(services, []uint32{1}, time.Now())
			if err != nil || chosen.URL != in.url {
				t.Errorf("the %s is at %q, %v", what, chosen.URL, err)
			}
		}
		trusted, err := root.GetTrustedRoot(client)
		if err != nil || len(trusted.RekorLogs()) != 1 || len(trusted.CTLogs()) != 1 || len(trusted.FulcioCertificateAuthorities()) != 1 {
			t.Errorf("%v, %+v", err, trusted)
		}
	}
}

// TestSigstore_CertificatePublicKeyRequest is the other form of a request for a certificate: a signature over the token's subject.
func TestSigstore_CertificatePublicKeyRequest(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	for subject, want := range map[string]int{"repo:octo-org/rehearsal:ref:refs/tags/v1.0.0": 200, "somebody else": 400} {
		public, proof := proven(t, subject)
		body, err := json.Marshal(map[string]any{"publicKeyRequest": map[string]any{
			"publicKey": map[string]any{"algorithm": "ECDSA", "content": public}, "proofOfPossession": proof,
		}})
		if err != nil {
			t.Fatal(err)
		}
		status, _, text := in.do("POST", "/api/v2/signingCert", string(body), "Authorization", "Bearer "+in.token("sigstore"))
		if status != want || want == 200 && strings.Count(text, "BEGIN CERTIFICATE") != 3 {
			t.Errorf("a proof over %q: %d %s", subject, status, text)
		}
	}
	for name, body := range map[string]string{
		"no JSON": "{", "nothing": "{}", "no PEM": `{"certificateSigningRequest":"AAAA"}`,
		"no key": `{"publicKeyRequest":{"publicKey":{"content":"x"}}}`,
	} {
		if status, _, text := in.do(
			"POST", "/api/v2/signingCert", body, "Authorization", "Bearer "+in.token("sigstore"),
		); status != 400 || !strings.Contains(text, `"code":3`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, _, text := in.do("GET", "/api/v2/trustBundle", ""); status != 200 || strings.Count(text, "BEGIN CERTIFICATE") != 2 {
		t.Errorf("the bundle: %d %s", status, text)
	}
}

// TestSigstore_CheckpointName: a checkpoint is of the log whose name is the host of the trusted root's baseUrl, in its first line
// and in its signature: sigstore-js and sigstore-java look for the key of the signature by that name.
func TestSigstore_CheckpointName(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	text, err := in.TrustedRoot()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Logs []struct {
			BaseURL string `json:"baseUrl"`
		} `json:"tlogs"`
	}
	if err := json.Unmarshal(text, &document); err != nil || len(document.Logs) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	at, err := url.Parse(document.Logs[0].BaseURL)
	if err != nil || at.Hostname() == "" {
		t.Fatalf("baseUrl %q, %v", document.Logs[0].BaseURL, err)
	}
	entries := in.attested("x")["verification_material"].(map[string]any)["transparency_entries"].([]any)
	proof := entries[0].(map[string]any)["inclusionProof"].(map[string]any)
	note, signature, found := strings.Cut(proof["checkpoint"].(map[string]any)["envelope"].(string), "\n\n")
	if !found || !strings.HasPrefix(note, at.Hostname()+" - ") || !strings.HasPrefix(signature, "\u2014 "+at.Hostname()+" ") {
		t.Errorf("the checkpoint is not of %s:\n%s\n\n%s", at.Hostname(), note, signature)
	}
}

// TestSigstore_LogID: the log is known by the digest of its key.
func TestSigstore_LogID(t *testing.T) {
	t.Parallel()
	in := start(t, sigstore.Behavior{})
	text, err := in.TrustedRoot()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Logs []struct {
			LogID struct {
				KeyID []byte `json:"keyId"`
			} `json:"logId"`
		} `json:"tlogs"`
	}
	if err := json.Unmarshal(text, &document); err != nil || len(document.Logs) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	entries := in.attested("x")["verification_material"].(map[string]any)["transparency_entries"].([]any)
	id := entries[0].(map[string]any)["logId"].(map[string]any)["keyId"].(string)
	if want := document.Logs[0].LogID.KeyID; id != base64.StdEncoding.EncodeToString(want) {
		t.Errorf("the entry is of the log %s, and not of %s", id, hex.EncodeToString(want))
	}
}
