package ghrelease_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

const token = "ghs_0123456789_nowhere_by_chance"

// scenario is a repository, and a client of it.
type scenario struct {
	*releases.GitHub
	t      *testing.T
	client *ghrelease.Client
	slept  []time.Duration
	traces strings.Builder
	during func() // called by every wait; may be nil
}

// startGitHub serves a repository at three places: API and uploads on one host, as GitHub Enterprise has them, and the storage on another.
func startGitHub(t *testing.T, right releases.Right, o releases.Options) *scenario {
	t.Helper()
	o.Repository, o.Tokens = "o/r", map[string]releases.Right{token: right}
	s := &scenario{GitHub: releases.New(o), t: t}
	places := http.NewServeMux()
	places.Handle("/api/v3/", s.API())
	places.Handle("/api/uploads/", s.Uploads())
	s.StorageAt(serve(t, s.Storage()))
	s.client = s.of("o/r", serve(t, places).JoinPath("api/v3"), token)
	return s
}

// of returns a client of the API at the given address, with the scene's environment.
func (s *scenario) of(repository string, api *url.URL, raw string) *ghrelease.Client {
	redactor := secret.NewRedactor(nil)
	sleep := func(ctx context.Context, d time.Duration) error {
		s.slept = append(s.slept, d)
		if s.during != nil {
			s.during()
		}
		return context.Cause(ctx)
	}
	return ghrelease.New(ghrelease.Options{
		API: api, Repository: repository, Token: redactor.New(raw, api, ghrelease.UploadsOf(api)), Sleep: sleep,
		Wire: wire.New(wire.Options{
			UserAgent: "pypi-oidc-publish/test", Now: time.Now, Redact: redactor.Redact, Sleep: sleep,
			Jitter: func(d time.Duration) time.Duration { return d },
			Trace:  func(try wire.Try) { fmt.Fprintln(&s.traces, try) },
		}),
	})
}

func serve(t *testing.T, handler http.Handler) *url.URL {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// asset is one of the given bytes.
func asset(name, content string) ghrelease.Asset {
	sum := sha256.Sum256([]byte(content))
	return ghrelease.Asset{
		Name: name, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
	}
}

// holds returns the assets of a release as name=bytes, and a name alone for half an asset.
func (s *scenario) holds(id int64) string {
	var all []string
	for _, a := range s.Assets(id) {
		text := a.Name + "=" + string(a.Bytes)
		if a.Starter {
			text = a.Name
		}
		if a.Label != "" {
			text += "(" + a.Label + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func idsOf(err error) string {
	var ids []string
	for _, f := range finding.Of(err) {
		ids = append(ids, string(f.ID))
	}
	return strings.Join(ids, " ")
}

// harmless checks every story: nothing but assets was changed, the token went to no other server, and every failure has a next step.
func (s *scenario) harmless(errs ...error) {
	s.t.Helper()
	if s.Edits() != 0 || len(s.Leaks()) != 0 {
		s.t.Errorf("%d edits, leaks %v", s.Edits(), s.Leaks())
	}
	for _, err := range errs {
		for _, f := range finding.Of(err) {
			if f.Fix == "" || f.Severity != finding.Error || !strings.HasPrefix(string(f.ID), "github-") && f.ID != "cancelled" {
				s.t.Errorf("%+v", f)
			}
			if strings.Contains(fmt.Sprintf("%+v", f), token) {
				s.t.Errorf("the token stands in %+v", f)
			}
		}
	}
	if strings.Contains(s.traces.String(), token) || strings.Contains(s.traces.String(), "sig=") {
		s.t.Errorf("secrets stand in the traces:\n%s", s.traces.String())
	}
}

// story is one release as it is met, and what becomes of it.
type story struct {
	name    string
	right   releases.Right // zero: Write
	options releases.Options
	release releases.Release // with the tag v1 if it has none
	tag     string           // "": the release's
	held    []releases.Asset
	say     func(*scenario)
	between func(*scenario, releases.Release) // Ready and Attach

	ready    string // the ids of its findings; with any, Attach is not called
	attach   string
	n        int
	findings string
	holds    string
	says     string // stands in the errors
	slept    []time.Duration
	requests map[string]int
}

func stories() []story {
	const ok, sorry = http.StatusOK, http.StatusBadGateway
	held := func(name, bytes string) releases.Asset { return releases.Asset{Name: name, Bytes: []byte(bytes)} }
	second := time.Second
	says := func(op string, answers ...releases.Answer) func(*scenario) {
		return func(s *scenario) { s.Say(op, answers...) }
	}
	refusal := func(status int, message string) releases.Answer {
		return releases.Answer{Status: status, Body: `{"message":"` + message + `"}`}
	}
	exists := releases.Answer{
		Status: 422, Body: `{"message":"Validation Failed","errors":[{"resource":"ReleaseAsset","code":"already_exists","field":"name"}]}`,
	}
	wait := func(seconds string) releases.Answer {
		return releases.Answer{
			Status: 403, Header: http.Header{"Retry-After": {seconds}}, Body: `{"message":"You have exceeded a secondary rate limit."}`,
		}
	}
	limited := wait("70")
	const both = "a.whl=aaa b.tar.gz=bb"
	return []story{
		{
			name: "a release", n: 2, findings: "a.whl+ b.tar.gz+", holds: both,
			requests: map[string]int{"list": 0, "notes": 1, "upload": 2, "bytes": 0},
		},
		{
			name:     "a tag with a slash and more",
			release:  releases.Release{Tag: "py/v1?#%2F é"},
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
			requests: map[string]int{"list": 0},
		},
		{
			name: "a draft", release: releases.Release{Draft: true}, n: 2, findings: "a.whl+ b.tar.gz+", holds: both,
			requests: map[string]int{"list": 1},
		},
		{
			name:     "again",
			held:     []releases.Asset{held("a.whl", "aaa"), held("b.tar.gz", "bb")},
			n:        2,
			findings: "a.whl= b.tar.gz=",
			holds:    both,
			requests: map[string]int{"upload": 0, "bytes": 2},
		},
		{
			name:     "again, an old server",
			options:  releases.Options{NoDigests: true, Inline: true},
			held:     []releases.Asset{held("a.whl", "aaa")},
			n:        2,
			findings: "a.whl= b.tar.gz+",
			holds:    both,
			requests: map[string]int{"bytes": 0},
		},
		{
			name:     "the rest of it",
			held:     []releases.Asset{held("other.txt", "?"), held("b.tar.gz", "bb")},
			n:        2,
			findings: "a.whl+ b.tar.gz=",
			holds:    "other.txt=? b.tar.gz=bb a.whl=aaa",
		},
		{
			name: "other bytes", held: []releases.Asset{held("a.whl", "AAA")}, ready: "github-asset-conflict",
			says: "cb1ad2119d8fafb69566510ee712661f9f14b83385006ef92aec47f523a38358", holds: "a.whl=AAA",
		},
		{
			name: "another size", held: []releases.Asset{held("a.whl", "AAAA"), held("b.tar.gz", "BB")},
			ready: "github-asset-conflict github-asset-conflict", says: "4 bytes there, 3 bytes", holds: "a.whl=AAAA b.tar.gz=BB",
			requests: map[string]int{"bytes": 1},
		},
		{
			name:     "half of it from before",
			held:     []releases.Asset{{Name: "a.whl", Starter: true}},
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
			requests: map[string]int{"delete": 1},
		},
		{
			name: "half of it, and deleting is answered late", held: []releases.Asset{{Name: "a.whl", Starter: true}},
			say: says("delete", releases.Answer{Status: sorry, Acts: true}), n: 2, findings: "a.whl+ b.tar.gz+", holds: both,
			slept: []time.Duration{second / 2},
		},

		{
			name:     "an upload breaks off",
			say:      says("upload", releases.Answer{Status: sorry, Half: true}),
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
			slept:    []time.Duration{2 * second},
			requests: map[string]int{"upload": 3, "delete": 1},
		},
		{
			name:     "an upload has its effect, and is not answered",
			say:      says("upload", releases.Answer{Status: sorry, Acts: true}),
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
			slept:    []time.Duration{2 * second},
			requests: map[string]int{"upload": 2, "bytes": 1},
		},
		{
			name: "an answer that says nothing",
			say:  says("upload", releases.Answer{Status: 201, Body: "{}", Acts: true}, releases.Answer{Status: ok, Body: "<html>"}), n: 2,
			findings: "a.whl+ b.tar.gz+", holds: both, slept: []time.Duration{2 * second, 2 * second},
		},
		{
			name: "no upload is answered",
			say: says(
				"upload", releases.Answer{Status: sorry, Half: true}, releases.Answer{Status: sorry, Half: true},
				releases.Answer{Status: sorry, Half: true}, releases.Answer{Status: sorry, Half: true},
			),
			attach: "github-unavailable", n: 1, findings: "b.tar.gz+", holds: "b.tar.gz=bb",
			slept: []time.Duration{2 * second, 4 * second, 8 * second, 16 * second},
		},
		{
			name: "the last try has its effect",
			say:  says("upload", refusal(500, "x"), refusal(500, "x"), refusal(500, "x"), releases.Answer{Status: 504, Acts: true}), n: 2,
			findings: "a.whl+ b.tar.gz+", holds: both, slept: []time.Duration{2 * second, 4 * second, 8 * second, 16 * second},
		},
		{name: "somebody else was faster", say: func(s *scenario) {
			s.Say("upload", exists)
			s.during = func() { s.during = nil; s.AddAsset(releases.Asset{Release: 2, Name: "a.whl", Bytes: []byte("aaa")}) }
		}, n: 2, findings: "a.whl= b.tar.gz+", holds: both, slept: []time.Duration{2 * second}},
		{
			name: "somebody else was faster, with other bytes",
			say: func(s *scenario) {
				s.Say("upload", exists)
				s.during = func() { s.during = nil; s.AddAsset(releases.Asset{Release: 2, Name: "a.whl", Bytes: []byte("AAA")}) }
			},
			attach:   "github-asset-conflict",
			n:        1,
			findings: "b.tar.gz+",
			holds:    "a.whl=AAA b.tar.gz=bb",
			slept:    []time.Duration{2 * second},
		},
		{
			name: "a name is taken that nobody sees", say: says("upload", exists, exists, exists, exists), attach: "github-asset-refused",
			says: "already_exists", n: 1, findings: "b.tar.gz+", holds: "b.tar.gz=bb",
			slept: []time.Duration{2 * second, 4 * second, 8 * second, 16 * second},
		},
		{
			name: "one is refused", say: says("upload", refusal(413, "Too large for "+token)), attach: "github-asset-refused",
			says: "413 Too large for ***", n: 1, findings: "b.tar.gz+", holds: "b.tar.gz=bb", requests: map[string]int{"upload": 2},
		},
		{
			name: "a limit that asks for patience",
			say:  func(s *scenario) { s.Say("notes", limited); s.Say("upload", limited, refusal(429, "slower")) }, n: 2,
			findings: "a.whl+ b.tar.gz+", holds: both, slept: []time.Duration{70 * second, 70 * second, 60 * second},
		},
		{
			name: "more patience than there is, and none", say: says("upload", wait("9999"), wait("0")), n: 2, findings: "a.whl+ b.tar.gz+",
			holds: both, slept: []time.Duration{120 * second, 2 * second},
		},
		{
			name: "a limit that does not end", say: says("upload", limited, limited, limited, limited), attach: "github-rate-limit",
			says: "1 more were not tried", slept: []time.Duration{70 * second, 70 * second, 70 * second, 70 * second},
		},
		{
			name: "the requests of an hour are used up",
			say: says(
				"upload",
				releases.Answer{
					Status: 403,
					Header: http.Header{"X-RateLimit-Remaining": {"0"}},
					Body:   `{"message":"API rate limit exceeded"}`,
				},
			),
			attach: "github-rate-limit", says: "API rate limit exceeded", requests: map[string]int{"upload": 1},
		},
		{
			name: "they are used up before",
			say: says(
				"assets",
				releases.Answer{
					Status: 403, Header: http.Header{"X-RateLimit-Remaining": {"0"}, "X-RateLimit-Reset": {"4000000000"}},
					Body: `{"message":"API rate limit exceeded"}`,
				},
			),
			ready: "github-rate-limit", says: "API rate limit exceeded",
		},
		{name: "the right is taken away", between: func(s *scenario, _ releases.Release) {
			s.Say("upload", refusal(403, "Resource not accessible by integration"))
		}, attach: "github-permission", says: "1 more were not tried", requests: map[string]int{"upload": 1}},
		{
			name: "the release is deleted", between: func(s *scenario, _ releases.Release) { s.Say("assets", refusal(404, "Not Found")) },
			attach: "github-release-missing",
		},

		{
			name:    "an immutable release that lacks some",
			release: releases.Release{Immutable: true},
			held:    []releases.Asset{held("a.whl", "aaa")},
			ready:   "github-release-immutable",
			says:    "missing: b.tar.gz",
			holds:   "a.whl=aaa",
		},
		{
			name: "an immutable release that has all", release: releases.Release{Immutable: true},
			held: []releases.Asset{held("a.whl", "aaa"), held("b.tar.gz", "bb")}, n: 2, findings: "a.whl= b.tar.gz=", holds: both,
		},
		{
			name:     "it is published in between",
			release:  releases.Release{},
			between:  func(s *scenario, r releases.Release) { s.Freeze(r.ID) },
			attach:   "github-release-immutable",
			says:     "leave `github-release` out for this release",
			requests: map[string]int{"upload": 1},
		},

		{name: "a token that reads", right: releases.Read, ready: "github-permission", says: "contents: write"},
		{
			name: "a token that reads no drafts", right: releases.Read, release: releases.Release{Draft: true}, ready: "github-permission",
			says: "403 Resource not accessible by integration",
		},
		{name: "a stranger's token", right: releases.Outside, ready: "github-permission", says: "404 Not Found"},
		{name: "no release", tag: "v2", ready: "github-release-missing", says: "gh release create"},
		{name: "no tag", tag: "..", ready: "github-release-missing"},
		{
			name:     "notes that cannot be written",
			say:      says("notes", refusal(422, "invalid configuration")),
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
		},
		{
			name: "notes that are too much for GitHub",
			say:  says("notes", refusal(504, "slow")), n: 2,
			findings: "a.whl+ b.tar.gz+", holds: both,
		},
		{
			name: "GitHub is down", say: says("by-tag", slices.Repeat([]releases.Answer{refusal(503, "down")}, 30)...),
			ready: "github-unavailable", says: "503 down",
		},
		{
			name:     "it is down for a moment",
			say:      func(s *scenario) { s.Say("by-tag", refusal(502, "down")); s.Say("assets", refusal(500, "down")) },
			n:        2,
			findings: "a.whl+ b.tar.gz+",
			holds:    both,
		},
		{name: "a front has lost it for a moment", say: func(s *scenario) {
			s.Say("by-tag", refusal(520, "lost"))
			s.Say("assets", refusal(499, "gone"))
			s.Say("notes", refusal(524, "slow"))
			s.Say("upload", refusal(499, "gone"), refusal(522, "no connection"))
		}, n: 2, findings: "a.whl+ b.tar.gz+", holds: both},
		{
			name: "a front loses an asset time and again",
			between: func(s *scenario, _ releases.Release) {
				s.Say("upload", slices.Repeat([]releases.Answer{refusal(499, "gone")}, 4)...)
			},
			attach:   "github-unavailable",
			says:     "499 gone",
			n:        1,
			findings: "b.tar.gz+",
			holds:    "b.tar.gz=bb",
			requests: map[string]int{"upload": 5},
		},
		{
			name: "it has moved",
			say: says("notes",
				releases.Answer{Status: 301, Header: http.Header{"Location": {"https://elsewhere.example/repositories/1"}}}),
			ready: "github-repository",
		},
		{
			name:  "a refusal that repeats the token",
			say:   says("notes", refusal(403, "no "+token)),
			ready: "github-permission",
			says:  "no ***",
		},
		{
			name:  "what is there cannot be fetched",
			held:  []releases.Asset{held("a.whl", "aaa")},
			say:   says("download", refusal(404, "Not Found")),
			ready: "github-unavailable",
			says:  "404 Not Found",
			holds: "a.whl=aaa",
		},
		{
			name: "what is fetched is longer", held: []releases.Asset{held("a.whl", "aaa")},
			say:   says("download", releases.Answer{Status: ok, Body: "aaaa"}),
			ready: "github-unavailable", says: "longer than GitHub says", holds: "a.whl=aaa",
		},
		{
			name:  "what is fetched is shorter",
			held:  []releases.Asset{held("a.whl", "aaa")},
			say:   says("download", releases.Answer{Status: ok, Body: "aa"}),
			ready: "github-unavailable",
			says:  "it has 3 bytes, but 2 arrived",
			holds: "a.whl=aaa",
		},
		{
			name:     "the storage is down for a moment",
			held:     []releases.Asset{held("a.whl", "aaa")},
			say:      says("bytes", refusal(503, "x")),
			n:        2,
			findings: "a.whl= b.tar.gz+",
			holds:    both,
		},
		{
			name: "the storage points on", held: []releases.Asset{held("a.whl", "aaa")},
			say:   says("bytes", releases.Answer{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}}),
			ready: "github-unavailable", holds: "a.whl=aaa",
		},
		{
			name: "bytes in clear text elsewhere", held: []releases.Asset{held("a.whl", "aaa")},
			say:   says("download", releases.Answer{Status: 302, Header: http.Header{"Location": {"http://elsewhere.example/?sig=x"}}}),
			ready: "github-unavailable", says: "http://elsewhere.example/, which is not an https URL", holds: "a.whl=aaa",
		},
		{
			name: "bytes nowhere", held: []releases.Asset{held("a.whl", "aaa")}, say: says("download", releases.Answer{Status: 302}),
			ready: "github-unavailable", holds: "a.whl=aaa",
		},
	}
}

func TestAttach_Scenarios(t *testing.T) {
	t.Parallel()
	for _, c := range stories() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			right := c.right
			if right == 0 {
				right = releases.Write
			}
			s := startGitHub(t, right, c.options)
			if c.release.Tag == "" {
				c.release.Tag = "v1"
			}
			published := s.Publish(c.release)
			for _, a := range c.held {
				a.Release = published.ID
				s.AddAsset(a)
			}
			if c.tag == "" {
				c.tag = published.Tag
			}
			if c.say != nil {
				c.say(s)
			}
			s.run(c, published)
		})
	}
}

func (s *scenario) run(c story, published releases.Release) {
	t := s.t
	wanted := []ghrelease.Asset{asset("a.whl", "aaa"), asset("b.tar.gz", "bb")}
	r, err := s.client.Ready(t.Context(), c.tag, wanted)
	if idsOf(err) != c.ready {
		t.Fatalf("Ready: %v", err)
	}
	var attached error
	n, texts := 0, []string{}
	if err == nil {
		if r.ID != published.ID || r.Tag != published.Tag || r.Draft != published.Draft || r.Immutable != published.Immutable ||
			!strings.HasPrefix(
				r.Page, "https://github.example/o/r/releases/",
			) {
			t.Errorf("%+v", r)
		}
		if c.between != nil {
			c.between(s, published)
		}
		n, attached = s.client.Attach(t.Context(), r, wanted, func(a ghrelease.Asset, existed bool) {
			texts = append(texts, a.Name+map[bool]string{true: "=", false: "+"}[existed])
		})
	}
	if idsOf(attached) != c.attach || n != c.n || strings.Join(texts, " ") != c.findings {
		t.Errorf("Attach: %d, reported %v, %v", n, texts, attached)
	}
	if got := s.holds(published.ID); got != c.holds {
		t.Errorf("the release has %q, want %q", got, c.holds)
	}
	if all := fmt.Sprint(err, attached); !strings.Contains(all, c.says) {
		t.Errorf("%s\nlacks %q", all, c.says)
	}
	if c.slept != nil && fmt.Sprint(s.slept) != fmt.Sprint(c.slept) {
		t.Errorf("waited %v, want %v", s.slept, c.slept)
	}
	for op, n := range c.requests {
		if s.RequestCount(op) != n {
			t.Errorf("%s was asked %d times, want %d", op, s.RequestCount(op), n)
		}
	}
	s.harmless(err, attached)
}

// TestAttach_RenamedAssets: GitHub changes names, and a run finds its files again under those.
func TestAttach_RenamedAssets(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	wanted := []ghrelease.Asset{asset("a-1!2.0+cu12.tar.gz", "one"), asset(".b (1)~.whl", "two"), asset("c@d_e-1.whl", "three")}
	for round := range 2 {
		ready, err := s.client.Ready(t.Context(), "v1", wanted)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.client.Attach(t.Context(), ready, wanted, func(a ghrelease.Asset, existed bool) {
			if existed != (round == 1) {
				t.Errorf("round %d: %s was there: %v", round, a.Name, existed)
			}
		})
		if n != 3 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if got := s.holds(r.ID); got != "a-1.2.0+cu12.tar.gz=one(a-1!2.0+cu12.tar.gz) default.b.1.whl=two(.b (1)~.whl) c@d_e-1.whl=three" {
		t.Error(got)
	}
	// Another name than we think, and the label that we gave.
	s.AddAsset(releases.Asset{Release: r.ID, Name: "f-1-0.whl", Label: "f-1!0.whl", Bytes: []byte("four")})
	wanted = []ghrelease.Asset{asset("f-1!0.whl", "four")}
	ready, err := s.client.Ready(t.Context(), "v1", wanted)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.client.Attach(t.Context(), ready, wanted, nil); n != 1 || err != nil || s.RequestCount("upload") != 3 {
		t.Errorf("%d, %v, %d uploads", n, err, s.RequestCount("upload"))
	}
	_, err = s.client.Ready(t.Context(), "v1", []ghrelease.Asset{asset("g!1.whl", "x"), asset("g~1.whl", "y")})
	if idsOf(err) != "github-asset-conflict" || !strings.Contains(err.Error(), "g.1.whl") {
		t.Errorf("%v", err)
	}
	s.harmless(err)
}

// TestAttach_KeepExisting: what is there under such a name stays, and is not even fetched.
func TestAttach_KeepExisting(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	for _, content := range []string{"first", "second"} {
		manifest := asset("manifest.json", content)
		manifest.Keep = true
		ready, err := s.client.Ready(t.Context(), "v1", []ghrelease.Asset{manifest})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.client.Attach(t.Context(), ready, []ghrelease.Asset{manifest}, func(_ ghrelease.Asset, existed bool) {
			if existed != (content == "second") {
				t.Errorf("%s: there %v", content, existed)
			}
		}); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if got := s.holds(r.ID); got != "manifest.json=first" || s.RequestCount("download") != 0 {
		t.Errorf("%s, %d downloads", got, s.RequestCount("download"))
	}
	s.harmless()
}

// TestAttach_Pagination: neither the release nor its asset is in the first answer.
func TestAttach_Pagination(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1", Draft: true})
	for i := range 130 {
		s.Publish(releases.Release{Tag: fmt.Sprint("nightly-", i)})
		s.AddAsset(releases.Asset{Release: r.ID, Name: fmt.Sprint("other-", i), Bytes: []byte("x")})
	}
	s.AddAsset(releases.Asset{Release: r.ID, Name: "a.whl", Bytes: []byte("aaa")})
	wanted := []ghrelease.Asset{asset("a.whl", "aaa")}
	ready, err := s.client.Ready(t.Context(), "v1", wanted)
	if err != nil || ready.ID != r.ID {
		t.Fatalf("%+v, %v", ready, err)
	}
	n, err := s.client.Attach(t.Context(), ready, wanted, nil)
	if n != 1 || err != nil || s.RequestCount("upload") != 0 || s.RequestCount("list") != 5 || s.RequestCount("assets") != 4 {
		t.Errorf("%d, %v, %d lists, %d lists of assets", n, err, s.RequestCount("list"), s.RequestCount("assets"))
	}
	// The bytes under a number do not change: they are fetched once.
	if s.RequestCount("bytes") != 1 {
		t.Errorf("%d downloads", s.RequestCount("bytes"))
	}
	s.Publish(releases.Release{Tag: "v1", Draft: true})
	if _, err = s.client.Ready(t.Context(), "v1", wanted); idsOf(err) != "github-release-ambiguous" {
		t.Errorf("%v", err)
	}
	s.harmless(err)
}

// TestReady_JustPublished: a release that the list has already and its tag has not is the one, even if there are drafts.
func TestReady_JustPublished(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	s.Publish(releases.Release{Tag: "v1", Draft: true})
	s.Say("by-tag", releases.Answer{Status: 404})
	if ready, err := s.client.Ready(t.Context(), "v1", nil); err != nil || ready.ID != r.ID || ready.Draft {
		t.Errorf("%+v, %v", ready, err)
	}
}

// TestReady_DuplicateInList: a release that is made while the list is read moves the others on, and one of them comes in two answers.
func TestReady_DuplicateInList(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1", Draft: true})
	draft := fmt.Sprintf(`{"id":%d,"tag_name":"v1","draft":true}`, r.ID)
	s.Say("list", releases.Answer{Status: 200, Body: "[" + draft + "," + draft + "]"})
	if ready, err := s.client.Ready(t.Context(), "v1", nil); err != nil || ready.ID != r.ID {
		t.Errorf("%+v, %v", ready, err)
	}
	// It was published in between: the last answer counts.
	s.Say("list", releases.Answer{Status: 200, Body: "[" + draft + "," + strings.Replace(draft, "true", "false", 1) + "]"})
	if ready, err := s.client.Ready(t.Context(), "v1", nil); err != nil || ready.ID != r.ID || ready.Draft {
		t.Errorf("%+v, %v", ready, err)
	}
}

// TestReady_Limits: what GitHub cannot take is reported before anything is sent.
func TestReady_Limits(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	large := asset("large.whl", "x")
	large.Size = 2 << 30
	_, err := s.client.Ready(t.Context(), "v1", []ghrelease.Asset{asset("empty.whl", ""), large})
	if idsOf(err) != "github-asset-refused github-asset-refused" {
		t.Errorf("%v", err)
	}
	for i := range 1000 {
		s.AddAsset(releases.Asset{Release: r.ID, Name: fmt.Sprint("other-", i), Bytes: []byte("x")})
	}
	_, full := s.client.Ready(t.Context(), "v1", []ghrelease.Asset{asset("a.whl", "x")})
	if idsOf(full) != "github-asset-refused" {
		t.Errorf("%v", full)
	}
	s.harmless(err, full)
}

// TestAttach_ChangedFile: what was written to since it was read never gets to the release as a whole.
func TestAttach_ChangedFile(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	other, gone, recorded := asset("a.whl", strings.Repeat("a", 1<<20)), asset("b.whl", "bbb"), asset("c.whl", "ccc")
	other.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("A", 1<<19)), iotest.ErrReader(errors.New("other bytes")))), nil
	}
	gone.Open = func() (io.ReadCloser, error) { return nil, errors.New("no such file") }
	recorded.Open = func() (io.ReadCloser, error) {
		return nil, finding.Finding{ID: "github-of-the-caller", Severity: finding.Error, Message: "c", Fix: "d"}
	}
	n, err := s.client.Attach(
		t.Context(), ghrelease.Release{ID: r.ID, Tag: "v1"}, []ghrelease.Asset{other, gone, recorded, asset("d.whl", "d")}, nil,
	)
	if n != 1 || idsOf(err) != "github-asset-changed github-asset-changed github-asset-changed" ||
		!strings.Contains(err.Error(), "no such file") || !strings.Contains(err.Error(), "a.whl was not attached: other bytes") {
		t.Errorf("%d, %v", n, err)
	}
	for _, a := range s.Assets(r.ID) {
		if !a.Starter && a.Name != "d.whl" {
			t.Errorf("the release has %s", a.Name)
		}
	}
	s.harmless(err)
}

// TestAttach_NoAnswer: the others are not retried without end.
func TestAttach_NoAnswer(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	for range 100 {
		s.Say("upload", releases.Answer{Status: 503})
	}
	var wanted []ghrelease.Asset
	for i := range 10 {
		wanted = append(wanted, asset(fmt.Sprint(i, ".whl"), "x"))
	}
	n, err := s.client.Attach(t.Context(), ghrelease.Release{ID: r.ID, Tag: "v1"}, wanted, nil)
	if n != 0 || s.RequestCount("upload") != 12 || len(finding.Of(err)) != 3 || !strings.Contains(err.Error(), "(7 more were not tried)") {
		t.Errorf("%d after %d uploads: %v", n, s.RequestCount("upload"), err)
	}
	s.harmless(err)
}

// TestAttach_SomeAnswers: assets that get no answer count in a row alone, and a refusal is an answer.
func TestAttach_SomeAnswers(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1"})
	var wanted []ghrelease.Asset
	for i := range 6 {
		wanted = append(wanted, asset(fmt.Sprint(i, ".whl"), "x"))
		if i < 5 && i%2 == 0 {
			s.Say("upload", releases.Answer{Status: 503}, releases.Answer{Status: 503}, releases.Answer{Status: 503},
				releases.Answer{Status: 503})
		} else if i < 5 {
			s.Say("upload", releases.Answer{Status: 422, Body: `{"message":"no"}`})
		}
	}
	n, err := s.client.Attach(t.Context(), ghrelease.Release{ID: r.ID, Tag: "v1"}, wanted, nil)
	if n != 1 || len(finding.Of(err)) != 5 || strings.Contains(err.Error(), "not tried") {
		t.Errorf("%d: %v", n, err)
	}
	s.harmless(err)
}

// TestAttach_Cancelled: at every moment a signal ends it, and is reported as what it is.
func TestAttach_Cancelled(t *testing.T) {
	t.Parallel()
	reason := errors.New("a signal came")
	for after := range 8 {
		s := startGitHub(t, releases.Write, releases.Options{})
		r := s.Publish(releases.Release{Tag: "v1", Draft: true})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "a.whl", Bytes: []byte("aaa")})
		ctx, cancel := context.WithCancelCause(t.Context())
		n := 0
		places := http.NewServeMux()
		stop := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if n++; n > after {
				_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
				cancel(reason)
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		}
		places.HandleFunc("/api/v3/", func(w http.ResponseWriter, r *http.Request) { stop(w, r, s.API()) })
		places.HandleFunc("/api/uploads/", func(w http.ResponseWriter, r *http.Request) {
			stop(w, r, s.Uploads())
		})
		client := s.of("o/r", serve(t, places).JoinPath("api/v3"), token)
		wanted := []ghrelease.Asset{asset("a.whl", "aaa"), asset("b.whl", "b"), asset("c.whl", "c")}
		ready, err := client.Ready(ctx, "v1", wanted)
		if err == nil {
			_, err = client.Attach(ctx, ready, wanted, nil)
		}
		if idsOf(err) != "cancelled" || !strings.Contains(err.Error(), reason.Error()) {
			t.Errorf("after %d requests: %v", after, err)
		}
		s.harmless(err)
		cancel(nil)
	}
}

// TestAttach_AssetStates: half an asset goes, and nothing else does.
func TestAttach_AssetStates(t *testing.T) {
	t.Parallel()
	for _, state := range []string{`"uploaded"`, `"open"`, `"STARTER"`, `""`, "null"} {
		s := startGitHub(t, releases.Write, releases.Options{})
		r := s.Publish(releases.Release{Tag: "v1"})
		s.Say("assets", releases.Answer{Status: 200, Body: fmt.Sprintf(`[{"id":77,"name":"a.whl","size":0,"state":%s}]`, state)})
		n, err := s.client.Attach(t.Context(), ghrelease.Release{ID: r.ID, Tag: "v1"}, []ghrelease.Asset{asset("a.whl", "aaa")}, nil)
		if n != 0 || idsOf(err) != "github-asset-conflict" || s.RequestCount("delete") != 0 {
			t.Errorf("%s: %d, %v, %d deleted", state, n, err, s.RequestCount("delete"))
		}
		s.harmless(err)
	}
}

// TestAttach_UnexpectedAnswers: each is a finding.
func TestAttach_UnexpectedAnswers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "null", "[null]", "[[]]", "{}", `{"id":"x"}`, `{"id":7,"tag_name":null}`, `{"id":7,"tag_name":"v2"}`,
		"<html><title>Sign in</title>",
		`[{"id":1}]`, "[", strings.Repeat("[", 20000),
	} {
		for _, op := range []string{"notes", "by-tag", "list", "assets"} {
			s := startGitHub(t, releases.Write, releases.Options{})
			s.Publish(releases.Release{Tag: "v1", Draft: op == "list"})
			s.Say(op, releases.Answer{Status: 200, Body: body})
			_, err := s.client.Ready(t.Context(), "v1", []ghrelease.Asset{asset("a.whl", "aaa")})
			switch ids := idsOf(err); {
			case ids == "github-unavailable", op == "list" && ids == "github-release-missing", ids == "" && op != "by-tag" && op != "list":
			default:
				t.Errorf("%s %.20q: %v", op, body, err)
			}
			s.harmless(err)
		}
	}
	s := startGitHub(t, releases.Write, releases.Options{})
	endless := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "{}")
		case strings.Contains(r.URL.Path, "/tags/"):
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set("Link", `<https://x.example/?page=1000>; rel="next"`)
			_, _ = io.WriteString(w, "[{}]")
		}
	}))
	_, err := s.of("o/r", endless, token).Ready(t.Context(), "v1", nil)
	if idsOf(err) != "github-unavailable" || !strings.Contains(err.Error(), "too many pages") {
		t.Errorf("%v", err)
	}
}

// TestToken_OnlyToAPI: only to the API and to its uploads, for any answer.
func TestToken_OnlyToAPI(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	var attacker bytes.Buffer
	elsewhere := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _ = r.Header.Write(&attacker) }))
	elsewhere.User = url.UserPassword("some", "body")
	for _, op := range []string{"notes", "by-tag", "list", "assets", "download", "upload", "delete"} {
		r := s.Publish(releases.Release{Tag: op, Draft: op == "list"})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "b.whl", Bytes: []byte("b")})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "c.whl", Starter: true})
		s.Say(op, releases.Answer{Status: 307, Header: http.Header{"Location": {elsewhere.String()}}})
		wanted := []ghrelease.Asset{asset("a.whl", "a"), asset("b.whl", "b"), asset("c.whl", "c")}
		ready, err := s.client.Ready(t.Context(), op, wanted)
		if err == nil {
			_, err = s.client.Attach(t.Context(), ready, wanted, nil)
		}
		if err == nil {
			t.Errorf("%s followed a redirect", op)
		}
		s.harmless(err)
	}
	if strings.Contains(attacker.String(), token) || strings.Contains(attacker.String(), "Authorization") {
		t.Errorf("the token went elsewhere:\n%s", attacker.String())
	}
	if !strings.Contains(attacker.String(), "User-Agent") {
		t.Error("no bytes were fetched from elsewhere: the test is blind")
	}
}

// TestAttach_ClearTextAPI: an API elsewhere cannot have this machine asked what only this machine may ask.
func TestAttach_ClearTextAPI(t *testing.T) {
	t.Parallel()
	requests := ""
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests += r.Method + " " + r.URL.String() + "\n"
		switch {
		case strings.HasSuffix(r.URL.Path, "/assets"):
			_, _ = io.WriteString(w, `[{"id":7,"name":"a.whl","size":3,"state":"uploaded"}]`)
		default:
			w.Header().Set("Location", "http://127.0.0.1:1/admin")
			w.WriteHeader(http.StatusFound)
		}
	}))
	api := &url.URL{Scheme: "http", Host: "git.example", Path: "/api/v3"}
	client := ghrelease.New(ghrelease.Options{
		API: api, Repository: "o/r", Token: secret.NewRedactor(nil).New(token, api),
		Wire: wire.New(wire.Options{UserAgent: "test", Now: time.Now, Proxy: http.ProxyURL(proxy)}),
	})
	_, err := client.Attach(t.Context(), ghrelease.Release{ID: 1, Tag: "v1"}, []ghrelease.Asset{asset("a.whl", "aaa")}, nil)
	if idsOf(err) != "github-unavailable" || !strings.Contains(
		err.Error(), "http://127.0.0.1:1/admin, which is not an https URL",
	) || strings.Contains(requests, "admin") || !strings.Contains(requests, "/assets/7") {
		t.Errorf("%v, asked\n%s", err, requests)
	}
}

// TestAttach_ImmutableRelease: such a release is asked for nothing.
func TestAttach_ImmutableRelease(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	r := s.Publish(releases.Release{Tag: "v1", Immutable: true})
	s.AddAsset(releases.Asset{Release: r.ID, Name: "b.whl", Starter: true})
	_, err := s.client.Attach(
		t.Context(), ghrelease.Release{ID: r.ID, Tag: "v1", Immutable: true}, []ghrelease.Asset{asset("b.whl", "b"), asset("a.whl", "a")},
		nil,
	)
	if idsOf(err) != "github-release-immutable" || s.RequestCount("upload")+s.RequestCount("delete") != 0 {
		t.Errorf("%v, %d uploads", err, s.RequestCount("upload"))
	}
	s.harmless(err)
}

func TestReady_InvalidOptions(t *testing.T) {
	t.Parallel()
	s := startGitHub(t, releases.Write, releases.Options{})
	nowhere := &url.URL{Scheme: "https", Host: "nowhere.invalid"}
	for _, repository := range []string{"", "o", "o/", "/r", "o/r/s", "../r", "o/..", "o/r?x", "o/r#", "o /r", "o/r\n"} {
		client := s.of(repository, nowhere, token)
		_, err := client.Ready(t.Context(), "v1", nil)
		_, attached := client.Attach(t.Context(), ghrelease.Release{}, nil, nil)
		if idsOf(err) != "github-repository" || idsOf(attached) != "github-repository" {
			t.Errorf("%q: %v, %v", repository, err, attached)
		}
	}
	_, err := s.of("o/r", nowhere, "").Ready(t.Context(), "v1", nil)
	if idsOf(err) != "github-permission" {
		t.Errorf("%v", err)
	}
	s.harmless(err)
}

func TestUploadsOf(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		"https://api.github.com":                "https://uploads.github.com",
		"https://API.github.com/":               "https://uploads.github.com",
		"https://api.github.com:8443?x#y":       "https://uploads.github.com:8443",
		"https://api.octo.ghe.com":              "https://uploads.octo.ghe.com",
		"https://git.example.com/api/v3":        "https://git.example.com/api/uploads",
		"https://git.example.com/api/v3/":       "https://git.example.com/api/uploads",
		"https://git.example.com:444/x/api/v3/": "https://git.example.com:444/x/api/uploads",
		"https://api.github.com.example.com":    "https://api.github.com.example.com/api/uploads",
		"https://api.example.com/api/v3":        "https://api.example.com/api/uploads",
		"http://127.0.0.1:8080":                 "http://127.0.0.1:8080/api/uploads",
	} {
		u, err := url.Parse(api)
		if err != nil {
			t.Fatal(err)
		}
		if got := ghrelease.UploadsOf(u).String(); got != want {
			t.Errorf("%s: %s, want %s", api, got, want)
		}
	}
}
