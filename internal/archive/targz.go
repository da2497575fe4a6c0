package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ReadTarGz walks the gzipped tar archive that r streams. It stops reading where the archive ends or breaks, so a caller
// who needs all of r reads on. An error means that r could not be read.
func ReadTarGz(r io.Reader, keep func(member string) bool) (Facts, error) {
	packed := &meter{r: r}
	w := newWalk(keep)
	return packed.verdict(w, walkTarGz(packed, w))
}

func walkTarGz(packed *meter, w *walk) error {
	unzip, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotTar, err)
	}
	unpacked := &meter{r: unzip, allowed: func(n int64) bool { return n < maxUnpacked || n < maxRatio*packed.n }}
	defer func() { w.facts.Unpacked = unpacked.n }()
	err = walkTar(tar.NewReader(unpacked), w)
	switch {
	case errors.Is(err, errStopped):
		return nil
	case errors.Is(unpacked.err, errBound):
		w.odd(OddStopped, "", fmt.Sprintf("it unpacks to more than %d times its size", maxRatio))
		return nil
	case err == nil:
		drain(unpacked, w)
		return nil
	case unpacked.err != nil:
		return unpacked.err
	case errors.Is(err, tar.ErrHeader) && w.facts.Members == 0:
		return fmt.Errorf("%w: %w", ErrNotTar, err)
	case errors.Is(err, tar.ErrHeader): // readers take it for the end
		w.odd(OddEndsEarly, "", "an invalid header follows the last member")
		return nil
	default:
		return err
	}
}

func walkTar(t *tar.Reader, w *walk) error {
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if head.Typeflag == tar.TypeXGlobalHeader { // git archive writes one; readers do not show it as a member
			continue
		}
		if !w.visit(head.Name) {
			return errStopped
		}
		if err := lookAt(head, t, w); err != nil {
			return err
		}
	}
}

func lookAt(head *tar.Header, content io.Reader, w *walk) error {
	if isSparse(head) {
		w.odd(OddSparse, head.Name, "sparse")
	}
	switch {
	case !w.keep(head.Name):
		return nil
	case head.Typeflag != tar.TypeReg && head.Typeflag != tar.TypeGNUSparse:
		w.odd(OddNotRegular, head.Name, "no regular file")
		return nil
	default:
		_, err := w.hold(head.Name, content)
		return err
	}
}

func isSparse(head *tar.Header) bool {
	if head.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range head.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// drain unpacks what follows the end of the tar: its checksum stands at the very end.
func drain(unpacked io.Reader, w *walk) {
	if _, err := io.Copy(io.Discard, unpacked); errors.Is(err, errBound) {
		w.odd(OddStopped, "", "too much follows the end of the tar")
	} else if err != nil {
		w.odd(OddTail, "", err.Error())
	}
}

var (
	errBound   = errors.New("the archive unpacks to too much") // what a meter answers at its bound
	errStopped = errors.New("the walk was given up")           // the reason is an oddity already
)

// meter counts what is read through it, remembers a failure, and stops where it is no longer allowed to go on.
type meter struct {
	r io.Reader
	faults
	n       int64
	allowed func(n int64) bool // nil allows all
}

// Read reads, unless the bound is reached.
func (m *meter) Read(p []byte) (int, error) {
	if m.allowed != nil && !m.allowed(m.n) {
		m.note(errBound)
		return 0, errBound
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.note(err)
	return n, err
}
