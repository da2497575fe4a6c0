package wire

import (
	"strconv"
	"strings"
)

// Unreadable is the error of an answer that net/http cannot read as HTTP/1.1, of the server or of a proxy before it.
type Unreadable struct {
	Reason string // what is wrong, in the text of net/http and of the server: redacted, bounded, one line, not yet safe to print
	Tunnel bool   // it came through a proxy that connects to https, where a reason phrase of several lines cannot be read
}

func (e *Unreadable) Error() string {
	if e.Tunnel {
		return e.Reason + " (through a proxy)"
	}
	return e.Reason
}

// maxUnreadableReason bounds what is repeated of an answer that cannot be read, in bytes.
const maxUnreadableReason = 300

// unreadableReason returns what net/http says of an answer that it cannot read: redacted, on one line and bounded. It quotes the server,
// and a quoted secret is not recognised, so that quotes are undone first.
func (c *Client) unreadableReason(err error) string {
	text := c.options.Redact(strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: "))
	var plain strings.Builder
	for text != "" {
		before, _, found := strings.Cut(text, `"`)
		plain.WriteString(before)
		text = text[len(before):]
		quoted, err := strconv.QuotedPrefix(text)
		switch unquoted, unquotable := strconv.Unquote(quoted); {
		case !found:
		case err != nil || unquotable != nil:
			plain.WriteByte('"')
			text = text[1:]
		default:
			plain.WriteString(unquoted)
			text = text[len(quoted):]
		}
	}
	return truncate(c.options.Redact(plain.String()), maxUnreadableReason)
}
