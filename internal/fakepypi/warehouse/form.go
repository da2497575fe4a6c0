package warehouse

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// form holds the fields of an upload's body; sanitise cleans them (docs/reference/pypi-server.md §1.4).
type form struct {
	texts     map[string][]string
	asFile    string   // the first field other than content that was sent as a file, or empty
	content   *content // nil without a content part
	plainFile bool     // content was sent as a plain field
}

// content describes the uploaded file by the headers of its part.
type content struct {
	filename string // as sent, folders included
	kind     string // the part's media type
	blob     blob
}

const (
	// textLimit is the maximum total size of all text fields of a form, in bytes. PyPI has no such limit.
	textLimit = 64 << 20
	// partLimit is the maximum number of parts of a form.
	partLimit = 10_000
)

// get returns the field's first value, as PyPI reads single-valued fields. It returns an empty string if the field is absent or its value
// is white space only.
func (f *form) get(name string) string {
	if values := f.texts[name]; len(values) > 0 && strings.TrimSpace(values[0]) != "" {
		return values[0]
	}
	return ""
}

// all returns the field's values. A single empty value counts as absent.
func (f *form) all(name string) []string {
	values := f.texts[name]
	if len(values) == 1 && values[0] == "" {
		return nil
	}
	return values
}

var (
	errNoForm   = errors.New("not a multipart form")
	errTooLarge = errors.New("text fields are too large")
)

// saver stores an uploaded file while it arrives. The form has the fields that came before the file.
type saver func(f *form, content io.Reader) (blob, error)

// readForm reads the body of r and passes the uploaded file to save while it arrives. If the body is not a form, or ends early, it
// returns errNoForm and an empty form: nothing of it counts. With other errors the form may have a saved blob, which the caller removes.
func readForm(r *http.Request, save saver) (*form, error) {
	f := &form{texts: map[string][]string{}}
	err := f.readBody(r, save)
	if errors.Is(err, errNoForm) {
		if f.content != nil {
			f.content.blob.discard()
		}
		return &form{texts: map[string][]string{}}, err
	}
	return f, err
}

// readBody fills f from a multipart or URL-encoded body.
func (f *form) readBody(r *http.Request, save saver) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "application/x-www-form-urlencoded" {
		return f.readURLEncoded(r.Body)
	}
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return errNoForm
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	budget := int64(textLimit)
	for range partLimit {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if f.content = cmp.Or(f.content, controlled(err)); f.content != nil && f.content.blob.disk == "" {
				return nil
			}
			return fmt.Errorf("%w: %w", errNoForm, err)
		}
		if err := f.read(part, &budget, save); err != nil {
			return err
		}
	}
	return errTooLarge
}

// readURLEncoded fills f from a URL-encoded body, which has no file.
func (f *form) readURLEncoded(body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, textLimit+1))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoForm, err)
	}
	if len(text) > textLimit {
		return errTooLarge
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoForm, err)
	}
	f.texts = values
	f.plainFile = values.Has("content")
	return nil
}

// read adds one part to f. room is the number of bytes of text that the form may still have.
func (f *form) read(part *multipart.Part, budget *int64, save saver) error {
	name, filename, isFile := disposition(part.Header)
	if name == "content" && isFile && f.content == nil {
		f.content = &content{filename: filename, kind: mediaType(part.Header)}
		var err error
		f.content.blob, err = save(f, part)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(part, *budget+1))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoForm, err)
	}
	if *budget -= int64(len(text)); *budget < 0 {
		return errTooLarge
	}
	switch {
	case isFile && name != "gpg_signature":
		if f.asFile == "" {
			f.asFile = name
		}
	case name == "content":
		f.plainFile = true
	default:
		f.texts[name] = append(f.texts[name], string(text))
	}
	return nil
}

// mediaType returns the value of a part's Content-Type header. A part without the header is plain text by definition (RFC 7578,
// section 4.4), which several clients rely on; an empty header gives an empty string.
func mediaType(h textproto.MIMEHeader) string {
	if lines := h["Content-Type"]; len(lines) > 0 {
		return lines[0]
	}
	return "text/plain"
}

// controlled returns the content part if err was caused by a control character in its file name, else nil. The reader of multipart forms
// fails on such a part, but PyPI reads it and refuses the name (row 52), so the name is taken from the error.
func controlled(err error) *content {
	var protocol textproto.ProtocolError
	if !errors.As(err, &protocol) {
		return nil
	}
	_, quoted, _ := strings.Cut(string(protocol), "malformed MIME header line: ")
	line, err := strconv.Unquote(quoted)
	if err != nil {
		return nil
	}
	name, filename, isFile := disposition(textproto.MIMEHeader{"Content-Disposition": {line}})
	if name != "content" || !isFile || !strings.ContainsFunc(filename, isControl) {
		return nil
	}
	return &content{filename: filename}
}

// parameter matches one `key="value"` or `key=value` of a part's Content-Disposition.
var parameter = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`;\s*([A-Za-z0-9_*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"\s]*)`)
})

// disposition returns the name and file name of a part as they were sent. [multipart.Part.FileName] would cut folders off, and
// [mime.ParseMediaType] accepts no control characters; PyPI has a message for each.
func disposition(h textproto.MIMEHeader) (name, filename string, isFile bool) {
	for _, m := range parameter().FindAllStringSubmatch(h.Get("Content-Disposition"), -1) {
		value := m[2]
		if strings.HasPrefix(value, `"`) {
			value = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(value[1 : len(value)-1])
		}
		switch strings.ToLower(m[1]) {
		case "name":
			name = value
		case "filename":
			filename, isFile = value, true
		}
	}
	return name, filename, isFile
}

// sanitise applies the rules of §1.4 that come before all others. It returns the refusal of an invalid form, or nil.
func (f *form) sanitise() *refusal {
	for name, values := range f.texts {
		if !utf8.ValidString(name + strings.Join(values, "")) {
			return bad("Invalid Form Data.")
		}
	}
	if f.content != nil && !utf8.ValidString(f.content.filename) {
		return bad("Invalid Form Data.")
	}
	for name, values := range f.texts {
		last := values[len(values)-1]
		switch {
		case strings.TrimSpace(last) == "UNKNOWN":
			delete(f.texts, name)
		case strings.Contains(strings.Join(values, ""), "\x00"):
			f.texts[name] = []string{strings.ReplaceAll(last, "\x00", `\x00`)}
		}
	}
	if f.asFile != "" {
		return bad("%s: Should not be a tuple.", f.asFile)
	}
	return nil
}
