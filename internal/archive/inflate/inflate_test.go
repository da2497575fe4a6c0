package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive/inflate"
)

// blocks is a source that hands out a text in blocks of one size. What was handed out before becomes something else, as the content of a
// buffer does.
type blocks struct {
	text []byte
	size int
	out  []byte
}

// Next returns the next block.
func (b *blocks) Next() ([]byte, error) {
	for i := range b.out {
		b.out[i] = 0xa5
	}
	if len(b.text) == 0 {
		return nil, io.EOF
	}
	n := min(b.size, len(b.text))
	b.out, b.text = append(b.out[:0], b.text[:n]...), b.text[n:]
	return b.out, nil
}

// readers has a reader, and that of the standard library. Both are used for one stream after the other.
type readers struct {
	inflate.Reader
	standard io.Reader
}

func newReaders() *readers { return &readers{standard: flate.NewReader(strings.NewReader(""))} }

// compare compares what is read of a stream with what the standard library reads of it: the content, the kind of error, and what follows.
func (r *readers) compare(t *testing.T, packed []byte, sizes ...int) {
	t.Helper()
	in := bytes.NewReader(packed)
	if err := r.standard.(flate.Resetter).Reset(in, nil); err != nil {
		t.Fatal(err)
	}
	want, wantErr := io.ReadAll(r.standard)
	if wantErr == nil {
		wantErr = io.EOF
	}
	for _, size := range sizes {
		r.Reset(&blocks{text: bytes.Clone(packed), size: size})
		var got []byte
		var err error
		for err == nil {
			var part []byte
			part, err = r.Next()
			got = append(got, part...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("in blocks of %d bytes: %d bytes and %v, want %d bytes and %v", size, len(got), err, len(want), wantErr)
		}
		var corrupt, wantCorrupt flate.CorruptInputError
		if !errors.Is(err, wantErr) && !(errors.As(err, &corrupt) && errors.As(wantErr, &wantCorrupt)) {
			t.Fatalf("in blocks of %d bytes: the error is %v, want %v", size, err, wantErr)
		}
		if again, same := r.Next(); len(again) > 0 || !errors.Is(same, err) {
			t.Fatalf("in blocks of %d bytes: after the error come %d bytes and %v", size, len(again), same)
		}
		if rest := r.Rest(); errors.Is(err, io.EOF) && size >= len(packed) && len(rest) != in.Len() {
			t.Fatalf("%d bytes follow the end, want %d", len(rest), in.Len())
		}
	}
}

// contents returns texts that need all kinds of blocks and codes.
func contents(size int) map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise, letters, skewed := make([]byte, size), make([]byte, size), make([]byte, size)
	for i := range size {
		noise[i] = byte(random.Uint32())
		letters[i] = "abcdefgh \n"[random.IntN(10)*random.IntN(10)/10]
		skewed[i] = byte(random.ExpFloat64() * 9) // has codes of many lengths
	}
	return map[string][]byte{
		"empty":            nil,
		"one letter":       []byte("a"),
		"one letter often": bytes.Repeat([]byte("a"), size),
		"three letters":    bytes.Repeat([]byte("abc"), size/3),
		"prose":            bytes.Repeat([]byte("It unpacks what others have packed. "), size/36),
		"noise":            noise,
		"letters":          letters,
		"skewed":           skewed,
		"far":              bytes.Repeat(noise[:min(size, 32_768)], 2),
		"too far":          bytes.Repeat(noise[:min(size, 32_769)], 2),
	}
}

// pack packs a text. An odd level ends the block after each of its thirds.
func pack(text []byte, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(err)
	}
	for part := range 3 {
		_, _ = w.Write(text[len(text)*part/3 : len(text)*(part+1)/3])
		if level%2 == 1 {
			_ = w.Flush()
		}
	}
	_ = w.Close()
	return b.Bytes()
}

// TestReader_Same: the content, the error and the end of a stream are those that the standard library finds, in whatever blocks it comes,
// whole or cut off.
func TestReader_Same(t *testing.T) {
	t.Parallel()
	r := newReaders()
	for name, text := range contents(100_000) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, 6, 9} {
			packed := pack(text, level)
			t.Run(fmt.Sprintf("%s, level %d", name, level), func(t *testing.T) {
				r.compare(t, append(bytes.Clone(packed), "what follows"...), 13, 4096, 1<<20)
				for i := range 4 {
					r.compare(t, packed[:len(packed)*i/4], 1000)
				}
			})
		}
	}
}

// TestReader_Damaged: a damaged stream is refused where the standard library refuses it.
func TestReader_Damaged(t *testing.T) {
	t.Parallel()
	r := newReaders()
	random := rand.New(rand.NewPCG(3, 4))
	rounds := 2000
	if testing.Short() {
		rounds = 30
	}
	for _, text := range contents(2000) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, 9} {
			packed := pack(text, level)
			for range rounds {
				damaged := bytes.Clone(packed)
				for range 1 + random.IntN(3) { // more often near the beginning, where the codes are
					damaged[random.IntN(1+random.IntN(len(damaged)))] ^= 1 << random.IntN(8)
				}
				r.compare(t, damaged, 5, 1<<20)
			}
		}
	}
}

// TestReader_Alternate: a part stays as it is while the next one is unpacked.
func TestReader_Alternate(t *testing.T) {
	t.Parallel()
	text := contents(400_000)["skewed"]
	var r inflate.Reader
	r.Reset(&blocks{text: pack(text, 6), size: 1000})
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

func FuzzReader(f *testing.F) {
	for _, text := range contents(300) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 9} {
			f.Add(pack(text, level))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		newReaders().compare(t, packed, 3, 1<<20)
	})
}
