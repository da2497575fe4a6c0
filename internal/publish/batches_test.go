package publish

import (
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// newMonorepo returns a run that publishes three projects: app requires lib, which requires core. The names sort the other way round.
func newMonorepo(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	for _, project := range []pep.Project{"app", "lib", "zcore"} {
		h.servers.AddPublisher(fakepypi.Publisher{Project: project})
	}
	for _, tag := range []string{"cp311-cp311-win32", "cp312-cp312-win32"} {
		h.put("app-1.0-"+tag+".whl", "", "Requires-Dist: lib>=1")
		h.put("lib-1.0-"+tag+".whl", "", "Requires-Dist: zcore; python_version >= '3.9'",
			"Requires-Dist: app; extra == 'all'", "Provides-Extra: all")
		h.put("zcore-1.0-"+tag+".whl", "")
	}
	for _, project := range []string{"app", "lib", "zcore"} {
		h.put(project+"-1.0.tar.gz", "")
	}
	return h
}

// TestUpload_DependenciesFirst: nobody gets a release that cannot be installed, since what it requires is not there yet.
func TestUpload_DependenciesFirst(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2, 4} {
		h := newMonorepo(t)
		h.options.Parallel = parallel
		wantError(t, "run", h.run(), nil)
		// The index saw them in this order; a file of a project is behind the first wheel of what the project requires.
		var order []string
		for _, f := range h.servers.Files() {
			order = append(order, f.Name)
		}
		var ends []string
		for _, e := range h.events {
			switch e := e.(type) {
			case ledger.Started:
				ends = append(ends, "start "+e.File)
			case ledger.Uploaded:
				ends = append(ends, "end "+e.File)
			}
		}
		at := func(list []string, begins, ends string) int {
			return slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, begins) && strings.HasSuffix(s, ends) })
		}
		for _, pair := range [][2]string{{"zcore", "lib"}, {"lib", "app"}} {
			dependency, dependent := pair[0], pair[1]
			if at(ends, "end "+dependency, ".whl") > at(ends, "start "+dependent, "") {
				t.Errorf("%d at once: a file of %s was sent before a wheel of %s was there: %q", parallel, dependent, dependency, ends)
			}
			if at(order, dependency, ".whl") > at(order, dependent, "") {
				t.Errorf("%d at once: the index got %q", parallel, order)
			}
		}
		expect.Equal(t, "files", len(order), 9)
		expect.Equal(t, "tokens", len(h.servers.Tokens()), 1)
	}
}

// TestUpload_DependencyRefused: nothing is sent of a release whose dependency was refused.
func TestUpload_DependencyRefused(t *testing.T) {
	t.Parallel()
	h := newMonorepo(t)
	h.options.Parallel, h.options.VerifyMetadata = 4, false
	h.put("zcore-1.0-cp310-cp310-linux_x86_64.whl", "") // no index takes it
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "files", len(h.servers.Files()), 0)
}

// TestUpload_InOrder: which releases wait for which.
func TestUpload_InOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requires map[string]string // of the files, in the order of their names
		want     string            // each with what it waits for
	}{
		"none":     {map[string]string{"app-1.0.tar.gz": "", "lib-1.0.tar.gz": "other"}, "app lib"},
		"one":      {map[string]string{"app-1.0.tar.gz": "Lib>=1", "lib-1.0.tar.gz": ""}, "lib app<lib"},
		"a marker": {map[string]string{"app-1.0.tar.gz": "lib; os_name == 'nt'", "lib-1.0.tar.gz": ""}, "lib app<lib"},
		"an extra": {map[string]string{"app-1.0.tar.gz": "lib; extra == 'x'", "lib-1.0.tar.gz": ""}, "app lib"},
		"itself":   {map[string]string{"app-1.0.tar.gz": "app[x]", "lib-1.0.tar.gz": ""}, "app lib"},
		"two versions of one": {
			map[string]string{"app-1.0.tar.gz": "lib", "lib-1.0.tar.gz": "", "lib-2.0.tar.gz": ""}, "lib lib app<lib<lib",
		},
		"a cycle":              {map[string]string{"app-1.0.tar.gz": "lib", "lib-1.0.tar.gz": "app"}, "lib app<lib"},
		"what depends on both": {map[string]string{"a-1.0.tar.gz": "b,c", "b-1.0.tar.gz": "c", "c-1.0.tar.gz": ""}, "c b<c a<b<c"},
		"no requirement":       {map[string]string{"app-1.0.tar.gz": "???", "lib-1.0.tar.gz": ""}, "app lib"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			for file, requires := range c.requires {
				var headers []string
				for one := range strings.SplitSeq(requires, ",") {
					if one != "" {
						headers = append(headers, "Requires-Dist: "+one)
					}
				}
				h.put(file, "", headers...)
			}
			r, targets := h.collected()
			var got []string
			for _, b := range r.batches(targets) {
				text := string(b.files()[0].release.Project)
				for _, dependency := range b.after {
					text += "<" + string(dependency.files()[0].release.Project)
				}
				got = append(got, text)
			}
			expect.Equal(t, "order", strings.Join(got, " "), c.want)
		})
	}
}

// TestUpload_ReadyAgain: a run that is repeated waits for a dependency only until the index has a wheel of it, if it has wheels.
func TestUpload_ReadyAgain(t *testing.T) {
	t.Parallel()
	const libWheel, libSdist = "lib-1.0-py3-none-any.whl", "lib-1.0.tar.gz"
	for name, c := range map[string]struct {
		there, missing []string // files of lib
		accepted       string   // by the index, in this run
		ready          bool
	}{
		"nothing is there":             {missing: []string{libWheel, libSdist}},
		"its sdist is accepted":        {missing: []string{libWheel, libSdist}, accepted: libSdist},
		"its wheel is accepted":        {missing: []string{libWheel, libSdist}, accepted: libWheel, ready: true},
		"its wheel is there":           {there: []string{libWheel}, missing: []string{libSdist}, ready: true},
		"its sdist is there":           {there: []string{libSdist}, missing: []string{libWheel}},
		"it has an sdist alone":        {missing: []string{libSdist}},
		"an sdist alone is accepted":   {missing: []string{libSdist}, accepted: libSdist, ready: true},
		"a wheel of another release":   {there: []string{"lib-0.9-py3-none-any.whl"}, missing: []string{libWheel}},
		"another wheel of its release": {there: []string{"lib-1.0-cp312-cp312-win32.whl"}, missing: []string{libWheel}, ready: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			var files []pep.IndexFile
			for _, name := range c.there {
				files = append(files, pep.IndexFile{Name: name, SHA256: otherDigest})
			}
			h.index.pages["lib"] = []page{listing("lib", files...)}
			r := newRun(h.options, h.deps)
			_, _ = r.listings.get(t.Context(), "lib") // what it answers counts
			var missing []*target
			for _, name := range c.missing {
				missing = append(missing, fileOf(t, name, name))
			}
			b := r.batches(missing)[0]
			for _, one := range missing {
				if one.Name == c.accepted {
					b.accepted(one)
				}
			}
			select {
			case <-b.ready:
				expect.Equal(t, "ready", true, c.ready)
			default:
				expect.Equal(t, "ready", false, c.ready)
			}
		})
	}
}

// TestRun_SeveralProjects: the notices come before anything is signed, and nothing is signed for a project that the token does not take.
func TestRun_SeveralProjects(t *testing.T) {
	t.Parallel()
	h := newMonorepo(t)
	h.put("birch-1.0-py3-none-any.whl", "") // of nobody who trusts this run
	h.put("app-1.0-py3-none-any.whl", "", "Requires-Dist: lib", "Requires-Dist: birch")
	h.signAll(config.AttestAlways)
	err := h.run()
	if found := finding.Of(err); len(found) != 1 || found[0].Severity != finding.Error {
		t.Errorf("got %v", err)
	}
	expect.Equal(t, "log entries", h.servers.LogSize(), 0)
	expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
	expect.Contains(t, "projects", h.found("several-projects").Message,
		"app (4 files)", "birch (1 file)", "lib (3 files)", "zcore (3 files)")
	expect.Contains(t, "dependency", h.found("foreign-dependency").Message, "birch (app requires it)")
	expect.Lacks(t, "dependency", h.found("foreign-dependency").Message, "lib (")
}
