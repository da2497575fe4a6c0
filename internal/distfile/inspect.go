package distfile

import (
	"math"

	"github.com/org/pypi-oidc-publish/internal/archive"
)

// inspector hands the content of each member of one file to all that look at it, while the members are unpacked one after the other.
type inspector struct {
	// finders each return what takes the content of a member; nil if it is of no interest to them.
	finders []func(member string) archive.Inspection
	takers  []archive.Inspection // of the member that is read
	left    []int64              // how many bytes each of them still gets
}

// inspect returns what takes the content of a member; nil if nothing does. It is that of the next member as well.
func (i *inspector) inspect(member string) archive.Inspection {
	i.takers, i.left = i.takers[:0], i.left[:0]
	for _, find := range i.finders {
		if taker := find(member); taker != nil {
			i.takers, i.left = append(i.takers, taker), append(i.left, math.MaxInt64)
		}
	}
	if len(i.takers) == 0 {
		return nil
	}
	return i
}

// Write hands on a part of the content. It never fails.
func (i *inspector) Write(p []byte) (int, error) {
	for n, taker := range i.takers {
		if part := p[:min(int64(len(p)), i.left[n])]; len(part) > 0 {
			_, _ = taker.Write(part) // never fails
			i.left[n] -= int64(len(part))
		}
	}
	return len(p), nil
}

// Again returns how much the one that needs most needs once more.
func (i *inspector) Again() (most int64) {
	for n, taker := range i.takers {
		i.left[n] = taker.Again()
		most = max(most, i.left[n])
	}
	return most
}

// Close ends the content for all.
func (i *inspector) Close() {
	for _, taker := range i.takers {
		taker.Close()
	}
}

// once is the part of an inspection that needs the content only once.
type once struct{}

// Again returns 0.
func (once) Again() int64 { return 0 }
