package pep

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// ParseListingHTML is ReadListingHTML of a text.
func ParseListingHTML(page []byte) (Listing, error) { return ReadListingHTML(bytes.NewReader(page)) }

// ReadListingHTML parses the project page of a simple index in its HTML form (PEP 503, 592, 740, 792) while it reads it. The page does not
// state the name of the project in a reliable form, so Project remains empty; sizes and times are not part of this form.
//
// An index may also answer with another page, such as a login page, which must not be mistaken for a project without
// files. A page therefore counts as a listing only if it has the meta element of PEP 629, or a title or heading with the
// text "links for", or only links to files whose texts are the file names. Otherwise the error wraps
// ErrNoListing, as it does if the page has more files than fit into the memory for a listing.
func ReadListingHTML(r io.Reader) (Listing, error) {
	p := htmlPage{tokens: html.NewTokenizer(r)}
	p.tokens.SetMaxBuf(longestToken)
	if err := p.read(); err != nil {
		return Listing{}, noListing(err.Error())
	}
	if why := p.unsure(); why != "" {
		return Listing{}, noListing(why)
	}
	return Listing{Exists: true, Status: p.status, Files: p.files}, nil
}

const (
	longestToken = 1 << 20 // bytes of one tag, comment or text
	longestText  = 4 << 10 // bytes of a link's text that are kept, more than any file name has
)

// htmlPage collects what was found on a page.
type htmlPage struct {
	tokens *html.Tokenizer

	versioned bool   // it has the meta element that only a simple index has
	headed    bool   // it has the title or heading of a project page
	status    string // of the project
	links     int    // links with an address
	unlike    string // the text of the first link that is not a file whose name is that text
	files     []IndexFile
	held      int // bytes of memory for the files

	withMetadata firstOfRelease

	link *htmlLink        // the open link
	head *strings.Builder // the text of the open title or heading
}

// htmlLink describes one a element.
type htmlLink struct {
	address    string
	text       strings.Builder
	yanked     bool
	provenance string
	metadata   string // sha256=…, or true
}

func (p *htmlPage) read() error {
	for {
		switch p.tokens.Next() {
		case html.ErrorToken:
			p.endLink()
			if err := p.tokens.Err(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("it cannot be read as HTML: %w", err)
			}
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			p.start(p.tokens.Token())
		case html.EndTagToken:
			p.end(p.tokens.Token().DataAtom)
		case html.TextToken:
			p.text(string(p.tokens.Text()))
		}
		if p.held > longestListing {
			return errTooLong
		}
	}
}

func (p *htmlPage) start(tag html.Token) {
	switch tag.DataAtom {
	case atom.A:
		p.endLink()
		if address, has := attribute(tag, "href"); has {
			p.link = &htmlLink{address: address}
			_, p.link.yanked = attribute(tag, "data-yanked") // also without a reason (PEP 592)
			p.link.provenance, _ = attribute(tag, "data-provenance")
			given, ok := attribute(tag, "data-core-metadata")
			if !ok {
				given, _ = attribute(tag, "data-dist-info-metadata") // what it was called
			}
			p.link.metadata = given
		}
	case atom.Title, atom.H1:
		p.head = &strings.Builder{}
	case atom.Meta:
		name, _ := attribute(tag, "name")
		content, _ := attribute(tag, "content")
		switch strings.ToLower(name) {
		case "pypi:repository-version":
			p.versioned = true
		case "pypi:project-status":
			p.status = strings.ToLower(strings.TrimSpace(content))
		}
	}
}

func (p *htmlPage) end(tag atom.Atom) {
	switch {
	case tag == atom.A:
		p.endLink()
	case (tag == atom.Title || tag == atom.H1) && p.head != nil:
		p.headed = p.headed || strings.Contains(strings.ToLower(p.head.String()), "links for ")
		p.head = nil
	}
}

func (p *htmlPage) text(text string) {
	if p.link != nil && p.link.text.Len() < longestText {
		p.link.text.WriteString(text)
	}
	if p.head != nil && p.head.Len() < longestText {
		p.head.WriteString(text)
	}
}

// endLink evaluates the open link.
func (p *htmlPage) endLink() {
	link := p.link
	if link == nil {
		return
	}
	p.link = nil
	p.links++
	listed, isFile := link.indexFile()
	if isFile {
		listed = p.withMetadata.first(listed)
		listed.Name, listed.SHA256, listed.MD5 = strings.Clone(listed.Name), strings.Clone(listed.SHA256), strings.Clone(listed.MD5)
		listed.BLAKE2b, listed.URL = strings.Clone(listed.BLAKE2b), strings.Clone(listed.URL)
		listed.Metadata = strings.Clone(listed.Metadata)
		p.files = append(p.files, listed)
		p.held += listed.memory()
	}
	if text := strings.TrimSpace(link.text.String()); p.unlike == "" && (!isFile || text != listed.Name) {
		p.unlike = text[:min(len(text), 80)]
		if p.unlike == "" {
			p.unlike = "a link without a text"
		}
	}
}

// unsure returns why the page is not a listing; empty if it is one.
func (p *htmlPage) unsure() string {
	switch {
	case p.headed:
		return ""
	case p.versioned && p.links > 0 && len(p.files) == 0:
		return "it is the page of an index, but has no link to a file" // such as the list of all projects
	case p.versioned:
		return ""
	case p.links == 0:
		return "it looks like HTML without a single link"
	case p.unlike != "":
		return fmt.Sprintf("it looks like HTML that is not of a simple index, with the link %q", p.unlike)
	default:
		return ""
	}
}

// indexFile returns the file that the link's address names: the last segment is its name, and the fragment has a digest
// (PEP 503). It returns false if the address does not name a file.
func (l *htmlLink) indexFile() (IndexFile, bool) {
	address, err := url.Parse(strings.TrimSpace(l.address))
	if err != nil {
		return IndexFile{}, false
	}
	listed := IndexFile{Name: path.Base(address.Path), URL: l.address, Yanked: l.yanked, Provenance: l.provenance}
	if sum, ok := strings.CutPrefix(l.metadata, "sha256="); ok && strings.HasSuffix(listed.Name, ".whl") {
		listed.Metadata = digestOf(sum, sha256.Size)
	}
	for part := range strings.SplitSeq(address.Fragment, "&") {
		kind, digest, _ := strings.Cut(part, "=")
		switch kind {
		case "sha256":
			listed.SHA256 = digestOf(digest, sha256.Size)
		case "md5":
			listed.MD5 = digestOf(digest, md5.Size)
		case "blake2b", "blake2_256":
			listed.BLAKE2b = blake2b(digest)
		}
	}
	return listed, isFileName(listed.Name)
}

// digestOf returns a digest of size bytes in lower-case hex; empty if text is not one.
func digestOf(text string, size int) string {
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != size {
		return ""
	}
	return strings.ToLower(text)
}

// isFileName reports whether a name has an extension of current or former distribution formats.
func isFileName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{
		".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".tar.z", ".tar", ".egg", ".exe", ".rpm", ".msi", ".deb", ".dmg",
	}, func(suffix string) bool { return strings.HasSuffix(name, suffix) && len(name) > len(suffix) })
}

// attribute returns the first attribute with the name, as in HTML.
func attribute(tag html.Token, name string) (value string, has bool) {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
