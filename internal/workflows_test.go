package internal_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflowFiles are our own workflows, and those that people copy.
func workflowFiles(t *testing.T) (ours, examples []string) {
	t.Helper()
	for pattern, into := range map[string]*[]string{"../.github/workflows/*.yml": &ours, "../docs/examples/*.yml": &examples} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		*into = files
	}
	return ours, examples
}

var pinned = regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$`)

// TestWorkflows_Hardened checks what actionlint does not: no right that is not asked for by a job, actions pinned by a commit
// (the same one everywhere, with its version), no credentials left by a checkout, no untrusted text in a script, and none of the
// events that give the right of the repository to untrusted code.
func TestWorkflows_Hardened(t *testing.T) {
	t.Parallel()
	ours, examples := workflowFiles(t)
	versions := map[string]string{}
	for _, path := range append(ours, examples...) {
		text := read(t, path)
		if !strings.Contains(text, "\npermissions: {}\n") {
			t.Errorf("%s: the workflow must begin with permissions: {}", path)
		}
		for _, event := range []string{"pull_request_target", "workflow_run"} {
			if strings.Contains(text, event) {
				t.Errorf("%s: %s runs untrusted code with permissions", path, event)
			}
		}
		checkUses(t, path, text, versions)
		checkScripts(t, path, text)
		checkJobs(t, path, text)
	}
	if len(versions) == 0 {
		t.Error("no action was found: the test reads the wrong files")
	}
}

// checkUses checks the actions of a workflow, and adds them to those seen before.
func checkUses(t *testing.T, path, text string, versions map[string]string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		_, uses, found := strings.Cut(line, "uses: ")
		if !found || strings.HasPrefix(strings.TrimSpace(line), "#") || strings.HasPrefix(uses, "./") ||
			strings.HasPrefix(uses, "org/pypi-oidc-publish@") {
			continue
		}
		parts := pinned.FindStringSubmatch(uses)
		if parts == nil {
			t.Errorf("%s:%d: pin by commit, and say the version: %s", path, i+1, uses)
			continue
		}
		if before := versions[parts[1]]; before != "" && before != parts[2]+parts[3] {
			t.Errorf("%s:%d: %s is another version elsewhere", path, i+1, parts[1])
		}
		versions[parts[1]] = parts[2] + parts[3]
		if parts[1] == "actions/checkout" && !strings.Contains(
			strings.Join(lines[i+1:min(i+4, len(lines))], "\n"), "persist-credentials: false",
		) {
			t.Errorf("%s:%d: the checkout leaves its credentials in the workspace", path, i+1)
		}
	}
}

// checkScripts sees that scripts get values by the environment: an expression in a script is text that a shell reads.
func checkScripts(t *testing.T, path, text string) {
	t.Helper()
	script := -1 // the indentation of the script's key
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " -")
		indent := len(line) - len(trimmed)
		if trimmed == "" {
			continue
		}
		if script >= 0 && indent <= script {
			script = -1
		}
		if strings.HasPrefix(trimmed, "run: ") {
			script = indent
		}
		if script >= 0 && strings.Contains(line, "${{") {
			t.Errorf("%s:%d: give the value by env: %s", path, i+1, trimmed)
		}
	}
}

// jobsOf are the jobs of a workflow, by name.
func jobsOf(t *testing.T, path, text string) map[string]string {
	t.Helper()
	_, jobs, found := strings.Cut(text, "\njobs:\n")
	if !found {
		t.Fatalf("%s has no jobs", path)
	}
	named := map[string]string{}
	heads := regexp.MustCompile(`(?m)^  [\w-]+:$`).FindAllStringIndex(jobs, -1)
	for i, head := range heads {
		end := len(jobs)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		named[strings.TrimSuffix(strings.TrimSpace(jobs[head[0]:head[1]]), ":")] = jobs[head[0]:end]
	}
	return named
}

// checkJobs sees that each job says its own rights.
func checkJobs(t *testing.T, path, text string) {
	t.Helper()
	for name, job := range jobsOf(t, path, text) {
		if !strings.Contains(job, "\n    permissions:") {
			t.Errorf("%s: the job %s does not say its rights", path, name)
		}
	}
}

// TestWorkflows_OnlyGitHubActionsWrite checks what the threat model says about the workflows: a job that can write or sign runs only
// GitHub's own actions and this one.
func TestWorkflows_OnlyGitHubActionsWrite(t *testing.T) {
	t.Parallel()
	ours, _ := workflowFiles(t)
	writers := 0
	for _, path := range ours {
		for name, job := range jobsOf(t, path, read(t, path)) {
			if !strings.Contains(job, ": write\n") {
				continue
			}
			writers++
			for _, uses := range regexp.MustCompile(`uses: (\S+)`).FindAllStringSubmatch(job, -1) {
				if !strings.HasPrefix(uses[1], "actions/") && uses[1] != "./" {
					t.Errorf("%s: the job %s may write, and uses %s", path, name, uses[1])
				}
			}
		}
	}
	if text := strings.Join(strings.Fields(read(t, "../docs/threat-model.md")), " "); writers == 0 ||
		!strings.Contains(text, "Its jobs that can write or sign run only GitHub's own actions and this one") {
		t.Errorf("%d jobs may write, and the threat model does not say what they run", writers)
	}
}

// TestWorkflows_ReleaseRerun: GitHub keeps the artifacts of a run when a job of it is run again, and then refuses a second one of the name.
func TestWorkflows_ReleaseRerun(t *testing.T) {
	t.Parallel()
	path := "../.github/workflows/release.yml"
	_, upload, found := strings.Cut(jobsOf(t, path, read(t, path))["build"], "uses: actions/upload-artifact@")
	if !found || !strings.Contains(upload, "          overwrite: true\n") {
		t.Error("the job build cannot be run again: its artifact is there")
	}
}

// TestWorkflows_NoOwnerName keeps the name of the repository out of our workflows: a fork, or a new home, must release itself.
func TestWorkflows_NoOwnerName(t *testing.T) {
	t.Parallel()
	ours, _ := workflowFiles(t)
	_, module, _ := strings.Cut(read(t, "../go.mod"), "module github.com/")
	owner, _, _ := strings.Cut(module, "\n")
	for _, path := range ours {
		if strings.Contains(read(t, path), owner) {
			t.Errorf("%s names %s; take it from the context", path, owner)
		}
	}
}

// TestExamples_SelfHostedRunners: such a runner keeps the files of the run before. A checkout removes them; a job that only downloads has
// to do it itself, or the distributions of the last release are in the set of this one.
func TestExamples_SelfHostedRunners(t *testing.T) {
	t.Parallel()
	_, examples := workflowFiles(t)
	found := 0
	for _, path := range examples {
		for name, job := range jobsOf(t, path, read(t, path)) {
			before, download, downloads := strings.Cut(job, "uses: actions/download-artifact@")
			if !downloads || !strings.Contains(job, "self-hosted") {
				continue
			}
			found++
			folder := regexp.MustCompile(`\n          path: (\S+?)/?\n`).FindStringSubmatch(download)
			if folder == nil || !strings.Contains(before, "- run: rm -rf "+folder[1]+"\n") {
				t.Errorf("%s: the job %s publishes what an earlier run has left", path, name)
			}
		}
	}
	if found == 0 {
		t.Error("no such job was found: the test reads the wrong files")
	}
}

// TestExamples_PullRequestAfterRelease: between a release and the next version every build is one of a version that the index has, with
// other bytes. That is no reason to refuse a pull request.
func TestExamples_PullRequestAfterRelease(t *testing.T) {
	t.Parallel()
	_, examples := workflowFiles(t)
	for _, path := range examples {
		text := read(t, path)
		if strings.Contains(text, "\non: pull_request\n") && !strings.Contains(text, "          skip-existing: true\n") {
			t.Errorf("%s fails for every pull request after a release", path)
		}
	}
}

// TestExamples_AllRun holds the tables of .ci/examples to the folder: an example is run, or it is said why not.
func TestExamples_AllRun(t *testing.T) {
	t.Parallel()
	script := read(t, "../.ci/examples")
	named := map[string]bool{}
	for _, table := range []string{"runs", "not_run"} {
		_, after, found := strings.Cut(script, "\ndeclare -A "+table+"=(\n")
		rows, _, closed := strings.Cut(after, "\n)\n")
		if !found || !closed {
			t.Fatalf("the script has no table %s", table)
		}
		for _, row := range regexp.MustCompile(`(?m)^\t\[([\w-]+)(, [^\]]+)?\]=`).FindAllStringSubmatch(rows, -1) {
			if part := row[2] != ""; !part {
				named[row[1]] = true
			} else if !named[row[1]] {
				t.Errorf("%s: %s%s is a part of nothing that is run", table, row[1], row[2])
			}
		}
	}
	_, examples := workflowFiles(t)
	for _, path := range examples {
		name := strings.TrimSuffix(filepath.Base(path), ".yml")
		if !named[name] {
			t.Errorf("%s stands in no table of .ci/examples", path)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf(".ci/examples names %s, which is not there", name)
	}
}
