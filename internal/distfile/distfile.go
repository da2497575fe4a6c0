// Package distfile reads distributions: the wheels and sdists of a release.
//
// It opens a file once and returns everything that other packages need: its digests, the facts of its archive, its core
// metadata and the form fields that an index expects. It makes no decisions: a file that no index would accept is read as
// far as possible.
package distfile

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Distribution describes one file of a release, at the time when it was read.
type Distribution struct {
	Path     string // as given to Read
	Name     string // the file name, which is used for the upload
	Size     int64  // in bytes
	Digests  Digests
	Archive  archive.Facts // the contents of kept members are dropped, only their names remain
	Metadata bool          // whether core metadata was found
	Headers  []Field       // of the core metadata, in their order, names as written
	// Partial is set if the metadata takes too much memory: Headers has only some of its headers, among them those of the
	// release, and there is no description. Form reads the file again.
	Partial      bool
	MetadataSize int // bytes of the metadata
	// HeadersEndAt is the line of the core metadata that ended its headers although it is not empty: the description
	// begins with it. It is nil if the headers ended normally, at an empty line or the end of the text.
	HeadersEndAt *Line
	WheelFile    *WheelFile // the WHEEL file of a wheel; nil if there is none in its place
	Start        Start      // what its first bytes tell, if they are not those of an archive; empty if nothing that is known
	Contents     Contents   // of an sdist, or what is named like one
	Source       *Source    // what builds an sdist; nil for a wheel, and for an archive without one folder at its top
	Oddities     []Oddity   // in the layout of a wheel, at most [MostOddities] of each kind
	Secrets      []Secret   // credentials in its members, in the order of these; at most [MostSecrets]
	Native       []Native   // native code in the members of a wheel, in the order of these; at most [MostNative]
	EntryPoints  error      // why a wheel's entry_points.txt is invalid; nil if it is valid or absent
	Description  string     // the body of the core metadata, or the Description header without its indentation
	// AbsentLicenses has the first values of License-File, up to [MaxAbsent], that are valid paths and that the archive does not contain.
	// AbsentCount is how many there are. Below metadata 2.4, where the field is not sent, there are none.
	AbsentLicenses []string
	AbsentCount    int

	body     string // of the core metadata; it counts as an additional Description
	member   string // the member that the core metadata is from
	memory   *Reader
	modified time.Time
	others   *otherDigests
	release  *release // what Release returns; nil: not known yet
}

// MaxAbsent is how many absent license files are named.
const MaxAbsent = 20

// Kind is the type of a distribution.
type Kind uint8

// The kinds. Only wheels and sdists are inspected.
const (
	Other Kind = iota // an egg, an installer or similar, which current indexes refuse
	Wheel
	Sdist
)

// String returns "other", "wheel" or "sdist".
func (k Kind) String() string {
	return [...]string{"other", "wheel", "sdist"}[k]
}

// Read reads one file with a new [Reader].
func Read(ctx context.Context, path string) (*Distribution, error) {
	return NewReader().Read(ctx, path)
}

// Read opens the file once and reads it to its end. It returns an error if the file cannot be read or is too large, or a *ChangedError if
// it was written at the same time. A damaged archive or invalid metadata is a fact in the result, not an error.
func (r *Reader) Read(ctx context.Context, path string) (*Distribution, error) {
	file, info, err := openBounded(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r.reading.Add(1)
	defer r.reading.Add(-1)
	d := &Distribution{
		Path: path, Name: filepath.Base(path), Size: info.Size(), modified: info.ModTime(), memory: r,
		others: &otherDigests{},
	}
	large := turn{ctx: ctx, of: r}
	defer large.end()
	selection := d.wanted()
	selection.Admit, selection.Budget, selection.Buffers, selection.Start = large.begin, r.budget, &r.buffers, r.start
	secrets, natives := secretFinder{scanner: r.scanner()}, nativeFinder{}
	source, layout := newSourceFinder(), newLayoutFinder(d)
	all := inspector{finders: []func(string) archive.Inspection{secrets.inspect}}
	switch d.Kind() {
	case Sdist:
		all.finders = append(all.finders, contentsFinder{&d.Contents}.inspect, source.inspect)
	case Wheel:
		all.finders = append(all.finders, natives.inspect, layout.inspect)
		selection.Member = layout.member
	}
	selection.Inspect = all.inspect
	d.readStart(file)
	if err := d.readAll(ctx, file, selection); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if err := d.unchanged(file); err != nil {
		return nil, err
	}
	if text, found := d.coreMetadata(); found {
		d.takeMetadata(text)
	}
	secrets.inspectKept(d.Archive.Kept)
	secrets.scanner.Close() // of a member that could not be read to its end
	r.scanners.Put(secrets.scanner)
	d.Secrets, d.Native, d.Source = secrets.found, natives.found, source.of(d)
	d.Oddities = layout.finish(d.Archive.Names, len(d.Values("Requires-Dist")) == 0 && !d.Partial)
	d.dropContents()
	found, err := d.findRelease()
	d.release = &release{found, err}
	return d, nil
}

// readAll computes the digest and reads the archive in one pass: its members are unpacked while it is hashed. Of a zip, the
// directory and the members with metadata are read before, because the directory is at the end.
func (d *Distribution) readAll(ctx context.Context, file *os.File, selection archive.Selection) error {
	stream := &hashed{ctx: ctx, file: file, size: d.Size, sum: sha256.New(), free: &d.memory.chunks}
	defer stream.close()
	selection.Stream = stream
	selection.Stopped = func() error { return context.Cause(ctx) }
	var err error
	switch d.packing() {
	case tarGz:
		d.Archive, err = archive.ReadTarGz(bufio.NewReaderSize(stream, 64<<10), selection)
	case zipped:
		d.Archive, err = archive.ReadZip(readerAt{ctx, file}, d.Size, selection)
	}
	if err != nil {
		return err
	}
	if err := stream.exhaust(); err != nil {
		return err
	}
	if stream.done != d.Size {
		return &ChangedError{Path: d.Path}
	}
	stream.sum.Sum(d.Digests.SHA256[:0])
	if d.packing() == tarGz {
		err = d.Archive.FindZip(readerAt{ctx, file}, d.Size)
	}
	return err
}

// readerAt is a file that is read until the context is cancelled.
type readerAt struct {
	ctx context.Context
	io.ReaderAt
}

// ReadAt reads from the file.
func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.ReaderAt.ReadAt(p, off)
}

// Kind returns the type that the extension of the file name indicates, in any letter case.
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

// DistInfo returns the folder in which a wheel must have its metadata, {name}-{version}.dist-info, verbatim from the file
// name. It is empty if the file name has no such parts.
func (d *Distribution) DistInfo() string {
	name, rest, _ := strings.Cut(d.Name, "-")
	version, _, enough := strings.Cut(rest, "-")
	if d.Kind() != Wheel || !enough {
		return ""
	}
	return name + "-" + version + ".dist-info"
}

// Values returns the values of a header of the core metadata, in any letter case of its name, as an index reads them: a
// header whose last value is UNKNOWN counts as absent.
func (d *Distribution) Values(name string) []string {
	return valuesOf(d.Headers, name)
}

func valuesOf(headers []Field, name string) []string {
	var values []string
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	if len(values) > 0 && isUnknown(values[len(values)-1]) {
		return nil
	}
	return values
}

// Header returns the first of Values; empty if there is none.
func (d *Distribution) Header(name string) string {
	return firstOf(d.Headers, name)
}

// firstOf returns the first of valuesOf without making all of them.
func firstOf(headers []Field, name string) string {
	var first, last string
	found := false
	for _, h := range headers {
		if !strings.EqualFold(h.Name, name) {
			continue
		}
		if !found {
			first, found = h.Value, true
		}
		last = h.Value
	}
	if isUnknown(last) {
		return ""
	}
	return first
}

// isUnknown reports whether the last value of a header says that it has none.
func isUnknown(last string) bool { return strings.TrimSpace(last) == "UNKNOWN" }

// Release returns the release that the file belongs to, or an error if the metadata does not name one.
func (d *Distribution) Release() (pep.Release, error) {
	if d.release == nil {
		return d.findRelease()
	}
	return d.release.Release, d.release.err
}

// release is the release of a file, or why it is not known.
type release struct {
	pep.Release
	err error
}

func (d *Distribution) findRelease() (pep.Release, error) {
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
	return len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}
