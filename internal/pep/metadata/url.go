package metadata

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// URL checks Home-page and Download-URL (docs/reference/pypi-server.md row 37).
func URL(value string) (problem string) {
	if acceptedURL(value) {
		return ""
	}
	return pep.Repr(value) + " is not a valid url"
}

// MaxLabel is the maximum length of the label of a Project-URL, in characters.
const MaxLabel = 32

// LabelledURL checks that a Project-URL has a label that is not too long, and a URL; the URL itself is checked by [URL] (row 38).
func LabelledURL(value string) (problem string) {
	switch label, url := SplitProjectURL(value); {
	case label == "":
		return "Must have a label"
	case utf8.RuneCountInString(label) > MaxLabel:
		return fmt.Sprintf("%s must be %d characters or less", pep.Repr(label), MaxLabel)
	case url == "":
		return "Must have a URL"
	}
	return ""
}

// SplitProjectURL splits "Label, URL" into its two parts.
func SplitProjectURL(value string) (label, url string) {
	label, url, _ = strings.Cut(value, ",")
	return strings.TrimFunc(label, pep.IsSpace), strings.TrimFunc(url, pep.IsSpace)
}

// RepeatedLabel returns a label that two values of Project-URL have, and reports whether there is one (row 15).
func RepeatedLabel(values []string) (label string, twice bool) {
	seen := map[string]bool{}
	for _, value := range values {
		label, _ := SplitProjectURL(value)
		if seen[label] {
			return label, true
		}
		seen[label] = true
	}
	return "", false
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
	var kept []string
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "..":
			kept = kept[:max(len(kept)-1, 0)]
		case part != ".":
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "/")
}

// HasHost reports whether a URL has a host. PyPI accepts one without, but no browser can open it.
func HasHost(url string) bool {
	match := parts().FindStringSubmatch(url)
	return match != nil && match[1][strings.LastIndexByte(match[1], '@')+1:] != ""
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
