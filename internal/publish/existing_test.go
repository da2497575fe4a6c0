package publish

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestCompare_WhatTheIndexLists: what is done with a file, by what the index's page says of its name.
func TestCompare_WhatTheIndexLists(t *testing.T) {
	t.Parallel()
	const (
		name = "alder-1.0.tar.gz"
		ones = "11111111111111111111111111111111"
	)
	file := fileOf(t, name, "ours")
	d, ours, md5 := file.Distribution, file.sha256(), md5Of(file)
	silent := pep.IndexFile{Name: name}
	for what, c := range map[string]struct {
		files      []pep.IndexFile
		mayReplace bool
		want, skip ledger.Action // without and with skip-existing
		held       string
	}{
		"nothing":      {nil, true, ledger.ActionUpload, ledger.ActionUpload, ""},
		"another name": {[]pep.IndexFile{{Name: "alder-1.0.zip"}}, true, ledger.ActionUpload, ledger.ActionUpload, ""},
		"the same bytes": {
			[]pep.IndexFile{{Name: name, SHA256: ours}}, true, ledger.ActionPresent, ledger.ActionPresent, "",
		},
		"the same bytes, by MD5": {[]pep.IndexFile{{Name: name, MD5: md5}}, true, ledger.ActionPresent, ledger.ActionPresent, ""},
		"other bytes": {
			[]pep.IndexFile{{Name: name, SHA256: strings.Repeat("1", 64)}},
			true, ledger.ActionConflict, ledger.ActionSkip,
			strings.Repeat("1", 64),
		},
		"other bytes, by MD5": {
			[]pep.IndexFile{{Name: name, MD5: ones}}, true, ledger.ActionConflict, ledger.ActionSkip, "MD5 " + ones,
		},
		"no digest":                        {[]pep.IndexFile{silent}, true, ledger.ActionConflict, ledger.ActionSkip, ""},
		"no digest, and the index decides": {[]pep.IndexFile{silent}, false, ledger.ActionUpload, ledger.ActionUpload, ""},
		"no digest, and the same bytes": {
			[]pep.IndexFile{silent, {Name: name, SHA256: ours}}, true, ledger.ActionPresent, ledger.ActionPresent, "",
		},
		"no digest, and other bytes": {
			[]pep.IndexFile{silent, {Name: name, SHA256: strings.Repeat("1", 64)}},
			true, ledger.ActionConflict, ledger.ActionSkip,
			strings.Repeat("1", 64),
		},
		"the same bytes, and other bytes": {
			[]pep.IndexFile{{Name: name, SHA256: ours}, {Name: name, SHA256: strings.Repeat("1", 64)}},
			true, ledger.ActionConflict, ledger.ActionSkip, strings.Repeat("1", 64),
		},
		"the same digest with another size, and other bytes": {
			[]pep.IndexFile{{Name: name, SHA256: ours, Size: 7}, {Name: name, SHA256: strings.Repeat("1", 64)}},
			true, ledger.ActionConflict, ledger.ActionSkip, strings.Repeat("1", 64),
		},
		"other bytes, and the same bytes": {
			[]pep.IndexFile{{Name: name, SHA256: strings.Repeat("1", 64)}, {Name: name, SHA256: ours}},
			true, ledger.ActionConflict, ledger.ActionSkip, strings.Repeat("1", 64),
		},
		"other bytes where the index decides": {
			[]pep.IndexFile{{Name: name, SHA256: strings.Repeat("1", 64)}},
			false, ledger.ActionConflict, ledger.ActionSkip,
			strings.Repeat("1", 64),
		},
		"no digest of another file of the index": {
			[]pep.IndexFile{{Name: "alder-0.9.tar.gz"}}, true, ledger.ActionUpload, ledger.ActionUpload, "",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for skip, want := range map[bool]ledger.Action{false: c.want, true: c.skip} {
				one := &target{Distribution: d}
				one.plan(pep.Listing{Files: c.files}, skip, c.mayReplace)
				if one.action != want {
					t.Errorf("skip %v: got %s, want %s", skip, one.action, want)
				}
				if one.indexDigest != c.held {
					t.Errorf("skip %v: the index's digest is %q, want %q", skip, one.indexDigest, c.held)
				}
			}
		})
	}
}

// TestCheckSkipExisting: to see, where the index may replace files.
func TestCheckSkipExisting(t *testing.T) {
	t.Parallel()
	at := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for name, c := range map[string]struct {
		upload, simple string
		lookups        bool
		refused        bool
		unseen         bool
		severity       finding.Severity // of a query that failed
	}{
		"a Warehouse":                     {"https://index.example/legacy/", "", true, false, false, finding.Warning},
		"a Warehouse that is not queried": {"https://index.example/legacy/", "", false, false, false, finding.Warning},
		"another index": {
			"https://index.example/up/", "https://index.example/simple/", true, false, false, finding.Error,
		},
		"another index, without simple":  {"https://index.example/up/", "", true, true, true, finding.Error},
		"another index, without queries": {"https://index.example/up/", "https://index.example/simple/", false, true, true, finding.Error},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var simple *url.URL
			if c.simple != "" {
				simple = at(c.simple)
			}
			site := index.SiteOf(at(c.upload), simple, c.lookups)
			if strings.HasPrefix(name, "a Warehouse") {
				site = site.AsPyPI()
			}
			if err := checkSkipExisting(site, true); (err != nil) != c.refused || err != nil && !Misconfigured(err) {
				t.Errorf("skip-existing: %v", err)
			}
			if err := checkSkipExisting(site, false); err != nil {
				t.Errorf("without skip-existing: %v", err)
			}
			want := finding.Warning
			if !c.lookups {
				want = finding.Notice // as the user asked
			}
			if f, unseen := unseenFiles(site); unseen != c.unseen || f.Severity != want {
				t.Errorf("%v, %+v", unseen, f)
			}
			failed := errors.New("no answer")
			if f := queryFailure(site, true, "alder", failed); f.Severity != c.severity || !strings.Contains(f.Message, "no answer") ||
				f.Fix == "" {
				t.Errorf("with skip-existing: %+v", f)
			}
			f := queryFailure(site, false, "alder", failed)
			if f.Severity != finding.Warning || f.ID != "look-failed" || strings.Contains(f.Fix, "may replace") != site.MayReplace() {
				t.Errorf("without skip-existing: %+v", f)
			}
		})
	}
}
