//go:build bench

package bench_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
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

// noise is what no packer makes smaller, another for every seed.
func noise(seed uint64, size int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data) // it never fails
	return data
}

// wheelMembers are files, and the folder of metadata that lists them.
func wheelMembers(description int, files ...disttest.Member) []disttest.Member {
	return disttest.WheelMembers("alder", "1.0", metadata(description), files...)
}

// wheels returns a function that makes a folder with so many wheels, each with so many bytes of noise.
func wheels(n, size int) func(*testing.B) string { return described(n, 300, size) }

// described is wheels with a description of so many bytes in each.
func described(n, description, size int) func(*testing.B) string {
	return func(b *testing.B) string {
		b.Helper()
		folder := b.TempDir()
		for i := range n {
			data := disttest.Member{Name: "alder/data.bin", Content: string(noise(uint64(i), size))}
			disttest.Save(b, filepath.Join(folder, wheelName(i+1)), disttest.Zip(wheelMembers(description, data)...))
		}
		return folder
	}
}

// packed makes a folder with a wheel of 200 modules of text and 8 libraries of half text and half noise, 96 MB in all and all compressed.
func packed(b *testing.B) string {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4000)
	for i := range words {
		word := make([]byte, 2+random.IntN(9))
		for j := range word {
			word[j] = byte('a' + random.IntN(26))
		}
		words[i] = string(word)
	}
	text := func(size int) string {
		var t strings.Builder
		for t.Len() < size {
			// The first words are the most frequent ones, as in a language.
			t.WriteString(words[int(float64(len(words))*random.Float64()*random.Float64()*random.Float64())])
			t.WriteByte(" \n(.,:"[min(random.IntN(20), 5)])
		}
		return t.String()
	}
	var files []disttest.Member
	for i := range 200 {
		files = append(files, disttest.Member{Name: fmt.Sprintf("alder/m%d.py", i), Content: text(160_000), Deflated: true})
	}
	for i := range 8 {
		content := text(4_000_000) + string(noise(uint64(i), 4_000_000))
		files = append(files, disttest.Member{Name: fmt.Sprintf("alder/d%d.bin", i), Content: content, Deflated: true})
	}
	folder := b.TempDir()
	disttest.Save(b, filepath.Join(folder, wheelName(1)), disttest.Zip(wheelMembers(300, files...)...))
	return folder
}

const (
	mib = 1 << 20
	gib = 1 << 30
)

// large returns a function that makes a folder with one sound wheel, which has one member of so many zeros. They take no room on the disk.
func large(size int64) func(*testing.B) string {
	return func(b *testing.B) string {
		b.Helper()
		folder := b.TempDir()
		file, err := os.Create(filepath.Join(folder, wheelName(1)))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(writeLarge(file, size), file.Close()); err != nil {
			b.Fatal(err)
		}
		return folder
	}
}

func writeLarge(file *os.File, size int64) error {
	zeros := make([]byte, mib)
	archive := zip.NewWriter(holes{file, zeros})
	for i, m := range wheelMembers(0, disttest.Member{Name: "alder/data.bin"}) {
		if i == 0 {
			sum := uint32(0)
			for left := size; left > 0; left -= mib {
				sum = crc32.Update(sum, crc32.IEEETable, zeros[:min(left, mib)])
			}
			w, err := raw(archive, m.Name, sum, size)
			for left := size; err == nil && left > 0; left -= mib {
				_, err = w.Write(zeros[:min(left, mib)])
			}
			if err != nil {
				return err
			}
			continue
		}
		w, err := raw(archive, m.Name, crc32.ChecksumIEEE([]byte(m.Content)), int64(len(m.Content)))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, m.Content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// raw begins a member that is stored as it is, since the index refuses the data descriptors that the ordinary way writes.
func raw(archive *zip.Writer, name string, sum uint32, size int64) (io.Writer, error) {
	header := &zip.FileHeader{Name: name, CRC32: sum, CompressedSize64: uint64(size), UncompressedSize64: uint64(size)}
	const most = 1<<32 - 1 // what the local header has room for
	if size >= most {
		header.Extra = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte{1, 0, 16, 0}, uint64(size)), uint64(size))
	}
	w, err := archive.CreateRaw(header)
	header.Extra = nil // the directory gets its own
	return w, err
}

// holes leaves out large writes of zeros. The last write must not be one.
type holes struct {
	file  *os.File
	zeros []byte
}

// Write writes, or moves on where there are only zeros.
func (h holes) Write(p []byte) (int, error) {
	const page = 4 << 10
	if len(p) < page || len(p) > len(h.zeros) || !bytes.Equal(p, h.zeros[:len(p)]) {
		return h.file.Write(p)
	}
	_, err := h.file.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}
