package distfile

import (
	"maps"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/archive"
)

// inspector looks at the members of one file while they are unpacked.
type inspector struct {
	secrets secretFinder
	native  nativeFinder
	wheel   bool // native code is of interest
}

func (d *Distribution) newInspector() *inspector {
	return &inspector{secrets: secretFinder{scanner: d.memory.scanner()}, wheel: d.Kind() == Wheel}
}

// inspect returns what takes the content of a member.
func (i *inspector) inspect(member string) archive.Inspection {
	m := &inspectedMember{secrets: i.secrets.inspect(member)}
	if i.wheel {
		m.native = &i.native
		m.native.begin(member)
	}
	return m
}

// inspectKept inspects the members whose content is kept, which [archive.Selection.Inspect] leaves out.
func (i *inspector) inspectKept(kept map[string][]byte) {
	for _, member := range slices.Sorted(maps.Keys(kept)) {
		if m := i.secrets.inspect(member); m != nil {
			m.write(kept[member])
			m.close()
		}
	}
}

// inspectedMember is one member while it is unpacked.
type inspectedMember struct {
	secrets *scannedMember // nil if nothing looks for credentials
	native  *nativeFinder  // nil if nothing looks for native code
	whole   bool           // the content was unpacked to its end
}

// Write takes a part of the content, or that part once more. It never fails.
func (m *inspectedMember) Write(p []byte) (int, error) {
	if m.secrets != nil && !m.whole {
		m.secrets.write(p)
	}
	if m.native != nil {
		_, _ = m.native.reader.Write(p) // never fails
	}
	return len(p), nil
}

// Again returns how much is needed once more.
func (m *inspectedMember) Again() int64 {
	m.whole = true
	if m.native == nil {
		return 0
	}
	return m.native.reader.Again()
}

// Close notes what was found. Of native code that is damaged nothing is known.
func (m *inspectedMember) Close() {
	if m.secrets != nil {
		m.secrets.close()
	}
	if m.native != nil && m.whole {
		m.native.note()
	}
}
