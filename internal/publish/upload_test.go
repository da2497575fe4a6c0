package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Wheels of one release beside [wheel], and of another one.
const (
	wheel310 = "alder-1.0-cp310-cp310-win32.whl"
	wheel311 = "alder-1.0-cp311-cp311-win32.whl"
	wheel312 = "alder-1.0-cp312-cp312-win32.whl"
	wheel2   = "alder-2.0-py3-none-any.whl"
	sdist2   = "alder-2.0.tar.gz"
)

// TestUpload_Batches: the first file of a new release goes alone, a wheel if there is one; then its other wheels; its sdist last.
func TestUpload_Batches(t *testing.T) {
	t.Parallel()
	has := func(names ...string) page {
		var all []pep.IndexFile
		for _, name := range names {
			all = append(all, pep.IndexFile{Name: name, SHA256: otherDigest})
		}
		return listing(alder, all...)
	}
	for name, c := range map[string]struct {
		page  page
		files []string
		want  []string // for each release: first | wheels | sdists
	}{
		"a new project": {
			page: absent(), files: []string{wheel310, wheel311, wheel312, sdist},
			want: []string{wheel310 + " | " + wheel311 + " " + wheel312 + " | " + sdist},
		},
		"a new release": {
			page: has(sdist2, wheel2), files: []string{wheel310, wheel311, sdist},
			want: []string{wheel310 + " | " + wheel311 + " | " + sdist},
		},
		"a release that is there": {
			page: has("alder-1.0.0-py2-none-any.whl"), files: []string{wheel310, wheel311, sdist},
			want: []string{" | " + wheel310 + " " + wheel311 + " | " + sdist},
		},
		"a project that cannot be queried": {unreadable(), []string{wheel310, wheel311}, []string{wheel310 + " | " + wheel311 + " | "}},
		"an sdist alone":                   {absent(), []string{sdist}, []string{sdist + " |  | "}},
		"an sdist before a wheel":          {absent(), []string{sdist, wheel}, []string{wheel + " |  | " + sdist}},
		"one wheel":                        {absent(), []string{wheel}, []string{wheel + " |  | "}},
		"two releases, one of them there": {
			page: has(wheel310), files: []string{wheel2, wheel311, sdist2, sdist},
			want: []string{wheel2 + " |  | " + sdist2, " | " + wheel311 + " | " + sdist},
		},
		"a file of no release is there": {has("alder.zip"), []string{wheel}, []string{wheel + " |  | "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = []page{c.page}
			r := newRun(h.options, h.deps)
			_, _ = r.listings.get(t.Context(), alder) // what it answers counts
			var missing []*target
			for _, name := range c.files {
				missing = append(missing, fileOf(t, name, name))
			}
			var got []string
			for _, b := range r.batches(missing) {
				var parts []string
				for _, together := range [][]*target{b.first, b.wheels, b.sdists} {
					parts = append(parts, strings.Join(namesOf(together), " "))
				}
				got = append(got, strings.Join(parts, " | "))
			}
			expect.Equal(t, "batches", got, c.want)
			expect.Equal(t, "files that are missing afterwards", namesOf(missing), c.files)
		})
	}
}

// TestUpload_RiskyFirst: the file that creates a release is one that the index may refuse, so that a refusal leaves nothing behind.
func TestUpload_RiskyFirst(t *testing.T) {
	t.Parallel()
	warning := func(id finding.ID) finding.Finding { return finding.Finding{ID: id, Severity: finding.Warning} }
	for name, c := range map[string]struct {
		files map[string]finding.ID // and the warning of each
		sizes map[string]int64
		first string
	}{
		"none":                   {map[string]finding.ID{wheel310: "", wheel311: "", sdist: ""}, nil, wheel310},
		"a large one":            {map[string]finding.ID{wheel310: "", wheel311: "file-too-large", sdist: ""}, nil, wheel311},
		"an aged tag":            {map[string]finding.ID{wheel310: "", wheel311: "wheel-platform-tag", sdist: ""}, nil, wheel311},
		"a large sdist":          {map[string]finding.ID{wheel310: "", sdist: "file-too-large"}, nil, sdist},
		"a classifier of all":    {map[string]finding.ID{wheel310: "classifier-unknown", sdist: "classifier-unknown"}, nil, wheel310},
		"newer metadata":         {map[string]finding.ID{wheel310: "", wheel311: "metadata-version", sdist: ""}, nil, wheel310},
		"what the index accepts": {map[string]finding.ID{wheel310: "", wheel311: "compare-sdist", sdist: ""}, nil, wheel310},
		"several": {
			map[string]finding.ID{wheel310: "file-too-large", wheel311: "file-too-large", wheel312: "", sdist: ""},
			map[string]int64{wheel310: 300, wheel311: 200},
			wheel311,
		},
		"all of them": {
			map[string]finding.ID{wheel310: "file-too-large", wheel311: "file-too-large", sdist: "file-too-large"},
			map[string]int64{wheel310: 300, wheel311: 200, sdist: 100},
			wheel311,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			var missing []*target
			for _, name := range slices.Sorted(maps.Keys(c.files)) {
				one := fileOf(t, name, name)
				one.findings = []finding.Finding{warning(c.files[name])}
				if size := c.sizes[name]; size > 0 {
					one.Size = size
				}
				missing = append(missing, one)
			}
			b := newRun(h.options, h.deps).batches(missing)[0]
			expect.Equal(t, "first", namesOf(b.first), []string{c.first})
			expect.Equal(t, "files", len(b.first)+len(b.wheels)+len(b.sdists), len(missing))
		})
	}
}

// TestUpload_RiskyRefused: of a release whose risky file is refused, nothing is published.
func TestUpload_RiskyRefused(t *testing.T) {
	t.Parallel()
	const linux = "alder-1.0-cp312-cp312-linux_x86_64.whl"
	h := newHarness(t, wheel310, wheel311, linux, sdist)
	h.options.VerifyMetadata = false
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "outcome", h.outcomes()[linux], ledger.OutcomeRejected)
	expect.Equal(t, "files of the index", len(h.servers.Files()), 0)
}

// TestUpload_Order: a release is uploaded in the order of its batch, and no file begins before those of the step before it are over.
func TestUpload_Order(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel310, wheel311, wheel312, sdist)
	wantError(t, "run", h.run(), nil)
	var steps []string // what began and ended, with the two wheels in the middle as one
	middle := map[string]bool{wheel311: true, wheel312: true}
	for _, e := range h.events {
		step := ""
		switch e := e.(type) {
		case ledger.Started:
			step = "start " + e.File
			if middle[e.File] {
				step = "start wheels"
			}
		case ledger.Uploaded:
			step = "end " + e.File
			if delete(middle, e.File); e.File != wheel310 && e.File != sdist {
				step = "end wheels"
			}
		default:
			continue
		}
		steps = append(steps, step)
	}
	if len(h.servers.Files()) != 4 || len(steps) != 8 {
		t.Fatalf("%d files on the index, after %v", len(h.servers.Files()), steps)
	}
	expect.Equal(t, "first steps", steps[:2], []string{"start " + wheel310, "end " + wheel310})
	expect.Equal(t, "last steps", steps[len(steps)-2:], []string{"start " + sdist, "end " + sdist})
	for _, step := range steps[2 : len(steps)-2] {
		if !strings.HasSuffix(step, " wheels") {
			t.Errorf("between the first and the last file: %s", step)
		}
	}
}

// meeting is a login that is given only when so many uploads ask for it at once. The run's end breaks it up.
type meeting struct {
	index.Credentials
	size int

	mu            sync.Mutex
	waiting       int
	running, most int           // uploads, now and at once at most
	all           chan struct{} // closed when everybody is there
}

func newMeeting(login index.Credentials, size int) *meeting {
	return &meeting{Credentials: login, size: size, all: make(chan struct{})}
}

func (m *meeting) Token(ctx context.Context, validFor time.Duration) (string, secret.Secret, error) {
	m.mu.Lock()
	m.waiting++
	m.running++
	m.most = max(m.most, m.running)
	if m.waiting == m.size {
		close(m.all)
	}
	m.mu.Unlock()
	select {
	case <-m.all:
		return m.Credentials.Token(ctx, validFor)
	case <-ctx.Done():
		return "", secret.Secret{}, errors.New("the other uploads did not come")
	}
}

func (m *meeting) Release(ctx context.Context, token secret.Secret, accepted bool) {
	m.mu.Lock()
	m.running--
	m.mu.Unlock()
	m.Credentials.Release(ctx, token, accepted)
}

// TestUpload_SideBySide: wheels of a release that is there, and releases among each other, go side by side.
func TestUpload_SideBySide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files    []string
		parallel int
	}{
		"wheels of a release that is there": {[]string{wheel311, wheel312}, 2},
		"two new releases":                  {[]string{wheel2, "alder-3.0-py3-none-any.whl"}, 2},
		"three at once":                     {[]string{wheel311, wheel312, wheel2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, c.files...)
			h.index.pages[alder] = []page{listing(alder, pep.IndexFile{Name: wheel310, SHA256: otherDigest})}
			h.options.Parallel = c.parallel
			h.connect(h.deps.Index.Site(), h.deps.Password)
			h.deps.Password = newMeeting(h.deps.Password, len(c.files))
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "accepted", len(h.index.accepted), len(c.files))
		})
	}
}

// TestUpload_AtOnce: to one release of an index that takes no more, four files go at once, and the user is told if they asked for more.
// Several releases go side by side.
func TestUpload_AtOnce(t *testing.T) {
	t.Parallel()
	var one, two []string
	for n := range 6 {
		one = append(one, fmt.Sprintf("alder-1.0-%d-py3-none-any.whl", n+1))
	}
	for n := range 4 {
		two = append(two, fmt.Sprintf("alder-1.0-%d-py3-none-any.whl", n+1), fmt.Sprintf("alder-2.0-%d-py3-none-any.whl", n+1))
	}
	for name, c := range map[string]struct {
		files    []string
		parallel int
		limit    int // of the index, to one release
		meet     int // uploads that wait for each other
		most     int // uploads at once; 0: meet
		noted    string
	}{
		"one release, 8":                   {one, 8, 4, 4, 0, "parallel-uploads-cut"},
		"one release, auto":                {one, 0, 4, 4, 0, ""},
		"one release, 4":                   {one, 4, 4, 4, 0, ""},
		"two releases, 8":                  {two, 8, 4, 8, 0, ""},
		"two releases, auto":               {two, 0, 4, 8, 0, ""},
		"two releases, 4":                  {two, 4, 4, 4, 0, ""},
		"an index without a limit, 6":      {one, 6, 0, 6, 0, ""},
		"an index without a limit, auto":   {one, 0, 0, 4, 6, ""},
		"an index without a limit, 2 of 8": {two[:2], 8, 0, 2, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, c.files...)
			h.index.pages[alder] = []page{listing(alder, pep.IndexFile{Name: sdist, SHA256: otherDigest},
				pep.IndexFile{Name: sdist2, SHA256: otherDigest})}
			site := h.deps.Index.Site()
			site.PerRelease = c.limit
			h.options.Parallel, h.options.CompareRelease = c.parallel, false
			h.deps.Index = index.New(site, h.client, site.UploadGate(c.parallel), h.deps.Password)
			login := newMeeting(h.deps.Password, c.meet)
			h.deps.Password = login
			wantError(t, "run", h.run(), nil)
			expect.Equal(t, "accepted", len(h.index.accepted), len(c.files))
			noted := slices.DeleteFunc(h.noted(), func(id string) bool { return id == "several-versions" })
			expect.Equal(t, "noted", strings.Join(noted, " "), c.noted)
			if login.most > max(c.meet, c.most) {
				t.Errorf("%d uploads at once", login.most)
			}
		})
	}
}

// TestUpload_AfterARefusal: no new upload begins, of any release, and those under way finish.
func TestUpload_AfterARefusal(t *testing.T) {
	t.Parallel()
	files := []string{wheel310, wheel311, wheel2, "alder-2.0-py2-none-any.whl"}
	there := listing(alder, pep.IndexFile{Name: sdist, SHA256: otherDigest}, pep.IndexFile{Name: sdist2, SHA256: otherDigest})
	refusal, accepted := page{status: http.StatusBadRequest, body: "no"}, page{status: http.StatusOK}
	for name, c := range map[string]struct {
		page     page
		width    int // uploads at once that the index is given
		answers  []page
		rejected int
		uploaded int
	}{
		"the only one under way": {there, 1, []page{refusal}, 1, 0},
		"the second one":         {there, 1, []page{accepted, refusal}, 1, 1},
		"another under way":      {there, 2, []page{refusal, accepted}, 1, 1},
		"both under way":         {there, 2, []page{refusal, refusal}, 2, 0},
		"of a new release":       {absent(), 2, []page{refusal, accepted}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, files...)
			h.index.pages[alder] = []page{c.page}
			h.index.uploads = c.answers
			login := h.deps.Password
			h.deps.Index = index.New(h.deps.Index.Site(), h.client, wire.NewGate(c.width), login)
			h.deps.Password = newMeeting(login, c.width)
			known := make(chan struct{}) // closed when a refusal was understood
			once := sync.OnceFunc(func() { close(known) })
			h.watch = func(e ledger.Event) {
				if _, ok := e.(ledger.Rejected); ok {
					once()
				}
			}
			h.index.answering = func(ctx context.Context, status int) {
				if status != http.StatusOK || c.width == 1 {
					return
				}
				select { // the other one is still under way until then
				case <-known:
				case <-ctx.Done():
				}
			}
			wantError(t, "run", h.run(), ErrIncomplete)
			sent := c.rejected + c.uploaded
			expect.Equal(t, "uploads that were sent", h.index.requestCount("upload"), sent)
			expect.Equal(t, "uploads that began", len(eventsOf[ledger.Started](h)), sent)
			receipt := h.receipt()
			expect.Equal(t, "files that were refused", receipt.Count(ledger.OutcomeRejected), c.rejected)
			expect.Equal(t, "files that were accepted", receipt.Count(ledger.OutcomeUploaded), c.uploaded)
			expect.Equal(t, "files that were not tried", receipt.Count(ledger.NotAttempted), len(files)-sent)
		})
	}
}

// TestUpload_NoRefusalAfterAll: an index of another kind refuses a file that it has, with the same bytes. The others follow.
func TestUpload_NoRefusalAfterAll(t *testing.T) {
	t.Parallel()
	h := newScripted(t, false, wheel310, wheel311, wheel312)
	r, targets := h.collected()
	h.index.pages[alder] = []page{listing(alder, as(targets[0]))}
	h.index.uploads = []page{{status: http.StatusConflict}}
	if err := r.upload(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	expect.Equal(t, "accepted", slices.Sorted(slices.Values(h.index.accepted)), []string{wheel311, wheel312})
	expect.Equal(t, "outcomes", h.outcomes(), map[string]ledger.Outcome{
		wheel310: ledger.OutcomePresent, wheel311: ledger.OutcomeUploaded, wheel312: ledger.OutcomeUploaded,
	})
}

// TestUpload_Cancelled: an upload that is cut off before its file can have arrived is given up, and no other one begins.
func TestUpload_Cancelled(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel310, wheel311)
	ctx, stop := contextWithCause(t)
	h.watch = func(e ledger.Event) {
		if _, ok := e.(ledger.Started); ok {
			stop(errSignal)
		}
	}
	wantError(t, "run", h.runIn(ctx), errSignal)
	expect.Equal(t, "accepted", h.index.accepted, nil)
	expect.Equal(t, "outcomes", h.outcomes(), map[string]ledger.Outcome{wheel310: ledger.OutcomeFailed, wheel311: ledger.NotAttempted})
	expect.Equal(t, "reported", h.noted()[len(h.noted())-1], string(finding.Cancelled))
}

// TestUpload_CancelledAtTheGate: a file that waits for its turn when the run is ended was not tried, and is not said to be cut off.
func TestUpload_CancelledAtTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := bare(t, nil, wheel310, wheel2)
		site := index.SiteOf(parsed(t, "https://index.example/legacy/"), nil, false).AsPyPI()
		h.connect(site, index.Password("me", h.redactor.New("a password", site.Upload)))
		h.deps.Index = index.New(site, h.client, wire.NewGate(1), nil)
		h.deps.Password = newMeeting(h.deps.Password, 2) // which the second upload never comes to
		r, missing := h.planned()
		ctx, stop := contextWithCause(t)
		ended := make(chan error, 1)
		go func() { ended <- r.upload(ctx, missing) }()
		synctest.Wait()
		expect.Equal(t, "uploads that have begun", len(eventsOf[ledger.Started](h)), 1)
		stop(errSignal)
		wantError(t, "upload", <-ended, errSignal)
		outcomes := []ledger.Outcome{missing[0].outcome, missing[1].outcome}
		slices.Sort(outcomes)
		expect.Equal(t, "outcomes", outcomes, []ledger.Outcome{ledger.OutcomeFailed, ledger.NotAttempted})
	})
}

// refusing is a login that always fails.
type refusing struct{ index.Credentials }

func (refusing) Token(context.Context, time.Duration) (string, secret.Secret, error) {
	return "", secret.Secret{}, finding.Finding{ID: "token-gone", Severity: finding.Error, Message: "there is no token", Fix: "get one"}
}

// TestUpload_WithoutCredentials: the reason is reported for the file, and nothing is sent.
func TestUpload_WithoutCredentials(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	h.deps.Password = refusing{h.deps.Password}
	wantError(t, "run", h.run(), ErrIncomplete)
	expect.Equal(t, "uploads that were sent", h.index.requestCount("upload"), 0)
	expect.Equal(t, "outcome", h.outcomes()[wheel], ledger.OutcomeFailed)
	f := h.found("token-gone")
	expect.Equal(t, "file", f.File, "dist/"+wheel)
	expect.Contains(t, "the report", f.Message, wheel, "there is no token")
	expect.Equal(t, "next step", f.Fix, "get one")
}

// TestUpload_Attestations go with the file. The index stores none for a file that it had before.
func TestUpload_Attestations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer page
		kept   int
		result ledger.Outcome
	}{
		"an upload":          {page{status: http.StatusOK}, 1, ledger.OutcomeUploaded},
		"a file that it had": {page{status: http.StatusConflict}, 0, ledger.OutcomePresent},
		"an invalid file":    {page{status: http.StatusBadRequest, body: "no"}, 0, ledger.OutcomeRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel)
			r, targets := h.collected()
			h.index.pages[alder] = []page{listing(alder, as(targets[0]))}
			h.index.uploads = []page{c.answer}
			targets[0].attestations = []attest.Attestation{{Predicate: attest.PublishPredicate, JSON: []byte(`{"version":1}`)}}
			_ = r.upload(t.Context(), targets) // the outcome says what came of it
			expect.Equal(t, "outcome", targets[0].outcome, c.result)
			expect.Equal(t, "sent", h.index.attestations, []string{`[{"version":1}]`})
			expect.Equal(t, "attestations that the index has", len(targets[0].attestations), c.kept)
		})
	}
}
