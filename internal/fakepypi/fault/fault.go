// Package fault makes a server fail on purpose, as networks and servers do: connections that are refused, reset or closed
// at every point of a request, answers that are lost, late, cut, endless or not what was asked for.
//
// # Goals
//
// A fault is data ([Fault]); all that have a name are one table ([Named]), so that a test can go through every one. A
// fault is planned for one op, after some requests and for some requests ([Plan]), and counts how often it struck: a test
// whose fault never struck has shown nothing. What happens after the request took effect is told apart from what happens
// before ([Point]), since that is what a client cannot know. No fault outlives [Injector.Close].
//
// # Limitations
//
// TCP and HTTP/1.1 alone. A connection is refused by being reset as soon as it is accepted: a port that is really closed
// could not count who knocks. A file is not told by its name, since that stands in the body; the number of the request
// tells it. A client that goes away while a slow fault pauses is noticed after the pause.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Kind is what a fault does.
type Kind string

// The kinds.
const (
	Reset       Kind = "reset"        // the connection ends with a TCP RST
	Close       Kind = "close"        // the connection ends with a FIN, without an answer
	Answer      Kind = "answer"       // an answer that is not the server's own
	Truncate    Kind = "truncate"     // half of the answer, of which the whole was promised
	Oversize    Kind = "oversize"     // the answer, followed by spaces without end
	SlowRequest Kind = "slow-request" // the request is read in small pieces with pauses
	SlowAnswer  Kind = "slow-answer"  // the answer is sent in small pieces with pauses
	Hang        Kind = "hang"         // no answer, and the connection stays open until the client goes
)

// Point is how far a request has come when the fault strikes.
type Point string

// The points.
const (
	AtAccept   Point = "at-accept"   // a connection, before anything of a request was read; for a listener's op alone
	BeforeBody Point = "before-body" // the head of the request was read
	WithinBody Point = "within-body" // half of the body was read; without a body the same as BeforeBody
	AfterBody  Point = "after-body"  // the request was read whole, and has no effect
	AfterStore Point = "after-store" // the request was answered by the real handler: it has its effect
)

// Fault is one way to fail. Fields that a kind has no use for stay empty.
type Fault struct {
	Name  string // in the table of [Named]; may be empty
	Help  string // what a client sees, in one line
	Kind  Kind
	Point Point

	Status     int           // of an Answer
	RetryAfter string        // of an Answer: the header Retry-After as it is
	RetryIn    time.Duration // of an Answer: Retry-After as the date that far ahead, by the server's clock
	Page       bool          // of an Answer: an HTML page, as a proxy sends

	Size int64 // of an Oversize: the bytes after which it ends all the same

	Pace   time.Duration // of the slow ones: the pause before each piece
	Piece  int           // of the slow ones: bytes of a piece
	Pieces int           // of the slow ones: how many pieces are paused for, the rest goes at once; 0 means all
}

// trait is what a kind is: where it can strike, what it needs, and what it does.
type trait struct {
	points []Point
	check  func(Fault) error
	strike func(*strike)
}

// traitOf is the table of kinds. A listener does its two by itself.
func traitOf(k Kind) (trait, bool) {
	read, handled := []Point{AfterBody, AfterStore}, []Point{AfterStore}
	switch k {
	case Reset:
		return trait{[]Point{AtAccept, BeforeBody, WithinBody, AfterBody, AfterStore}, nothing, (*strike).reset}, true
	case Close:
		// What is unread when a connection is closed makes the kernel reset it.
		return trait{append(read, AtAccept), nothing, (*strike).close}, true
	case Answer:
		return trait{append(read, BeforeBody), hasStatus, (*strike).answer}, true
	case Truncate:
		return trait{handled, nothing, (*strike).truncate}, true
	case Oversize:
		return trait{handled, hasSize, (*strike).oversize}, true
	case SlowRequest:
		return trait{handled, hasPace, (*strike).slowRequest}, true
	case SlowAnswer:
		return trait{handled, hasPace, (*strike).slowAnswer}, true
	case Hang:
		return trait{read, nothing, (*strike).hang}, true
	}
	return trait{}, false
}

func nothing(Fault) error { return nil }

func hasStatus(f Fault) error {
	switch {
	case f.Status < 200 || f.Status > 599:
		return fmt.Errorf("it needs a Status from 200 to 599, not %d", f.Status)
	case f.Status == http.StatusNoContent || f.Status == http.StatusNotModified:
		return fmt.Errorf("an answer %d has no body to be wrong", f.Status)
	case f.RetryAfter != "" && f.RetryIn != 0:
		return errors.New("it has RetryAfter and RetryIn: give one of them")
	}
	return nil
}

func hasSize(f Fault) error {
	if f.Size <= 0 {
		return errors.New("it needs a Size above 0")
	}
	return nil
}

func hasPace(f Fault) error {
	if f.Pace <= 0 || f.Piece <= 0 || f.Pieces < 0 {
		return errors.New("it needs a Pace and a Piece above 0, and Pieces of 0 or more")
	}
	return nil
}

// Check tells why the fault could never strike as it says, or nil.
func (f Fault) Check() error {
	t, known := traitOf(f.Kind)
	if !known {
		return fmt.Errorf("fault %s: unknown kind %q", f, f.Kind)
	}
	if !slices.Contains(t.points, f.Point) {
		return fmt.Errorf("fault %s: a %s is possible at one of %v, not at %q", f, f.Kind, t.points, f.Point)
	}
	if err := t.check(f); err != nil {
		return fmt.Errorf("fault %s: %w", f, err)
	}
	return nil
}

// String is the fault's name, or what it is.
func (f Fault) String() string {
	if f.Name != "" {
		return f.Name
	}
	return fmt.Sprintf("%s-%s", f.Kind, f.Point)
}

// Stores tells whether the request takes effect although it fails.
func (f Fault) Stores() bool { return f.Point == AfterStore }
