//go:build gitea

package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A real Gitea, which .ci/gitea starts: GITEA_URL is its address, and GITEA_USER with GITEA_PASSWORD a user that may do everything.

// gitea is the package registry of one owner.
type gitea struct {
	t      *testing.T
	s      *step
	api    string // address of the server
	owner  string
	upload string // address
}

// TestIndexes_Gitea: a real Gitea in the situations of the matrix. It comes to what its stand-in comes to.
func TestIndexes_Gitea(t *testing.T) {
	api := os.Getenv("GITEA_URL")
	if api == "" {
		t.Fatal("GITEA_URL is not set: run .ci/gitea")
	}
	golden := string(readFile(t, "testdata/indexes.golden"))
	for i, c := range indexSituations() {
		if c.imitated {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := newStepWith(t, map[string]string{"INPUT_AUTH": "token", "INPUT_PARALLEL-UPLOADS": "1", "INPUT_VERBOSE": "true"},
				"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			s.inProcess, s.noWait = true, true
			x := &gitea{t: t, s: s, api: api, owner: fmt.Sprintf("team%d", i)}
			x.upload = api + "/api/packages/" + x.owner + "/pypi"
			x.ask("/orgs", map[string]any{"username": x.owner})
			s.env["INPUT_REPOSITORY-URL"], s.env["INPUT_USER"] = x.upload, os.Getenv("GITEA_USER")
			s.env["INPUT_PASSWORD"] = x.token("write:package")
			c.set(s, x)
			e := s.run()
			waited := int(time.Until(s.clock.Now()).Round(time.Second) / time.Second)
			requests := func(methods string) int {
				return len(regexp.MustCompile(`(?m)^ *[a-z]+: (`+methods+`) .* \(try \d`).FindAllString(e.log, -1))
			}
			posts := requests("POST")
			c.check(t, e, posts, waited)
			others := requests("GET|HEAD")
			row := fmt.Sprintf("Gitea, Forgejo | %s | %s | %d | %d | %d | ", c.name, e.outputs["result"], e.code, posts, others)
			if !strings.Contains(golden, row) {
				t.Errorf("the stand-in has no row %q\n%s", row, e.log)
			}
			t.Log(row)
		})
	}
}

// ask sends a request to Gitea's API, and returns the answer.
func (x *gitea) ask(path string, body map[string]any) map[string]any {
	x.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		x.t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(x.post("/api/v1"+path, "application/json", bytes.NewReader(text)), &answer); err != nil {
		x.t.Fatal(err)
	}
	return answer
}

// post sends a request as the user, and returns the body of the answer, which has to be 201.
func (x *gitea) post(path, kind string, body io.Reader) []byte {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.api+path, body)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.SetBasicAuth(os.Getenv("GITEA_USER"), os.Getenv("GITEA_PASSWORD"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusCreated {
		x.t.Fatalf("POST %s: %s, %v\n%s", path, answer.Status, err, text)
	}
	return text
}

// token makes an access token of the user with a scope.
func (x *gitea) token(scope string) string {
	x.t.Helper()
	name := x.owner + " " + scope
	answer := x.ask("/users/"+os.Getenv("GITEA_USER")+"/tokens", map[string]any{"name": name, "scopes": []string{scope}})
	token, _ := answer["sha1"].(string)
	if token == "" {
		x.t.Fatalf("Gitea made no token, but %v", answer)
	}
	return token
}

// Put publishes a file without the program.
func (x *gitea) Put(name string, content []byte) {
	x.t.Helper()
	sum := sha256.Sum256(content)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{
		{":action", "file_upload"}, {"name", "alder"}, {"version", "1.0"}, {"sha256_digest", hex.EncodeToString(sum[:])},
	} {
		_ = form.WriteField(field[0], field[1]) // to memory
	}
	file, _ := form.CreateFormFile("content", name)
	_, _ = file.Write(content)
	_ = form.Close()
	x.post("/api/packages/"+x.owner+"/pypi", form.FormDataContentType(), &body)
}

func (x *gitea) readsOnly() { x.s.env["INPUT_PASSWORD"] = x.token("read:package") }

// writesOnly puts a proxy in front, since Gitea has no credential that may only write.
func (x *gitea) writesOnly() {
	to, err := url.Parse(x.api)
	if err != nil {
		x.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			proxy.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	x.t.Cleanup(server.Close)
	x.s.env["INPUT_REPOSITORY-URL"] = strings.Replace(x.upload, x.api, server.URL, 1)
}

func (x *gitea) forwards() { x.t.Fatal("Gitea does not forward") }
