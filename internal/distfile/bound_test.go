package distfile_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// TestRead_CostGrowsLinearly: metadata of twice the length takes twice the memory to read.
func TestRead_CostGrowsLinearly(t *testing.T) { // not parallel: it measures
	for name, text := range map[string]func(scale int) string{
		"a folded description": func(n int) string { return "Name: alder\nDescription: a\n" + strings.Repeat("        b\n", 5000*n) },
		"headers":              func(n int) string { return "Name: alder\n" + strings.Repeat("Classifier: a\n", 3000*n) },
		"folded headers":       func(n int) string { return "Name: alder\n" + strings.Repeat("Author: a\n b\n", 3000*n) },
		"lines that continue nothing": func(n int) string {
			return "Name: alder\n" + strings.Repeat(": a\n b\nFrom c\n d\n", 2000*n)
		},
		"a description": func(n int) string { return "Name: alder\n\n" + strings.Repeat("a\n\n", 20_000*n) },
		"license files": func(n int) string {
			return "Metadata-Version: 2.4\nName: alder\nVersion: 1\n" + strings.Repeat("License-File: a\n", 3000*n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			growth.Linear(t, "bytes of memory", func(scale int) int64 {
				path := wheel(t, "alder-1.0-py3-none-any.whl", map[string]string{"alder-1.0.dist-info/METADATA": text(scale)})
				return growth.Allocated(func() { read(t, path) })
			})
		})
	}
}

// TestRead_Partial: of metadata that takes too much memory, what names the release is held wherever it is, and the form has all of it.
func TestRead_Partial(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for n := range 20_000 {
		fmt.Fprintf(&many, "Classifier: Topic %d\n", n)
	}
	tail := "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n\nHello\n"
	for name, text := range map[string]string{
		"many headers":       many.String() + tail,
		"a long description": tail + strings.Repeat("0123456789\n", 800_000),
		"a long header":      "Keywords: " + strings.Repeat("word,", 1_700_000) + "\n" + tail,
	} {
		for kind, build := range map[string]func(t *testing.T) (path string){
			"wheel": func(t *testing.T) string {
				return disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl"), disttest.Zip(
					disttest.Member{Name: "alder-1.0.dist-info/METADATA", Content: text, Deflated: true},
				))
			},
			"sdist": func(t *testing.T) string {
				return disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0.tar.gz"), disttest.TarGz(
					disttest.Member{Name: "alder-1.0/PKG-INFO", Content: text},
				))
			},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				if testing.Short() && len(text) > 8<<20 && (kind == "sdist" || name == "a long header") {
					t.Skip("large, and one such file shows much of it: left out with -short")
				}
				t.Parallel()
				d := read(t, build(t))
				if release, err := d.Release(); err != nil || release.Project != "alder" || !d.Partial || d.MetadataSize != len(text) {
					t.Fatalf("%v, %v, partial %v, %d bytes", release, err, d.Partial, d.MetadataSize)
				}
				values := map[string][]string{}
				for _, f := range formOf(t, d) {
					values[f.Name] = append(values[f.Name], f.Value)
				}
				for field, want := range map[string]int{
					"classifiers": strings.Count(text, "Classifier: "), "description": 1, "name": 1, "version": 1,
					"keywords": strings.Count(text, "Keywords: "), "metadata_version": 1,
				} {
					if len(values[field]) != want {
						t.Errorf("%d values of %s, want %d", len(values[field]), field, want)
					}
				}
				_, body, _ := strings.Cut(text, "\n\n")
				if got := values["description"]; len(got) == 1 && got[0] != body {
					t.Errorf("a description of %d bytes, want %d", len(got[0]), len(body))
				}
			})
		}
	}
}

// TestReader_Memory: files that each have long metadata are held within the memory of a run, and equal metadata is held once.
func TestReader_Memory(t *testing.T) { // not parallel: it measures
	long.Only(t)
	folder, reader := t.TempDir(), distfile.NewReader()
	var all []*distfile.Distribution
	heap := func() int64 {
		runtime.GC()
		runtime.GC() // the second one drops what pools hold
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	add := func(name, text string) {
		text = "Metadata-Version: 2.1\nName: alder\nVersion: 1.0\n\n" + text
		path := disttest.Save(t, filepath.Join(folder, name), disttest.Zip(
			disttest.Member{Name: "alder-1.0.dist-info/METADATA", Content: text, Deflated: true},
		))
		d, err := reader.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	before := heap()
	const differing, equal = 16, 4
	for n := range differing {
		add(fmt.Sprintf("alder-1.0-py3-none-a%d.whl", n), fmt.Sprintf("%7d\n", n)+strings.Repeat("a\n", 2<<20))
	}
	if grown := heap() - before; grown > 50<<20 {
		t.Errorf("%d files take %d bytes", len(all), grown)
	}
	for n, d := range all {
		if d.Header("Version") != "1.0" || d.Partial != (d.Description == "") {
			t.Errorf("file %d: version %q, partial %v, %d bytes", n, d.Header("Version"), d.Partial, len(d.Description))
		}
	}
	before = heap()
	for n := range equal {
		add(fmt.Sprintf("alder-1.0-py3-none-b%d.whl", n), "      0\n"+strings.Repeat("a\n", 2<<20))
	}
	if grown := heap() - before; grown > 1<<20 || all[differing].Partial {
		t.Errorf("files with known metadata take %d bytes", grown)
	}
}

// TestReader_Buffers: what reading an archive needs of memory is used again for the next file of the run.
func TestReader_Buffers(t *testing.T) { // not parallel: it measures
	const most = 64 << 10 // bytes for one more small wheel
	reader := distfile.NewReader()
	path := wheel(t, "alder-1.0-py3-none-any.whl", map[string]string{
		"alder/__init__.py":            strings.Repeat("x = 1\n", 100),
		"alder-1.0.dist-info/METADATA": "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n",
	})
	again := func() {
		if _, err := reader.Read(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	again()
	allocated := growth.Allocated(again)
	for range 9 { // the race detector has pools lose some of what they get
		allocated = min(allocated, growth.Allocated(again))
	}
	if allocated > most {
		t.Errorf("another wheel takes %d bytes", allocated)
	}
}
