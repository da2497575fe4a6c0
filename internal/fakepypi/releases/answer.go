package releases

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// route is one operation of the API.
type route struct {
	op     string
	method string
	path   string // below the releases, escaped; {id} stands for a number, and {tag} for any name
	right  Right  // that it requires
	do     func(*GitHub, *call)
}

// match reports whether a request is for the route, and what stands in the place of {id} or {tag}.
func (r route) match(method, below string) (variable string, ok bool) {
	below, ok = strings.CutPrefix(below, "/releases")
	want, got := strings.Split(r.path, "/"), strings.Split(below, "/")
	if !ok || method != r.method || len(got) != len(want) {
		return "", false
	}
	for i, part := range got {
		switch {
		case want[i] == "{tag}" && part != "", want[i] == "{id}" && part != "" && strings.Trim(part, "0123456789") == "":
			variable = part
		case part != want[i]:
			return "", false
		}
	}
	return variable, true
}

// routes returns all operations of the API. Other requests get a 404.
func routes() []route {
	return []route{
		{"by-tag", "GET", "/tags/{tag}", Outside, (*GitHub).byTag},
		{"list", "GET", "", Outside, (*GitHub).list},
		{"notes", "POST", "/generate-notes", Write, (*GitHub).notes},
		{"edit", "PATCH", "/{id}", Write, (*GitHub).edit},
		{"assets", "GET", "/{id}/assets", Outside, (*GitHub).listAssets},
		{"download", "GET", "/assets/{id}", Outside, (*GitHub).download},
		{"delete", "DELETE", "/assets/{id}", Write, (*GitHub).remove},
		{"upload", "POST", "/{id}/assets", Write, (*GitHub).upload},
	}
}

// Upload is the only op at the address for uploads; all others are at the API's address.
const Upload = "upload"

// Ops returns every op, with "bytes" for the storage and "other" for unknown requests.
func Ops() []string {
	ops := []string{"bytes", "other"}
	for _, r := range routes() {
		ops = append(ops, r.op)
	}
	return ops
}

// Op returns the op of a request.
func Op(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, bytesPath) {
		return "bytes"
	}
	_, below, _ := split(r.URL.EscapedPath())
	for _, one := range routes() {
		if _, ok := one.match(r.Method, below); ok {
			return one.op
		}
	}
	return "other"
}

// split returns the repository in a path and the rest of the path after it.
func split(path string) (repository, below string, ok bool) {
	_, rest, ok := strings.Cut(path, "/repos/")
	parts := strings.SplitN(rest, "/", 3)
	if !ok || len(parts) < 3 {
		return "", "", false
	}
	return parts[0] + "/" + parts[1], "/" + parts[2], true
}

// call is the state of one request.
type call struct {
	w        http.ResponseWriter
	r        *http.Request
	variable string // of the route's path
	right    Right
	body     []byte
	complete bool // the body was complete
}

// The paths of the API and of uploads at GitHub Enterprise Server, which has both at one address.
const (
	APIPath     = "/api/v3"
	UploadsPath = "/api/uploads"
)

// Beside returns a handler that serves the API and uploads at these paths, and passes all other requests to next.
func (g *GitHub) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, APIPath+"/"):
			g.API().ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, UploadsPath+"/"):
			g.Uploads().ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// API returns the handler of the API, which works at any path before /repos/.
func (g *GitHub) API() http.Handler { return g.handler(false) }

// Uploads returns the handler of the address for uploads.
func (g *GitHub) Uploads() http.Handler { return g.handler(true) }

// handler returns the handler of the address for uploads, or of the API.
func (g *GitHub) handler(uploads bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r}
		c.read()
		g.mu.Lock()
		defer g.mu.Unlock()
		op := Op(r)
		g.requests = append(g.requests, op)
		if scripted := g.says[op]; len(scripted) > 0 {
			g.says[op] = scripted[1:]
			g.say(c, scripted[0])
			return
		}
		if (op == Upload) != uploads {
			refuse(w, http.StatusNotFound, "Not Found")
			return
		}
		g.answer(c)
	})
}

// say sends a planned answer.
func (g *GitHub) say(c *call, a Answer) {
	if a.Half {
		c.complete = false
	}
	if a.Acts || a.Half {
		w := c.w
		c.w = discard{http.Header{}}
		g.answer(c)
		c.w = w
	}
	for name, values := range a.Header {
		c.w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if c.w.Header().Get("Content-Type") == "" {
		c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	c.w.WriteHeader(a.Status)
	_, _ = c.w.Write([]byte(a.Body)) // it fails if the client is gone
}

// discard is an http.ResponseWriter that drops the answer.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// answer finds the operation, checks the token, and executes the operation.
func (g *GitHub) answer(c *call) {
	repository, below, ok := split(c.r.URL.EscapedPath())
	raw, bearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	right, known := g.options.Tokens[raw]
	switch {
	case !bearer || !known:
		refuse(c.w, http.StatusUnauthorized, "Bad credentials")
		return
	case strings.Contains(c.r.URL.String(), raw):
		g.leaks = append(g.leaks, "a URL")
	}
	c.right = right
	if !ok || !strings.EqualFold(repository, g.options.Repository) || right == Nothing {
		refuse(c.w, http.StatusNotFound, "Not Found")
		return
	}
	for _, one := range routes() {
		variable, ok := one.match(c.r.Method, below)
		if !ok {
			continue
		}
		c.variable = variable
		switch {
		case right >= one.right:
			one.do(g, c)
		case right == Outside:
			refuse(c.w, http.StatusNotFound, "Not Found")
		default:
			refuse(c.w, http.StatusForbidden, "Resource not accessible by integration")
		}
		return
	}
	refuse(c.w, http.StatusNotFound, "Not Found")
}

// refuse writes an error in GitHub's format.
func refuse(w http.ResponseWriter, status int, message string, errors ...map[string]string) {
	decoded := map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if len(errors) > 0 {
		decoded["errors"] = errors
	}
	write(w, status, decoded)
}

// write writes value as JSON.
func write(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // it fails if the client is gone
}

// page returns the page of all that the request selects.
func page[T any](all []T, r *http.Request) []T {
	number := func(name string, preset, most int) int {
		n, err := strconv.Atoi(r.URL.Query().Get(name))
		if err != nil || n < 1 {
			return preset
		}
		return min(n, most)
	}
	size := number("per_page", 30, 100)
	from := min((number("page", 1, 1<<20)-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// number returns the number in the route's path.
func (c *call) number() int64 {
	n, err := strconv.ParseInt(c.variable, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// tag returns the tag in the route's path, unescaped.
func (c *call) tag() string {
	tag, err := url.PathUnescape(c.variable)
	if err != nil {
		return ""
	}
	return tag
}
