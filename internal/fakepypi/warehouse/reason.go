package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// How errors are answered (docs/reference/pypi-server.md §1.2): the message is in the status line's reason phrase and in the body, in a
// format that follows Accept; for 404 the body is a page without the message.

// refusal describes an answer of the upload endpoint other than 200.
type refusal struct {
	status  int
	message string // empty means the status code's standard text
	// general is the sentence before the message in the body; empty means that of the status.
	general string
	header  http.Header // sent besides; may be nil
}

// refuse returns a refusal with the status and a formatted message.
func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// bad returns a refusal with the status 400.
func bad(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, format, args...)
}

// reason returns the reason phrase of the status line.
func (r *refusal) reason() string {
	if r.message == "" {
		return http.StatusText(r.status)
	}
	return r.message
}

// drainLimit is the maximum number of bytes read of a request that is refused before its body was read.
const drainLimit = 4 << 30

// answerRefusal writes the refusal with its reason phrase. The server of net/http cannot send a custom reason phrase, so the handler
// takes over the connection and closes it afterwards, as its Connection header says.
func answerRefusal(w http.ResponseWriter, r *http.Request, refused *refusal) {
	// Closing a connection with unread bytes resets it, and the client would lose the answer.
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, drainLimit))
	kind, body := refusalBody(refused, r.Header.Values("Accept"))
	header := w.Header()
	maps.Copy(header, refused.header)
	header.Set("Content-Type", kind)
	if refused.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="index"`)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 has no reason phrase
		w.WriteHeader(refused.status)
		_, _ = w.Write(body)
		return
	}
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d ", refused.status)
	b.Write(latin1(refused.reason()))
	b.WriteString("\r\n")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Connection", "close")
	_ = header.Write(&b) // writing to a buffer cannot fail
	b.WriteString("\r\n")
	if r.Method != http.MethodHead {
		b.Write(body)
	}
	_, _ = conn.Write(b.Bytes())
}

// latin1 returns a reason phrase in ISO 8859-1. Line feeds stay, as on PyPI, which sends a message of several lines unchanged: most
// clients cannot read that. Other control characters, and characters outside the alphabet, become question marks.
func latin1(text string) []byte {
	text = strings.ReplaceAll(text, "\r\n", "\n") // a CR LF would end the status line
	out := make([]byte, 0, len(text))
	for _, r := range encodable(text) {
		if (r < ' ' && r != '\n') || r == 0x7f {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

// encodable returns a text with question marks for characters outside ISO 8859-1, as the index has it in the status line and in the code of
// a JSON body.
func encodable(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xff {
			return '?'
		}
		return r
	}, text)
}

// refusalBody returns the content type and the body of a refusal.
func refusalBody(refused *refusal, accept []string) (kind string, body []byte) {
	if refused.status == http.StatusNotFound {
		return "text/html; charset=UTF-8", errorPage(refused.status)
	}
	status := fmt.Sprintf("%d %s", refused.status, encodable(refused.reason()))
	switch preferred(accept, "text/plain", "text/html", "application/json") {
	case "application/json":
		body, _ = json.Marshal(map[string]string{ // encoding a map of strings cannot fail
			"message": refused.explanation() + refused.detail(),
			"code":    status,
			"title":   http.StatusText(refused.status),
		})
		return "application/json", body
	case "text/html":
		return "text/html; charset=UTF-8", fmt.Appendf(nil,
			"<html>\n <head>\n  <title>%[1]s</title>\n </head>\n <body>\n  <h1>%[1]s</h1>\n  %[2]s<br/><br/>\n%[3]s\n\n\n </body>\n</html>",
			html.EscapeString(status), html.EscapeString(refused.explanation()), html.EscapeString(refused.message))
	default:
		return "text/plain; charset=UTF-8", refused.text()
	}
}

// text returns the body as plain text.
func (r *refusal) text() []byte {
	return fmt.Appendf(nil, "%d %s\n\n%s%s", r.status, encodable(r.reason()), r.explanation(), r.detail())
}

// detail returns the message as it follows the explanation in a body.
func (r *refusal) detail() string {
	if r.status == http.StatusPermanentRedirect || r.status == http.StatusMovedPermanently {
		return "\n" + r.message + "\n"
	}
	return "\n\n\n" + r.message + "\n\n"
}

// explanation returns the general text that comes before the message in a body. A success has none.
func (r *refusal) explanation() string {
	if r.general != "" {
		return r.general
	}
	switch r.status {
	case http.StatusOK:
		return ""
	case http.StatusBadRequest:
		return "The server could not comply with the request since it is either malformed or otherwise incorrect."
	case http.StatusForbidden:
		return "Access was denied to this resource."
	case http.StatusGone:
		return "This resource is no longer available.  No forwarding address is given."
	case http.StatusConflict:
		return "There was a conflict when trying to complete your request."
	case http.StatusTooManyRequests:
		return "The action could not be performed because there were too many requests by the client."
	default:
		return "The server has either erred or is incapable of performing the requested operation."
	}
}

// errorPage returns an HTML page in the site's own design. It has the status and a general text, never the message.
func errorPage(status int) []byte {
	text := map[int]string{
		http.StatusForbidden: "Access to this page is forbidden.",
		http.StatusNotFound:  "We looked everywhere but couldn't find this page.",
		http.StatusGone:      "This page is gone.",
	}[status]
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return fmt.Appendf(nil,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>%[1]s · rehearsal index</title></head>\n"+
			"<body>\n<main>\n<h1>%[1]s</h1>\n<p>%[2]s</p>\n<p><a href=\"/\">Go back to the start</a></p>\n</main>\n</body>\n</html>\n",
		title, text)
}
