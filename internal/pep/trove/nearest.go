package trove

import "strings"

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
		if d := distance(text, other, least); d < least {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// phrases returns the words of a classifier in lower case, without what is between them.
func phrases(classifier string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(classifier, "::", " ")), " "))
}

// distance returns how many bytes must be put in, taken out or replaced to make b of a, if these are fewer than limit, else at least limit.
func distance(a, b string, limit int) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, best := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
			best = min(best, row[j+1])
		}
		if best >= limit {
			return limit
		}
	}
	return row[len(b)]
}

func abs(n int) int { return max(n, -n) }
