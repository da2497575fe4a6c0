package warehouse

import (
	"errors"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// specifiers returns a message if Requires-Python is invalid (docs/reference/pypi-server.md row 26).
func specifiers(_ *upload, values []string) string {
	if _, err := pep.ParseSpecifiers(values[0]); err != nil {
		return invalid(values[0], "requires-python")
	}
	return ""
}

// requirements returns a message if a value of Requires-Dist is invalid (row 27).
func requirements(_ *upload, values []string) string {
	for _, value := range values {
		if _, err := pep.ParseRequirement(value); err != nil {
			return invalid(value, "requires-dist")
		}
	}
	return ""
}

// relations returns a message if a value of Provides-Dist or Obsoletes-Dist is invalid or has a URL (row 39).
func relations(_ *upload, values []string) string {
	for _, value := range values {
		r, err := pep.ParseRequirement(value)
		if err != nil {
			return repr(value) + " is invalid: " + underlined(err)
		}
		if r.URL != "" {
			return "Can't have direct dependency: " + repr(value)
		}
	}
	return ""
}

// noDirectReference returns a message if a value of Requires-Dist has a URL (row 40). Unlike row 39 the message has the requirement in
// its normal spelling.
func noDirectReference(_ *upload, values []string) string {
	for _, value := range values {
		if r, err := pep.ParseRequirement(value); err == nil && r.URL != "" {
			return "Can't have direct dependency: " + r.String()
		}
	}
	return ""
}

// underlined returns three lines: the problem of a requirement, its text, and a line that marks the place.
func underlined(err error) string {
	var at *pep.RequirementError
	if !errors.As(err, &at) {
		return err.Error()
	}
	return at.Problem + "\n    " + at.Source + "\n    " + strings.Repeat(" ", at.Start) + strings.Repeat("~", at.End-at.Start) + "^"
}
