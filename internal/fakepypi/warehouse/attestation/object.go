package attestation

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// The values of JSON objects from outside are read by their exact names: [json.Unmarshal] into a struct would accept the name in other
// letter case, and would turn a missing value into a zero.

// object is one JSON object.
type object map[string]json.RawMessage

var (
	errMissing = errors.New("field required")
	errKind    = errors.New("value of another kind expected")
)

// parseObject returns the JSON object in text. It fails for any other value, null included.
func parseObject(text []byte) (object, error) {
	var f object
	if err := json.Unmarshal(text, &f); err != nil || f == nil {
		return nil, errKind
	}
	return f, nil
}

// get returns a value by its name in protobuf JSON, or by the same name in snake case, which is accepted too. It returns nil if the value
// is missing or null.
func (f object) get(name string) json.RawMessage {
	for _, spelling := range []string{name, snake(name)} {
		if raw := f[spelling]; raw != nil && string(raw) != "null" {
			return raw
		}
	}
	return nil
}

// snake returns a name in camel case as snake case.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// object returns a nested object.
func (f object) object(name string) (object, error) {
	raw := f.get(name)
	if raw == nil {
		return nil, errMissing
	}
	return parseObject(raw)
}

// text returns a string value.
func (f object) text(name string) (string, error) {
	raw := f.get(name)
	if raw == nil {
		return "", errMissing
	}
	return parseText(raw)
}

// parseText returns the JSON string in raw. It fails for any other value, null included.
func parseText(raw json.RawMessage) (string, error) {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", errKind
	}
	return *text, nil
}

// bytes returns a value in base64, decoded.
func (f object) bytes(name string) ([]byte, error) {
	text, err := f.text(name)
	if err != nil {
		return nil, err
	}
	return parseBase64(text)
}

// number returns an integer that is not negative. In protobuf JSON it is a string.
func (f object) number(name string) (int64, error) {
	text, err := f.text(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errKind
	}
	return n, nil
}

// parseBase64 decodes the standard alphabet, with or without padding and line ends (docs/reference/attestations.md §1.2).
func parseBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("\n", "", "\r", "").Replace(text)
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// notBase64 matches what is outside the standard alphabet.
var notBase64 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9+/]+`) })

// parseLooseBase64 decodes the standard alphabet, and skips all other characters (docs/reference/attestations.md §1.2).
func parseLooseBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(notBase64().ReplaceAllString(text, ""))
}
