// Package disttest builds wheels and sdists, and the archives that they are, for tests.
//
// # Goals
//
// What it builds is taken by an index as it is: a zip has the sizes of its members before their bytes, and no data descriptors. The same
// arguments give the same bytes.
//
// # Limitations
//
// Everything is built in memory. A member that cannot be written is a mistake of the test, and a panic.
package disttest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Member is one member of an archive.
type Member struct {
	Name, Content string
	Deflated      bool        // of a zip: the content is compressed, unless it is empty
	Zip64         bool        // of a zip: the sizes are in an extra field of the local header, as a writer has it that streams
	Mode          fs.FileMode // permissions and kind of file; 0: a regular file that, in a zip, says nothing about its permissions
	Link          string      // of a tar: the member is a symbolic link to this
	Hard          bool        // of a tar: the link is a hard one
	Format        tar.Format  // of a tar: its dialect; 0: the oldest one that can hold the member
}

// Sorted returns members of these names and contents, in the order of their names.
func Sorted(contents map[string]string) []Member {
	members := make([]Member, 0, len(contents))
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		members = append(members, Member{Name: name, Content: contents[name]})
	}
	return members
}

// Pairs returns members of these names and contents.
func Pairs(pairs ...[2]string) []Member {
	members := make([]Member, 0, len(pairs))
	for _, pair := range pairs {
		members = append(members, Member{Name: pair[0], Content: pair[1]})
	}
	return members
}

// Zip returns a zip with the members in their order.
func Zip(members ...Member) []byte { return ZipWithComment("", members...) }

// ZipWithComment returns a zip with the members in their order, and a comment of at most 65535 bytes.
func ZipWithComment(comment string, members ...Member) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	var wide []int  // where the local headers of zip64 members begin
	var last Member // with its sum and what it is packed to: tests make many equal members
	var sum uint32
	var content []byte
	for _, m := range members {
		if content == nil || m.Content != last.Content || m.Deflated != last.Deflated {
			content = []byte(m.Content)
			sum = crc32.ChecksumIEEE(content)
			if m.Deflated && m.Content != "" {
				content = deflated(m.Content)
			}
			last = m
		}
		header := &zip.FileHeader{Name: m.Name, CRC32: sum}
		if m.Deflated && m.Content != "" {
			header.Method = zip.Deflate
		}
		header.CompressedSize64, header.UncompressedSize64 = uint64(len(content)), uint64(len(m.Content))
		if m.Mode != 0 {
			header.SetMode(m.Mode)
		}
		if m.Zip64 {
			must(w.Flush())
			wide = append(wide, b.Len())
			header.Extra = zip64Extra(header)
		}
		part, err := w.CreateRaw(header) // the ordinary way writes data descriptors, which an index refuses
		must(err)
		header.Extra = nil // the directory has the sizes as they are
		_, err = part.Write(content)
		must(err)
	}
	must(w.SetComment(comment))
	must(w.Close())
	for _, at := range wide {
		copy(b.Bytes()[at+18:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	}
	return b.Bytes()
}

// zip64Extra is the extra field of a local header that has the sizes.
func zip64Extra(header *zip.FileHeader) []byte {
	return binary.LittleEndian.AppendUint64(
		binary.LittleEndian.AppendUint64([]byte{1, 0, 16, 0}, header.UncompressedSize64), header.CompressedSize64)
}

// Compressors are used again: making one takes longer than most of what is compressed.
var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriter(nil, flate.BestSpeed)
		must(err)
		return w
	}}
	gzippers     = gzipPool(gzip.DefaultCompression)
	fastGzippers = gzipPool(gzip.BestSpeed)
)

func gzipPool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, level)
		must(err)
		return w
	}}
}

func deflated(content string) []byte {
	var b bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	_, err := io.WriteString(w, content)
	must(err)
	must(w.Close())
	return b.Bytes()
}

// Tar returns a tar with the members in their order.
func Tar(members ...Member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		header := &tar.Header{Name: m.Name, Mode: 0o644, Size: int64(len(m.Content)), Format: m.Format}
		if m.Mode != 0 {
			header.Mode = int64(m.Mode.Perm())
		}
		switch {
		case m.Hard:
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, m.Link, 0
		case m.Link != "":
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, m.Link, 0
		case m.Mode&fs.ModeNamedPipe != 0:
			header.Typeflag = tar.TypeFifo
		}
		must(w.WriteHeader(header))
		if m.Content != "" {
			_, err := io.WriteString(w, m.Content)
			must(err)
		}
	}
	must(w.Close())
	return b.Bytes()
}

// Gzip returns data compressed by gzip: quickly, if there is much of it.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	pool := gzippers
	if len(data) > 1<<20 {
		pool = fastGzippers
	}
	w := pool.Get().(*gzip.Writer)
	defer pool.Put(w)
	w.Reset(&b)
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return b.Bytes()
}

// TarGz returns a tar with the members in their order, compressed by gzip.
func TarGz(members ...Member) []byte { return Gzip(Tar(members...)) }

// Metadata returns small core metadata of version 2.4 with a description, for a project and a version as they are to stand there.
func Metadata(project, version string) string {
	return fmt.Sprintf(
		"Metadata-Version: 2.4\nName: %s\nVersion: %s\nSummary: A tree\nDescription-Content-Type: text/plain\n\nA tree.\n", project,
		version,
	)
}

// Build returns a wheel (.whl) or an sdist (.tar.gz) whose metadata is what its file name says. Another salt gives other bytes.
func Build(filename, salt string) []byte {
	project, rest, _ := strings.Cut(filename, "-")
	if strings.HasSuffix(filename, ".whl") {
		version, _, _ := strings.Cut(rest, "-")
		members := WheelMembers(
			project, version, Metadata(project, version), Member{Name: project + ".py", Content: "# " + filename + salt + "\n"},
		)
		slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
		return Zip(tagged(filename, members)...)
	}
	version := strings.TrimSuffix(rest, ".tar.gz")
	top := project + "-" + version + "/"
	return TarGz(Member{Name: top + "PKG-INFO", Content: Metadata(project, version)}, Member{Name: top + "pyproject.toml"},
		Member{Name: top + "x.py", Content: "# " + salt + "\n"})
}

// WheelMembers returns the members of a wheel: the files given, and the .dist-info folder of project and version with METADATA, WHEEL and a
// RECORD of them all, without digests.
func WheelMembers(project, version, metadata string, files ...Member) []Member {
	info := project + "-" + version + ".dist-info/"
	members := append(slices.Clone(files),
		Member{Name: info + "METADATA", Content: metadata},
		Member{Name: info + "WHEEL", Content: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n" + pureTag},
	)
	return append(members, Record(info, members...))
}

// pureTag is the tag in the WHEEL file of WheelMembers.
const pureTag = "Tag: py3-none-any\n"

// tagged returns the members of a wheel with the tags of its file name in the WHEEL file.
func tagged(filename string, members []Member) []Member {
	if parts := strings.Split(strings.TrimSuffix(filename, ".whl"), "-"); len(parts) >= 5 {
		for i, m := range members {
			if strings.HasSuffix(m.Name, ".dist-info/WHEEL") {
				members[i].Content = strings.Replace(m.Content, pureTag, TagLines(strings.Join(parts[len(parts)-3:], "-")), 1)
			}
		}
	}
	return members
}

// TagLines returns the lines of a WHEEL file for the tags in the name of a wheel, such as py2.py3-none-any.
func TagLines(tags string) string {
	var b strings.Builder
	parts := strings.Split(tags, "-")
	for python := range strings.SplitSeq(parts[0], ".") {
		for abi := range strings.SplitSeq(parts[1], ".") {
			for platform := range strings.SplitSeq(parts[2], ".") {
				fmt.Fprintf(&b, "Tag: %s-%s-%s\n", python, abi, platform)
			}
		}
	}
	return b.String()
}

// Record returns the RECORD of a .dist-info folder, such as "alder-1.0.dist-info/", that lists the members and itself, without digests.
func Record(info string, members ...Member) Member {
	var b strings.Builder
	for _, m := range members {
		b.WriteString(m.Name + ",,\n")
	}
	return Member{Name: info + "RECORD", Content: b.String() + info + "RECORD,,\n"}
}

// Write writes [Build] to a folder, which is created if necessary, and returns the path.
func Write(t testing.TB, folder, filename, salt string) string {
	t.Helper()
	return Save(t, filepath.Join(folder, filename), Build(filename, salt))
}

// Save writes content to path, whose folder is created if necessary, and returns the path.
func Save(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("disttest: an archive that cannot be built: %v", err))
	}
}
