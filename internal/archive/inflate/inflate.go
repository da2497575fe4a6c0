// Package inflate unpacks DEFLATE (RFC 1951), the compression of zip and gzip, about twice as fast as compress/flate.
//
// # Goals
//
// It accepts the same streams as compress/flate, returns the same bytes before the same kind of error, and never reads behind the end of a
// stream: fuzz tests compare the two. Which is why there is a second one is in docs/dependencies.md.
//
// It is fast because it takes packed data in blocks instead of bytes, fills 64 bits at a time, decodes whole pairs of a length and a
// distance with one look into each table, and copies eight bytes at a time.
//
// # Limitations
//
// There are no preset dictionaries. Memory is one window, whatever the stream says.
package inflate

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
)

// Source has the packed data.
type Source interface {
	// Next returns the next bytes, at least one, which are valid until it is called again. At the end, the error is io.EOF.
	Next() ([]byte, error)
}

const (
	history  = 32 << 10 // bytes that a distance may lead back
	longest  = 258      // bytes of one copy
	wordSize = 8        // bytes that are copied and read at a time
	twoWords = 16       // bytes that are read for one pair of a length and a distance, with literals before it
	// longestPair is how many bits a length and a distance have at most.
	longestPair = 48
	// slack is how many bytes may be written behind the end of the room: those of three literals and one copy, which is rounded up.
	slack = 4 + longest + wordSize
	// room is how many bytes are unpacked at a time, about. Handing them to another core takes some microseconds; unpacking them takes 300.
	room = 160 << 10
)

// The states of a reader.
const (
	atHeader = iota // of a block
	inCodes         // inside of a block of codes
	inStored        // inside of a block that is not packed
)

// Reader unpacks one stream after the other. Its zero value is ready for Reset.
type Reader struct {
	src     Source
	in      []byte // of the last block of the source, what is not in bits
	bits    uint64 // the next bits; those from n on belong to in, if they are set
	n       uint   // how many of them are taken from in
	taken   int64  // bytes taken from the source before in
	final   bool   // whether the current block is the last one
	state   int
	stored  int // bytes that follow of a block that is not packed
	err     error
	codes   *codes
	fixed   bool // whether codes has those of a block with fixed codes
	window  []byte
	spare   []byte // the window of what was returned before; nil if there is one window alone
	begin   int    // index of the first byte in the window that a distance may lead to
	at      int    // index of the next byte to be written
	lengths [maxLiterals + maxDistances]uint8
}

// Reset begins a new stream. With nil it forgets the last one.
func (r *Reader) Reset(src Source) {
	if r.window == nil && src != nil {
		r.window, r.codes = make([]byte, history+room+slack), &codes{}
	}
	*r = Reader{src: src, codes: r.codes, fixed: r.fixed, window: r.window, spare: r.spare, begin: history, at: history}
}

// Alternate has what Next returns stay valid until it was called twice, so that one part of the content can be looked at while the next is
// unpacked. It takes memory for a second window.
func (r *Reader) Alternate() {
	if r.spare == nil {
		r.spare = make([]byte, len(r.window))
	}
}

// Next returns the next bytes of the content, which are valid until it is called again (see Alternate). With the last ones, or after them,
// comes io.EOF.
// io.ErrUnexpectedEOF is the error if the stream is cut off, and flate.CorruptInputError if it is damaged; any other one is that of the
// source. All bytes before an error are returned.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.at > history {
		next := r.window
		if r.spare != nil {
			next = r.spare
		}
		copy(next[:history], r.window[r.at-history:r.at])
		if r.spare != nil {
			r.window, r.spare = next, r.window
		}
		r.begin, r.at = max(0, r.begin-(r.at-history)), history
	}
	for r.err == nil && r.at < history+room {
		switch r.state {
		case atHeader:
			r.err = r.header()
		case inCodes:
			r.err = r.decode()
		case inStored:
			r.err = r.copyStored()
		}
	}
	return r.window[history:r.at], r.err
}

// Rest returns what was read from the source and follows the end of the stream. It is valid until the source is read again.
func (r *Reader) Rest() []byte {
	whole := int(r.n / 8)
	if whole == 0 {
		return r.in
	}
	var before [wordSize]byte
	binary.LittleEndian.PutUint64(before[:], r.bits>>(r.n%8))
	return append(before[:whole:whole], r.in...)
}

// corrupt returns the error of a damaged stream.
func (r *Reader) corrupt() error {
	return flate.CorruptInputError(r.taken - int64(r.n/8))
}

// more gets the next block of the source.
func (r *Reader) more() error {
	in, err := r.src.Next()
	r.in = in
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// need takes bits until there are at least n, which is 32 at most.
func (r *Reader) need(n uint) error {
	for r.n < n {
		if len(r.in) == 0 {
			if err := r.more(); err != nil {
				return err
			}
		}
		r.bits |= uint64(r.in[0]) << r.n
		r.in = r.in[1:]
		r.n += 8
		r.taken++
	}
	return nil
}

// take returns the next n bits, 16 at most.
func (r *Reader) take(n uint) (int, error) {
	if err := r.need(n); err != nil {
		return 0, err
	}
	value := int(r.bits & (1<<n - 1))
	r.bits >>= n
	r.n -= n
	return value, nil
}

// header reads the header of a block.
func (r *Reader) header() error {
	if r.final {
		return io.EOF
	}
	head, err := r.take(3)
	if err != nil {
		return err
	}
	r.final = head&1 == 1
	switch head >> 1 {
	case 0:
		return r.beginStored()
	case 1:
		if !r.fixed {
			r.codes.setFixed()
			r.fixed = true
		}
	case 2:
		if err := r.readCodes(); err != nil {
			return err
		}
	default:
		return r.corrupt()
	}
	r.state = inCodes
	return nil
}

// beginStored reads the length of a block that is not packed.
func (r *Reader) beginStored() error {
	r.bits >>= r.n % 8
	r.n -= r.n % 8
	length, err := r.take(16)
	if err != nil {
		return err
	}
	check, err := r.take(16)
	if err != nil {
		return err
	}
	if length != ^check&0xffff {
		return r.corrupt()
	}
	if r.stored = length; length > 0 {
		r.state = inStored
	}
	return nil
}

// copyStored copies what fits of a block that is not packed.
func (r *Reader) copyStored() error {
	for r.stored > 0 && r.at < history+room {
		if r.n > 0 {
			b, _ := r.take(8) // they are there
			r.window[r.at] = byte(b)
			r.at++
			r.stored--
			continue
		}
		r.bits = 0
		if len(r.in) == 0 {
			if err := r.more(); err != nil {
				return err
			}
		}
		n := copy(r.window[r.at:min(history+room, r.at+r.stored)], r.in)
		r.in, r.at, r.stored, r.taken = r.in[n:], r.at+n, r.stored-n, r.taken+int64(n)
	}
	if r.stored == 0 {
		r.state = atHeader
	}
	return nil
}

// decode unpacks what fits of a block of codes.
func (r *Reader) decode() error {
	for r.at < history+room {
		if len(r.in) >= twoWords {
			if ended, err := r.decodeFast(); ended || err != nil {
				return err
			}
			continue
		}
		if ended, err := r.decodeOne(); ended || err != nil {
			return err
		}
	}
	return nil
}

// decodeFast unpacks until the block ends, the room is full, or few bytes are left of the block of the source. It reports whether the
// block of codes ended.
func (r *Reader) decodeFast() (ended bool, err error) {
	var (
		literal = &r.codes.literals
		far     = &r.codes.distances
		in      = r.in
		bits    = r.bits
		n       = r.n
		out     = r.window
		at      = r.at
		begin   = r.begin
		pos     = 0
		last    = len(in) - twoWords
	)
	const end = history + room
	for pos <= last && at < end {
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := literal[bits&(1<<literalBits-1)]
		if e&isLiteral != 0 {
			bits >>= e & 31
			n -= uint(e & 31)
			out[at] = byte(e >> 16)
			at++
			e = literal[bits&(1<<literalBits-1)]
			if e&isLiteral != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				e = literal[bits&(1<<literalBits-1)]
				if e&isLiteral != 0 {
					bits >>= e & 31
					n -= uint(e & 31)
					out[at] = byte(e >> 16)
					at++
					continue
				}
			}
		}
		if n < longestPair {
			bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		if e&isSpecial != 0 {
			if e&isTable != 0 {
				bits >>= literalBits
				n -= literalBits
				e = literal[(uint64(e>>16&0x7fff)+bits&(1<<(e&31)-1))%literalEntries]
			}
			if e&isLiteral != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				continue
			}
			if e&isSpecial != 0 {
				if ended = e&isEnd != 0; !ended {
					err = errDamaged
				}
				bits >>= e & 31
				n -= uint(e & 31)
				break
			}
		}
		length := int(e>>16) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
		bits >>= e & 31
		n -= uint(e & 31)
		e = far[bits&(1<<distanceBits-1)]
		if e&isSpecial != 0 {
			if e&isTable != 0 {
				bits >>= distanceBits
				n -= distanceBits
				e = far[(uint64(e>>16&0x7fff)+bits&(1<<(e&31)-1))%distanceEntries]
			}
			if e&isSpecial != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				err = errDamaged
				break
			}
		}
		distance := int(e>>16) + int(bits&(1<<(e&31)-1)>>(e>>8&15))
		bits >>= e & 31
		n -= uint(e & 31)
		if at-distance < begin {
			err = errDamaged
			break
		}
		from, to := at-distance, at
		at += length
		switch {
		case distance >= wordSize:
			for {
				binary.LittleEndian.PutUint64(out[to:], binary.LittleEndian.Uint64(out[from:]))
				if to += wordSize; to >= at {
					break
				}
				from += wordSize
			}
		default:
			for ; to < at; to, from = to+1, from+1 {
				out[to] = out[from]
			}
		}
	}
	r.in, r.bits, r.n, r.at, r.taken = in[pos:], bits, n, at, r.taken+int64(pos)
	if ended {
		r.state = atHeader
	}
	if err != nil {
		err = r.corrupt()
	}
	return ended, err
}

// errDamaged stands for the error of a damaged stream, whose place is known later.
var errDamaged = errors.New("damaged")

// decodeOne unpacks one literal, or one copy, near the end of a block of the source. It reports whether the block of codes ended.
func (r *Reader) decodeOne() (ended bool, err error) {
	e, err := r.symbol(r.codes.literals[:], literalBits, r.codes.shortestLiteral)
	switch {
	case err != nil:
		return false, err
	case e&isLiteral != 0:
		r.window[r.at] = byte(e >> 16)
		r.at++
		return false, nil
	case e&isEnd != 0:
		r.state = atHeader
		return true, nil
	case e&isSpecial != 0:
		return false, r.corrupt()
	}
	length, err := r.value(e)
	if err != nil {
		return false, err
	}
	if e, err = r.symbol(r.codes.distances[:], distanceBits, r.codes.shortestDistance); err != nil {
		return false, err
	}
	if e&isSpecial != 0 {
		return false, r.corrupt()
	}
	distance, err := r.value(e)
	if err != nil {
		return false, err
	}
	if r.at-distance < r.begin {
		return false, r.corrupt()
	}
	for ; length > 0; length-- {
		r.window[r.at] = r.window[r.at-distance]
		r.at++
	}
	return false, nil
}

// symbol takes one code and returns its entry. shortest is how many bits are needed at least, since a block has its end.
func (r *Reader) symbol(table []uint32, primary, shortest uint) (uint32, error) {
	for need := shortest; ; {
		if err := r.need(need); err != nil {
			return 0, err
		}
		e, above := table[r.bits&(1<<primary-1)], uint(0)
		if e&isTable != 0 {
			above = primary
			e = table[uint64(e>>16)+r.bits>>primary&(1<<(e&31)-1)]
		}
		need = above + uint(e>>8&15)
		if need == 0 {
			return 0, r.corrupt()
		}
		if need <= r.n {
			r.bits >>= need
			r.n -= need
			return e, nil
		}
	}
}

// value takes the bits that follow a code, and returns the length or the distance.
func (r *Reader) value(e uint32) (int, error) {
	extra, err := r.take(uint(e&31 - e>>8&15))
	return int(e>>16) + extra, err
}
