package warehouse

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Pages that clients may cache (docs/reference/pypi-server.md §7): the headers of the simple index, the JSON API and the integrity API.

const (
	tenMinutes      = 10 * time.Minute
	quarterOfAnHour = 15 * time.Minute
)

// cacheFor tells clients how long they may keep an answer.
func cacheFor(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d, public", int(d.Seconds())))
}

// shareAcrossOrigins lets pages in browsers read an answer.
func shareAcrossOrigins(w http.ResponseWriter) {
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Allow-Headers":  "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
		"Access-Control-Allow-Methods":  "GET",
		"Access-Control-Max-Age":        "86400",
		"Access-Control-Expose-Headers": "X-PyPI-Last-Serial",
	} {
		w.Header().Set(name, value)
	}
}

// redirect answers 301 with the whole address of a path, as plain text that clients may keep for ten minutes.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	moved := &refusal{status: http.StatusMovedPermanently}
	moved.general = "The resource has been moved to " + path + "; you should be redirected automatically."
	cacheFor(w, tenMinutes)
	w.Header().Set("Location", origin(r)+path)
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(moved.status)
	_, _ = w.Write(moved.text())
}

// page is a rendered page that clients may cache.
type page struct {
	body   []byte
	kind   string // its Content-Type
	serial uint64
	age    time.Duration // how long clients may keep it
}

// write writes the page, compressed if the client prefers that, or 304 if the client has it already.
func (p page) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	body := p.body
	header.Add("Vary", "Accept-Encoding")
	if prefersGzip(r) {
		body = compressed(body)
		header.Set("Content-Encoding", "gzip")
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	header.Set("ETag", tag)
	cacheFor(w, p.age)
	header.Set("X-PyPI-Last-Serial", strconv.FormatUint(p.serial, 10))
	shareAcrossOrigins(w)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", p.kind)
	_, _ = w.Write(body) // it fails if the client is gone: no action needed
}

// prefersGzip reports whether a client would rather have an answer compressed by gzip than as it is.
func prefersGzip(r *http.Request) bool {
	best, weight := "", 0.0
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, q, weighted := strings.Cut(strings.ToLower(strings.ReplaceAll(item, " ", "")), ";q=")
		if name != "gzip" && name != "identity" {
			continue
		}
		w := 1.0
		if weighted {
			w, _ = strconv.ParseFloat(q, 64) // 0 for a text
		}
		if w > weight {
			best, weight = name, w
		}
	}
	return best == "gzip"
}

// compressed returns a body as gzip. Equal bodies are equal afterwards.
func compressed(body []byte) []byte {
	var b bytes.Buffer
	out := gzip.NewWriter(&b)
	_, _ = out.Write(body) // writing to a buffer cannot fail
	_ = out.Close()
	return b.Bytes()
}
