package publish

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// refusalOf returns a refusal of the target, after so many tries that may have had their effect.
func refusalOf(t *target, status int, reason string, ambiguous int) *index.Refusal {
	return &index.Refusal{File: t.Name, Path: t.Path, Status: status, Message: reason, AmbiguousTries: ambiguous}
}

// noAnswer returns the error of an upload whose last try had no answer, with so many tries that may have had their effect.
func noAnswer(ambiguous int) *wire.Error {
	return &wire.Error{
		Op: wire.Upload, Method: http.MethodPost, URL: "https://index.example/legacy/", Tries: 1, AmbiguousTries: ambiguous,
		Err: errors.New("connection reset"),
	}
}

const fileExists = "File already exists ('alder-1.0-py3-none-any.whl', with blake2_256 hash '00')."

// TestResolve is what an upload came to: by the index's answer, by what its page lists then, and by what the user asked.
func TestResolve(t *testing.T) {
	t.Parallel()
	ours, theirs := fileOf(t, wheel, "ours"), fileOf(t, wheel, "theirs")
	same, other := listing(alder, as(ours)), listing(alder, as(theirs))
	otherMD5 := listing(alder, pep.IndexFile{Name: wheel, MD5: md5Of(theirs)})
	noDigest := listing(alder, pep.IndexFile{Name: wheel})
	underOther := listing(alder, pep.IndexFile{Name: wheel310, SHA256: ours.sha256()})
	none := listing(alder)
	exists := func(ambiguous int) error { return refusalOf(ours, http.StatusBadRequest, fileExists, ambiguous) }
	conflict409 := func(ambiguous int) error { return refusalOf(ours, http.StatusConflict, "Conflict", ambiguous) }
	refused := func(ambiguous int) error {
		return refusalOf(ours, http.StatusBadRequest, "Only one sdist may be uploaded per release.", ambiguous)
	}
	type row struct {
		err       error
		elsewhere bool // the index is of another kind than PyPI
		skip      bool
		pages     []page

		outcome     ledger.Outcome
		id          string   // of the finding of the file; "" for none
		noted       []string // besides
		indexDigest string   // of a file that is skipped
		requests    int      // of the page
		says        []string // in the finding, or in what is noted
	}
	for name, c := range map[string]row{
		"accepted": {outcome: ledger.OutcomeUploaded},

		"no answer, and the page has it": {err: noAnswer(1), pages: []page{same}, outcome: ledger.OutcomeUploaded, requests: 1},
		"no answer, and the page has it late": {
			err: noAnswer(1), pages: []page{none, none, same}, outcome: ledger.OutcomeUploaded, requests: 3,
		},
		"no answer, and it is not seen": {
			err: noAnswer(1), pages: []page{none}, outcome: ledger.OutcomeUnclear, id: "upload-doubtful", requests: 3,
			says: []string{wheel, "connection reset"},
		},
		"no answer, and no page either": {
			err: noAnswer(1), pages: []page{unreadable()}, outcome: ledger.OutcomeUnclear, id: "upload-doubtful", requests: 1,
		},
		"no answer, and other bytes": {
			err: noAnswer(2), pages: []page{other}, outcome: ledger.OutcomeUnclear, id: "upload-doubtful", requests: 1,
		},
		"no answer, and skip": {
			err: noAnswer(1), skip: true, pages: []page{other}, outcome: ledger.OutcomeUnclear, id: "upload-doubtful",
			requests: 1,
		},
		"no digest to compare with": {
			err: noAnswer(1), elsewhere: true, pages: []page{noDigest}, outcome: ledger.OutcomeUnclear, id: "upload-doubtful",
			requests: 1,
		},
		"nothing was sent": {
			err: noAnswer(0), pages: []page{same}, outcome: ledger.OutcomeFailed, id: "upload-failed",
			says: []string{wheel, "connection reset"},
		},

		"a refusal": {
			err: refused(0), pages: []page{same}, outcome: ledger.OutcomeRejected, id: "upload-second-sdist",
			says: []string{"Only one sdist"},
		},
		"a refusal, with skip": {
			err:     refused(0),
			skip:    true,
			pages:   []page{other},
			outcome: ledger.OutcomeRejected,
			id:      "upload-second-sdist",
		},
		"a refusal after a lost try": {
			err: refused(1), pages: []page{none}, outcome: ledger.OutcomeRejected, id: "upload-second-sdist", requests: 3,
		},
		"a refusal after the try that did it": {err: refused(1), pages: []page{same}, outcome: ledger.OutcomeUploaded, requests: 1},
		"a refusal after a try, other bytes": {
			err: refused(1), skip: true, pages: []page{other}, outcome: ledger.OutcomeRejected, id: "upload-second-sdist",
			requests: 1,
		},

		"success with an error, and the page has it": {
			err:   refusalOf(ours, http.StatusOK, "no space left", 0),
			pages: []page{none, same}, outcome: ledger.OutcomeUploaded, requests: 2,
		},
		"success with an error, and no page has it": {
			err:   refusalOf(ours, http.StatusOK, "no space left", 0),
			pages: []page{none}, outcome: ledger.OutcomeRejected, id: "upload-refused",
			requests: 3, says: []string{"no space left"},
		},

		"it exists, with the same bytes": {err: exists(0), pages: []page{same}, outcome: ledger.OutcomePresent, requests: 1},
		"it exists, seen late":           {err: exists(0), pages: []page{none, same}, outcome: ledger.OutcomePresent, requests: 2},
		"it exists since the lost try":   {err: exists(1), pages: []page{same}, outcome: ledger.OutcomeUploaded, requests: 1},
		"it exists with the same bytes, skip": {
			err:      exists(0),
			skip:     true,
			pages:    []page{same},
			outcome:  ledger.OutcomePresent,
			requests: 1,
		},
		"it exists, with other bytes": {
			err: exists(0), pages: []page{other}, outcome: ledger.OutcomeRejected, id: "conflict", requests: 1,
			says: []string{theirs.sha256(), ours.sha256()},
		},
		"it exists with other bytes, lost try": {
			err: exists(1), pages: []page{other}, outcome: ledger.OutcomeRejected, id: "conflict", requests: 1,
		},
		"it exists with other bytes, skip": {
			err: exists(0), skip: true, pages: []page{other}, outcome: ledger.OutcomeSkipped, noted: []string{"skipped"},
			indexDigest: theirs.sha256(), requests: 1, says: []string{theirs.sha256()},
		},
		"it exists with another MD5": {
			err: conflict409(0), elsewhere: true, pages: []page{otherMD5}, outcome: ledger.OutcomeRejected, id: "conflict",
			requests: 1, says: []string{"MD5", md5Of(theirs)},
		},
		"it exists with another MD5, skip": {
			err: conflict409(0), elsewhere: true, skip: true, pages: []page{otherMD5}, outcome: ledger.OutcomeSkipped,
			noted: []string{"skipped"}, indexDigest: "MD5 " + md5Of(theirs), requests: 1,
		},
		"these bytes exist under another name": {
			err: exists(0), pages: []page{underOther}, outcome: ledger.OutcomeRejected, id: "upload-exists", requests: 3,
			says: []string{wheel310},
		},
		"under another name, skip": {
			err: exists(0), skip: true, pages: []page{underOther}, outcome: ledger.OutcomeRejected, id: "upload-exists",
			requests: 3, says: []string{wheel310},
		},
		"it exists, but is not listed": {
			err: exists(0), pages: []page{none}, outcome: ledger.OutcomeRejected, id: "upload-exists", requests: 3,
			says: []string{"File already exists"},
		},
		"it exists, but is not listed, skip": {
			err: exists(0), skip: true, pages: []page{unreadable()}, outcome: ledger.OutcomeSkipped, noted: []string{"skipped"},
			requests: 1, says: []string{"index-url"},
		},
		"it exists unseen, after a lost try": {
			err: exists(1), pages: []page{none}, outcome: ledger.OutcomeRejected, id: "upload-exists", requests: 3,
		},
		"it exists elsewhere, after a lost try": {
			err: conflict409(1), elsewhere: true, pages: []page{none}, outcome: ledger.OutcomePresent, noted: []string{"upload-exists"},
			requests: 3, says: []string{"it is unknown whether that is this file", "compare the file's digest"},
		},
		"it exists elsewhere, skip, lost try": {
			err: conflict409(1), elsewhere: true, skip: true, pages: []page{noDigest}, outcome: ledger.OutcomeSkipped,
			noted: []string{"skipped"}, requests: 1,
		},
		"it exists elsewhere": {
			err: conflict409(0), elsewhere: true, pages: []page{none}, outcome: ledger.OutcomePresent, noted: []string{"upload-exists"},
			requests: 3,
		},
		"it exists elsewhere, without a digest": {
			err: conflict409(0), elsewhere: true, pages: []page{noDigest}, outcome: ledger.OutcomePresent, noted: []string{"upload-exists"},
			requests: 1,
		},
		"it exists elsewhere, which may not be read": {
			err: conflict409(0), elsewhere: true, pages: []page{unreadable()}, outcome: ledger.OutcomePresent,
			noted:    []string{"upload-exists"},
			requests: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, !c.elsewhere)
			h.options.SkipExisting = c.skip
			h.index.pages[alder] = c.pages
			r := newRun(h.options, h.deps)
			file := fileOf(t, wheel, "ours")
			success := ledger.Uploaded{File: wheel, Took: time.Second}
			result := r.resolve(t.Context(), file, success, c.err)
			expect.Equal(t, "outcome", result.Outcome(), c.outcome)
			expect.Equal(t, "requests of the page", h.index.requestCount("alder"), c.requests)
			expect.Equal(t, "noted", h.noted(), c.noted)
			text := ""
			for _, f := range append(h.receipt().Findings, findingOf(result)...) {
				text += f.Message + " " + f.Fix
			}
			expect.Contains(t, "what is reported", text, c.says...)
			id := ""
			for _, f := range findingOf(result) {
				id = string(f.ID)
				expect.Equal(t, "severity", f.Severity, finding.Error)
				expect.Equal(t, "file", f.File, "dist/"+wheel)
				expect.Equal(t, "has a next step", f.Fix != "", true)
			}
			expect.Equal(t, "finding", id, c.id)
			switch result := result.(type) {
			case ledger.Uploaded:
				expect.Equal(t, "success", result, success)
			case ledger.SkippedConflict:
				expect.Equal(t, "digest of the index", result.IndexDigest, c.indexDigest)
			}
		})
	}
}

// findingOf returns the finding of the file that an upload result has, or none.
func findingOf(result ledger.UploadResult) []finding.Finding {
	switch result := result.(type) {
	case ledger.Rejected:
		return []finding.Finding{result.Finding}
	case ledger.OutcomeUnknown:
		return []finding.Finding{result.Finding}
	case ledger.UploadFailed:
		return []finding.Finding{result.Finding}
	default:
		return nil
	}
}

// TestResolve_Unverified: an index of another kind than PyPI refuses the same bytes too. PyPI takes those again, so that its refusal is
// about other ones.
func TestResolve_Unverified(t *testing.T) {
	t.Parallel()
	for _, ambiguous := range []int{0, 1} {
		file := fileOf(t, wheel, "ours")
		refused := refusalOf(file, http.StatusConflict, "Conflict", ambiguous)
		h := newScripted(t, true)
		result := newRun(h.options, h.deps).resolve(t.Context(), file, ledger.Uploaded{}, refused)
		expect.Equal(t, "what PyPI's refusal says", only(t, findingOf(result), "upload-exists").Message, refused.Finding().Message)
		h = newScripted(t, false)
		result = newRun(h.options, h.deps).resolve(t.Context(), file, ledger.Uploaded{}, refused)
		expect.Equal(t, "result", result, ledger.UploadResult(ledger.AlreadyPresent{File: wheel, Unverified: true}))
		f := h.found("upload-exists")
		expect.Equal(t, "severity", f.Severity, finding.Warning)
		expect.Contains(t, "the warning", f.Message, "Conflict", file.sha256())
	}
}

// TestResolve_Cancelled: a run that is ended asks nothing more, and what may be on the index is never called absent.
func TestResolve_Cancelled(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	for name, c := range map[string]struct {
		err     error
		skip    bool
		outcome ledger.Outcome
	}{
		"before it was sent":  {errSignal, false, ledger.OutcomeFailed},
		"without an answer":   {noAnswer(1), false, ledger.OutcomeUnclear},
		"while it was sent":   {noAnswer(0), false, ledger.OutcomeFailed},
		"refused as existing": {refusalOf(file, http.StatusBadRequest, fileExists, 0), false, ledger.OutcomeRejected},
		"and skipped":         {refusalOf(file, http.StatusBadRequest, fileExists, 0), true, ledger.OutcomeSkipped},
		"accepted":            {nil, false, ledger.OutcomeUploaded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.options.SkipExisting = c.skip
			h.index.pages[alder] = []page{listing(alder, as(file))}
			result := newRun(h.options, h.deps).resolve(cancelled(t), fileOf(t, wheel, "ours"), ledger.Uploaded{File: wheel}, c.err)
			expect.Equal(t, "outcome", result.Outcome(), c.outcome)
			expect.Equal(t, "requests of the page", h.index.requestCount("alder"), 0)
		})
	}
}

// TestResolve_NotSent: why a file never left this machine, or never reached the index.
func TestResolve_NotSent(t *testing.T) {
	t.Parallel()
	own := finding.Finding{ID: "token-gone", Severity: finding.Error, Message: "there is no token", Fix: "get one"}
	for name, c := range map[string]struct {
		err  error
		id   string
		says []string
	}{
		"it was written to": {
			&distfile.ChangedError{Path: "/work/dist/" + wheel}, "file-changed", []string{"was changed", "no other step"},
		},
		"a reason of its own":         {own, "token-gone", []string{"there is no token", "get one"}},
		"an error that is no finding": {errors.New("disk full"), "upload-failed", []string{"disk full", "run the job again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			result := newRun(h.options, h.deps).resolve(t.Context(), fileOf(t, wheel, "ours"), ledger.Uploaded{}, c.err)
			expect.Equal(t, "outcome", result.Outcome(), ledger.OutcomeFailed)
			f := only(t, findingOf(result), c.id)
			expect.Equal(t, "file", f.File, "dist/"+wheel)
			expect.Contains(t, "the report", f.Message+" "+f.Fix, append(c.says, wheel)...)
		})
	}
}

// TestAfterOutage: what to do after an upload that was tried for long: the status page of the service where it is known, or another line
// where the tries lasted until PyPI's own time limit.
func TestAfterOutage(t *testing.T) {
	t.Parallel()
	const (
		status  = "check https://status.example, and run the job again"
		tooSlow = "always this file: the line is too slow for"
		again   = "run the job again: it skips"
	)
	minutes := func(all ...float64) (took []time.Duration) {
		for _, m := range all {
			took = append(took, time.Duration(m*float64(time.Minute)))
		}
		return took
	}
	for name, c := range map[string]struct {
		err       error
		took      []time.Duration
		warehouse bool
		says      string
	}{
		"an outage":                         {noAnswer(0), minutes(0, 0, 0, 0.5), true, status},
		"an outage with unclear answers":    {noAnswer(3), minutes(0.1, 0.1, 0.1), true, status},
		"cut off at the limit, every time":  {noAnswer(0), minutes(4, 4.1, 4, 3.9), true, tooSlow},
		"answered at the limit, every time": {noAnswer(2), minutes(4, 4.1), true, tooSlow},
		"at the limit after an outage":      {noAnswer(1), minutes(0, 0, 4, 4), true, tooSlow},
		"an outage after the limit":         {noAnswer(1), minutes(4, 4, 0), true, status},
		"at the limit once":                 {noAnswer(0), minutes(4), true, status},
		"an index without that limit":       {noAnswer(0), minutes(4, 4), false, status},
		"the file":                          {errors.New("the file cannot be read"), nil, true, again},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, c.warehouse)
			site := h.deps.Index.Site()
			site.Status = "https://status.example"
			h.connect(site, index.Password("me", h.redactor.New("a password", site.Upload)))
			if failed := wire.ErrorOf(c.err); failed != nil {
				failed.Took = c.took
			}
			result := newRun(h.options, h.deps).resolve(t.Context(), fileOf(t, wheel, "ours"), ledger.Uploaded{}, c.err)
			f := findingOf(result)[0]
			expect.Contains(t, "next step", f.Fix, c.says)
			expect.Equal(t, "says that the line is too slow", strings.Contains(f.Fix, tooSlow), c.says == tooSlow)
		})
	}
}

// TestWithRule: a refusal names the rule that is about it, with what the rule said before the upload, or should have said.
func TestWithRule(t *testing.T) {
	t.Parallel()
	const notAZip, secondSdist = "Invalid distribution file. File is not a zipfile", "Only one sdist may be uploaded per release."
	earlier := func(id, fix string) []finding.Finding {
		return []finding.Finding{{ID: "other", Fix: "no"}, {ID: finding.ID(id), Fix: fix}}
	}
	for name, c := range map[string]struct {
		reason    string
		warehouse bool
		findings  []finding.Finding
		says      []string // in the next step, besides that of the refusal
		without   bool     // that of the refusal is not in it
	}{
		"no rule":                          {"out of electrons", true, nil, nil, false},
		"a rule that was let pass":         {notAZip, true, earlier("not-a-zip", "zip it"), []string{"zip it", "not-a-zip"}, true},
		"a rule that had no next step":     {notAZip, true, earlier("not-a-zip", ""), []string{"not-a-zip"}, false},
		"a rule that should have known":    {notAZip, true, earlier("second-sdist", "no"), []string{"not-a-zip", "report"}, false},
		"a rule that could not be certain": {secondSdist, true, nil, []string{"second-sdist"}, false},
		"the words of another index":       {notAZip, false, earlier("not-a-zip", "zip it"), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, c.warehouse)
			file := fileOf(t, wheel, "ours")
			file.findings = c.findings
			refused := refusalOf(file, http.StatusBadRequest, c.reason, 0)
			plain := refused.Finding()
			f := newRun(h.options, h.deps).withRule(file, refused)
			expect.Equal(t, "id", f.ID, plain.ID)
			expect.Equal(t, "message", f.Message, plain.Message)
			expect.Contains(t, "the next step", f.Fix, c.says...)
			if !c.without {
				expect.Contains(t, "the next step", f.Fix, plain.Fix)
			}
			expect.Equal(t, "something is added", f.Fix != plain.Fix, len(c.says) > 0)
		})
	}
}

// TestConflict: both digests are reported, each by its kind, and skip-existing makes a warning of it that says whose file stays.
func TestConflict(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	for name, c := range map[string]struct {
		indexDigest string
		says        []string
	}{
		"a SHA-256":     {otherDigest, []string{"SHA-256 is " + otherDigest, file.sha256()}},
		"an MD5":        {"MD5 " + otherDigest[:32], []string{"MD5 is " + otherDigest[:32] + ",", file.sha256()}},
		"nothing known": {"", []string{file.sha256()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			r := newRun(h.options, h.deps)
			skipped := r.skipped(file, c.indexDigest)
			expect.Equal(t, "id", skipped.ID, "skipped")
			expect.Equal(t, "severity", skipped.Severity, finding.Warning)
			expect.Equal(t, "file", skipped.File, "dist/"+wheel)
			expect.Contains(t, "the warning", skipped.Message, append(c.says, wheel, "that file stays")...)
			expect.Equal(t, "says where digests are", strings.Contains(skipped.Fix, "index-url"), c.indexDigest == "")
			expect.Equal(t, "says that the file is a different one", strings.Contains(skipped.Message, "already has a different file"),
				c.indexDigest != "")
			if c.indexDigest == "" {
				return
			}
			refused := r.conflict(file, c.indexDigest)
			expect.Equal(t, "id", refused.ID, "conflict")
			expect.Equal(t, "severity", refused.Severity, finding.Error)
			expect.Equal(t, "fault", refused.Fault, finding.Distribution)
			expect.Equal(t, "file", refused.File, "dist/"+wheel)
			expect.Contains(t, "the error", refused.Message, append(c.says, wheel)...)
			expect.Contains(t, "the next step", refused.Fix, "skip-existing: true")
		})
	}
}

// TestRun_LostTries: an index that only knows names, and cannot be queried, refuses at the second try what it accepted at the first.
func TestRun_LostTries(t *testing.T) {
	t.Parallel()
	lost, conflict := page{status: http.StatusBadGateway}, page{status: http.StatusConflict}
	for name, c := range map[string]struct {
		answers []page
		skip    bool
		err     error
		outcome ledger.Outcome
		says    []string
	}{
		"refused at once": {[]page{conflict}, false, nil, ledger.OutcomePresent, []string{
			"no simple index is known for",
			"so the run cannot see existing files: set `index-url`",
		}},
		"refused after a lost try": {
			answers: []page{lost, conflict}, outcome: ledger.OutcomePresent, says: []string{
				"it is unknown whether that is this file",
				"index-url",
			},
		},
		"skipped, and its page lacks the file": {
			[]page{conflict}, true, nil, ledger.OutcomeSkipped, []string{"that file stays", "index-url"},
		},
		"taken after a lost try": {[]page{lost, {status: http.StatusOK}}, false, nil, ledger.OutcomeUploaded, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, false, sdist)
			h.options.SkipExisting = c.skip
			h.index.uploads = c.answers
			if !c.skip { // which needs pages
				site := h.deps.Index.Site()
				site.Simple = nil
				h.connect(site, h.deps.Password)
			}
			wantError(t, "run", h.run(), c.err)
			expect.Equal(t, "outcome", h.outcomes()[sdist], c.outcome)
			text := ""
			for _, f := range h.receipt().Findings {
				text += f.Message + " " + f.Fix
			}
			expect.Contains(t, "what is reported", text, c.says...)
			expect.Equal(t, "says that the bytes are other ones", strings.Contains(text, "other bytes"), false)
			expect.Equal(t, "pages are requested", h.index.requestCount("alder") > 0, c.skip)
		})
	}
}

// TestRun_UnreadableAnswer: another run would fare alike, so that the next step is another one than to run the job again.
func TestRun_UnreadableAnswer(t *testing.T) {
	t.Parallel()
	h := newScripted(t, false, sdist)
	h.index.raw = "HTTP/1.1 400 Bad Request\r\nthis is no header\r\n\r\n"
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "outcome", h.outcomes()[sdist], ledger.OutcomeUnclear)
	f := only(t, h.receipt().Findings, "upload-doubtful")
	expect.Contains(t, "the message", f.Message, "cannot be read: upload: POST", "this is no header", "after 2 tries")
	expect.Equal(t, "the next step begins with the address", strings.HasPrefix(f.Fix, "check the address"), true)
	expect.Contains(t, "the next step", f.Fix, "verify-metadata")
}

// TestResolve_Context: later queries use the context of the run.
func TestResolve_Context(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	ctx, stop := contextWithCause(t)
	h.waits.during = func() { stop(errSignal) }
	result := newRun(h.options, h.deps).resolve(ctx, fileOf(t, wheel, "ours"), ledger.Uploaded{}, noAnswer(1))
	expect.Equal(t, "outcome", result.Outcome(), ledger.OutcomeUnclear)
	expect.Equal(t, "requests of the page", h.index.requestCount("alder"), 1)
}
