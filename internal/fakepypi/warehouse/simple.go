package warehouse

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The simple index (docs/reference/pypi-server.md §7.1) and the CDN cache in front of it (§7.3).

const (
	simpleJSON = "application/vnd.pypi.simple.v1+json"
	simpleHTML = "application/vnd.pypi.simple.v1+html"
	apiVersion = "1.4"
)

// cdnCache simulates the CDN cache in front of the index. Requests with another Accept or Accept-Encoding have other entries.
type cdnCache struct {
	absent map[cacheKey]time.Time // when a 404 was answered
	pages  map[cacheKey]page
}

// cacheKey identifies an entry of a cache.
type cacheKey struct {
	project                  pep.Project
	origin, accept, encoding string
}

// simpleSlash redirects from GET /simple/{name} to the address with the trailing slash.
func (ix *Index) simpleSlash(w http.ResponseWriter, r *http.Request) {
	redirect(w, r, "/simple/"+url.PathEscape(r.PathValue("name"))+"/")
}

// simplePage handles GET /simple/{name}/.
func (ix *Index) simplePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	name := r.PathValue("name")
	key := normalize(name)
	kind := ix.simpleKind(r)
	page, exists := ix.pageOf(cacheKey{
		key, origin(r), strings.Join(r.Header.Values("Accept"), ", "), strings.Join(r.Header.Values("Accept-Encoding"), ", "),
	}, kind)
	switch {
	case !exists:
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("404 Not Found"))
	case name != string(key):
		redirect(w, r, "/simple/"+string(key)+"/")
	default:
		page.write(w, r)
	}
}

// simpleKind returns the media type in which the client wants the simple index.
func (ix *Index) simpleKind(r *http.Request) string {
	if !ix.capabilities.modern {
		return "text/html"
	}
	return preferred(r.Header.Values("Accept"), "text/html", "text/html", simpleHTML, simpleJSON)
}

// listedProject describes a project in the list of all projects.
type listedProject struct {
	Serial uint64 `json:"_last-serial"`
	Name   string `json:"name"` // as displayed
	key    pep.Project
}

// contentTypeOf returns the Content-Type of a page: the older HTML form alone names its character set.
func contentTypeOf(kind string) string {
	if kind == "text/html" {
		return kind + "; charset=UTF-8"
	}
	return kind
}

// simpleIndex handles GET /simple/: it serves the names of all projects.
func (ix *Index) simpleIndex(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	projects := make([]listedProject, 0, len(ix.projects))
	for _, key := range slices.Sorted(maps.Keys(ix.projects)) {
		if p := ix.projects[key]; p.status != statusQuarantined {
			projects = append(projects, listedProject{p.serial, p.name, key})
		}
	}
	serial := ix.seq
	ix.mu.Unlock()
	w.Header().Set("Vary", "Accept")
	kind := ix.simpleKind(r)
	list := page{kind: contentTypeOf(kind), serial: serial, age: tenMinutes}
	if kind == simpleJSON {
		list.body, _ = json.Marshal(map[string]any{ // encoding this cannot fail
			"meta":     map[string]any{"_last-serial": serial, "api-version": apiVersion},
			"projects": projects,
		})
		list.body = append(list.body, '\n')
		list.write(w, r)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"%s\">\n"+
		"    <title>Simple index</title>\n  </head>\n  <body>\n", apiVersion)
	for _, p := range projects {
		fmt.Fprintf(&b, "    <a href=\"/simple/%s/\">%s</a>\n", html.EscapeString(string(p.key)), html.EscapeString(p.Name))
	}
	b.WriteString("  </body>\n</html>")
	list.body = []byte(b.String())
	list.write(w, r)
}

// origin returns scheme and host as the client addressed the index, so that links work with any name and port.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// pageOf returns a project's page, rendered now or from the cache, and reports whether the page exists.
func (ix *Index) pageOf(at cacheKey, kind string) (page, bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	now := ix.now()
	if since, known := ix.cache.absent[at]; known && now.Sub(since) < ix.behavior.Absent {
		return page{}, false
	}
	p := ix.projects[at.project]
	if p == nil {
		ix.cache.absent[at] = now
		return page{}, false
	}
	delete(ix.cache.absent, at)
	fresh := page{kind: contentTypeOf(kind), serial: p.serial, age: tenMinutes}
	if kind == simpleJSON {
		fresh.body = p.json(at.origin)
	} else {
		fresh.body = p.html(at.origin, !ix.capabilities.modern)
	}
	old, known := ix.cache.pages[at]
	ix.cache.pages[at] = fresh
	if ix.behavior.Stale && known && old.serial != fresh.serial {
		return old, true
	}
	return fresh, true
}

// simpleFile describes one file in the member files of the JSON form (PEP 691, 700, 714, 740).
type simpleFile struct {
	CoreMetadata   any               `json:"core-metadata"`
	DataDistInfo   any               `json:"data-dist-info-metadata"`
	Filename       string            `json:"filename"`
	Hashes         map[string]string `json:"hashes"`
	Provenance     *string           `json:"provenance"`
	RequiresPython *string           `json:"requires-python"`
	Size           int64             `json:"size"`
	UploadTime     string            `json:"upload-time"`
	URL            string            `json:"url"`
	Yanked         any               `json:"yanked"`
}

// json returns the page of PEP 691.
func (p *project) json(origin string) []byte {
	files := make([]simpleFile, 0, len(p.files))
	for _, f := range p.listed() {
		files = append(files, f.simple(origin))
	}
	body, _ := json.Marshal(map[string]any{ // encoding this cannot fail
		"files":          files,
		"meta":           map[string]any{"_last-serial": p.serial, "api-version": apiVersion},
		"name":           p.key,
		"project-status": map[string]string{"status": p.shownStatus()},
		"versions":       p.versions(),
	})
	return append(body, '\n')
}

// shownStatus returns the status as the simple index shows it.
func (p *project) shownStatus() string {
	if p.status == statusArchivedNoIndex {
		return statusArchived
	}
	return p.status
}

// simple returns the description of a file for the JSON form.
func (f *file) simple(origin string) simpleFile {
	s := simpleFile{
		CoreMetadata: false, DataDistInfo: false, Yanked: false,
		Filename: f.name, Size: f.size, URL: f.url(origin),
		Hashes:     map[string]string{"sha256": f.sha256},
		UploadTime: f.at.UTC().Format("2006-01-02T15:04:05.000000Z"),
		Provenance: f.provenanceURL(origin),
	}
	if f.release.requiresPython != "" {
		s.RequiresPython = &f.release.requiresPython
	}
	switch reason := f.release.yankedReason(); {
	case reason != nil:
		s.Yanked = *reason
	case f.release.yanked != nil:
		s.Yanked = true
	}
	if f.coreMetadataSHA != "" {
		s.CoreMetadata = map[string]string{"sha256": f.coreMetadataSHA}
		s.DataDistInfo = s.CoreMetadata
	}
	return s
}

// url returns the address of a file.
func (f *file) url(origin string) string {
	return origin + "/files/" + strings.TrimSuffix(f.path, f.name) + url.PathEscape(f.name)
}

// listed returns the files that the simple index shows, oldest version first. A project in quarantine shows none.
func (p *project) listed() []*file {
	if p.status == statusQuarantined {
		return nil
	}
	return slices.SortedFunc(slices.Values(p.files), func(a, b *file) int {
		return cmp.Or(compareVersions(a.release.version, b.release.version), strings.Compare(a.name, b.name))
	})
}

// versions returns the project's versions, oldest first.
func (p *project) versions() []string {
	versions := []string{}
	for _, r := range p.releases {
		versions = append(versions, r.version)
	}
	slices.SortFunc(versions, compareVersions)
	return versions
}

func compareVersions(a, b string) int {
	v, err1 := pep.ParseVersion(a)
	w, err2 := pep.ParseVersion(b)
	if err1 != nil || err2 != nil {
		return strings.Compare(a, b)
	}
	return v.Compare(w)
}

// html returns the page of PEP 503. The links of a plain index have MD5 digests and nothing else.
func (p *project) html(origin string, plain bool) []byte {
	var b strings.Builder
	title := html.EscapeString(string(p.key))
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"%s\">\n"+
		"    <meta name=\"pypi:project-status\" content=\"%s\">\n    <title>Links for %s</title>\n  </head>\n  <body>\n    <h1>Links for "+
		"%s</h1>\n",
		apiVersion, p.shownStatus(), title, title)
	for _, f := range p.listed() {
		digest, attributes := "sha256="+f.sha256, f.attributes(origin)
		if plain {
			digest, attributes = "md5="+f.md5, ""
		}
		fmt.Fprintf(&b, "<a href=\"%s#%s\"%s>%s</a><br />\n", html.EscapeString(f.url(origin)), digest, attributes,
			html.EscapeString(f.name))
	}
	fmt.Fprintf(&b, "</body>\n</html>\n<!--SERIAL %d-->", p.serial)
	return []byte(b.String())
}

// attributes returns the HTML attributes of a file's link (PEP 503, 592, 658, 740).
func (f *file) attributes(origin string) string {
	text := ""
	if python := f.release.requiresPython; python != "" {
		text += ` data-requires-python="` + html.EscapeString(python) + `"`
	}
	if yanked := f.release.yanked; yanked != nil {
		text += ` data-yanked="` + html.EscapeString(*yanked) + `"`
	}
	if sum := f.coreMetadataSHA; sum != "" {
		text += fmt.Sprintf(` data-dist-info-metadata="sha256=%[1]s" data-core-metadata="sha256=%[1]s"`, sum)
	}
	if at := f.provenanceURL(origin); at != nil {
		text += ` data-provenance="` + html.EscapeString(*at) + `"`
	}
	return text
}
