package index

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// exceedsNewProjects reports whether the index refuses a new project because of the number of those created in the last hour
// (docs/reference/pypi-server.md §2.9). Another try within this run would only be refused again.
func exceedsNewProjects(answer *wire.Answer) bool {
	return answer.Status == http.StatusTooManyRequests && strings.Contains(answer.ServerMessage(), newProjectsLimit)
}

// limitEnds returns in how long the last of the limits ends that are used up, by the header RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10): r is what is left of a limit, and t the seconds until it is whole again. It returns 0
// if the header is missing or names none.
func limitEnds(header http.Header) time.Duration {
	var ends time.Duration
	for _, limit := range strings.Split(strings.Join(header.Values("RateLimit"), ","), ",") {
		parameters := map[string]string{}
		for _, parameter := range strings.Split(limit, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			parameters[name] = value
		}
		seconds, err := strconv.ParseUint(parameters["t"], 10, 31)
		if err == nil && parameters["r"] == "0" {
			ends = max(ends, time.Duration(seconds)*time.Second)
		}
	}
	return ends
}
