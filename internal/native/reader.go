package native

// Reader reads one file after the other. It is not safe for concurrent use.
type Reader struct {
	start  [magicSize]byte
	parse  func(*view) (Binary, bool) // of the format; nil if it is not known yet, or the file is not native code
	other  bool                       // the file is not native code
	view   view
	again  int // how many times the content was asked for once more
	result Binary
	known  bool // whether the file is native code, by what was read of it
}

const (
	magicSize = 4
	mostAgain = 2 // times that a content is asked for once more
)

// Reset begins a file.
func (r *Reader) Reset() {
	r.view.reset()
	r.parse, r.other, r.again, r.result, r.known = nil, false, 0, Binary{}, false
}

// Write takes the next part of the content. It never fails.
func (r *Reader) Write(p []byte) (int, error) {
	n := len(p)
	if r.other {
		return n, nil
	}
	if r.parse == nil {
		if p = r.recognize(p); r.parse == nil {
			return n, nil
		}
	}
	for len(p) > 0 {
		taken, filled := r.view.take(p)
		p = p[taken:]
		if filled {
			r.result, r.known = r.parse(&r.view)
		}
	}
	return n, nil
}

// recognize takes the first bytes, and returns those of p that follow them. If they are of native code, it sets parse.
func (r *Reader) recognize(p []byte) []byte {
	n := copy(r.start[r.view.at:], p)
	if r.view.at += int64(n); r.view.at < magicSize {
		return nil
	}
	switch string(r.start[:]) {
	case "\x7fELF":
		r.parse = parseELF
	case "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe":
		r.parse = parseMachO
	case "\xca\xfe\xba\xbe", "\xca\xfe\xba\xbf":
		r.parse = parseUniversal
	default:
		if string(r.start[:2]) == "MZ" {
			r.parse = parsePE
		}
	}
	if r.parse == nil {
		r.other = true
		return nil
	}
	r.view.begin(r.start[:])
	return p[n:]
}

// Again is called after the content. It returns how many bytes of it are needed once more, from the beginning, followed by another Again;
// 0 if none are.
func (r *Reader) Again() int64 {
	if r.parse == nil {
		return 0
	}
	r.view.end()
	for before := -1; before != len(r.view.spans); { // each finds what the one before could not say
		before = len(r.view.spans)
		r.result, r.known = r.parse(&r.view)
	}
	if r.again == mostAgain {
		return 0
	}
	r.again++
	return r.view.rewind()
}

// Binary returns what the file says of itself, and whether it is native code.
func (r *Reader) Binary() (Binary, bool) { return r.result, r.known }
