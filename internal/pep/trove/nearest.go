package trove

import "strings"

// Nearest returns the valid classifier whose text differs least from an unknown one, apart from letter case; empty if none is near, or the
// text is far longer than any classifier.
func Nearest(classifier string) string {
	const longest = 200 // bytes
	if len(classifier) > longest {
		return ""
	}
	text := strings.ToLower(strings.Join(strings.Fields(classifier), " "))
	nearest, least := "", len(text)/6+2
	for _, candidate := range All() {
		other := strings.ToLower(candidate)
		if abs(len(other)-len(text)) >= least {
			continue
		}
		if d := distance(text, other, least); d < least {
			nearest, least = candidate, d
		}
	}
	return nearest
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
