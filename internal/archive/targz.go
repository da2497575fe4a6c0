package archive

import (
	"bufio"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ReadTarGz reads the gzipped tar archive in the stream r. It stops where the archive ends or breaks, so a caller that
// needs all of r continues to read it. It returns an error if r could not be read.
func ReadTarGz(r io.Reader, selection Selection) (Facts, error) {
	packed := &meter{r: &opening{r: r}}
	w := newWalk(selection)
	return packed.result(w, walkTarGz(packed, w))
}

func walkTarGz(packed *meter, w *walk) error {
	unzip, err := newGzipReader(packed)
	if err != nil {
		return noGzip(packed, err)
	}
	begun := bufio.NewReaderSize(unzip, firstUnpacked)
	if seen, err := begun.Peek(firstUnpacked); isCorrupt(err, len(seen)) {
		return fmt.Errorf("%w: %w", ErrNotTar, err)
	}
	unpacked := &meter{r: begun, allowed: func(n int64) bool {
		return n < maxUnpacked || n < maxRatio*packed.n || n < maxSearched && len(w.facts.Kept) == 0
	}}
	defer func() {
		w.facts.Unpacked = unpacked.n
		if unzip.members > 1 {
			w.addAnomaly(AnomalyMembers, "", strconv.Itoa(unzip.members)+" members")
		}
	}()
	tar := newTarReader(unpacked)
	err = walkTar(tar, w)
	switch {
	case errors.Is(unpacked.err, errBound):
		w.addAnomaly(AnomalyStopped, "", fmt.Sprintf("it unpacks to more than %d times its size", maxRatio))
		return nil
	case err == nil:
		if !tar.ended && unpacked.err == nil {
			w.addAnomaly(AnomalyNoEnd, "", "")
		}
		drain(unpacked, w)
		return nil
	case unpacked.err != nil:
		return unpacked.err
	case errors.Is(err, errTarHeader) && w.facts.Members > 0: // readers treat it as the end
		w.addAnomaly(AnomalyEndsEarly, "", "an invalid header follows the last member")
		return nil
	case w.facts.Members == 0:
		return fmt.Errorf("%w: %w", ErrNotTar, err)
	default:
		return err
	}
}

// noGzip returns the reason why r is not gzipped: it is not a tar at all, or an uncompressed one, which readers open but
// do not read.
func noGzip(packed *meter, err error) error {
	start := packed.r.(*opening).start
	if errors.Is(err, io.ErrUnexpectedEOF) && strings.HasPrefix(string(start), "\x1f\x8b") {
		return errors.New("it is cut off")
	}
	for magic, by := range compressors() {
		if strings.HasPrefix(string(start), magic) {
			return fmt.Errorf("it is compressed by %s, but not gzipped", by)
		}
	}
	if strings.HasPrefix(string(start), "PK\x03\x04") {
		return fmt.Errorf("%w: it is a zip archive", ErrNotTar)
	}
	for _, plain := range []io.Reader{strings.NewReader(string(start)), bzip2.NewReader(strings.NewReader(string(start)))} {
		if isTar(plain) {
			return errors.New("it is a tar archive, but not gzipped")
		}
	}
	return fmt.Errorf("%w: %w", ErrNotTar, err)
}

// compressors are those that Python's tarfile knows beside gzip and bzip2, by the first bytes of what they write.
func compressors() map[string]string {
	return map[string]string{"\xfd7zXZ\x00": "xz", "\x28\xb5\x2f\xfd": "zstd"}
}

// firstUnpacked is how many bytes a reader unpacks for the first header: if these are damaged, it does not recognize a
// tar.
const firstUnpacked = 8 << 10

// isCorrupt reports whether err is damage within the first bytes, of which seen could be unpacked, and not after them.
func isCorrupt(err error, seen int) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || seen == 0 && (errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader))
}

// isTar reports whether r begins with a member of a tar.
func isTar(r io.Reader) bool {
	_, err := newTarReader(io.LimitReader(r, maxTarTexts)).next()
	return err == nil || errors.Is(err, io.EOF)
}

func walkTar(t *tarReader, w *walk) error {
	var links symlinks
	for {
		head, err := t.next()
		if errors.Is(err, io.EOF) {
			links.note(w)
			return nil
		} else if err != nil {
			return err
		}
		name := []byte(head.name)
		w.visit(name)
		if head.leadsOut() {
			w.addAnomaly(AnomalyLink, head.name, head.link)
		}
		if what := head.special(); what != "" {
			w.addAnomaly(AnomalySpecial, head.name, what)
		}
		if strings.Contains(head.name, `\`) {
			w.addAnomaly(AnomalyBackslash, head.name, "")
		}
		if err := links.add(&head, w); err != nil {
			return err
		}
		if err = w.remember(name, 0, 0); err == nil {
			err = readMember(&head, t, w)
		}
		if err != nil {
			return err
		}
	}
}

func readMember(head *tarMember, content io.Reader, w *walk) error {
	if head.sparse {
		w.addAnomaly(AnomalySparse, head.name, "sparse")
	}
	var kept *collector
	var marks scanner
	switch {
	case w.request.Keep(head.name) && !head.isFile():
		w.addAnomaly(AnomalyNotRegular, head.name, "not a regular file")
		return nil
	case w.request.Keep(head.name):
		if limit := w.keepBudget(head.name); head.size > limit {
			w.addAnomaly(AnomalyTooLarge, head.name, "too large to look into")
			return nil
		}
		if err := w.hold(head.size); err != nil {
			return err
		}
		kept = &collector{}
	case !head.isFile() || w.request.Only:
		return nil
	}
	source := kept == nil && IsSource(head.name)
	var inspection Inspection
	if kept == nil {
		inspection = w.request.inspection(head.name)
	}
	var to []io.Writer
	if kept != nil {
		to = append(to, kept)
	}
	if source {
		to = append(to, &marks)
	}
	if inspection != nil {
		defer inspection.Close()
		to = append(to, inspection)
	}
	if len(to) == 0 {
		return nil
	}
	if _, err := io.Copy(io.MultiWriter(to...), content); err != nil {
		return err
	}
	if kept != nil {
		w.keepMember(head.name, kept.data)
	} else if by := marks.result(); source && by != "" {
		w.addAnomaly(AnomalyObfuscated, head.name, by)
	}
	return nil
}

// drain unpacks what follows the end of the tar, because the checksum is at the very end.
func drain(unpacked io.Reader, w *walk) {
	if _, err := io.Copy(io.Discard, unpacked); errors.Is(err, errBound) {
		w.addAnomaly(AnomalyStopped, "", "too much follows the end of the tar")
	} else if err != nil {
		w.addAnomaly(AnomalyTail, "", err.Error())
	}
}

// errBound is returned by a meter at its limit.
var errBound = errors.New("the archive unpacks to too much")

// meter counts the bytes read through it, stores a failure, and stops if it may not continue.
type meter struct {
	r io.Reader
	faults
	n       int64
	allowed func(n int64) bool // nil allows everything
}

// Read reads, unless the limit is reached.
func (m *meter) Read(p []byte) (int, error) {
	if m.allowed != nil && !m.allowed(m.n) {
		m.record(errBound)
		return 0, errBound
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.record(err)
	return n, err
}
