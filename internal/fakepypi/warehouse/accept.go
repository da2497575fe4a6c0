package warehouse

import (
	"mime"
	"strconv"
	"strings"
)

// preferred picks what the client likes best of the offers; without an Accept header, or when nothing fits, the
// fallback. Among equals the order of the offers decides.
func preferred(accept []string, fallback string, offers ...string) string {
	best, weight := fallback, 0.0
	for _, offer := range offers {
		if q := quality(accept, offer); q > weight {
			best, weight = offer, q
		}
	}
	return best
}

// quality is the weight that the most specific matching range of an Accept header gives to a media type (RFC 9110
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
