package publish

import (
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestConflict_NextSteps: a different file of the same name comes from a version that was not raised, from two runs for one tag, or from a
// second build; what the run knows decides which next step is given.
func TestConflict_NextSteps(t *testing.T) {
	t.Parallel()
	const (
		notRaised = "this run is for the tag v1.1, but the file has the version 1.0: if the tag is right, " +
			"the version was not raised before the tag was made, so set it to 1.1 and build again; otherwise "
		rebuilt = "re-run only the publish job with the files of the first build"
		twoRuns = "got its file less than an hour ago: if two runs are for one tag"
		check   = "check that this is what you want"
	)
	for name, c := range map[string]struct {
		tag   string
		after time.Duration // since the first run
		says  []string
		skips []string // what skip-existing says instead
		never []string
	}{
		"the tag of another version": {
			"v1.1", time.Minute, []string{notRaised + rebuilt}, []string{notRaised + check}, []string{twoRuns},
		},
		"a component's tag": {
			"alder-v1.1", 0, []string{"this run is for the tag alder-v1.1, but"}, []string{"alder-v1.1"}, []string{twoRuns},
		},
		"two runs for one tag":       {"v1.0", time.Minute, []string{rebuilt, twoRuns}, []string{check, twoRuns}, []string{"not raised"}},
		"a tag of another spelling":  {"v1.0.0", 2 * time.Hour, []string{rebuilt}, []string{check}, []string{"not raised", twoRuns}},
		"a tag without a version":    {"latest", 2 * time.Hour, []string{rebuilt}, []string{check}, []string{"not raised", twoRuns}},
		"no tag, and a second build": {"", 2 * time.Hour, []string{rebuilt}, []string{check}, []string{"not raised", twoRuns}},
		"no tag, a short time later": {
			"", 59 * time.Minute, []string{rebuilt, twoRuns}, []string{check, twoRuns}, []string{"not raised"},
		},
		"a clock that is behind by 5m": {
			"", -5 * time.Minute, []string{rebuilt, twoRuns}, []string{check, twoRuns}, []string{"not raised"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel)
			wantError(t, "the first run", h.run(), nil)
			for _, skip := range []bool{false, true} {
				second := h.another(t)
				second.put(wheel, "of a second build")
				second.options.SkipExisting = skip
				if c.tag != "" {
					second.options.Ref = "refs/tags/" + c.tag
				}
				second.deps.Now = func() time.Time { return time.Now().Add(c.after) }
				err := second.run()
				if skip != (err == nil) {
					t.Fatalf("skip %v: %v", skip, err)
				}
				id, says := string(finding.Conflict), c.says
				if skip {
					id, says = string(finding.Skipped), c.skips
					expect.Equal(t, "the result", second.receipt().Result(), ledger.AllSkipped)
				}
				fix := second.found(id).Fix
				expect.Contains(t, "the next step", fix, says...)
				for _, never := range c.never {
					if strings.Contains(fix, never) {
						t.Errorf("skip %v: %q is in %s", skip, never, fix)
					}
				}
			}
		})
	}
}

// TestTokenUnknown: the publisher is removed between the mint and the upload, and the index forgets the token with it.
func TestTokenUnknown(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.watch = func(e ledger.Event) {
		if _, minted := e.(ledger.Minted); minted {
			h.servers.Distrust(alder)
		}
	}
	wantError(t, "the run", h.run(), ErrIncomplete)
	f := h.found(string(finding.UploadTokenUnknown))
	expect.Contains(t, "the message", f.Message, "Invalid or non-existent authentication information")
	expect.Contains(t, "the next step", f.Fix, "run the job again", "the Trusted Publisher was removed meanwhile")
}

// TestYankedRelease: a file that is added to a release that is yanked is published, and a notice says that installers will not select it.
func TestYankedRelease(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	wantError(t, "the first run", h.run(), nil)
	if err := h.servers.Yank(pep.Release{Project: alder, Version: "1"}, "it broke"); err != nil {
		t.Fatal(err)
	}
	second := h.another(t, wheel, sdist)
	wantError(t, "the second run", second.run(), nil)
	f := second.found("release-yanked")
	expect.Equal(t, "the severity", f.Severity, finding.Notice)
	expect.Contains(t, "the notice", f.Error(), "release 1.0 of alder is yanked", "un-yank it on the index")
	expect.Equal(t, "the result", second.receipt().Result(), ledger.Published)

	third := h.another(t, wheel, sdist)
	wantError(t, "the third run, which adds nothing", third.run(), nil)
	expect.Equal(t, "what is noted", third.noted(), nil)
}

// TestConflict_TagOfOneOfSeveral: in a set of several releases a tag may be the version of any, so no conflict is laid to it.
func TestConflict_TagOfOneOfSeveral(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	wantError(t, "the first run", h.run(), nil)
	second := h.another(t, birch)
	h.servers.AddPublisher(fakepypi.Publisher{Project: "birch"})
	second.put(wheel, "of a second build")
	second.options.Ref = "refs/tags/v5.0"
	if err := second.run(); err == nil {
		t.Fatal("the run succeeded")
	}
	expect.Equal(t, "the tag is named", strings.Contains(second.found(string(finding.Conflict)).Fix, "5.0"), false)
}
