package warehouse

import (
	"mime"
	"strconv"
	"strings"
)

// preferred returns the offer with the highest weight in the Accept headers; of equal ones the first. It returns fallback if there is no
// Accept header or if no offer matches.
func preferred(accept []string, fallback string, offers ...string) string {
	best, weight := fallback, 0.0
	for _, offer := range offers {
		if q := quality(accept, offer); q > weight {
			best, weight = offer, q
		}
	}
	return best
}

// quality returns the weight, 0 to 1, that the most specific matching range of the Accept headers gives to a media type (RFC 9110
// section 12.5.1).
func quality(accept []string, offer string) float64 {
	group, _, _ := strings.Cut(offer, "/")
	q, level := 0.0, 0
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		l := map[string]int{offer: 3, group + "/*": 2, "*/*": 1}[kind]
		if l <= level {
			continue
		}
		q, level = weightOf(params), l
	}
	return q
}

// weightOf returns the q parameter of a media range: 1 if it is missing, 0 if it is not a number from 0 to 1.
func weightOf(params map[string]string) float64 {
	text, given := params["q"]
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}
