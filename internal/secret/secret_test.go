package secret_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/secret"
)

const raw = "pypi-AgEIcHlwaS5vcmc-not/a+real=token"

func at(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSecret_PrintsStars(t *testing.T) {
	t.Parallel()
	text := secret.NewRedactor(nil).New(raw, at(t, "https://index.example/legacy/"))
	holder := struct {
		Name string
		Text secret.Secret
	}{"x", text}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T%v"} {
		for _, value := range []any{text, &text, holder, &holder, []secret.Secret{text}} {
			args := []any{value, value}[:strings.Count(verb, "%")]
			if out := fmt.Sprintf(verb, args...); strings.Contains(out, "AgEI") || strings.Contains(out, fmt.Sprintf("%x", "AgEI")) {
				t.Errorf("%s shows the secret: %s", verb, out)
			}
		}
	}
	if _, err := json.Marshal(holder); err == nil {
		t.Error("a secret was encoded as JSON")
	}
	if got := fmt.Sprint(secret.Secret{}); got != "" {
		t.Errorf("the empty secret prints %q", got)
	}
}

func TestSecret_OnlyForOrigins(t *testing.T) {
	t.Parallel()
	text := secret.NewRedactor(nil).New(raw, at(t, "https://index.example/legacy/"), at(t, "http://127.0.0.1:8080"))
	cases := []struct {
		to string
		ok bool
	}{
		{"https://index.example/_/oidc/burn-token", true},
		{"https://INDEX.example:443/", true},
		{"http://127.0.0.1:8080/legacy/", true},
		{"http://index.example/legacy/", false},
		{"https://index.example:8443/legacy/", false},
		{"https://index.example.evil.example/legacy/", false},
		{"https://evil.example/index.example", false},
		{"http://127.0.0.1:8081/legacy/", false},
	}
	for _, c := range cases {
		got, err := text.Value(at(t, c.to))
		if c.ok && (err != nil || got != raw) {
			t.Errorf("%s: %q, %v", c.to, got, err)
		}
		if !c.ok && (!errors.Is(err, secret.ErrOtherOrigin) || got != "") {
			t.Errorf("%s was shown the secret: %q, %v", c.to, got, err)
		}
	}
	if _, err := (secret.Secret{}).Value(at(t, "https://index.example/")); err == nil {
		t.Error("an empty secret was revealed")
	}
}

func TestSecret_MaskedFirst(t *testing.T) {
	t.Parallel()
	var masked []string
	redactor := secret.NewRedactor(func(line string) { masked = append(masked, line) })
	redactor.New("first\n\n  second  \n")
	redactor.New("first\n\n  second  \n")
	redactor.New("  ")
	if got := strings.Join(masked, "|"); got != "first|second" {
		t.Errorf("masked %q", got)
	}
	if !redactor.New(" \n").Empty() {
		t.Error("a blank secret is not empty")
	}
}

func TestRedact_EveryForm(t *testing.T) {
	t.Parallel()
	redactor := secret.NewRedactor(nil)
	redactor.New(raw)
	redactor.New(raw + "-longer")
	for _, line := range []string{
		"token " + raw + " was refused",
		"GET /?token=" + url.QueryEscape(raw),
		"GET /" + url.PathEscape(raw) + "/",
		"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("__token__:"+raw)),
		"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("a:"+raw)),
		"Authorization: Basic " + base64.URLEncoding.EncodeToString([]byte("me:"+raw)),
		raw + "-longer",
	} {
		got := redactor.Redact(line)
		if strings.Contains(got, "cHlwaS5vcmc") || strings.Contains(got, "longer") || strings.Contains(
			got, base64.StdEncoding.EncodeToString([]byte(raw[6:18])),
		) {
			t.Errorf("%q became %q", line, got)
		}
		if !strings.Contains(got, "***") {
			t.Errorf("nothing was redacted in %q", line)
		}
	}
	if got := redactor.Redact("an ordinary line"); got != "an ordinary line" {
		t.Errorf("an ordinary line became %q", got)
	}
}

// TestSecret_TooShort: masking one or two letters would mask them everywhere.
func TestSecret_TooShort(t *testing.T) {
	t.Parallel()
	var masked []string
	redactor := secret.NewRedactor(func(line string) { masked = append(masked, line) })
	text := redactor.New("abc", at(t, "https://index.example/"))
	if raw, err := text.Value(at(t, "https://index.example/")); raw != "abc" || err != nil {
		t.Errorf("%q, %v", raw, err)
	}
	if got := redactor.Redact("abc and abcd"); got != "abc and abcd" || len(masked) > 0 {
		t.Errorf("%q, masked %q", got, masked)
	}
	redactor.New("abcd")
	if got := redactor.Redact("abc and abcd"); got != "abc and ***" || len(masked) != 1 {
		t.Errorf("%q, masked %q", got, masked)
	}
}
