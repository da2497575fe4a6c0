package wire

import (
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

// AcceptWords is the Accept header of requests whose refusal people must understand: the plainer the better.
const AcceptWords = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"

// longestWords bounds what is repeated of an answer, in bytes.
const longestWords = 2000

// Words is what the server said, for people: its status line where that says more than the code does, else its body
// as JSON, plain text or HTML without the tags. An index tells its reason in either, and in some answers only in one
// (reference: pypi-server.md, section 1.2). It is never empty, one line, bounded, and not yet safe to print.
func (a *Answer) Words() string {
	reason := a.line(latin1(a.Reason))
	if reason != "" && !stock(a.Status, reason) {
		return reason
	}
	if body := a.line(a.bodyWords()); body != "" {
		return body
	}
	if reason == "" {
		reason = http.StatusText(a.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, reason))
}

// line is a text as one line, redacted before it is cut: a part of a secret is not known any more.
func (a *Answer) line(text string) string {
	if a.redact != nil {
		text = a.redact(text)
	}
	return oneLine(text)
}

// stock tells that a reason says no more than the code does: Go's phrase for it, or one of those that other servers have.
func stock(status int, reason string) bool {
	phrases := []string{
		http.StatusText(status), "Unprocessable Content", "Content Too Large", "Payload Too Large", "Service Temporarily Unavailable",
		"Gateway Time-out", "Moved Temporarily", "Backend fetch failed", "first byte timeout", "Backend unavailable, connection timeout",
	}
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.EqualFold(reason, phrase) })
}

func (a *Answer) bodyWords() string {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	body := string(a.Body)
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return jsonWords(a.Body)
	case kind == "text/html" || strings.HasPrefix(strings.TrimSpace(body), "<"):
		return htmlWords(body)
	case strings.HasPrefix(kind, "text/"), kind == "" && utf8.Valid(a.Body):
		return body
	default:
		return ""
	}
}

// jsonWords reads the members in which servers of this field put their reason.
func jsonWords(body []byte) string {
	var said struct {
		Message     string `json:"message"`
		Code        string `json:"code"`
		Detail      string `json:"detail"`
		Error       string `json:"error"`
		Description string `json:"description"`
		Errors      []struct {
			Field       string `json:"field"`
			Code        string `json:"code"`
			Description string `json:"description"`
			Message     string `json:"message"`
		} `json:"errors"`
	}
	var other *json.UnmarshalTypeError // one field of another type, such as a code that is a number: the rest is read all the same
	if err := json.Unmarshal(body, &said); err != nil && !errors.As(err, &other) {
		return ""
	}
	var parts []string
	worded := false // GitHub's have a code alone, and the words stand beside them
	for _, e := range said.Errors {
		parts = append(parts, joined(": ", e.Field, e.Code, e.Description, e.Message))
		worded = worded || e.Description != "" || e.Message != ""
	}
	switch all := joined("; ", parts...); {
	case worded:
		return all
	case all != "":
		return joined(": ", said.Message, all)
	}
	// WebOb's code is the whole status line, and its message a boilerplate (reference: pypi-server.md, section 1.2).
	if status, reason, ok := strings.Cut(said.Code, " "); ok && len(status) == 3 && strings.Trim(status, "0123456789") == "" {
		return reason
	}
	return joined(": ", said.Message, said.Detail, said.Error, said.Description, said.Code)
}

func joined(by string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, by)
}

// htmlWords is a page as text: without scripts, styles, head and tags.
func htmlWords(page string) string {
	silent := regexp.MustCompile(`(?is)<(head|script|style)\b.*?</(head|script|style)>|<!--.*?-->`)
	tags := regexp.MustCompile(`(?s)<[^>]*>`)
	if text := oneLine(html.UnescapeString(tags.ReplaceAllString(silent.ReplaceAllString(page, " "), " "))); text != "" {
		return text
	}
	// A page with nothing but a title.
	return html.UnescapeString(tags.ReplaceAllString(page, " "))
}

// latin1 reads a status line, whose bytes above ASCII are ISO 8859-1 unless they are UTF-8.
func latin1(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	runes := make([]rune, 0, len(text))
	for _, b := range []byte(text) {
		runes = append(runes, rune(b))
	}
	return string(runes)
}

// oneLine folds all white space and bounds the length, at a whole character.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	kept := phrase.Beginning(text, longestWords)
	if kept != text {
		kept += " …"
	}
	return kept
}
