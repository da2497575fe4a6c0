package cli

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

// proxyVariables returns the names of the variables with the proxy for URLs of a scheme. The first that is set applies, as in net/http.
func proxyVariables(scheme string) []string {
	name := scheme + "_proxy"
	return []string{strings.ToUpper(name), name}
}

// proxyVariable returns the name of the variable with the proxy for https, which is the only scheme that leaves this machine; empty if
// there is none.
func (w Process) proxyVariable() string {
	for _, name := range proxyVariables("https") {
		if w.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// sealProxies makes secrets of the passwords of proxies, and returns a finding for each variable that names no proxy. net/http would ignore
// such a variable, and send every request past the proxy.
func (w Process) sealProxies(redactor *secret.Redactor) error {
	var problems []error
	for _, scheme := range []string{"https", "http"} {
		for _, name := range proxyVariables(scheme) {
			value := w.Getenv(name)
			for _, password := range proxyPasswords(value) {
				redactor.New(password)
			}
			if problem := proxyProblem(value); problem != "" {
				problems = append(problems, finding.New(finding.ProxyVariable,
					name+" is not the address of a proxy: "+problem,
					"set "+name+" to http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with every character of the two "+
						"but letters and digits percent-encoded; or remove it"))
			}
		}
	}
	return errors.Join(problems...)
}

// proxyProblem returns why net/http cannot use the value of a variable as a proxy; empty if it can, or there is no value. It does not
// repeat the value, which may have a password.
func proxyProblem(value string) string {
	if value == "" {
		return ""
	}
	u, err := proxyURL(value)
	switch {
	case err != nil:
		return "it cannot be parsed"
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h":
		return "its scheme is not http, https or socks5"
	case u.Hostname() == "":
		return "it has no host"
	case u.Port() != "" && !isPort(u.Port()):
		return "its port is not a number from 1 to 65535"
	}
	return ""
}

// proxyURL parses the value of a variable as net/http does: the scheme may be missing. A host is not taken from a path.
func proxyURL(value string) (*url.URL, error) {
	if strings.Contains(value, "://") {
		return url.Parse(value)
	}
	u, err := url.Parse("http://" + value)
	if err == nil && strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("a path after the host: the scheme may be misspelt")
	}
	return u, err
}

// isPort reports whether a text is the number of a port.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// proxyPasswords returns the forms of the password in the value of a variable: as it is written there, and decoded. A value that cannot be
// parsed may have one too.
func proxyPasswords(value string) []string {
	_, rest, found := strings.Cut(value, "://")
	if !found {
		rest = value
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return nil
	}
	_, written, found := strings.Cut(rest[:at], ":")
	if !found {
		return nil
	}
	forms := []string{written}
	if decoded, err := url.PathUnescape(written); err == nil && decoded != written {
		forms = append(forms, decoded)
	}
	return forms
}
