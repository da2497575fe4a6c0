package index

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Refusal is a final answer of the index to an upload.
type Refusal struct {
	File, Path     string // of the distribution
	Status         int
	Message        string // the index's own
	Location       string // where a redirect pointed, or empty
	AmbiguousTries int    // how many earlier tries may have had their effect
}

// Error is the refusal in the index's words.
func (r *Refusal) Error() string {
	if r.Location != "" {
		return fmt.Sprintf("the index refused %s: %s, and names another address: %s", r.File, r.Message, r.Location)
	}
	return fmt.Sprintf("the index refused %s: %s", r.File, r.Message)
}

// Unwrap gives the refusal as a finding.
func (r *Refusal) Unwrap() error { return r.Finding() }

// Exists tells that the index says it has a file of this name, or these bytes under another name.
func (r *Refusal) Exists() bool {
	return r.Status == http.StatusConflict || hasAny(r.Message, existsWords(r.File)...)
}

// existsWords are how indexes say that they have a name, or the bytes: Warehouse and others, GitLab, two times Nexus, two times
// Artifactory (issues 693, 697, 363 and 1251 of pypa/twine, and 696 of sonatype/nexus-public).
func existsWords(file string) []string {
	return []string{
		"already exist", "already been uploaded", "already present", "already been taken",
		"not allow updating asset", file + " cannot be updated", "overwrite artifact", "overwrite all artifacts",
	}
}

// Finding is the refusal with its next step.
func (r *Refusal) Finding() finding.Finding {
	told := finding.Finding{ID: "upload-refused", Severity: finding.Error, File: r.Path, Message: r.Error()}
	for _, c := range cures(r.File) {
		if c.applies(r) {
			told.ID, told.Fix = c.id, c.fix
			return told
		}
	}
	told.Fix = "correct what the index names, and run the job again: what the index has is recognised"
	return told
}

// cure is what to do about one kind of refusal.
type cure struct {
	id     string
	status int      // 0: any
	words  []string // any of these; none: whatever the words
	fix    string
}

func (c cure) applies(r *Refusal) bool {
	return (c.status == 0 || c.status == r.Status) && (len(c.words) == 0 || hasAny(r.Message, c.words...))
}

// cures is the table for a file, the first that applies is taken (words: reference pypi-server.md, section 2).
func cures(file string) []cure {
	return []cure{
		{"upload-name-burnt", 0, []string{"previously used by a file that has since been deleted"}, "raise the version: the name of a deleted file can never be used again"},
		{"upload-exists", 0, existsWords(file), existsFix},
		{"upload-exists", http.StatusConflict, nil, existsFix},
		{"upload-attestations", 0, []string{"Invalid attestations supplied", "attestations are only supported"}, "the file was not published without them, since a refused attestation may mean that something was changed: compare the publisher on the index with this workflow, and publish with `attestations: false` only when you know why"},
		{"upload-release-closed", 0, []string{"older than 14 days"}, "publish a new version: an old release takes no further files"},
		{"upload-second-sdist", 0, []string{"Only one sdist"}, "a release has one sdist, and the index has it: remove this one, or raise the version"},
		{"upload-file-too-large", 0, []string{"File too large"}, "make the file smaller, or ask the index for a higher limit for this project"},
		{"upload-project-too-large", 0, []string{"Project size too large"}, "delete old releases, or ask the index for a higher limit for this project"},
		{"upload-unknown-project", 0, []string{"cannot create new projects"}, "the pending publisher on the index names another project than these files do: correct the name there, or in the metadata"},
		{"upload-wrong-project", http.StatusForbidden, []string{"isn't allowed to upload to project", "is not valid for project"}, "add this workflow as a Trusted Publisher of the project on the index, and see that the project is not archived"},
		{"upload-token-expired", http.StatusForbidden, []string{"token is expired"}, "run the job again: what the index has is recognised, and the rest is uploaded with a new token"},
		{"upload-too-many", http.StatusTooManyRequests, nil, "wait, and run the job again: what the index has is recognised"},
		{"upload-read-only", http.StatusForbidden, []string{"Read-only mode", "temporarily disabled"}, "the index takes no uploads at the moment: see its status page, and run this job again later; files that are there will be recognised"},
		{"upload-user-password", http.StatusForbidden, []string{"Username/Password authentication"}, "remove `user` and `password` to use Trusted Publishing, or give an API token as `password` with the user __token__"},
		{"upload-unauthorized", http.StatusForbidden, nil, "check that the credential belongs to this index and may upload to this project"},
		{"upload-unauthorized", http.StatusUnauthorized, nil, "check the credential: it is not one of this index, or no longer"},
		{"upload-redirect", http.StatusMovedPermanently, nil, redirectFix},
		{"upload-redirect", http.StatusFound, nil, redirectFix},
		{"upload-redirect", http.StatusSeeOther, nil, redirectFix},
		{"upload-redirect", http.StatusTemporaryRedirect, nil, redirectFix},
		{"upload-redirect", http.StatusPermanentRedirect, nil, redirectFix},
		{"upload-no-endpoint", http.StatusNotFound, nil, noEndpointFix},
		{"upload-no-endpoint", http.StatusMethodNotAllowed, nil, noEndpointFix},
		{"upload-no-endpoint", http.StatusGone, nil, noEndpointFix},
		{"upload-file-too-large", http.StatusRequestEntityTooLarge, nil, "make the file smaller, or ask the index for a higher limit"},
		{"upload-refused", http.StatusBadRequest, nil, "correct what the index names, build again, and publish under a new version if a file of this one has already landed"},
	}
}

const (
	existsFix     = "the index keeps the first bytes of a name: re-run only the publish job with the first build's files, raise the version, or finish the release with `skip-existing: true`"
	redirectFix   = "uploads do not follow redirects: set `repository-url` to the address that the index names, with its slash at the end"
	noEndpointFix = "check `repository-url`: nothing takes uploads at this address"
)

// hasAny tells whether text holds one of the parts, in any case.
func hasAny(text string, parts ...string) bool {
	text = strings.ToLower(text)
	for _, part := range parts {
		if strings.Contains(text, strings.ToLower(part)) {
			return true
		}
	}
	return false
}
