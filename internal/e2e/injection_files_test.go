package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// The injection test, by what a run reads: files, their names and what is in them, inputs, the environment, the claims of the
// ID token, and the pages of an index.

// textSource is how a text gets into the program.
type textSource struct {
	name        string
	provide     func(s *step, text string)
	maxLength   int  // how long a text may be, in bytes; 0: as long as a packet
	notReported bool // the text is not reported
}

// textSources is the table. Adding one here tries it with every text.
func textSources() []textSource {
	all := []textSource{
		{name: "names of files", maxLength: 180, provide: (*step).nameFiles},
		{name: "metadata", provide: func(s *step, text string) { s.describe(strings.ReplaceAll(text, "\n", "\n        ")) }},
		{name: "metadata with new fields", provide: (*step).describe},
		{name: "names in archives", provide: func(s *step, text string) {
			text = variable(text) // NUL ends a name
			wheel := map[string]string{
				"alder-1.0.dist-info/METADATA": disttest.Metadata("alder", "1.0"),
				"alder-1.0.dist-info/WHEEL":    text,
				"alder-1.0.dist-info/RECORD":   text,
				"x/" + text:                    "x",
				"../" + text:                   "x",
				text + ".dist-info/METADATA":   text,
			}
			s.pack(built()[0], disttest.Zip, wheel)
			s.pack(built()[1], disttest.TarGz,
				map[string]string{"alder-1.0/PKG-INFO": disttest.Metadata("alder", "1.0"), text + "/PKG-INFO": text, "../" + text: "x"})
		}},
		{name: "no archives", notReported: true, provide: func(s *step, text string) {
			s.write("dist/"+built()[0], text)
			s.write("dist/"+built()[1], text)
		}},
		{name: "pyproject.toml", notReported: true, provide: func(s *step, text string) {
			s.write("pyproject.toml", fmt.Sprintf("[project]\nname = %s\nversion = %s\n", jsonText(text), jsonText(text)))
		}},
		{name: "pyproject.toml that is none", notReported: true, provide: func(s *step, text string) {
			s.write("pyproject.toml", "[project]\nname = '"+text+"'\n"+text+" = "+text)
		}},
		{name: "environment", notReported: true, provide: func(s *step, text string) {
			for _, name := range []string{
				"GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_HEAD_REF", "GITHUB_BASE_REF", "GITHUB_ACTOR", "GITHUB_WORKFLOW", "GITHUB_JOB",
				"GITHUB_REPOSITORY", "GITHUB_EVENT_NAME",
			} {
				s.env[name] = variable(text)
			}
			s.write("../workflow/event.json", text)
			s.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = ""
		}},
		{
			name:        "the ID token's address",
			notReported: true,
			provide:     func(s *step, text string) { s.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://" + variable(text) },
		},
		{name: "all inputs", maxLength: 80, provide: func(s *step, text string) {
			inputs, _ := declared(s.t)
			for name := range inputs {
				s.env["INPUT_"+strings.ToUpper(name)] = variable(text)
			}
			s.env["INPUT_PASSWORD"], s.env["INPUT_GITHUB-TOKEN"] = "", "" // what the user wants hidden is hidden
		}},
		{name: "sidecars that are none", maxLength: 180, provide: func(s *step, text string) {
			s.env["INPUT_ATTESTATIONS"] = "true"
			s.write("dist/"+built()[0]+".publish.attestation", text)
			s.write("dist/"+built()[1]+".slsa.attestation", jsonText(map[string]any{text: text}))
			s.write("dist/"+fileName(text, ".publish.attestation"), text)
		}},
		{name: "sidecars", notReported: true, provide: func(s *step, text string) {
			s.env["INPUT_ATTESTATIONS"] = "true"
			for _, statement := range []string{
				text, jsonText(map[string]any{
					"_type":         text,
					"predicateType": text,
					"subject":       []any{map[string]any{"name": text, "digest": map[string]string{"sha256": text}}},
				}),
			} {
				content := jsonText(map[string]any{
					"version": 1, "envelope": map[string]any{"statement": []byte(statement), "signature": []byte(text)},
					"verification_material": map[string]any{
						"certificate":          []byte(text),
						"transparency_entries": []any{map[string]any{"logIndex": text, text: text}},
					},
				})
				s.write("dist/"+built()[len(statement)%2]+".publish.attestation", content)
			}
		}},
		{name: "all claims", provide: func(s *step, text string) {
			s.servers.Claims(func(claims map[string]any) {
				for name := range claims {
					if !slices.Contains([]string{"iss", "aud", "exp", "iat", "nbf", "jti", "event_name"}, name) {
						claims[name] = text
					}
				}
			})
		}},
	}
	for _, name := range []string{
		"repository", "repository_owner", "workflow_ref", "job_workflow_ref", "environment", "ref", "event_name", "sub",
	} {
		all = append(all, textSource{
			name:        "the claim " + name,
			notReported: slices.Contains([]string{"sub", "repository_owner"}, name),
			provide: func(s *step, text string) {
				s.servers.Claims(func(claims map[string]any) {
					claims[name], claims["repository_owner_id"] = text, "1"
					if name == "workflow_ref" || name == "job_workflow_ref" {
						file := strings.NewReplacer("/", "", "@", "").Replace(text)
						claims["workflow_ref"], claims["job_workflow_ref"] = "octo-org/rehearsal/.github/workflows/release.yml@x",
							"octo-org/rehearsal/.github/workflows/release.yml@x"
						claims[name] = "octo-org/rehearsal/.github/workflows/" + file + ".yml@" + text
					}
					if name == "repository" {
						claims[name] = "octo-org/" + text
					}
				})
			},
		})
	}
	inputs := map[string]string{
		"packages-dir":     "dist/",
		"repository-url":   "http://127.0.0.1:1/",
		"expected-version": "",
		"expected-project": "",
		"index-url":        "http://127.0.0.1:1/",
		"ca-bundle":        "",
		"manifest-file":    "pyproject.toml/",
		"attestations-dir": "pyproject.toml/",
		"user":             "",
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		all = append(all,
			textSource{name: "the input " + name, notReported: name == "user", maxLength: 180, provide: func(s *step, text string) {
				before := inputs[name]
				switch name {
				case "packages-dir", "manifest-file", "attestations-dir":
					before = s.dir + "/" + before // the test stands in another folder than a step
				}
				s.env["INPUT_"+strings.ToUpper(name)] = before + variable(text)
				switch name {
				case "user":
					s.env["INPUT_PASSWORD"] = "a-password-that-nobody-knows"
				case "attestations-dir":
					s.env["INPUT_ATTESTATIONS"] = "true"
				}
			}})
	}
	return all
}

// variable is the text as a variable of the environment can be.
func variable(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// longestName is how many bytes a file system takes as a name.
const longestName = 255

// fileName is a file's name that ends so, with as much of the text as a file system takes.
func fileName(text, end string) string {
	text = strings.NewReplacer("\x00", "", "/", "\\").Replace(text)
	return text[:min(len(text), longestName-len(end))] + end
}

// pack writes an archive to dist.
func (s *step) pack(name string, packed func(...disttest.Member) []byte, members map[string]string) {
	s.t.Helper()
	s.write("dist/"+name, string(packed(disttest.Sorted(members)...)))
}

// nameFiles has distributions, and others, whose names hold the text: with what a file's name should be around it, and as long
// as a name can be.
func (s *step) nameFiles(text string) {
	wheel, sdist := s.fileText("dist/"+built()[0]), s.fileText("dist/"+built()[1])
	long := strings.Repeat(text, longestName/max(len(text), 1)+1)
	for _, name := range []string{
		fileName("alder-1.0"+text, "-py3-none-any.whl"), fileName("alder-1.0-py3-none-any"+text, ".whl"), fileName(text, ".whl"),
		fileName(long, ".whl"),
	} {
		s.write("dist/"+name, wheel)
	}
	for _, name := range []string{
		fileName("alder-1.0"+text, ".tar.gz"), fileName(text+"-1.0", ".tar.gz"), fileName(long, ".zip"), fileName(text, ".tar.bz2"),
		fileName(text, ".txt"),
	} {
		s.write("dist/"+name, sdist)
	}
}

// describe has a wheel and an sdist whose every field is the text.
func (s *step) describe(text string) {
	var b strings.Builder
	for _, field := range []string{
		"Metadata-Version", "Name", "Version", "Summary", "Keywords", "Home-page", "Author", "Author-email", "Maintainer-email", "License",
		"License-Expression", "License-File",
		"Classifier", "Platform", "Dynamic", "Requires-Dist", "Requires-Python", "Provides-Extra", "Project-URL",
		"Description-Content-Type", "Import-Name", "Obsoletes-Dist",
	} {
		fmt.Fprintf(&b, "%s: %s\n", field, text)
	}
	fields := b.String() + text + ": " + text + "\n\n" + text + "\n"
	for i, version := range []string{"", "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n"} {
		if i == 0 {
			s.pack(built()[0], disttest.Zip, map[string]string{
				"alder-1.0.dist-info/METADATA": version + fields,
				"alder-1.0.dist-info/WHEEL":    "Wheel-Version: " + text,
				"alder-1.0.dist-info/RECORD":   text,
			})
		} else {
			s.pack(built()[1], disttest.TarGz, map[string]string{"alder-1.0/PKG-INFO": version + fields})
		}
	}
}

// TestInjection_LocalFiles: every text in every place that a run reads.
func TestInjection_LocalFiles(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for i, o := range textSources() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			texts := packed(i, cmp.Or(o.maxLength, longestPacket))
			for _, text := range texts {
				texts = append(texts, printable(text))
			}
			reported := false
			p := newPlace(t)
			for n, text := range thinned(texts) {
				t.Run(fmt.Sprint("text ", n), func(t *testing.T) {
					s := p.step(t, t.TempDir(), &hostileFront{})
					o.provide(s, text)
					code := s.start().wait()

					s.checkInert(s.read(code), nil)
					reported = reported || strings.Contains(s.log.String(), marker)
					s.tail()
				})
			}
			if reported == o.notReported && !raced {
				t.Errorf("the text is reported: %v", reported)
			}
		})
	}
}

// page is one thing that an index says of a project.
type page struct {
	name string
	page func(text string) map[string]any
}

// pages are JSON pages of the simple index (PEP 691), right but for what is in them.
func pages() []page {
	listing := func(change map[string]any) map[string]any {
		page := map[string]any{
			"meta":           map[string]any{"api-version": "1.4"},
			"name":           "alder",
			"versions":       []string{"1.0"},
			"files":          []any{},
			"project-status": map[string]any{"status": "active"},
		}
		maps.Copy(page, change)
		return page
	}
	file := func(change map[string]any) []any {
		entry := map[string]any{
			"filename":    built()[0],
			"url":         "https://files.index.example/x",
			"hashes":      map[string]string{"sha256": strings.Repeat("0", 64)},
			"size":        1,
			"yanked":      false,
			"upload-time": "2026-01-01T00:00:00Z",
		}
		maps.Copy(entry, change)
		return []any{entry}
	}
	return []page{
		{"names of files", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"filename": "alder-1.0-" + text + ".whl"})})
		}},
		{"a digest", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"hashes": map[string]string{"sha256": text}})})
		}},
		{"other digests", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"hashes": map[string]string{text: text}})})
		}},
		{"an address", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"url": text})})
		}},
		{"a time", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"upload-time": text})})
		}},
		{"a reason of a yank", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"yanked": text})})
		}},
		{"a status", func(text string) map[string]any {
			return listing(map[string]any{"project-status": map[string]any{"status": text, "reason": text}})
		}},
		{"an archived project", func(text string) map[string]any {
			return listing(map[string]any{"project-status": map[string]any{"status": "archived", "reason": text}})
		}},
		{"versions", func(text string) map[string]any { return listing(map[string]any{"versions": []string{text}}) }},
		{"a name", func(text string) map[string]any { return listing(map[string]any{"name": text}) }},
		{"a version of the form", func(text string) map[string]any {
			return listing(map[string]any{"meta": map[string]any{"api-version": text}})
		}},
		{"a provenance", func(text string) map[string]any {
			return listing(map[string]any{"files": file(map[string]any{"provenance": text})})
		}},
	}
}

// TestInjection_SimplePage: the simple page of the project says every text.
func TestInjection_SimplePage(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for i, p := range pages() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			place := newPlace(t)
			for n, text := range thinned(append(packets(i), flood(i))) {
				t.Run(fmt.Sprint("text ", n), func(t *testing.T) {
					content, err := json.Marshal(p.page(strings.ToValidUTF8(text, string(utf8.RuneError))))
					if err != nil {
						t.Fatal(err)
					}
					answer := func(w http.ResponseWriter, _ *http.Request, _ string) {
						w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
						_, _ = w.Write(content)
					}
					s := place.step(t, place.root, &hostileFront{op: "look", answer: answer})
					code := s.start().wait()
					s.checkInert(s.read(code), nil)
					s.tail()
				})
			}
		})
	}
}
