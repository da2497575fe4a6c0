package publish

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

const (
	wheel11 = "alder-1.1-py3-none-any.whl"
	sdist11 = "alder-1.1.tar.gz"
)

// released returns the next run, after one that has published alder 1.0 as a wheel with an extra, and an sdist.
func released(t *testing.T, names ...string) *harness {
	t.Helper()
	h := newHarness(t)
	h.put(wheel, "", "Provides-Extra: cli", "Requires-Dist: elder; extra == 'cli'")
	h.put(sdist, "")
	wantError(t, "the first run", h.run(), nil)
	return h.another(t, names...)
}

// TestRun_Compared: a release is compared with the last one, also by the metadata of a wheel of it, for which there is one request.
func TestRun_Compared(t *testing.T) {
	t.Parallel()
	h := released(t, wheel11, "alder-1.1-cp312-cp312-win_amd64.whl")
	before := len(h.servers.Requests())
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "sdist", h.found("compare-sdist").Severity, finding.Warning)
	expect.Contains(t, "extra", h.found("compare-extra").Message, "alder 1.0 had the extra cli")
	expect.Contains(t, "dependencies", h.found("compare-dependencies").Message, "elder is gone")
	compared := eventOf[ledger.Compared](h).Releases
	if len(compared) != 1 || compared[0].Before != "1.0" || compared[0].Version != "1.1" || len(compared[0].Differences) != 5 {
		t.Errorf("%+v", compared)
	}
	// Beside what a run needs anyway, there is one request.
	var others []string
	for _, r := range h.servers.Requests()[before:] {
		if !slices.Contains([]string{"look", "audience", "id-token", "mint", "keys", "upload", "burn", "probe"}, r.Op) {
			others = append(others, r.Op+" "+path.Base(r.Path))
		}
	}
	expect.Equal(t, "other requests", others, []string{"core-metadata " + wheel + ".metadata"})
	expect.Equal(t, "pages that were read", h.requests("look"), 2) // of this run, and of the first one
}

// TestRun_ComparedNothing: where there is nothing to compare with, or that is off, nothing is requested.
func TestRun_ComparedNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names  []string
		change func(*harness)
	}{
		"it is off":           {[]string{wheel11}, func(h *harness) { h.options.CompareRelease = false }},
		"a pre-release":       {[]string{"alder-1.1rc1-py3-none-any.whl"}, nil},
		"before the first":    {[]string{"alder-0.9-py3-none-any.whl"}, nil},
		"no files of it":      {[]string{"alder-1.0-cp312-cp312-win_amd64.whl"}, nil},
		"the index is unseen": {[]string{wheel11}, func(h *harness) { h.fail("look", "html-403", 0, -1) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := released(t, c.names...)
			if c.change != nil {
				c.change(h)
			}
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "requests of metadata", h.requests("core-metadata"), 0)
			expect.Equal(t, "comparisons", len(eventsOf[ledger.Compared](h)), 0)
			expect.Lacks(t, "noted", strings.Join(h.noted(), " "), "compare-")
		})
	}
}

// TestRun_ComparedUnknown: metadata that cannot be had changes nothing but the comparison, without a word and without another try.
func TestRun_ComparedUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"status-503-seconds", "html-200", "html-403", "truncated-answer", "oversized-answer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := released(t, wheel11, sdist11)
			h.fail("core-metadata", name, 0, -1)
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "noted", h.noted(), []string{})
			expect.Equal(t, "uploaded", h.outcomes()[wheel11], ledger.OutcomeUploaded)
			expect.Equal(t, "requests of metadata", h.requests("core-metadata"), 1)
			expect.Equal(t, "what is compared", len(eventOf[ledger.Compared](h).Releases[0].Differences), 3)
		})
	}
}

// TestRun_ComparedAgain: a run that finds everything on the index asks for nothing more.
func TestRun_ComparedAgain(t *testing.T) {
	t.Parallel()
	h := released(t, wheel11)
	wantError(t, "run", h.run(), nil)
	again := h.another(t, wheel11)
	wantError(t, "run", again.run(), nil)
	expect.Equal(t, "requests of metadata", again.requests("core-metadata"), 1)
}

// TestCheckFiles_Compared: check shows the comparison too.
func TestCheckFiles_Compared(t *testing.T) {
	t.Parallel()
	h := released(t, wheel11)
	got, err := checked(t, h, "dist")
	wantError(t, "check", err, nil)
	expect.Contains(t, "extra", only(t, got.Findings, "compare-extra").Message, "cli")
	expect.Equal(t, "compared", len(got.Compared), 1)
}

// TestRun_ComparedHang: a file host that does not answer holds a run up for five seconds.
func TestRun_ComparedHang(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for a time limit")
	}
	h := released(t, wheel11, sdist11)
	h.fail("core-metadata", "hang", 0, -1)
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "noted", h.noted(), []string{})
	expect.Equal(t, "requests of metadata", h.requests("core-metadata"), 1)
}
