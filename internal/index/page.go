package index

import (
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// page is the page of a project, which is parsed while it arrives: it may be long.
type page struct {
	listing pep.Listing
	err     error
	isHTML  bool
	parser  *pushParser // of the last answer; nil if there was none
}

// into returns what parses the body of an answer, by its Content-Type.
func (p *page) into(header http.Header) io.Writer {
	p.close()
	read := pep.ReadListing
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	p.isHTML = err == nil && (kind == "text/html" || kind == "application/vnd.pypi.simple.v1+html")
	if p.isHTML {
		read = pep.ReadListingHTML
	}
	p.parser = newPushParser(func(body io.Reader) { p.listing, p.err = read(body) })
	return p.parser
}

// close ends the parsing.
func (p *page) close() {
	if p.parser != nil {
		p.parser.end()
		p.parser = nil
	}
}

// listingOf returns the listing of a page that arrived whole. It assumes that an HTML page is about the requested project, because such a
// page does not reliably name its project.
func (p *page) listingOf(project pep.Project, at *url.URL) (pep.Listing, error) {
	p.close()
	if p.isHTML {
		p.listing.Project = project
	}
	switch {
	case p.err != nil:
		return pep.Listing{}, fmt.Errorf("the page %s cannot be read: %w", at, p.err)
	case p.listing.Project != project:
		return pep.Listing{}, fmt.Errorf("the page %s is about another project, %s", at, p.listing.Project)
	}
	for i, file := range p.listing.Files {
		p.listing.Files[i].URL = absolute(at, file.URL)
	}
	return p.listing, nil
}

// pushParser gives a parser, which reads, what is written. It is used by one goroutine.
type pushParser struct {
	next func() (struct{}, bool)
	stop func()
	data []byte // that was written and not read yet
	done bool   // whether the parser has ended
	over bool   // whether everything was written
}

// newPushParser returns a writer for what parse reads. The parser runs while something is written, and until it needs more.
func newPushParser(parse func(io.Reader)) *pushParser {
	p := &pushParser{}
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		parse(pulled{p, yield})
	})
	return p
}

// Write has the parser read all of b. What a parser that has ended does not read is dropped.
func (p *pushParser) Write(b []byte) (int, error) {
	p.data = b
	for len(p.data) > 0 && !p.done {
		p.resume()
	}
	p.data = nil
	return len(b), nil
}

// end has the parser see the end of the text.
func (p *pushParser) end() {
	p.over = true
	for !p.done {
		p.resume()
	}
	p.stop()
}

// resume has the parser go on until it needs more, or has ended. Its panic is that of resume.
func (p *pushParser) resume() {
	if _, more := p.next(); !more {
		p.done = true
	}
}

// pulled is the reader of the parser.
type pulled struct {
	from  *pushParser
	yield func(struct{}) bool
}

// Read returns what was written, and waits for more.
func (r pulled) Read(b []byte) (int, error) {
	for len(r.from.data) == 0 {
		if r.from.over || !r.yield(struct{}{}) {
			return 0, io.EOF
		}
	}
	n := copy(b, r.from.data)
	r.from.data = r.from.data[n:]
	return n, nil
}
