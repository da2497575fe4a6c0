package preflight

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// webURL checks Home-page, Download-URL and the URL of a Project-URL. A URL without a host is a warning: the index
// accepts it, but no browser can open it.
func webURL(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		var bad limitedFindings
		for _, f := range []field{{Name: "Home-page"}, {Name: "Download-URL"}, {Name: "Project-URL"}} {
			for _, value := range sent(d, f.Name) {
				url, checked := urlOf(f, value)
				if !checked {
					continue
				}
				if problem := metadata.URL(url); problem != "" {
					bad.add(wrong(d, f, value, said(problem),
						urlAdvice(url)))
				} else if !metadata.HasHost(url) {
					mild := wrong(d, f, value, quoteLimited(url)+" is a URL without a host",
						"write the whole URL, such as https://example.com/")
					mild.Severity = finding.Warning
					bad.add(mild)
				}
			}
		}
		found = append(found, bad.all()...)
	}
	return found
}

func urlAdvice(url string) string {
	scheme, rest, _ := strings.Cut(strings.ToLower(url), ":")
	switch {
	case scheme != "http" && scheme != "https":
		return "write a URL that begins with https://"
	case strings.ContainsAny(rest, "[]"):
		return "write %5B and %5D instead of brackets"
	default:
		return "write a port of at most 65535"
	}
}

// urlOf returns the URL in a value; checked is false for a Project-URL that the rule project-url already reports.
func urlOf(f field, value string) (url string, checked bool) {
	if f.Name != "Project-URL" {
		return value, true
	}
	_, url = metadata.SplitProjectURL(value)
	message, _ := projectURL(f, value)
	return url, message == ""
}
