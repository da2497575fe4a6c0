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
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of every walk. They are far above what packages need and far below what would cause harm.
const (
	maxKept      = 32 << 20 // bytes of one kept member
	maxKeptTotal = 40 << 20 // bytes of all kept members
	maxKeptCount = 1024
	maxNames     = 1 << 20 // names that are remembered
	maxAnomalies = 128
	maxOfOneKind = 8         // anomalies with one code, so that no code displaces the others
	maxTexts     = 32 << 10  // bytes of the texts of all anomalies; beyond that, each text is shortened
	maxUnpacked  = 256 << 20 // bytes unpacked from a tar; beyond that, only while the compression ratio is plausible
	maxRatio     = 100       // a tar of text, apart from zeros, is compressed to no less than a hundredth
	maxSearched  = 8 << 30   // bytes unpacked from a tar, whatever the ratio, until a requested member was found
	maxRead      = 4         // how many times the size of a zip its members may take to read; they overlap then

	// freeMemory is how many bytes an archive may take before Selection.Admit is asked.
	freeMemory = 1 << 20
)

// The reasons why a file is not an archive at all, in Facts.Broken.
var (
	ErrNotZip = errors.New("no zip archive")
	ErrNotTar = errors.New("no gzipped tar archive")
)

// Selection says what a caller needs from an archive.
type Selection struct {
	// Keep reports whether a member's content is kept.
	Keep func(member string) bool
	// First has members that are read and noted before all others, so that nothing else uses up their limits. Keep says whether their
	// contents are kept.
	First []string
	// Verify reports whether a member is read although it is not kept, because an index reads it. It may be nil. A tar has no such members.
	Verify func(member string) bool
	// Record is the member that lists the others, like a wheel's RECORD: it is compared, and noted without its content. It may be empty.
	Record string
	// Only is set if nothing but the first and the kept members is read.
	Only bool
	// Budget, if not nil, is for unpacking every member of a zip, those that no index reads included, as long as it lasts.
	Budget *Budget
	// Buffers are used, and left for the next archive; nil: the archive gets new ones.
	Buffers *Buffers
	// Stream is the same zip from its first byte. With a Budget, the records and the members' data are read from it, so that a caller who
	// reads the whole file anyway needs no second pass. It may be left in the middle. It may be nil.
	Stream io.Reader
	// Stopped is called before every block that is unpacked. Its error ends the walk. It may be nil.
	Stopped func() error
	// Start begins to call a function, which another core may do at the same time, and returns what waits for its end. It may call the
	// function before it returns. With it, one part of a large member is unpacked while that before it is looked at. It may be nil.
	Start func(do func()) (wait func() error)
	// Inspect is called for every member that is unpacked and not kept, and may return what takes its content; nil: nothing does. It may be
	// nil.
	Inspect func(member string) Inspection
	// Member is called for every member of a zip, in the order of its directory, when the facts have all names and the members to
	// keep. It is not called if an index would not look at the members, or if there are too many. It may be nil.
	Member func(Entry, *Facts)
	// Admit is called before an archive takes more than a megabyte of memory, at most once, and may wait. Its error ends the walk. It may
	// be nil.
	Admit func() error
}

// Entry is what the directory of a zip says about a member.
type Entry struct {
	Name []byte // valid until the function returns that is called with it
	Mode uint32 // its kind and permissions as Unix has them; 0 if the zip says nothing about them
}

// Inspection takes the content of one member, in parts. Its Write never fails. Close is called at the end of the content, or when the rest
// cannot be unpacked.
type Inspection interface {
	io.Writer
	// Again is called after the whole content of a zip's member. It returns how many bytes are to be written once more, from the first one,
	// after which it is called again; 0 if none are. Those bytes are unpacked again, as far as the budget lasts. Of a tar it is not called.
	Again() int64
	Close()
}

// inspection returns what takes the content of a member; nil if nothing does.
func (a Selection) inspection(member string) Inspection {
	if a.Inspect == nil {
		return nil
	}
	return a.Inspect(member)
}

// isFirst reports whether a member is read before the others.
func (a Selection) isFirst(member string) bool {
	return a.Record != "" && member == a.Record || slices.Contains(a.First, member)
}

// Facts describes an archive.
type Facts struct {
	Broken    error             // why the archive cannot be read to its end; nil if it can
	Anomalies []Anomaly         // anomalies, in the order in which they were found; at most 128 are kept, and 8 with one code
	Members   int               // how many members were read
	Unpacked  int64             // in bytes: what a zip's directory declares, what a tar contained
	Top       string            // the common path of all members, as Python's os.path.commonpath returns it
	Kept      map[string][]byte // the requested members; of several with one name the last. Those that are only read have no content
	Names     *Names            // of the members. It takes 24 bytes per member: set it to nil as soon as it is no longer needed
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
	AnomalyColumns    = "record-columns"     // a row of the record has not three columns; Detail says how many, and of how many rows
	AnomalyRowSize    = "record-size"        // the size in a row of the record is not a number; Detail has it
	AnomalyRowHash    = "record-hash"        // the hash in a row of the record is not what the format of wheels requires; Detail says why
	AnomalyUnlisted   = "not-in-record"      // a member is not in the record
	AnomalyAbsent     = "only-in-record"     // the record has an entry without a member, or, as Detail says, one for a signature
	AnomalyRecordSum  = "record-sum"         // a member that was unpacked differs from the record in size or hash
	AnomalyTwice      = "member-twice"       // two entries of a zip have one name; Detail says whether their contents differ
	AnomalyLink       = "link-outside"       // a link of a tar leads out of the folder at its top; Detail has the target
	AnomalyLinkCycle  = "link-cycle"         // a symbolic link of a tar leads back to itself; Detail has the target
	AnomalySpecial    = "special-file"       // a member of a tar is no file, folder or link; Detail says what it is
	AnomalyBackslash  = "backslash"          // the name of a member of a tar has a backslash
	AnomalyMembers    = "gzip-members"       // what is gzipped consists of several members, which some readers take for the end
	AnomalyNoEnd      = "tar-without-end"    // a tar does not end with two blocks of zeros
	AnomalyUnread     = "not-unpacked"       // the budget for unpacking was spent; Member is the first one that was not unpacked
	AnomalyStopped    = "walk-stopped"       // the walk was stopped at a limit
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
	facts    Facts
	request  Selection
	common   commonPath
	budget   int64 // bytes that may still be kept
	texts    int   // bytes of the anomalies
	held     int64 // bytes of memory, about
	admitted bool  // whether more than freeMemory may be held
	failed   error // of Selection.Admit
}

func newWalk(request Selection) *walk {
	return &walk{facts: Facts{Kept: map[string][]byte{}, Names: newNames(0)}, request: request, budget: maxKeptTotal}
}

// hold counts memory that the walk is about to take, and waits until it may.
func (w *walk) hold(bytes int64) error {
	w.held += bytes
	if w.held <= freeMemory || w.admitted || w.request.Admit == nil {
		return nil
	}
	w.admitted, w.failed = true, w.request.Admit()
	return w.failed
}

// visit counts a member.
func (w *walk) visit(name []byte) {
	w.facts.Members++
	w.common.add(name)
}

// remember adds the name of the visited member and its sizes, unless there are too many.
func (w *walk) remember(name []byte, packed, unpacked int64) error {
	if w.facts.Members <= maxNames {
		w.facts.Names.add(name, packed, unpacked)
		return w.hold(bytesPerName)
	}
	if w.facts.Names.complete() {
		w.facts.Names.cut = true
		w.addAnomaly(AnomalyStopped, "", fmt.Sprintf("it has more than %d members, which are not compared with each other", maxNames))
	}
	return nil
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
	if len(w.facts.Anomalies) == maxAnomalies || same == maxOfOneKind {
		return
	}
	if w.texts += len(anomaly.Member) + len(anomaly.Detail); w.texts > maxTexts {
		anomaly.Member, anomaly.Detail = shortened(anomaly.Member), shortened(anomaly.Detail)
	}
	w.facts.Anomalies = append(w.facts.Anomalies, anomaly)
}

// shortened returns a copy of the beginning of a text.
func shortened(text string) string {
	const limit = 100
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "..."
}

// keepBudget returns how many bytes of one more member may be kept, or -1 if too many members are kept.
func (w *walk) keepBudget(name string) int64 {
	before, again := w.facts.Kept[name]
	if !again && len(w.facts.Kept) == maxKeptCount {
		return -1
	}
	return min(maxKept, w.budget+int64(len(before)))
}

// keepMember stores a member's content, instead of that of an earlier one with this name.
func (w *walk) keepMember(name string, content []byte) {
	w.budget += int64(len(w.facts.Kept[name]) - len(content))
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
	if failed := cmp.Or(f.err, w.failed); failed != nil {
		return Facts{}, failed
	}
	w.facts.Broken = err
	return w.done(), nil
}
