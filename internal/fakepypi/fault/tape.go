package fault

import "net/http"

// tapeLength is the maximum size of an answer's body that a tape keeps, in bytes.
const tapeLength = 1 << 20

// tape records an answer that the client should not receive unchanged. It has no connection, so a handler cannot take one over.
type tape struct {
	header http.Header
	status int
	body   []byte // at most tapeLength
	size   int64  // of the whole body
}

// Header implements [http.ResponseWriter].
func (t *tape) Header() http.Header { return t.header }

// WriteHeader implements [http.ResponseWriter]. It keeps the first final status.
func (t *tape) WriteHeader(status int) {
	if t.status == 0 && status >= http.StatusOK {
		t.status = status
	}
}

// Write implements [http.ResponseWriter]. It keeps the beginning of the body and counts the rest.
func (t *tape) Write(b []byte) (int, error) {
	t.WriteHeader(http.StatusOK)
	t.size += int64(len(b))
	t.body = append(t.body, b[:min(len(b), tapeLength-len(t.body))]...)
	return len(b), nil
}

// replay sends the header of the recorded answer with another Content-Length, or without one if length is empty.
func (t *tape) replay(w http.ResponseWriter, length string) {
	header := w.Header()
	for name, values := range t.header {
		header[name] = values
	}
	header.Del("Content-Length")
	if length != "" {
		header.Set("Content-Length", length)
	}
	status := t.status
	switch status {
	case 0, http.StatusNoContent, http.StatusNotModified: // the latter two have no body
		status = http.StatusOK
	}
	w.WriteHeader(status)
}
