package config

import (
	"net/url"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// setRepository parses the upload endpoint.
func setRepository(d *draft, value string) *finding.Finding {
	if known := named(strings.ToLower(value)); known != "" {
		value = known
	}
	u, problem := readURL(d, value)
	if problem != nil {
		return problem
	}
	if known := meant(u.Hostname()); known != "" && u.String() != known {
		return wrong(finding.InputURL, displayURL(d, u)+" is not the upload URL of "+nameOf(known), "write "+known)
	}
	if problem := plainOnlyOnLoopback(d, u); problem != nil {
		return problem
	}
	d.Repository = u
	return nil
}

// setSimple parses the URL of the simple index. Empty means to derive it, "none" means not to query the index.
func setSimple(d *draft, value string) *finding.Finding {
	switch strings.ToLower(value) {
	case "":
		return nil
	case "none":
		d.NoLookups = true
		return nil
	}
	u, problem := readURL(d, value)
	if problem != nil {
		return problem
	}
	if problem := plainOnlyOnLoopback(d, u); problem != nil {
		return problem
	}
	if strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/legacy") {
		return wrong(finding.InputURL,
			displayURL(d, u)+" is an upload endpoint, not a simple index",
			"leave the input out to derive it, or write the URL that pip installs from")
	}
	if !strings.HasSuffix(u.Path, "/") {
		// Project pages are below the URL of a simple index (PEP 503).
		u = u.JoinPath("/")
	}
	d.Simple = u
	return nil
}

// readURL parses an absolute http or https URL without user info, query and fragment. It normalizes the host to lower case and
// removes the default port. The message does not repeat a value that cannot be parsed, because it may contain a password.
func readURL(d *draft, value string) (*url.URL, *finding.Finding) {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return nil, wrong(finding.InputURL, "the value is not a URL", "write it as https://HOST/PATH/")
	case u.User != nil:
		return nil, wrong(finding.InputURL, "the URL contains a user name or password",
			"remove it, and use the inputs `user` and `password`")
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "":
		return nil, wrong(finding.InputURL, d.quote(beforeSecrets(value))+" is not a web address", "write it as https://HOST/PATH/")
	case u.Hostname() == "":
		return nil, wrong(finding.InputURL, d.quote(beforeSecrets(value))+" has no host", "write it as https://HOST/PATH/")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(value, "#"):
		return nil, wrong(finding.InputURL, displayURL(d, u)+" has a query or a fragment", "remove everything after the path")
	}
	u.Host = strings.ToLower(u.Host)
	ownPort := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ownPort), ":")
	return u, nil
}

// plainOnlyOnLoopback rejects http to another machine, because tokens and files would cross the network unencrypted.
func plainOnlyOnLoopback(d *draft, u *url.URL) *finding.Finding {
	if wire.Private(u) {
		return nil
	}
	return wrong(finding.InputURL, displayURL(d, u)+" is not https; plain http is allowed only on this machine",
		"write https:// (with `ca-bundle` for a certificate of your own authority), or open a tunnel such as ssh -L 8080:HOST:80 in the job "+
			"and write http://127.0.0.1:8080/")
}

// displayURL returns the part of a URL that a message may repeat: scheme, host and path.
func displayURL(d *draft, u *url.URL) string {
	return d.quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

// beforeSecrets removes what may be user info, query or fragment from a value that is not a valid URL.
func beforeSecrets(value string) string {
	if i := strings.LastIndex(value, "@"); i >= 0 {
		value = "…" + value[i:]
	}
	if i := strings.IndexAny(value, "?#"); i >= 0 {
		value = value[:i] + "…"
	}
	return value
}
