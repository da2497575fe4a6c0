package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fixture is a repository at its candidate, and a GitHub for the scripts of a release: testdata/gh, on a bare repository.
type fixture struct {
	t            *testing.T
	here, store  string
	candidate    string
	environment  []string
	breakOnce    string
	programNames []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the scripts of a release run on Linux, with its commands")
	}
	p := &fixture{t: t, here: t.TempDir(), store: t.TempDir(), programNames: []string{"a.tar.gz", "SHA256SUMS"}}
	gh, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	// A hook exports where git's repository is, which is not ours.
	clean := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	p.environment = append(clean, "PATH="+gh+":"+os.Getenv("PATH"), "STORE="+p.store, "GH_REPO=o/r", "GH_TOKEN=x",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	for name, content := range map[string]string{"action.yml": "name: a\nruns:\n  image: Dockerfile\n", "README.md": "text\n"} {
		p.write(filepath.Join(p.here, name), content)
	}
	for _, script := range []string{"tag-release", "publish-release", "move-major"} {
		p.write(filepath.Join(p.here, ".ci", script), read(t, "../.ci/"+script))
		if err := os.Chmod(filepath.Join(p.here, ".ci", script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"published", "drafts"} {
		if err := os.Mkdir(filepath.Join(p.store, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write(filepath.Join(p.store, "immutable"), "true\n")
	p.must("git", "init", "-q", "--template=", "-b", "main", ".") // without the samples of hooks
	p.must("git", "add", "-A")
	p.must("git", "commit", "-q", "-m", "candidate")
	p.candidate = p.must("git", "rev-parse", "HEAD")
	p.must("git", "clone", "-q", "--template=", "--bare", ".", filepath.Join(p.store, "repository"))
	for _, name := range p.programNames {
		p.write(filepath.Join(p.store, name), name)
	}
	p.pin("v1.2.3")
	return p
}

func (p *fixture) write(path, content string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// pin writes the image into the action.yml of the work tree.
func (p *fixture) pin(version string) {
	p.write(filepath.Join(p.here, "action.yml"), "name: a\nruns:\n  image: docker://ghcr.io/o/r:"+version+"@sha256:0\n")
}

func (p *fixture) run(name string, arguments ...string) (string, error) {
	command := exec.CommandContext(p.t.Context(), name, arguments...)
	command.Dir, command.Env = p.here, append(slices.Clone(p.environment), "BREAK="+p.breakOnce)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (p *fixture) must(name string, arguments ...string) string {
	p.t.Helper()
	message, err := p.run(name, arguments...)
	if err != nil {
		p.t.Fatalf("%s %v: %v\n%s", name, arguments, err, message)
	}
	return message
}

// at is what a name of the repository names, or nothing.
func (p *fixture) at(ref string) string {
	message, err := p.run("git", "--git-dir", filepath.Join(p.store, "repository"), "rev-parse", "-q", "--verify", ref)
	if err != nil {
		return ""
	}
	return message
}

// release is the end of the release workflow.
func (p *fixture) release(version string) (string, error) {
	message, err := p.run(".ci/tag-release", version)
	if err != nil {
		return message, err
	}
	files := []string{version}
	for _, name := range p.programNames {
		files = append(files, filepath.Join(p.store, name))
	}
	if message, err = p.run(".ci/publish-release", files...); err != nil {
		return message, err
	}
	return p.run(".ci/move-major", version)
}

// TestReleaseScript_Resume: the tag is of a commit that differs from the candidate in one line, the release has the programs, and v1 moves
// last. After any failure on the way, running it again finishes it.
func TestReleaseScript_Resume(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts git many times: left out with -short")
	}
	t.Parallel()
	for _, broken := range []string{
		"", "git/matching-refs", "git/blobs", "git/trees", "git/commits -f", "git/commits/", "matching-refs/heads/",
		"git/refs -f ref=refs/heads/release/v1.2.3",
		"git/refs -f ref=refs/tags/v1.2.3",
		"release create",
		"release view", "release upload", "release edit", "releases/tags", "release list", "git/refs -f ref=refs/tags/v1 ",
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			p := newFixture(t)
			p.breakOnce = broken
			message, err := p.release("v1.2.3")
			// Files are sent apart only where an earlier try has left a draft.
			if (err != nil) != (broken != "" && broken != "release upload") {
				t.Fatalf("%v\n%s", err, message)
			}
			if err != nil {
				if p.at("refs/tags/v1") != "" {
					t.Error("v1 has moved although something broke")
				}
				if p.at("refs/tags/v1.2.3") != "" && p.at("refs/heads/release/v1.2.3") == "" {
					t.Error("the tag was made before the branch")
				}
				if strings.HasPrefix(broken, "git/refs -f ref=") && !strings.Contains(message, "docs/releasing.md") {
					t.Errorf("a tag was refused, and the message does not explain it: %s", message)
				}
				if message, err = p.release("v1.2.3"); err != nil {
					t.Fatalf("the second run: %v\n%s", err, message)
				}
			}
			commit := p.at("refs/tags/v1.2.3")
			if commit == "" || p.at(commit+"^") != p.candidate || p.at("refs/tags/v1") != commit || !strings.HasSuffix(message, "v1") {
				t.Errorf("v1.2.3 is %q on %q, v1 is %q", commit, p.at(commit+"^"), p.at("refs/tags/v1"))
			}
			if at := p.at("refs/heads/release/v1.2.3"); at != commit {
				t.Errorf("the branch release/v1.2.3 is %q, not the commit of the release", at)
			}
			changed := p.must("git", "--git-dir", filepath.Join(p.store, "repository"), "diff", "--numstat", p.candidate, commit)
			if changed != "1\t1\taction.yml" {
				t.Errorf("changed: %s", changed)
			}
			assets, err := os.ReadDir(filepath.Join(p.store, "published", "v1.2.3"))
			if err != nil || len(assets) != len(p.programNames) ||
				strings.TrimSpace(read(t, filepath.Join(p.store, "latest"))) != "--latest=true" {
				t.Errorf("assets: %v, %v", assets, err)
			}
		})
	}
}

// TestReleaseScript_Refused: nothing is overwritten, and v1 moves for nothing that is not published, newest and immutable.
func TestReleaseScript_Refused(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts git many times: left out with -short")
	}
	t.Parallel()
	for _, c := range []struct {
		name, says string
		before     func(*fixture)
		v1         bool // moves
		fails      bool
	}{
		{"the tag is something else's", "is not this release", func(p *fixture) {
			p.must("git", "--git-dir", filepath.Join(p.store, "repository"), "tag", "v1.2.3", p.candidate)
		}, false, true},
		{"the branch is something else's", "is not this release", func(p *fixture) {
			store := filepath.Join(p.store, "repository")
			other := p.must("git", "--git-dir", store, "commit-tree", p.candidate+"^{tree}", "-m", "other")
			p.must("git", "--git-dir", store, "branch", "release/v1.2.3", other)
		}, false, true},
		{"a person made the branch at the candidate", "v1", func(p *fixture) {
			p.must("git", "--git-dir", filepath.Join(p.store, "repository"), "branch", "release/v1.2.3", p.candidate)
		}, true, false},
		{
			"more than one line differs", "one line", func(p *fixture) { p.write(filepath.Join(p.here, "README.md"), "other\n") }, false,
			true,
		},
		{"nothing differs", "one line", func(p *fixture) { p.must("git", "checkout", "-q", "action.yml") }, false, true},
		{
			"releases can be changed", "gh release delete v1.2.3",
			func(p *fixture) { p.write(filepath.Join(p.store, "immutable"), "false\n") }, false,
			true,
		},
		{
			"a newer one is out", "v1 stays at v1.10.0", func(p *fixture) { p.write(filepath.Join(p.store, "published", "v1.10.0"), "") },
			false,
			false,
		},
		{"an older one is out", "v1", func(p *fixture) { p.write(filepath.Join(p.store, "published", "v1.2.2"), "") }, true, false},
		{
			"a newer one of another line is out", "v1", func(p *fixture) { p.write(filepath.Join(p.store, "published", "v2.0.0"), "") },
			true,
			false,
		},
		{"a stray tag is no release", "v1", func(p *fixture) {
			p.must("git", "--git-dir", filepath.Join(p.store, "repository"), "tag", "v1.99.0", p.candidate)
		}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newFixture(t)
			c.before(p)
			message, err := p.release("v1.2.3")
			if (err != nil) != c.fails || !strings.Contains(message, c.says) {
				t.Errorf("%v: %s", err, message)
			}
			if latest, err := os.ReadFile(filepath.Join(p.store, "latest")); err == nil &&
				strings.Contains(string(latest), "false") != strings.Contains(c.name, "newer one") {
				t.Errorf("the newest release: %s", latest)
			}
			if moved := p.at("refs/tags/v1") != ""; moved != c.v1 {
				t.Errorf("v1 has moved: %v", moved)
			}
			if c.says != "gh release delete v1.2.3" {
				return
			}
			// What it says is what helps: a release that is published already does not become immutable.
			p.write(filepath.Join(p.store, "immutable"), "true\n")
			p.must("bash", "-c", "gh release delete v1.2.3 --yes")
			if message, err = p.release("v1.2.3"); err != nil || p.at("refs/tags/v1") != p.at("refs/tags/v1.2.3") {
				t.Errorf("after what was advised: %v: %s", err, message)
			}
		})
	}
}

// TestVerifyRelease_OldBash: who checks a release may have no newer bash than 3.2, which is that of macOS.
func TestVerifyRelease_OldBash(t *testing.T) {
	t.Parallel()
	newer := regexp.MustCompile(`\$\{\w+(,,?|\^\^?|@\w)\}|\b(mapfile|readarray|coproc)\b|declare -[An]|local -[An]|\|&|&>>|;;?&`)
	for _, script := range []string{"verify-release", "notices"} {
		for i, line := range strings.Split(read(t, "../.ci/"+script), "\n") {
			if newer.MatchString(line) {
				t.Errorf(".ci/%s:%d: bash 3.2 does not know that: %s", script, i+1, line)
			}
		}
	}
}
