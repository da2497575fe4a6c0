// Package index is a package index as a client sees it: a site and its capabilities, what it holds, and uploading to it.
package index

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Site is an index and its capabilities. The rest of the program asks for capabilities and never for names: this file is the
// only one that knows an index by its host.
type Site struct {
	Upload *url.URL // where distributions are posted
	Simple *url.URL // the simple index, with a slash at its end; nil: no queries. Of several candidates, the first
	Pages  *url.URL // what project pages begin with; nil: there are none
	Files  *url.URL // what the addresses of files begin with, which go on with their BLAKE2b-256; nil: they are not known
	Manage *url.URL // what pages with the settings of projects begin with; nil: there are none
	// Classifiers is where the index lists the classifiers that it takes; nil: nowhere (docs/reference/pypi-server.md §2.4.3).
	Classifiers *url.URL
	Status      string // the page on which the operators report outages; empty: none is known
	// Warehouse is set if the index runs the software of the public one: its rules, its answers, its 200 for the same bytes
	// again.
	Warehouse bool
	// PerRelease is how many uploads to one release at once the index takes without errors; 0: no limit is known
	// (docs/reference/pypi-server.md §3).
	PerRelease int
	// Rules is set if PyPI's rules for files and metadata apply.
	Rules bool
	// Attestations is set if the index takes and verifies attestations (PEP 740), against the public Sigstore.
	Attestations bool
	// OwnPages is set if Simple is the index's own and not that of another one, such as a mirror, which may know less.
	OwnPages bool
	// Cached is set if a cache may stand in front of Simple, so that its pages may be old, and newer at one request than at the next. Only
	// the pages of an index on this machine are known to come without one.
	Cached bool
	// Derived is set if Simple follows from the form of Upload and was not given: it may be no simple index.
	Derived bool
	// Declined tells that the user wants no queries.
	Declined bool

	others   []*url.URL // further places where the simple index may be, after Simple
	certain  bool       // 404 of the simple index says that a project is not there
	audience string     // the audience that ID tokens for this index must have; "" for an index without a name of its own
}

// known returns the indexes with a name of their own.
func known() []Site {
	at := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			panic(err) // a typing error in this table, which every test would meet
		}
		return u
	}
	const (
		status     = "https://status.python.org"
		perRelease = 4
	)
	return []Site{
		{
			Upload:       at("https://upload.pypi.org/legacy/"),
			Simple:       at("https://pypi.org/simple/"),
			Pages:        at("https://pypi.org/project/"),
			Files:        at("https://files.pythonhosted.org/packages/"),
			Manage:       at("https://pypi.org/manage/"),
			Classifiers:  at("https://pypi.org/pypi?:action=list_classifiers"),
			Warehouse:    true,
			Attestations: true,
			PerRelease:   perRelease,
			audience:     "pypi",
			Status:       status,
		},
		{
			Upload:       at("https://test.pypi.org/legacy/"),
			Simple:       at("https://test.pypi.org/simple/"),
			Pages:        at("https://test.pypi.org/project/"),
			Files:        at("https://test-files.pythonhosted.org/packages/"),
			Manage:       at("https://test.pypi.org/manage/"),
			Classifiers:  at("https://test.pypi.org/pypi?:action=list_classifiers"),
			Warehouse:    true,
			Attestations: true,
			PerRelease:   perRelease,
			audience:     "testpypi",
			Status:       status,
		},
	}
}

// SiteOf returns the site of an upload URL. simple is the index to query, or nil to derive it by [AddressForms]. Without lookups the site
// has no simple index.
func SiteOf(upload, simple *url.URL, lookups bool) Site {
	site := Site{Upload: upload, certain: true}
	for _, s := range known() {
		if secret.Origin(upload) == secret.Origin(s.Upload) {
			site = s
			site.Upload, site.certain, site.Rules = upload, true, true
		}
	}
	if site.Simple == nil {
		if candidates, certain := simpleBeside(upload); len(candidates) > 0 {
			site.Simple, site.others, site.certain, site.Derived = candidates[0], candidates[1:], certain, true
		}
	}
	site.OwnPages = site.Simple != nil && (simple == nil || simple.String() == site.Simple.String())
	if simple != nil {
		site.Simple, site.others, site.certain, site.Derived = simple, nil, true, false
	}
	site.Cached = !site.OwnPages || !wire.Loopback(site.Simple.Hostname())
	if !lookups {
		site.Simple, site.others, site.Classifiers, site.OwnPages, site.Derived, site.Declined = nil, nil, nil, false, false, true
	}
	return site
}

// AsPyPI returns the site as that of an index with PyPI's rules, which only those who run it know: its address does not tell. One whose
// upload URL ends like PyPI's runs PyPI's software, and has its other addresses.
func (s Site) AsPyPI() Site {
	s.Rules = true
	before, ok := strings.CutSuffix(s.Upload.Path, "/legacy/")
	if !ok || s.Warehouse {
		return s
	}
	beside := func(path string) *url.URL {
		return &url.URL{Scheme: s.Upload.Scheme, Host: s.Upload.Host, Path: before + path}
	}
	s.Warehouse, s.Files = true, beside("/files/packages/")
	s.Derived = false // it is the one
	if s.Simple != nil {
		s.Classifiers = beside("/pypi")
		s.Classifiers.RawQuery = ":action=list_classifiers"
	}
	return s
}

// SiteAt is the site of which an address is known that may be its upload URL or its simple index, to query it.
func SiteAt(address *url.URL) Site {
	site := SiteOf(address, nil, true)
	switch {
	case site.Simple == nil:
		return SiteOf(address, address.JoinPath("/"), true)
	case !site.certain:
		site.others = append(slices.Clone(site.others), address.JoinPath("/"))
	}
	return site
}

// UploadGate returns the limiter of uploads for so many at once. For 0, that is as many as the index takes without slowing down: 4 to each
// release where more is known to fail, and 4 to 6 elsewhere.
func (s Site) UploadGate(parallel int) *wire.Gate {
	const few, more, most = 4, 6, 8
	switch {
	case parallel > 0:
		return wire.NewGate(parallel)
	case s.PerRelease > 0:
		return wire.NewGate(most)
	default:
		return wire.NewWideningGate(few, more)
	}
}

// noSlash reports whether the upload URL has no slash at its end, where no form says that this is right.
func (s Site) noSlash() bool {
	_, certain := simpleBeside(s.Upload)
	return !certain && !strings.HasSuffix(s.Upload.Path, "/")
}

// Candidates returns the places where the simple index may be, in the order in which they are tried; none if the index is not queried.
func (s Site) Candidates() []*url.URL {
	if s.Simple == nil {
		return nil
	}
	return append([]*url.URL{s.Simple}, s.others...)
}

// MayReplace reports whether an upload may replace a file of the same name. A Warehouse takes the same bytes again, refuses others, and
// gives the digest of every file (docs/reference/pypi-server.md §2.8 and §7). What another index does is the choice of its operators.
func (s Site) MayReplace() bool { return !s.Warehouse }

// ForeignAudience is the refusal of an index that asks for ID tokens which are another service's.
type ForeignAudience struct{ Index, Audience string }

func (e *ForeignAudience) Error() string {
	return fmt.Sprintf(
		"the index at %s asks for an ID token with the audience %q, which belongs to another service: "+
			"with such a token the index could act there in your name",
		e.Index, e.Audience,
	)
}

// Permit returns an error unless the index may ask for ID tokens with this audience. It is not believed blindly: an audience with
// which a known index or Sigstore would accept the token is permitted to that index alone, and to Sigstore never here. Neither
// are those by which clouds and other registries take GitHub's ID tokens.
func (s Site) Permit(audience string) error {
	if s.audience != "" && audience == s.audience {
		return nil
	}
	reserved := []string{"sigstore", "rubygems.org", "crates.io"}
	for _, other := range known() {
		reserved = append(reserved, other.audience)
	}
	// What these begin has other ends: of the regions of a cloud, its customers, or, for GitHub's default, the owner.
	begun := []string{
		"sts.amazonaws.com", "api://azureadtokenexchange", "https://iam.googleapis.com/", "//iam.googleapis.com/", "https://github.com/",
		"npm:",
	}
	asked := strings.ToLower(strings.TrimSpace(audience))
	if slices.Contains(reserved, asked) || slices.ContainsFunc(begun, func(start string) bool { return strings.HasPrefix(asked, start) }) {
		return &ForeignAudience{Index: s.Upload.Host, Audience: audience}
	}
	return nil
}

// Public reports whether this is one of the public indexes, whose rules are known. Any other index decides itself whom it trusts.
func (s Site) Public() bool { return s.audience != "" }

// Name returns the name of the index in messages: PyPI, TestPyPI, or the host of another index. It returns "the index" if uploads go to
// PyPI, but another index is queried.
func (s Site) Name() string {
	switch {
	case s.Pages != nil && s.Simple != nil && s.Simple.Host != s.Pages.Host:
		return "the index"
	case s.audience == "pypi":
		return "PyPI"
	case s.audience == "testpypi":
		return "TestPyPI"
	default:
		return s.Upload.Host
	}
}

// Page returns the URL of the release's page, or of its project's simple page if the index has no pages; empty if it has neither.
func (s Site) Page(r pep.Release, version string) string {
	switch {
	case s.Pages != nil:
		return s.Pages.JoinPath(string(r.Project), version).String() + "/"
	case s.Simple != nil:
		return s.simplePage(r.Project).String()
	default:
		return ""
	}
}

// PublisherPage returns the URL of the page on which the Trusted Publishers of a project are set, with the form filled in. For a new
// project it is the page for a pending publisher, whose form cannot be filled in. It is empty if the index has no such pages
// (docs/reference/pypi-server.md §4.8).
func (s Site) PublisherPage(project pep.Project, isNew bool, form url.Values) string {
	switch {
	case s.Manage == nil:
		return ""
	case isNew:
		return s.Manage.JoinPath("account/publishing/").String()
	default:
		at := s.Manage.JoinPath("project", string(project), "settings/publishing/")
		at.RawQuery = form.Encode()
		return at.String()
	}
}

// simplePage returns the URL of a project's page, with a slash at its end: without it some indexes answer with a redirect, or refuse.
func (s Site) simplePage(project pep.Project) *url.URL { return s.pageAt(s.Simple, project) }

// pageAt returns the project's page of the simple index at an address.
func (Site) pageAt(simple *url.URL, project pep.Project) *url.URL {
	return simple.JoinPath(string(project) + "/")
}

// isPublicPage reports whether an address is the project's page of one of the public indexes.
func isPublicPage(at *url.URL, project pep.Project) bool {
	return slices.ContainsFunc(known(), func(s Site) bool {
		name, ok := strings.CutPrefix(strings.TrimSuffix(at.Path, "/"), s.Simple.Path)
		return ok && secret.Origin(at) == secret.Origin(s.Simple) && pep.Normalize(name) == project
	})
}
