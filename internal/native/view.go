package native

// view has the parts of a content that were asked for. A part that has passed already comes when the content is given once more.
type view struct {
	spans []span // the first one is the beginning of the content
	at    int64  // the offset of the next byte
	size  int64  // of the content; 0 before its first end
	kept  int    // bytes of all spans
}

// span is a part of a content.
type span struct {
	at   int64
	size int    // in bytes
	data []byte // as much of it as is there
}

const (
	headSize  = 64 << 10  // bytes of the beginning, which has all that most files are asked for
	pageSize  = 8 << 10   // bytes that are kept at least of what is asked for elsewhere
	mostKept  = 256 << 10 // bytes of all parts
	mostSpans = 32
)

func (s *span) filled() bool { return len(s.data) == s.size }
func (s *span) next() int64  { return s.at + int64(len(s.data)) }

// reset forgets the content, and keeps the memory for the beginning of the next.
func (v *view) reset() {
	if len(v.spans) > 0 {
		v.spans[0].data = v.spans[0].data[:0]
		clear(v.spans[1:])
		v.spans = v.spans[:1]
	}
	v.at, v.size, v.kept = 0, 0, headSize
}

// begin keeps the beginning of the content, of which these are the first bytes.
func (v *view) begin(start []byte) {
	if len(v.spans) == 0 {
		v.spans = append(v.spans, span{data: make([]byte, 0, headSize)})
	}
	v.spans[0].data, v.spans[0].size = append(v.spans[0].data[:0], start...), headSize
	v.at, v.kept = int64(len(start)), headSize
}

// take takes bytes of the content up to the next end of a span, and reports whether one was filled.
func (v *view) take(p []byte) (n int, filled bool) {
	n = len(p)
	for i := range v.spans {
		if s := &v.spans[i]; !s.filled() && s.next() >= v.at {
			n = int(min(int64(n), s.at+int64(s.size)-v.at))
		}
	}
	for i := range v.spans {
		s := &v.spans[i]
		if from := s.next() - v.at; !s.filled() && from >= 0 && from < int64(n) {
			s.data = append(s.data, p[from:n]...)
			filled = filled || s.filled()
		}
	}
	v.at += int64(n)
	return n, filled
}

// end notes that the content has ended: what was to follow does not.
func (v *view) end() {
	v.size = max(v.size, v.at)
	for i := range v.spans {
		if s := &v.spans[i]; s.next() == v.size {
			s.size = len(s.data)
		}
	}
}

// rewind returns how many bytes of the content have all spans that are still to be filled, and what may turn out to follow them; 0 if there
// are none. The content begins again.
func (v *view) rewind() (n int64) {
	for i := range v.spans {
		if s := &v.spans[i]; !s.filled() && s.at < v.size {
			n = max(n, min(s.at+int64(s.size)+headSize, v.size))
		}
	}
	v.at = 0
	return n
}

// bytes returns a part of the content, or false if it is not there. Then it is asked for, unless that would be too much.
func (v *view) bytes(at uint64, n int) ([]byte, bool) {
	const largest = 1 << 62 // an offset that is greater cannot be
	if at > largest || n < 0 || n > mostKept {
		return nil, false
	}
	from, coming := int64(at), false
	for i := range v.spans {
		s := &v.spans[i]
		if from < s.at || from+int64(n) > s.at+int64(s.size) {
			continue
		}
		if from+int64(n) <= s.next() {
			return s.data[from-s.at:][:n], true
		}
		coming = true
	}
	size := max(n, pageSize)
	if coming || len(v.spans) == mostSpans || v.kept+size > mostKept || v.size > 0 && from+int64(n) > v.size {
		return nil, false
	}
	v.kept += size
	v.spans = append(v.spans, span{at: from, size: size})
	return nil, false
}
