package warehouse

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The JSON API (docs/reference/pypi-server.md §7.2).

// jsonFile describes one file in the member urls.
type jsonFile struct {
	Comment        *string           `json:"comment_text"`
	Downloads      int               `json:"downloads"` // always -1
	HasSignature   bool              `json:"has_sig"`   // always false
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
		Downloads: -1, Yanked: f.release.yanked != nil, YankedReason: f.release.yankedReason(),
	}
	if f.release.requiresPython != "" {
		j.RequiresPython = &f.release.requiresPython
	}
	return j
}

// projectJSON handles GET /pypi/{name}/json: it serves the document of the latest release.
func (ix *Index) projectJSON(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p := ix.projects[normalize(r.PathValue("name"))]
	ix.answerDocument(w, r, p, p.latest(), true)
}

// releaseJSON handles GET /pypi/{name}/{version}/json.
func (ix *Index) releaseJSON(w http.ResponseWriter, r *http.Request) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	p, found := ix.release(r)
	ix.answerDocument(w, r, p, found, false)
}

// answerDocument writes the document of a release, with the files of all releases if all is set. It answers 404 if there is no release or
// the project is in quarantine, and redirects from another spelling of the name.
func (ix *Index) answerDocument(w http.ResponseWriter, r *http.Request, p *project, of *release, all bool) {
	if of == nil || p.status == statusQuarantined {
		shareAcrossOrigins(w)
		web.WriteJSON(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	if name := r.PathValue("name"); name != string(p.key) {
		shareAcrossOrigins(w)
		redirect(w, r, strings.Replace(r.URL.EscapedPath(), "/pypi/"+url.PathEscape(name)+"/", "/pypi/"+string(p.key)+"/", 1))
		return
	}
	body, err := json.Marshal(ix.document(p, of, origin(r), all))
	if err != nil {
		errorAnswer(w, http.StatusInternalServerError)
		return
	}
	page{body: body, kind: "application/json", serial: p.serial, age: quarterOfAnHour}.write(w, r)
}

// latest returns the release that the project's document describes: a final one that is not yanked if there is one. It returns nil if p is
// nil or has no release.
func (p *project) latest() *release {
	if p == nil || len(p.releases) == 0 {
		return nil
	}
	rank := func(r *release) int {
		v, err := pep.ParseVersion(r.version)
		switch {
		case r.yanked != nil:
			return 0
		case err != nil || v.Prerelease():
			return 1
		default:
			return 2
		}
	}
	return slices.MaxFunc(slices.Collect(maps.Values(p.releases)), func(a, b *release) int {
		return cmp.Or(rank(a)-rank(b), compareVersions(a.version, b.version))
	})
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

// document returns the JSON document of a release, with the files of all releases if all is set.
func (ix *Index) document(p *project, of *release, origin string, all bool) map[string]any {
	files := map[string][]jsonFile{}
	for _, v := range p.versions() {
		files[v] = []jsonFile{}
	}
	for _, f := range p.listed() {
		files[f.release.version] = append(files[f.release.version], f.json(origin))
	}
	document := map[string]any{
		"info":            ix.info(p, of),
		"last_serial":     p.serial,
		"ownership":       map[string]any{"organization": nil, "roles": []any{map[string]string{"role": "Owner", "user": apiUser}}},
		"urls":            files[of.version],
		"vulnerabilities": []any{},
	}
	if all {
		document["releases"] = files
	}
	return document
}

// infoMember is a member of a document's info that a field of the form fills.
type infoMember struct {
	name, form string
	list       bool
}

// infoMembers returns the members of info that come from the form of a release's first file. An absent one is null.
func infoMembers() []infoMember {
	return []infoMember{
		{"author", "author", false},
		{"author_email", "author_email", false},
		{"classifiers", "classifiers", true},
		{"description", "description", false},
		{"description_content_type", "description_content_type", false},
		{"download_url", "download_url", false},
		{"dynamic", "dynamic", true},
		{"home_page", "home_page", false},
		{"keywords", "keywords", false},
		{"license", "license", false},
		{"license_expression", "license_expression", false},
		{"license_files", "license_file", true},
		{"maintainer", "maintainer", false},
		{"maintainer_email", "maintainer_email", false},
		{"platform", "platform", false}, // of several, PyPI stores the first
		{"project_urls", "project_urls", true},
		{"provides_extra", "provides_extra", true},
		{"requires_dist", "requires_dist", true},
		{"requires_python", "requires_python", false},
		{"summary", "summary", false},
	}
}

// shownMetadata returns the fields of the form that a document's info shows, by their names there.
func (u *upload) shownMetadata() map[string][]string {
	shown := map[string][]string{}
	for _, m := range infoMembers() {
		if values := u.form.all(m.form); len(values) > 0 {
			shown[m.name] = values
		}
	}
	return shown
}

// info returns the member info of the document of a release.
func (ix *Index) info(p *project, of *release) map[string]any {
	site := ix.capabilities.site + "/project/" + string(p.key) + "/"
	info := map[string]any{
		"bugtrack_url":  nil,
		"docs_url":      nil,
		"downloads":     map[string]int{"last_day": -1, "last_month": -1, "last_week": -1},
		"name":          p.name,
		"package_url":   site,
		"project_url":   site,
		"release_url":   site + of.version + "/",
		"version":       of.version,
		"yanked":        of.yanked != nil,
		"yanked_reason": of.yankedReason(),
	}
	for _, m := range infoMembers() {
		switch values := of.metadata[m.name]; {
		case len(values) == 0:
			info[m.name] = nil
		case m.list:
			info[m.name] = values
		default:
			info[m.name] = values[0]
		}
	}
	if info["classifiers"] == nil {
		info["classifiers"] = []string{}
	}
	info["project_urls"] = of.urls()
	return info
}

// urls returns the release's addresses by their labels, or nil if it has none.
func (r *release) urls() map[string]string {
	urls := map[string]string{}
	for label, member := range map[string]string{"Homepage": "home_page", "Download": "download_url"} {
		if values := r.metadata[member]; len(values) > 0 {
			urls[label] = values[0]
		}
	}
	for _, line := range r.metadata["project_urls"] {
		label, address, _ := strings.Cut(line, ",")
		urls[strings.TrimSpace(label)] = strings.TrimSpace(address)
	}
	if len(urls) == 0 {
		return nil
	}
	return urls
}

// yankedReason returns why the release was yanked, or nil if there is no reason.
func (r *release) yankedReason() *string {
	if r.yanked == nil || *r.yanked == "" {
		return nil
	}
	return r.yanked
}
