package distfile_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

func read(t testing.TB, path string) *distfile.Distribution {
	t.Helper()
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wheel writes a wheel with one text at each path.
func wheel(t testing.TB, filename string, members map[string]string) string {
	t.Helper()
	return disttest.Save(t, filepath.Join(t.TempDir(), filename), disttest.Zip(disttest.Sorted(members)...))
}

// withMetadata reads a wheel that has this METADATA.
func withMetadata(t testing.TB, metadata string) *distfile.Distribution {
	t.Helper()
	return read(t, wheel(t, "alder-1.0-py3-none-any.whl", map[string]string{"alder-1.0.dist-info/METADATA": metadata}))
}

// formOf returns the text fields of a file's form.
func formOf(t testing.TB, d *distfile.Distribution) []distfile.Field {
	t.Helper()
	form, err := d.Form(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer form.Close()
	return slices.Collect(form.Fields)
}

func TestRead_RealSdist(t *testing.T) {
	t.Parallel()
	d := read(t, "testdata/sampleproject-3.0.0.tar.gz")
	if d.Kind() != distfile.Sdist || d.Name != "sampleproject-3.0.0.tar.gz" || d.Size != 5330 || d.Archive.Broken != nil ||
		d.Archive.Members != 18 {
		t.Errorf("got %v %s, %d bytes, %+v", d.Kind(), d.Name, d.Size, d.Archive)
	}
	const want = "117ed88e5db073bb92969a7545745fd977ee85b7019706dd256a64058f70963d"
	if got := hex.EncodeToString(d.Digests.SHA256[:]); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	release, err := d.Release()
	if want := (pep.Release{Project: "sampleproject", Version: "3"}); err != nil || release != want {
		t.Errorf("release %+v, %v", release, err)
	}
	if got := d.Header("requires-python"); got != ">=3.7" {
		t.Errorf("Requires-Python is %q", got)
	}
	if got := d.Header("License"); !strings.Contains(got, "(PyPA)\n        \n        Permission") {
		t.Errorf("the folded License came out as %q", got)
	}
	if !strings.HasPrefix(d.Description, "# A sample Python project\n") {
		t.Errorf("the description begins with %q", d.Description[:40])
	}
}

// vectors are small distributions that indexes take, and some that they refuse.
const vectors = "../testdata/vectors/"

func TestForm_Vectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(vectors + "forms.json")
	if err != nil {
		t.Fatal(err)
	}
	var forms []struct {
		File   string
		Fields [][2]string
	}
	if err := json.Unmarshal(text, &forms); err != nil || len(forms) < 20 {
		t.Fatalf("%d forms, %v", len(forms), err)
	}
	for _, form := range forms {
		t.Run(form.File, func(t *testing.T) {
			t.Parallel()
			var got [][2]string
			for _, field := range formOf(t, read(t, filepath.Join(vectors, form.File))) {
				got = append(got, [2]string{field.Name, field.Value})
			}
			if !reflect.DeepEqual(got, form.Fields) {
				t.Errorf("got  %q\nwant %q", got, form.Fields)
			}
		})
	}
}

func TestRead_WheelMetadata(t *testing.T) {
	t.Parallel()
	right, other := "Name: alder\n", "Name: other\n"
	for name, c := range map[string]struct {
		filename string
		members  map[string]string
		want     string
		found    bool
	}{
		"of two the right one": {
			"alder-1.0-py3-none-any.whl",
			map[string]string{"alder-1.0.dist-info/METADATA": right, "other-1.0.dist-info/METADATA": other},
			"alder",
			true,
		},
		"the only one":          {"alder-1.0-py3-none-any.whl", map[string]string{"Alder-1.0.dist-info/METADATA": right}, "alder", true},
		"a name without dashes": {"alder.whl", map[string]string{"alder-1.0.dist-info/METADATA": right}, "alder", true},
		"upper case":            {"alder-1.0-py3-none-any.WHL", map[string]string{"alder-1.0.dist-info/METADATA": right}, "alder", true},
		"two, neither right": {
			"elder-1.0-py3-none-any.whl",
			map[string]string{"alder-1.0.dist-info/METADATA": right, "other-1.0.dist-info/METADATA": other},
			"", false,
		},
		"not at the top": {"alder-1.0-py3-none-any.whl", map[string]string{"x/alder-1.0.dist-info/METADATA": right}, "", false},
		"none":           {"alder-1.0-py3-none-any.whl", map[string]string{"alder/x.py": ""}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := read(t, wheel(t, c.filename, c.members))
			if d.Metadata != c.found || d.Header("Name") != c.want {
				t.Errorf("found %v, name %q", d.Metadata, d.Header("Name"))
			}
		})
	}
}

func TestRead_DamagedArchive(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{
		"alder-1.0-py3-none-any.whl": archive.ErrNotZip, "alder-1.0.zip": archive.ErrNotZip, "alder-1.0.tar.gz": archive.ErrNotTar,
		"alder-1.0.egg": nil,
	} {
		d := read(t, write(t, filepath.Join(t.TempDir(), name), "this is no archive"))
		if !errors.Is(d.Archive.Broken, want) || d.Metadata || d.Size != 18 || d.Digests.SHA256 == [32]byte{} {
			t.Errorf("%s: got %+v", name, d)
		}
		if _, err := d.Release(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: its release is known: %v", name, err)
		}
	}
}

func TestRead_Unreadable(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, path := range []string{filepath.Join(folder, "none.whl"), folder} {
		if d, err := distfile.Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %+v, %v", path, d, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := distfile.Read(cancelled, "testdata/sampleproject-3.0.0.tar.gz"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run reads on: %v", err)
	}
}

func TestOpen_ChangedFile(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl"), "0123456789")
	d := read(t, path)
	for range 2 { // every try opens anew
		body, err := d.Open()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(body); err != nil || string(data) != "0123456789" {
			t.Errorf("got %q, %v", data, err)
		}
		body.Close()
	}
	var changed *distfile.ChangedError
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(); !errors.As(err, &changed) || changed.Path != path {
		t.Errorf("another time: %v", err)
	}
	d = read(t, path)
	write(t, path, "longer than before")
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(); !errors.As(err, &changed) {
		t.Errorf("another size: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestRelease_MissingNameOrVersion(t *testing.T) {
	t.Parallel()
	for metadata, want := range map[string]string{
		"Version: 1.0\n":                    "Name",
		"Name: UNKNOWN\nVersion: 1.0\n":     "Name",
		"Name: al der\nVersion: 1.0\n":      "Name",
		"Name: alder\n":                     "Version",
		"Name: alder\nVersion: UNKNOWN\n":   "Version",
		"Name: alder\nVersion: one\n":       "Version",
		"Name: Al_der\nVersion: v1.0.0rc\n": "",
	} {
		release, err := withMetadata(t, metadata).Release()
		switch {
		case want == "" && (err != nil || release != pep.Release{Project: "al-der", Version: "1rc0"}):
			t.Errorf("%q: got %+v, %v", metadata, release, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %+v, %v", metadata, release, err)
		}
	}
}

// bigWheel makes a file of a gigabyte that takes no room on the disk, with a small zip at its end.
func bigWheel(t testing.TB, size int64) string {
	t.Helper()
	small, err := os.ReadFile(wheel(t, "alder-1.0-py3-none-any.whl", map[string]string{"alder-1.0.dist-info/METADATA": "Name: alder\n"}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(small, size-int64(len(small))); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead_LargeFileMemory(t *testing.T) { // not parallel: it measures
	const size = 16 << 20
	path := bigWheel(t, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := read(t, path)
	runtime.ReadMemStats(&after)
	if d.Size != size || d.Header("Name") != "alder" {
		t.Errorf("got %d bytes, %+v", d.Size, d.Headers)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2<<20 {
		t.Errorf("reading %d bytes allocated %d", size, allocated)
	}
}

func BenchmarkRead(b *testing.B) {
	path := bigWheel(b, 256<<20)
	b.SetBytes(256 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := distfile.Read(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}
