package preflight

import (
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// catalog finds what an index lists for a project by name, by content and by release. It is made once for a check: a set may have many
// files, and a listing as well.
type catalog struct {
	names    map[string]bool
	bySHA256 map[string][]string // file names, in the order of the listing
	releases map[string]*listedRelease
}

// listedRelease is what an index lists for a release.
type listedRelease struct {
	first         time.Time // when the oldest file was uploaded; zero if the index gives no times
	files, yanked int
	sdist         string // the name of the first sdist; empty if there is none
}

func newCatalog(l pep.Listing) *catalog {
	c := &catalog{names: map[string]bool{}, bySHA256: map[string][]string{}, releases: map[string]*listedRelease{}}
	for _, h := range l.Files {
		c.names[h.Name] = true
		if h.SHA256 != "" {
			c.bySHA256[h.SHA256] = append(c.bySHA256[h.SHA256], h.Name)
		}
		if of, err := pep.ReleaseOfFile(h.Name); err == nil {
			c.release(of.Version).add(h)
		}
	}
	return c
}

// release returns what is listed for a version in its canonical form.
func (c *catalog) release(version string) *listedRelease {
	if c.releases[version] == nil {
		c.releases[version] = &listedRelease{}
	}
	return c.releases[version]
}

func (r *listedRelease) add(h pep.IndexFile) {
	r.files++
	if h.Yanked {
		r.yanked++
	}
	if !h.Uploaded.IsZero() && (r.first.IsZero() || h.Uploaded.Before(r.first)) {
		r.first = h.Uploaded
	}
	if _, err := pep.ParseSdistName(h.Name); err == nil && r.sdist == "" {
		r.sdist = h.Name
	}
}

// catalogOf returns the catalog of a project, which is empty if the index was not queried for it.
func (s Set) catalogOf(project pep.Project) *catalog {
	if c := s.catalogs[project]; c != nil {
		return c
	}
	return newCatalog(pep.Listing{})
}

// withCatalogs returns the set with the catalogs of all listings.
func (s Set) withCatalogs() Set {
	s.catalogs = make(map[pep.Project]*catalog, len(s.Listings))
	for project, l := range s.Listings {
		s.catalogs[project] = newCatalog(l)
	}
	return s
}
