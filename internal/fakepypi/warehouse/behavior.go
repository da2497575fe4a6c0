package warehouse

import (
	"cmp"
	"time"
)

// Behavior change the behaviour of the index. The zero value is the strict index with everything in order. Each field is read in one
// place.
type Behavior struct {
	// Burn selects how the revocation endpoint behaves (docs/reference/pypi-server.md §4.7).
	Burn Burn

	// The admin flags of §2.1, §4.1 and §4.2.
	ReadOnly   bool // every upload is refused
	NoUploads  bool // no new uploads
	NoProjects bool // no new projects
	NoOIDC     bool // Trusted Publishing is off: audience 403, mint not-enabled
	NoGitHub   bool // Trusted Publishing from GitHub is off: mint not-enabled
	// NoAttestations is the flag of §5.1: the form's field is ignored, and provenance is not served (403).
	NoAttestations bool

	// HTTPS refuses plain HTTP, as PyPI does (row 2). A test index serves nothing else.
	HTTPS bool

	// NoEmail and NoSecondFactor take a verified email address and two-factor authentication from the user of an API token (row 45).
	NoEmail, NoSecondFactor bool
	// TooManyProjects says that the user of an API token has used up the rate limit for new projects (§2.9).
	TooManyProjects bool

	// Inactive says that the organization that owns the projects is not in good standing.
	Inactive bool

	// FileLimit and ProjectLimit are sizes in bytes; 0 means 100 MiB and 10 GiB (§1.6).
	FileLimit, ProjectLimit int64

	// Races says which requests are answered with 500 because another one wrote a row that they need while they were on their way (§3).
	Races Races

	// Deadlocks answers 500 to some of the uploads to one release while more than four are on their way, as the database of the measured
	// index did (§3).
	Deadlocks bool

	// Prohibited has the project names that an administrator has reserved.
	Prohibited []string

	// Absent is how long the CDN cache goes on answering 404 for a simple page that was requested before its project existed; about a
	// minute on PyPI (§7.3).
	Absent time.Duration
	// Stale makes the first read of a simple page after a change return the state before it (§7.3).
	Stale bool
}

// Burn is a behaviour of the revocation endpoint.
type Burn string

// The behaviours of the revocation endpoint.
const (
	BurnWorks      Burn = ""            // 202, and the token is revoked
	BurnIdle       Burn = "idle"        // 202, and the token stays valid
	BurnMissing    Burn = "missing"     // 404: an index without the endpoint
	BurnNotAllowed Burn = "not-allowed" // 405: likewise
	BurnBroken     Burn = "broken"      // 500
)

// Races says which of the requests lose that race each other for a row of the database.
type Races string

// The kinds of races.
const (
	RacesEvery Races = ""     // every request that another one was faster than
	RacesHalf  Races = "half" // about half of them, as measured: the first one, the third one and so on
	RacesNone  Races = "none" // none: each sees what the other has written
)

const (
	mib              = 1 << 20
	gib              = 1 << 30
	defaultFileLimit = 100 * mib
	defaultProject   = 10 * gib
	// uploadWindow is how long a release accepts new files (row 63).
	uploadWindow = 14 * 24 * time.Hour
	// tokenLife is how long a minted upload token is valid (§4.6).
	tokenLife = 900 * time.Second
)

const (
	statusActive          = "active"
	statusArchived        = "archived"
	statusArchivedNoIndex = "archived-noindex"
	statusQuarantined     = "quarantined"
)

// statuses returns the statuses that a project can have.
func statuses() []string {
	return []string{statusActive, statusArchived, statusArchivedNoIndex, statusQuarantined}
}

// limits are the maximum sizes of a file and of a project, in bytes; 0 means that of the index.
type limits struct {
	File    int64 `json:"file,omitempty"`
	Project int64 `json:"project,omitempty"`
}

// limitsOf returns the limits of a project.
func (s Behavior) limitsOf(p *project) limits {
	return limits{
		File:    cmp.Or(p.limits.File, s.FileLimit, defaultFileLimit),
		Project: cmp.Or(p.limits.Project, s.ProjectLimit, defaultProject),
	}
}
