//go:build bench

package bench_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// metadata is of a version that other clients read too, with a description of so many bytes.
func metadata(description int) string {
	const line = "A tree with catkins, which grows where its feet are wet.\n"
	text := "Metadata-Version: 2.1\nName: alder\nVersion: 1.0\nSummary: A tree\nRequires-Python: >=3.6\nDescription-Content-Type: " +
		"text/plain\n\n"
	return text + strings.Repeat(line, description/len(line)+1)
}

// wheelName is one of many wheels of one release.
func wheelName(n int) string { return fmt.Sprintf("alder-1.0-%d-py3-none-any.whl", n) }

const sdistName = "alder-1.0.tar.gz"

// noise is what no packer makes smaller, another for every seed.
func noise(seed uint64, size int) []byte {
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data) // it never fails
	return data
}

func create(b *testing.B, path string, fill func(*os.File) error) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(fill(file), file.Close()); err != nil {
		b.Fatal(err)
	}
}

// wheelMembers are a large file, and the folder of metadata that lists it.
func wheelMembers(description int, data []byte) []disttest.Member {
	return disttest.WheelMembers("alder", "1.0", metadata(description), disttest.Member{Name: "alder/data.bin", Content: string(data)})
}

// writeWheel writes a wheel whose one large member is the data.
func writeWheel(b *testing.B, path string, description int, data []byte) {
	b.Helper()
	disttest.Save(b, path, disttest.Zip(wheelMembers(description, data)...))
}

// stored writes one member as it is, raw, since the index refuses the data descriptors that the ordinary way writes.
func stored(archive *zip.Writer, name string, sum uint32, size int64, fill func(io.Writer) error) error {
	w, err := archive.CreateRaw(&zip.FileHeader{Name: name, CRC32: sum, CompressedSize64: uint64(size), UncompressedSize64: uint64(size)})
	if err != nil {
		return err
	}
	return fill(w)
}

// writeSdist writes an sdist whose one large member is the data.
func writeSdist(b *testing.B, path string, data []byte) {
	b.Helper()
	disttest.Save(b, path, disttest.TarGz(
		disttest.Member{Name: "alder-1.0/PKG-INFO", Content: metadata(0)},
		disttest.Member{Name: "alder-1.0/data.bin", Content: string(data)},
	))
}

const gib = 1 << 30

// writeLargeWheel writes a sound wheel with one member of a GiB of zeros, which take no room on the disk.
func writeLargeWheel(b *testing.B, folder string) string {
	b.Helper()
	path := filepath.Join(folder, wheelName(1))
	create(b, path, func(file *os.File) error {
		block, sum := make([]byte, 1<<20), uint32(0)
		for range gib / len(block) {
			sum = crc32.Update(sum, crc32.IEEETable, block)
		}
		archive := zip.NewWriter(holes{file})
		for i, m := range wheelMembers(0, nil) {
			size, data := int64(len(m.Content)), []byte(m.Content)
			if i == 0 {
				size = gib
			} else {
				sum = crc32.ChecksumIEEE(data)
			}
			if err := stored(archive, m.Name, sum, size, func(w io.Writer) error {
				if i > 0 {
					_, err := w.Write(data)
					return err
				}
				for range gib / len(block) {
					if _, err := w.Write(block); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return archive.Close()
	})
	return path
}

// holes leaves out the zeros of large writes. The last write must not be one.
type holes struct{ file *os.File }

// Write writes, or moves on where there are only zeros.
func (h holes) Write(p []byte) (int, error) {
	const page = 4 << 10
	if len(p) < page || strings.Trim(string(p[:page]), "\x00") != "" || strings.Trim(string(p), "\x00") != "" {
		return h.file.Write(p)
	}
	_, err := h.file.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}
