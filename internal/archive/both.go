package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
)

// A file that is a zip for one reader and a tar for another is refused, because they would see different members.

// startsLikeTar reports whether a tar reader accepts the file, compressed or not.
func (z *zipFile) startsLikeTar() (bool, error) {
	plain := io.NewSectionReader(z, 0, z.size)
	start := make([]byte, 3)
	if _, err := io.ReadFull(plain, start); err != nil && z.err != nil {
		return false, z.err
	}
	also := isTar(io.NewSectionReader(z, 0, z.size))
	switch packed := io.NewSectionReader(z, 0, z.size); {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		unzip, err := gzip.NewReader(bufio.NewReader(packed))
		also = err == nil && isTar(unzip)
	case bytes.HasPrefix(start, []byte("BZh")):
		also = isTar(bzip2.NewReader(bufio.NewReader(packed)))
	}
	return also, z.err
}

// FindZip adds an anomaly to the facts of a tar if its file of the given size, in bytes, is also a zip. It returns an
// error if r could not be read.
func (f *Facts) FindZip(r io.ReaderAt, size int64) error {
	z := &zipFile{ReaderAt: r, size: size}
	_, err := z.findEnd()
	if z.err != nil {
		return z.err
	}
	if err == nil || errors.Is(err, ErrExtensible) {
		f.Anomalies = append(f.Anomalies, Anomaly{Code: AnomalyBoth, Detail: "it is a zip archive as well"})
	}
	return nil
}

// opening stores the start of what is read through it.
type opening struct {
	r     io.Reader
	start []byte
}

// maxStart limits the stored start, in bytes.
const maxStart = 4 << 10

// Read reads from r and stores the start.
func (o *opening) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if budget := maxStart - len(o.start); budget > 0 {
		o.start = append(o.start, p[:min(n, budget)]...)
	}
	return n, err
}
