package config_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

const (
	pypi     = "https://upload.pypi.org/legacy/"
	testPyPI = "https://test.pypi.org/legacy/"
	apiToken = "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDA"
)

type given map[string]string

func (g given) input(name string) string { return g[name] }

func parse(t *testing.T, inputs given) (config.Config, []finding.Finding) {
	t.Helper()
	c, err := config.Parse(inputs.input, secret.NewRedactor(nil))
	if err != nil && !reflect.DeepEqual(c, config.Config{}) {
		t.Errorf("an error came with a config that could be used: %v", c)
	}
	return c, finding.Of(err)
}

func must(t *testing.T, inputs given) config.Config {
	t.Helper()
	c, problems := parse(t, inputs)
	if len(problems) > 0 {
		t.Fatalf("%v: %v", inputs, problems)
	}
	return c
}

func TestParse_Defaults(t *testing.T) {
	t.Parallel()
	want := config.Config{
		Packages:       []string{"dist"},
		Attestations:   config.AttestAuto,
		VerifyMetadata: true, CompareRelease: true,
		PrintHash: true,
		Parallel:  4,
		Wait:      300 * time.Second,
		Auth:      config.TrustedPublishing,
		AuthAuto:  true,
		AuthWhy:   "Trusted Publishing, because no password is given",
		User:      "__token__",
	}
	want.Repository, _ = url.Parse(pypi)
	if got := must(t, given{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// What action.yml hands over is the same as nothing.
	all := given{}
	for _, in := range config.Inputs() {
		all[in.Name] = in.Default
	}
	if got := must(t, all); !reflect.DeepEqual(got, want) {
		t.Errorf("with every default given\ngot  %+v\nwant %+v", got, want)
	}
}

func TestParse_Values(t *testing.T) {
	t.Parallel()
	cases := []struct {
		input, value string
		got          func(config.Config) any
		want         any
	}{
		{"packages-dir", "a\n\n  b/*.whl \r\nc d\n", func(c config.Config) any { return strings.Join(c.Packages, "|") }, "a|b/*.whl|c d"},
		{"repository-url", "pypi", repository, pypi},
		{"repository-url", "TestPyPI", repository, testPyPI},
		{"repository-url", "  " + testPyPI + "\n", repository, testPyPI},
		{"repository-url", "HTTPS://Upload.PyPI.org:443/legacy/", repository, pypi},
		{"repository-url", "https://index.example", repository, "https://index.example"},
		{"repository-url", "https://index.example:8443/a/b", repository, "https://index.example:8443/a/b"},
		{"repository-url", "https://index.example:/up/", repository, "https://index.example/up/"},
		{"repository-url", "https://notpypi.org/legacy/", repository, "https://notpypi.org/legacy/"},
		{"repository-url", "https://notpypi.org/legacy", repository, "https://notpypi.org/legacy"},
		{"repository-url", "http://127.0.0.1:8080/legacy/", repository, "http://127.0.0.1:8080/legacy/"},
		{"repository-url", "http://127.9.9.9/legacy/", repository, "http://127.9.9.9/legacy/"},
		{"repository-url", "http://LOCALHOST:80/legacy/", repository, "http://localhost/legacy/"},
		{"repository-url", "http://[::1]:8080/legacy/", repository, "http://[::1]:8080/legacy/"},
		{"repository-url", "https://pypi/legacy/", repository, "https://pypi/legacy/"},
		{"index-url", "https://index.example/simple", simple, "https://index.example/simple/"},
		{"index-url", "https://index.example", simple, "https://index.example/"},
		{"index-url", "https://test.pypi.org/simple/", simple, "https://test.pypi.org/simple/"},
		{"index-url", "None", func(c config.Config) any { return c.NoLookups && c.Simple == nil }, true},
		{"skip-existing", "TRUE", func(c config.Config) any { return c.SkipExisting }, true},
		{"verify-metadata", "False", func(c config.Config) any { return c.VerifyMetadata }, false},
		{"print-hash", "false", func(c config.Config) any { return c.PrintHash }, false},
		{"compare-release", "false", func(c config.Config) any { return c.CompareRelease }, false},
		{"verbose", "true", func(c config.Config) any { return c.Verbose }, true},
		{"dry-run", "FALSE", func(c config.Config) any { return c.DryRun }, false},
		{"attestations", "False", func(c config.Config) any { return c.Attestations }, config.AttestNever},
		{"attestations", "best-effort", func(c config.Config) any { return c.Attestations }, config.AttestBestEffort},
		{"manifest-file", "out/manifest.json", func(c config.Config) any { return c.Manifest }, "out/manifest.json"},
		{"attestations-dir", "out", func(c config.Config) any { return c.AttestationsDir }, "out"},
		{"dry-run", "true", func(c config.Config) any { return c.DryRun }, true},
		{"wait-for-index", "3600", func(c config.Config) any { return c.Wait }, time.Hour},
		{"wait-for-index", "0", func(c config.Config) any { return c.Wait }, time.Duration(0)},
		{"parallel-uploads", "1", func(c config.Config) any { return c.Parallel }, 1},
		{"parallel-uploads", "8", func(c config.Config) any { return c.Parallel }, 8},
		{"parallel-uploads", "Auto", func(c config.Config) any { return c.Parallel }, 0},
		{"expected-version", "v1.2.3", func(c config.Config) any { return c.ExpectedVersion }, "v1.2.3"},
		{
			"expected-project", "Alder\n\n  elder._tree\r\nAlder", func(c config.Config) any { return fmt.Sprint(c.ExpectedProjects) },
			"[alder elder-tree alder]",
		},
		{"ca-bundle", "certs/own roots.pem", func(c config.Config) any { return c.CABundle }, "certs/own roots.pem"},
		{"auth", "Trusted-Publishing", func(c config.Config) any { return c.AuthWhy }, "Trusted Publishing, because auth requires it"},
	}
	for _, c := range cases {
		if got := c.got(must(t, given{c.input: c.value})); got != c.want {
			t.Errorf("%s %q: got %v, want %v", c.input, c.value, got, c.want)
		}
	}
}

// TestParse_GitHubToken: only GitHub's API gets it, and a release is a tag in any spelling.
func TestParse_GitHubToken(t *testing.T) {
	t.Parallel()
	api, _ := url.Parse("https://api.github.example")
	elsewhere, _ := url.Parse("https://upload.pypi.org")
	for value, want := range map[string]string{
		"v1.0": "v1.0", "AUTO": config.Auto, "refs/tags/v1.0": "v1.0", "releases/Auto": "releases/Auto",
	} {
		inputs := given{"github-release": value, "github-token": "ghs_0123456789"}
		c, err := config.Parse(inputs.input, secret.NewRedactor(nil), api)
		if err != nil || c.GitHubRelease != want {
			t.Errorf("%s: %q, %v", value, c.GitHubRelease, err)
			continue
		}
		if raw, err := c.GitHubToken.Value(api.JoinPath("repos/o/r")); err != nil || raw != "ghs_0123456789" {
			t.Errorf("GitHub is not shown the token: %v", err)
		}
		if _, err := c.GitHubToken.Value(elsewhere); err == nil {
			t.Error("another server gets the token")
		}
	}
	// A token alone is an unused permission, and no mistake.
	if c := must(t, given{"github-token": "ghs_0123456789"}); c.GitHubRelease != "" {
		t.Errorf("%+v", c)
	}
}

func repository(c config.Config) any { return c.Repository.String() }
func simple(c config.Config) any     { return c.Simple.String() }

func TestParse_BadValues(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://index.example/legacy/"
	cases := []struct {
		inputs given
		id     finding.ID
		says   string // must be part of the one finding's text
	}{
		{given{"skip-existing": "yes"}, "input-value", `skip-existing: "yes" is not a boolean: write true or false`},
		{given{"verify-metadata": "0"}, "input-value", "verify-metadata"},
		{given{"print-hash": "on"}, "input-value", "print-hash"},
		{given{"verbose": "truee"}, "input-value", "verbose"},
		{given{"dry-run": "1"}, "input-value", "dry-run"},
		{given{"parallel-uploads": "0"}, "input-value", "from 1 to 8"},
		{given{"parallel-uploads": "9"}, "input-value", "from 1 to 8"},
		{given{"parallel-uploads": "04"}, "input-value", "from 1 to 8"},
		{given{"parallel-uploads": "four"}, "input-value", "from 1 to 8, or auto"},
		{given{"parallel-uploads": "99999999999999999999"}, "input-value", "from 1 to 8"},
		{given{"wait-for-index": "3601"}, "input-value", "from 0 to 3600"},
		{given{"wait-for-index": "5m"}, "input-value", "from 0 to 3600"},
		{given{"attestations": "maybe"}, "input-value", "auto, true, best-effort or false"},
		{given{"auth": "oidc"}, "input-value", "auto, trusted-publishing or token"},
		{given{"packages-dir": "dist\x00"}, "input-value", "packages-dir"},
		{given{"expected-version": "1\n2"}, "input-value", "expected-version"},
		{
			given{"expected-project": "alder, elder"},
			"input-value",
			`expected-project: "alder, elder" is not the name of a project: write one name per line`,
		},
		{given{"expected-project": "alder\n-elder"}, "input-value", "expected-project"},
		{given{"expected-project": "alder\x00"}, "input-value", "expected-project"},
		{given{"ca-bundle": "a\nb"}, "input-value", "ca-bundle"},
		{given{"user": "a:b", "password": "hunter2", "repository-url": elsewhere}, "input-value", "colon"},
		{given{"password": "pypi-a\npypi-b"}, "input-value", "line break"},
		{given{"auth": "token", "password": "pypi-a\x01b"}, "input-value", "control character"},

		{given{"repository-url": "http://index.example/legacy/"}, "input-url", "not https"},
		{given{"repository-url": "http://128.0.0.1/"}, "input-url", "not https"},
		{given{"repository-url": "http://localhost.evil.example/"}, "input-url", "not https"},
		{given{"repository-url": "http://127.0.0.1.evil.example/"}, "input-url", "not https"},
		{given{"repository-url": "http://0.0.0.0/"}, "input-url", "not https"},
		{given{"repository-url": "ftp://index.example/"}, "input-url", "not a web address"},
		{given{"repository-url": "index.example/legacy/"}, "input-url", "not a web address"},
		{given{"repository-url": "https:index.example"}, "input-url", "not a web address"},
		{given{"repository-url": "https:///legacy/"}, "input-url", "no host"},
		{given{"repository-url": "https://:8080/legacy/"}, "input-url", "no host"},
		{given{"repository-url": "https://index.example/%zz"}, "input-url", "not a URL"},
		{given{"repository-url": "https://index.example/up/?a=b"}, "input-url", "remove everything after the path"},
		{given{"repository-url": "https://index.example/up/?"}, "input-url", "remove everything after the path"},
		{given{"repository-url": "https://index.example/up/#x"}, "input-url", "remove everything after the path"},
		{given{"repository-url": "https://index.example/up/#"}, "input-url", "remove everything after the path"},
		{given{"repository-url": "https://pypi.org/legacy/"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://pypi.org/simple/"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://pypi.org"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://PyPI.org:443/legacy/"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://upload.pypi.org/"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://upload.pypi.org/legacy"}, "input-url", "write " + pypi},
		{given{"repository-url": "http://upload.pypi.org/legacy/"}, "input-url", "write " + pypi},
		{given{"repository-url": "https://test.pypi.org/simple/"}, "input-url", "write " + testPyPI},
		{given{"repository-url": "https://test.pypi.org/legacy"}, "input-url", "write " + testPyPI},
		{given{"index-url": "http://index.example/simple/"}, "input-url", "input index-url"},
		{given{"index-url": "https://index.example/legacy/"}, "input-url", "upload endpoint"},
		{given{"index-url": "pypi"}, "input-url", "not a web address"},

		{given{"auth": "token"}, "input-auth", "password is empty, but auth is token"},
		{given{"user": "me"}, "input-auth", `"me" is given, but password is empty`},
		{given{"user": "me", "auth": "token"}, "input-auth", `"me" is given, but password is empty`},
		{given{"user": "me", "auth": "trusted-publishing"}, "input-auth", `"me" is given, but password is empty`},
		{given{"auth": "trusted-publishing", "password": apiToken}, "input-auth", "contradict"},
		{given{"user": "me", "password": apiToken}, "input-auth", "no user names"},
		{given{"password": "hunter2"}, "input-auth", "not an API token"},
		{given{"password": "hunter2", "repository-url": "testpypi"}, "input-auth", "not an API token"},
		{given{"user": apiToken}, "input-auth", "looks like an API token"},

		{given{"repository_url": testPyPI}, "input-renamed", "repository_url is not an input of this action: write repository-url"},
		{given{"packages_dir": "out"}, "input-renamed", "packages-dir"},
		{given{"skip_existing": "true"}, "input-renamed", "skip-existing"},
		{given{"verify_metadata": "false"}, "input-renamed", "verify-metadata"},
		{given{"print_hash": "true"}, "input-renamed", "print-hash"},

		{given{"attestations": "yes"}, "input-value", "write auto, true, best-effort or false"},
		{given{"attestations": "true", "password": apiToken}, "input-auth", "attestations and password contradict each other"},
		{given{"github-release": "auto"}, "github-token-empty", "github-token: ${{ github.token }}"},
		{given{"github-release": "v1\nv2", "github-token": "ghs_secret"}, "input-value", "github-release"},
		{given{"github-release": "v1", "github-token": "ghs_\nsecret"}, "input-value", "github-token"},
	}
	for _, c := range cases {
		_, problems := parse(t, c.inputs)
		if len(problems) != 1 {
			t.Errorf("%v: %d findings, want one: %v", c.inputs, len(problems), problems)
			continue
		}
		got := problems[0]
		if got.ID != c.id || got.Severity != finding.Error || !strings.Contains(got.Error(), c.says) ||
			!strings.Contains(got.Message, "input") || got.Fix == "" {
			t.Errorf("%v: %+v\nwant id %s and the words %q", c.inputs, got, c.id, c.says)
		}
	}
}

func TestParse_Auth(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://index.example/up/"
	cases := []struct {
		inputs given
		auth   config.Auth
		why    string
	}{
		{given{"auth": "auto"}, config.TrustedPublishing, "Trusted Publishing, because no password is given"},
		{given{"auth": "trusted-publishing"}, config.TrustedPublishing, "Trusted Publishing, because auth requires it"},
		{given{"password": apiToken}, config.Token, "user and password, because a password is given"},
		{given{"password": apiToken, "auth": "token"}, config.Token, "user and password, because auth requires it"},
		{
			given{"password": "hunter2", "user": "me", "repository-url": elsewhere},
			config.Token,
			"user and password, because a password is given",
		},
		{given{"password": "hunter2", "repository-url": elsewhere}, config.Token, "user and password, because a password is given"},
	}
	for _, c := range cases {
		got := must(t, c.inputs)
		if got.Auth != c.auth || got.AuthWhy != c.why || got.Password.Empty() != (c.auth == config.TrustedPublishing) {
			t.Errorf("%v: %s, %q, password %v", c.inputs, got.Auth, got.AuthWhy, got.Password)
		}
	}
}

func TestPassword_OnlyForRepository(t *testing.T) {
	t.Parallel()
	c := must(t, given{"password": "hunter2", "repository-url": "https://index.example/up/", "index-url": "https://index.example/simple/"})
	for _, to := range []*url.URL{c.Repository, c.Simple} {
		if got, err := c.Password.Value(to); err != nil || got != "hunter2" {
			t.Errorf("%s: %q, %v", to, got, err)
		}
	}
	other := must(
		t, given{"password": "hunter2", "repository-url": "https://index.example/up/", "index-url": "https://mirror.example/simple/"},
	)
	if got, err := other.Password.Value(other.Simple); err == nil {
		t.Errorf("%s was shown %q", other.Simple, got)
	}
}

func TestParse_AllProblems(t *testing.T) {
	t.Parallel()
	_, problems := parse(t, given{
		"repository-url": "http://index.example/", "skip-existing": "yes", "verbose": "no", "parallel-uploads": "many",
		"auth": "token", "repository_url": "x", "attestations": "sometimes", "user": "me",
	})
	var names []string
	for _, p := range problems {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.Message, "input "), ":")
		names = append(names, strings.Fields(name)[0])
	}
	got, want := strings.Join(names, " "), "repository_url repository-url attestations skip-existing parallel-uploads verbose user"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParse_MasksSecretsFirst(t *testing.T) {
	t.Parallel()
	var masked []string
	redactor := secret.NewRedactor(func(line string) { masked = append(masked, line) })
	inputs := given{
		"password": "hunter2-hunter2", "github-token": "ghs_0123456789", "repository-url": "https://a:hunter2-hunter2@b/", "auth": "wrong",
	}
	requested := map[string]bool{}
	_, err := config.Parse(func(name string) string {
		if len(masked) < 2 && name != "password" && name != "github-token" {
			t.Errorf("%s was read while only %q were masked", name, masked)
		}
		requested[name] = true
		return inputs.input(name)
	}, redactor)
	if err == nil || strings.Join(masked, " ") != "hunter2-hunter2 ghs_0123456789" {
		t.Errorf("masked %q, error %v", masked, err)
	}
	for _, in := range config.Inputs() {
		if !requested[in.Name] || !requested[strings.ReplaceAll(in.Name, "-", "_")] {
			t.Errorf("%s, or its underscore name, was not read", in.Name)
		}
	}
}

// leaks reports whether a text shows the password in any form that a formatting verb may give it.
func leaks(text, password string) bool {
	return strings.Contains(text, password) || strings.Contains(text, fmt.Sprintf("%x", password)) || strings.Contains(
		text, strings.Trim(fmt.Sprint([]byte(password)), "[]"),
	)
}

func TestPassword_NotPrinted(t *testing.T) {
	t.Parallel()
	const password = `pypi-AgE"hunter2\x`
	for _, inputs := range []given{
		{},
		{"user": password},
		{"auth": password, "skip-existing": password, "parallel-uploads": password, "repository-url": password, "index-url": password},
		{"repository-url": "https://me:" + password + "@index.example/"},
		{"repository-url": "https://index.example/?token=" + password},
		{"repository-url": "https://index.example/" + password + "?x"},
		{"repository-url": "https://index.example:" + password},
		{"repository-url": "https://me:p/" + password + "@index.example/"},
		{"repository-url": "me:" + password + "@index.example"},
		{"repository_url": password},
	} {
		inputs["password"] = password
		c, err := config.Parse(inputs.input, secret.NewRedactor(nil))
		if err != nil {
			if leaks(fmt.Sprintf("%v %+v %#v %q", err, err, err, err), "hunter2") {
				t.Errorf("%v: the error shows the password: %v", inputs, err)
			}
			continue
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, c); leaks(text, "hunter2") {
				t.Errorf("%s shows the password: %s", verb, text)
			}
		}
		if text, err := json.Marshal(c); err == nil || leaks(string(text), "hunter2") {
			t.Errorf("as JSON: %s, %v", text, err)
		}
	}
}

// A user's password in the URL is not known to the vault: the message must not repeat it in the first place.
func TestParse_CredentialsInURL(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"https://me:hunter2@index.example/", "https://hunter2@index.example/", "https://me:hun/ter2@index.example/",
		"me:hunter2@index.example/",
		"https://index.example/?token=hunter2", "https://index.example/#hunter2", "//me:hunter2@index.example",
		"ftp://index.example?hunter2",
		"https://me:hunter2%zz@index.example/", "https:me:hunter2@index.example", "https://index.example:hunter2/",
	} {
		for _, name := range []string{"repository-url", "index-url"} {
			_, problems := parse(t, given{name: value})
			if len(problems) != 1 || strings.Contains(problems[0].Error(), "ter2") {
				t.Errorf("%s %s: %v", name, value, problems)
			}
		}
	}
}

func TestParse_LongValues(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"skip-existing", "repository-url", "auth"} {
		_, problems := parse(t, given{name: strings.Repeat("ä", 5000)})
		if len(problems) != 1 || len(problems[0].Error()) > 500 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, in := range config.Inputs() {
		switch {
		case seen[in.Name]:
			t.Errorf("%s stands twice", in.Name)
		case in.Name == "args" || strings.EqualFold(in.Name, "entrypoint"):
			t.Errorf("the runner keeps the name %s for itself", in.Name)
		case strings.ContainsAny(in.Name, "_ ") || in.Name != strings.ToLower(in.Name):
			t.Errorf("%s: lower case and hyphens", in.Name)
		case strings.ContainsAny(in.Help, "|`\n\"") || !strings.HasSuffix(in.Help, "."):
			t.Errorf("%s: the help must fit a table cell, a quoted YAML string and a flag: %s", in.Name, in.Help)
		case in.Boolean != (in.Default == "true" || in.Default == "false") && in.Name != "attestations":
			t.Errorf("%s: Boolean does not fit its default %q", in.Name, in.Default)
		}
		seen[in.Name] = true
	}
	if len(seen) != 22 {
		t.Errorf("%d inputs; the contract has 22", len(seen))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dist", pypi, "", "auto", "__token__", "true", "4")
	f.Add("a\nb", "https://me:x@index.example:80/a?b#c", "none", "token", "me", "yes", "9")
	f.Add("*", "http://[::1%25eth0]:80/legacy", "https://h/simple", "x", "a:b", "", "")
	const password = "pypi-fuzz-Zq7hunter2"
	f.Fuzz(func(t *testing.T, packages, repository, simple, auth, user, boolean, number string) {
		inputs := given{
			"password": password, "packages-dir": packages, "repository-url": repository, "index-url": simple, "auth": auth,
			"user": user, "skip-existing": boolean, "parallel-uploads": number,
		}
		c, err := config.Parse(inputs.input, secret.NewRedactor(nil))
		if err != nil {
			for _, p := range finding.Of(err) {
				if p.ID == finding.Internal || p.Fix == "" || strings.Contains(p.Error(), password) || len(p.Error()) > 1000 {
					t.Errorf("%+v", p)
				}
			}
			return
		}
		if c.Repository == nil || c.Repository.User != nil || c.Repository.Hostname() == "" || c.Repository.RawQuery != "" ||
			len(c.Packages) == 0 || c.Parallel < 0 || c.Parallel > 8 || c.Auth != config.Token {
			t.Errorf("%+v", c)
		}
		if s := c.Repository.Scheme; s != "https" && s != "http" {
			t.Errorf("scheme %q", s)
		}
		again, err := url.Parse(c.Repository.String())
		if err != nil || again.String() != c.Repository.String() {
			t.Errorf("%q does not survive printing: %v", c.Repository, err)
		}
		if _, err := c.Password.Value(c.Repository); err != nil {
			t.Error(err)
		}
	})
}

// TestParse_EmptyCredentials: the word none is an empty user or password. A token that is the user is as secret as a password.
func TestParse_EmptyCredentials(t *testing.T) {
	t.Parallel()
	const elsewhere, token = "https://index.example/up/", "a1b2c3d4e5f6g7h8i9j0"
	index, err := url.Parse(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		inputs    given
		user      string
		password  string // "" for no credentials
		isUser    bool
		why       string
		warns     string
		notMasked bool
	}{
		"a name": {
			inputs: given{"user": "me", "password": "hunter2"}, user: "me", password: "hunter2",
			why: "user and password, because a password is given",
		},
		"no user": {
			inputs: given{"user": "None", "password": "hunter2"}, password: "hunter2",
			why: "user and password, because a password is given",
		},
		"a token as the user": {
			inputs: given{"auth": "token", "user": token, "password": "none"}, password: token, isUser: true,
			why: "a user without a password, because auth requires it",
		},
		"neither": {
			inputs: given{"auth": "token", "user": "none", "password": "none"}, why: "no credentials, because auth requires it",
		},
		"a short password": {
			inputs: given{"user": "me", "password": "abc"}, user: "me", password: "abc",
			why:   "user and password, because a password is given",
			warns: "so short that it is not masked", notMasked: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.inputs["repository-url"] = elsewhere
			var masked []string
			got, err := config.Parse(c.inputs.input, secret.NewRedactor(func(line string) { masked = append(masked, line) }))
			if err != nil {
				t.Fatal(err)
			}
			if got.Auth != config.Token || got.User != c.user || got.AuthWhy != c.why || got.Password.IsUser() != c.isUser {
				t.Errorf("%+v", got)
			}
			raw, err := got.Password.Value(index)
			if raw != c.password || (err == nil) != (c.password != "") {
				t.Errorf("the password is %q (%v), want %q", raw, err, c.password)
			}
			if slices.Contains(masked, c.password) != (c.password != "" && !c.notMasked) || slices.Contains(masked, "none") {
				t.Errorf("masked %q", masked)
			}
			warnings := fmt.Sprint(got.Warnings)
			if (len(got.Warnings) > 0) != (c.warns != "") || !strings.Contains(warnings, c.warns) {
				t.Errorf("warnings: %s", warnings)
			}
		})
	}
	for _, inputs := range []given{
		{"user": "me", "password": "none"},
		{"auth": "token", "password": "none"},
		{"auth": "token", "user": "me"},
		{"auth": "token", "user": "none"},
	} {
		inputs["repository-url"] = elsewhere
		if _, err := config.Parse(inputs.input, secret.NewRedactor(nil)); err == nil {
			t.Errorf("%v is accepted", inputs)
		}
	}
	if _, err := config.Parse(given{"user": token, "repository-url": elsewhere}.input, secret.NewRedactor(nil)); err == nil ||
		strings.Contains(err.Error(), token) {
		t.Errorf("a token as the user, whose password is empty: %v", err)
	}
}
