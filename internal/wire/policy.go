package wire

import (
	"net/http"
	"slices"
	"time"
)

// Op is one kind of request: a row of the policy table.
type Op string

// The ops. The test servers of `rehearse` and `serve` inject faults under the same names.
const (
	IDToken  Op = "id-token" // GitHub's OIDC endpoint on the runner
	Audience Op = "audience" // what the index wants in an ID token
	Mint     Op = "mint"     // an ID token for an upload token
	Listing  Op = "look"     // what the index has of a project

	TrustRoot   Op = "trust-root"  // Sigstore's trust root and service addresses (TUF)
	Certificate Op = "certificate" // Fulcio: an ID token for a signing certificate
	LogEntry    Op = "log-entry"   // Rekor: one entry of the transparency log
	LogLookup   Op = "log-lookup"  // Rekor: an entry that the log has already

	Upload Op = "upload" // one distribution
	Burn   Op = "burn"   // the revocation of an upload token
	Probe  Op = "probe"  // one request that shows whether the index accepts an upload token

	Provenance Op = "provenance" // the attestations that the index serves of a file
	Download   Op = "download"   // a file of the index, of which its page gives no digest

	CoreMetadata Op = "core-metadata" // that of a wheel on the index
)

// Ops returns every op that is tried again, in the order of a run: without a file or its metadata on the index, a run goes on.
func Ops() []Op {
	return []Op{
		Audience, IDToken, Listing, TrustRoot, Certificate, LogEntry, LogLookup, Mint, Upload, Burn, Probe, Provenance,
	}
}

// The ops of a GitHub release. They are not in [Ops], which are those of the index, the issuer and Sigstore.
const (
	GitHub        Op = "github"         // an ordinary request of GitHub's API
	Asset         Op = "asset"          // the bytes of one asset, sent
	AssetDownload Op = "asset-download" // the bytes of one asset, fetched
)

// ReleaseNotes is a request of GitHub's API for the notes of a release, which shows whether a token may write. The test server knows it as
// one of GitHub.
const ReleaseNotes Op = "github-notes"

// GitHubOps returns the ops of a GitHub release.
func GitHubOps() []Op { return []Op{GitHub, Asset, AssetDownload} }

// Service returns who answers requests of the op, for messages; empty: the index.
func (op Op) Service() string {
	switch op {
	case IDToken, GitHub, ReleaseNotes, Asset, AssetDownload:
		return "GitHub"
	case TrustRoot, Certificate, LogEntry, LogLookup:
		return "Sigstore"
	default:
		return ""
	}
}

// policy is how requests of an op are tried: a row of the table.
type policy struct {
	timeout time.Duration // how long one try may take, from connect to the last byte of the answer
	// budget is how long tries and the waits between them may take together: no further try starts after this. Zero: there is one try.
	budget         time.Duration
	errorBudget    time.Duration // the same for tries that are all answered with a plain 500; zero: no less than budget
	firstWait      time.Duration // the wait after the first failed try; doubled after each, up to longestWait
	maxBody        int64         // bytes of an answer that are read; a longer one is an error
	retryOn        []int         // the status codes that are worth another try
	noEffectOn     []int         // the ambiguous ones after which this request surely had no effect
	retryRateLimit bool          // a 403 with a Retry-After is worth another try too: GitHub's secondary rate limits
}

const (
	kib = 1 << 10
	mib = 1 << 20

	longestWait = 30 * time.Second // between two tries, unless the server asks for a longer one (Retry-After)
)

// policyOf returns the policy of an op: the table has one row for each.
//
// Audience, Mint and Upload outlast an outage or a deployment of the index: nothing that could be misused is alive during their waits, but
// the upload token of an upload, which expires by itself and is renewed. A new ID token is requested for each try of a mint.
func policyOf(op Op) policy {
	const second, minute = time.Second, time.Minute
	switch op {
	case Audience:
		return policy{timeout: 15 * second, budget: 20 * minute, firstWait: second / 2, maxBody: 64 * kib, retryOn: transient()}
	case IDToken:
		return policy{timeout: 15 * second, budget: 5 * minute, firstWait: second / 2, maxBody: 64 * kib, retryOn: transient()}
	case Mint:
		return policy{
			timeout: 30 * second, budget: 20 * minute, firstWait: second, maxBody: 64 * kib, retryOn: transient(), noEffectOn: unreached(),
		}
	case Listing:
		// The simple page of a project with many releases is long.
		return policy{timeout: 30 * second, budget: minute, firstWait: second / 2, maxBody: 64 * mib, retryOn: transient()}
	case Upload:
		// The index's own statement time-out is ten minutes (docs/reference/pypi-server.md §1.1). A race or a deadlock in its database,
		// which it answers with a plain 500, ends in seconds; another cause of a 500 lies in the file, and does not end.
		return policy{
			timeout: 15 * minute, budget: 20 * minute, errorBudget: 3 * minute, firstWait: second, maxBody: mib, retryOn: transient(),
		}
	case Burn:
		// All revocations have five seconds; the token expires by itself otherwise. The burn comes before its proof, and gets most of it.
		return policy{timeout: 4 * second, budget: 4 * second, firstWait: second / 4, maxBody: 64 * kib, retryOn: transient()}
	case TrustRoot:
		// The last request of a chain of roots is answered 404. Where the program has copies, its caller gives it less time.
		return policy{timeout: 10 * second, budget: 5 * minute, firstWait: second / 4, maxBody: 4 * mib, retryOn: transient()}
	case Certificate:
		return policy{timeout: 20 * second, budget: 5 * minute, firstWait: second, maxBody: mib, retryOn: transient()}
	case LogEntry:
		// Outages of the public log have lasted minutes; the same bytes again are safe (docs/reference/attestations.md §3.2).
		return policy{timeout: 30 * second, budget: 5 * minute, firstWait: second, maxBody: 4 * mib, retryOn: transient()}
	case LogLookup:
		// An entry that was just written may not be readable yet.
		return policy{
			timeout: 10 * second, budget: minute, firstWait: second / 4, maxBody: 4 * mib,
			retryOn: append(transient(), http.StatusNotFound),
		}
	case Provenance:
		return policy{timeout: 30 * second, budget: minute, firstWait: second / 2, maxBody: 4 * mib, retryOn: transient()}
	case Download:
		// Package index bounds it further. Without its digest a run goes on, so that bytes are not sent twice for it.
		return policy{timeout: 5 * minute, maxBody: 256 * mib}
	case CoreMetadata:
		// It is there to compare: without it a run goes on, and nothing waits for it. With a long description it has hundreds of kilobytes.
		return policy{timeout: 5 * second, maxBody: 2 * mib}
	case GitHub:
		// A page of releases is long: each comes with its notes and all its assets. A rate limit asks to wait for a minute.
		return policy{
			timeout: 30 * second, budget: 3 * minute, firstWait: second / 2, maxBody: 64 * mib, retryOn: transient(), retryRateLimit: true,
		}
	case ReleaseNotes:
		// The notes of a long history may take GitHub longer than it allows itself, every time: an error of the server is an answer.
		return policy{
			timeout: 30 * second, budget: 3 * minute, firstWait: second / 2, maxBody: 64 * mib,
			retryOn: []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}, retryRateLimit: true,
		}
	case Asset:
		// One that broke off leaves a half asset behind, which must go before the next try: package ghrelease tries again.
		return policy{timeout: 15 * minute, maxBody: mib}
	case AssetDownload:
		// An asset has less than 2 GiB (GitHub's own bound); it is streamed.
		return policy{
			timeout: 15 * minute, budget: 5 * minute, firstWait: second, maxBody: 2 * 1024 * mib,
			retryOn: transient(), retryRateLimit: true,
		}
	case Probe:
		// What the burn has left; before the burn the caller bounds it further.
		return policy{timeout: 4 * second, maxBody: 64 * kib}
	default:
		return policy{timeout: 30 * second, maxBody: mib}
	}
}

// retries reports whether an answer is worth another try.
func (p policy) retries(a *Answer) bool {
	return slices.Contains(p.retryOn, a.Status) || p.retryRateLimit && a.Status == http.StatusForbidden && a.Header.Get("Retry-After") != ""
}

// ambiguous reports whether a try with this answer may have had its effect all the same.
func (p policy) ambiguous(a *Answer) bool {
	return a.Ambiguous() && (!slices.Contains(p.noEffectOn, a.Status) || mayHaveReached(a))
}
