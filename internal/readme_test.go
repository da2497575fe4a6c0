package internal_test

import (
	"encoding/json"
	"html"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

const korean = "../docs/README.ko.md"

// chapter is what stands under a heading of a page, up to the next heading of the same level.
func chapter(t *testing.T, page, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(read(t, page), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// hostsIn are the hosts that a text names as code, or in a line of their own, sorted.
func hostsIn(text string) []string {
	var hosts []string
	name := regexp.MustCompile("(?m)(?:`|^)([a-z0-9-]+(?:\\.[a-z0-9-]+)*\\.(?:com|dev|io|org))(?:`|$)")
	for _, name := range name.FindAllStringSubmatch(text, -1) {
		hosts = append(hosts, name[1])
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// hostsOfTheCode are the hosts that the program names, or has from the copy of Sigstore's signing config that it carries.
func hostsOfTheCode(t *testing.T) []string {
	t.Helper()
	var hosts []string
	for _, source := range []struct{ file, pattern string }{
		{"index/site.go", `(?:Upload|Simple|Files|Classifiers): +at\("https://([^/]+)/`},
		{"attest/public.go", `publicTUF += "https://([^"/]+)"`},
		{"runner/github.go", `publicAPI = "https://([^"/]+)"`},
	} {
		found := regexp.MustCompile(source.pattern).FindAllStringSubmatch(read(t, source.file), -1)
		if found == nil {
			t.Fatalf("%s names no host as %s", source.file, source.pattern)
		}
		for _, host := range found {
			hosts = append(hosts, host[1])
		}
	}
	type service struct {
		URL     string
		Version int `json:"majorApiVersion"`
	}
	var config struct {
		Authorities []service `json:"caUrls"`
		Logs        []service `json:"rekorTlogUrls"`
	}
	if err := json.Unmarshal([]byte(read(t, "attest/sigstore/signing_config.v0.2.json")), &config); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(config.Authorities, config.Logs...) {
		if s.Version != 1 {
			continue // the program writes to the log's version 1 (attest/services.go)
		}
		hosts = append(hosts, strings.TrimPrefix(s.URL, "https://"))
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// TestReadme_Hosts holds the list of hosts: the README has those that the code names and those that only others name, the Korean guide has
// the same, and the threat model, which promises that there are no more, leads to the list and has none of its own.
func TestReadme_Hosts(t *testing.T) {
	t.Parallel()
	want := append(hostsOfTheCode(t),
		"uploads.github.com",                   // made of the API's name, in ghrelease/ghrelease.go
		"release-assets.githubusercontent.com", // where the API sends those who fetch an asset
		"actions.githubusercontent.com",        // what the runner's variable ends in
		"ghcr.io", "pkg-containers.githubusercontent.com",
	)
	slices.Sort(want)
	if got := hostsIn(chapter(t, readme, "Permissions and hosts")); !slices.Equal(got, want) {
		t.Errorf("the README lists %q\nwant %q", got, want)
	}
	if got := hostsIn(chapter(t, korean, "4. 권한과 접속하는 호스트")); !slices.Equal(got, want) {
		t.Errorf("the Korean guide lists %q\nwant %q", got, want)
	}
	promise := chapter(t, "../docs/threat-model.md", "Hosts")
	if !strings.Contains(promise, "(../README.md#permissions-and-hosts)") || hostsIn(promise) != nil {
		t.Error("the threat model must lead to the README's list of hosts, and have no second one")
	}
}

// TestDocs_Pictures holds the pictures of pages, which are elements of HTML and no links of Markdown: each is there, and none of those in
// docs/pictures is left over.
func TestDocs_Pictures(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, page := range pages(t) {
		for _, source := range regexp.MustCompile(`\ssrc(?:set)?="([^"]*)"`).FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			at := filepath.Join(filepath.Dir(page), source[1])
			if _, err := os.Stat(at); err != nil {
				t.Errorf("%s shows a picture that is not there: %v", page, err)
			}
			used[at] = true
		}
	}
	there, err := filepath.Glob("../docs/pictures/*")
	if err != nil || len(there) == 0 {
		t.Fatal("docs/pictures is empty", err)
	}
	for _, picture := range there {
		if !used[picture] {
			t.Errorf("no page shows %s", picture)
		}
	}
}

// yamlBlocks are the examples of YAML of a page, without their comments and what is empty then: what a runner reads.
func yamlBlocks(t *testing.T, page string) []string {
	t.Helper()
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, page), -1) {
		blocks = append(blocks, withoutComments(block[1]))
	}
	return blocks
}

func withoutComments(text string) string {
	return regexp.MustCompile(`(?m)^ *(#.*)?\n`).ReplaceAllString(text, "")
}

// TestReadme_WorkflowsMatchExamples holds the workflows that people copy from two places: what the README and the Korean guide show is what
// docs/examples has, where it is run.
func TestReadme_WorkflowsMatchExamples(t *testing.T) {
	t.Parallel()
	const attaching = "../docs/github-release.md"
	blocks := append(yamlBlocks(t, readme), yamlBlocks(t, attaching)...)
	example := func(name string) string { return withoutComments(read(t, path.Join("../docs/examples", name))) }
	if !slices.Contains(blocks, example("release.yml")) {
		t.Errorf("the README's workflow is not docs/examples/release.yml:\n%s", strings.Join(blocks, "\n"))
	}
	last := blocks[len(blocks)-1]
	if !strings.HasPrefix(last, "  attach:\n") || !strings.HasSuffix(example("github-release.yml"), last) {
		t.Errorf("the job attach of the documentation is not that of docs/examples/github-release.yml:\n%s", last)
	}
	for _, block := range yamlBlocks(t, korean) {
		if !slices.Contains(blocks, block) {
			t.Errorf("the Korean guide shows a workflow that the README does not:\n%s", block)
		}
	}
}

// TestDocs_VerifyCommands holds the commands that people copy to verify a release. Without the workflow they take what any workflow of the
// repository has signed.
func TestDocs_VerifyCommands(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob("../docs/examples/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	// The second is the run of the test index.
	signer := regexp.MustCompile(`--signer-workflow (org/pypi-oidc-publish|octo-org/rehearsal)/\.github/workflows/release\.yml\b`)
	commands := 0
	for _, page := range append(pages(t), examples...) {
		text := strings.ReplaceAll(read(t, page), "\\\n", " ")
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(strings.TrimSpace(line), "gh attestation verify ") {
				continue
			}
			commands++
			if !signer.MatchString(line) {
				t.Errorf("%s: a command takes the word of any workflow: %s", page, line)
			}
		}
	}
	if commands == 0 {
		t.Error("no command was found: the test reads the wrong text")
	}
}

// TestDocs_VerifyPublished holds the commands that verify what was published: README and docs/verify.md show the same, and a job summary
// prints them filled in. .ci/rehearse-release runs that of cosign. The other tools take these options, by their source: sigstore 4.5.0
// (sigstore/_cli.py), pypi-attestations 0.0.29 (src/pypi_attestations/_cli.py).
func TestDocs_VerifyPublished(t *testing.T) {
	t.Parallel()
	block := func(path string) string {
		text := read(t, path)
		_, commands, found := strings.Cut(text, "```sh\npypi-attestations verify pypi ")
		commands, _, closed := strings.Cut(commands, "```")
		if !found || !closed {
			t.Fatalf("%s does not show how to verify what was published", path)
		}
		return "pypi-attestations verify pypi " + strings.ReplaceAll(commands, "\\\n  ", "")
	}
	shown := block(readme)
	expect.Equal(t, "docs/verify.md", block("../docs/verify.md"), shown)
	summary := html.UnescapeString(strings.ReplaceAll(read(t, "e2e/testdata/golden/attached-to-the-GitHub-release.golden"), "<!-- -->", ""))
	filled := strings.NewReplacer("OWNER/REPO", "octo-org/rehearsal", "FILE", "alder-1.0.tar.gz", "v1.2.3", "v1.0.0").Replace(shown)
	options := map[string][]string{
		"pypi-attestations": {"--repository"},
		"sigstore":          {"--repository", "--bundle"},
		"cosign":            {"--bundle", "--type", "--certificate-oidc-issuer", "--certificate-identity"},
	}
	for line := range strings.Lines(filled) {
		expect.Contains(t, "the summary of a run", summary, strings.TrimSpace(line))
		words := strings.Fields(line)
		var used []string
		for _, word := range words {
			if strings.HasPrefix(word, "--") {
				used = append(used, word)
			}
		}
		expect.Equal(t, "the options of "+words[0], used, options[words[0]])
		delete(options, words[0])
	}
	if len(options) > 0 {
		t.Errorf("no command of %v", options)
	}
}

// TestReadme_ImageSize holds the size that the README promises against the bar of CI.
func TestReadme_ImageSize(t *testing.T) {
	t.Parallel()
	bar := regexp.MustCompile(`(?m)^image_bar=(\d+) `).FindStringSubmatch(read(t, "../.ci/run"))
	if bar == nil {
		t.Fatal(".ci/run has no bar for the image")
	}
	bytes, err := strconv.ParseFloat(bar[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	megabytes := strconv.FormatFloat(bytes/1e6, 'f', -1, 64)
	sizes := regexp.MustCompile(`(\S+ \S+) MB compressed`).FindAllStringSubmatch(read(t, readme), -1)
	if len(sizes) == 0 {
		t.Error("the README does not give the size of the image")
	}
	for _, size := range sizes {
		if want := "under " + megabytes; size[1] != want {
			t.Errorf("the README says %s MB; CI holds %s MB", size[1], want)
		}
	}
}

// TestThreatModel_ImageContent holds what the threat model says is in the image, which a scanner will read, against what is put there.
func TestThreatModel_ImageContent(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(read(t, "../docs/threat-model.md")), " ")
	_, sentence, found := strings.Cut(text, "The image has one static program")
	sentence, _, _ = strings.Cut(sentence, ". ")
	files := regexp.MustCompile(`Typeflag: tar\.TypeReg, Name: "([^"]+)"`).FindAllStringSubmatch(read(t, "../.ci/image/oci.go"), -1)
	if !found || len(files) == 0 {
		t.Fatal("the test reads the wrong text")
	}
	for _, file := range files {
		if !strings.Contains(sentence, "`"+file[1]+"`") {
			t.Errorf("the image has %s, and the threat model says:%s", file[1], sentence)
		}
	}
}

// TestReadme_RuleCount compares the number of rules in the README, in hundreds, against the list.
func TestReadme_RuleCount(t *testing.T) {
	t.Parallel()
	rules := len(regexp.MustCompile(`(?m)^\| \[[a-z0-9-]+\]\(#`).FindAllString(read(t, "../docs/rules.md"), -1))
	const want = "(more than a hundred, [listed here](docs/rules.md))"
	if rules <= 100 || rules >= 200 || !strings.Contains(read(t, readme), want) {
		t.Errorf("there are %d rules, and the README has to say about how many: %s", rules, want)
	}
}

// TestDocs_NoReleaseYet holds the notes that there is no release yet together: they go at once, before the first, and the release workflow
// finds each of them, and nothing else.
func TestDocs_NoReleaseYet(t *testing.T) {
	t.Parallel()
	search := regexp.MustCompile(`grep -rlE '([^']+)' README\.md docs;`).FindStringSubmatch(read(t, "../.github/workflows/release.yml"))
	if search == nil {
		t.Fatal("the release workflow does not look for the notes")
	}
	note := regexp.MustCompile("(?m)" + search[1])
	var found []string
	for _, page := range append(pages(t), "../docs/examples/release.yml") {
		if note.MatchString(read(t, page)) {
			found = append(found, page)
		}
	}
	slices.Sort(found)
	if want := []string{
		readme, korean, "../docs/examples/README.md", "../docs/serve.md",
	}; len(found) > 0 && !slices.Equal(found, slices.Sorted(slices.Values(want))) {
		t.Errorf("these pages say that there is no release yet: %v, want all or none of %v", found, want)
	}
}
