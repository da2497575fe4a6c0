package archive

import (
	"bytes"
	"strings"
)

// maxScanned is the size of a source beyond which an index does not look for marks, in bytes.
const maxScanned = 5 << 20

// IsSource matches the members that an index scans: .py and .pye, in any letter case.
func IsSource[Name string | []byte](member Name) bool {
	dot := len(member) - 1
	for dot >= 0 && member[dot] != '.' && member[dot] != '/' {
		dot--
	}
	if dot < 1 || member[dot] != '.' || member[dot-1] == '/' {
		return false // a name that begins with its only dot has no suffix
	}
	suffix := member[dot:]
	return len(suffix) <= len(".pye") && (strings.EqualFold(string(suffix), ".py") || strings.EqualFold(string(suffix), ".pye"))
}

// marksOf are the marks of tools that hide source: PyPI refuses a source that has one of PyArmor's, or both of
// SourceDefender's (docs/reference/pypi-server.md §2.8.1).
var (
	pyArmor = [...]string{
		"__pyarmor__(__name__, __file__,", "__pyarmor_enter__", "__pyarmor_exit__", "__pyarmor_assert__", "__pyarmor_bcc__",
	}
	sourceDefender = [...]string{"---BEGIN PYE FILE---", "---END PYE FILE---"}
)

// longestMark less one is what has to be seen again with the next bytes.
const longestMark = len("__pyarmor__(__name__, __file__,")

// scanner looks for the marks in what is written to it.
type scanner struct {
	tail       []byte // the last bytes written before
	border     []byte // tail, and the first bytes after it
	size       int64
	armored    bool
	begin, end bool
}

// reset begins with another text.
func (s *scanner) reset() {
	*s = scanner{tail: s.tail[:0], border: s.border}
}

// Write looks at p, and across its border with what came before.
func (s *scanner) Write(p []byte) (int, error) {
	if s.size += int64(len(p)); s.size > maxScanned {
		return len(p), nil
	}
	s.border = append(append(s.border[:0], s.tail...), p[:min(len(p), longestMark-1)]...)
	s.look(s.border)
	s.look(p)
	if len(p) >= longestMark-1 {
		s.tail = append(s.tail[:0], p[len(p)-longestMark+1:]...)
	} else {
		s.tail = append(s.tail[:0], s.border[max(0, len(s.border)-longestMark+1):]...)
	}
	return len(p), nil
}

func (s *scanner) look(text []byte) {
	if !s.armored && bytes.Contains(text, []byte("__pyarmor_")) {
		for _, mark := range pyArmor {
			s.armored = s.armored || bytes.Contains(text, []byte(mark))
		}
	}
	if bytes.Contains(text, []byte(" PYE FILE---")) {
		s.begin = s.begin || bytes.Contains(text, []byte(sourceDefender[0]))
		s.end = s.end || bytes.Contains(text, []byte(sourceDefender[1]))
	}
}

// verdict names the tool whose marks were seen, if any.
func (s *scanner) verdict() string {
	switch {
	case s.size > maxScanned:
		return ""
	case s.armored:
		return "PyArmor"
	case s.begin && s.end:
		return "SourceDefender"
	default:
		return ""
	}
}
