package wire

import (
	"net/http"
	"slices"
	"strings"
)

// The statuses of a gateway, such as a CDN, that has no answer of the server behind it to hand on. No standard has them: 499 is nginx's,
// 520 to 530 are Cloudflare's.
const (
	clientClosedRequest = 499
	firstGatewayStatus  = 520
	lastGatewayStatus   = 530
)

// Temporary reports whether the status says nothing about what was asked for, so that the same request may be answered otherwise later. A
// nil answer, which is none, is not temporary.
func (a *Answer) Temporary() bool {
	if a == nil {
		return false
	}
	switch a.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return a.Ambiguous()
}

// Ambiguous reports whether a request with this answer may have had its effect all the same: its status is an error of a server, or of a
// gateway that lost the answer of the server behind it. A nil answer, which is none, is not ambiguous.
func (a *Answer) Ambiguous() bool {
	return a != nil && (a.Status >= http.StatusInternalServerError || a.Status == clientClosedRequest)
}

// overloaded reports whether the server wants fewer requests, or is in distress.
func (a *Answer) overloaded() bool {
	return a != nil && (a.Status == http.StatusTooManyRequests || a.Ambiguous())
}

// succeeded reports whether there is an answer, and it is a 2xx.
func (a *Answer) succeeded() bool { return a != nil && a.Status/100 == 2 }

// transient returns the statuses that are worth another try; each is also [Answer.Temporary]. The index's 500 may be a race of two first
// files of one release, which the same bytes sent again resolve.
func transient() []int {
	all := []int{
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, clientClosedRequest,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
	for status := firstGatewayStatus; status <= lastGatewayStatus; status++ {
		all = append(all, status)
	}
	return all
}

// unreached returns the statuses of a gateway that had no connection to the server behind it: that server is down (503, 521), did not take
// the connection (522), was not found (523), did not do the TLS handshake (525), is not trusted (526), or the gateway has an error of its
// own (530).
func unreached() []int { return []int{http.StatusServiceUnavailable, 521, 522, 523, 525, 526, 530} }

// mayHaveReached reports whether an answer with one of these statuses says all the same that the server behind the gateway was asked, and
// its answer lost: the reasons are those of Fastly and Varnish, which have no status of its own for it.
func mayHaveReached(a *Answer) bool {
	lost := []string{"first byte timeout", "between bytes timeout", "backend read error", "Backend fetch failed"}
	says := func(reason string) bool { return strings.EqualFold(a.Reason, reason) }
	return a.Status == http.StatusServiceUnavailable && slices.ContainsFunc(lost, says)
}
