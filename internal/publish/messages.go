package publish

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// adviceOn returns the next step that a failed request has of its own, or else the given one.
func adviceOn(err error, otherwise string) string {
	var failed *wire.Error
	if errors.As(err, &failed) {
		return cmp.Or(failed.Advice(), otherwise)
	}
	return otherwise
}

// listSome names the first of many things.
func listSome(names []string) string {
	const most = 10
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
