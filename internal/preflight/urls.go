package preflight

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// webURL checks Home-page, Download-URL and the URL of a Project-URL. A URL without a host is a warning: the index
// accepts it, but no browser can open it.
func webURL(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		var bad limitedFindings
		for _, f := range []field{{name: "Home-page"}, {name: "Download-URL"}, {name: "Project-URL"}} {
			for _, value := range sent(d, f.name) {
				url, checked := urlOf(f, value)
				if !checked {
					continue
				}
				if !acceptedURL(url) {
					bad.add(wrong(d, f, value, quoteLimited(url)+" is not a valid url.",
						urlAdvice(url)))
				} else if hostOf(url) == "" {
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
	match := parts().FindStringSubmatch(url)
	switch {
	case match == nil:
		return "write a URL that begins with https://"
	case strings.ContainsAny(match[2]+match[3], "[]"):
		return "write %5B and %5D instead of brackets"
	default:
		return "write a port of at most 65535"
	}
}

// urlOf returns the URL in a value; judged is false for a Project-URL that the rule project-url already reports.
func urlOf(f field, value string) (url string, checked bool) {
	if f.name != "Project-URL" {
		return value, true
	}
	_, url = labelled(value)
	message, _ := projectURL(f, value)
	return url, message == ""
}

// parts splits a URL like RFC 3986, appendix B, but ends the authority where the index does.
var parts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?is)^https?:(?://([^\\/?#]*))?([^?#]*)([^#]*)`)
})

// acceptedURL reports whether the index accepts a URL, by measurements of its rule (docs/reference/pypi-server.md §2.4.2):
// an http or https URL, no raw brackets in path or query, and a port of at most 65535.
func acceptedURL(url string) bool {
	match := parts().FindStringSubmatch(url)
	return match != nil && !strings.ContainsAny(withoutDots(match[2])+match[3], "[]") && !portTooHigh(match[1])
}

// withoutDots removes the segments "." and ".." from a path, as the index does before its check.
func withoutDots(path string) string {
	var segments []string
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "..":
			segments = segments[:max(len(segments)-1, 0)]
		case part != ".":
			segments = append(segments, part)
		}
	}
	return strings.Join(segments, "/")
}

func hostOf(url string) string {
	match := parts().FindStringSubmatch(url)
	if match == nil {
		return ""
	}
	authority := match[1]
	return authority[strings.LastIndexByte(authority, '@')+1:]
}

var (
	portText = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`:([0-9]{5})$`)
	})
	userText = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})+$`)
	})
	hostText = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`)
	})
)

// portTooHigh reports whether a port is above 65535. It checks only a well-formed authority, because the index accepts
// any other.
func portTooHigh(authority string) bool {
	match := portText().FindStringSubmatch(authority)
	if match == nil {
		return false
	}
	host := strings.TrimSuffix(authority, match[0])
	if user, rest, found := strings.Cut(host, "@"); found {
		if !userText().MatchString(user) {
			return false
		}
		host = rest
	}
	port, err := strconv.Atoi(match[1])
	return err == nil && port > 65535 && wellFormedHost(host)
}

// wellFormedHost reports whether host is a valid name or IP address; what looks like an IPv4 address must be one.
func wellFormedHost(host string) bool {
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && address.Zone() == "" && strings.HasSuffix(host, "]")
	}
	if dotted().MatchString(host) {
		for part := range strings.SplitSeq(host, ".") {
			if n, err := strconv.Atoi(part); err != nil || n > 255 {
				return false
			}
		}
	}
	return hostText().MatchString(host)
}

var dotted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){3}$`)
})

// maxLabel limits the label of a Project-URL, in characters.
const maxLabel = 32

// labelled splits "Label, URL" into its two parts.
func labelled(value string) (label, url string) {
	label, url, _ = strings.Cut(value, ",")
	return strings.TrimFunc(label, isBlank), strings.TrimFunc(url, isBlank)
}

func projectURL(_ field, value string) (message, advice string) {
	const such = "write a label and a URL, such as Changelog, https://example.com/changes"
	switch label, url := labelled(value); {
	case label == "":
		return "Must have a label.", such
	case utf8.RuneCountInString(label) > maxLabel:
		return quoteLimited(label) + " must be 32 characters or less.", "shorten the label"
	case url == "":
		return "Must have a URL.", such
	}
	return "", ""
}
