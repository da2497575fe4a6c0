// Package standin has stand-ins of indexes other than PyPI, as data: the form of their addresses, how they answer, and where that is
// documented. They store files in memory and check nothing but the credential. What is not documented is what each was seen to answer to
// other clients; none is a measurement of the real one.
package standin

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Answer is how an index answers a request that it refuses.
type Answer struct {
	Status   int
	Kind     string // the Content-Type; empty: text/plain
	Body     string
	Location string // of a redirect
}

// Kind is one kind of index.
type Kind struct {
	Name   string
	Source string // where the addresses and the user name are documented
	Upload string // the path of uploads
	Simple string // the path of the simple index
	User   string // the user name that it wants
	Digest string // in the links of its pages: sha256, md5, or empty for none
	// Replaces is set if an upload replaces a file of the same name; else Exists is the answer. SameAgain is set if the same bytes are
	// accepted again.
	Replaces, SameAgain bool
	Exists              Answer
	Real                string // the real one that was tried too, and when; empty: none
	Denied              Answer // to a wrong credential
	ReadOnly            Answer // to the upload with a credential that may only read
}

// Kinds returns the stand-ins.
func Kinds() []Kind {
	const json = "application/json"
	unauthorized := Answer{Status: http.StatusUnauthorized}
	forbidden := Answer{Status: http.StatusForbidden}
	return []Kind{
		{
			Name: "PyPI's software", Source: "https://packaging.python.org/en/latest/specifications/pypirc/", Upload: "/legacy/",
			Simple: "/simple/",
			User:   "__token__", Digest: "sha256", SameAgain: true,
			Exists:   Answer{Status: 400, Body: "File already exists."},
			Denied:   Answer{Status: 403, Body: "Invalid or non-existent authentication information."},
			ReadOnly: Answer{Status: 403, Body: "The user isn't allowed to upload to this."},
		},
		{
			Name: "pypiserver", Source: "https://github.com/pypiserver/pypiserver", Upload: "/", Simple: "/simple/", User: "me",
			Digest: "sha256",
			Exists: Answer{Status: 409, Body: "Package already exists!"}, Denied: unauthorized, ReadOnly: forbidden,
		},
		{
			Name: "devpi", Source: "https://github.com/devpi/devpi/blob/main/doc/quickstart-pypimirror.rst", Upload: "/root/dev/",
			Simple: "/root/dev/+simple/", User: "me", Digest: "sha256",
			Exists: Answer{Status: 409, Body: "alder-1.0.tar.gz already exists in non-volatile index"}, Denied: unauthorized,
			ReadOnly: Answer{Status: 403, Kind: json, Body: `{"message":"no permission to submit"}`},
		},
		{
			Name: "Pulp", Source: "https://pulpproject.org/pulp_python/docs/user/guides/pypi/", Upload: "/pypi/team/simple/",
			Simple: "/pypi/team/simple/", User: "me", Digest: "sha256",
			Exists:   Answer{Status: 400, Kind: json, Body: `["Package already exists in index"]`},
			Denied:   Answer{Status: 401, Kind: json, Body: `{"detail":"Invalid username/password."}`},
			ReadOnly: Answer{Status: 403, Kind: json, Body: `{"detail":"You do not have permission to perform this action."}`},
		},
		{
			Name: "pypicloud", Source: "https://pypicloud.readthedocs.io/en/latest/topics/getting_started.html", Upload: "/simple/",
			Simple: "/simple/", User: "me", Digest: "md5",
			Exists: Answer{Status: 409, Body: "Package already exists"}, Denied: unauthorized, ReadOnly: forbidden,
		},
		{
			Name: "Gitea, Forgejo", Source: "https://docs.gitea.com/usage/packages/pypi/", Upload: "/api/packages/team/pypi",
			Real:   "Gitea 1.26.0 (2026-11-30)",
			Simple: "/api/packages/team/pypi/simple/", User: "me", Digest: "sha256",
			Exists: Answer{Status: 409, Body: "package file already exists"}, Denied: unauthorized,
			ReadOnly: Answer{Status: 401, Body: "reqPackageAccess: user should have specific permission"},
		},
		{
			Name: "Artifactory", Source: "https://jfrog.com/help/r/jfrog-artifactory-documentation/pypi-repositories",
			Upload: "/artifactory/api/pypi/releases", Simple: "/artifactory/api/pypi/releases/simple/", User: "me", Digest: "sha256",
			Replaces: true, Denied: Answer{Status: 401, Kind: json, Body: `{"errors":[{"status":401,"message":"Bad credentials"}]}`},
			ReadOnly: Answer{Status: 403, Kind: json, Body: `{"errors":[{"status":403,"message":"Not enough permissions to deploy"}]}`},
		},
		{
			Name: "Nexus Repository", Source: "https://help.sonatype.com/en/pypi-repositories.html", Upload: "/repository/hosted/",
			Simple: "/repository/hosted/simple/", User: "me", Digest: "md5",
			Exists: Answer{Status: 400, Body: "Repository does not allow updating assets: hosted"}, Denied: unauthorized,
			ReadOnly: forbidden,
		},
		{
			Name: "GitLab", Source: "https://docs.gitlab.com/user/packages/pypi_repository", Upload: "/api/v4/projects/12/packages/pypi",
			Simple: "/api/v4/projects/12/packages/pypi/simple/", User: "me", Digest: "sha256",
			Exists:   Answer{Status: 400, Kind: json, Body: `{"message":"Validation failed: File name has already been taken"}`},
			Denied:   Answer{Status: 401, Kind: json, Body: `{"message":"401 Unauthorized"}`},
			ReadOnly: Answer{Status: 403, Kind: json, Body: `{"message":"403 Forbidden"}`},
		},
		{
			Name: "AWS CodeArtifact", Source: "https://docs.aws.amazon.com/codeartifact/latest/ug/python-configure-twine.html",
			Upload: "/pypi/repo/", Simple: "/pypi/repo/simple/", User: "aws", Digest: "sha256",
			Exists: Answer{Status: 409, Kind: json, Body: `{"message":"Asset already exists"}`}, Denied: unauthorized,
			ReadOnly: Answer{
				Status: 403, Kind: json,
				Body: `{"message":"User is not authorized to perform codeartifact:PublishPackageVersion"}`,
			},
		},
		{
			Name: "Google Artifact Registry", Source: "https://docs.cloud.google.com/artifact-registry/docs/python/store-python",
			Upload: "/project/repo/", Simple: "/project/repo/simple/", User: "oauth2accesstoken",
			Exists:   Answer{Status: 409, Kind: json, Body: `{"error":{"code":409,"message":"the file already exists"}}`},
			Denied:   unauthorized,
			ReadOnly: Answer{Status: 403, Kind: json, Body: `{"error":{"code":403,"message":"Permission uploadArtifacts denied"}}`},
		},
		{
			Name: "Azure Artifacts", Source: "https://github.com/microsoft/artifacts-keyring", Upload: "/org/_packaging/feed/pypi/upload",
			Simple: "/org/_packaging/feed/pypi/simple/", User: "me", Digest: "sha256",
			Exists: Answer{Status: 409, Kind: json, Body: `{"message":"The feed already contains the file"}`},
			Denied: Answer{Status: 302, Location: "https://login.example/_signin"}, ReadOnly: forbidden,
		},
	}
}

// Index is one stand-in that runs: an [http.Handler]. The fields are set before the first request.
type Index struct {
	Kind
	Password   string
	ReadsOnly  bool // the credential may only read
	WritesOnly bool // the credential may not read
	Forwards   bool // to PyPI's page of a project that it does not have

	mu       sync.Mutex
	files    map[string][]byte
	requests []string
}

// Put stores a file.
func (x *Index) Put(name string, content []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.files == nil {
		x.files = map[string][]byte{}
	}
	x.files[name] = content
}

// Requests returns how many requests there were of a method.
func (x *Index) Requests(method string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, m := range x.requests {
		if m == method {
			n++
		}
	}
	return n
}

// Content returns the content of a file; nil if there is none.
func (x *Index) Content(name string) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.files[name]
}

// ServeHTTP answers one request.
func (x *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.requests = append(x.requests, r.Method)
	x.mu.Unlock()
	user, password, _ := r.BasicAuth()
	path, isPage := strings.CutPrefix(r.URL.EscapedPath(), x.Simple)
	switch {
	case user != x.User || password != x.Password:
		x.Denied.write(w)
	case r.Method == http.MethodPost && r.URL.EscapedPath() == x.Upload:
		x.upload(w, r)
	case strings.HasPrefix(r.URL.Path, "/files/"):
		x.file(w, strings.TrimPrefix(r.URL.Path, "/files/"))
	case isPage && x.WritesOnly:
		Answer{Status: http.StatusForbidden}.write(w)
	case isPage && path == "":
		_, _ = io.WriteString(w, "<title>Simple index</title>")
	case isPage:
		x.page(w, strings.TrimSuffix(path, "/"))
	default:
		http.NotFound(w, r)
	}
}

func (a Answer) write(w http.ResponseWriter) {
	kind := a.Kind
	if kind == "" {
		kind = "text/plain"
	}
	w.Header().Set("Content-Type", kind)
	if a.Location != "" {
		w.Header().Set("Location", a.Location)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}

func (x *Index) upload(w http.ResponseWriter, r *http.Request) {
	if x.ReadsOnly {
		_, _ = io.Copy(io.Discard, r.Body)
		x.ReadOnly.write(w)
		return
	}
	file, header, err := r.FormFile("content")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	content, err := io.ReadAll(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if before := x.Content(header.Filename); before != nil && !x.Replaces && (!x.SameAgain || !slices.Equal(before, content)) {
		x.Exists.write(w)
		return
	}
	x.Put(header.Filename, content)
}

func (x *Index) file(w http.ResponseWriter, name string) {
	content := x.Content(name)
	if content == nil {
		Answer{Status: http.StatusNotFound}.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content)
}

func (x *Index) page(w http.ResponseWriter, project string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var links []string
	for name, content := range x.files {
		if !strings.HasPrefix(name, project+"-") {
			continue
		}
		md5Sum, sha256Sum := md5.Sum(content), sha256.Sum256(content)
		digest := map[string]string{"md5": "#md5=" + hex.EncodeToString(md5Sum[:]), "sha256": "#sha256=" + hex.EncodeToString(sha256Sum[:])}
		links = append(links, fmt.Sprintf("<a href=\"/files/%[1]s%[2]s\">%[1]s</a>\n", html.EscapeString(name), digest[x.Digest]))
	}
	switch {
	case len(links) == 0 && x.Forwards:
		Answer{Status: http.StatusFound, Location: "https://pypi.org/simple/" + project + "/"}.write(w)
		return
	case len(links) == 0:
		Answer{Status: http.StatusNotFound}.write(w)
		return
	}
	slices.Sort(links)
	w.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprintf(w, "<h1>Links for %s</h1>\n%s", html.EscapeString(project), strings.Join(links, ""))
}
