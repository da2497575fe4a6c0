// Package fault makes a server fail on purpose, as networks and servers do: connections that are refused, reset or closed at every point
// of a request, and answers that are lost, late, cut, endless or not the expected ones.
//
// # Goals
//
// A fault is data ([Fault]). All faults of one request that have a name are in one table ([Named]), so that a test can try every one.
// A fault is planned for one op, after some requests and for some requests ([Plan]), and counts how often it was injected: a test whose
// fault was never injected has shown nothing. Faults after the request took effect differ from those before ([Point]), because a client
// cannot know which of the two happened. No fault continues after [Injector.Close].
//
// # Limitations
//
// TCP and HTTP/1.1 only. A refused connection is one that is reset as soon as it is accepted: a closed port could not count connections.
// A fault cannot be planned for a file name, because that is in the body; the number of the request selects it instead. If a client
// disconnects while a slow fault pauses, the server notices after the pause.
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
	Truncate    Kind = "truncate"     // half of the answer; its Content-Length announces all of it
	Oversize    Kind = "oversize"     // the answer, followed by many spaces
	SlowRequest Kind = "slow-request" // the request is read in small pieces with pauses
	SlowAnswer  Kind = "slow-answer"  // the answer is sent in small pieces with pauses
	Hang        Kind = "hang"         // no answer, and the connection stays open until the client closes it
	Meet        Kind = "meet"         // the end of the request is read only when all requests of the plan have come to theirs
)

// Point is the progress of a request when the fault is injected.
type Point string

// The points.
const (
	AtAccept   Point = "at-accept"   // a new connection, before anything of a request was read; for the op of a listener only
	BeforeBody Point = "before-body" // the head of the request was read
	WithinBody Point = "within-body" // half of the body was read; without a body the same as BeforeBody
	AfterBody  Point = "after-body"  // the whole request was read, and has no effect
	AfterStore Point = "after-store" // the real handler has answered the request: it has its effect
)

// Fault is one way to fail. Fields that its kind does not use are empty.
type Fault struct {
	Name  string // in the table of [Named]; may be empty
	Help  string // what a client sees, in one line
	Kind  Kind
	Point Point

	Status     int           // for Answer
	RetryAfter string        // for Answer: the value of the header Retry-After
	RetryIn    time.Duration // for Answer: Retry-After as the date this far ahead, by the server's clock
	Page       bool          // for Answer: an HTML page, as a proxy sends

	Size int64 // for Oversize: the number of bytes after which the spaces end

	BytesPerSecond time.Duration // for SlowRequest and SlowAnswer: the pause before each piece
	Piece          int           // for SlowRequest and SlowAnswer: bytes of a piece
	Pieces         int           // for SlowRequest and SlowAnswer: how many pieces have a pause; 0 means all
}

// behavior describes a kind: at which points it can be injected, how to check its fields, and what it does.
type behavior struct {
	points []Point
	check  func(Fault) error
	inject func(*injection)
}

// behaviorOf returns the trait of a kind and reports whether the kind is known. A listener implements Reset and Close at accept itself.
func behaviorOf(k Kind) (behavior, bool) {
	read, handled := []Point{AfterBody, AfterStore}, []Point{AfterStore}
	switch k {
	case Reset:
		return behavior{[]Point{AtAccept, BeforeBody, WithinBody, AfterBody, AfterStore}, nothing, (*injection).reset}, true
	case Close:
		// Closing a connection with unread bytes makes the kernel reset it.
		return behavior{append(read, AtAccept), nothing, (*injection).close}, true
	case Answer:
		return behavior{append(read, BeforeBody), hasStatus, (*injection).answer}, true
	case Truncate:
		return behavior{handled, nothing, (*injection).truncate}, true
	case Oversize:
		return behavior{handled, hasSize, (*injection).oversize}, true
	case SlowRequest:
		return behavior{handled, hasPause, (*injection).slowRequest}, true
	case SlowAnswer:
		return behavior{handled, hasPause, (*injection).slowAnswer}, true
	case Hang:
		return behavior{read, nothing, (*injection).hang}, true
	case Meet:
		return behavior{handled, nothing, (*injection).meet}, true
	}
	return behavior{}, false
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

func hasPause(f Fault) error {
	if f.BytesPerSecond <= 0 || f.Piece <= 0 || f.Pieces < 0 {
		return errors.New("it needs a Pace and a Piece above 0, and Pieces of 0 or more")
	}
	return nil
}

// Check returns an error if the fault can never be injected as described.
func (f Fault) Check() error {
	t, known := behaviorOf(f.Kind)
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

// String returns the fault's name, or kind and point if it has none.
func (f Fault) String() string {
	if f.Name != "" {
		return f.Name
	}
	return fmt.Sprintf("%s-%s", f.Kind, f.Point)
}

// Stores reports whether the request takes effect although it fails.
func (f Fault) Stores() bool { return f.Point == AfterStore }
