package publish

import (
	"cmp"
	"errors"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
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
	return phrase.Some(names, most)
}
