package publish

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// releaseV1 is the release of the tag that the runs of these tests are for.
var releaseV1 = releases.Release{Tag: "v1.0.0", Name: "One"}

const (
	bundleSuffix = ".publish.sigstore.json"
	manifestName = "alder-1.0.manifest.json"
)

// TestGitHubRelease: the job that publishes attaches the files, their attestations as bundles, and the manifest once all is there.
func TestGitHubRelease(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	h.signAll(config.AttestAuto)
	release := h.attachTo(releaseV1)
	wantError(t, "run", h.run(), nil)
	all := []string{wheel, wheel + bundleSuffix, manifestName, sdist, sdist + bundleSuffix}
	expect.Equal(t, "assets", h.assets(release), all)
	for _, a := range h.servers.GitHub.Assets(release.ID) {
		switch {
		case a.Name == manifestName:
			expect.Equal(t, "the manifest", string(a.Bytes), "the manifest")
		case strings.HasSuffix(a.Name, bundleSuffix):
			expect.Contains(t, a.Name, string(a.Bytes), "application/vnd.dev.sigstore.bundle")
		default:
			expect.Equal(t, a.Name+" has the bytes of the file", bytes.Equal(a.Bytes, content(t, h, "dist/"+a.Name)), true)
		}
	}
	wantAttached(t, h, ledger.ReleaseAttached, 5, 5)
	expect.Equal(t, "found", eventsOf[ledger.ReleaseFound](h), []ledger.ReleaseFound{{Tag: "v1.0.0"}})
	expect.Equal(t, "assets recorded", len(eventsOf[ledger.Asset](h)), 5)
	phases := h.phases()
	expect.Equal(t, "the release is found before anything is signed",
		slices.Index(phases, "Find release") < slices.Index(phases, "Identify"), true)
	expect.Equal(t, "last phase", phases[len(phases)-1], "GitHub release")
}

// wantAttached reports a result of attaching that is another one: so many assets of those that were wanted, on the page of the release.
func wantAttached(t *testing.T, h *harness, outcome ledger.GitHubRelease, assets, wanted int) {
	t.Helper()
	expect.Equal(t, "result", eventOf[ledger.Attached](h),
		ledger.Attached{Outcome: outcome, Assets: assets, Wanted: wanted, Page: h.releasePage()})
}

// releasePage returns the page of the release of the tag.
func (h *harness) releasePage() string {
	return "https://github.example/" + h.options.Repository + "/releases/tag/" + h.options.Tag
}

// TestGitHubRelease_AnotherJob: a job that may not publish attaches what another one has published, with the attestations that the
// index serves. The manifest of the run that published stays.
func TestGitHubRelease_AnotherJob(t *testing.T) {
	t.Parallel()
	first := newHarness(t, wheel, sdist)
	first.signAll(config.AttestAuto)
	wantError(t, "the job that publishes", first.run(), nil)

	second := first.another(t, wheel, sdist)
	second.signAll(config.AttestAuto)
	second.withoutIDToken()
	release := second.attachTo(releases.Release{Tag: "v1.0.0", Draft: true})
	wantError(t, "the job that attaches", second.run(), nil)
	all := []string{wheel, wheel + bundleSuffix, manifestName, sdist, sdist + bundleSuffix}
	expect.Equal(t, "assets", second.assets(release), all)
	expect.Equal(t, "found", eventsOf[ledger.ReleaseFound](second), []ledger.ReleaseFound{{Tag: "v1.0.0", Draft: true}})
	expect.Equal(t, "tokens", len(first.servers.Tokens()), 1)
	expect.Equal(t, "log entries", first.servers.LogSize(), 2)
	for _, e := range eventsOf[ledger.Attested](second) {
		expect.Equal(t, "the attestation of "+e.File+" is the index's", e.Attestation.Served, true)
	}

	// The same job again changes nothing, and keeps the manifest, even if it would differ now.
	third := first.another(t, wheel, sdist)
	third.signAll(config.AttestAuto)
	third.withoutIDToken()
	third.options.Tag, third.options.Repository, third.deps.GitHub = second.options.Tag, second.options.Repository, second.deps.GitHub
	third.deps.Manifest = func() []byte { return []byte("another manifest") }
	wantError(t, "the job again", third.run(), nil)
	expect.Equal(t, "assets afterwards", third.assets(release), all)
	expect.Equal(t, "result", eventOf[ledger.Attached](third).Outcome, ledger.ReleaseAttached)
	for _, e := range eventsOf[ledger.Asset](third) {
		expect.Equal(t, e.Name+" was there", e.Existed, true)
		expect.Equal(t, e.Name+" was kept", e.LeftUnchanged, e.Name == manifestName)
	}
	for _, a := range first.servers.GitHub.Assets(release.ID) {
		if a.Name == manifestName {
			expect.Equal(t, "the manifest", string(a.Bytes), "the manifest")
		}
	}
}

// TestGitHubRelease_Find: what can be known to fail stops the run before anything is signed or sent, and the result says that nothing
// was attached.
func TestGitHubRelease_Find(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how func(h *harness, release releases.Release)
		id  string
	}{
		"no such release": {func(h *harness, _ releases.Release) { h.options.Tag = "v2.0.0" }, "github-release-missing"},
		"no right": {
			how: func(h *harness, _ releases.Release) {
				h.servers.GitHub.AllowToken(h.env[fakepypi.GitHubToken], releases.Read)
			},
			id: "github-permission",
		},
		"other bytes": {func(h *harness, release releases.Release) {
			h.servers.GitHub.AddAsset(releases.Asset{Release: release.ID, Name: sdist, Bytes: []byte("theirs")})
		}, "github-asset-conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(config.AttestAuto)
			release := h.attachTo(releaseV1)
			c.how(h, release)
			expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{c.id})
			expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "tokens", len(h.servers.Tokens()), 0)
			result := eventOf[ledger.Attached](h)
			expect.Equal(t, "result", result.Outcome, ledger.ReleaseFailed)
			expect.Equal(t, "assets", result.Assets, 0)
		})
	}
}

// TestGitHubRelease_FindCancelled: a signal while GitHub is asked ends the run as one.
func TestGitHubRelease_FindCancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.attachTo(releaseV1)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if p, ok := e.(ledger.Phase); ok && p.Name == "Find release" {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), errSignal)
	expect.Equal(t, "reported", h.noted(), []string{string(finding.Cancelled)})
	expect.Equal(t, "result", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
}

// TestGitHubRelease_Skipped: a file whose name has other bytes at the index does not belong to the release, and what the release has under
// that name is left unchanged.
func TestGitHubRelease_Skipped(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.put(sdist, "at the index")
	wantError(t, "the job before", h.run(), nil)
	next := h.another(t, wheel, sdist)
	next.options.SkipExisting = true
	release := next.attachTo(releaseV1)
	next.servers.GitHub.AddAsset(releases.Asset{Release: release.ID, Name: sdist, Bytes: []byte("something else")})
	wantError(t, "run", next.run(), nil)
	expect.Equal(t, "assets", next.assets(release), []string{wheel, manifestName, sdist})
	wantAttached(t, next, ledger.ReleaseAttached, 2, 2)
}

// TestGitHubRelease_NothingPublished: where all files are skipped, nothing is attached, the manifest neither.
func TestGitHubRelease_NothingPublished(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.put(wheel, "at the index")
	wantError(t, "the job before", h.run(), nil)
	next := h.another(t, wheel)
	next.options.SkipExisting = true
	release := next.attachTo(releaseV1)
	wantError(t, "run", next.run(), nil)
	expect.Equal(t, "assets", next.assets(release), nil)
	expect.Equal(t, "wanted", eventOf[ledger.Attached](next).Wanted, 0)
}

// TestGitHubRelease_Incomplete: what cannot be attached after the publication is a warning. The manifest says that all is there, so
// that it is attached only then.
func TestGitHubRelease_Incomplete(t *testing.T) {
	t.Parallel()
	published := func(t *testing.T) *harness {
		t.Helper()
		first := newHarness(t, wheel)
		first.signAll(config.AttestAuto)
		wantError(t, "the job that publishes", first.run(), nil)
		second := first.another(t, wheel)
		second.signAll(config.AttestAuto)
		second.withoutIDToken()
		return second
	}
	type row struct {
		how func(h *harness)

		assets  []string
		outcome ledger.GitHubRelease
		wanted  int
		noted   []string
		says    []string
	}
	const noAttestations = "github-release-attestations"
	bundle := wheel + bundleSuffix
	for name, c := range map[string]row{
		"all is there": {func(*harness) {}, []string{wheel, bundle, manifestName}, ledger.ReleaseAttached, 3, nil, nil},
		"not requested": {
			how: func(h *harness) { h.options.Attest = config.AttestNever }, assets: []string{wheel, manifestName},
			outcome: ledger.ReleaseAttached, wanted: 2,
		},
		"no Sigstore known": {
			how: func(h *harness) { h.deps.Signer = nil }, assets: []string{wheel, manifestName},
			outcome: ledger.ReleaseAttached, wanted: 2, noted: []string{noAttestations},
			says: []string{wheel, "Sigstore"},
		},
		"another repository": {
			how: func(h *harness) { h.options.Repository = "octo-org/another" }, assets: []string{wheel, manifestName},
			outcome: ledger.ReleaseAttached, wanted: 2, noted: []string{noAttestations},
			says: []string{wheel, "octo-org/another"},
		},
		"provenance is down": {
			how: func(h *harness) { h.fail("provenance", "status-503", 0, -1) }, assets: []string{wheel},
			outcome: ledger.ReleaseFailed, wanted: 3, noted: []string{noAttestations}, says: []string{wheel, "503"},
		},
		"no provenance": {
			how:    func(h *harness) { h.servers.Switch(func(s *fakepypi.Behavior) { s.NoAttestations = true }) },
			assets: []string{wheel}, outcome: ledger.ReleaseFailed, wanted: 3, noted: []string{noAttestations},
			says: []string{wheel, "403"},
		},
		"the page is down": {
			how: func(h *harness) { h.fail("look", "html-403", 1, -1) }, assets: []string{wheel},
			outcome: ledger.ReleaseFailed, wanted: 3, noted: []string{noAttestations}, says: []string{wheel, "403"},
		},
		"a page of no such file": {func(h *harness) {
			h.watch = func(e ledger.Event) {
				if p, ok := e.(ledger.Phase); ok && p.Name == "GitHub release" {
					wantError(h.t, "remove", h.servers.Remove(wheel), nil)
				}
			}
		}, []string{wheel}, ledger.ReleaseFailed, 3, []string{noAttestations}, []string{wheel, "cache"}},
		"uploads to GitHub fail": {
			how:     func(h *harness) { h.servers.GitHub.Say("upload", failing(3, http.StatusBadRequest)...) },
			outcome: ledger.ReleaseFailed, wanted: 3, noted: []string{"github-asset-refused", "github-asset-refused"},
			says: []string{"published"},
		},
		"the first one fails": {
			how:    func(h *harness) { h.servers.GitHub.Say("upload", failing(1, http.StatusBadRequest)...) },
			assets: []string{bundle}, outcome: ledger.ReleaseFailed, wanted: 3,
			noted: []string{"github-asset-refused"}, says: []string{wheel},
		},
		"the manifest fails": {func(h *harness) {
			h.watch = func(e ledger.Event) {
				if a, ok := e.(ledger.Asset); ok && a.Name == bundle {
					h.servers.GitHub.Say("upload", failing(1, http.StatusBadRequest)...)
				}
			}
		}, []string{wheel, bundle}, ledger.ReleaseFailed, 3, []string{"github-asset-refused"}, []string{"manifest"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := published(t)
			release := h.attachTo(releaseV1)
			c.how(h)
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "assets", h.assets(release), c.assets)
			result := eventOf[ledger.Attached](h)
			expect.Equal(t, "result", result.Outcome, c.outcome)
			expect.Equal(t, "assets in the result", result.Assets, len(c.assets))
			expect.Equal(t, "assets that were wanted", result.Wanted, c.wanted)
			expect.Equal(t, "noted", h.noted(), c.noted)
			for _, f := range h.receipt().Findings {
				expect.Equal(t, "severity", f.Severity, finding.Warning)
				expect.Equal(t, "has a next step", f.Fix != "", true)
			}
			if len(c.noted) > 0 {
				expect.Contains(t, "the warning", h.firstNoted().Message, c.says...)
			}
			expect.Equal(t, "outcome of the file", h.outcomes()[wheel], ledger.OutcomePresent)
		})
	}
}

// failing returns answers of GitHub that refuse so many requests.
func failing(n, status int) []releases.Answer {
	var all []releases.Answer
	for range n {
		all = append(all, releases.Answer{Status: status, Body: `{"message":"no"}`})
	}
	return all
}

// TestGitHubRelease_BothKinds: of each kind of attestation one bundle is attached, by any workflow.
func TestGitHubRelease_BothKinds(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.signAll(config.AttestAuto)
	h.write("dist/"+wheel+slsaSuffix, signedElsewhere(t, h, wheel, content(t, h, "dist/"+wheel), signer.SLSA))
	release := h.attachTo(releaseV1)
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "assets", h.assets(release), []string{wheel, wheel + bundleSuffix, wheel + ".slsa.sigstore.json", manifestName})
}

// TestGitHubRelease_Cancelled: a signal after the publication leaves the result as it is, with one warning that says why.
func TestGitHubRelease_Cancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	release := h.attachTo(releaseV1)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if p, ok := e.(ledger.Phase); ok && p.Name == "GitHub release" {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), nil)
	expect.Equal(t, "assets", h.assets(release), nil)
	expect.Equal(t, "result", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
	expect.Equal(t, "wanted", eventOf[ledger.Attached](h).Wanted, 3)
	findings := h.receipt().Findings
	last := findings[len(findings)-1]
	expect.Equal(t, "severity", last.Severity, finding.Warning)
	expect.Contains(t, "the warning", last.Message, errSignal.Error(), "published")
	expect.Equal(t, "files on the index", len(h.servers.Files()), 2)
}

// TestGitHubRelease_CancelledFetching: a signal while attestations are fetched from the index is reported once, and not for each of them.
func TestGitHubRelease_CancelledFetching(t *testing.T) {
	t.Parallel()
	first := newHarness(t, wheel, sdist)
	first.signAll(config.AttestAuto)
	wantError(t, "the job that publishes", first.run(), nil)
	h := first.another(t, wheel, sdist)
	h.signAll(config.AttestAuto)
	release := h.attachTo(releaseV1)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if p, ok := e.(ledger.Phase); ok && p.Name == "GitHub release" {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), nil)
	expect.Equal(t, "assets", h.assets(release), nil)
	expect.Equal(t, "findings", len(h.noted()), 1)
	expect.Contains(t, "the warning", h.firstNoted().Message, errSignal.Error())
	expect.Equal(t, "wanted", eventOf[ledger.Attached](h).Wanted, 5)
}

// TestGitHubRelease_DamagedAttestation: an attestation that cannot be written as a bundle leaves the rest to be attached.
func TestGitHubRelease_DamagedAttestation(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	release := h.attachTo(releaseV1)
	r, targets := h.planned()
	g := &gitHubRelease{run: r}
	wantError(t, "find", g.find(t.Context(), targets), nil)
	for _, file := range targets {
		file.outcome = ledger.OutcomeUploaded
	}
	targets[0].attestations = []attest.Attestation{{Predicate: attest.PublishPredicate, JSON: []byte("{")}}
	g.attach(t.Context(), targets)
	expect.Equal(t, "assets", h.assets(release), []string{wheel, sdist})
	f := h.found("github-release-failed")
	expect.Equal(t, "severity", f.Severity, finding.Warning)
	expect.Contains(t, "the warning", f.Message, wheel, "published")
	expect.Equal(t, "has a next step", f.Fix != "", true)
	expect.Equal(t, "result", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
}

// TestGitHubRelease_CancelledLate: a signal after the last asset of the files and before the manifest is a failure too.
func TestGitHubRelease_CancelledLate(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	release := h.attachTo(releaseV1)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if _, ok := e.(ledger.Asset); ok {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), nil)
	expect.Equal(t, "assets", h.assets(release), []string{wheel})
	wantAttached(t, h, ledger.ReleaseFailed, 1, 2)
}

// TestGitHubRelease_CancelledAtTheEnd: a signal when all is attached took nothing away, and nothing is reported to be missing.
func TestGitHubRelease_CancelledAtTheEnd(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	release := h.attachTo(releaseV1)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if a, ok := e.(ledger.Asset); ok && a.Name == manifestName {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), nil)
	expect.Equal(t, "assets", h.assets(release), []string{wheel, manifestName})
	wantAttached(t, h, ledger.ReleaseAttached, 2, 2)
	expect.Equal(t, "noted", h.noted(), nil)
}

// TestGitHubRelease_NotPublished: a run that ends before the publication attaches nothing, and says so.
func TestGitHubRelease_NotPublished(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	release := h.attachTo(releaseV1)
	h.servers.Switch(func(s *fakepypi.Behavior) { s.ReadOnly = true })
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "assets", h.assets(release), nil)
	wantAttached(t, h, ledger.ReleaseFailed, 0, 0)
}

// TestGitHubRelease_NotRequested: without a release nothing is asked of GitHub, and nothing is recorded.
func TestGitHubRelease_NotRequested(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "results", len(eventsOf[ledger.Attached](h)), 0)
	expect.Equal(t, "requests", h.requests("github"), 0)
}

// TestAttestationsFor_Unverifiable: another run would include attestations of the index that cannot be verified now.
func TestAttestationsFor_Unverifiable(t *testing.T) {
	t.Parallel()
	first := newHarness(t, wheel)
	first.signAll(config.AttestAuto)
	wantError(t, "the job that publishes", first.run(), nil)
	h := first.another(t, wheel)
	h.fail("trust-root", "status-503", 0, -1)
	h.signAll(config.AttestAuto)
	release := h.attachTo(releaseV1)
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "assets", h.assets(release), []string{wheel})
	expect.Equal(t, "result", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
	expect.Equal(t, "noted", h.noted(), []string{"github-release-attestations"})
}

// TestProvenanceOf: what an index is known not to have is none; what it does not show of a file that it had is not known.
func TestProvenanceOf(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T, outcome ledger.Outcome) *target {
		t.Helper()
		one := fileOf(t, wheel, "ours")
		one.outcome = outcome
		return one
	}
	for name, c := range map[string]struct {
		outcome ledger.Outcome
		address string // on the page; "-": the page has no such file
		status  int
		failed  bool
		has     bool
	}{
		"served":                            {ledger.OutcomePresent, "/integrity/alder", http.StatusOK, false, true},
		"none on the page":                  {ledger.OutcomePresent, "", http.StatusOK, false, false},
		"the page names one that is not":    {ledger.OutcomePresent, "/integrity/alder", http.StatusNotFound, false, false},
		"it is down":                        {ledger.OutcomePresent, "/integrity/alder", http.StatusForbidden, true, false},
		"a file that it had is not shown":   {ledger.OutcomePresent, "-", http.StatusOK, true, false},
		"an uploaded file is not yet shown": {ledger.OutcomeUploaded, "-", http.StatusOK, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			one := file(t, c.outcome)
			listed := as(one)
			listed.Provenance = c.address
			h.index.pages[alder] = []page{listing(alder, listed)}
			if c.address == "-" {
				h.index.pages[alder] = []page{listing(alder)}
			}
			h.index.other = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page{status: c.status, body: "{}"}.write(w) })
			g := &gitHubRelease{run: newRun(h.options, h.deps)}
			text, err := g.provenanceOf(t.Context(), one, g.listings.anew())
			expect.Equal(t, "failed", err != nil, c.failed)
			expect.Equal(t, "provenance", text != nil, c.has)
		})
	}
	t.Run("without queries", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		g := &gitHubRelease{run: newRun(h.options, h.deps)}
		text, err := g.provenanceOf(t.Context(), file(t, ledger.OutcomeUploaded), withoutLookups(h))
		wantError(t, "error", err, nil)
		expect.Equal(t, "provenance", text != nil, false)
	})
}

// TestBundleOf: an attestation that cannot be written as a bundle is an error that names its file.
func TestBundleOf(t *testing.T) {
	t.Parallel()
	_, err := bundleOf(wheel, attest.Attestation{Predicate: attest.PublishPredicate, JSON: []byte("{")})
	if err == nil {
		t.Fatal("a damaged attestation became a bundle")
	}
	expect.Contains(t, "the error", err.Error(), wheel)
}

// TestAssetInMemory: an asset can be opened for every try, and has the size and digest of its bytes.
func TestAssetInMemory(t *testing.T) {
	t.Parallel()
	asset := assetInMemory("a.json", []byte("abc"))
	for range 2 {
		file, err := asset.Open()
		wantError(t, "open", err, nil)
		text, err := io.ReadAll(file)
		wantError(t, "read", errors.Join(err, file.Close()), nil)
		expect.Equal(t, "bytes", string(text), "abc")
	}
	expect.Equal(t, "size", asset.Size, 3)
	expect.Equal(t, "digest", asset.SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
	expect.Equal(t, "name", asset.Name, "a.json")
}
