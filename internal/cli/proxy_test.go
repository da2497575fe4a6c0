package cli_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// published runs the action with these variables, up to the search for distributions, which finds none.
func published(t *testing.T, env map[string]string) (code int, log string) {
	t.Helper()
	var output bytes.Buffer
	code = cli.Main(t.Context(), cli.Process{
		Version: "test", Stdout: &output, Stderr: &output, Now: time.Now, Sleep: cli.Sleep,
		Getenv: func(name string) string {
			switch name {
			case "GITHUB_ACTIONS":
				return "true"
			case "INPUT_PACKAGES-DIR":
				return "no-such-folder-of-" + env["HTTPS_PROXY"]
			}
			return env[name]
		},
	})
	return code, output.String()
}

// TestProxyVariable_Unusable: a variable that names no proxy is an error that names it, and never ignored.
func TestProxyVariable_Unusable(t *testing.T) {
	t.Parallel()
	for value, why := range map[string]string{
		"http://proxy.example:3128 ":             "it cannot be parsed",
		"http://me:a%zzb@proxy.example:3128":     "it cannot be parsed",
		"http://proxy.example:port":              "it cannot be parsed",
		"http://proxy example:3128":              "it cannot be parsed",
		"http//proxy.example:3128":               "it cannot be parsed",
		"http:/proxy.example:3128":               "it cannot be parsed",
		"http://me:pass#word@proxy.example:3128": "it cannot be parsed",
		"http://":                                "it has no host",
		"http://:3128":                           "it has no host",
		"https:///proxy.example":                 "it has no host",
		"ftp://proxy.example:21":                 "its scheme is not http, https or socks5",
		"socks4://proxy.example:1080":            "its scheme is not http, https or socks5",
		"http://proxy.example:70000":             "its port is not a number from 1 to 65535",
		"proxy.example:0":                        "its port is not a number from 1 to 65535",
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
			code, log := published(t, map[string]string{name: value})
			expect.Equal(t, "exit code for "+value, code, cli.Misconfigured)
			expect.Contains(
				t, "the log for "+value, log,
				"::error title=pypi-oidc-publish%3A proxy-variable::"+name+" is not the address of a proxy: "+why,
			)
			expect.Lacks(t, "the log for "+value, log, "no-such-folder")
		}
	}
	for _, value := range []string{
		"http://proxy.example:3128", "http://proxy.example", "http://proxy.example:3128/", "proxy.example:3128", "proxy.example",
		"127.0.0.1:3128", "https://proxy.example", "socks5://proxy.example:1080", "socks5h://[::1]:1080", "HTTP://PROXY.EXAMPLE:80",
		"http://me:secret%40s@proxy.example:3128",
	} {
		code, log := published(t, map[string]string{"HTTPS_PROXY": value, "http_proxy": value})
		expect.Equal(t, "exit code for "+value, code, cli.Misconfigured) // there are no distributions
		expect.Lacks(t, "the log for "+value, log, "proxy-variable")
		expect.Contains(t, "the log for "+value, log, "no-such-folder")
	}
}

// TestProxyVariable_AsNetHTTP: what this program takes for a proxy is what net/http uses, and what it refuses net/http would ignore or
// could not use. net/http reads the environment once in a process.
func TestProxyVariable_AsNetHTTP(t *testing.T) {
	t.Parallel()
	if value, ok := os.LookupEnv("PROXY_OF_THIS_TEST"); ok {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://index.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := http.ProxyFromEnvironment(request)
		_, log := published(t, map[string]string{"HTTPS_PROXY": value})
		refused := strings.Contains(log, "proxy-variable")
		usable := err == nil && u != nil && u.Hostname() != "" && u.Hostname() != "http" // a scheme that was taken for the host
		if usable && refused || !usable && !refused {
			t.Errorf("%q: net/http uses %v (%v), and refused is %v", value, u, err, refused)
		}
		return
	}
	for _, value := range []string{
		"http://proxy.example:3128", "proxy.example", "127.0.0.1:3128", "socks5://proxy.example:1080", "[::1]:3128",
		"me:secret@proxy.example:3128",
		"http://proxy.example:3128 ", "http://me:a%zzb@proxy.example:3128", "http://me:pass#word@proxy.example:3128", "http://:3128",
	} {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyVariable_AsNetHTTP$")
		command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.Contains(strings.ToUpper(v), "PROXY=") }),
			"HTTPS_PROXY="+value, "PROXY_OF_THIS_TEST="+value)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestProxyVariable_PasswordMasked before anything else is printed, in the forms in which it is written and sent.
func TestProxyVariable_PasswordMasked(t *testing.T) {
	t.Parallel()
	for value, secrets := range map[string][]string{
		"http://me:opensesame@proxy.example:3128":     {"opensesame"},
		"me:opensesame@proxy.example:3128":            {"opensesame"},
		"http://me:open%3asesame@proxy.example:3128":  {"open%3asesame", "open:sesame"},
		"http://me:open%zzsesame@proxy.example:3128":  {"open%zzsesame"},
		"http://me:open@sesame@proxy.example:3128":    {"open@sesame"},
		"http://me:open#sesame@proxy.example:3128":    {"open#sesame"},
		"http://me@proxy.example:3128":                nil,
		"http://:opensesame@proxy.example:3128/?a=@b": {"opensesame@proxy.example:3128/?a="}, // rather too much
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
			_, log := published(t, map[string]string{name: value, "HTTPS_PROXY": value})
			for _, secret := range secrets {
				masked := strings.ReplaceAll(secret, "%", "%25")
				expect.Contains(t, "the log for "+value, log, "::add-mask::"+masked+"\n")
				unmasked := strings.ReplaceAll(log, "::add-mask::"+masked+"\n", "")
				if strings.Contains(unmasked, secret) && !strings.Contains(unmasked, "::add-mask::") {
					t.Errorf("%s: the password %s is printed:\n%s", value, secret, log)
				}
			}
			if len(secrets) == 0 && strings.Contains(log, "add-mask") {
				t.Errorf("%s: something is masked:\n%s", value, log)
			}
			if !strings.HasPrefix(log, "::add-mask::") && len(secrets) > 0 {
				t.Errorf("%s: something is printed before the mask:\n%s", value, log)
			}
		}
	}
}

// TestProxyVariable_Queries: the commands that only query name such a variable too, before anything is requested, and never its password.
func TestProxyVariable_Queries(t *testing.T) {
	t.Parallel()
	const index = "http://127.0.0.1:9/simple/" // where nothing listens
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"check":  {[]string{"check", "-index", index, "testdata"}, cli.Misconfigured},
		"verify": {[]string{"verify", "-index", index, "alder==1.0"}, cli.Misconfigured},
		"setup":  {[]string{"setup", "-index", index, t.TempDir()}, cli.Done},
	} {
		var output bytes.Buffer
		code := cli.Main(t.Context(), cli.Process{
			Args: c.args, Version: "test", Stdout: &output, Stderr: &output, Now: time.Now, Sleep: cli.Sleep,
			Getenv: func(variable string) string {
				return map[string]string{"HTTPS_PROXY": "ftp://me:hunter2secret@proxy.example"}[variable]
			},
		})
		expect.Equal(t, "exit code of "+name, code, c.code)
		expect.Contains(t, "what "+name+" says", output.String(), "HTTPS_PROXY is not the address of a proxy: its scheme is not http")
		expect.Lacks(t, "what "+name+" says", output.String(), "hunter2")
	}
}
