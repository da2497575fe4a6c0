package publish

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

const cedar = "cedar-1.0.tar.gz" // of a third project

// newIn returns a run in the environment pypi, whose publishers are others than that of alder.
func newIn(t *testing.T, names ...string) *harness {
	t.Helper()
	return newHarnessOf(t, fakepypi.Options{Run: fakepypi.Run{Environment: "pypi"}}, names...)
}

// trust registers a publisher for the environment of [newIn].
func (h *harness) trust(project pep.Project, isNew bool) {
	h.t.Helper()
	if err := h.servers.AddPublisher(fakepypi.Publisher{Project: project, Environment: "pypi", Pending: isNew}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) pending(project pep.Project) { h.trust(project, true) }

// uploaded returns the names of the files on the index, sorted.
func (h *harness) uploaded() []string {
	var names []string
	for _, f := range h.servers.Files() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// TestRun_SeveralNewProjects: the run ends before it asks for a token where the index has none of the projects, also with stale caches, and
// goes on where that is not known.
func TestRun_SeveralNewProjects(t *testing.T) {
	t.Parallel()
	const certain, likely = "several-new-projects (error)", "several-new-projects (warning)"
	for name, c := range map[string]struct {
		how     func(h *harness)
		noted   []string // in their order
		queries int      // of the pages of projects
		mints   int
		made    []pep.Project
	}{
		"no publisher":   {func(*harness) {}, []string{certain}, 4, 0, nil},
		"one is pending": {func(h *harness) { h.pending("birch") }, []string{certain}, 4, 0, nil},
		"a dry run":      {func(h *harness) { h.pending("birch"); h.options.DryRun = true }, []string{certain}, 4, 0, nil},
		"no second answer": {
			func(h *harness) { h.pending("birch"); h.fail("look", "html-403", 2, 2) },
			[]string{likely, "token-projects (error)"},
			6, 1,
			[]pep.Project{"birch"},
		},
		"one second answer": {
			func(h *harness) { h.pending("birch"); h.fail("look", "html-403", 3, 1) },
			[]string{likely, "token-projects (error)"},
			6, 1,
			[]pep.Project{"birch"},
		},
		"waived": {
			func(h *harness) { h.pending("birch"); h.options.VerifyMetadata = false },
			[]string{likely, "token-projects (error)"},
			6, 1,
			[]pep.Project{"birch"},
		},
		"no ID token": {(*harness).withoutIDToken, []string{likely, "id-token-permission (error)"}, 2, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newIn(t, birch, cedar)
			h.signAll(config.AttestAlways)
			c.how(h)
			_ = h.run() // the notes are compared
			var noted []string
			for _, f := range h.receipt().Findings {
				noted = append(noted, string(f.ID)+" ("+f.Severity.String()+")")
			}
			expect.Equal(t, "noted", besides("several-projects (notice)", noted), c.noted)
			expect.Equal(t, "queries", h.requests("look"), c.queries)
			expect.Equal(t, "mints", h.requests("mint"), c.mints)
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "files", h.uploaded(), nil)
			for _, project := range []pep.Project{"birch", "cedar"} {
				expect.Equal(t, "there is "+string(project), h.servers.Has(project), slices.Contains(c.made, project))
			}
			first := h.firstNoted()
			expect.Contains(t, "the message", first.Message, "none of birch, cedar", "one token request creates at most one project")
			expect.Contains(t, "the next step", first.Fix, "an `environment` of its own",
				"or, with one environment: add a pending publisher for one of them, run the job with that project alone")
		})
	}
}

// TestRun_SeveralNewProjects_Cached: a page that only a cache misses is no new project.
func TestRun_SeveralNewProjects_Cached(t *testing.T) {
	t.Parallel()
	h := newIn(t, birch, cedar)
	h.servers.Switch(func(s *fakepypi.Behavior) { s.Absent = 10 * time.Minute })
	expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"several-new-projects"}) // its queries are cached
	again := h.another(t, birch, cedar)
	again.trust("birch", false)
	again.pending("cedar")
	wantError(t, "the run", again.run(), nil)
	expect.Equal(t, "noted", besides("several-projects", again.noted()), []string{"first-release"})
	expect.Contains(t, "the notice", again.firstNoted().Message, "does not know cedar yet")
	expect.Equal(t, "files", again.uploaded(), []string{birch, cedar})
}

// TestRun_SeveralNewProjects_OneByOne: the advice that is given works: each project alone, with one environment, then all together.
func TestRun_SeveralNewProjects_OneByOne(t *testing.T) {
	t.Parallel()
	h := newIn(t, birch, cedar)
	expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"several-new-projects"})
	for _, one := range []struct {
		project pep.Project
		file    string
	}{{"birch", birch}, {"cedar", cedar}} {
		h.pending(one.project)
		wantError(t, one.file, h.another(t, one.file).run(), nil)
	}
	wantError(t, "all together", h.another(t, "birch-1.1.tar.gz", "cedar-1.1.tar.gz").run(), nil)
	expect.Equal(t, "files", h.uploaded(), []string{birch, "birch-1.1.tar.gz", cedar, "cedar-1.1.tar.gz"})
}

// TestAuthorize_TooFewProjects: the error names the projects without a publisher as far as they are known, and what the request created.
func TestAuthorize_TooFewProjects(t *testing.T) {
	t.Parallel()
	elsewhere := func(h *harness, project pep.Project) {
		_ = h.servers.AddPublisher(fakepypi.Publisher{Project: project, Workflow: "other.yml"})
	}
	for name, c := range map[string]struct {
		files      []string
		how        func(h *harness)
		says, next []string
		never      []string // in neither
	}{
		"a new one beside one that exists": {
			[]string{wheel, birch},
			func(*harness) {},
			[]string{"1 of the 2 projects in this set (alder, birch)", "; without a publisher for this run: birch"},
			[]string{"add a pending publisher for birch with the values of this run, and run the job again"},
			[]string{"empty", "no files", "cedar"},
		},
		"two new ones, and one was created": {
			[]string{birch, cedar},
			func(h *harness) { h.pending("birch") },
			[]string{"; without a publisher for this run: cedar; created by the request and still empty: birch"},
			[]string{"add a pending publisher for cedar with the values of this run, and run the job again"},
			nil,
		},
		"two of three that are new": {
			[]string{wheel, birch, cedar},
			func(*harness) {},
			[]string{"1 of the 3 projects", "; without a publisher for this run: birch, cedar"},
			[]string{
				"one after the other: add a pending publisher for one of birch, cedar with the values of this run, " +
					"run the job with that project alone",
			},
			nil,
		},
		"one that exists": {
			[]string{wheel, birch},
			func(h *harness) { h.trust("alder", false); elsewhere(h, "birch") },
			[]string{"; not all of these have a publisher for this run: alder, birch (1 without)"},
			[]string{"add this workflow as a Trusted Publisher of each of alder, birch"},
			[]string{"pending", "empty"},
		},
		"one that exists and one that is new": {
			[]string{wheel, birch, cedar},
			func(h *harness) { h.trust("alder", false); elsewhere(h, "birch") },
			[]string{"; without a publisher for this run: cedar; not all of these have a publisher for this run: alder, birch (1 without)"},
			[]string{"add this workflow as a Trusted Publisher of each of alder, birch; add a pending publisher for cedar"},
			[]string{"empty"},
		},
		"a pending publisher with another name": {
			[]string{birch, cedar},
			func(h *harness) { h.pending("ceder") },
			[]string{
				"; without a publisher for this run: birch, cedar; the token is for another project, which the request may have created, " +
					"and which has no files then",
			},
			[]string{"if you added a pending publisher, check the name of its project; one after the other:"},
			nil,
		},
		"as many as asked for, of which one is another": {
			[]string{birch, cedar},
			func(h *harness) { h.trust("elder", false); h.pending("birch") },
			[]string{"for 1 of the 2 projects", "; without a publisher for this run: cedar; created by the request and still empty: birch"},
			[]string{"add a pending publisher for cedar with the values of this run"},
			[]string{"elder"},
		},
		"as many as asked for, all of them others": {
			[]string{birch, cedar},
			func(h *harness) { h.trust("elder", false); h.pending("ceder") },
			[]string{"for 0 of the 2 projects", "; without a publisher for this run: birch, cedar; the token is for another project"},
			[]string{"if you added a pending publisher, check the name of its project; one after the other:"},
			nil,
		},
		"an index that is not asked": {
			[]string{birch, cedar},
			func(h *harness) {
				h.pending("birch")
				h.connect(index.SiteOf(h.servers.Upload, nil, false).AsPyPI(), nil)
			},
			[]string{"; the request may have created an empty project"},
			[]string{"look on the index which of these projects has this workflow as a publisher"},
			[]string{"without a publisher", "without)"},
		},
		"an index whose pages are those of a mirror": {
			[]string{birch, cedar},
			func(h *harness) {
				h.pending("birch")
				mirror := *h.servers.Simple
				mirror.Path = "/mirror/"
				h.connect(index.SiteOf(h.servers.Upload, &mirror, true).AsPyPI(), nil)
			},
			[]string{"; the request may have created an empty project"},
			[]string{"look on the index which of these projects has this workflow as a publisher"},
			[]string{"without a publisher", "without)"},
		},
		"an index that says nothing any more": {
			[]string{birch, cedar},
			func(h *harness) { h.pending("birch"); h.fail("look", "html-403", 4, -1) },
			[]string{"; the request may have created an empty project"},
			[]string{"look on the index which of these projects has this workflow as a publisher"},
			[]string{"without a publisher"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newIn(t, c.files...)
			h.signAll(config.AttestAlways)
			h.options.VerifyMetadata = false // the index decides
			c.how(h)
			expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"token-projects"})
			f := h.found("token-projects")
			expect.Contains(t, "the message", f.Message, c.says...)
			expect.Contains(t, "the next step", f.Fix, c.next...)
			for _, text := range c.never {
				if strings.Contains(f.Message+f.Fix, text) {
					t.Errorf("it says %q: %s %s", text, f.Message, f.Fix)
				}
			}
			expect.Equal(t, "mints", h.requests("mint"), 1)
			expect.Equal(t, "tokens", burned(h), []bool{true})
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "files", h.uploaded(), nil)
		})
	}
}
