package publish

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// checked does a check of these paths of the workspace.
func checked(t *testing.T, h *harness, paths ...string) (CheckResult, error) {
	t.Helper()
	h.options.Paths = nil
	for _, path := range paths {
		h.options.Paths = append(h.options.Paths, h.dir+"/"+path)
	}
	h.deps.Record = nil // a check records nothing
	return Check(t.Context(), h.options, h.deps)
}

// below returns paths as they are below the workspace.
func below(h *harness, paths []string) []string {
	var all []string
	for _, path := range paths {
		all = append(all, strings.TrimPrefix(path, h.dir+"/"))
	}
	return all
}

// TestCheckFiles_Order: files come in the order of the paths that were given, those of a folder or glob by name, and what was named is
// spelled as it was.
func TestCheckFiles_Order(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want []string }{
		"a folder":                 {[]string{"dist"}, []string{"dist/" + wheel310, "dist/" + wheel, "dist/" + sdist}},
		"files":                    {[]string{"dist/" + sdist, "dist/" + wheel310}, []string{"dist/" + sdist, "dist/" + wheel310}},
		"a file before its folder": {[]string{"dist/" + sdist, "dist"}, []string{"dist/" + sdist, "dist/" + wheel310, "dist/" + wheel}},
		"a file after its folder":  {[]string{"dist", "dist/" + wheel310}, []string{"dist/" + wheel, "dist/" + sdist, "dist/" + wheel310}},
		"two folders": {
			[]string{"more", "dist"}, []string{"more/" + wheel2, "dist/" + wheel310, "dist/" + wheel, "dist/" + sdist},
		},
		"a glob before a folder": {[]string{"dist/*.gz", "dist"}, []string{"dist/" + sdist, "dist/" + wheel310, "dist/" + wheel}},
		"a glob of folders":      {[]string{"mor*/", "dist/" + wheel}, []string{"more/" + wheel2, "dist/" + wheel}},
		"a spelling of its own": {
			[]string{"dist/../dist/./" + sdist, "dist//" + wheel}, []string{"dist/../dist/./" + sdist, "dist//" + wheel},
		},
		"what is no distribution":     {[]string{"dist/README.md", "dist/" + wheel}, []string{"dist/README.md", "dist/" + wheel}},
		"what is no distribution too": {[]string{"dist/" + wheel, "dist/README.md"}, []string{"dist/" + wheel, "dist/README.md"}},
		"nothing but that":            {[]string{"dist/README.md"}, []string{"dist/README.md"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel, wheel310, sdist)
			h.write("dist/README.md", "read me")
			h.write(filepath.Join("more", wheel2), string(distribution(t, wheel2, "")))
			got, err := checked(t, h, c.given...)
			wantError(t, "check", err, nil)
			expect.Equal(t, "files", below(h, got.Files), c.want)
		})
	}
}

// TestCheckFiles_LeftAlone: of a folder only its distributions are checked; the rest is named.
func TestCheckFiles_LeftAlone(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	h.index.pages[alder] = []page{listing(alder)}
	h.write("dist/README.md", "read me")
	h.write("dist/"+wheel+".publish.attestation", "{}")
	h.write("dist/"+sdist+".publish.attestation", "{}") // of a file that is not there
	got, err := checked(t, h, "dist")
	wantError(t, "check", err, nil)
	f := only(t, got.Findings, "left-alone")
	expect.Contains(t, "the notice", f.Message, "README.md", sdist+".publish.attestation")
	expect.Lacks(t, "the notice", f.Message, wheel)
	expect.Equal(t, "files", below(h, got.Files), []string{"dist/" + wheel})

	got, err = checked(t, h, "dist/README.md", "dist")
	wantError(t, "check", err, nil)
	expect.Equal(t, "a file that was named is left alone", strings.Contains(only(t, got.Findings, "left-alone").Message, "README.md"),
		false)
	expect.Equal(t, "and is checked", finding.Worst(got.Findings), finding.Error)
}

// TestCheckFiles_NothingThere: a set that cannot be checked is an error and no result.
func TestCheckFiles_NothingThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given []string
		ids   []string
	}{
		"an empty folder":                    {[]string{"empty"}, []string{"no-distributions"}},
		"no such path":                       {[]string{"missing"}, []string{"path-missing"}},
		"no such path beside what was named": {[]string{"dist/README.md", "missing"}, []string{"path-missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			h.write("dist/README.md", "read me")
			h.write("empty/README.md", "read me")
			got, err := checked(t, h, c.given...)
			expect.Equal(t, "errors", idsOf(finding.Of(err)), c.ids)
			expect.Equal(t, "misconfigured", Misconfigured(err), true)
			expect.Equal(t, "files", got.Files, nil)
		})
	}
}

// TestCheckFiles_Index: other bytes at the index are an error of the check, the same bytes none, and an index that cannot answer is a
// warning.
func TestCheckFiles_Index(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page  func(ours pep.IndexFile) page
		skip  bool
		found []string
	}{
		"nothing there":  {func(pep.IndexFile) page { return listing(alder) }, false, nil},
		"the same bytes": {func(ours pep.IndexFile) page { return listing(alder, ours) }, false, nil},
		"other bytes": {
			page:  func(pep.IndexFile) page { return listing(alder, pep.IndexFile{Name: wheel, SHA256: otherDigest}) },
			found: []string{"conflict"},
		},
		"other bytes, skip": {
			page: func(pep.IndexFile) page { return listing(alder, pep.IndexFile{Name: wheel, SHA256: otherDigest}) },
			skip: true, found: []string{"conflict"},
		},
		"no answer":          {func(pep.IndexFile) page { return unreadable() }, false, []string{"look-failed"}},
		"an unknown project": {func(pep.IndexFile) page { return absent() }, false, []string{"first-release"}},
		"the page of a proxy": {
			func(pep.IndexFile) page { return page{status: 200, kind: "text/html", body: "<title>Log in</title>"} }, false,
			[]string{"look-failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			_, targets := h.collected()
			h.index.pages[alder] = []page{c.page(as(targets[0]))}
			h.options.SkipExisting = c.skip
			got, err := checked(t, h, "dist")
			wantError(t, "check", err, nil)
			expect.Equal(t, "findings", idsOf(got.Findings), c.found)
		})
	}
	t.Run("no index", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true, wheel)
		site := h.deps.Index.Site()
		site.Simple = nil
		h.deps.Index = index.New(site, h.client, nil, nil)
		got, err := checked(t, h, "dist")
		wantError(t, "check", err, nil)
		expect.Equal(t, "findings", idsOf(got.Findings), nil)
		expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
	})
}

// TestCheckFiles_Stored: the file host of an index keeps the bytes of a deleted file, whose name is never free again. It is asked about
// files that the page lacks, and about no other.
func TestCheckFiles_Stored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page     func(ours pep.IndexFile) page
		status   int // of the file host
		requests int
		found    []string
	}{
		"deleted":            {func(pep.IndexFile) page { return listing(alder) }, http.StatusOK, 1, []string{"deleted-name"}},
		"never there":        {func(pep.IndexFile) page { return listing(alder) }, http.StatusNotFound, 1, nil},
		"the host is down":   {func(pep.IndexFile) page { return listing(alder) }, http.StatusBadRequest, 1, nil},
		"there":              {func(ours pep.IndexFile) page { return listing(alder, ours) }, http.StatusOK, 0, nil},
		"an unknown project": {func(pep.IndexFile) page { return absent() }, http.StatusOK, 0, []string{"first-release"}},
		"no answer":          {func(pep.IndexFile) page { return unreadable() }, http.StatusOK, 0, []string{"look-failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			_, targets := h.collected()
			h.index.pages[alder] = []page{c.page(as(targets[0]))}
			h.index.other = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodHead || !strings.HasPrefix(r.URL.Path, "/files/packages/") ||
					!strings.HasSuffix(r.URL.Path, "/"+wheel) {
					t.Errorf("requested: %s %s", r.Method, r.URL)
				}
				h.index.count("file")
				w.WriteHeader(c.status)
			})
			got, err := checked(t, h, "dist")
			wantError(t, "check", err, nil)
			expect.Equal(t, "requests of the file", h.index.requestCount("file"), c.requests)
			expect.Equal(t, "findings", idsOf(got.Findings), c.found)
		})
	}
}

// TestCheckFiles_Cancelled: a check that is ended has no result.
func TestCheckFiles_Cancelled(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	_, err := Check(cancelled(t), h.options, h.deps)
	wantError(t, "cancelled before", err, errSignal)

	ctx, stop := contextWithCause(t)
	h.index.pages[alder] = []page{listing(alder)}
	h.index.other = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop(errSignal)
		w.WriteHeader(http.StatusNotFound)
	})
	_, err = Check(ctx, h.options, h.deps)
	wantError(t, "cancelled when it asks the file host", err, errSignal)
}

// TestCheckFiles_LeadsTo: a path was found by the folder that has it, by itself, or by a glob of either.
func TestCheckFiles_LeadsTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given, path string
		want        bool
	}{
		{"dist", "dist/a.whl", true},
		{"dist/", "dist/a.whl", true},
		{"./dist", "dist/a.whl", true},
		{"dist/a.whl", "dist/a.whl", true},
		{"dist/*.whl", "dist/a.whl", true},
		{"d*/", "dist/a.whl", true},
		{"d*/*", "dist/a.whl", true},
		{"dist", "dist/deep/a.whl", false},
		{"dist/*.gz", "dist/a.whl", false},
		{"other", "dist/a.whl", false},
		{"[", "dist/a.whl", false},
	} {
		expect.Equal(t, c.given+" leads to "+c.path, leadsTo(c.given, c.path), c.want)
	}
}
