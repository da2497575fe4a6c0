package attest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// object is a JSON object with case-sensitive names, as in the index.
type object map[string]json.RawMessage

// reader parses JSON as the index's verifier does, and keeps the first error (docs/reference/attestations.md §1.2).
type reader struct{ err error }

// fail stores an error, unless there is one already.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// get returns the value of the first name that is present. A null counts as absent.
func (r *reader) get(o object, names ...string) json.RawMessage {
	for _, name := range names {
		if raw := o[name]; len(raw) > 0 && string(raw) != "null" {
			return raw
		}
	}
	if len(names) > 0 {
		r.fail("%s is missing", names[0])
	}
	return nil
}

// document parses the outermost object of an attestation or a provenance: of a bounded size, and of version 1.
func (r *reader) document(raw []byte) object {
	if len(raw) > longest {
		r.fail("it is longer than %d bytes", longest)
	}
	top := r.object(raw)
	if version := r.get(top, "version"); r.err == nil && string(version) != "1" {
		r.fail("its version is not 1")
	}
	return top
}

// object parses an object.
func (r *reader) object(raw json.RawMessage) object {
	if r.err != nil {
		return nil
	}
	var o object
	if json.Unmarshal(raw, &o) != nil || o == nil {
		r.fail("a value is not an object")
	}
	return o
}

// list returns the elements of a list.
func (r *reader) list(o object, names ...string) []json.RawMessage {
	raw := r.get(o, names...)
	if r.err != nil {
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		r.fail("%s is not a list", names[0])
	}
	return all
}

// text returns the value of a string.
func (r *reader) text(o object, names ...string) string {
	raw := r.get(o, names...)
	if r.err != nil {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		r.fail("%s is not text", names[0])
	}
	return text
}

// integer returns a number that is written as a string, as protobuf writes 64-bit integers in JSON.
func (r *reader) integer(o object, names ...string) int64 {
	text := r.text(o, names...)
	if r.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		r.fail("%s is not a number", names[0])
	}
	return n
}

// bytes decodes standard base64. It does not accept the URL-safe alphabet.
func (r *reader) bytes(o object, names ...string) []byte {
	return r.decode(names[0], r.text(o, names...))
}

// decode decodes a base64 text with padding.
func (r *reader) decode(name, text string) []byte {
	if r.err != nil {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		r.fail("%s is not standard base64", name)
	}
	return raw
}

// looseBytes also accepts base64 without padding, as the index does outside of the log entry.
func (r *reader) looseBytes(o object, name string) []byte {
	text := r.text(o, name)
	if !strings.Contains(text, "=") {
		length := len(text) - strings.Count(text, "\n") - strings.Count(text, "\r")
		text += strings.Repeat("=", (4-length%4)%4)
	}
	return r.decode(name, text)
}
