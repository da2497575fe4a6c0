package publish

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestTarget_Compare: what is done with a file follows from the digest that the index lists under its name, and from nothing else.
func TestTarget_Compare(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	same, sum := as(file), md5Of(file)
	for name, c := range map[string]struct {
		listed      []pep.IndexFile
		gone        bool // the file, so that no other digest can be computed
		action      ledger.Action
		indexDigest string
	}{
		"an unknown project":             {nil, false, ledger.ActionUpload, ""},
		"the same bytes":                 {[]pep.IndexFile{same}, false, ledger.ActionPresent, ""},
		"other bytes":                    {[]pep.IndexFile{{Name: wheel, SHA256: otherDigest}}, false, ledger.ActionConflict, otherDigest},
		"other files alone":              {[]pep.IndexFile{{Name: sdist, SHA256: otherDigest}}, false, ledger.ActionUpload, ""},
		"these bytes under another name": {[]pep.IndexFile{{Name: sdist, SHA256: file.sha256()}}, false, ledger.ActionUpload, ""},
		"the name, after another one":    {[]pep.IndexFile{{Name: sdist, SHA256: otherDigest}, same}, false, ledger.ActionPresent, ""},
		"the name without a digest":      {[]pep.IndexFile{{Name: wheel}}, false, ledger.ActionUpload, ""},
		"the name twice, once without a digest": {
			listed: []pep.IndexFile{{Name: wheel}, {Name: wheel, SHA256: otherDigest}}, action: ledger.ActionConflict,
			indexDigest: otherDigest,
		},
		"the same MD5, and nothing better": {[]pep.IndexFile{{Name: wheel, MD5: sum}}, false, ledger.ActionPresent, ""},
		"another MD5, and nothing better": {
			listed: []pep.IndexFile{{Name: wheel, MD5: otherDigest[:32]}}, action: ledger.ActionConflict,
			indexDigest: "MD5 " + otherDigest[:32],
		},
		"an MD5, and the file is gone": {[]pep.IndexFile{{Name: wheel, MD5: otherDigest[:32]}}, true, ledger.ActionUpload, ""},
		"the same MD5 and another SHA-256": {
			listed: []pep.IndexFile{{Name: wheel, MD5: sum, SHA256: otherDigest}}, action: ledger.ActionConflict,
			indexDigest: otherDigest,
		},
		"another MD5 and the same SHA-256": {
			listed: []pep.IndexFile{{Name: wheel, MD5: otherDigest[:32], SHA256: file.sha256()}},
			action: ledger.ActionPresent,
		},
		"the same bytes of another size": {
			[]pep.IndexFile{{Name: wheel, SHA256: file.sha256(), Size: 9000}}, false, ledger.ActionPresent, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := fileOf(t, wheel, "ours")
			if c.gone {
				if err := os.Remove(file.Path); err != nil {
					t.Fatal(err)
				}
			}
			action, indexDigest := file.compare(pep.Listing{Project: alder, Exists: true, Files: c.listed}, false)
			expect.Equal(t, "action", action, c.action)
			expect.Equal(t, "digest of the index", indexDigest, c.indexDigest)
		})
	}
}

func TestTarget_ListedIn(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	listed, ok := file.listedIn(pep.Listing{Files: []pep.IndexFile{{Name: sdist}, {Name: wheel, Provenance: "here"}}})
	expect.Equal(t, "listed", ok, true)
	expect.Equal(t, "what is listed", listed, pep.IndexFile{Name: wheel, Provenance: "here"})
	listed, ok = file.listedIn(pep.Listing{Files: []pep.IndexFile{{Name: sdist, SHA256: file.sha256()}}})
	expect.Equal(t, "listed under another name", ok, false)
	expect.Equal(t, "what is listed under another name", listed, pep.IndexFile{})
}

func TestTarget_Describe(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	file.action, file.indexDigest, file.outcome = ledger.ActionConflict, otherDigest, ledger.OutcomeConflict
	got := describeAll([]*target{file})[0]
	expect.Equal(t, "path", got.Path, "dist/"+wheel)
	expect.Equal(t, "name", got.Name, wheel)
	expect.Equal(t, "release", got.Release, pep.Release{Project: alder, Version: "1"})
	expect.Equal(t, "version", got.Version, "1.0")
	expect.Equal(t, "size", got.Size, int64(len("ours")))
	expect.Equal(t, "SHA-256", got.SHA256, file.sha256())
	expect.Equal(t, "action", got.Action, ledger.ActionConflict)
	expect.Equal(t, "digest of the index", got.IndexDigest, otherDigest)
}

// TestTarget_Version: outputs and addresses have the version as the index spells it.
func TestTarget_Version(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{"1.0": "1.0", "1.0-1": "1.0.post1", "v2.0.RC1": "2.0rc1", "none": "none"} {
		file := fileOf(t, wheel, "ours")
		file.Headers = []distfile.Field{{Name: "Version", Value: written}}
		expect.Equal(t, "version of "+written, describeAll([]*target{file})[0].Version, want)
	}
}

// TestTarget_Lists: the steps take from one list what concerns them, and leave the list as it is.
func TestTarget_Lists(t *testing.T) {
	t.Parallel()
	var all []*target
	for name, stands := range map[string]struct {
		action  ledger.Action
		outcome ledger.Outcome
	}{
		"alder-1.0.tar.gz": {ledger.ActionUpload, ledger.NotAttempted},
		"alder-2.0.tar.gz": {ledger.ActionUpload, ledger.OutcomeUploaded},
		"birch-1.0.tar.gz": {ledger.ActionPresent, ledger.OutcomePresent},
		"cedar-1.0.tar.gz": {ledger.ActionSkip, ledger.OutcomeSkipped},
		"elder-1.0.tar.gz": {ledger.ActionConflict, ledger.OutcomeConflict},
		"hazel-1.0.tar.gz": {ledger.ActionUpload, ledger.OutcomeRejected},
		"maple-1.0.tar.gz": {ledger.ActionUpload, ledger.OutcomeUnclear},
	} {
		file := fileOf(t, name, "")
		file.action, file.outcome = stands.action, stands.outcome
		all = append(all, file)
	}
	toUpload := []string{"alder-1.0.tar.gz", "alder-2.0.tar.gz", "hazel-1.0.tar.gz", "maple-1.0.tar.gz"}
	expect.Equal(t, "to be uploaded", distinct(namesOf(missingOf(all))), toUpload)
	expect.Equal(t, "on the index", distinct(namesOf(onIndexOf(all))), []string{"alder-2.0.tar.gz", "birch-1.0.tar.gz"})
	expect.Equal(t, "projects", projectsOf(all), []pep.Project{"alder", "birch", "cedar", "elder", "hazel", "maple"})
	expect.Equal(t, "projects of files whose metadata names none", projectsOf([]*target{{}}), nil)
	expect.Equal(t, "files in the list afterwards", len(all), 7)
	for _, one := range all {
		if one == nil {
			t.Error("a list that was selected from has lost a target")
		}
	}
}

// TestTarget_PublishAttestation: an index shows the publisher's own attestation; one of another kind does not stand for it.
func TestTarget_PublishAttestation(t *testing.T) {
	t.Parallel()
	other, publish := attest.Attestation{Predicate: "https://slsa.dev/provenance/v1"},
		attest.Attestation{Predicate: attest.PublishPredicate}
	expect.Equal(t, "without attestations", (&target{}).hasPublishAttestation(), false)
	expect.Equal(t, "with another one", (&target{attestations: []attest.Attestation{other}}).hasPublishAttestation(), false)
	expect.Equal(t, "with both", (&target{attestations: []attest.Attestation{other, publish}}).hasPublishAttestation(), true)
}

// TestTarget_DisplayPath: paths are shown as later jobs can use them, which have the workspace somewhere else.
func TestTarget_DisplayPath(t *testing.T) {
	t.Parallel()
	workspace := t.TempDir()
	for _, c := range []struct{ workspace, path, display string }{
		{workspace, filepath.Join(workspace, "dist", wheel), filepath.Join("dist", wheel)},
		{workspace, filepath.Join(filepath.Dir(workspace), "elsewhere", wheel), filepath.Join(filepath.Dir(workspace), "elsewhere", wheel)},
		{workspace, filepath.Join("dist", wheel), filepath.Join("dist", wheel)},
		{"", filepath.Join(workspace, wheel), filepath.Join(workspace, wheel)},
		{"relative", filepath.Join(workspace, wheel), filepath.Join(workspace, wheel)},
	} {
		r := &run{Options: Options{Workspace: c.workspace}}
		expect.Equal(t, c.path+" in the workspace "+c.workspace, r.displayPath(c.path), c.display)
	}
}
