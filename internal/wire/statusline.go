package wire

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// Bounds of an answer's head, in bytes.
const (
	longestReason     = 64 * kib  // what is handed on of a status line; a longer one is cut
	longestStatusLine = mib       // what is read of a status line; a longer one is an error
	longestHead       = 256 * kib // what is handed on of a head, with the interim ones before it; a longer one is an error
)

// longestTogether is the most, in bytes, that is copied so that it is one packet with the head of its request.
const longestTogether = 16 * kib

// responseConn is a connection whose status lines have one line each. PyPI puts the whole of its message into the status line, line feeds
// included, and net/http then fails to read the answer. It stands above TLS, since below there is nothing to read.
//
// It changes nothing but the head of an answer that is expected: bodies, and bytes that come unasked, are handed on as they are.
type responseConn struct {
	net.Conn
	expected atomic.Bool // a request has got the connection, and nothing of its answer was read yet

	// Of Read alone, which one goroutine calls.
	filter headFilter
	ready  []byte // filtered, and not handed on yet
	err    error  // of the connection, which comes after what is ready

	// Of Write and ReadFrom, which one goroutine calls.
	hasBody atomic.Bool // the next bytes that are written are the head of a request, and a body follows
	head    []byte      // of a request, which is written together with the beginning of its body
}

// begin has the connection take the next bytes that it reads for the head of an answer. It is called when a request gets the connection,
// which is before anything of the request is written and after everything of the answer before was read. hasBody reports whether the
// request has a body of a byte at least.
func (c *responseConn) begin(hasBody bool) {
	c.hasBody.Store(hasBody)
	c.expected.Store(true)
}

// Write writes. The transport writes the head of a request by itself if a body follows; so that the two are one packet if they are short,
// it is kept until the body comes.
func (c *responseConn) Write(p []byte) (int, error) {
	if c.hasBody.Swap(false) {
		c.head = append(c.head[:0], p...)
		return len(p), nil
	}
	head := c.head
	c.head = c.head[:0]
	if len(head) == 0 {
		return c.Conn.Write(p)
	}
	if len(p) > longestTogether {
		if _, err := c.Conn.Write(head); err != nil {
			return 0, err
		}
		return c.Conn.Write(p)
	}
	together := append(head, p...)
	c.head = together[:0]
	n, err := c.Conn.Write(together)
	return max(n-len(head), 0), err
}

// Read reads, and joins the lines of a reason phrase. The transport calls it in a goroutine of its own, so that a panic is an error.
func (c *responseConn) Read(p []byte) (n int, err error) {
	if failed := par.Catch(func() error {
		n, err = c.read(p)
		return nil
	}); failed != nil {
		return 0, failed
	}
	return n, err
}

// ReadFrom writes all that r has. The transport calls it for a body, of which it would write 32 KiB at a time by itself, from other memory.
func (c *responseConn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if body, ok := limited.R.(*requestBody); ok {
			n, err := body.writeTo(c, limited.N)
			limited.N -= n
			return n, err
		}
	}
	return io.Copy(struct{ io.Writer }{c}, r) // so that Copy does not call this again
}

func (c *responseConn) read(p []byte) (int, error) {
	for {
		if len(c.ready) > 0 {
			n := copy(p, c.ready)
			c.ready = c.ready[n:]
			return n, nil
		}
		if c.err != nil {
			return 0, c.err
		}
		n, err := c.Conn.Read(p)
		// The transport is reading before it writes a request, so that only now it is known what was read.
		if c.expected.Swap(false) {
			c.ready = c.filter.takePending() // nothing, but where an answer broke off
			c.filter.part = statusCode
		}
		if c.filter.part == passed {
			return n, err
		}
		c.ready, c.err = c.filter.feed(c.ready, p[:n])
		if c.err == nil && err != nil {
			c.ready, c.err = append(c.ready, c.filter.takePending()...), err
		}
		if len(p) == 0 && c.err == nil {
			return 0, nil
		}
	}
}

// headPart is how far the head of an answer was read.
type headPart uint8

const (
	passed     headPart = iota // nothing is looked at: the head is over, or it is none
	statusCode                 // the beginning of the status line: HTTP/1.1 200
	afterCode                  // the byte behind that, which ends the code
	reason                     // the rest of the status line
	fields                     // the header fields
)

// headFilter joins the lines of a reason phrase with blanks. It holds back what follows the first bare line feed in a status line until
// it knows which of two it is: up to a CR LF it is a reason of several lines; an empty line before any CR LF ends the head of a server that
// ends every line with a bare line feed, which net/http reads, and which stays as it is. A reason that has an empty line itself is taken
// for that as well: to wait for a CR LF could mean to wait for ever.
type headFilter struct {
	part    headPart
	code    [3]byte // of the status line
	last    byte    // the byte before
	line    int     // bytes of the line so far
	before  int     // bytes of interim heads that were handed on
	written int     // bytes of this head that were
	pending []byte  // of the status line, from its first bare line feed on
	dropped bool    // bytes of the status line were dropped, since it is too long
}

// feed appends to out what is to be handed on of the next bytes of an answer. Its error is a [*TooLong], which comes after that.
func (f *headFilter) feed(out, next []byte) ([]byte, error) {
	for i, b := range next {
		var err error
		switch f.part {
		case passed:
			return append(out, next[i:]...), nil
		case statusCode:
			out = f.readCode(out, b)
		case afterCode:
			if b != ' ' && b != '\r' && b != '\n' {
				f.part = passed
				return append(out, next[i:]...), nil
			}
			f.part = reason
			out, err = f.readReason(out, b)
		case reason:
			out, err = f.readReason(out, b)
		case fields:
			out, err = f.readField(out, b)
		}
		if err != nil {
			return out, err
		}
		f.last = b
	}
	return out, nil
}

// takePending returns what is held back, as it came, and passes everything from then on.
func (f *headFilter) takePending() []byte {
	pending := f.pending
	*f = headFilter{}
	return pending
}

// readCode reads one byte of "HTTP/1.1 200". What begins otherwise is no answer, and is not looked at.
func (f *headFilter) readCode(out []byte, b byte) []byte {
	const pattern = "HTTP/1.9 999" // 9: any digit
	want := pattern[f.line]
	if b != want && (want != '9' || b < '0' || b > '9') {
		f.part = passed
		return append(out, b)
	}
	if at := f.line - len(pattern) + len(f.code); at >= 0 {
		f.code[at] = b
	}
	f.line++
	f.written++
	if f.line == len(pattern) {
		f.part = afterCode
	}
	return append(out, b)
}

// readReason reads one byte of the status line behind its code.
func (f *headFilter) readReason(out []byte, b byte) ([]byte, error) {
	f.line++
	switch {
	case f.line > longestStatusLine:
		return out, &TooLong{Bound: longestStatusLine, Part: "status line"}
	case b == '\n' && f.last == '\r':
		return f.endStatusLine(out), nil
	case b == '\n' && f.last == '\n': // the second bare one: the first is pending
		if f.dropped {
			return out, &TooLong{Bound: longestHead, Part: "head"}
		}
		return append(append(out, f.takePending()...), b), nil
	case b == '\n' || len(f.pending) > 0:
		if len(f.pending) < longestHead {
			f.pending = append(f.pending, b)
		} else {
			f.dropped = true
		}
	case f.written < longestReason:
		out = append(out, b)
		f.written++
	default:
		f.dropped = true
	}
	return out, nil
}

// endStatusLine hands on the rest of a status line of which the CR was read, and whose LF comes now.
func (f *headFilter) endStatusLine(out []byte) []byte {
	whole := len(f.pending) == 0 && !f.dropped // all but the LF was handed on
	if !whole {
		joined := bytes.ReplaceAll(bytes.TrimSuffix(f.pending, []byte("\r")), []byte("\n"), []byte(" "))
		joined = joined[:min(len(joined), max(longestReason-f.written, 0))]
		out = append(append(out, joined...), '\r')
		f.written += len(joined) + 1
	}
	f.written++
	f.part, f.line, f.pending = fields, 0, nil
	return append(out, '\n')
}

// readField reads one byte of the header fields, up to the empty line.
func (f *headFilter) readField(out []byte, b byte) ([]byte, error) {
	f.written++
	if f.before+f.written > longestHead {
		return out, &TooLong{Bound: longestHead, Part: "head"}
	}
	switch {
	case b != '\n':
		f.line++
	case f.line > 1 || (f.line == 1 && f.last != '\r'):
		f.line = 0
	case f.code[0] == '1' && string(f.code[:]) != "101": // an interim answer: another one follows
		*f = headFilter{part: statusCode, before: f.before + f.written}
	default:
		f.part = passed
	}
	return append(out, b), nil
}
