package fakepypi_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// recording is what another client sent to an index (testdata/clients/README.md).
type recording struct {
	Client   string
	Requests []recordedUpload
}

type recordedUpload struct {
	Headers [][2]string
	Form    []recordedPart
}

type recordedPart struct {
	Name, Value, Filename string
	Headers               []string
}

func recordings(t *testing.T) []recording {
	t.Helper()
	paths, err := filepath.Glob("testdata/clients/*.json")
	if err != nil || len(paths) < 7 {
		t.Fatalf("recordings %v, %v", paths, err)
	}
	all := make([]recording, len(paths))
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &all[i]); err != nil || len(all[i].Requests) == 0 {
			t.Fatalf("%s: %d requests, %v", path, len(all[i].Requests), err)
		}
	}
	return all
}

// values returns what the form has in a field.
func (u recordedUpload) values(name string) (values []string) {
	for _, p := range u.Form {
		if p.Name == name {
			values = append(values, p.Value)
		}
	}
	return values
}

// file returns the name of the uploaded file, and a distribution with the members that the form promises.
func (u recordedUpload) file() (name, content string) {
	for _, p := range u.Form {
		if p.Name == "content" {
			name = p.Filename
		}
	}
	metadata := fmt.Sprintf("Metadata-Version: %s\nName: %s\nVersion: %s\n",
		u.values("metadata_version")[0], u.values("name")[0], u.values("version")[0])
	if folder, sdist := strings.CutSuffix(name, ".tar.gz"); sdist {
		return name, tarGzOf([][2]string{{folder + "/PKG-INFO", metadata}, {folder + "/pyproject.toml", ""}})
	}
	parts := strings.Split(name, "-")
	info := parts[0] + "-" + parts[1] + ".dist-info/"
	members := [][2]string{{info + "METADATA", metadata}, {info + "WHEEL", "Wheel-Version: 1.0\n"}}
	for _, license := range u.values("license_file") {
		members = append(members, [2]string{info + "licenses/" + license, "free"})
	}
	record := info + "RECORD,,\n"
	for _, m := range members {
		record += m[0] + ",,\n"
	}
	return name, zipOf(append(members, [2]string{info + "RECORD", record}))
}

// digests are the fields of the form for digests, with those of the content.
func (u recordedUpload) digests(content string) map[string]string {
	given := map[string]string{}
	for field, digest := range map[string]string{
		"md5_digest": md5Of(content), "sha256_digest": sha256Of(content), "blake2_256_digest": blake2Of(content),
	} {
		if len(u.values(field)) > 0 {
			given[field] = digest
		}
	}
	return given
}

// body writes the form byte by byte, since a writer of forms would add what a client left out.
func (u recordedUpload) body(content string, digests map[string]string) string {
	var b strings.Builder
	for _, p := range u.Form {
		fmt.Fprintf(&b, "--BOUNDARY\r\nContent-Disposition: form-data; name=%q", p.Name)
		value := p.Value
		switch {
		case p.Name == "content":
			fmt.Fprintf(&b, "; filename=%q", p.Filename)
			value = content
		case digests[p.Name] != "":
			value = digests[p.Name]
		}
		for _, line := range p.Headers {
			b.WriteString("\r\n" + line)
		}
		b.WriteString("\r\n\r\n" + value + "\r\n")
	}
	return b.String() + "--BOUNDARY--\r\n"
}

// send uploads the recorded form with the recorded headers.
func (u recordedUpload) send(th *harness, user, password, body string) reply {
	th.t.Helper()
	var header []string
	for _, h := range u.Headers {
		switch strings.ToLower(h[0]) {
		case "content-length", "connection": // the transport writes them
		case "authorization":
			header = append(header, "Authorization", basic(user, password))
		default:
			header = append(header, h[0], h[1])
		}
	}
	return th.do("POST", th.Upload.String(), strings.NewReader(body), header...)
}

// TestUpload_RecordedClients: both kinds of index take what seven other clients send as they send it, and refuse it with any one
// of its digests wrong.
func TestUpload_RecordedClients(t *testing.T) {
	t.Parallel()
	for _, r := range recordings(t) {
		for _, profile := range []fakepypi.Profile{fakepypi.PyPI, fakepypi.Plain} {
			t.Run(strings.TrimSpace(r.Client+" "+string(profile)), func(t *testing.T) {
				t.Parallel()
				th := open(t, fakepypi.Options{Profile: profile})
				user, password := fakepypi.User, fakepypi.Password
				if profile == fakepypi.PyPI {
					user, password = "__token__", th.apiToken()
				}
				for _, u := range r.Requests {
					name, content := u.file()
					digests := u.digests(content)
					if len(digests) == 0 {
						t.Fatalf("%s has no digest", name)
					}
					for field := range digests {
						wrong := u.digests(content)
						wrong[field] = strings.Repeat("0", len(digests[field]))
						reason := "The digest supplied does not match a digest calculated from the uploaded file."
						if profile == fakepypi.Plain {
							reason = field + " does not match the content"
						}
						u.send(th, user, password, u.body(content, wrong)).want(t, 400, reason)
					}
					u.send(th, user, password, u.body(content, digests)).want(t, 200, "OK")
					if !slices.ContainsFunc(th.Files(),
						func(f fakepypi.File) bool { return f.Name == name && f.SHA256 == sha256Of(content) }) {
						t.Errorf("%s is not among %v", name, th.Files())
					}
				}
			})
		}
	}
}

// TestTLS_RecordedUV: the whole of uv's Trusted Publishing, which is over https whatever its address says: the audience, an ID token, an
// upload token, the recorded uploads with it, and its revocation. Every address is of one origin.
func TestTLS_RecordedUV(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	i := slices.IndexFunc(all, func(r recording) bool { return strings.HasPrefix(r.Client, "uv ") })
	if i < 0 {
		t.Fatal("uv is not among the recordings")
	}
	th := open(t, fakepypi.Options{TLS: true, OnePort: true, Issuer: fakepypi.GitHubIssuer})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(th.Authority) {
		t.Fatalf("no certificate: %s", th.Authority)
	}
	th.http = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, Time: th.clock.now},
	}}
	origin := "https://" + th.Upload.Host
	for name, address := range map[string]string{"uploads": th.Upload.String(), "ID tokens": th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"]} {
		if !strings.HasPrefix(address, origin+"/") {
			t.Errorf("the address of %s is %s", name, address)
		}
	}
	uploads := all[i].Requests
	th.AddPublisher(fakepypi.Publisher{Project: pep.Normalize(uploads[0].values("name")[0])})
	agent := []string{"User-Agent", "uv/0.13.9", "Accept", "*/*", "Content-Type", "application/json"}
	audience, _ := th.do("GET", origin+"/_/oidc/audience", nil, agent...).json(t)["audience"].(string)
	body := strings.NewReader(`{"token":"` + th.idToken(audience) + `"}`)
	token, _ := th.do("POST", origin+"/_/oidc/mint-token", body, agent...).json(t)["token"].(string)
	if token == "" {
		t.Fatal("no upload token")
	}
	for _, u := range uploads {
		name, content := u.file()
		u.send(th, "__token__", token, u.body(content, u.digests(content))).want(t, 200, "OK")
		if !slices.ContainsFunc(th.Files(), func(f fakepypi.File) bool { return f.Name == name }) {
			t.Errorf("%s is not among %v", name, th.Files())
		}
	}
	th.do("POST", origin+"/_/oidc/burn-token", strings.NewReader(`{"token":"`+token+`"}`), agent...).want(t, 202, "Accepted")
	if tokens := th.Tokens(); len(tokens) != 1 || !tokens[0].Burned {
		t.Errorf("tokens: %+v", tokens)
	}
}
