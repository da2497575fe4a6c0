package wire

import (
	"net/http"
	"slices"
	"time"
)

// Op is one kind of request: a row of the policy table.
type Op string

// The ops. The stage of a rehearsal injects its faults under the same names.
const (
	IDToken  Op = "id-token" // GitHub's OIDC endpoint on the runner
	Audience Op = "audience" // what the index wants in an ID token
	Mint     Op = "mint"     // an ID token for an upload token
	Look     Op = "look"     // what the index holds of a project
	Upload   Op = "upload"   // one distribution
	Burn     Op = "burn"     // the end of an upload token
	Probe    Op = "probe"    // one request that proves the burn
)

// Ops returns every op, in the order of a run.
func Ops() []Op {
	return []Op{Audience, IDToken, Look, Mint, Upload, Burn, Probe}
}

// policy is how an op is tried: a row of the table.
type policy struct {
	tries  int           // at most, the first one included
	try    time.Duration // how long one try may take, from connect to the last byte of the answer
	budget time.Duration // no further try starts after this
	first  time.Duration // the wait after the first failed try; doubled after each
	bound  int64         // bytes of an answer that are read; a longer one is an error
	codes  []int         // the status codes that are worth another try
}

// The index's 500 may be a race of two first files of one release, which the same bytes sent again resolve.
func transient() []int {
	return []int{
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
}

const (
	kib = 1 << 10
	mib = 1 << 20

	longestWait       = 30 * time.Second // between two tries, without a Retry-After
	longestRetryAfter = 2 * time.Minute  // a longer one is cut to this
)

// policyOf is the table: one row an op.
func policyOf(op Op) policy {
	second, minute := time.Second, time.Minute
	switch op {
	case Audience:
		return policy{tries: 4, try: 15 * second, budget: minute, first: second / 2, bound: 64 * kib, codes: transient()}
	case IDToken:
		return policy{tries: 5, try: 15 * second, budget: minute, first: second / 2, bound: 64 * kib, codes: transient()}
	case Mint:
		return policy{tries: 4, try: 30 * second, budget: 2 * minute, first: second, bound: 64 * kib, codes: transient()}
	case Look:
		// The simple page of a project with many releases is long.
		return policy{tries: 3, try: 30 * second, budget: minute, first: second / 2, bound: 64 * mib, codes: transient()}
	case Upload:
		// The index's own statement time-out is ten minutes (pypi-server reference, section 1.1).
		return policy{tries: 6, try: 15 * minute, budget: 20 * minute, first: second, bound: mib, codes: transient()}
	case Burn:
		// All burning has five seconds; the token dies of old age otherwise. The burn comes before its proof: it gets what there is.
		return policy{tries: 3, try: 4 * second, budget: 4 * second, first: second / 4, bound: 64 * kib, codes: transient()}
	case Probe:
		return policy{tries: 1, try: second, budget: second, bound: 64 * kib}
	default:
		return policy{tries: 1, try: 30 * second, budget: 30 * second, bound: mib}
	}
}

func (p policy) retries(status int) bool { return slices.Contains(p.codes, status) }
