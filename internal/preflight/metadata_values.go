package preflight

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

func invalidFor(f field, value string) string {
	return quoteLimited(value) + " is invalid for " + quote(f.key())
}

func summaryNewline(_ field, value string) (message, advice string) {
	if !strings.Contains(value, "\n") {
		return "", ""
	}
	return "'summary' must be a single line.", "write it as one line; put longer text into the description"
}

func summaryLength(_ field, value string) (message, advice string) {
	const limit = 512
	n := utf8.RuneCountInString(value)
	if n <= limit {
		return "", ""
	}
	return fmt.Sprintf("'summary' field must be %d characters or less.", limit),
		fmt.Sprintf("shorten it (it has %d characters); put longer text into the description", n)
}

func providesExtra(f field, value string) (message, advice string) {
	if pep.ValidName(value) {
		return "", ""
	}
	return invalidFor(f, value) + ".", "start and end the extra with a letter or digit, and use only letters, digits, '.', '_' and '-'"
}

func requiresPython(f field, value string) (message, advice string) {
	_, err := pep.ParseSpecifiers(value)
	if err == nil {
		return "", ""
	}
	return invalidFor(f, value) + ".", err.Error()
}

func requiresDist(f field, value string) (message, advice string) {
	_, err := pep.ParseRequirement(value)
	if err == nil {
		return "", ""
	}
	return invalidFor(f, value) + ".", whereWrong(err)
}

func requiresDistURL(_ field, value string) (message, advice string) {
	r, err := pep.ParseRequirement(value)
	if err != nil || r.URL == "" {
		return "", ""
	}
	return "Can't have direct dependency: " + cut(r.String()) + ".",
		"depend on a released version of " + r.Name + "; the index does not accept direct references"
}

// providesDist works like requiresDist, but with other messages of the index.
func providesDist(_ field, value string) (message, advice string) {
	r, err := pep.ParseRequirement(value)
	var at *pep.RequirementError
	switch {
	case errors.As(err, &at):
		return fmt.Sprintf("%s is invalid: %s", quoteLimited(value), at.Problem), whereWrong(err)
	case err != nil:
		return fmt.Sprintf("%s is invalid: %v", quoteLimited(value), err), whereWrong(err)
	case r.URL != "":
		return "Can't have direct dependency: " + quoteLimited(value) + ".", "write a project name and versions, without a URL"
	}
	return "", ""
}

// whereWrong returns the position and the problem of err, without repeating the whole requirement.
func whereWrong(err error) string {
	var at *pep.RequirementError
	if !errors.As(err, &at) {
		return err.Error()
	}
	return fmt.Sprintf(
		"at character %d: %s; a valid PEP 508 requirement is, for example, name>=1.0; python_version < '3.13'", at.End+1, at.Problem,
	)
}

// cut shortens a text to 1000 characters for a message.
func cut(text string) string {
	const limit = 1000
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "..."
}

// rooted matches absolute paths of POSIX and of Windows (a drive with a root, or a share).
var rooted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?s:/|\\\\|.:[\\/])`)
})

func licenseFilePath(f field, value string) (message, advice string) {
	const relative = "write a path from the project's root with '/' between the folders, such as licenses/LICENSE"
	switch path := value; {
	case strings.Contains(path, ".."):
		return invalidFor(f, path) + ", parent directory indicators are not allowed.", relative
	case strings.Contains(path, "*"):
		return invalidFor(f, path) + ", paths must be resolved.", "build with a backend that resolves patterns to file names"
	case rooted().MatchString(path):
		return invalidFor(f, path) + ", paths must be relative.", relative
	case !plainPath(path):
		return invalidFor(f, path) + ", paths must use '/' delimiter.", relative
	}
	return "", ""
}

// plainPath reports whether a path is already in its shortest spelling. The index converts it with Python's Windows path
// class, using slashes, and compares.
func plainPath(path string) bool {
	if path == "." {
		return true
	}
	drive := driveOf(path)
	rest := path[len(drive):]
	if inner, here := strings.CutPrefix(path, "./"); here && driveOf(inner) != "" {
		rest = inner // the dot prevents that a name with a colon is read as a drive
	}
	if rest == "" {
		return drive != ""
	}
	if strings.Contains(rest, `\`) {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || part == "." {
			return false
		}
	}
	return true
}

// driveOf returns the drive at the start of a path, such as C:. A drive alone does not make a path absolute.
func driveOf(path string) string {
	first, size := utf8.DecodeRuneInString(path)
	if size == 0 || first == '/' || first == '\\' || !strings.HasPrefix(path[size:], ":") {
		return ""
	}
	return path[:size+1]
}

func licenseAndExpression(d *distfile.Distribution) (message, fix string) {
	license, old := first(d, "License")
	expression, both := first(d, "License-Expression")
	if !old || !both {
		return "", ""
	}
	return "License is deprecated when License-Expression is present. Only License-Expression should be present.",
		fmt.Sprintf("remove License %s, because License-Expression %s replaces it, and build again",
			quote(elide(license)), quote(elide(expression)))
}
