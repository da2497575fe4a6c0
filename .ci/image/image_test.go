package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// dockerfile is the real one, since what is wrong with it is what these tests are to find.
const dockerfile = "../../Dockerfile"

func TestTheRecipe(t *testing.T) {
	t.Parallel()
	r, err := readRecipe(dockerfile, map[string]string{"VERSION": "v1.2.3", "SOURCE": "https://example.com/o/r", "REVISION": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "org.opencontainers.image."
	want := map[string]string{
		"title": "pypi-oidc-publish", "licenses": "Apache-2.0", "version": "v1.2.3", "revision": "abc",
		"source": "https://example.com/o/r", "url": "https://example.com/o/r", "documentation": "https://example.com/o/r#readme",
	}
	for name, value := range want {
		if r.Labels[prefix+name] != value {
			t.Errorf("%s is %q; want %q", name, r.Labels[prefix+name], value)
		}
	}
	if r.Labels[prefix+"description"] == "" || r.Entrypoint[0] != "/pypi-oidc-publish" {
		t.Errorf("got %+v", r)
	}
}

func TestARecipeThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	const entry = "ENTRYPOINT [\"/a\"]\n"
	cases := map[string]struct{ text, says string }{
		"no final stage":       {"FROM golang\n", "one absolute entry point"},
		"another base":         {"FROM alpine\n" + entry, "one absolute entry point"},
		"a relative entry":     {"FROM scratch\nENTRYPOINT [\"a\"]\n", "one absolute entry point"},
		"shell form":           {"FROM scratch\nENTRYPOINT /a\n", "exec form"},
		"another instruction":  {"FROM scratch\nUSER nobody\n" + entry, "USER nobody"},
		"another copy":         {"FROM scratch\nCOPY a /\n" + entry, "COPY a /"},
		"label without quotes": {"FROM scratch\nLABEL a=b\n" + entry, "one a line"},
		"two labels a line":    {"FROM scratch\nLABEL a=\"b\" c=\"d\"\n" + entry, "one a line"},
		"no tags":              {"FROM golang AS build\nARG OTHER=a\nFROM scratch\nARG TAGS=a\n" + entry, "no ARG TAGS="},
		"no compiler flags":    {"FROM golang AS build\nARG TAGS=a\nFROM scratch\n" + entry, "no ARG GCFLAGS="},
		"unknown argument":     {"FROM scratch\nLABEL a=\"$B\"\n" + entry, "no ARG B"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "Dockerfile")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readRecipe(path, nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v; want an error that says %q", err, c.says)
			}
		})
	}
}

// TestALayer reads a layer back as an engine does.
func TestALayer(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	packed, diffID, err := layer(content{"program", []byte("content"), []byte("notices")}, at)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := layer(content{"program", []byte("content"), []byte("notices")}, at)
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("the same content is another layer (%v)", err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	files := tar.NewReader(io.TeeReader(plain, &whole))
	var seen []string
	for {
		entry, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, entry.FileInfo().Mode().String()+" "+entry.Name)
		if entry.Uid != 0 || entry.Gid != 0 || entry.Uname != "" || !entry.ModTime.Equal(at) {
			t.Errorf("%s belongs to %d:%d %q and is of %v", entry.Name, entry.Uid, entry.Gid, entry.Uname, entry.ModTime)
		}
	}
	if _, err := io.Copy(&whole, plain); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, ", "); got != "-rwxr-xr-x program, -rw-r--r-- THIRD_PARTY_NOTICES.txt, dtrwxrwxrwx tmp/" {
		t.Errorf("the layer has %s", got)
	}
	if digest(whole.Bytes()) != diffID {
		t.Error("the diff id is not that of the archive")
	}
}

// TestTheImage follows every digest of an image that was built, as an engine does when it pulls: IMAGE names the folder. Without it
// there is nothing to look at; .ci/reproducible has it built, and sets it.
func TestTheImage(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("IMAGE")
	if folder == "" {
		t.Skip("IMAGE names no image")
	}
	var top, index manifest
	decode(t, read(t, filepath.Join(folder, "layout", "index.json")), &top)
	decode(t, fetch(t, folder, top.Manifests[0]), &index)
	if len(index.Manifests) != len(architectures()) {
		t.Fatalf("the index has %d images", len(index.Manifests))
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for _, d := range index.Manifests {
		var m manifest
		var c config
		decode(t, fetch(t, folder, d), &m)
		decode(t, fetch(t, folder, *m.Config), &c)
		if c.Architecture != d.Platform.Architecture || c.OS != "linux" || len(m.Layers) != 1 || len(c.RootFS.DiffIDs) != 1 {
			t.Errorf("%+v has the config %+v and %d layers", d.Platform, c, len(m.Layers))
		}
		plain, err := gzip.NewReader(bytes.NewReader(fetch(t, folder, m.Layers[0])))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(plain)
		if err != nil || digest(whole) != c.RootFS.DiffIDs[0] {
			t.Errorf("%s: the diff id is not that of the layer (%v)", c.Architecture, err)
		}
		files := tar.NewReader(bytes.NewReader(whole))
		if _, err := files.Next(); err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		checkProgram(t, content, machines[c.Architecture])
		if _, err := files.Next(); err != nil {
			t.Fatal(err)
		}
		if notices, err := io.ReadAll(files); err != nil || !bytes.Contains(notices, []byte("github.com/sigstore/sigstore-go")) {
			t.Errorf("%s: the notices do not name what is in the program (%v)", c.Architecture, err)
		}
	}
}

// checkProgram sees that the program is of its machine, and needs nothing that an empty image does not have.
func checkProgram(t *testing.T, content []byte, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machine {
		t.Errorf("the program is for %v; want %v", program.Machine, machine)
	}
	r, err := readRecipe(dockerfile, nil)
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(built.Settings, debug.BuildSetting{Key: "-tags", Value: r.Tags}) {
		t.Errorf("the program for %v was built with %v; want the tags %s", machine, built.Settings, r.Tags)
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("the program for %v is not static", machine)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// fetch reads a blob, and sees that it is what the descriptor says.
func fetch(t *testing.T, folder string, d descriptor) []byte {
	t.Helper()
	content := read(t, filepath.Join(folder, "layout", "blobs", "sha256", strings.TrimPrefix(d.Digest, "sha256:")))
	if digest(content) != d.Digest || int64(len(content)) != d.Size {
		t.Errorf("the blob %s is not what its descriptor says", d.Digest)
	}
	return content
}

func decode(t *testing.T, content []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestTheBill reads the bill of materials of this test's own program.
func TestTheBill(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := billOf("v1.2.3", self)
	if err != nil {
		t.Fatal(err)
	}
	if c := b.Metadata.Component; c.Version != "v1.2.3" || !strings.HasSuffix(c.PURL, "/pypi-oidc-publish/ci/image@v1.2.3") {
		t.Errorf("it is about %+v", c)
	}
	if len(b.Components) == 0 || len(b.Components) != len(b.Dependencies[0].DependsOn) {
		t.Errorf("%d components, and dependencies %+v", len(b.Components), b.Dependencies)
	}
	if c := goModule(
		"library", "github.com/Org/Name", "v1.0.0+incompatible", "h1:x",
	); c.PURL != "pkg:golang/github.com/org/name@v1.0.0%2Bincompatible" {
		t.Errorf("the address is %s", c.PURL)
	}
	for replacement, want := range map[*debug.Module]string{
		nil: "example.org/one@v1.0.0",
		{Path: "example.org/fork", Version: "v2"}:             "example.org/fork@v2",
		{Path: "./internal/replaced/one", Version: "(devel)"}: "",
	} {
		got := ""
		if module, others := linked(&debug.Module{Path: "example.org/one", Version: "v1.0.0", Replace: replacement}); others {
			got = module.Path + "@" + module.Version
		}
		if got != want {
			t.Errorf("for a module that is replaced by %v, the bill has %q, want %q", replacement, got, want)
		}
	}
	if _, err := billOf("v1", dockerfile); err == nil {
		t.Error("a file that is no program has a bill of materials")
	}
}
