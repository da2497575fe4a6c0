package inflate

import "math/bits"

const (
	maxLiterals  = 286 // symbols of literals and lengths in a header
	maxDistances = 30  // symbols of distances in a header
	maxBits      = 15  // of a code
	endOfBlock   = 256

	literalBits  = 11 // of a code that the first look into the table of literals decodes
	distanceBits = 8  // the same of distances
	// The sizes of the tables, rounded up to a power of two. With these bits, 288 symbols take 2,342 entries at most,
	// and 32 take 402: zlib's program "enough" computes such numbers.
	literalEntries  = 4096
	distanceEntries = 512
)

// An entry of a table says what a code means. Its lowest five bits are how many bits it takes, with those that follow the code. Bits 8
// to 11 are how many bits the code itself takes. Bits 16 to 30 are a literal, or the smallest length or distance. For codes that are
// longer than the first look, an entry leads to a second one: bits 16 to 30 are the index of the table for it, and the lowest five its
// number of bits.
const (
	isLiteral = 1 << 31
	isSpecial = 1 << 15 // everything else than a literal, a length or a distance; alone: no code, or one that has no meaning
	isTable   = 1 << 14
	isEnd     = 1 << 13
)

// codes has the tables of a block.
type codes struct {
	literals  [literalEntries]uint32
	distances [distanceEntries]uint32
	// How many bits the next code has at least, or what must follow.
	shortestLiteral, shortestDistance uint
}

// The smallest values of lengths and distances, and how many bits follow their codes (RFC 1951, section 3.2.5).
var (
	smallestLength = [...]uint16{
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
	}
	lengthExtra      = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	smallestDistance = [...]uint16{
		1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
		16385, 24577,
	}
	distanceExtra = [...]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	// lengthOrder is the order of the lengths of the codes for lengths.
	lengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// literalEntry returns what a symbol for literals and lengths means.
func literalEntry(symbol int) uint32 {
	switch {
	case symbol < endOfBlock:
		return isLiteral | uint32(symbol)<<16
	case symbol == endOfBlock:
		return isSpecial | isEnd
	case symbol < maxLiterals:
		return uint32(smallestLength[symbol-endOfBlock-1])<<16 | uint32(lengthExtra[symbol-endOfBlock-1])
	default:
		return isSpecial
	}
}

// distanceEntry returns what a symbol for distances means.
func distanceEntry(symbol int) uint32 {
	if symbol >= maxDistances {
		return isSpecial
	}
	return uint32(smallestDistance[symbol])<<16 | uint32(distanceExtra[symbol])
}

// numberEntry returns what a symbol means that is a number.
func numberEntry(symbol int) uint32 { return uint32(symbol) << 16 }

// build makes a table of the codes with these lengths, and returns the shortest one; 0 if there is none. It returns false unless the codes
// are complete: there may be none, or one of a single bit.
func build(table []uint32, primary uint, lengths []uint8, meaning func(symbol int) uint32) (shortest uint, ok bool) {
	var count [maxBits + 1]uint16
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	longest, left, used := uint(0), 1, 0
	for n := uint(1); n <= maxBits; n++ {
		left = left<<1 - int(count[n])
		if left < 0 {
			return 0, false
		}
		if count[n] > 0 {
			longest = n
			used += int(count[n])
			if shortest == 0 {
				shortest = n
			}
		}
	}
	if left > 0 && used > 0 && (used > 1 || longest > 1) {
		return 0, false
	}
	var sorted [288]uint16
	var offset [maxBits + 2]uint16
	for n := 1; n <= maxBits; n++ {
		offset[n+1] = offset[n] + count[n]
	}
	for symbol, n := range lengths {
		if n > 0 {
			sorted[offset[n]] = uint16(symbol)
			offset[n]++
		}
	}
	// The entries for short codes are made once, and copied for each value of the bits that follow these.
	table[0], table[1] = isSpecial, isSpecial
	code, next := uint16(0), 0
	for n := uint(1); n <= primary; n++ {
		code <<= 1
		for range count[n] {
			table[bits.Reverse16(code)>>(16-n)] = meaning(int(sorted[next])) + uint32(n) | uint32(n)<<8
			code++
			next++
		}
		if n < primary {
			copy(table[1<<n:2<<n], table[:1<<n])
		}
	}
	// Longer codes have a second table for all that begin alike.
	free, prefix := 1<<primary, -1 // of the next table, and of the last one
	var second []uint32
	for n := primary + 1; n <= longest; n++ {
		code <<= 1
		for rest := count[n]; rest > 0; rest-- {
			reversed := int(bits.Reverse16(code) >> (16 - n))
			if start := reversed & (1<<primary - 1); start != prefix {
				size := n - primary
				for room := 1 << size; primary+size < longest; size++ {
					those := int(count[primary+size])
					if primary+size == n {
						those = int(rest)
					}
					if room -= those; room <= 0 {
						break
					}
					room <<= 1
				}
				table[start] = isSpecial | isTable | uint32(free)<<16 | uint32(size)
				second = table[free:][:1<<size]
				prefix, free = start, free+1<<size
			}
			entry := meaning(int(sorted[next])) + uint32(n-primary) | uint32(n-primary)<<8
			for at := reversed >> primary; at < len(second); at += 1 << (n - primary) {
				second[at] = entry
			}
			code++
			next++
		}
	}
	return shortest, true
}

// setFixed sets the codes that need no header.
func (c *codes) setFixed() {
	var lengths [288]uint8
	for symbol := range lengths {
		switch {
		case symbol < 144:
			lengths[symbol] = 8
		case symbol < 256:
			lengths[symbol] = 9
		case symbol < 280:
			lengths[symbol] = 7
		default:
			lengths[symbol] = 8
		}
	}
	c.shortestLiteral, _ = build(c.literals[:], literalBits, lengths[:], literalEntry)
	for symbol := range 32 {
		lengths[symbol] = 5
	}
	c.shortestDistance, _ = build(c.distances[:], distanceBits, lengths[:32], distanceEntry)
}

// readCodes reads the codes of a block.
func (r *Reader) readCodes() error {
	r.fixed = false
	head, err := r.take(14)
	if err != nil {
		return err
	}
	literals, distances, ordered := head&31+257, head>>5&31+1, head>>10+4
	if literals > maxLiterals || distances > maxDistances {
		return r.corrupt()
	}
	var lengths [len(lengthOrder)]uint8
	for _, symbol := range lengthOrder[:ordered] {
		n, err := r.take(3)
		if err != nil {
			return err
		}
		lengths[symbol] = uint8(n)
	}
	c := r.codes
	shortest, ok := build(c.distances[:], distanceBits, lengths[:], numberEntry)
	if !ok {
		return r.corrupt()
	}
	if err := r.readLengths(r.lengths[:literals+distances], shortest); err != nil {
		return err
	}
	if c.shortestLiteral, ok = build(c.literals[:], literalBits, r.lengths[:literals], literalEntry); !ok {
		return r.corrupt()
	}
	c.shortestDistance, ok = build(c.distances[:], distanceBits, r.lengths[literals:literals+distances], distanceEntry)
	if !ok {
		return r.corrupt()
	}
	c.shortestLiteral = max(c.shortestLiteral, uint(r.lengths[endOfBlock]))
	return nil
}

// readLengths reads the lengths of the codes of a block, which are packed by the codes in the table of distances.
func (r *Reader) readLengths(lengths []uint8, shortest uint) error {
	for i := 0; i < len(lengths); {
		e, err := r.symbol(r.codes.distances[:], distanceBits, shortest)
		if err != nil {
			return err
		}
		symbol := e >> 16
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		again, width, value := 3, uint(2), uint8(0)
		switch symbol {
		case 16:
			if i == 0 {
				return r.corrupt()
			}
			value = lengths[i-1]
		case 17:
			width = 3
		default:
			again, width = 11, 7
		}
		more, err := r.take(width)
		if err != nil {
			return err
		}
		if again += more; again > len(lengths)-i {
			return r.corrupt()
		}
		for range again {
			lengths[i] = value
			i++
		}
	}
	return nil
}
