package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// AcceptReadable is the Accept header of requests whose refusal people must understand: it prefers JSON and plain text to HTML.
const AcceptReadable = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"

// maxMessage bounds a server's message, in bytes.
const maxMessage = 2000

// ServerMessage returns the server's own message: its reason phrase if that says more than the status code, else its body as JSON, plain
// text or HTML without the tags, else the status code and its name. An index gives its reason in either, and in some answers only in one
// (docs/reference/pypi-server.md §1.2). The message is never empty, one line, redacted, bounded, and not yet safe to print.
func (a *Answer) ServerMessage() string {
	reason := a.oneLine(a.reason())
	if isPlaceholder(a.Status, reason) {
		reason = ""
	}
	if reason != "" && !isStockPhrase(a.Status, reason) {
		return reason
	}
	if body := a.oneLine(a.bodyMessage()); body != "" {
		return body
	}
	if reason == "" {
		reason = http.StatusText(a.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, reason))
}

// reason returns the reason phrase as UTF-8, with the characters that the status line cannot have.
func (a *Answer) reason() string {
	reason := decodeReason(a.Reason)
	if !strings.Contains(reason, unencodable) {
		return reason
	}
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(a.Body, &body) == nil {
		return withCharacters(reason, body.Message)
	}
	return withCharacters(reason, a.bodyMessage())
}

// unencodable is what servers write in the status line for a character that ISO 8859-1 does not have.
const unencodable = "?"

// withCharacters returns a reason in which the question marks for what could not be encoded are the characters that a longer message has at
// its end (docs/reference/pypi-server.md §1.2). It returns the reason unchanged if the message does not end with it.
func withCharacters(reason, message string) string {
	reason = strings.Join(strings.Fields(reason), " ")
	visible, whole := []rune(reason), []rune(strings.Join(strings.Fields(message), " "))
	if len(visible) > len(whole) {
		return reason
	}
	end := whole[len(whole)-len(visible):]
	for i, r := range visible {
		if r != end[i] && string(r) != unencodable {
			return reason
		}
	}
	return string(end)
}

// oneLine returns a text of the answer on one line and bounded. It is redacted before it is cut, since a part of a secret is not
// recognised.
func (a *Answer) oneLine(text string) string {
	if a.redact != nil {
		text = a.redact(text)
	}
	return truncate(text, maxMessage)
}

// isStockPhrase reports whether a reason says no more than the status code: it is Go's phrase for it, or that of another server.
func isStockPhrase(status int, reason string) bool {
	phrases := []string{
		http.StatusText(status), "Unprocessable Content", "Content Too Large", "Payload Too Large", "Service Temporarily Unavailable",
		"Gateway Time-out", "Moved Temporarily", "Backend fetch failed", "first byte timeout", "Backend unavailable, connection timeout",
	}
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.EqualFold(reason, phrase) })
}

// isPlaceholder reports whether a reason is what servers write where a status has no name, as those of gateways.
func isPlaceholder(status int, reason string) bool {
	return strings.EqualFold(reason, fmt.Sprintf("status code %d", status))
}

// bodyMessage returns the message in the body, as its media type has it; empty if there is none.
func (a *Answer) bodyMessage() string {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	body := string(a.Body)
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return jsonMessage(a.Body)
	case kind == "text/html" || strings.HasPrefix(strings.TrimSpace(body), "<"):
		return htmlText(body)
	case strings.HasPrefix(kind, "text/"), kind == "" && utf8.Valid(a.Body):
		return body
	default:
		return ""
	}
}

// jsonMessage returns the members in which indexes, Sigstore and GitHub put their reason; empty if there are none.
func jsonMessage(body []byte) string {
	var members struct {
		Message     string     `json:"message"`
		Code        string     `json:"code"`
		Title       string     `json:"title"` // RFC 9457
		Detail      string     `json:"detail"`
		Error       jsonErrors `json:"error"`
		Description string     `json:"description"`
		Errors      jsonErrors `json:"errors"`
	}
	if !decodeLenient(body, &members) {
		return ""
	}
	var parts []string
	explained := false // those of GitHub have a code alone, and the message is beside them
	for _, e := range members.Errors {
		parts = append(parts, joined(": ", e.Field, e.Code, e.Description, e.Message))
		explained = explained || e.Description != "" || e.Message != ""
	}
	switch all := joined("; ", parts...); {
	case explained:
		return all
	case all != "":
		return joined(": ", members.Message, all)
	}
	// WebOb's code is the whole status line, and its message is boilerplate (docs/reference/pypi-server.md §1.2).
	if status, reason, ok := strings.Cut(members.Code, " "); ok && len(status) == 3 && strings.Trim(status, "0123456789") == "" {
		return withCharacters(reason, members.Message)
	}
	own := ""
	if len(members.Error) > 0 {
		own = joined(": ", members.Error[0].Code, members.Error[0].Message)
	}
	text := joined(": ", members.Message, members.Title, members.Detail, own, members.Description)
	if text == "" {
		text = jsonReason(body)
	}
	return joined(": ", text, members.Code)
}

// jsonErrors are the errors in an answer: a list, or one, each of which is a text or an object.
type jsonErrors []jsonError

// jsonError is one error in an answer. A plain text is its code: the message, if there is one, is beside it.
type jsonError struct {
	Field       string `json:"field"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Message     string `json:"message"`
}

// UnmarshalJSON reads errors of any form. What has none of the known members is an empty error.
func (e *jsonErrors) UnmarshalJSON(text []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		list = []json.RawMessage{text}
	}
	for _, raw := range list {
		var one jsonError
		if json.Unmarshal(raw, &one.Code) != nil {
			decodeLenient(raw, &one)
		}
		*e = append(*e, one)
	}
	return nil
}

// decodeLenient decodes the first JSON value of a text, and reports whether there is one. A member of another type than expected, such as
// a code that is a number, is left out.
func decodeLenient(text []byte, into any) bool {
	var other *json.UnmarshalTypeError
	err := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).Decode(into)
	return err == nil || errors.As(err, &other)
}

// ReportsError reports whether the body is a JSON object with an error in it: a member error or errors that is not empty. Some servers
// answer so with a 2xx, which is then no success.
func (a *Answer) ReportsError() bool {
	var members struct {
		Error  any `json:"error"`
		Errors any `json:"errors"`
	}
	if !bytes.Contains(bytes.ToLower(a.Body), []byte("error")) && !bytes.Contains(a.Body, []byte(`\`)) {
		return false // it has no such member, not even one whose name is escaped
	}
	return decodeLenient(a.Body, &members) && (!isEmpty(members.Error) || !isEmpty(members.Errors))
}

// isEmpty reports whether a decoded JSON value is null, false, zero, a blank text, or a list or an object without content.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return false
	}
}

// joined returns the parts that are not empty with by between them.
func joined(by string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, by)
}

// htmlText returns the text of a page, without scripts, styles and tags: its body, or its title if there is nothing else.
func htmlText(page string) string {
	silent := regexp.MustCompile(`(?is)<(head|script|style)\b.*?</(head|script|style)>|<!--.*?-->`)
	tags := regexp.MustCompile(`(?s)<[^>]*>`)
	if text := html.UnescapeString(tags.ReplaceAllString(silent.ReplaceAllString(page, " "), " ")); strings.TrimSpace(text) != "" {
		return text
	}
	return html.UnescapeString(tags.ReplaceAllString(page, " "))
}

// decodeReason returns a reason phrase as UTF-8: bytes above ASCII are ISO 8859-1, unless all of it is UTF-8.
func decodeReason(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	runes := make([]rune, 0, len(text))
	for _, b := range []byte(text) {
		runes = append(runes, rune(b))
	}
	return string(runes)
}

// truncate returns a text on one line, with one space for any white space. It is cut after a whole character to at most so many bytes, and
// ends with an ellipsis then.
func truncate(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if kept := phrase.Beginning(text, most); kept != text {
		return kept + " …"
	}
	return text
}
