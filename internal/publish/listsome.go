package publish

import "github.com/org/pypi-oidc-publish/internal/finding/phrase"

// listSome names the first of many things.
func listSome(names []string) string {
	const most = 10
	return phrase.Some(names, most)
}
