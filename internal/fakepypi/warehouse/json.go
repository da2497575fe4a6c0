package warehouse

import (
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The JSON API (docs/reference/pypi-server.md §7.2).

// jsonFile describes one file in the member urls.
type jsonFile struct {
	Digests        map[string]string `json:"digests"`
	Filename       string            `json:"filename"`
	MD5            string            `json:"md5_digest"`
	PackageType    string            `json:"packagetype"`
	Python         string            `json:"python_version"`
	RequiresPython *string           `json:"requires_python"`
	Size           int64             `json:"size"`
	Uploaded       string            `json:"upload_time"`
	UploadedISO    string            `json:"upload_time_iso_8601"`
	URL            string            `json:"url"`
	Yanked         bool              `json:"yanked"`
	YankedReason   *string           `json:"yanked_reason"`
}

// json returns the description of a file. origin is scheme and host of its URL.
func (f *file) json(origin string) jsonFile {
	at := f.at.UTC()
	j := jsonFile{
		Digests:  map[string]string{"md5": f.md5, "sha256": f.sha256, "blake2b_256": f.blake2},
		Filename: f.name, MD5: f.md5, PackageType: f.kind, Python: f.python, Size: f.size,
		Uploaded: at.Format("2006-01-02T15:04:05"), UploadedISO: at.Format("2006-01-02T15:04:05.000000Z"), URL: f.url(origin),
	}
	if f.release.requiresPython != "" {
		j.RequiresPython = &f.release.requiresPython
	}
	if f.release.yanked != "" {
		j.Yanked, j.YankedReason = true, &f.release.yanked
	}
	return j
}

// withoutSlash redirects from the address of a JSON page with a trailing slash to the one without.
func (ix *Index) withoutSlash(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, strings.TrimSuffix(r.URL.EscapedPath(), "/"), http.StatusMovedPermanently)
}

// projectJSON handles GET /pypi/{name}/json: it serves the document of the latest release.
func (ix *Index) projectJSON(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	body := ix.document(ix.projects[normalize(r.PathValue("name"))], nil, origin(r))
	ix.mu.Unlock()
	answerDocument(w, body)
}

// releaseJSON handles GET /pypi/{name}/{version}/json.
func (ix *Index) releaseJSON(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	var body map[string]any
	if p, found := ix.release(r); found != nil {
		body = ix.document(p, found, origin(r))
	}
	ix.mu.Unlock()
	answerDocument(w, body)
}

// answerDocument writes a document, or 404 if it is nil.
func answerDocument(w http.ResponseWriter, body map[string]any) {
	if body == nil {
		web.WriteJSON(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	w.Header().Set("Cache-Control", "max-age=900, public")
	web.WriteJSON(w, http.StatusOK, body)
}

// release returns the project and the release that a path names, in any spelling; each is nil if it does not exist.
func (ix *Index) release(r *http.Request) (*project, *release) {
	p := ix.projects[normalize(r.PathValue("name"))]
	v, err := pep.ParseVersion(r.PathValue("version"))
	if p == nil || err != nil {
		return p, nil
	}
	return p, p.releases[v.Canonical()]
}

// document returns the JSON document of a release, or of the latest one if of is nil. It returns nil if the project does not exist or has
// no release.
func (ix *Index) document(p *project, of *release, origin string) map[string]any {
	if p == nil || len(p.releases) == 0 {
		return nil
	}
	all := map[string][]jsonFile{}
	for _, v := range p.versions() {
		all[v] = []jsonFile{}
	}
	for _, f := range p.sorted() {
		all[f.release.version] = append(all[f.release.version], f.json(origin))
	}
	versions := p.versions()
	latest := versions[len(versions)-1]
	document := map[string]any{
		"last_serial":     p.serial,
		"vulnerabilities": []any{},
		"ownership":       map[string]any{"roles": []any{}, "organization": nil},
	}
	if of == nil {
		document["releases"] = all
		for _, r := range p.releases {
			if r.version == latest {
				of = r
			}
		}
	}
	document["urls"] = all[of.version]
	document["info"] = map[string]any{
		"name":            p.name,
		"version":         of.version,
		"summary":         of.summary,
		"requires_python": of.requiresPython,
		"yanked":          false,
		"yanked_reason":   nil,
		"package_url":     ix.capabilities.site + "/project/" + string(p.key) + "/",
		"release_url":     ix.capabilities.site + "/project/" + string(p.key) + "/" + of.version + "/",
	}
	return document
}
