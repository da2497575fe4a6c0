package e2e_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

const (
	goldenWheel = "alder-1.0-py3-none-any.whl"
	goldenSdist = "alder-1.0.tar.gz"

	goldenFolder = "testdata/golden"
)

// situation is one that a maintainer meets: how it comes about, and the exit code. All that is said stands in testdata/golden.
type situation struct {
	name string
	code int
	set  func(*step)
}

func situations() []situation {
	published := func(s *step) { s.run() }
	claim := func(name string, value any) func(*step) {
		return func(s *step) { s.servers.Claims(func(c map[string]any) { c[name] = value }) }
	}
	broken := func(op, name string) func(*step) {
		return func(s *step) { s.injectFault(op, name, 0, fault.Forever) }
	}
	input := func(name, value string) func(*step) {
		return func(s *step) { s.env["INPUT_"+strings.ToUpper(name)] = value }
	}
	uploadMessage := func(message string) func(*step) {
		return func(s *step) {
			s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				http.Error(w, message, http.StatusBadRequest)
			})
		}
	}
	all := func(sets ...func(*step)) func(*step) {
		return func(s *step) {
			for _, set := range sets {
				set(s)
			}
		}
	}
	wheels := func(content string) func(*step) {
		return func(s *step) {
			for _, platform := range []string{"macosx_11_0_arm64", "manylinux_2_28_x86_64", "musllinux_1_2_x86_64", "win32"} {
				s.build("alder-1.0-cp312-cp312-"+platform+".whl", content)
			}
		}
	}
	return []situation{
		{"published", 0, input("wait-for-index", "60")},
		{"unchanged", 0, published},
		{"conflict", 1, all(published, func(s *step) { s.build(goldenWheel, "rebuilt") })},
		{"skipped", 0, all(published, func(s *step) { s.build(goldenWheel, "rebuilt") }, input("skip-existing", "true"))},
		{"many conflicts", 1, all(wheels(""), published, wheels("rebuilt"))},
		{"many skipped", 0, all(wheels(""), published, wheels("rebuilt"), input("skip-existing", "true"))},
		{"dry run", 0, input("dry-run", "true")},
		{"preflight errors", 1, func(s *step) {
			disttest.Save(s.t, s.path("dist/"+goldenSdist), disttest.TarGz(disttest.Sorted(map[string]string{
				"alder-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: alder\nVersion: 1.0\nRequires-Dist: " +
					"bar @ https://example.com/bar.whl\nClassifier: Private :: No\n",
				"alder-1.0/setup.py": "",
			})...))
		}},
		{"the same errors in many files", 1, func(s *step) {
			for _, platform := range []string{"macosx_11_0_arm64", "manylinux_2_28_x86_64", "musllinux_1_2_x86_64", "win32", "win_amd64"} {
				name := "alder-1.0-cp312-cp312-" + platform + ".whl"
				disttest.Save(s.t, s.path("dist/"+name), disttest.Zip(disttest.Sorted(map[string]string{
					"alder.py": "# " + name + "\n", "alder-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\n",
					"alder-1.0.dist-info/METADATA": "Metadata-Version: 2.5\nName: alder\nVersion: 1.0\nImport-Name\n" +
						"Requires-Python: >=3.9\n\nA tree.\n",
				})...))
			}
		}},
		{"unexpected version", 1, input("expected-version", "v2.0")},
		{"nothing to publish", 2, func(s *step) {
			s.asProcess() // whose folder dist is, as it says
			s.remove(goldenWheel, goldenSdist)
		}},
		{"distributions in a subfolder", 2, func(s *step) {
			if err := os.Mkdir(s.path("dist/linux"), 0o755); err != nil {
				s.t.Fatal(err)
			}
			if err := os.Rename(s.path("dist/"+goldenWheel), s.path("dist/linux/"+goldenWheel)); err != nil {
				s.t.Fatal(err)
			}
		}},
		{"misconfigured", 2, all(input("skip-existing", "yes"), input("auth", "token"))},
		{"no permission to request an ID token", 2, (*step).withoutIDToken},
		{"pull request target", 2, claim("event_name", "pull_request_target")},
		{"no publisher", 1, all(claim("environment", "pypi"), claim("repository_owner_id", "1"))},
		{"no pending publisher", 1, func(s *step) {
			s.remove(goldenWheel, goldenSdist)
			s.build("birch-1.0-py3-none-any.whl", "")
			claim("environment", "pypi")(s)
			claim("repository_owner_id", "1")(s)
		}},
		{"a pending publisher of a project that exists", 1, func(s *step) {
			s.remove(goldenWheel, goldenSdist)
			s.build("birch-1.0-py3-none-any.whl", "")
			claim("environment", "pypi")(s)
			claim("repository", "octo-org/birch")(s)
			claim("workflow_ref", "octo-org/birch/.github/workflows/release.yml@refs/tags/v1.0.0")(s)
			claim("job_workflow_ref", "octo-org/birch/.github/workflows/release.yml@refs/tags/v1.0.0")(s)
			s.servers.AddPublisher(fakepypi.Publisher{Project: "birch", Repository: "birch", Pending: true})
			s.servers.AddPublisher(fakepypi.Publisher{Project: "birch", Repository: "elsewhere"}) // its owner made it meanwhile
		}},
		{"no upload token from the index", 1, broken("mint", "status-503")},
		{"signing is down", 1, all(broken("log-entry", "status-503"), input("attestations", "true"))},
		{"signing is down, best effort", 0, all(broken("log-entry", "status-503"), input("attestations", "best-effort"))},
		{"rejected for an unknown reason", 1, uploadMessage("This project takes no uploads on Saturdays.")},
		{"rejected by a rule that preflight missed", 1, uploadMessage("'home' is invalid for 'requires-dist'.")},
		{"a token instead", 0, func(s *step) {
			token, err := s.servers.APIToken()
			if err != nil {
				s.t.Fatal(err)
			}
			s.env["INPUT_PASSWORD"] = token
		}},
		{"attached to the GitHub release", 0, func(s *step) { s.withGitHub(releases.Write, v1) }},
		{"not attached to the GitHub release", 0, func(s *step) {
			g := s.withGitHub(releases.Write, v1)
			g.Say(releases.Upload, releases.Answer{
				Status: 422,
				Body:   `{"message":"Validation Failed","errors":[{"code":"custom","message":"too many assets"}]}`,
			})
		}},
		{"no permission for the GitHub release", 2, func(s *step) { s.withGitHub(releases.Read, v1) }},
	}
}

// TestGolden_Situations: all that people and other jobs read of a run, word for word, as the real program says it.
func TestGolden_Situations(t *testing.T) {
	t.Parallel()
	for _, c := range situations() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, goldenWheel, goldenSdist)
			s.noWait = true
			s.env["INPUT_VERBOSE"], s.env["INPUT_PARALLEL-UPLOADS"] = "false", "1"
			c.set(s)
			e := s.run()
			e.expect(t, c.code)
			golden.Equal(t, golden.Path(goldenFolder, c.name),
				s.stable("--- log\n"+e.log+"--- outputs\n"+listOf(e.outputs)+"--- summary\n"+e.summary))
		})
	}
}

// TestGolden_Files: there is one for each situation, and no other.
func TestGolden_Files(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range situations() {
		names = append(names, c.name)
	}
	golden.Files(t, goldenFolder, names)
}

func listOf(outputs map[string]string) string {
	var lines []string
	for name, value := range outputs {
		lines = append(lines, name+"="+value+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// changing returns what stands in a golden file for what differs from run to run.
func changing() []golden.Replacement {
	return []golden.Replacement{
		{Pattern: `::add-mask::.*`, With: "::add-mask::(a secret)"},
		{Pattern: `127\.0\.0\.1(:|&#58;)\d+`, With: "127.0.0.1${1}PORT"},
		{Pattern: `\d\d(:|&#58;)\d\d(:|&#58;)\d\d UTC`, With: "00${1}00${2}00 UTC"},
		{Pattern: `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, With: "2026-01-01T00:00:00Z"},
		{Pattern: `(\d+ min \d+ s|\d+\.\d+ s|\d+ ms)\b`, With: "1 ms"},
		{Pattern: `(\d+ min \d+|\d+\.\d+|\d+)&nbsp;(ms|s)\b`, With: "1&nbsp;ms"},
		{Pattern: ` :\d+, \d+\n`, With: " :0, 1\n"},
		{Pattern: `(axisFormat|tickInterval) .*`, With: "$1 (by the length of the run)"},
		{Pattern: `(log entry |logIndex=|log-index":|&nbsp;)?255791\d\d`, With: "${1}25579100"},
		{Pattern: `\(of \d+ bytes\)`, With: "(of some bytes)"},
		// How many tries a budget has depends on the jitter.
		{
			Pattern: `(?:(?:::add-mask::[^\n]*\n)*([^\n]*): next try in [^\n]*\n)+`,
			With:    "${1}: next try in 8 s (2nd try, … left), and so on\n",
		},
		{Pattern: `after \d+ tries`, With: "after 9 tries"},
	}
}

// stable is a text without what differs from run to run.
func (s *step) stable(text string) string {
	text = golden.Stable(strings.ReplaceAll(text, s.dir, "WORKSPACE"), changing()...)
	// Log entries are made concurrently, and logged as they come.
	lines := strings.SplitAfter(text, "\n")
	for from := 0; from < len(lines); from++ {
		to := from
		for to < len(lines) && strings.HasPrefix(lines[to], "attested ") {
			to++
		}
		slices.Sort(lines[from:to])
	}
	return strings.Join(lines, "")
}
