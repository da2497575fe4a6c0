// Package archive reduces a zip or a gzipped tar to bounded facts: the number of its members, their common folder, the
// contents of the few requested members, and its anomalies.
//
// It reads what a package index reads: the directory of a zip and its records from the first byte to the last, the
// requested members, and all Python source, because an index scans it. With a Budget it also unpacks every other member of
// a zip, because installers do. What an index regards as damaged, duplicate or misplaced depends on how Python's zipfile
// and tarfile read archives, so this package reads like them.
//
// Archives are untrusted. For any input, memory is bounded and the walk ends; a damaged archive is a fact (Facts.Broken),
// and only a failure to read the file itself is an error. The callers decide what a fact means.
package archive

import (
	"errors"
	"fmt"
	"io"
)

// Limits of every walk. They are far above what packages need and far below what would cause harm.
const (
	maxKept      = 8 << 20  // bytes of one kept member
	maxKeptTotal = 32 << 20 // bytes of all kept members
	maxKeptCount = 1024
	maxMembers   = 1 << 20
	maxAnomalies = 64
	maxOfOneKind = 8         // anomalies with one code, so that no code displaces the others
	maxUnpacked  = 256 << 20 // bytes unpacked from a tar; beyond that, only while the compression ratio is plausible
	maxRatio     = 100       // a tar of text, apart from zeros, is compressed to no less than a hundredth
)

// The reasons why a file is not an archive at all, in Facts.Broken.
var (
	ErrNotZip = errors.New("no zip archive")
	ErrNotTar = errors.New("no gzipped tar archive")
)

// Facts describes an archive.
type Facts struct {
	Broken    error             // why the archive cannot be read to its end; nil if it can
	Anomalies []Anomaly         // anomalies, in the order in which they were found; at most 64 are kept, and 8 with one code
	Members   int               // how many members were read
	Unpacked  int64             // in bytes: what a zip's directory declares, what a tar contained
	Top       string            // the common path of all members, as Python's os.path.commonpath returns it
	Kept      map[string][]byte // the requested members; of several with one name the last
	Names     *Names            // of all members. It takes 24 bytes per member: set it to nil as soon as it is no longer needed
}

// Anomaly is an anomaly with a code. Rules decide what it means.
type Anomaly struct {
	Code   string // one of the constants below
	Member string // the affected member, or empty
	Detail string
	Note   string // more about it, for people; mostly empty
}

// The codes of anomalies.
const (
	AnomalyMethod     = "compression-method" // a zip member is neither stored nor deflated
	AnomalySparse     = "sparse"             // a tar member is sparse
	AnomalyNotRegular = "not-regular"        // a requested tar member is a link or device
	AnomalyTooLarge   = "too-large"          // a requested member is larger than the limits
	AnomalyDamaged    = "damaged-member"     // a member that an index reads has a wrong checksum, is encrypted, or similar
	AnomalyUnusable   = "unusable-member"    // the same of a member that an index does not read, but installers do
	AnomalyObfuscated = "obfuscated"         // a Python source has the marks of the tool in Detail, PyArmor or SourceDefender
	AnomalyFraming    = "zip-framing"        // a zip read from its start differs from its directory; Detail has the message of the index
	AnomalyBoth       = "zip-and-tar"        // a zip is also a tar, or the other way round
	AnomalyRecord     = "record-unreadable"  // the record of the members is not CSV in UTF-8
	AnomalyEmptyRow   = "record-empty-row"   // the record has a line without a cell; Detail says which
	AnomalyUnlisted   = "not-in-record"      // a member is not in the record
	AnomalyAbsent     = "only-in-record"     // the record has an entry without a member
	AnomalyRecordSum  = "record-sum"         // a member that was unpacked differs from the record in size or SHA-256
	AnomalyTwice      = "member-twice"       // two entries of a zip have one name; Detail says whether their contents differ
	AnomalyLink       = "link-outside"       // a link of a tar leads out of the folder at its top; Detail has the target
	AnomalyStopped    = "walk-stopped"       // the walk was stopped at a limit
	AnomalyUnread     = "not-unpacked"       // the budget for unpacking was spent; Member is the first one that was not unpacked
	AnomalyEndsEarly  = "ends-early"         // a tar continues after its last readable member
	AnomalyTail       = "damaged-tail"       // the data after the end of the tar cannot be unpacked, as with a wrong checksum
)

// HasAnomaly returns the first anomaly with the code, or nil.
func (f *Facts) HasAnomaly(code string) *Anomaly {
	for i := range f.Anomalies {
		if f.Anomalies[i].Code == code {
			return &f.Anomalies[i]
		}
	}
	return nil
}

// walk collects the facts of one archive.
type walk struct {
	facts  Facts
	keep   func(member string) bool
	common commonPath
	budget int64 // bytes that may still be kept
}

func newWalk(keep func(member string) bool, members int64) *walk {
	return &walk{facts: Facts{Kept: map[string][]byte{}, Names: newNames(members)}, keep: keep, budget: maxKeptTotal}
}

// visit counts a member and reports whether the walk may continue.
func (w *walk) visit(name []byte) bool {
	if w.facts.Members == maxMembers {
		w.addAnomaly(AnomalyStopped, string(name), fmt.Sprintf("more than %d members", maxMembers))
		return false
	}
	w.facts.Members++
	w.common.add(name)
	return true
}

func (w *walk) addAnomaly(code, member, detail string) {
	w.note(Anomaly{Code: code, Member: member, Detail: detail})
}

// note adds an anomaly, unless there are enough of its kind.
func (w *walk) note(anomaly Anomaly) {
	same := 0
	for _, o := range w.facts.Anomalies {
		if o.Code == anomaly.Code {
			same++
		}
	}
	if len(w.facts.Anomalies) < maxAnomalies && same < maxOfOneKind {
		w.facts.Anomalies = append(w.facts.Anomalies, anomaly)
	}
}

// keepBudget returns how many bytes of one more member may be kept, or -1 if too many members are kept.
func (w *walk) keepBudget(name string) int64 {
	if _, again := w.facts.Kept[name]; !again && len(w.facts.Kept) == maxKeptCount {
		return -1
	}
	return min(maxKept, w.budget)
}

// keepMember stores a member's content.
func (w *walk) keepMember(name string, content []byte) {
	w.budget -= int64(len(content))
	w.facts.Kept[name] = content
}

func (w *walk) done() Facts {
	w.facts.Top = w.common.String()
	return w.facts
}

// faults distinguishes damage from failure: it stores the first error of the file itself. io.EOF at its end is not a
// failure.
type faults struct{ err error }

func (f *faults) record(err error) {
	if err != nil && f.err == nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
}

// result returns the facts, with err as the damage, or the failure of the file if there was one.
func (f *faults) result(w *walk, err error) (Facts, error) {
	if f.err != nil {
		return Facts{}, f.err
	}
	w.facts.Broken = err
	return w.done(), nil
}
