package publish

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestCollect: the files of a folder are found by name and read, and the index is asked about their project once.
func TestCollect(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel, sdist, "birch-2.0.tar.gz")
	h.index.pages[alder] = []page{listing(alder)}
	r, targets := h.collected()
	expect.Equal(t, "targets", namesOf(targets), []string{wheel, sdist, "birch-2.0.tar.gz"})
	expect.Equal(t, "shown", targets[0].displayPath, filepath.Join("dist", wheel))
	expect.Equal(t, "release", targets[2].release, pep.Release{Project: "birch", Version: "2"})
	expect.Equal(t, "requests of alder", h.index.requestCount("alder"), 1)
	expect.Equal(t, "requests of birch", h.index.requestCount("birch"), 1)
	expect.Equal(t, "alder exists", r.listings.answered()[alder].Exists, true)
	expect.Equal(t, "noted", h.noted(), nil)
	expect.Equal(t, "recorded", eventOf[ledger.Collected](h).Files, describeAll(targets))
	content, err := os.ReadFile(h.path("dist", wheel))
	if err != nil {
		t.Fatal(err)
	}
	expect.Equal(t, "size", targets[0].Size, int64(len(content)))
}

// TestCollect_Metadata: the index is asked about the project that the metadata names as well, where the file name has another.
func TestCollect_Metadata(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	h.write(filepath.Join("dist", "birch-1.0-py3-none-any.whl"), string(disttest.Zip(disttest.Member{
		Name: "birch-1.0.dist-info/METADATA", Content: "Metadata-Version: 2.1\nName: Alder\nVersion: 1.0\n",
	})))
	_, targets := h.collected()
	expect.Equal(t, "release", targets[0].release, pep.Release{Project: alder, Version: "1"})
	expect.Equal(t, "requests of the project of the file name", h.index.requestCount("birch"), 1)
	expect.Equal(t, "requests of the project of the metadata", h.index.requestCount("alder"), 1)
}

// TestCollect_BogusNames: the names of files cause no query each. Of many, the index is asked only about those that the metadata confirms;
// if the user expects certain projects, names of others are never asked about.
func TestCollect_BogusNames(t *testing.T) {
	t.Parallel()
	const many = 40
	bogus := func(h *harness) {
		for i := range many {
			name := fmt.Sprintf("bogus%d-1.0-py3-none-any.whl", i)
			h.write(filepath.Join("dist", name), string(disttest.Zip(disttest.Member{
				Name: fmt.Sprintf("bogus%d-1.0.dist-info/METADATA", i), Content: "Metadata-Version: 2.1\nName: Alder\nVersion: 1.0\n",
			})))
		}
	}
	all := func(h *harness) (n int) {
		for i := range many {
			n += h.index.requestCount(fmt.Sprintf("bogus%d", i))
		}
		return n
	}
	h := newScripted(t, true)
	bogus(h)
	h.collected()
	expect.Equal(t, "requests of bogus projects", all(h), 0)
	expect.Equal(t, "requests of the project of the metadata", h.index.requestCount("alder"), 1)

	h = newScripted(t, true, "birch-1.0.tar.gz", sdist)
	h.options.ExpectedProjects = []pep.Project{alder}
	h.collected()
	expect.Equal(t, "requests of a project that is not expected", h.index.requestCount("birch"), 0)
	expect.Equal(t, "requests of the project that is", h.index.requestCount("alder"), 1)

	h = newScripted(t, true)
	for i := range many {
		h.put(fmt.Sprintf("oak%d-1.0.tar.gz", i), "")
	}
	_, targets := h.collected()
	expect.Equal(t, "targets", len(targets), many)
	expect.Equal(t, "requests of the first project", h.index.requestCount("oak0"), 1)
	expect.Equal(t, "requests of the last project", h.index.requestCount(fmt.Sprintf("oak%d", many-1)), 1)
}

// TestCollect_NoAnswer: what the index cannot answer is unknown, which is a warning, with the next step that the failure has.
func TestCollect_NoAnswer(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel, "birch-1.0.tar.gz")
	h.index.pages[alder] = []page{unreadable()}
	r, _ := h.collected()
	expect.Equal(t, "noted", h.noted(), []string{"look-failed"})
	f := h.found("look-failed")
	expect.Equal(t, "severity", f.Severity, finding.Warning)
	expect.Contains(t, "the warning", f.Message, "alder", "403")
	expect.Contains(t, "the next step", f.Fix, "index-url: none")
	_, answered := r.listings.answered()[alder]
	expect.Equal(t, "answered", answered, false)
}

// TestCollect_LeftAlone: what is no distribution is left alone, and named.
func TestCollect_LeftAlone(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	h.write("dist/README.md", "read me")
	h.write("dist/"+sdist+".publish.attestation", "{}") // of a file that is not there
	h.write("dist/"+wheel+".publish.attestation", "{}")
	_, targets := h.collected()
	f := h.found("left-alone")
	expect.Equal(t, "severity", f.Severity, finding.Notice)
	expect.Contains(t, "the notice", f.Message, "README.md", sdist+".publish.attestation")
	expect.Equal(t, "the attestation of a file that is there is left alone", strings.Contains(f.Message, wheel), false)
	expect.Equal(t, "attestations beside the file", targets[0].attestationFiles, []string{h.path("dist", wheel+".publish.attestation")})
}

// TestCollect_Usual: what build backends and signing tools leave beside distributions is not reported.
func TestCollect_Usual(t *testing.T) {
	t.Parallel()
	for name, worth := range map[string]bool{
		".gitignore": false, "._" + wheel: false, "SHA256SUMS": false, "SHA512SUMS.txt": false, wheel + ".asc": false,
		wheel + ".sigstore": false, wheel + ".sigstore.json": false, "README.md": true, "alder-1.0.tar (1).gz": true, "SUMMARY": true,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			h.write("dist/"+name, "x")
			h.collected()
			expect.Equal(t, "noted", slices.Contains(h.noted(), "left-alone"), worth)
		})
	}
}

// TestCollect_RunnerPaths: of an input with several lines, the runner translates only the beginning into a path of the container.
func TestCollect_RunnerPaths(t *testing.T) {
	t.Parallel()
	const host = "/home/runner/work/alder"
	for name, c := range map[string]struct {
		path, folder string
		id, says     string
	}{
		"below the workspace": {host + "/alder/out/wheels", host, "path-missing", "write `out/wheels` in its place"},
		"the workspace":       {host + "/alder", host, "path-missing", "write `.` in its place"},
		"a glob":              {host + "/alder/out/*.whl", host, "glob-unmatched", "write `out/*.whl` in its place"},
		"the folder for what is temporary": {
			"/home/runner/work/_temp/wheels", host, "path-missing", "write `/github/runner_temp/wheels` in its place",
		},
		"another repository":  {"/home/runner/work/birch/birch/dist", host, "path-missing", "earlier step"},
		"a relative path":     {"out", host, "path-missing", "earlier step"},
		"outside a container": {host + "/alder/out/wheels", "", "path-missing", "earlier step"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			h.options.Paths, h.options.RunnerFolder = append(h.options.Paths, c.path), c.folder
			_, err := newRun(h.options, h.deps).collect(t.Context())
			f := only(t, finding.Of(err), c.id)
			expect.Contains(t, "the next step", f.Fix, c.says)
			expect.Equal(t, "who can mend it", f.Fault, finding.Workflow)
		})
	}
}

// TestCollect_AttestationFiles are found beside distributions however those were found, in the order in which they are sent.
func TestCollect_AttestationFiles(t *testing.T) {
	t.Parallel()
	for name, paths := range map[string][]string{"a folder": {"dist"}, "a glob": {"dist/*.whl"}, "a file": {"dist/" + wheel}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			for _, suffix := range []string{".slsa.attestation", ".publish.attestation", ".other.attestation"} {
				h.write("dist/"+wheel+suffix, "{}")
			}
			if err := os.Mkdir(h.path("dist", sdist+".publish.attestation"), 0o755); err != nil {
				t.Fatal(err)
			}
			h.options.Paths = nil
			for _, path := range paths {
				h.options.Paths = append(h.options.Paths, h.path(path))
			}
			_, targets := h.collected()
			beside := []string{h.path("dist", wheel+publishSuffix), h.path("dist", wheel+slsaSuffix)}
			expect.Equal(t, "found", targets[0].attestationFiles, beside)
		})
	}
}

// TestCollect_NothingThere: paths without distributions are the workflow's fault, each with a next step.
func TestCollect_NothingThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paths []string
		ids   []string
	}{
		"an empty folder":   {[]string{"empty"}, []string{"no-distributions"}},
		"no such folder":    {[]string{"missing"}, []string{"path-missing"}},
		"two missing paths": {[]string{"missing", "gone"}, []string{"path-missing", "path-missing"}},
		"one of two":        {[]string{"dist", "gone"}, []string{"path-missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			h.write("empty/README.md", "read me")
			h.options.Paths = nil
			for _, path := range c.paths {
				h.options.Paths = append(h.options.Paths, h.path(path))
			}
			err := h.run()
			expect.Equal(t, "findings", idsOf(finding.Of(err)), c.ids)
			expect.Equal(t, "misconfigured", Misconfigured(err), true)
			for _, f := range finding.Of(err) {
				expect.Equal(t, "has a next step", f.Fix != "", true)
			}
			expect.Equal(t, "reported", h.noted(), c.ids)
			expect.Equal(t, "requests of the index", h.index.requestCount("alder"), 0)
		})
	}
}

// TestCollect_Unreadable: a file that goes away before it was read stops the run.
func TestCollect_Unreadable(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	r := newRun(h.options, h.deps)
	_, err := r.gather(t.Context(), []string{h.path("dist", wheel), h.path("dist", sdist)})
	f := only(t, finding.Of(err), "unreadable")
	expect.Contains(t, "the error", f.Message, sdist)
	expect.Equal(t, "has a next step", f.Fix != "", true)
	expect.Equal(t, "recorded", len(eventsOf[ledger.Collected](h)), 0)
}

// TestCollect_Cancelled: a run that is ended while it collects says so, and has nothing collected.
func TestCollect_Cancelled(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	wantError(t, "run", h.runIn(cancelled(t)), errSignal)
	expect.Equal(t, "reported", h.noted(), []string{string(finding.Cancelled)})
	expect.Equal(t, "collected", len(eventsOf[ledger.Collected](h)), 0)

	h = newScripted(t, true, wheel)
	ctx, stop := contextWithCause(t)
	h.index.before = func(int) { stop(errSignal) }
	wantError(t, "run", h.runIn(ctx), errSignal)
	expect.Equal(t, "reported", h.noted(), []string{string(finding.Cancelled)})
}

// TestCollect_Pyproject is compared with what was built, where all files come from one folder. One that cannot be read hinders nothing.
func TestCollect_Pyproject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		others string // the folder of one more file
		noted  []string
		found  bool
	}{
		"there is none":          {"", "", nil, false},
		"the same version":       {"[project]\nname = 'alder'\nversion = '1.0'\n", "", nil, true},
		"it cannot be read":      {"[project\n", "", []string{"pyproject"}, false},
		"files from two folders": {"[project]\nname = 'alder'\nversion = '1.0'\n", "more", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			if c.text != "" {
				h.write("pyproject.toml", c.text)
			}
			if c.others != "" {
				h.write(filepath.Join(c.others, sdist), string(distribution(t, sdist, "")))
				h.options.Paths = append(h.options.Paths, h.path(c.others))
			}
			got, err := newRun(h.options, h.deps).collect(t.Context())
			wantError(t, "collect", err, nil)
			expect.Equal(t, "found", got.pyproject != nil, c.found)
			expect.Equal(t, "noted", h.noted(), c.noted)
			if c.found {
				expect.Equal(t, "shown", got.pyproject.Path, "pyproject.toml")
			}
			for _, f := range h.receipt().Findings {
				expect.Equal(t, "file of the notice", f.File, "pyproject.toml")
			}
		})
	}
}

// TestCollect_Classifiers: the index is asked for its list only where a file has one that the table does not know.
func TestCollect_Classifiers(t *testing.T) {
	t.Parallel()
	list := ""
	for n := range 600 {
		list += fmt.Sprintf("Topic :: Trees :: %d\n", n)
	}
	for name, c := range map[string]struct {
		header   string
		answer   page
		requests int
		known    int
	}{
		"a known one":         {"Classifier: Programming Language :: Python :: 3", page{status: 200, kind: "text/plain", body: list}, 0, 0},
		"none":                {"Keywords: trees", page{status: 200, kind: "text/plain", body: list}, 0, 0},
		"an unknown one":      {"Classifier: Topic :: Trees :: 7", page{status: 200, kind: "text/plain", body: list}, 1, 600},
		"no list":             {"Classifier: Topic :: Trees :: 7", page{status: 200, kind: "text/html", body: "<html>"}, 1, 0},
		"the index is silent": {"Classifier: Topic :: Trees :: 7", page{status: 403, kind: "", body: ""}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.put(wheel, "", c.header)
			h.index.other = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != ":action=list_classifiers" {
					t.Errorf("requested: %s", r.URL)
				}
				h.index.count("classifiers")
				c.answer.write(w)
			})
			got, err := newRun(h.options, h.deps).collect(t.Context())
			wantError(t, "collect", err, nil)
			expect.Equal(t, "requests", h.index.requestCount("classifiers"), c.requests)
			expect.Equal(t, "classifiers", len(got.classifiers), c.known)
			expect.Equal(t, "noted", h.noted(), nil)
		})
	}
}

// TestCheckAttestationsDir: attestations are never written where other tools would take them for distributions.
func TestCheckAttestationsDir(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dists string // the folder of the distributions, below the workspace
		dir   string // for attestations; what begins with a slash is below the workspace too, and given whole
		link  string // a symbolic link below the workspace, to dists
		wrong bool
	}{
		"none":                                        {"dist", "", "", false},
		"a folder of its own":                         {"dist", "/attestations", "", false},
		"a folder of its own that is deep":            {"dist", "/out/of/the/way", "", false},
		"that of the distributions":                   {"dist", "/dist", "", true},
		"that of the distributions, spelled":          {"dist", "/x/../dist/", "", true},
		"inside of it":                                {"dist", "/dist/attestations", "", true},
		"deep inside of it":                           {"dist", "/dist/a/b", "", true},
		"a name that begins the same":                 {"dist", "/dist-attestations", "", false},
		"above the distributions":                     {"build/dist", "/build", "", false},
		"the distributions are in the workspace":      {".", "/attestations", "", false},
		"the workspace, with the distributions":       {".", "/", "", true},
		"through a link to the distributions":         {"dist", "/link", "link", true},
		"inside, through a link":                      {"dist", "/link/attestations", "link", true},
		"deep inside, through a link":                 {"dist", "/link/a/b", "link", true},
		"beside, through a link":                      {"dist", "/link/../attestations", "link", false},
		"a link of a name that is not there any more": {"dist", "/gone/attestations", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := bare(t, nil)
			h.write(filepath.Join(c.dists, wheel), "")
			if c.link != "" {
				if err := os.Symlink(h.path(c.dists), h.path(c.link)); err != nil {
					t.Fatal(err)
				}
			}
			h.options.AttestationsDir = c.dir
			if strings.HasPrefix(c.dir, "/") {
				h.options.AttestationsDir = h.dir + c.dir
			}
			r := newRun(h.options, h.deps)
			err := r.checkAttestationsDir([]string{h.path(c.dists, wheel)})
			expect.Equal(t, "refused", err != nil, c.wrong)
			if err == nil {
				return
			}
			f := only(t, finding.Of(err), "attestations-dir")
			expect.Equal(t, "fault", f.Fault, finding.Workflow)
			expect.Equal(t, "severity", f.Severity, finding.Error)
			expect.Contains(t, "the error", f.Message, h.options.AttestationsDir)
		})
	}
}

// TestCheckAttestationsDir_LinkBelow: a folder elsewhere that is reached through a link below that of the distributions stands there too,
// for all who look.
func TestCheckAttestationsDir_LinkBelow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dists, link, dir string // below the workspace; link leads to a folder elsewhere
		wrong            bool
	}{
		"the link":                         {"dist", "dist/link", "dist/link", true},
		"below the link":                   {"dist", "dist/link", "dist/link/a/b", true},
		"deep below":                       {"dist", "dist/a/link", "dist/a/link", true},
		"through another folder's link":    {"dist", "link", "link/attestations", false},
		"a link in the workspace itself":   {".", "link", "link", false},
		"a link beside, with a like name":  {"dist", "dist-link", "dist-link", false},
		"up again from below the link":     {"dist", "dist/link", "dist/link/../../attestations", false},
		"the link's folder, by its target": {"dist", "dist/link", "elsewhere", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := bare(t, nil)
			h.write(filepath.Join(c.dists, wheel), "")
			h.write("elsewhere/x", "")
			if err := os.MkdirAll(filepath.Dir(h.path(c.link)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(h.path("elsewhere"), h.path(c.link)); err != nil {
				t.Fatal(err)
			}
			h.options.AttestationsDir = h.dir + "/" + c.dir
			err := newRun(h.options, h.deps).checkAttestationsDir([]string{h.path(c.dists, wheel)})
			expect.Equal(t, "refused", err != nil, c.wrong)
		})
	}
}

// TestRun_AttestationsDir: a folder that would mix attestations with distributions stops the run before anything is asked of the index.
func TestRun_AttestationsDir(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	h.options.AttestationsDir = h.path("dist", "attestations")
	expect.Equal(t, "misconfigured", Misconfigured(h.run()), true)
	expect.Equal(t, "reported", h.noted(), []string{"attestations-dir"})
	expect.Equal(t, "requests of the index", h.index.requestCount("alder"), 0)
}

// TestResolved: a path is resolved as far as it exists.
func TestResolved(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("folder", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for path, resolvedPath := range map[string]string{
		"":                                         "",
		filepath.Join(dir, "folder"):               filepath.Join(dir, "folder"),
		filepath.Join(dir, "link"):                 filepath.Join(dir, "folder"),
		filepath.Join(dir, "link", "a"):            filepath.Join(dir, "folder", "a"),
		filepath.Join(dir, "link", "a", "b"):       filepath.Join(dir, "folder", "a", "b"),
		filepath.Join(dir, "nowhere", "a"):         filepath.Join(dir, "nowhere", "a"),
		"testdata":                                 filepath.Join(here, "testdata"),
		"/nowhere-at-all/a/b":                      "/nowhere-at-all/a/b",
		dir + "/link/../link/./a//":                filepath.Join(dir, "folder", "a"),
		filepath.Join(dir, "folder", "..", "link"): filepath.Join(dir, "folder"),
	} {
		expect.Equal(t, "resolved "+path, resolved(path), resolvedPath)
	}
}
