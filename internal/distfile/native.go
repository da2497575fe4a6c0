package distfile

import (
	"strings"

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

// nativeFinder finds native code in the members of one file.
type nativeFinder struct {
	reader native.Reader
	member string // that is read
	found  []Native
}

// begin begins a member.
func (f *nativeFinder) begin(member string) {
	f.member = member
	f.reader.Reset()
}

// note notes what the member is that was read.
func (f *nativeFinder) note() {
	b, known := f.reader.Binary()
	if !known || secretscan.Illustrative(f.member) {
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
