package distfile

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/native"
	"github.com/org/pypi-oidc-publish/internal/secretscan"
)

// Native is native code in members of a wheel that say the same of themselves. Those of tests, documentation and examples are left out,
// since they may be for any machine.
type Native struct {
	Member string // the first of these members
	More   int    // how many others there are
	NativeFact
}

// NativeFact is what members with native code say of themselves, by their contents and by their names.
type NativeFact struct {
	native.Binary
	ABI      string // of Python, which the names of extension modules have: see [native.ABI]; empty if they have none
	Library  bool   // they have names of libraries
	Named    bool   // their paths have a word for the machine that they are for
	Launcher bool   // they are programs for Windows, but not scripts of the wheel: tools copy such to other places
}

// MostNative limits the facts that are noted of one file.
const MostNative = 64

// nativeFinder finds native code in the members of one file. It is the inspection of the one that is read.
type nativeFinder struct {
	reader native.Reader
	member string // that is read
	whole  bool   // its content was unpacked to its end
	found  []Native
}

// inspect returns what takes the content of a member.
func (f *nativeFinder) inspect(member string) archive.Inspection {
	f.member, f.whole = member, false
	f.reader.Reset()
	return f
}

// Write takes a part of the content, or that part once more. It never fails.
func (f *nativeFinder) Write(p []byte) (int, error) { return f.reader.Write(p) }

// Again returns how much of the content is needed once more.
func (f *nativeFinder) Again() int64 {
	f.whole = true
	return f.reader.Again()
}

// Close notes what the member is. Of one that is damaged nothing is known.
func (f *nativeFinder) Close() {
	b, known := f.reader.Binary()
	if !known || !f.whole || secretscan.Illustrative(f.member) {
		return
	}
	fact := NativeFact{Binary: b, ABI: native.ABI(f.member), Library: native.IsLibrary(f.member)}
	for _, m := range b.Machines() {
		fact.Named = fact.Named || native.NamesMachine(f.member, m)
	}
	fact.Launcher = b.Format == native.PE && hasSuffix(f.member, ".exe") && !isScript(f.member)
	for i := range f.found {
		if f.found[i].NativeFact == fact {
			f.found[i].More++
			return
		}
	}
	if len(f.found) < MostNative {
		f.found = append(f.found, Native{Member: f.member, NativeFact: fact})
	}
}

// isScript reports whether installers put a member of a wheel where programs are.
func isScript(member string) bool {
	folder, rest, _ := strings.Cut(member, "/")
	return strings.HasSuffix(folder, ".data") && strings.HasPrefix(rest, "scripts/")
}
