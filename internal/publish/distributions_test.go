package publish

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// fileOf returns the target of a file with this name and content.
func fileOf(t *testing.T, name, content string) *target {
	t.Helper()
	release, err := pep.ReleaseOfFile(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	disttest.Save(t, path, []byte(content))
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	d.Metadata, d.Headers = true, []distfile.Field{
		{Name: "Name", Value: string(release.Project)}, {Name: "Version", Value: versionOf(name)},
	}
	return &target{Distribution: d, displayPath: "dist/" + name, release: release}
}

// as returns what an index lists that has the target.
func as(t *target) pep.IndexFile {
	return pep.IndexFile{Name: t.Name, SHA256: t.sha256(), Size: t.Size}
}

// named returns the target with this file name.
func named(t *testing.T, targets []*target, name string) *target {
	t.Helper()
	i := slices.IndexFunc(targets, func(one *target) bool { return one.Name == name })
	if i < 0 {
		t.Fatalf("there is no target %s among %v", name, namesOf(targets))
	}
	return targets[i]
}

// otherDigest is a SHA-256 that no file of the tests has.
var otherDigest = strings.Repeat("0f", sha256.Size)

// md5Of returns the MD5 of a target in hex.
func md5Of(t *target) string {
	_, ours := t.DigestsIn(pep.IndexFile{MD5: otherDigest})
	return strings.TrimPrefix(ours, distfile.OnlyMD5)
}

// versionOf returns the version in the name of a file, as it is spelled.
func versionOf(name string) string {
	_, rest, _ := strings.Cut(strings.TrimSuffix(name, ".tar.gz"), "-")
	version, _, _ := strings.Cut(rest, "-")
	return version
}

// distribution builds a wheel or an sdist whose metadata is what its file name says.
func distribution(t *testing.T, name, salt string, headers ...string) []byte {
	t.Helper()
	project, _, _ := strings.Cut(name, "-")
	version := versionOf(name)
	const start = "Metadata-Version: 2.4\nName: %s\nVersion: %s\nSummary: A tree\nDescription-Content-Type: text/plain\n"
	metadata := fmt.Sprintf(start, project, version)
	for _, header := range headers {
		metadata += header + "\n"
	}
	metadata += "\nA tree.\n"
	if !strings.HasSuffix(name, ".whl") {
		top := strings.TrimSuffix(name, ".tar.gz") + "/"
		return disttest.TarGz(disttest.Sorted(map[string]string{
			top + "PKG-INFO": metadata, top + "setup.py": "", top + "x.py": "# " + salt + "\n",
		})...)
	}
	info := project + "-" + version + ".dist-info/"
	return disttest.Zip(disttest.Sorted(map[string]string{
		project + ".py":   "# " + name + salt + "\n",
		info + "METADATA": metadata,
		info + "WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n" + disttest.TagLines(tagsOf(name)),
		info + "RECORD":   project + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n",
	})...)
}

// tagsOf returns the tags in the name of a wheel.
func tagsOf(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, ".whl"), "-")
	return strings.Join(parts[len(parts)-3:], "-")
}
