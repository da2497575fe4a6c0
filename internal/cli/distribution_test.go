package cli_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
)

// distribution builds a wheel or an sdist whose metadata is what its file name says. salt changes its bytes.
func distribution(name, salt string) ([]byte, error) {
	project, rest, _ := strings.Cut(name, "-")
	if strings.HasSuffix(name, ".whl") {
		version, _, _ := strings.Cut(rest, "-")
		info := project + "-" + version + ".dist-info/"
		return zipOf(map[string]string{
			project + ".py":   "# " + name + salt + "\n",
			info + "METADATA": metadata(project, version),
			info + "WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
			info + "RECORD":   project + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n",
		})
	}
	version := strings.TrimSuffix(rest, ".tar.gz")
	top := project + "-" + version + "/"
	return tarOf(map[string]string{top + "PKG-INFO": metadata(project, version), top + "x.py": "# " + salt + "\n"})
}

func metadata(project, version string) string {
	return fmt.Sprintf("Metadata-Version: 2.4\nName: %s\nVersion: %s\nSummary: A tree\nDescription-Content-Type: text/plain\n\nA tree.\n", project, version)
}

func zipOf(members map[string]string) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text := members[name]
		// Raw, since the index refuses data descriptors.
		m, err := w.CreateRaw(&zip.FileHeader{
			Name: name, CRC32: crc32.ChecksumIEEE([]byte(text)), CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text)),
		})
		if err != nil {
			return nil, err
		}
		if _, err := m.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func tarOf(members map[string]string) ([]byte, error) {
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	w := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text := members[name]
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), packed.Close())
	return b.Bytes(), err
}
