// Package archive turns a zip or a gzipped tar into bounded facts: how many members it has, what their common folder is,
// the bytes of the few members that were asked for, and what is odd about it.
//
// It reads what a package index reads and no more: the directory of a zip and its records from the first byte to the
// last, the members that were asked for, and all Python source, since that is scanned. What an index takes for damaged,
// doubled or out of place depends on how Python's zipfile and tarfile read, so this room reads like them.
//
// Archives come from strangers. Whatever the bytes are, memory is bounded and the walk ends; a damaged archive is a fact
// (Facts.Broken), and only a failure to read the file itself is an error. What a fact means is for others to judge.
package archive

import (
	"errors"
	"fmt"
	"io"
)

// Bounds of every walk. They are far above what packages have and far below what would hurt.
const (
	maxKept      = 8 << 20  // bytes of one kept member
	maxKeptTotal = 32 << 20 // bytes of all kept members
	maxKeptCount = 1024
	maxMembers   = 1 << 20
	maxOddities  = 64
	maxOfOneKind = 8         // oddities with one code, so that no code crowds out the others
	maxUnpacked  = 256 << 20 // bytes unpacked from a tar; more is walked only while the ratio is an honest one
	maxRatio     = 100       // a tar of text, zeros apart, packs to no less than a hundredth
)

// What an archive that is none is broken by.
var (
	ErrNotZip = errors.New("no zip archive: it has no end of central directory")
	ErrNotTar = errors.New("no gzipped tar archive")
)

// Facts is what a walk saw.
type Facts struct {
	Broken   error             // why the archive cannot be read to its end; nil where it can
	Oddities []Oddity          // what is unusual, in the order of the walk; at most 64 are kept, and 8 of one code
	Members  int               // how many were walked
	Unpacked int64             // bytes: what a zip's directory declares, what a tar held
	Top      string            // the path that all members have in common, as Python's os.path.commonpath gives it
	Kept     map[string][]byte // the members asked for; of several with one name the last
	Names    *Names            // of all members. It takes 24 bytes a member, so let go of it when nothing more is asked
}

// Oddity is a fact with a name. Rules decide what it means.
type Oddity struct {
	Code   string // one of the constants below
	Member string // the member it is about, or empty
	Detail string
}

// The codes of oddities.
const (
	OddMethod     = "compression-method" // a zip member is neither stored nor deflated
	OddSparse     = "sparse"             // a tar member is sparse
	OddNotRegular = "not-regular"        // a tar member asked for is a link or device
	OddTooLarge   = "too-large"          // a member asked for is larger than the bounds
	OddDamaged    = "damaged-member"     // a member that was read has the wrong checksum, is encrypted, and the like
	OddObfuscated = "obfuscated"         // a Python source has the marks of what Detail names, PyArmor or SourceDefender
	OddFraming    = "zip-framing"        // a zip read from its start is another than by its directory; Detail has the index's words
	OddBoth       = "zip-and-tar"        // a zip is a tar as well, or the other way round
	OddRecord     = "record-unreadable"  // the record of the members is no CSV in UTF-8
	OddUnlisted   = "not-in-record"      // a member is not in the record
	OddAbsent     = "only-in-record"     // the record has what is no member
	OddRecordSum  = "record-sum"         // a member has another size or SHA-256 than the record says; only members that were read are hashed
	OddStopped    = "walk-stopped"       // the walk was given up at a bound
	OddEndsEarly  = "ends-early"         // a tar goes on after its last readable member
	OddTail       = "damaged-tail"       // what follows the end of the tar cannot be unpacked, such as a wrong checksum
)

// Odd returns the first oddity with the code, or nil.
func (f *Facts) Odd(code string) *Oddity {
	for i := range f.Oddities {
		if f.Oddities[i].Code == code {
			return &f.Oddities[i]
		}
	}
	return nil
}

// walk collects the facts of one archive.
type walk struct {
	facts  Facts
	keep   func(member string) bool
	common commonPath
	room   int64 // bytes that may still be kept
}

func newWalk(keep func(member string) bool, members int64) *walk {
	return &walk{facts: Facts{Kept: map[string][]byte{}, Names: newNames(members)}, keep: keep, room: maxKeptTotal}
}

// visit counts a member and tells whether the walk may go on.
func (w *walk) visit(name []byte) bool {
	if w.facts.Members == maxMembers {
		w.odd(OddStopped, string(name), fmt.Sprintf("more than %d members", maxMembers))
		return false
	}
	w.facts.Members++
	w.common.add(name)
	return true
}

func (w *walk) odd(code, member, detail string) {
	same := 0
	for _, o := range w.facts.Oddities {
		if o.Code == code {
			same++
		}
	}
	if len(w.facts.Oddities) < maxOddities && same < maxOfOneKind {
		w.facts.Oddities = append(w.facts.Oddities, Oddity{Code: code, Member: member, Detail: detail})
	}
}

// mayHold tells how many bytes of one more member may be kept; none where too many are.
func (w *walk) mayHold(name string) int64 {
	if _, again := w.facts.Kept[name]; !again && len(w.facts.Kept) == maxKeptCount {
		return -1
	}
	return min(maxKept, w.room)
}

// hold keeps a member's content.
func (w *walk) hold(name string, content []byte) {
	w.room -= int64(len(content))
	w.facts.Kept[name] = content
}

func (w *walk) done() Facts {
	w.facts.Top = w.common.String()
	return w.facts
}

// faults tells damage from failure: it remembers the first error of the file itself. At its end a file fails with io.EOF,
// which is no failure.
type faults struct{ err error }

func (f *faults) note(err error) {
	if err != nil && f.err == nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
}

// verdict files an error of the walk where it belongs.
func (f *faults) verdict(w *walk, err error) (Facts, error) {
	if f.err != nil {
		return Facts{}, f.err
	}
	w.facts.Broken = err
	return w.done(), nil
}
