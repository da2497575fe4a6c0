package cli

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
)

// The samples are a wheel and an sdist of one project, the smallest that an index accepts.
const (
	sampleName     = "rehearsal_sample"
	sampleVersion  = "1.0"
	sampleMetadata = "Metadata-Version: 2.4\nName: rehearsal-sample\nVersion: 1.0\nSummary: A sample for a rehearsal\n" +
		"Description-Content-Type: text/plain\n\nThis project exists for the time of a rehearsal.\n"
	sampleCode = "\"\"\"A sample for a rehearsal.\"\"\"\n"
)

// buildSamples writes the two samples to the folder.
func buildSamples(folder string) error {
	return errors.Join(
		writeFile(filepath.Join(folder, sampleName+"-"+sampleVersion+"-py3-none-any.whl"), sampleWheel),
		writeFile(filepath.Join(folder, sampleName+"-"+sampleVersion+".tar.gz"), sampleSdist))
}

// writeFile creates a file and lets fill write its content.
func writeFile(path string, fill func(*os.File) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(fill(file), file.Close())
}

// member describes one file in a sample.
type member struct{ name, text string }

// sampleWheel writes the wheel.
func sampleWheel(file *os.File) error {
	info := sampleName + "-" + sampleVersion + ".dist-info/"
	members := []member{
		{sampleName + "/__init__.py", sampleCode},
		{info + "METADATA", sampleMetadata},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: pypi-oidc-publish rehearsal\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
	}
	members = append(members, member{info + "RECORD", record(members, info+"RECORD")})
	archive := zip.NewWriter(file)
	for _, m := range members {
		// CreateRaw writes the sizes before the data. CreateHeader would write data descriptors, which the index rejects.
		w, err := archive.CreateRaw(&zip.FileHeader{
			Name: m.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(m.text)),
			CompressedSize64: uint64(len(m.text)), UncompressedSize64: uint64(len(m.text)),
		})
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(m.text)); err != nil {
			return err
		}
	}
	return archive.Close()
}

// record returns the RECORD of the wheel: the members with their digests, and RECORD itself without (the binary distribution format).
func record(members []member, itself string) string {
	var b strings.Builder
	for _, m := range members {
		digest := sha256.Sum256([]byte(m.text))
		fmt.Fprintf(&b, "%s,sha256=%s,%d\n", m.name, base64.RawURLEncoding.EncodeToString(digest[:]), len(m.text))
	}
	fmt.Fprintf(&b, "%s,,\n", itself)
	return b.String()
}

// sampleSdist writes the sdist.
func sampleSdist(file *os.File) error {
	top := sampleName + "-" + sampleVersion + "/"
	packed := gzip.NewWriter(file)
	archive := tar.NewWriter(packed)
	for _, m := range []member{
		{top + "PKG-INFO", sampleMetadata},
		{top + "pyproject.toml", "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n"},
		{top + sampleName + "/__init__.py", sampleCode},
	} {
		if err := archive.WriteHeader(&tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.text))}); err != nil {
			return err
		}
		if _, err := archive.Write([]byte(m.text)); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), packed.Close())
}
