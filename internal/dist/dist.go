// Package dist reads distributions: the wheels and sdists of a release.
//
// One open of the file gives everything that others need: its digests, the facts of its archive, its core metadata and
// the form fields that an index wants. It never judges: a file that no index would take is read as far as it goes.
package dist

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Distribution is one file of a release, as it was when it was read.
type Distribution struct {
	Path     string // as it was given
	Name     string // the file's name, under which it is uploaded
	Size     int64  // bytes
	Digests  Digests
	Archive  archive.Facts // what is kept of members is their names alone
	Metadata bool          // whether core metadata was found in it
	Headers  []Field       // of the core metadata, in their order, names as written
	// HeadersEndAt is the line of the core metadata that ended its headers although it is not empty: the description begins with it.
	// It is nil where an empty line or the end of the text ended them, as it should be.
	HeadersEndAt *Line
	EntryPoints  error  // why a wheel's entry_points.txt is none; nil where it is right, or is not there
	Description  string // the body of the core metadata; where there is none, the Description header without its indentation

	body     string // of the core metadata, which is one more occurrence of Description
	modified time.Time
}

// Kind tells the sorts of distributions apart.
type Kind uint8

// The kinds. Only wheels and sdists are looked into.
const (
	Other Kind = iota // an egg, an installer and the like, which today's indexes refuse
	Wheel
	Sdist
)

// String is the kind's name in plain words.
func (k Kind) String() string {
	return [...]string{"other", "wheel", "sdist"}[k]
}

// Read opens the file once and reads it to its end. An error means that it could not be read, or that it was written
// meanwhile; an archive that is damaged, or metadata that is none, is a fact and no error. md5 asks for that digest too,
// which costs time that only an index of old needs spent.
func Read(ctx context.Context, path string, md5 bool) (*Distribution, error) {
	file, info, err := localfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	d := &Distribution{Path: path, Name: filepath.Base(path), Size: info.Size(), modified: info.ModTime()}
	if err := d.readAll(ctx, file, md5); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if err := d.unchanged(file); err != nil {
		return nil, err
	}
	if text, found := d.coreMetadata(); found {
		d.Metadata = true
		parsed := parseMetadata(text)
		d.Headers, d.body, d.HeadersEndAt = parsed.headers, parsed.body, parsed.endedAt
		d.Description = cmp.Or(d.body, dedent(d.Header("Description")))
	}
	d.settle()
	return d, nil
}

// readAll reads the digests and the archive's facts. A tar is unpacked from the very stream that is hashed; a zip has its
// directory at the end, so it is looked into afterwards.
func (d *Distribution) readAll(ctx context.Context, file *os.File, md5 bool) error {
	sums := newSums(md5)
	stream := &hashed{ctx: ctx, file: file, size: d.Size, sums: sums}
	var err error
	if d.packing() == tarGz {
		if d.Archive, err = archive.ReadTarGz(bufio.NewReaderSize(stream, 64<<10), d.wanted()); err != nil {
			return err
		}
	}
	if err := stream.exhaust(); err != nil {
		return err
	}
	if sums.size != d.Size {
		return &ChangedError{Path: d.Path}
	}
	d.Digests = sums.digests()
	switch d.packing() {
	case zipped:
		d.Archive, err = archive.ReadZip(file, d.Size, d.wanted())
	case tarGz:
		err = d.Archive.LookForZip(file, d.Size)
	}
	return err
}

// Kind tells what the file's name says that it is, in any letter case.
func (d *Distribution) Kind() Kind {
	switch {
	case hasSuffix(d.Name, ".whl"):
		return Wheel
	case hasSuffix(d.Name, ".tar.gz"), hasSuffix(d.Name, ".zip"):
		return Sdist
	default:
		return Other
	}
}

type packing uint8

const (
	unknown packing = iota
	zipped
	tarGz
)

func (d *Distribution) packing() packing {
	switch {
	case hasSuffix(d.Name, ".whl"), hasSuffix(d.Name, ".zip"):
		return zipped
	case hasSuffix(d.Name, ".tar.gz"):
		return tarGz
	default:
		return unknown
	}
}

// DistInfo is the folder in which a wheel has to have its metadata, {name}-{version}.dist-info, verbatim from the file
// name. It is empty where the file name has no such parts.
func (d *Distribution) DistInfo() string {
	parts := strings.SplitN(d.Name, "-", 3)
	if d.Kind() != Wheel || len(parts) < 3 {
		return ""
	}
	return parts[0] + "-" + parts[1] + ".dist-info"
}

// Values gives the values of a header of the core metadata, whatever the letter case of its name, as an index sees them:
// a header whose last value is UNKNOWN is as good as absent.
func (d *Distribution) Values(name string) []string {
	var values []string
	for _, h := range d.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	if len(values) > 0 && strings.TrimSpace(values[len(values)-1]) == "UNKNOWN" {
		return nil
	}
	return values
}

// Header gives the first of Values; empty where there is none.
func (d *Distribution) Header(name string) string {
	if values := d.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Release tells which release the file belongs to. An error means that its metadata does not tell.
func (d *Distribution) Release() (pep.Release, error) {
	if !d.Metadata {
		return pep.Release{}, fmt.Errorf("%s has no core metadata, so its project and version are unknown: build it again", d.Path)
	}
	name := d.Header("Name")
	if !pep.ValidName(name) {
		return pep.Release{}, fmt.Errorf("%s: the Name in its metadata is %q, which is not a valid name", d.Path, name)
	}
	version, err := pep.ParseVersion(d.Header("Version"))
	if err != nil {
		return pep.Release{}, fmt.Errorf("%s: the Version in its metadata: %w", d.Path, err)
	}
	return pep.Release{Project: pep.Normalize(name), Version: version.Canonical()}, nil
}

func hasSuffix(name, suffix string) bool {
	return strings.HasSuffix(strings.ToLower(name), suffix)
}
