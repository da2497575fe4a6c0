package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// sources are a project of one module, for a tool that builds and uploads.
func sources(tool, version string) map[string][]byte {
	project := map[string]string{
		"flit": "[build-system]\nrequires = [\"flit_core >=3.2\"]\nbuild-backend = \"flit_core.buildapi\"\n\n" +
			"[project]\nname = \"alder\"\nversion = \"VERSION\"\ndescription = \"A tree\"\n",
		"poetry": "[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n\n" +
			"[tool.poetry]\nname = \"alder\"\nversion = \"VERSION\"\ndescription = \"A tree\"\nauthors = [\"A <a@example.com>\"]\n",
	}[tool]
	return map[string][]byte{
		"pyproject.toml": []byte(strings.ReplaceAll(project, "VERSION", version)), "alder.py": []byte("\"\"\"A tree\"\"\"\n"),
	}
}

// in is client, in a folder.
func (s *served) in(folder string, settings []string, arguments ...string) (printed string, code int) {
	s.t.Helper()
	return s.client(settings, "sh", append([]string{"-c", `cd "$0" && "$@"`, folder}, arguments...)...)
}

// TestInterop_Workflow: the workflow test of a newcomer. Four tools publish a release each to one serve, each with the variables of its
// file and as people call it; faults are in the way of three, which are run again as they say; the page of the project has all of it, a
// yanked release is one that pip warns about, and the log has a line for each request.
func TestInterop_Workflow(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for _, tool := range []string{"twine", "flit", "poetry", "pdm", "pip"} {
		needs(t, tool)
	}
	s := serveServers(t, "-project", "alder")
	breaks := func(fault string) {
		s.fetch("POST", s.env["STAGE_FAULTS_URL"], `{"op": "upload", "fault": "`+fault+`"}`)
	}
	step := func(what, printed string, code, want int, says string) {
		t.Helper()
		if code != want || !strings.Contains(unfolded(printed), says) {
			t.Fatalf("%s: exit code %d, want %d, and %q in\n%s", what, code, want, says, printed)
		}
	}

	folder := folderOf(t, buildFolders(""))
	breaks("html-403")
	printed, code := s.twine(folder)
	step("twine and a firewall", printed, code, 1, "403 Forbidden")
	printed, code = s.twine(folder)
	step("twine", printed, code, 0, "Uploading "+theSdist)

	folder = folderOf(t, sources("flit", "1.1"))
	breaks("status-503")
	printed, code = s.in(folder, nil, "flit", "publish")
	step("flit and an outage", printed, code, 1, "503")
	printed, code = s.in(folder, nil, "flit", "publish")
	step("flit", printed, code, 0, "alder-1.1.tar.gz")

	printed, code = s.in(folderOf(t, sources("poetry", "1.2")), nil, "poetry", "publish", "--no-interaction", "--build", "--repository",
		"stage")
	step("poetry", printed, code, 0, "Publishing alder (1.2) to stage")

	folder = folderOf(t, sources("flit", "1.3"))
	printed, code = s.in(folder, nil, "flit", "build")
	step("flit build", printed, code, 0, "dist/alder-1.3")
	printed, code = s.in(folder, []string{"PDM_USE_VENV=0", "PDM_CHECK_UPDATE=0"}, "pdm", "publish", "--no-build")
	step("pdm", printed, code, 0, "Uploading alder-1.3")

	breaks("reset-after-store")
	s.step("alder-1.4-py3-none-any.whl", "alder-1.4.tar.gz").run().expect(t, 0, "result", "published", "token-burned", "true")

	const yanked = "the wrong tree"
	s.fetch("POST", s.env["STAGE_CONTROL_URL"], `{"action": "yank", "project": "alder", "version": "1.2", "reason": "`+yanked+`"}`)
	page := s.fetch("GET", "/project/alder/", "")
	for _, want := range []string{
		theSdist, "alder-1.1.tar.gz", "alder-1.2.tar.gz", "alder-1.3.tar.gz", "alder-1.4.tar.gz", "yanked: " + yanked,
	} {
		expect.Contains(t, "the page", page, want)
	}
	back := t.TempDir()
	printed, code = s.client(nil, "pip", "download", "--no-deps", "--only-binary", ":all:", "-d", back, "alder==1.2")
	step("pip and a yanked release", printed, code, 0, yanked)
	printed, code = s.client(nil, "pip", "download", "--no-deps", "--only-binary", ":all:", "-d", back, "alder")
	step("pip", printed, code, 0, "alder-1.4-py3-none-any.whl")
	if got, err := os.ReadFile(filepath.Join(back, "alder-1.4-py3-none-any.whl")); err != nil || len(got) == 0 {
		t.Error(err)
	}

	s.end(os.Interrupt)
	for _, want := range []string{
		" POST /legacy/ 403 (twine/", " POST /legacy/ 200 (twine/", " POST /legacy/ 503 (python-requests/",
		" POST /legacy/ 200 (python-requests/", " POST /legacy/ 200 (poetry/", " POST /legacy/ 200 (pdm/",
		" POST /legacy/ no answer (pypi-oidc-publish/", " POST /_/oidc/mint-token 200 (pypi-oidc-publish/",
		" GET /project/alder/ 200 (test)", " GET /simple/alder/ 200 (pip/",
	} {
		expect.Contains(t, "the log", s.log.String(), want)
	}
}

// TestInterop_TLS: with the variables of the file and nothing else, clients of each kind trust the certificate of serve -tls; without them
// they do not.
func TestInterop_TLS(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	s := serveServers(t, "-project", "alder", "-tls", "authority.pem")
	folder := folderOf(t, buildFolders(""))
	simple := s.env["PIP_INDEX_URL"]
	const urllib = `import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)`
	const node = `fetch(process.argv[1]).then(r => console.log(r.status), e => { console.log(e.cause.code); process.exit(1) })`
	for _, c := range []struct {
		variable  string
		arguments []string
	}{
		{"REQUESTS_CA_BUNDLE", []string{ // that of requests, which twine uses
			"twine", "upload", "--non-interactive", filepath.Join(folder, theWheel), filepath.Join(folder, theSdist),
		}},
		{"PIP_CERT", []string{"pip", "download", "--no-deps", "--only-binary", ":all:", "-d", t.TempDir(), "alder"}},
		{"CURL_CA_BUNDLE", []string{"curl", "-sSf", simple}},
		{"SSL_CERT_FILE", []string{"/usr/bin/python3", "-c", urllib, simple}},
		{"NODE_EXTRA_CA_CERTS", []string{"node", "-e", node, simple}},
	} {
		if _, err := exec.LookPath(c.arguments[0]); c.arguments[0] == "node" && err != nil {
			continue // nothing else here needs it
		}
		needs(t, c.arguments[0])
		if printed, code := s.client(nil, c.arguments[0], c.arguments[1:]...); code != 0 {
			t.Errorf("%v: exit code %d\n%s", c.arguments, code, printed)
		}
		settings := []string{"SSL_CERT_FILE=", "REQUESTS_CA_BUNDLE=", "PIP_CERT=", "CURL_CA_BUNDLE=", "NODE_EXTRA_CA_CERTS="}
		if printed, code := s.client(settings, c.arguments[0], c.arguments[1:]...); code == 0 {
			t.Errorf("%v trusts the certificate without %s\n%s", c.arguments, c.variable, printed)
		}
	}
}

// TestServe_SecondOpinion: with serve -issuer github, Sigstore's JavaScript library accepts what was published, with a verifier made of
// the file of -trusted-root. .ci/sigstore/run runs it.
func TestServe_SecondOpinion(t *testing.T) {
	script := os.Getenv("SIGSTORE_SECOND")
	if script == "" {
		t.Skip("SIGSTORE_SECOND names no script: .ci/sigstore/run has one")
	}
	t.Parallel()
	s := serveServers(t, "-project", "alder", "-issuer", "github", "-trusted-root", "trusted_root.json", "-github-release", "v1.0.0")
	p := s.step("alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	p.env["INPUT_GITHUB-RELEASE"] = "v1.0.0"
	p.run().require(t, 0, "github-release", "attached")
	folder := t.TempDir()
	trusted := readFile(t, s.env["STAGE_TRUSTED_ROOT"])
	if err := os.WriteFile(filepath.Join(folder, "trusted_root.json"), trusted, 0o600); err != nil {
		t.Fatal(err)
	}
	sums, err := digests(p.path("dist"))
	if err != nil {
		t.Fatal(err)
	}
	var files []map[string]string
	for name, sum := range sums {
		bundle := name + ".publish.sigstore.json"
		if err := os.WriteFile(filepath.Join(folder, bundle), s.asset("v1.0.0", bundle), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, map[string]string{"bundle": bundle, "subject": name, "sha256": sum})
	}
	expected, err := json.Marshal(map[string]any{
		"name": "https://github.com/octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0", "issuer": s.env["STAGE_ISSUER"],
		"files": files,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "expected.json"), expected, 0o600); err != nil {
		t.Fatal(err)
	}
	printed, code := s.client(nil, "node", script, folder)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, printed)
	}
	t.Log(strings.TrimSpace(printed))
}

// asset returns the content of an asset of the GitHub release of a tag.
func (s *served) asset(tag, name string) []byte {
	s.t.Helper()
	repository := s.env["GITHUB_API_URL"] + "/repos/" + s.env["GITHUB_REPOSITORY"]
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		r.Header.Del("Authorization") // the content is elsewhere
		return nil
	}}
	get := func(url, accept string) []byte {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.env["INPUT_GITHUB-TOKEN"])
		r.Header.Set("Accept", accept)
		answer, err := client.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			s.t.Fatalf("GET %s: %s, %v\n%s", url, answer.Status, err, text)
		}
		return text
	}
	decode := func(url string, into any) {
		if err := json.Unmarshal(get(url, "application/json"), into); err != nil {
			s.t.Fatal(err)
		}
	}
	var release struct{ ID int64 }
	decode(repository+"/releases/tags/"+tag, &release)
	var assets []struct {
		ID   int64
		Name string
	}
	decode(fmt.Sprintf("%s/releases/%d/assets?per_page=100", repository, release.ID), &assets)
	for _, a := range assets {
		if a.Name == name {
			return get(fmt.Sprintf("%s/releases/assets/%d", repository, a.ID), "application/octet-stream")
		}
	}
	s.t.Fatalf("the release has no %s, but %v", name, assets)
	return nil
}
