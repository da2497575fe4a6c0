package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestRun_NewRelease: a first release of three files goes to the index with its attestations, is read back, and leaves no token.
func TestRun_NewRelease(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel310, wheel, sdist)
	h.signAll(config.AttestAlways)
	h.options.Wait = time.Minute
	h.options.AuthReason = "Trusted Publishing, as asked"
	wantError(t, "run", h.run(), nil)
	receipt := h.receipt()
	expect.Equal(t, "phases", h.phases(),
		[]string{"Collect", "Check", "Plan", "Identify", "Authorize", "Attest", "Upload", "Burn", "Read back"})
	expect.Equal(t, "result", receipt.Result(), ledger.Published)
	expect.Equal(t, "findings", h.noted(), nil)
	expect.Equal(t, "read back", receipt.Verified, ledger.Served)
	expect.Equal(t, "revoked", receipt.Token.Burned, ledger.BurnProven)
	expect.Equal(t, "began", eventOf[ledger.Began](h).Auth, "Trusted Publishing, as asked")
	expect.Equal(t, "releases", len(receipt.Releases), 1)
	if len(h.servers.Files()) != 3 {
		t.Fatalf("%d files on the index", len(h.servers.Files()))
	}
	for _, f := range receipt.Files {
		expect.Equal(t, "outcome of "+f.Name, f.Outcome, ledger.OutcomeUploaded)
		expect.Equal(t, "attestations of "+f.Name, len(f.Attestations), 1)
		text, err := h.servers.Provenance(f.Name)
		wantError(t, "provenance of "+f.Name, err, nil)
		expect.Equal(t, "the index has the provenance of "+f.Name, len(text) > 0, true)
	}
	for _, f := range h.servers.Files() {
		i := slices.IndexFunc(receipt.Files, func(r ledger.File) bool { return r.Name == f.Name })
		expect.Equal(t, "digest of "+f.Name, f.SHA256, receipt.Files[i].SHA256)
	}
}

// TestRun_Again: where nothing is missing, no token is requested, and nothing is signed or sent.
func TestRun_Again(t *testing.T) {
	t.Parallel()
	first := newHarness(t, wheel, sdist)
	wantError(t, "first run", first.run(), nil)
	ids, mints := first.requests("id-token"), first.requests("mint")
	again := first.another(t, wheel, sdist)
	again.signAll(config.AttestAlways)
	again.options.Wait = time.Minute
	wantError(t, "run", again.run(), nil)
	expect.Equal(t, "phases", again.phases(), []string{"Collect", "Check", "Plan", "Read back"})
	expect.Equal(t, "result", again.receipt().Result(), ledger.Unchanged)
	expect.Equal(t, "read back", again.receipt().Verified, ledger.Served)
	expect.Equal(t, "revoked", again.receipt().Token.Burned, ledger.NotMinted)
	expect.Equal(t, "ID tokens", first.requests("id-token")-ids, 0)
	expect.Equal(t, "upload tokens", first.requests("mint")-mints, 0)
}

// TestRun_Rest: a run that comes after one that was cut off uploads what is missing, and nothing else.
func TestRun_Rest(t *testing.T) {
	t.Parallel()
	first := newHarness(t, wheel)
	wantError(t, "first run", first.run(), nil)
	next := first.another(t, wheel, wheel310, sdist)
	wantError(t, "run", next.run(), nil)
	expect.Equal(t, "outcomes", next.outcomes(), map[string]ledger.Outcome{
		wheel: ledger.OutcomePresent, wheel310: ledger.OutcomeUploaded, sdist: ledger.OutcomeUploaded,
	})
	expect.Equal(t, "result", next.receipt().Result(), ledger.Published)
}

// TestRun_BeforeCredentials: what can fail on this machine fails before there is a credential, and before anything is public.
func TestRun_BeforeCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how func(h *harness)
		ids []string
	}{
		"a rule":             {func(h *harness) { h.put(birch, "", wrongHeader) }, []string{wrongRule}},
		"a conflict":         {func(h *harness) { h.put(sdist, "other bytes") }, []string{"conflict"}},
		"nothing to publish": {func(h *harness) { h.options.Paths = []string{h.path("nowhere")} }, []string{"path-missing"}},
		"no ID token":        {func(h *harness) { h.put(wheel310, ""); h.withoutIDToken() }, []string{"id-token-permission"}},
		"the audience of another service": {func(h *harness) {
			h.put(wheel310, "")
			h.fail("audience", "html-200", 0, -1)
		}, []string{"audience-answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := newHarness(t, sdist)
			wantError(t, "first run", first.run(), nil)
			h := first.another(t, sdist)
			h.servers.AddPublisher(fakepypi.Publisher{Project: "birch"})
			h.signAll(config.AttestAlways)
			c.how(h)
			expect.Equal(t, "errors", idsOf(finding.Of(h.run())), c.ids)
			expect.Equal(t, "reported", besides("several-projects", h.noted()), c.ids)
			expect.Equal(t, "tokens", len(h.servers.Tokens()), 1) // that of the first run
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "files on the index", len(h.servers.Files()), 1)
			expect.Equal(t, "result", h.receipt().Result(), ledger.Failed)
		})
	}
}

// TestRun_Skip: a file whose name has other bytes at the index is skipped where the user asked for that, and said to be.
func TestRun_Skip(t *testing.T) {
	t.Parallel()
	first := newHarness(t)
	first.put(wheel, "at the index")
	wantError(t, "first run", first.run(), nil)
	h := first.another(t, wheel, sdist)
	h.options.SkipExisting, h.options.Wait = true, time.Minute
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "outcomes", h.outcomes(), map[string]ledger.Outcome{wheel: ledger.OutcomeSkipped, sdist: ledger.OutcomeUploaded})
	expect.Equal(t, "noted", h.noted(), []string{"skipped"})
	expect.Equal(t, "read back", eventsOf[ledger.ReadBack](h), []ledger.ReadBack{{Served: true, Skipped: 1}})
}

// TestRun_DryRun: nothing is requested that could leave a trace, and what would fail is reported as a warning.
func TestRun_DryRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how   func(h *harness)
		noted []string
		says  string // in the first of them
	}{
		"all is well": {func(*harness) {}, []string{"dry-run"}, "no upload token was requested"},
		"no ID token": {
			how: func(h *harness) { h.withoutIDToken() }, noted: []string{"id-token-permission", "dry-run"},
			says: "a real run would fail here",
		},
		"no such release": {
			how:   func(h *harness) { h.attachTo(releaseV1); h.options.Tag = "v2" },
			noted: []string{"github-release-missing", "dry-run"}, says: "a real run would fail here",
		},
		"neither": {
			how:   func(h *harness) { h.withoutIDToken(); h.attachTo(releaseV1); h.options.Tag = "v2" },
			noted: []string{"github-release-missing", "id-token-permission", "dry-run"},
			says:  "a real run would fail here",
		},
		"nothing missing, and no ID token": {func(h *harness) {
			wantError(h.t, "first run", h.another(h.t, wheel).run(), nil)
			h.withoutIDToken()
		}, []string{"dry-run"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel)
			h.signAll(config.AttestAlways)
			h.options.DryRun, h.options.Wait = true, time.Minute
			c.how(h)
			tokens, files := len(h.servers.Tokens()), len(h.servers.Files())
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "noted", h.noted(), c.noted)
			expect.Contains(t, "the first note", h.firstNoted().Message, c.says)
			for _, f := range h.receipt().Findings {
				expect.Equal(t, "severity of "+string(f.ID), f.Severity == finding.Error, false)
			}
			expect.Equal(t, "result", h.receipt().Result(), ledger.DryRun)
			expect.Equal(t, "tokens", len(h.servers.Tokens()), tokens)
			expect.Equal(t, "files on the index", len(h.servers.Files()), files)
			expect.Equal(t, "log entries", h.servers.LogSize(), 0)
			expect.Equal(t, "results of attaching", len(eventsOf[ledger.Attached](h)), 0)
			expect.Equal(t, "phase after the plan", h.phases()[3], "Dry run")
		})
	}
}

// TestRun_DryRunCancelled: a dry run that is ended has found nothing out.
func TestRun_DryRunCancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.options.DryRun = true
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if p, ok := e.(ledger.Phase); ok && p.Name == "Dry run" {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), errSignal)
	expect.Equal(t, "noted", h.noted(), []string{string(finding.Cancelled)})
}

// TestRun_Cancelled: a signal ends the run wherever it is, is reported once, and leaves no token; what is published stays so.
func TestRun_Cancelled(t *testing.T) {
	t.Parallel()
	phase := func(name string) func(ledger.Event) bool {
		return func(e ledger.Event) bool { p, ok := e.(ledger.Phase); return ok && p.Name == name }
	}
	for name, c := range map[string]struct {
		at     func(ledger.Event) bool
		failed bool
		noted  string
		tokens int
		files  int
	}{
		"collecting":  {phase("Collect"), true, string(finding.Cancelled), 0, 0},
		"checking":    {phase("Check"), true, string(finding.Cancelled), 0, 0},
		"planning":    {phase("Plan"), true, string(finding.Cancelled), 0, 0},
		"identifying": {phase("Identify"), true, string(finding.Cancelled), 0, 0},
		"authorizing": {phase("Authorize"), true, string(finding.Cancelled), 0, 0},
		"attesting":   {phase("Attest"), true, string(finding.Cancelled), 1, 0},
		"uploading":   {phase("Upload"), true, string(finding.Cancelled), 1, 0},
		"between two files": {
			at: func(e ledger.Event) bool { _, ok := e.(ledger.Uploaded); return ok }, failed: true, noted: string(finding.Cancelled),
			tokens: 1, files: 1,
		},
		"revoking":     {phase("Burn"), false, "not-served-yet", 1, 2},
		"reading back": {phase("Read back"), false, "not-served-yet", 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(config.AttestAuto)
			h.options.Wait = time.Minute
			ctx, stop := contextWithCause(t)
			h.watch = func(e ledger.Event) {
				if c.at(e) {
					stop(errSignal)
				}
			}
			expect.Equal(t, "failed", h.runIn(ctx) != nil, c.failed)
			noted := h.noted()
			if len(noted) != 1 {
				t.Fatalf("reported: %v", noted)
			}
			expect.Equal(t, "reported", noted[0], c.noted)
			expect.Contains(t, "the report", h.firstNoted().Message, errSignal.Error())
			expect.Equal(t, "tokens", len(h.servers.Tokens()), c.tokens)
			expect.Equal(t, "files on the index", len(h.servers.Files()), c.files)
			if c.tokens > 0 {
				expect.Equal(t, "revoked", h.receipt().Token.Burned, ledger.BurnProven)
			}
		})
	}
}

// TestRun_Panic: a defect of ours, wherever it is, ends the run with one finding and without a token that lives on.
func TestRun_Panic(t *testing.T) {
	t.Parallel()
	phase := func(name string) func(ledger.Event) bool {
		return func(e ledger.Event) bool { p, ok := e.(ledger.Phase); return ok && p.Name == name }
	}
	event := func(like ledger.Event) func(ledger.Event) bool {
		return func(e ledger.Event) bool { return fmt.Sprintf("%T", e) == fmt.Sprintf("%T", like) }
	}
	for name, c := range map[string]struct {
		at     func(ledger.Event) bool
		tokens int
		burned ledger.Burned
	}{
		"collecting":          {event(ledger.Collected{}), 0, ledger.NotMinted},
		"checking":            {event(ledger.Checked{}), 0, ledger.NotMinted},
		"planning":            {event(ledger.Planned{}), 0, ledger.NotMinted},
		"finding the release": {event(ledger.ReleaseFound{}), 0, ledger.NotMinted},
		"identifying":         {event(ledger.Identified{}), 0, ledger.NotMinted},
		"authorizing":         {event(ledger.Minted{}), 1, ledger.BurnProven},
		"attesting":           {event(ledger.Attested{}), 1, ledger.BurnProven},
		"beginning uploads":   {phase("Upload"), 1, ledger.BurnProven},
		"beginning an upload": {event(ledger.Started{}), 1, ledger.BurnProven},
		"ending an upload":    {event(ledger.Uploaded{}), 1, ledger.BurnProven},
		"revoking":            {phase("Burn"), 1, ledger.BurnProven},
		"reading back":        {phase("Read back"), 1, ledger.BurnProven},
		"attaching":           {event(ledger.Asset{}), 1, ledger.BurnProven},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.signAll(config.AttestAuto)
			h.attachTo(releaseV1)
			h.options.Wait = time.Minute
			hit := false
			h.watch = func(e ledger.Event) {
				if !hit && c.at(e) {
					hit = true
					panic("a defect")
				}
			}
			err := h.run()
			var defect *par.Panic
			if !errors.As(err, &defect) {
				t.Fatalf("the run ended with %v", err)
			}
			expect.Equal(t, "hit", hit, true)
			expect.Equal(t, "reported", h.noted(), []string{string(finding.Internal)})
			expect.Contains(t, "the report", h.firstNoted().Message, "defect")
			expect.Equal(t, "misconfigured", Misconfigured(err), false)
			expect.Equal(t, "tokens", len(h.servers.Tokens()), c.tokens)
			expect.Equal(t, "revoked", h.receipt().Token.Burned, c.burned)
			expect.Equal(t, "result of attaching", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
		})
	}
}

// TestRun_PanicOfADependency: what the run is given may be the defect as well.
func TestRun_PanicOfADependency(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(h *harness){
		"the manifest":   func(h *harness) { h.deps.Manifest = func() []byte { panic("a defect") } },
		"writing a file": func(h *harness) { h.deps.Save = func(string, []byte) error { panic("a defect") } },
		"the clock's wait": func(h *harness) {
			site := h.deps.Index.Site()
			site.Cached = true // so that the run waits
			h.connect(site, nil)
			h.deps.Sleep = func(context.Context, time.Duration) error { panic("a defect") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel)
			h.signAll(config.AttestAuto)
			h.attachTo(releaseV1)
			h.options.Wait, h.options.AttestationsDir = time.Minute, h.path("attestations")
			how(h)
			var defect *par.Panic
			if err := h.run(); !errors.As(err, &defect) {
				t.Fatalf("the run ended with %v", err)
			}
			expect.Equal(t, "reported", h.noted(), []string{string(finding.Internal)})
		})
	}
}

// TestRun_ChangedFile: a file that is written to during the run is not sent under the digests of what it was.
func TestRun_ChangedFile(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	h.watch = func(e ledger.Event) {
		if _, ok := e.(ledger.Minted); ok {
			h.put(wheel, "written again")
		}
	}
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "reported", h.noted(), []string{"file-changed"})
	expect.Equal(t, "file", h.found("file-changed").File, "dist/"+wheel)
	expect.Equal(t, "files on the index", len(h.servers.Files()), 0)
	expect.Equal(t, "result", h.receipt().Result(), ledger.Failed)
	expect.Equal(t, "revoked", h.receipt().Token.Burned, ledger.BurnProven)
}

// TestRun_LostAnswers: an upload that the index took, and whose answer got lost, is known to be there by its page.
func TestRun_LostAnswers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"reset-after-store", "status-502-after-store", "truncated-answer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, wheel, sdist)
			h.fail("upload", name, 0, 6) // all tries of the first file
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "outcomes", h.outcomes(),
				map[string]ledger.Outcome{wheel: ledger.OutcomeUploaded, sdist: ledger.OutcomeUploaded})
			expect.Equal(t, "findings", h.noted(), nil)
		})
	}
}

// TestRun_OtherBytesServed: an index that serves something else than it took fails the run, and nothing is attached on GitHub.
func TestRun_OtherBytesServed(t *testing.T) {
	t.Parallel()
	x := newScripted(t, true)
	x.index.pages[alder] = []page{listing(alder), listing(alder, pep.IndexFile{Name: wheel, SHA256: otherDigest})}
	h := newHarness(t, wheel)
	h.connect(x.deps.Index.Site(), x.deps.Password)
	h.options.Wait = time.Minute
	release := h.attachTo(releaseV1)
	expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"served-otherwise"})
	expect.Equal(t, "read back", h.receipt().Verified, ledger.NotServed)
	expect.Equal(t, "outcome", h.outcomes()[wheel], ledger.OutcomeUploaded)
	expect.Equal(t, "assets", h.assets(release), nil)
	expect.Equal(t, "result of attaching", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
}

// TestRun_AfterAnotherJob: a job that may attach and not publish waits for the one that publishes, and then attaches.
func TestRun_AfterAnotherJob(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	release := h.attachTo(releaseV1)
	h.withoutIDToken()
	h.options.Wait = time.Minute
	first := h.another(t, wheel)
	h.waits.during = func() {
		h.waits.during = nil
		wantError(t, "the job that publishes", first.run(), nil)
	}
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "result", h.receipt().Result(), ledger.Unchanged)
	expect.Equal(t, "assets", h.assets(release), []string{wheel, manifestName})
	expect.Equal(t, "phases", h.phases(), []string{
		"Collect", "Check", "Plan", "Find release", "Wait for index", "Read back", "GitHub release",
	})

	alone := h.another(t, wheel310)
	alone.deps.GitHub, alone.options.Tag = h.deps.GitHub, h.options.Tag
	alone.withoutIDToken()
	alone.options.Wait = 10 * time.Second
	expect.Equal(t, "errors of a job without another one before it", idsOf(finding.Of(alone.run())), []string{"github-release-unpublished"})
	expect.Equal(t, "assets", h.assets(release), []string{wheel, manifestName})
}

// TestRun_Elsewhere: an index of another kind takes a password and knows MD5 alone; files that it has are recognised by that.
func TestRun_Elsewhere(t *testing.T) {
	t.Parallel()
	h := newHarnessOf(t, fakepypi.Options{Profile: fakepypi.Plain}, wheel, sdist)
	h.usePassword()
	h.options.Wait = time.Minute
	wantError(t, "run", h.run(), nil)
	expect.Equal(t, "outcomes", h.outcomes(), map[string]ledger.Outcome{wheel: ledger.OutcomeUploaded, sdist: ledger.OutcomeUploaded})
	expect.Equal(t, "phases", h.phases(), []string{"Collect", "Check", "Plan", "Upload", "Read back"})
	again := h.another(t, wheel)
	again.put(sdist, "other bytes")
	again.usePassword()
	expect.Equal(t, "errors", idsOf(finding.Of(again.run())), []string{"conflict"})
	expect.Contains(t, "the conflict", again.found("conflict").Message, "MD5")
	expect.Equal(t, "outcome of the other file", again.outcomes()[wheel], ledger.OutcomePresent)
}

// TestFindingsFor: what only repeats why the run was ended is reported once.
func TestFindingsFor(t *testing.T) {
	t.Parallel()
	own := finding.Finding{ID: "own", Severity: finding.Error, Message: "this", Fix: "that"}
	expect.Equal(t, "of a run that went on", idsOf(findingsFor(t.Context(), errors.Join(own, errSignal))),
		[]string{"own", string(finding.Internal)})
	ctx := cancelled(t)
	for name, c := range map[string]struct {
		err error
		ids []string
	}{
		"the cause":                  {errSignal, []string{string(finding.Cancelled)}},
		"the cause, wrapped":         {fmt.Errorf("look: %w", errSignal), []string{string(finding.Cancelled)}},
		"the cause, many times":      {errors.Join(errSignal, errSignal), []string{string(finding.Cancelled)}},
		"something else":             {own, []string{"own", string(finding.Cancelled)}},
		"something else, and itself": {errors.Join(errSignal, own), []string{"own", string(finding.Cancelled)}},
	} {
		all := findingsFor(ctx, c.err)
		expect.Equal(t, name, idsOf(all), c.ids)
		last := all[len(all)-1]
		expect.Equal(t, name+": severity", last.Severity, finding.Error)
		expect.Contains(t, name+": the report", last.Message, errSignal.Error())
		expect.Equal(t, name+": has a next step", last.Fix != "", true)
	}
}

// TestMisconfigured: only where every finding is the workflow's fault is an edit of the workflow all that helps.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	of := func(faults ...finding.Fault) error {
		var all []error
		for _, fault := range faults {
			all = append(all, finding.Finding{ID: "a", Fault: fault})
		}
		return errors.Join(all...)
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                  {nil, false},
		"the workflow":             {of(finding.Workflow), true},
		"the workflow twice":       {of(finding.Workflow, finding.Workflow), true},
		"the workflow and a file":  {of(finding.Workflow, finding.Distribution), false},
		"a file":                   {of(finding.Distribution), false},
		"the index":                {of(finding.Index), false},
		"unknown":                  {of(finding.Other), false},
		"an error of another kind": {errors.New("disk full"), false},
		"an incomplete run":        {ErrIncomplete, false},
		"the workflow, wrapped":    {fmt.Errorf("step: %w", of(finding.Workflow)), true},
	} {
		expect.Equal(t, name, Misconfigured(c.err), c.want)
	}
}
