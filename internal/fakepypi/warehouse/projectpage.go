package warehouse

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The page of a project for people. It has what a release shows on PyPI's page, and what owners see on their own pages: publishers and
// status. It looks different.

// projectPage handles GET /project/{name}/, which shows the latest release first, and GET /project/{name}/{version}/, which shows one.
func (ix *Index) projectPage(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p, only := ix.projects[normalize(r.PathValue("name"))], r.PathValue("version")
	switch {
	case p == nil, only != "" && p.releaseOf(only) == nil:
		ix.notFound(w, r)
		return
	case r.PathValue("name") != string(p.key):
		redirect(w, r, strings.Replace(r.URL.EscapedPath(), "/"+url.PathEscape(r.PathValue("name"))+"/", "/"+string(p.key)+"/", 1))
		return
	}
	var b strings.Builder
	title := html.EscapeString(p.name)
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>%[1]s · rehearsal index</title></head>\n"+
		"<body>\n<main>\n<h1>%[1]s</h1>\n<p>Status: %[2]s</p>\n<p><code>pip install --index-url %[3]s/simple/ %[4]s</code></p>\n",
		title, html.EscapeString(p.status), html.EscapeString(origin(r)), html.EscapeString(string(p.key)))
	ix.writePublishers(&b, p)
	versions := p.versions()
	slices.Reverse(versions)
	for _, version := range versions {
		if only == "" || p.releaseOf(only).version == version {
			p.writeRelease(&b, version, origin(r))
		}
	}
	b.WriteString("</main>\n</body>\n</html>\n")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	_, _ = w.Write([]byte(b.String())) // it fails if the client is gone: no action needed
}

// releaseOf returns the release with a version in any spelling, or nil.
func (p *project) releaseOf(version string) *release {
	v, err := pep.ParseVersion(version)
	if err != nil {
		return nil
	}
	return p.releases[v.Canonical()]
}

// writePublishers writes the project's Trusted Publishers.
func (ix *Index) writePublishers(b *strings.Builder, p *project) {
	b.WriteString("<h2>Trusted Publishers</h2>\n<ul>\n")
	for _, one := range ix.publishers {
		if slices.Contains(one.projects, p) {
			fmt.Fprintf(b, "<li>%s/%s, workflow %s, %s</li>\n", html.EscapeString(one.owner), html.EscapeString(one.repository),
				html.EscapeString(one.workflow), html.EscapeString(environmentName(one.environment)))
		}
	}
	b.WriteString("</ul>\n")
}

// writeRelease writes a release with its files. origin is scheme and host of their addresses.
func (p *project) writeRelease(b *strings.Builder, version, origin string) {
	of := p.releaseOf(version)
	fmt.Fprintf(b, "<h2 id=\"%[1]s\">%[1]s</h2>\n", html.EscapeString(version))
	if of.yanked != nil {
		reason := ""
		if of.yankedReason() != nil {
			reason = ": " + *of.yanked
		}
		fmt.Fprintf(b, "<p><strong>This release has been yanked%s</strong></p>\n", html.EscapeString(reason))
	}
	if summary := first(of.metadata["summary"]); summary != "" {
		fmt.Fprintf(b, "<p>%s</p>\n", html.EscapeString(summary))
	}
	b.WriteString("<table>\n<tr><th>File</th><th>Bytes</th><th>Uploaded</th><th>By</th><th>SHA-256</th><th>Attestations</th></tr>\n")
	for _, f := range p.files {
		if f.release != of {
			continue
		}
		attestations := "none"
		if at := f.provenanceURL(origin); at != nil {
			attestations = fmt.Sprintf("<a href=\"%s\">provenance</a>", html.EscapeString(*at))
		}
		fmt.Fprintf(b, "<tr><td><a href=\"%s\">%s</a></td><td>%d</td><td>%s</td><td>%s</td><td><code>%s</code></td><td>%s</td></tr>\n",
			html.EscapeString(f.url(origin)), html.EscapeString(f.name), f.size, f.at.UTC().Format("2006-01-02 15:04:05 UTC"),
			html.EscapeString(f.uploader), f.sha256, attestations)
	}
	b.WriteString("</table>\n")
}
