package wire_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestServerMessage(t *testing.T) {
	t.Parallel()
	page := "<html>\n <head><title>400 Bad Request</title><style>p{}</style></head>\n <body>\n  <h1>400 Bad Request</h1>\n" +
		"  File already exists (&#x27;a.whl&#x27;).<br/><!-- x --></body></html>"
	cases := []struct {
		name, reason, kind, body, want string
		status                         int
	}{
		{"the status line says it", "File already exists ('a.whl').", "text/html", page, "File already exists ('a.whl').", 400},
		{"the body says it", "Bad Request", "text/html; charset=UTF-8", page, "400 Bad Request File already exists ('a.whl').", 400},
		{
			"JSON", "Bad Request", "application/json; charset=utf-8", `{"message":"The server could not comply","code":"400 Too big"}`,
			"Too big", 400,
		},
		{
			"another server's stock phrase", "Unprocessable Content", "application/json", `{"errors":[{"code":"invalid-token"}]}`,
			"invalid-token", 422,
		},
		{
			"JSON errors", "Unprocessable Entity", "application/json",
			`{"message":"x","errors":[{"code":"invalid-token","description":"malformed"},{"code":"b"}]}`, "invalid-token: malformed; b",
			422,
		},
		{
			"GitHub's codes of fields", "Unprocessable Entity", "application/json; charset=utf-8",
			`{"message":"Validation Failed","errors":[{"resource":"ReleaseAsset","code":"invalid","field":"name"},{"resource":"ReleaseAsset","code":"missing_field","field":"size"}]}`,
			"Validation Failed: name: invalid; size: missing_field", 422,
		},
		{
			"errors that are plain texts", "Unprocessable Entity", "application/json",
			`{"message":"Validation Failed","errors":["too many"]}`, "Validation Failed: too many", 422,
		},
		{
			"a code that is a number", "Bad Request", "application/json",
			`{"code":3,"message":"There was an error processing the identity token"}`, "There was an error processing the identity token",
			400,
		},
		{"a list", "Bad Request", "application/json", `["no"]`, "no", 400},
		{"a list of objects", "Bad Request", "application/json", `[{"error":{"reason":"no"}},{"message":"neither"}]`, "no; neither", 400},
		{
			"a nested object", "Forbidden", "application/json",
			`{"error":{"code":403,"message":"Permission 'uploadArtifacts' denied","status":"PERMISSION_DENIED"}}`,
			"Permission 'uploadArtifacts' denied", 403,
		},
		{
			"problem details", "Bad Request", "application/problem+json",
			`{"type":"about:blank","title":"Not writable","status":400,"detail":"The feed is read-only."}`,
			"Not writable: The feed is read-only.", 400,
		},
		{
			"fields with lists", "Bad Request", "application/json", `{"sha256":["This field is required."],"name":["Too long.","Odd."]}`,
			"name: Too long.; name: Odd.; sha256: This field is required.", 400,
		},
		{
			"a message of fields", "Bad Request", "application/json", `{"message":{"version":["is invalid"]}}`, "version: is invalid", 400,
		},
		{
			"a list of details", "Unprocessable Entity", "application/json",
			`{"detail":[{"loc":["body","name"],"msg":"field required","type":"missing"}]}`, "field required", 422,
		},
		{"no text at all", "Bad Request", "application/json", `{"errors":[{"id":7}],"ok":false}`, "400 Bad Request", 400},
		{
			"nested too deeply", "Bad Request", "application/json", strings.Repeat("[", 9) + `"no"` + strings.Repeat("]", 9),
			"400 Bad Request", 400,
		},
		{"plain", "", "text/plain", "no\n\n  thanks\x00", "no thanks\x00", 403},
		{"latin-1", "\xdcber", "", "", "Über", 400},
		{
			"characters that the status line cannot have", "Invalid name '?????', why?", "application/json",
			`{"message":"The server could not comply with the request.\n\n\nInvalid name 'Ольга', why?\n\n","code":"400 Invalid name '?????', why?","title":"Bad Request"}`,
			"Invalid name 'Ольга', why?", 400,
		},
		{
			"characters that the code in the JSON cannot have", "Bad Request", "application/json",
			`{"message":"The server could not comply.\n\n\n'日本' is invalid\n\n","code":"400 '??' is invalid"}`, "'日本' is invalid", 400,
		},
		{
			"characters beside ISO 8859-1", "'\xfc?' is invalid", "text/plain; charset=UTF-8",
			"400 'ü?' is invalid\n\nNo.\n\n\n'üя' is invalid\n\n", "'üя' is invalid", 400,
		},
		{
			"characters in a page", "'??' is invalid", "text/html; charset=UTF-8",
			"<html><body><h1>400 '??' is invalid</h1>\nNo.<br/>\n&#x27;日本&#x27; is invalid\n</body></html>", "'日本' is invalid", 400,
		},
		{
			"a question, and a body of something else", "Is it you?", "application/json", `{"message":"The server could not comply."}`,
			"Is it you?", 400,
		},
		{"a question, and a body that is shorter", "Is it you?", "text/plain", "no", "Is it you?", 400},
		{"nothing", "", "", "", "502 Bad Gateway", 502},
		{"invalid JSON", "Bad Request", "application/json", "<html>", "400 Bad Request", 400},
		{"a status without a name", "status code 520", "text/html", "<html><body>error code: 520</body></html>", "error code: 520", 520},
		{"a status without a name, and nothing else", "status code 520", "", "", "520", 520},
		{"a status without a name, in capitals", "Status Code 499", "", "", "499", 499},
		{"another status", "status code 503", "", "", "status code 503", 520},
		{"an image", "Bad Request", "image/png", "\x89PNG", "400 Bad Request", 400},
		{"only a title", "Service Unavailable", "text/html", "<html><head><title>Down &amp; out</title></head></html>", "Down & out", 503},
		{"unclosed tags", "Bad Request", "text/html", "<p>one <b", "one <b", 400},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := wire.Answer{Status: c.status, Reason: c.reason, Header: http.Header{"Content-Type": {c.kind}}, Body: []byte(c.body)}
			if got := a.ServerMessage(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	long := wire.Answer{Status: 400, Reason: strings.Repeat("ü", 5000)}
	if got := long.ServerMessage(); len(got) > 2010 {
		t.Errorf("%d bytes", len(got))
	}
}

// TestServerMessage_SecretRedacted: of one that is on the boundary not even a part is left, in any part of the answer.
func TestServerMessage_SecretRedacted(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1990) + " the-secret-of-this-run"
	for kind, body := range map[string]string{
		"text/plain":       text,
		"text/html":        "<html><body>" + text + "</body></html>",
		"application/json": `{"message":"` + text + `"}`,
	} {
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		})
		client := wire.New(wire.Options{
			UserAgent: "pypi-oidc-publish/test", Now: time.Now, Redact: strings.NewReplacer("the-secret-of-this-run", "***").Replace,
		})
		_, err := client.Do(t.Context(), wire.Call{Op: wire.Probe, Method: http.MethodPost, URL: at})
		if got := wire.AnswerOf(err).ServerMessage(); !strings.HasSuffix(got, "x ***") {
			t.Errorf("%s: it ends with %q", kind, got[len(got)-30:])
		}
	}
}

func FuzzServerMessage(f *testing.F) {
	f.Add("Bad Request", "text/html", "<html><head></head>")
	f.Add("", "application/json", `{"errors":[{}]}`)
	f.Fuzz(func(t *testing.T, reason, kind, body string) {
		a := wire.Answer{Status: 400, Reason: reason, Header: http.Header{"Content-Type": {kind}}, Body: []byte(body)}
		if got := a.ServerMessage(); got == "" || len(got) > 2010 || strings.ContainsAny(got, "\n\r") {
			t.Errorf("%q", got)
		}
	})
}

// TestWithServerMessage: the message of the server comes after the status where it says more than it, and never the same again.
func TestWithServerMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ reason, body, want string }{
		{"Service Unavailable", "", "look: GET https://index.example/simple/x/ answered 503 Service Unavailable after 3 tries"},
		{
			"Service Unavailable", "we are moving",
			"look: GET https://index.example/simple/x/ answered 503 Service Unavailable after 3 tries: we are moving",
		},
		{"We are moving", "we are", "look: GET https://index.example/simple/x/ answered 503 We are moving after 3 tries"},
	} {
		failed := &wire.Error{
			Op: wire.Listing, Method: http.MethodGet, URL: "https://index.example/simple/x/", Tries: 3,
			Answer: &wire.Answer{Status: 503, Reason: c.reason, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte(c.body)},
		}
		if got := wire.WithServerMessage(failed).Error(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	nameless := &wire.Error{
		Op:     wire.Listing,
		Method: "GET",
		URL:    "https://index.example/",
		Tries:  1,
		Answer: &wire.Answer{Status: 522, Reason: "status code 522"},
	}
	if got := wire.WithServerMessage(nameless).Error(); got != "look: GET https://index.example/ answered 522" {
		t.Errorf("got %q", got)
	}
}
