package trove

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// Nearest returns the valid classifier whose words differ least from those of an unknown one, apart from letter case; empty
// if none is near, or the text is far longer than any classifier.
func Nearest(classifier string) string {
	const longest, lastWord = 200, 10 // bytes
	if len(classifier) > longest {
		return ""
	}
	text := phrases(classifier)
	nearest, least := "", len(text)/5+3
	for _, candidate := range All() {
		other := phrases(candidate)
		if other == text {
			return candidate
		}
		if more := len(other) - len(text); strings.HasPrefix(other, text+" ") && more <= lastWord {
			return candidate // its last word is missing
		}
		if abs(len(other)-len(text)) >= least {
			continue
		}
		if d := phrase.Distance(text, other, least); d < least {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// phrases returns the words of a classifier in lower case, without what is between them.
func phrases(classifier string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(classifier, "::", " ")), " "))
}

func abs(n int) int { return max(n, -n) }
