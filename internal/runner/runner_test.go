package runner_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// job is a step's environment, with its file commands in a folder of its own.
type job struct {
	env map[string]string
	log bytes.Buffer
}

func newJob(t *testing.T) *job {
	t.Helper()
	dir := t.TempDir()
	return &job{env: map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
	}}
}

func (j *job) getenv(name string) string { return j.env[name] }

// outputs reads the output file as the runner does: NAME=VALUE or NAME<<MARK, and any other line fails the step.
func (j *job) outputs(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(j.env["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		equals, heredoc := strings.IndexByte(lines[i], '='), strings.Index(lines[i], "<<")
		if heredoc < 0 || (equals >= 0 && equals < heredoc) {
			name, value, ok := strings.Cut(lines[i], "=")
			if !ok {
				t.Fatalf("the runner fails the step at %q", lines[i])
			}
			found[name] = value
			continue
		}
		name, mark := lines[i][:heredoc], lines[i][heredoc+2:]
		var value []string
		for i++; i < len(lines) && lines[i] != mark; i++ {
			value = append(value, lines[i])
		}
		if i == len(lines) {
			t.Fatalf("output %s has no end mark", name)
		}
		found[name] = strings.Join(value, "\n")
	}
	return found
}

// commands are the lines of a log that the runner would act on.
func commands(log string) []string {
	var found []string
	for line := range strings.Lines(log) {
		if strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") || strings.Contains(line, "##[") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

var nasty = []string{
	"x\n::error::injected", "::set-output name=result::published", "  ::stop-commands::x", "##[set-output name=x]y",
	"a ##[error]b", "\r\n::warning::x", "\u2028::error::x", "\v::error::x", "\u00a0::error::x", "##[##[error]x", "####[error]x",
	"#\x00#[error]x", ":\x00:error::x", "\x1b[31mred", "\u202egnp.exe", "\x00\x07", "\xff\xfe", "a\u0085::error::x",
}

func TestRunner_NoCommandInjection(t *testing.T) {
	t.Parallel()
	for _, text := range nasty {
		j := newJob(t)
		r, _ := runner.New(j.getenv, &j.log)
		r.Line(text)
		r.Line("index: " + text)
		if got := commands(j.log.String()); len(got) != 0 {
			t.Errorf("%q: the runner finds %q", text, got)
		}
		if n := strings.Count(j.log.String(), "\n"); n != 2 {
			t.Errorf("%q: %d lines", text, n)
		}
		for _, c := range []string{"\x1b", "\u202e", "\x00", "\r"} {
			if strings.Contains(j.log.String(), c) {
				t.Errorf("%q is printed raw", c)
			}
		}
		j.log.Reset()
		r.Annotate(finding.Finding{ID: "x", Severity: finding.Error, File: text, Message: text, Fix: text})
		end := r.Group(text)
		end()
		for _, got := range commands(j.log.String()) {
			if !strings.HasPrefix(got, "::error file=") && !strings.HasPrefix(got, "::group::") && got != "::endgroup::" {
				t.Errorf("%q: the runner finds %q", text, got)
			}
		}
		if n := strings.Count(j.log.String(), "\n"); n != 3 {
			t.Errorf("%q: %d lines for an annotation and a group", text, n)
		}
	}
}

func TestLine_Bounded(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	r, _ := runner.New(j.getenv, &j.log)
	r.Line(strings.Repeat("ü", 1<<20))
	if n := j.log.Len(); n > 9<<10 || !strings.Contains(j.log.String(), "more bytes") || strings.Contains(j.log.String(), "\uFFFD") {
		t.Errorf("%d bytes of log", n)
	}
}

// TestAnnotate_KeepsNextStep: the runner cuts an annotation at its 4,096 characters, which are those of UTF-16.
func TestAnnotate_KeepsNextStep(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"##[", "x", "ü", "\U0001f332", "\x00", "\xff", "%0A"} {
		for _, message := range []string{strings.Repeat(text, 600), strings.Repeat(text, 1<<16)} {
			j := newJob(t)
			r, _ := runner.New(j.getenv, &j.log)
			r.Annotate(finding.Finding{ID: "x", Severity: finding.Error, Message: message, Fix: strings.Repeat(text, 600) + "; do this"})
			_, text, _ := strings.Cut(strings.TrimSuffix(j.log.String(), "\n"), "::error title=pypi-oidc-publish%3A x::")
			text = strings.NewReplacer("%0A", "\n", "%25", "%").Replace(text)
			if n := len(utf16.Encode([]rune(text))); n > 4096 || text == "" || !strings.HasSuffix(text, "; do this") {
				t.Errorf("%q: %d characters, which end with %q", text, n, text[max(0, len(text)-20):])
			}
		}
	}
}

func TestOutput_NoInjection(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	r, _ := runner.New(j.getenv, &j.log)
	values := append(
		[]string{
			"", "plain", `{"a":["b"]}`, "two\nlines", "x\n_GitHubActionsFileCommandDelimeter_\nurl=https://evil.example", "a=b",
			"a<<b\nc\nb",
		},
		nasty[0],
	)
	want := map[string]string{}
	for i, value := range values {
		name := fmt.Sprint("out-", i)
		if err := r.Output(name, value); err != nil {
			t.Fatal(err)
		}
		want[name] = value
	}
	got := j.outputs(t)
	if len(got) != len(want) {
		t.Errorf("%d outputs, want %d: %q", len(got), len(want), got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

func TestOutput_MissingFile(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.env["GITHUB_OUTPUT"] = ""
	j.env["GITHUB_STEP_SUMMARY"] = filepath.Join(t.TempDir(), "no", "such", "folder")
	r, _ := runner.New(j.getenv, &j.log)
	if err := r.Output("a", "b"); err == nil || !strings.Contains(err.Error(), "GITHUB_OUTPUT is not set") {
		t.Error(err)
	}
	if err := r.Summary("# x"); err == nil || !strings.Contains(err.Error(), "GITHUB_STEP_SUMMARY") {
		t.Error(err)
	}
	j = newJob(t)
	r, _ = runner.New(j.getenv, &j.log)
	if err := r.Summary(strings.Repeat("x", runner.LongestSummary+1)); err == nil {
		t.Error("a summary that the runner drops was written")
	}
}

func TestSecrets_MaskedAndRedacted(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "request-token-of-the-job"
	r, redactor := runner.New(j.getenv, &j.log)
	redactor.New("pypi-very-secret-token")
	if got := j.log.String(); got != "::add-mask::request-token-of-the-job\n::add-mask::pypi-very-secret-token\n" {
		t.Errorf("masks: %q", got)
	}
	j.log.Reset()
	text := "the index said pypi-very-secret-token"
	r.Line(text)
	r.Group(text)()
	r.Annotate(finding.Finding{Severity: finding.Warning, Message: text, Fix: text, File: text})
	if err := errors.Join(r.Output("a", text), r.Summary(text)); err != nil {
		t.Fatal(err)
	}
	all := j.log.String()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		content, err := os.ReadFile(j.env[name])
		if err != nil {
			t.Fatal(err)
		}
		all += string(content)
	}
	if strings.Contains(all, "very-secret") || strings.Count(all, "***") != 7 {
		t.Errorf("%s", all)
	}
}

func TestRunner_OutsideActions(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r, redactor := runner.New(func(string) string { return "" }, &log)
	redactor.New("pypi-secret")
	r.Group("Collect")()
	r.Line("one pypi-secret")
	r.Annotate(finding.Finding{ID: "x", Severity: finding.Error, File: "dist/a.whl", Message: "it is broken", Fix: "build it again"})
	if err := errors.Join(r.Output("a", "b"), r.Summary("## Done\n")); err != nil {
		t.Fatal(err)
	}
	want := "Collect\none ***\nerror: dist/a.whl: it is broken\n  -> build it again\n"
	if log.String() != want {
		t.Errorf("got %q, want %q", log.String(), want)
	}
}

// client is a wire client that does not wait between tries.
func client() *wire.Client {
	return wire.New(wire.Options{
		UserAgent: "test", Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

func jwt() string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"rehearsal","repository":"o/r"}`))
	return "e30." + payload + ".c2lnbmF0dXJl"
}

func TestIDToken(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer request-token" || r.URL.Query().Get("audience") != "rehearsal" ||
			r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"count":1,"value":%q}`, jwt())
	}))
	defer server.Close()
	j := newJob(t)
	j.env["ACTIONS_ID_TOKEN_REQUEST_URL"], j.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = server.URL+"/token?api-version=2.0", "request-token"
	r, _ := runner.New(j.getenv, &j.log)
	index, _ := url.Parse("https://index.example/legacy/")
	token, err := r.IDTokens(client())(t.Context(), "rehearsal", index)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := token.Text.Value(index)
	if err != nil || raw != jwt() || token.Claims.Repository != "o/r" || asked != 2 {
		t.Errorf("%q, %v, %+v, asked %d times", raw, err, token.Claims, asked)
	}
	if !strings.Contains(j.log.String(), "::add-mask::"+jwt()+"\n") {
		t.Error("the ID token is not masked")
	}
}

func TestIDToken_Refused(t *testing.T) {
	t.Parallel()
	event := func(t *testing.T, payload string) string {
		path := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(path, []byte(payload), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	answer := func(t *testing.T, status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	cases := []struct {
		name string
		env  func(t *testing.T) map[string]string
		id   finding.ID
		says string
	}{
		{"no permission", func(*testing.T) map[string]string { return nil }, finding.IDTokenPermission, "id-token: write"},
		{
			"outside of Actions", func(*testing.T) map[string]string { return map[string]string{"GITHUB_ACTIONS": ""} },
			finding.IDTokenNoRunner,
			"INPUT_PASSWORD",
		},
		{"a fork's pull request", func(t *testing.T) map[string]string {
			return map[string]string{
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "o/r",
				"GITHUB_EVENT_PATH": event(t, `{"pull_request":{"head":{"repo":{"full_name":"stranger/r","fork":true}}}}`),
			}
		}, finding.IDTokenFork, "fork"},
		{"a deleted fork's pull request", func(t *testing.T) map[string]string {
			return map[string]string{
				"GITHUB_EVENT_NAME": "pull_request",
				"GITHUB_EVENT_PATH": event(t, `{"pull_request":{"head":{"repo":null}}}`),
			}
		}, finding.IDTokenFork, "fork"},
		{"a pull request of the repository itself", func(t *testing.T) map[string]string {
			return map[string]string{
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "O/r",
				"GITHUB_EVENT_PATH": event(t, `{"pull_request":{"head":{"repo":{"full_name":"o/r"}}}}`),
			}
		}, finding.IDTokenPermission, ""},
		{"an event that is no JSON", func(t *testing.T) map[string]string {
			return map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event(t, `<html>`)}
		}, finding.IDTokenPermission, ""},
		{"clear text over the network", func(*testing.T) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL":   "http://evil.example/?x=y",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenNoAnswer, "https"},
		{"refused", func(t *testing.T) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL":   answer(t, 403, "not for you"),
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenNoAnswer, "answered 403: not for you"},
		{"down for long", func(t *testing.T) map[string]string {
			return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": answer(t, 503, ""), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n"}
		}, finding.IDTokenNoAnswer, "answered 503"},
		{"an empty value", func(t *testing.T) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL":   answer(t, 200, `{"count":1}`),
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenAnswer, "three parts"},
		{"a value whose lines would be masks", func(t *testing.T) map[string]string {
			parts := strings.Split(jwt(), ".")
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL": answer(t, 200,
					fmt.Sprintf(`{"value":%q}`, parts[0]+"\n---\npublished."+parts[1]+"."+parts[2])),
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenAnswer, "not base64"},
		{"HTML", func(t *testing.T) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL": answer(t, 200, `<html>maintenance</html>`), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenNoAnswer, "JSON"},
		{"endless", func(t *testing.T) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL": answer(t, 200, strings.Repeat("x", 1<<20)), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t-o-k-e-n",
			}
		}, finding.IDTokenNoAnswer, "longer than"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			for name, value := range c.env(t) {
				j.env[name] = value
			}
			r, _ := runner.New(j.getenv, &j.log)
			index, _ := url.Parse("https://index.example/legacy/")
			_, err := r.IDTokens(client())(t.Context(), "rehearsal", index)
			all := finding.Of(err)
			if len(all) != 1 || all[0].ID != c.id || all[0].Fix == "" || !strings.Contains(all[0].Error(), c.says) {
				t.Errorf("%+v", all)
			}
			if err != nil && strings.Contains(err.Error(), "t-o-k-e-n") {
				t.Error("the error holds the request token")
			}
			if masks := strings.ReplaceAll(j.log.String(), "::add-mask::t-o-k-e-n\n", ""); masks != "" {
				t.Errorf("masks of what is no token: %q", masks)
			}
		})
	}
}

func FuzzPlain(f *testing.F) {
	for _, text := range nasty {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := runner.Plain(text)
		unexpected := func(c rune) bool {
			return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
		}
		if len(commands(got)) != 0 || strings.ContainsFunc(got, unexpected) || !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// TestStatus: the line of a terminal stays below everything else, is replaced as a whole, and goes.
func TestStatus(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r, redactor := runner.New(func(string) string { return "" }, &out)
	redactor.New("a-secret-of-someone")
	r.Status("1 of 2")
	r.Line("uploaded alder")
	r.Status("a-secret-of-someone\n::error::x")
	r.Status("")
	r.Line("done")
	want := "1 of 2" + "\r      \r" + "uploaded alder\n1 of 2" + "\r      \r" + "*** ::error::x" + "\r              \r" + "done\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
