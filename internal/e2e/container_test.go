//go:build container

package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// The image as GitHub's runner runs it, against the same image as an index in a container of its own. The two share a
// network namespace that has loopback and nothing else. .ci/container-test builds and runs this; the environment says with
// what:
//
//	CONTAINER_ENGINE  the client of the container engine
//	CONTAINER_IMAGE   the image
//	CONTAINER_LABEL   the label of every container, by which the script removes what is left

// peeking is the name under which this binary is a small HTTP client: an image without a shell has none to look into its
// network with.
const peeking = "peek"

func init() {
	if filepath.Base(os.Args[0]) == peeking {
		if err := peek(os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func peek(method, url, body string) error {
	request, err := http.NewRequest(method, url, strings.NewReader(body)) // the client has a time-out
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", peeking)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

// engine is a command of the container engine.
func engine(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), os.Getenv("CONTAINER_ENGINE"), arguments...)
}

// inContainer is a container of the image: flags are the engine's, arguments the program's.
func inContainer(t *testing.T, flags []string, arguments ...string) *exec.Cmd {
	t.Helper()
	all := append([]string{"run", "--rm", "--label", os.Getenv("CONTAINER_LABEL")}, flags...)
	return engine(t, slices.Concat(all, []string{os.Getenv("CONTAINER_IMAGE")}, arguments)...)
}

// repositoryURL is the input that names the index.
const repositoryURL = "INPUT_REPOSITORY-URL"

// address is where the index listens, on the loopback of the containers.
const address = "127.0.0.1:8080"

// servedIndex is the image as an index, which trusts the run for the project alder.
type servedIndex struct {
	t    *testing.T
	name string
	env  map[string]string // of the run that it trusts
	log  *bytes.Buffer
}

func serveInImage(t *testing.T) *servedIndex {
	t.Helper()
	x := &servedIndex{
		t:    t,
		name: fmt.Sprintf("index-%d-%d", os.Getpid(), time.Now().UnixNano()),
		env:  fakepypi.Run{}.Env(),
		log:  &bytes.Buffer{},
	}
	folder := t.TempDir()
	user := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) // an index needs no rights, and we read what it writes
	command := inContainer(t, []string{"--name", x.name, "--network", "none", "--user", user, "-v", folder + ":/stage"},
		"serve", "-addr", address, "-project", "alder", "-env-file", "/stage/env")
	command.Stdout, command.Stderr = x.log, x.log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // killed at the end
	}()
	t.Cleanup(func() {
		_ = exec.Command(os.Getenv("CONTAINER_ENGINE"), "rm", "-f", x.name).Run() // the test's context is done
		<-ended
		if t.Failed() {
			t.Logf("the index said:\n%s", x.log)
		}
	})
	eventually(t, "the index says what a client needs", func() bool {
		text, err := os.ReadFile(filepath.Join(folder, "env"))
		if err != nil {
			select {
			case <-ended:
				t.Fatalf("the index ended:\n%s", x.log)
			default:
			}
			return false
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if strings.HasPrefix(name, "ACTIONS_") || strings.HasPrefix(name, "PYPI_OIDC_PUBLISH_") || name == repositoryURL {
				x.env[name] = value // the rest is for other clients
			}
		}
		return true
	})
	return x
}

// fetch sends a request to the index, from its own network.
func (x *servedIndex) fetch(method, path, body string) string {
	x.t.Helper()
	self, err := os.Executable()
	if err != nil {
		x.t.Fatal(err)
	}
	command := inContainer(x.t,
		[]string{"--network", "container:" + x.name, "-v", self + ":/" + peeking + ":ro", "--entrypoint", "/" + peeking},
		method, "http://"+address+path, body)
	answer, err := command.CombinedOutput()
	if err != nil {
		x.t.Fatalf("%s %s: %v\n%s", method, path, err, answer)
	}
	return string(answer)
}

// eventually waits until a condition holds, up to a limit.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// mount is a folder of the host and its place in the container.
type mount struct{ host, inside string }

// mounts are those of the runner. Its socket of the engine is left out: the action has no business with it.
func (s *step) mounts() []mount {
	root := filepath.Dir(s.dir)
	var all []mount
	for _, name := range []string{"runner_temp", "home", "workflow", "file_commands", "workspace"} {
		all = append(all, mount{filepath.Join(root, name), "/github/" + name})
	}
	return all
}

// translated is a value of the environment as the runner gives it to a container: one that is, or begins with, a folder of a
// mount is rewritten.
func translated(value string, mounts []mount) string {
	for _, m := range mounts {
		if rest, found := strings.CutPrefix(value, m.host); found && (rest == "" || rest[0] == '/') {
			return m.inside + rest
		}
	}
	return value
}

// inTheImage is the step as the runner starts it, in the network of the index.
func (s *step) inTheImage(x *servedIndex, flags ...string) *running {
	s.t.Helper()
	all := append([]string{"--workdir", "/github/workspace", "--network", "container:" + x.name}, flags...)
	env := os.Environ()
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		if name == "PATH" || name == "HOSTNAME" {
			continue // the image and the engine have their own
		}
		all = append(all, "-e", name)
		env = append(env, name+"="+translated(s.env[name], s.mounts()))
	}
	for _, m := range s.mounts() {
		bind := m.host + ":" + m.inside
		if slices.Contains(flags, "--read-only") && strings.HasSuffix(m.inside, "home") {
			bind += ":ro"
		}
		all = append(all, "-v", bind)
	}
	command := inContainer(s.t, all)
	command.Env, command.Stdout, command.Stderr = env, &s.log, &s.log
	return s.startCommand(command)
}

// belongsTo1001 gives the workspace to another user, as on GitHub's own runners. Who is not root has it already.
func (s *step) belongsTo1001() {
	s.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	err := filepath.Walk(filepath.Dir(s.dir), func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 1001, 1001)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// again empties what the step before has left to the runner, as for a step of the same job.
func (s *step) again() {
	s.t.Helper()
	s.log.Reset()
	for _, path := range s.commandFiles() {
		if err := os.Truncate(path, 0); err != nil {
			s.t.Fatal(err)
		}
	}
}

// text returns the step as a user sees it: the log's page, the summary and the outputs.
func (v checkResult) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the log:\n\n%s\nthe summary:\n\n%s\nthe outputs:\n\n", strings.Join(v.log.lines, "\n"), v.summary)
	for _, name := range slices.Sorted(maps.Keys(v.outputs)) {
		fmt.Fprintf(&b, "%s=%s\n", name, v.outputs[name])
	}
	return b.String()
}

// TestContainer is the steps of users, in the image.
func TestContainer(t *testing.T) {
	cases := []struct {
		name     string
		prepare  func(*step)
		flags    []string
		rejected contract // what has to come of it; without a finding it is published
	}{
		{name: "as the runner runs it", prepare: func(*step) {}},
		{
			name: "an absolute packages-dir, which the runner translates",
			prepare: func(s *step) {
				s.env["INPUT_PACKAGES-DIR"] = s.path("dist")
			},
		},
		{
			name: "a read-only home and file system, and a path with blanks and letters of the world",
			prepare: func(s *step) {
				const folder = "Bäume & 木/v1.0 (final)"
				if err := os.MkdirAll(s.path(filepath.Dir(folder)), 0o755); err != nil {
					s.t.Fatal(err)
				}
				if err := os.Rename(s.path("dist"), s.path(folder)); err != nil {
					s.t.Fatal(err)
				}
				s.env["INPUT_PACKAGES-DIR"] = folder
			},
			flags: []string{"--read-only"},
		},
		{
			name: "a pull request of a fork",
			prepare: func(s *step) {
				delete(s.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
				delete(s.env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
				s.env["GITHUB_EVENT_NAME"], s.env["GITHUB_REF"] = "pull_request", "refs/pull/7/merge"
			},
			rejected: contract{event: "fork.json", errorID: "id-token-fork", says: "a pull request from a fork", code: 2},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := serveInImage(t)
			event := c.rejected.event
			if event == "" {
				event = "push.json"
			}
			s := prepared(t, t.TempDir(), x.env, x.env[repositoryURL], event)
			c.prepare(s)
			s.belongsTo1001()
			before := s.inventory()
			code := s.inTheImage(x, c.flags...).wait()
			v := s.check(code, before)
			t.Logf("exit code %d\n%s", code, v.text())
			if code != c.rejected.code {
				t.Errorf("exit code %d", code)
			}
			if c.rejected.errorID != "" {
				s.checkRefusal(v, c.rejected)
				return
			}
			s.published(v, contract{})
			x.holdsAll()
		})
	}
}

// holdsAll reports whether the index lists what was built.
func (x *servedIndex) holdsAll() {
	x.t.Helper()
	page := x.fetch(http.MethodGet, "/simple/alder/", "")
	for _, name := range built() {
		if !strings.Contains(page, ">"+name+"</a>") {
			x.t.Errorf("the index does not list %s:\n%s", name, page)
		}
	}
}

// TestCancel_Container: the runner's signals go to the engine's client, which hands them on to the program, the first
// process of its container. The re-run finishes.
func TestCancel_Container(t *testing.T) {
	x := serveInImage(t)
	s := prepared(t, t.TempDir(), x.env, x.env[repositoryURL], "push.json")
	s.belongsTo1001()
	before := s.inventory()
	if answer := x.fetch(http.MethodPost, "/_stage/faults", `{"op": "upload", "fault": "hang"}`); !strings.Contains(answer, "planned") {
		t.Fatalf("the fault is not planned: %s", answer)
	}
	command := s.inTheImage(x)
	eventually(t, "the upload hangs", func() bool {
		return strings.Contains(x.fetch(http.MethodGet, "/_stage/faults", ""), `"struck":1`)
	})
	code, took := command.cancel(t)
	v := s.check(code, before)
	t.Logf("exit code %d, %v after the first signal\n%s", code, took, v.text())
	expect.Equal(t, "exit code", code, 1)
	expect.Equal(t, "output result", v.outputs["result"], "failed")
	expect.Equal(t, "output token-burned", v.outputs["token-burned"], "true")
	if took > 5*time.Second {
		t.Errorf("it ended %v after the first signal", took)
	}
	s.again()
	code = s.inTheImage(x).wait()
	s.published(s.check(code, before), contract{})
	x.holdsAll()
}

// TestContainer_Commands: the commands for people without Go, as README and docs show them.
func TestContainer_Commands(t *testing.T) {
	x := serveInImage(t)
	s := newStepWith(t, map[string]string{}, "alder-1.0-py3-none-any.whl")
	checkout, err := filepath.Abs(filepath.Join("..", "setup", "testdata", "checkouts", "setuptools"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags, arguments []string
		code             int
		says             string
	}{
		{[]string{"-v", s.path("dist") + ":/dist:ro"}, []string{"check", "/dist"}, 0, "1 file checked: no problems"},
		{
			[]string{"-v", checkout + ":/checkout:ro"},
			[]string{"setup", "-index", "none", "/checkout"},
			0, "Register the publisher of alder",
		},
		{
			[]string{"-v", s.path("dist") + ":/dist:ro", "--network", "container:" + x.name},
			[]string{"verify", "-index", "http://" + address + "/legacy/", "/dist"},
			1, "does not list alder-1.0-py3-none-any.whl",
		},
	} {
		command := inContainer(t, append([]string{"--read-only"}, c.flags...), c.arguments...)
		out, _ := command.CombinedOutput() // the exit code tells
		what := strings.Join(c.arguments, " ")
		expect.Equal(t, "exit code of "+what, command.ProcessState.ExitCode(), c.code)
		expect.Contains(t, "the output of "+what, string(out), c.says)
	}
}

// TestContainer_Readme: the commands of the README for people without Go, letter by letter, but for the name of the image and the engine.
func TestContainer_Readme(t *testing.T) {
	s := newStepWith(t, map[string]string{}, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"check": "2 files checked: no problems", "rehearse": "published alder 1.0: 2 files uploaded"}
	command := regexp.MustCompile(`(?m)^docker (run --rm -v "\$PWD/dist:/dist:ro") ghcr\.io/\S+ (\w+) /dist$`)
	for _, found := range command.FindAllStringSubmatch(string(page), -1) {
		shell := exec.CommandContext(t.Context(), "bash", "-c",
			`"$CONTAINER_ENGINE" `+found[1]+` --label "$CONTAINER_LABEL" "$CONTAINER_IMAGE" `+found[2]+` /dist`)
		shell.Dir = s.dir
		out, err := shell.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v", found[0], err)
		}
		expect.Contains(t, "the output of "+found[0], string(out), want[found[2]])
		delete(want, found[2])
	}
	for verb := range want {
		t.Errorf("the README does not show how to run %s with docker", verb)
	}
}
