package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// How errors come back (docs/reference/pypi-server.md §1.2): the message stands in the status line's reason phrase. For
// 400, 409 and 429 it
// is in the body too, in a form that follows Accept; for 403, 404 and 410 the body is a page that does not have it.

// refusal is an answer of the upload endpoint other than 200.
type refusal struct {
	status  int
	message string // empty means the status code's own words
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// bad is the most frequent refusal.
func bad(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, format, args...)
}

func (r *refusal) reason() string {
	if r.message == "" {
		return http.StatusText(r.status)
	}
	return r.message
}

// drainLimit bounds what is read of a request that is refused before its body was looked at, in bytes.
const drainLimit = 4 << 30

// answerRefusal writes the refusal with its reason phrase. The server of net/http cannot send one of our own, so the
// connection is taken over; it is closed afterwards and says so.
func answerRefusal(w http.ResponseWriter, r *http.Request, no *refusal) {
	// A close with unread bytes resets the connection, and the client would lose the answer.
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, drainLimit))
	kind, body := refusalBody(no, r.Header.Values("Accept"))
	header := w.Header()
	header.Set("Content-Type", kind)
	if no.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="index"`)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 has no reason phrase
		w.WriteHeader(no.status)
		_, _ = w.Write(body)
		return
	}
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d ", no.status)
	b.Write(latin1(no.reason()))
	b.WriteString("\r\n")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Connection", "close")
	_ = header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	if r.Method != http.MethodHead {
		b.Write(body)
	}
	_, _ = conn.Write(b.Bytes())
}

// latin1 encodes a reason phrase. Its line feeds stay, as on the real index, which sends a message of several lines as it is: most clients
// cannot read that. Other control characters, and what is not in the alphabet, are replaced.
func latin1(text string) []byte {
	text = strings.ReplaceAll(text, "\r\n", "\n") // a CR LF would end the status line
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff || (r < ' ' && r != '\n') || r == 0x7f {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

// refusalBody returns the content type and the body of a refusal.
func refusalBody(no *refusal, accept []string) (kind string, body []byte) {
	switch no.status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return "text/html; charset=UTF-8", errorPage(no.status)
	}
	status := fmt.Sprintf("%d %s", no.status, no.reason())
	switch preferred(accept, "text/plain", "text/html", "application/json") {
	case "application/json":
		body, _ = json.Marshal(map[string]string{ // a map of texts always encodes
			"message": explanation(no.status) + "\n\n\n" + no.message + "\n\n",
			"code":    status,
			"title":   http.StatusText(no.status),
		})
		return "application/json", body
	case "text/html":
		return "text/html; charset=UTF-8", fmt.Appendf(nil,
			"<html>\n <head>\n  <title>%[1]s</title>\n </head>\n <body>\n  <h1>%[1]s</h1>\n  %[2]s<br/><br/>\n%[3]s\n\n\n </body>\n</html>",
			html.EscapeString(status), explanation(no.status), html.EscapeString(no.message))
	default:
		return "text/plain; charset=UTF-8", fmt.Appendf(nil, "%s\n\n%s\n\n\n%s\n\n", status, explanation(no.status), no.message)
	}
}

func explanation(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "The server could not comply with the request since it is either malformed or otherwise incorrect."
	case http.StatusConflict:
		return "There was a conflict when trying to complete your request."
	case http.StatusTooManyRequests:
		return "The action could not be performed because there were too many requests by the client."
	case http.StatusPermanentRedirect:
		return "The resource has been moved permanently."
	default:
		return "The server has either erred or is incapable of performing the requested operation."
	}
}

// errorPage is a page of the site's own design: it has the code and a general text, never the message.
func errorPage(status int) []byte {
	text := map[int]string{
		http.StatusForbidden: "Access to this page is forbidden.",
		http.StatusNotFound:  "We looked everywhere but couldn't find this page.",
		http.StatusGone:      "This page is gone.",
	}[status]
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return fmt.Appendf(nil, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>%[1]s · rehearsal index</title></head>\n"+
		"<body>\n<main>\n<h1>%[1]s</h1>\n<p>%[2]s</p>\n<p><a href=\"/\">Go back to the start</a></p>\n</main>\n</body>\n</html>\n", title, text)
}
