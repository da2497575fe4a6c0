package secretscan

import (
	"encoding/binary"
	"slices"
	"strings"
)

// samples says where literals may begin, from a look at some pairs of bytes alone: if every third pair is looked at, one of any three
// neighbours in a literal is among them. A literal has three bytes at least.
type samples struct {
	stride  int // between the pairs that are looked at: 2 or 3
	deepest int // how many bytes the last of the pairs of a literal is behind its beginning, at most
	// found has for each pair of bytes, of which the first is the lower one, where before has its distances, counted from 1; 0 if it is
	// none of those of a literal.
	found [1 << 16]uint8
	// before has, for each of these pairs, how many bytes before it a literal may begin.
	before [][]int
}

// samplesOf returns the samples of those of the patterns that are wanted.
func samplesOf(groups map[[2]byte][]pattern, wanted func(pattern) bool) *samples {
	s := &samples{stride: 3}
	each := func(do func(literal []byte)) {
		for _, group := range groups {
			for _, p := range group {
				if wanted(p) {
					do(p.literal)
				}
			}
		}
	}
	each(func(literal []byte) { s.stride = max(2, min(s.stride, len(literal)-1)) })
	each(func(literal []byte) {
		first := s.rarest(literal)
		for at := first; at < first+s.stride; at++ {
			pair := binary.LittleEndian.Uint16(literal[at:])
			if s.found[pair] == 0 {
				s.before = append(s.before, nil)
				s.found[pair] = uint8(len(s.before)) // a few literals have a few pairs
			}
			if before := &s.before[s.found[pair]-1]; !slices.Contains(*before, at) {
				*before = append(*before, at)
			}
			s.deepest = max(s.deepest, at)
		}
	})
	return s
}

// rarest returns where as many neighbouring pairs of a literal as the stride begin that are rarer in texts than others of it, about.
func (s *samples) rarest(literal []byte) (first int) {
	weigh := func(c byte) int {
		switch {
		case strings.IndexByte("etaoinsr", c) >= 0:
			return 4
		case c >= 'A' && c <= 'Z':
			return 1
		default:
			return 2
		}
	}
	least := 0
	for from := range len(literal) - s.stride {
		sum := 0
		for at := from; at < from+s.stride; at++ {
			sum += weigh(literal[at]) * weigh(literal[at+1])
		}
		if from == 0 || sum < least {
			first, least = from, sum
		}
	}
	return first
}

// starts appends the positions between two others at which a literal may begin, in their order.
func (s *samples) starts(all []int32, b []byte, begin, end int) []int32 {
	for at := s.next(b, begin); at <= min(end+s.deepest, len(b)-2); at = s.next(b, at+s.stride) {
		for _, before := range s.before[s.found[binary.LittleEndian.Uint16(b[at:])]-1] {
			if start := at - before; start >= begin && start < end {
				all = append(all, int32(start)) // of a block, which is small
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// next returns the first position, from one on in steps of the stride, that has a pair of a literal, or one behind the last pair.
func (s *samples) next(b []byte, at int) int {
	if s.stride == 2 {
		for ; at+8 <= len(b); at += 8 {
			w := binary.LittleEndian.Uint64(b[at:])
			if s.found[uint16(w)]|s.found[uint16(w>>16)]|s.found[uint16(w>>32)]|s.found[uint16(w>>48)] != 0 {
				break
			}
		}
	} else {
		for ; at+8 <= len(b); at += 9 {
			w := binary.LittleEndian.Uint64(b[at:])
			if s.found[uint16(w)]|s.found[uint16(w>>24)]|s.found[uint16(w>>48)] != 0 {
				break
			}
		}
	}
	for at+2 <= len(b) && s.found[binary.LittleEndian.Uint16(b[at:])] == 0 {
		at += s.stride
	}
	return at
}
