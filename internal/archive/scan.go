package archive

import (
	"bytes"
	"strings"
)

// maxScanned limits the sources that an index scans, in bytes.
const maxScanned = 5 << 20

// IsSource reports whether an index scans a member: .py and .pye, in any letter case.
func IsSource[Name string | []byte](member Name) bool {
	dot := len(member) - 1
	for dot >= 0 && member[dot] != '.' && member[dot] != '/' {
		dot--
	}
	if dot < 1 || member[dot] != '.' || member[dot-1] == '/' {
		return false // a name with only a leading dot has no suffix
	}
	suffix := member[dot:]
	return len(suffix) <= len(".pye") && (strings.EqualFold(string(suffix), ".py") || strings.EqualFold(string(suffix), ".pye"))
}

// Marks of tools that hide source: PyPI refuses a source that has one of PyArmor's, or both of SourceDefender's
// (docs/reference/pypi-server.md §2.8.1).
var (
	pyArmor = [...]string{
		"__pyarmor__(__name__, __file__,", "__pyarmor_enter__", "__pyarmor_exit__", "__pyarmor_assert__", "__pyarmor_bcc__",
	}
	sourceDefender = [...]string{"---BEGIN PYE FILE---", "---END PYE FILE---"}
)

// longestMark minus one is how many bytes must be scanned again together with the next ones.
const longestMark = len("__pyarmor__(__name__, __file__,")

// scanner searches the written bytes for the marks.
type scanner struct {
	tail       []byte // the last bytes of the previous writes
	border     []byte // tail, and the first bytes after it
	size       int64
	armored    bool
	begin, end bool
}

// reset begins another text.
func (s *scanner) reset() {
	*s = scanner{tail: s.tail[:0], border: s.border}
}

// Write scans p, and the border between it and the previous bytes. It never fails.
func (s *scanner) Write(p []byte) (int, error) {
	if s.size += int64(len(p)); s.size > maxScanned {
		return len(p), nil
	}
	s.border = append(append(s.border[:0], s.tail...), p[:min(len(p), longestMark-1)]...)
	s.scan(s.border)
	s.scan(p)
	if len(p) >= longestMark-1 {
		s.tail = append(s.tail[:0], p[len(p)-longestMark+1:]...)
	} else {
		s.tail = append(s.tail[:0], s.border[max(0, len(s.border)-longestMark+1):]...)
	}
	return len(p), nil
}

func (s *scanner) scan(text []byte) {
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

// result returns the tool whose marks were found, or an empty text.
func (s *scanner) result() string {
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
