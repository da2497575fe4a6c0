package fault

import (
	"net/http"
	"slices"
	"time"
)

const (
	oversize = 65 << 20 // more than a client of an index should read
	pause    = 25 * time.Millisecond
	piece    = 128
	pieces   = 40 // a second in total: slow for a test, but not too slow
)

// Named returns every fault of one request that has a name. To add a fault, add a row here.
func Named() []Fault {
	const (
		requestTimeout, tooEarly, tooManyRequests  = http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests
		serverError, badGateway                    = http.StatusInternalServerError, http.StatusBadGateway
		unavailable, gatewayTimeout                = http.StatusServiceUnavailable, http.StatusGatewayTimeout
		clientClosed, unknownError, connectTimeout = 499, 520, 522 // of a CDN
	)
	return []Fault{
		{Name: "refuse", Kind: Reset, Point: AtAccept, Help: "a new connection is reset at once"},
		{Name: "close-at-accept", Kind: Close, Point: AtAccept, Help: "a new connection is closed at once"},

		{Name: "reset-before-body", Kind: Reset, Point: BeforeBody, Help: "the connection is reset once the head of the request was read"},
		{Name: "reset-within-body", Kind: Reset, Point: WithinBody, Help: "the connection is reset in the middle of the request's body"},
		{
			Name:  "reset-after-body",
			Kind:  Reset,
			Point: AfterBody,
			Help:  "the connection is reset once the request was read; it has no effect",
		},
		{
			Name:  "reset-after-store",
			Kind:  Reset,
			Point: AfterStore,
			Help:  "the request takes effect, and the connection is reset: a lost answer",
		},
		{
			Name:  "close-after-body",
			Kind:  Close,
			Point: AfterBody,
			Help:  "the connection is closed once the request was read; it has no effect",
		},
		{
			Name:  "close-after-store",
			Kind:  Close,
			Point: AfterStore,
			Help:  "the request takes effect, and the connection is closed: a lost answer",
		},

		{Name: "status-408", Kind: Answer, Point: AfterBody, Status: requestTimeout, Help: "408"},
		{Name: "status-425", Kind: Answer, Point: AfterBody, Status: tooEarly, Help: "425"},
		{Name: "status-429", Kind: Answer, Point: AfterBody, Status: tooManyRequests, Help: "429 without Retry-After"},
		{Name: "status-429-seconds", Kind: Answer, Point: AfterBody, Status: tooManyRequests, RetryAfter: "1", Help: "429, Retry-After: 1"},
		{
			Name:    "status-429-date",
			Kind:    Answer,
			Point:   AfterBody,
			Status:  tooManyRequests,
			RetryIn: 2 * time.Second,
			Help:    "429, Retry-After: the date in 2 seconds",
		},
		{Name: "status-500", Kind: Answer, Point: AfterBody, Status: serverError, Help: "500"},
		{Name: "status-502", Kind: Answer, Point: AfterBody, Status: badGateway, Help: "502"},
		{Name: "status-503", Kind: Answer, Point: AfterBody, Status: unavailable, Help: "503 without Retry-After"},
		{Name: "status-503-seconds", Kind: Answer, Point: AfterBody, Status: unavailable, RetryAfter: "1", Help: "503, Retry-After: 1"},
		{
			Name:    "status-503-date",
			Kind:    Answer,
			Point:   AfterBody,
			Status:  unavailable,
			RetryIn: 2 * time.Second,
			Help:    "503, Retry-After: the date in 2 seconds",
		},
		{
			Name:       "status-503-garbage",
			Kind:       Answer,
			Point:      AfterBody,
			Status:     unavailable,
			RetryAfter: "soon",
			Help:       "503, Retry-After: soon",
		},
		{
			Name:   "status-503-early",
			Kind:   Answer,
			Point:  BeforeBody,
			Status: unavailable,
			Help:   "503 before the body of the request was read; the connection is closed after its end",
		},
		{Name: "status-504", Kind: Answer, Point: AfterBody, Status: gatewayTimeout, Help: "504"},
		{
			Name:   "status-499",
			Kind:   Answer,
			Point:  AfterBody,
			Status: clientClosed,
			Help:   "499, as from a CDN that considers the client disconnected",
		},
		{
			Name:   "status-522",
			Kind:   Answer,
			Point:  AfterBody,
			Status: connectTimeout,
			Help:   "522, as from a CDN that cannot connect to the server",
		},
		{
			Name:   "status-500-after-store",
			Kind:   Answer,
			Point:  AfterStore,
			Status: serverError,
			Help:   "the request takes effect, and the answer is 500",
		},
		{
			Name:   "status-502-after-store",
			Kind:   Answer,
			Point:  AfterStore,
			Status: badGateway,
			Page:   true,
			Help:   "the request takes effect, and the answer is 502 with an HTML page",
		},
		{
			Name:       "status-520-after-store",
			Kind:       Answer,
			Point:      AfterStore,
			Status:     unknownError,
			RetryAfter: "1",
			Help:       "the request takes effect, and a CDN's answer is 520, Retry-After: 1",
		},

		{
			Name:   "html-200",
			Kind:   Answer,
			Point:  AfterBody,
			Status: http.StatusOK,
			Page:   true,
			Help:   "200 with an HTML page; the request has no effect",
		},
		{
			Name:   "html-403",
			Kind:   Answer,
			Point:  AfterBody,
			Status: http.StatusForbidden,
			Page:   true,
			Help:   "403 with an HTML page, as from a firewall",
		},
		{Name: "html-502", Kind: Answer, Point: AfterBody, Status: badGateway, Page: true, Help: "502 with an HTML page, as from a proxy"},

		{
			Name:  "truncated-answer",
			Kind:  Truncate,
			Point: AfterStore,
			Help:  "the request takes effect, and half of the answer arrives; its Content-Length says more",
		},
		{
			Name:  "oversized-answer",
			Kind:  Oversize,
			Point: AfterStore,
			Size:  oversize,
			Help:  "the request takes effect, and the answer goes on for 65 MiB",
		},

		{
			Name:           "slow-request",
			Kind:           SlowRequest,
			Point:          AfterStore,
			BytesPerSecond: pause,
			Piece:          piece,
			Pieces:         pieces,
			Help:           "the first 5 KiB of the request's body are read within a second",
		},
		{
			Name:           "slow-answer",
			Kind:           SlowAnswer,
			Point:          AfterStore,
			BytesPerSecond: pause,
			Piece:          piece,
			Pieces:         pieces,
			Help:           "the first 5 KiB of the answer, with its head, are sent within a second",
		},

		{Name: "hang", Kind: Hang, Point: AfterBody, Help: "the request is read, and nothing more happens; it has no effect"},
		{Name: "hang-after-store", Kind: Hang, Point: AfterStore, Help: "the request takes effect, and nothing more happens"},
	}
}

// Race returns the fault of several requests that race each other: each is handled as usual, but none has its effect before all of them
// were read. Times of its plan says how many they are.
func Race() Fault {
	return Fault{
		Name: "race", Kind: Meet, Point: AfterStore,
		Help: "as many requests as times says are handled at the same moment, so that they race each other; none waits for more than " +
			"10 seconds",
	}
}

// ByName returns the fault with this name and reports whether there is one.
func ByName(name string) (Fault, bool) {
	all := append(Named(), Race())
	at := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
	if at < 0 {
		return Fault{}, false
	}
	return all[at], true
}
