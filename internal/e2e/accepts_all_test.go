package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestIndexThatAcceptsAll answers 200 to every request, and stores nothing: a run there never ends as a plain success.
func TestIndexThatAcceptsAll(t *testing.T) {
	t.Parallel()
	const warning = "::warning title=pypi-oidc-publish%3A "
	accepts := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		}
	}
	type story struct {
		answers  http.HandlerFunc
		path     string // of the upload URL
		index    string // the input; HERE is the address of the index
		noWait   bool   // wait-for-index is 0
		verified string
		says     string // a warning; empty: the user turned the check off
	}
	stories := map[string]story{
		"nothing can be asked": {
			answers: accepts("text/plain", "OK"), path: "/up/", verified: "not-asked", says: warning + "existing-unseen::",
		},
		"the user wants no queries": {answers: accepts("text/plain", "OK"), path: "/up/", index: "none", verified: "not-asked"},
		"the user does not wait": {
			answers: accepts("application/json", `{"name":"alder","files":[]}`), path: "/legacy/", noWait: true, verified: "not-asked",
		},
		"another index, with a page": {
			answers: accepts("text/plain", "OK"), path: "/up/", index: "HERE/simple/", verified: "false",
			says: warning + "look-failed::",
		},
		"a page without files": {
			answers: accepts("application/vnd.pypi.simple.v1+json", `{"meta":{"api-version":"1.0"},"name":"alder","files":[]}`),
			path:    "/legacy/", verified: "false", says: warning + "not-served-yet::",
		},
	}
	// An address that was derived and has no page of a simple index is none: then nothing can be asked, which the run says.
	for name, answers := range map[string]http.HandlerFunc{
		"an empty body": accepts("text/plain", ""),
		"a text":        accepts("text/plain", "OK"),
		"JSON":          accepts("application/json", `{"success":true,"errors":[]}`),
		"PyPI's JSON":   accepts("application/json", `{"message":"200 OK\n\n\n","code":"200 OK","title":"OK"}`),
	} {
		stories[name] = story{answers: answers, path: "/legacy/", verified: "not-asked", says: warning + "existing-unseen::"}
	}
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answers)
			t.Cleanup(server.Close)
			s := newStepWith(t, map[string]string{
				"INPUT_REPOSITORY-URL": server.URL + c.path, "INPUT_PASSWORD": "pypi-a-token-of-a-user", "INPUT_WAIT-FOR-INDEX": "60",
				"INPUT_INDEX-URL": strings.Replace(c.index, "HERE", server.URL, 1),
			}, "alder-1.0-py3-none-any.whl")
			s.noWait, s.inProcess = true, true
			if c.noWait {
				s.env["INPUT_WAIT-FOR-INDEX"] = "0"
			}
			e := s.run().expect(t, 0, "result", "published", "verified", c.verified)
			expect.Contains(t, "the log", e.log, c.says)
			expect.Contains(t, "the log", e.log, "\n  not verified: ")
			expect.Contains(t, "the log", e.log, report.OnlyEvidence+"\n")
			expect.Contains(t, "the summary", e.summary, "| Verified | ")
		})
	}
}
