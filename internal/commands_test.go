package internal_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// walk says of commands in the documentation where they are run, or why they are not.
type walk struct {
	commands string // a regular expression
	in       string // a file with a test or a script that runs them, as the documentation has them; empty: they are not run
	by       string // what stands in that file; or why they are not run
}

// walks returns what is done with every command that README and docs show.
func walks() []walk {
	newcomer := "../.ci/newcomer"
	return []walk{
		{`^docker run .* (check|rehearse) /dist$`, "e2e/container_test.go", "func TestContainer_Readme("},
		{`^git clone https://\S+ && cd pypi-oidc-publish$`, newcomer, "git clone -q"}, // of this repository, from the machine
		{`^go run \. (rehearse|check)`, newcomer, `'go run . rehearse' 'go test ' 'go run . check '`},
		{`^go test \./\.\.\.( +#.*)?$`, newcomer, `'go run . rehearse' 'go test ' 'go run . check '`},
		{`^go test -short \./\.\.\.`, "../.ci/run", "^go test -short "},
		{`^\.ci/run\b`, "../.github/workflows/ci.yml", ".ci/run --strict"},
		{`^go test \./internal\S*( \./internal\S*)*( -run \S+)?( -update)?\b`, "../.ci/run", "'tests of the README' tests"},
		{`^\.ci/performance\b`, "../.ci/run", ".ci/performance --ci"}, // some of its rows: all of them take too long
		{`^CGO_ENABLED=0 GOOS=linux go list -deps `, "deps_test.go", "func TestDependencies("},
		{`^pypi-oidc-publish setup`, "e2e/setup_test.go", "func TestSetup_Page("},
		{`^pypi-oidc-publish verify`, "e2e/verify_test.go", `commandsOf(t, "verify.md", "pypi-oidc-publish verify`},
		{
			`^(go run \. serve|pypi-oidc-publish serve|env \$\(grep |\. <\(grep |curl -sSL? |api=|token=|(gh|cosign) .*trusted_root\.json)`,
			"e2e/serve_test.go", "func TestServe_Docs(",
		},
		{`^cosign verify-blob-attestation --bundle FILE`, "../.ci/rehearse-release", "cosign verify-blob-attestation .*"},
		{
			`^(image=\$\(curl|sed -n |gh attestation verify "\$image"|\.ci/verify-release )`,
			"../.ci/rehearse-release", "block \"$page\" 'image='",
		},
		{
			`^(pypi-attestations|sigstore) verify `,
			"", "they come from a package index, and ask PyPI; TestDocs_VerifyPublished knows their options",
		},
		{`^git (fetch|push) `, "", "they make a release on GitHub; .ci/rehearse-release runs what follows"},
	}
}

// TestDocs_CommandsWalked: every command in README and docs is run by a test or a script, or it is said why not; and what is said is there.
func TestDocs_CommandsWalked(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?ms)^ *```(?:sh|console|bash)\n(.*?)^ *```$")
	used := map[string]bool{}
	commands := 0
	for _, page := range pages(t) {
		if name := filepath.ToSlash(page); strings.Contains(name, "/docs/reference/") || strings.HasPrefix(name, "../internal/") ||
			strings.HasPrefix(name, "../findings/") {
			continue // notes for those who develop
		}
		for _, found := range block.FindAllStringSubmatch(read(t, page), -1) {
			for line := range strings.Lines(strings.ReplaceAll(found[1], "\\\n", " ")) {
				command := strings.TrimSpace(line)
				if command == "" || strings.HasPrefix(command, "#") {
					continue
				}
				commands++
				known := false
				for _, w := range walks() {
					if regexp.MustCompile(w.commands).MatchString(command) {
						known, used[w.commands] = true, true
					}
				}
				if !known {
					t.Errorf("%s: nothing runs this command, and nothing says why: %s", page, command)
				}
			}
		}
	}
	for _, w := range walks() {
		if !used[w.commands] {
			t.Errorf("no page has a command like %s", w.commands)
		}
		if w.in != "" && !strings.Contains(read(t, w.in), w.by) {
			t.Errorf("%s has no %q, which should run %s", w.in, w.by, w.commands)
		}
	}
	if commands < 60 {
		t.Errorf("%d commands were found: the test reads the wrong text", commands)
	}
}
