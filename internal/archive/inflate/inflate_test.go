package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive/inflate"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// blocks is a source that hands out a text in blocks of one size. What was handed out before becomes something else, as the content of a
// buffer does.
type blocks struct {
	text []byte
	size int
	out  []byte
	err  error // after the text
}

// Next returns the next block.
func (b *blocks) Next() ([]byte, error) {
	for i := range b.out {
		b.out[i] = 0xa5
	}
	if len(b.text) == 0 {
		return nil, b.err
	}
	n := min(b.size, len(b.text))
	b.out, b.text = append(b.out[:0], b.text[:n]...), b.text[n:]
	return b.out, nil
}

// noise returns a text that is packed in many ways: what cannot be packed, and what repeats it.
func noise(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, size)
	for i := range text {
		text[i] = byte(random.ExpFloat64() * 9)
	}
	return append(text, text...)
}

// pack packs a text.
func pack(text []byte, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// read returns the content up to the first error, with that.
func read(r *inflate.Reader) (content []byte, err error) {
	for err == nil {
		var part []byte
		part, err = r.Next()
		content = append(content, part...)
	}
	return content, err
}

// TestReader: one reader unpacks one stream after the other, whole, with something behind it, cut off and damaged, in whatever
// blocks they come.
func TestReader(t *testing.T) {
	t.Parallel()
	var r inflate.Reader
	r.Reset(nil)
	text, failed := noise(50_000), errors.New("the disk is gone")
	for _, level := range []int{flate.NoCompression, flate.HuffmanOnly, flate.BestSpeed, 9} {
		packed := pack(text, level)
		damaged := bytes.Clone(packed)
		damaged[0] |= 0b110 // a kind of block that does not exist
		for _, size := range []int{1, 4096, 1 << 20} {
			r.Reset(&blocks{text: append(bytes.Clone(packed), "what follows"...), size: size, err: io.EOF})
			content, err := read(&r)
			expect.Equal(t, "end", err, io.EOF)
			expect.Equal(t, "content", bytes.Equal(content, text), true)

			r.Reset(&blocks{text: packed[:len(packed)/2], size: size, err: io.EOF})
			content, err = read(&r)
			expect.Equal(t, "end of what is cut off", err, io.ErrUnexpectedEOF)
			expect.Equal(t, "content of what is cut off", len(content) > len(text)/4 && bytes.HasPrefix(text, content), true)

			r.Reset(&blocks{text: packed[:len(packed)/2], size: size, err: failed})
			_, err = read(&r)
			expect.Equal(t, "error of the source", err, failed)

			r.Reset(&blocks{text: damaged, size: size, err: io.EOF})
			_, err = read(&r)
			if corrupt := flate.CorruptInputError(0); !errors.As(err, &corrupt) {
				t.Errorf("level %d: the error of what is damaged is %v", level, err)
			}
			if again, same := r.Next(); len(again) > 0 || !errors.Is(same, err) {
				t.Errorf("after the error come %d bytes and %v", len(again), same)
			}
		}
	}
}

// TestReader_Alternate: a part stays as it is while the next one is unpacked.
func TestReader_Alternate(t *testing.T) {
	t.Parallel()
	text := noise(200_000)
	var r inflate.Reader
	r.Reset(&blocks{text: pack(text, 6), size: 1000, err: io.EOF})
	r.Alternate()
	var got, before []byte
	for {
		part, err := r.Next()
		got, before = append(got, before...), part
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got = append(got, before...); !bytes.Equal(got, text) {
		t.Errorf("got %d bytes, which are others than the %d of the content", len(got), len(text))
	}
}
