package preflight

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file are about names of wheels that the index accepts, and for which no installer takes the wheel, or not every one.
// Tags of interpreters that nobody knows are left alone.

// wheelTags reports tags that no Python has.
func wheelTags(d *distfile.Distribution) (message, fix string) {
	const build = "build the wheel with a current build backend, and do not rename it"
	name, err := pep.ParseWheelName(d.Name)
	if other, _ := wheelTagCharacters(d); err != nil || other != "" || !plain(d, distfile.Wheel) {
		return "", ""
	}
	tags := name.Tags()
	if upper := strings.IndexFunc(tags, func(r rune) bool { return r >= 'A' && r <= 'Z' }); upper >= 0 {
		return fmt.Sprintf("the tags %s have capital letters%s", quote(elide(tags)), tried("capital letters in a tag")),
			"write them in lower case: " + strings.ToLower(tags)
	}
	python, abi := strings.Split(name.Python, "."), strings.Split(name.ABI, ".")
	for _, tag := range python {
		if spelled := spelledOut().FindStringSubmatch(tag); spelled != nil {
			return fmt.Sprintf("no Python has the tag %s of %s%s", quote(elide(tag)), quote(elide(tags)), tried("tag that no Python has")),
				fmt.Sprintf("write it as %s%s", shortTags()[spelled[1]], spelled[2])
		}
	}
	switch {
	case slices.Contains(python, "none") || slices.Contains(python, "any"):
		return fmt.Sprintf("the tags %s are in another order than Python, ABI, platform%s", quote(elide(tags)),
			tried("tags in another order")), build
	case slices.Contains(abi, "any"):
		return fmt.Sprintf("no Python has the ABI any of %s: without one it is none%s", quote(elide(tags)), tried("the ABI any")), build
	case name.Platform == "any" && !slices.Contains(abi, "none"):
		return fmt.Sprintf("no Python takes %s: a wheel for any platform has the ABI none%s", quote(elide(tags)),
			tried("an ABI for any platform")), build
	case !slices.ContainsFunc(abi, func(tag string) bool { return tag != "abi3" && tag != "abi3t" }) &&
		!slices.ContainsFunc(python, cpythonSeries().MatchString):
		return fmt.Sprintf("no Python takes %s: a wheel with %s names the first CPython that it is for, such as cp310%s",
			quote(elide(tags)), name.ABI, tried("abi3 without a CPython")), build
	}
	return "", ""
}

// spelledOut matches names of interpreters that a tag shortens.
var spelledOut = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(python|cpython|pypy|ironpython|jython)(\d*)$`)
})

// shortTags returns what tags have for the names of interpreters
// (https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#python-tag).
func shortTags() map[string]string {
	return map[string]string{"python": "py", "cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
}

// cpythonSeries matches the tag of a series of CPython.
var cpythonSeries = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^cp3\d+$`) })

// wheelBuild reports a build number that does not fit into 64 bits.
func wheelBuild(d *distfile.Distribution) (message, fix string) {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil {
		return "", ""
	}
	digits := name.Build
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	if _, err := strconv.ParseUint(digits, 10, 64); !errors.Is(err, strconv.ErrRange) {
		return "", ""
	}
	return fmt.Sprintf("the build number %s does not fit into 64 bits%s", quote(elide(digits)), tried("long build number")),
		"use a shorter one, such as the date alone"
}
