package preflight

import (
	"regexp"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// licenseMeant returns the SPDX expression that a text with names of licences means; empty if that is not certain.
func licenseMeant(text string) string {
	const longest = 200 // bytes
	if len(text) > longest {
		return ""
	}
	var b strings.Builder
	at := 0
	add := func(name string) bool {
		id := licenseID(name)
		b.WriteString(id)
		return id != ""
	}
	for _, between := range betweenLicenses().FindAllStringIndex(text, -1) {
		if !add(text[at:between[0]]) {
			return ""
		}
		operator := " AND "
		if word := strings.ToLower(strings.TrimSpace(text[between[0]:between[1]])); word == "or" || word == "/" || word == "|" {
			operator = " OR "
		}
		b.WriteString(operator)
		at = between[1]
	}
	if !add(text[at:]) {
		return ""
	}
	return b.String()
}

var betweenLicenses = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\s+(?:and|or)\s+|\s*[&/|;+]\s*`)
})

// licenseID returns the identifier of a licence, given that or its usual name; empty if it is not known.
func licenseID(name string) string {
	name = strings.TrimSpace(name)
	if canonical, err := spdx.Canonical(name); err == nil {
		return canonical
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return pep.IsSpace(r) || strings.ContainsRune(`,()"'`, r) })
	kept := words[:0]
	for _, word := range words {
		switch word = strings.TrimPrefix(word, "v"); word {
		case "the", "license", "licence", "licensed", "ersion", "software", "public", "open", "source":
		default:
			kept = append(kept, word)
		}
	}
	return licenseNames()[strings.Join(kept, " ")]
}

// licenseNames are usual names of licences that mean exactly one of the SPDX list, without the words that licenseID leaves out. The GPL is
// not among them: its name alone does not say whether later versions are meant.
var licenseNames = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"mit": "MIT", "expat": "MIT", "mit expat": "MIT",
		"apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache2": "Apache-2.0", "apache2.0": "Apache-2.0",
		"apache-2": "Apache-2.0", "asl 2.0": "Apache-2.0",
		"bsd 2-clause": "BSD-2-Clause", "2-clause bsd": "BSD-2-Clause", "simplified bsd": "BSD-2-Clause", "freebsd": "BSD-2-Clause",
		"bsd 3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "new bsd": "BSD-3-Clause", "modified bsd": "BSD-3-Clause",
		"bsd-3": "BSD-3-Clause", "bsd-2": "BSD-2-Clause", "bsd 3 clause": "BSD-3-Clause", "bsd 2 clause": "BSD-2-Clause",
		"mozilla 2.0": "MPL-2.0", "mpl 2.0": "MPL-2.0", "mpl2": "MPL-2.0", "mozilla 2.0 mpl 2.0": "MPL-2.0",
		"isc": "ISC", "isc iscl": "ISC", "zlib": "Zlib", "unlicense": "Unlicense", "boost 1.0": "BSL-1.0", "bsl 1.0": "BSL-1.0",
		"eclipse 2.0": "EPL-2.0", "python foundation": "PSF-2.0", "psf": "PSF-2.0", "cc0": "CC0-1.0", "cc0 1.0": "CC0-1.0",
	}
})
