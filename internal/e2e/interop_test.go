package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// Other clients with the test server, and ours with every kind of index: each test starts serve as a process.

// oldMetadata is of a version that every client in use reads.
const oldMetadata = "Metadata-Version: 2.1\nName: alder\nVersion: 1.0\nSummary: A tree\nRequires-Python: >=3.6\n" +
	"Description-Content-Type: text/plain\n\nA tree.\n"

// backend builds the metadata of an sdist with nothing but Python, since pip asks for it even where it only downloads.
const backend = `import os


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = "alder-1.0.dist-info"
    os.mkdir(os.path.join(folder, info))
    with open("PKG-INFO") as ours, open(os.path.join(folder, info, "METADATA"), "w") as theirs:
        theirs.write(ours.read())
    return info


def build_wheel(folder, settings=None, metadata=None):
    raise NotImplementedError("nobody installs this")
`

const (
	theWheel = "alder-1.0-py3-none-any.whl"
	theSdist = "alder-1.0.tar.gz"
)

// buildFolders are a wheel and an sdist for clients of every age. salt changes their bytes.
func buildFolders(salt string) map[string][]byte {
	const top = "alder-1.0/"
	return map[string][]byte{
		theWheel: disttest.Zip(disttest.WheelMembers("alder", "1.0", oldMetadata,
			disttest.Member{Name: "alder.py", Content: "# a tree" + salt + "\n"})...),
		theSdist: disttest.TarGz(disttest.Sorted(map[string]string{
			top + "PKG-INFO": oldMetadata, top + "alder.py": "# a tree" + salt + "\n", top + "backend.py": backend,
			top + "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
		})...),
	}
}

// folderOf writes the files to a folder.
func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// needs skips a test whose client is not installed. CI has to have it.
func needs(t *testing.T, client string) {
	t.Helper()
	_, err := exec.LookPath(client)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is missing: CI has to run this test (%v)", client, err)
	default:
		t.Skipf("%s is not installed here, and CI is not set: %v", client, err)
	}
}

// client runs another client with the environment that serve prints; settings come on top. It returns what was printed, and the exit code.
func (s *served) client(settings []string, name string, arguments ...string) (printed string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	home := s.t.TempDir()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.WaitDelay = home, 5*time.Second
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "NO_COLOR=1", "COLUMNS=400",
		"PYTHONDONTWRITEBYTECODE=1",
		"PIP_CONFIG_FILE=" + os.DevNull, "PIP_NO_CACHE_DIR=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "PIP_RETRIES=0",
		"PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring",
	}
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env, settings...)
	out, err := command.CombinedOutput()
	if ctx.Err() != nil {
		s.t.Fatalf("%s did not end: %v\n%s", name, err, out)
	}
	return string(out), command.ProcessState.ExitCode()
}

func (s *served) twine(folder string, settings ...string) (printed string, code int) {
	s.t.Helper()
	return s.client(settings, "twine", "upload", "--non-interactive", "--disable-progress-bar", filepath.Join(folder, theWheel),
		filepath.Join(folder, theSdist))
}

// TestInterop_Twine: twine uploads with what serve prints, may do it again where the index allows that, and else gets the index's message.
// Two profiles are missing: testpypi is pypi with other addresses in its messages, and no-trusted-publishing lacks what twine asks for only
// where it has no password.
func TestInterop_Twine(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	needs(t, "twine")
	for profile, again := range map[string]struct {
		code int
		says string
	}{
		"pypi": {0, ""}, "plain": {1, "409 Conflict"},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, "-profile", profile)
			files := buildFolders("")
			folder := folderOf(t, files)
			if printed, code := s.twine(folder); code != 0 {
				t.Fatalf("exit code %d\n%s", code, printed)
			}
			s.serves(files)
			printed, code := s.twine(folder)
			expect.Equal(t, "exit code", code, again.code)
			expect.Contains(t, "the output", printed, again.says)
			printed, code = s.twine(folderOf(t, buildFolders(", another one")))
			message := "File already exists ('" + theWheel + "', with blake2_256 hash"
			if profile == "plain" {
				message = "409 Conflict"
			}
			expect.Contains(t, "the output", unfolded(printed), message)
			if code == 0 {
				t.Errorf("other bytes are taken\n%s", printed)
			}
			message = "Invalid or non-existent authentication information"
			if profile == "plain" {
				message = "401 Unauthorized"
			}
			printed, code = s.twine(folder, "TWINE_PASSWORD=pypi-AgEIcHlwaS5vcmcCAWEAAAYgAAAA")
			expect.Contains(t, "the output", unfolded(printed), message)
			if code == 0 {
				t.Errorf("a wrong token is taken\n%s", printed)
			}
			s.serves(files)
		})
	}
}

// unfolded joins the lines that a terminal's width has broken.
func unfolded(text string) string { return strings.Join(strings.Fields(text), " ") }

// serves checks that the index holds these files and no other, with these bytes.
func (s *served) serves(files map[string][]byte) {
	s.t.Helper()
	page := s.fetch("GET", "/simple/alder/", "")
	if n := strings.Count(page, "/files/"); n != len(files) {
		s.t.Errorf("%d files, not %d:\n%s", n, len(files), page)
	}
	for name, content := range files {
		// Its provenance has its name too.
		at := regexp.MustCompile(regexp.QuoteMeta(s.env["STAGE_URL"]) + `/files/[^"#]*/` + regexp.QuoteMeta(name)).FindString(page)
		if at == "" {
			s.t.Errorf("no %s on the page:\n%s", name, page)
			continue
		}
		if got := s.fetch("GET", at, ""); got != string(content) {
			s.t.Errorf("%s has %d bytes, not its %d", name, len(got), len(content))
		}
	}
}

// window stands between pip and the index: it lets only some forms of the pages through, and sees which came.
type window struct {
	accept string // what is asked for; empty: what pip asks for
	url    string

	mu   sync.Mutex
	seen []string // content types of pages
}

// kinds returns the content types of the pages that came.
func (w *window) kinds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func newWindow(t *testing.T, index, accept string) *window {
	t.Helper()
	to, err := url.Parse(index)
	if err != nil {
		t.Fatal(err)
	}
	w := &window{accept: accept}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if accept != "" {
				r.Out.Header.Set("Accept", accept)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.seen = append(w.seen, r.Header.Get("Content-Type"))
			return nil
		},
	})
	t.Cleanup(server.Close)
	w.url = server.URL + "/simple/"
	return w
}

// TestInterop_Pip: pip brings back the very bytes that were published: the wheel by every form of the pages, and the sdist, which stands
// beside it on each page, by the newest form and by the oldest.
func TestInterop_Pip(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	needs(t, "pip")
	wheels, sdists := map[string]string{theWheel: "--only-binary"}, map[string]string{theSdist: "--no-binary"}
	both := union(wheels, sdists)
	for name, c := range map[string]struct {
		profile, accept, form string
		files                 map[string]string // with the option that wants no other
	}{
		"JSON":        {"pypi", "", "application/vnd.pypi.simple.v1+json", both},
		"HTML":        {"pypi", "text/html", "text/html; charset=UTF-8", wheels},
		"HTML, v1":    {"testpypi", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html", wheels},
		"plain, HTML": {"plain", "", "text/html; charset=UTF-8", both},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, "-profile", c.profile, "-project", "alder")
			files := buildFolders("")
			p := s.step()
			p.env["INPUT_PACKAGES-DIR"] = folderOf(t, files)
			p.run().require(t, 0)
			for file, only := range c.files {
				w := newWindow(t, s.env["STAGE_URL"], c.accept)
				folder := t.TempDir()
				printed, code := s.client([]string{"PIP_INDEX_URL=" + w.url}, "pip", "download", "--no-deps", "--no-build-isolation", only,
					":all:", "-d", folder, "alder")
				got, err := os.ReadFile(filepath.Join(folder, file))
				if code != 0 || err != nil {
					t.Errorf("%s: exit code %d, %v\n%s", file, code, err, printed)
				}
				if !bytes.Equal(got, files[file]) {
					t.Errorf("%s has other bytes than the file that was uploaded", file)
				}
				if kinds := w.kinds(); len(kinds) == 0 || slices.ContainsFunc(kinds, func(kind string) bool { return kind != c.form }) {
					t.Errorf("the pages were %v, not %s", kinds, c.form)
				}
			}
		})
	}
}

// TestInterop_EveryProfile: this program against every kind of index, with nothing but what serve prints, and again.
func TestInterop_EveryProfile(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for profile, c := range map[string]struct {
		first, again string   // results
		says         []string // in the log of the first run
		burned       string
	}{
		"pypi":                  {"published", "unchanged", []string{"Trusted Publishing, because no password is given"}, "true"},
		"testpypi":              {"published", "unchanged", []string{"Trusted Publishing, because no password is given"}, "true"},
		"no-trusted-publishing": {"published", "unchanged", []string{"user and password, because a password is given"}, "not-minted"},
		// It has the MD5 of its files, and lists them on an HTML page.
		"plain": {"published", "unchanged", []string{"user and password, because a password is given"}, "not-minted"},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, "-profile", profile, "-project", "alder")
			files := buildFolders("")
			p := s.step()
			p.env["INPUT_PACKAGES-DIR"] = folderOf(t, files)
			e := p.run().expect(t, 0, "result", c.first, "published-count", "2", "token-burned", c.burned)
			for _, says := range c.says {
				if !strings.Contains(e.log, says) {
					t.Errorf("it does not say %q:\n%s", says, e.log)
				}
			}
			s.serves(files)
			e = p.run().expect(t, 0, "result", c.again)
			s.serves(files)
			p.env["INPUT_PACKAGES-DIR"] = folderOf(t, buildFolders(", another one"))
			e = p.run().expect(t, 1, "result", "failed")
			expect.Contains(t, "the log", e.log, " already has a different file named "+theWheel)
			s.serves(files)
		})
	}
}

// TestInterop_NoTrustedPublishing: an index without it is reported, with the next step; then that works.
func TestInterop_NoTrustedPublishing(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for _, profile := range []string{"no-trusted-publishing", "plain"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			s := serveServers(t, "-profile", profile)
			files := buildFolders("")
			p := s.step()
			p.env["INPUT_PACKAGES-DIR"] = folderOf(t, files)
			user, password := p.env["INPUT_USER"], p.env["INPUT_PASSWORD"]
			delete(p.env, "INPUT_USER")
			delete(p.env, "INPUT_PASSWORD")
			e := p.run()
			host := strings.TrimPrefix(s.env["STAGE_URL"], "http://")
			text := fmt.Sprintf("the index at %s does not support Trusted Publishing (it answered 404)", host)
			e.expect(t, 2, "result", "failed", "token-burned", "not-minted")
			expect.Contains(t, "the log", e.log, text, "API token of this index as `password`")
			p.env["INPUT_USER"], p.env["INPUT_PASSWORD"] = user, password
			e = p.run().expect(t, 0, "result", "published")
			s.serves(files)
		})
	}
}
