package index

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Refusal is the error of an upload that the index rejected with a final answer.
type Refusal struct {
	File, Path     string // of the distribution
	Status         int
	Message        string // of the index
	Location       string // the target of a redirect, or empty
	AmbiguousTries int    // how many earlier tries may have succeeded
	// PyPI is set if the index runs PyPI's software, which takes the same bytes again.
	PyPI bool
	// NoSlash is set if the upload URL has no slash at its end, and no form for which that is right.
	NoSlash bool
	// Issued is whether the index had issued the upload token to this run.
	Issued bool
	// LimitEnds is in how long the limit ends that the upload exceeds; 0 if that is unknown, or it exceeds none.
	LimitEnds time.Duration
}

// Error returns the message of the index, with the file.
func (r *Refusal) Error() string {
	if r.Location != "" {
		return fmt.Sprintf("the index refused %s: %s, and redirects to %s", r.File, r.Message, r.Location)
	}
	return fmt.Sprintf("the index refused %s: %s", r.File, r.Message)
}

// Unwrap returns the refusal as a finding.
func (r *Refusal) Unwrap() error { return r.Finding() }

// Exists reports whether the index says that it has a file with this name, or this content under another name.
func (r *Refusal) Exists() bool {
	return r.Status == http.StatusConflict && !hasAny(r.Message, nameTaken) || hasAny(r.Message, existsPhrases(r.File)...)
}

// MayHaveFile reports whether the index may have the file all the same: from an earlier try, or because the answer is of success but for
// the error in it.
func (r *Refusal) MayHaveFile() bool { return r.AmbiguousTries > 0 || r.Status/100 == 2 }

// nameTaken is the refusal of a new project that there is already. It is about no file.
const nameTaken = "conflicts with an existing project"

// existsPhrases returns the phrases of indexes for an existing file name or content: Warehouse and others, GitLab, Nexus (two), and
// Artifactory (two) (issues 693, 697, 363 and 1251 of pypa/twine, and 696 of sonatype/nexus-public).
func existsPhrases(file string) []string {
	return []string{
		"already exist", "already been uploaded", "already present", "already been taken",
		"not allow updating asset", file + " cannot be updated", "overwrite artifact", "overwrite all artifacts",
	}
}

// Finding returns the refusal as a finding with a fix.
func (r *Refusal) Finding() finding.Finding {
	if to, err := url.Parse(r.Location); err == nil && r.Location != "" && isSignIn(to) {
		return finding.New(finding.UploadUnauthorized,
			fmt.Sprintf("the index refused %s: the credential was not accepted: it redirects to a sign-in page, %s", r.File, r.Location),
			r.credentialFix()).In(r.Path)
	}
	for _, c := range append(issuedRemedies(r), remedies(r)...) {
		if c.applies(r) {
			return finding.New(c.id, r.Error(), c.fix).In(r.Path)
		}
	}
	return finding.New(finding.UploadRefused, r.Error(), "fix what the index reports, and run the job again"+r.recognised()).In(r.Path)
}

// recognised is what follows "run the job again": PyPI takes the same bytes again, and what another index does is unknown.
func (r *Refusal) recognised() string {
	if !r.PyPI {
		return ""
	}
	return ": files that the index has are recognised"
}

// credentialFix is the next step if the index does not accept the credential.
func (r *Refusal) credentialFix() string {
	const fix = "check that the token or password is for this index, is still valid, and may upload to this project"
	if r.PyPI {
		return fix
	}
	return fix + ": one that may only read, or of another scope, is refused as well. Check `user`, too: `__token__`, " +
		"`aws` (AWS CodeArtifact), `oauth2accesstoken` (Google Artifact Registry), a name of yours, or none"
}

// slashFirst returns the next step with the slash in front that the upload URL may lack.
func (r *Refusal) slashFirst(fix string) string {
	if !r.NoSlash {
		return fix
	}
	return "end `repository-url` with a slash; if that does not help, " + fix
}

// remedy is the fix for one kind of refusal.
type remedy struct {
	id      finding.ID
	status  int      // 0: any
	phrases []string // any of these; empty matches any message
	fix     string
}

// applies reports whether the row matches the refusal.
func (c remedy) applies(r *Refusal) bool {
	return (c.status == 0 || c.status == r.Status) && (len(c.phrases) == 0 || hasAny(r.Message, c.phrases...))
}

// issuedRemedies returns the fixes that come before [remedies] if the index had issued the token to this run.
func issuedRemedies(r *Refusal) []remedy {
	if !r.Issued {
		return nil
	}
	return []remedy{
		{
			finding.UploadTokenUnknown, http.StatusForbidden,
			[]string{"Invalid or non-existent authentication information"},
			"run the job again: the index issued this token moments ago and does not know it now, " +
				"because the Trusted Publisher was removed " +
				"meanwhile, or the index was in read-only mode; if it happens again, check the project's publishers on the index",
		},
	}
}

// remedies returns the table of fixes for a refusal. The first row that matches applies (docs/reference/pypi-server.md §2).
func remedies(r *Refusal) []remedy {
	return []remedy{
		{
			finding.UploadNameBurnt, 0,
			[]string{"previously used by a file that has since been deleted"},
			"raise the version: the name of a deleted file cannot be used again",
		},
		{
			finding.UploadNameRefused, 0,
			[]string{"isn't allowed. See", "isn't allowed (conflict with", "is too similar to an existing project", nameTaken},
			"choose another name for the project in its metadata: the index creates no project of this name",
		},
		{finding.UploadExists, 0, existsPhrases(r.File), existsFix},
		{finding.UploadExists, http.StatusConflict, nil, existsFix},
		{
			finding.UploadAttestations, 0,
			[]string{"Invalid attestations supplied", "attestations are only supported"},
			"compare the publisher on the index with this workflow: a refused attestation may mean that a file was changed, " +
				"so nothing is published without it; set `attestations: false` only if you know the reason",
		},
		{finding.UploadReleaseClosed, 0, []string{"older than 14 days"}, "publish a new version: an old release accepts no more files"},
		{
			finding.UploadSecondSdist, 0,
			[]string{"Only one sdist"},
			"leave this sdist out, or raise the version: a release has only one sdist, and the index already has one",
		},
		{
			finding.UploadFileTooLarge, 0,
			[]string{"File too large"},
			"make the file smaller, or ask the index for a higher limit for this project",
		},
		{
			finding.UploadProjectTooLarge, 0,
			[]string{"Project size too large"},
			"delete old releases, or ask the index for a higher limit for this project",
		},
		{
			finding.UploadUnknownProject, 0,
			[]string{"cannot create new projects"},
			"add a pending publisher for " + r.project() + " on the index: the upload token belongs to a publisher of another project; " +
				"if this run has used up a pending publisher, its project name differs from the metadata, so correct one of the two",
		},
		{finding.UploadNewProjects, http.StatusTooManyRequests, []string{newProjectsLimit}, newProjectsFix(r.LimitEnds)},
		{
			finding.UploadRegistrationOff, http.StatusForbidden,
			[]string{"New project registration temporarily disabled"},
			"run the job again later, with the same project name: the index creates no new projects at the moment; check its status page",
		},
		{
			finding.UploadOrganization, 0,
			[]string{"Organization account owning this project is inactive"},
			"ask an owner of the organization to activate it again on the index, as its message says, then run the job again: " +
				"the files are not the problem",
		},
		{
			finding.UploadAccount, http.StatusForbidden,
			[]string{"does not have a verified primary email address"},
			"verify the primary e-mail address of the account that the API token belongs to, in its settings on the index, " +
				"then run the job again",
		},
		{
			finding.UploadAccount, http.StatusForbidden,
			[]string{"does not have two-factor authentication enabled"},
			"turn on two-factor authentication for the account that the API token belongs to, in its settings on the index, " +
				"then run the job again",
		},
		{
			finding.UploadWrongProject, http.StatusForbidden,
			[]string{"isn't allowed to upload to project", "is not valid for project"},
			"add this workflow as a Trusted Publisher of the project on the index, and check that the project is not archived",
		},
		{
			finding.UploadTokenExpired, http.StatusForbidden,
			[]string{"token is expired"},
			"run the job again" + r.recognised(),
		},
		{finding.UploadTooMany, http.StatusTooManyRequests, nil, "wait, and run the job again" + r.recognised()},
		{
			finding.UploadReadOnly, http.StatusForbidden,
			[]string{"Read-only mode", "temporarily disabled"},
			"check the index's status page: the index accepts no uploads at the moment; later run the job again" + r.recognised(),
		},
		{
			finding.UploadUserPassword, http.StatusForbidden,
			[]string{"Username/Password authentication"},
			"remove `user` and `password` to use Trusted Publishing, or pass an API token as `password` with the user __token__",
		},
		{
			finding.UploadUnauthorized, http.StatusForbidden, nil, r.credentialFix(),
		},
		{
			finding.UploadUnauthorized, http.StatusUnauthorized, nil, r.credentialFix(),
		},
		{finding.UploadRedirect, http.StatusMovedPermanently, nil, redirectFix},
		{finding.UploadRedirect, http.StatusFound, nil, redirectFix},
		{finding.UploadRedirect, http.StatusSeeOther, nil, redirectFix},
		{finding.UploadRedirect, http.StatusTemporaryRedirect, nil, redirectFix},
		{finding.UploadRedirect, http.StatusPermanentRedirect, nil, redirectFix},
		{finding.UploadNoEndpoint, http.StatusNotFound, nil, r.noEndpointFix()},
		{finding.UploadNoEndpoint, http.StatusMethodNotAllowed, nil, r.noEndpointFix()},
		{finding.UploadNoEndpoint, http.StatusGone, nil, r.noEndpointFix()},
		{finding.UploadFileTooLarge, http.StatusRequestEntityTooLarge, nil, "make the file smaller, or ask the index for a higher limit"},
		{finding.UploadRefused, http.StatusBadRequest, nil, r.badRequestFix()},
	}
}

// badRequestFix is the next step after a 400 that no other row explains.
func (r *Refusal) badRequestFix() string {
	if r.PyPI {
		return "fix what the index reports and build again; raise the version if a file of this version is already published"
	}
	return r.slashFirst("fix what the index reports, and run the job again")
}

// noEndpointFix is the next step if nothing takes uploads at this address, or so the index says.
func (r *Refusal) noEndpointFix() string {
	fix := "check `repository-url`: this address accepts no uploads"
	if !r.PyPI && r.Status == http.StatusNotFound {
		fix += "; some indexes also say so to a credential that may not see the repository"
	}
	return r.slashFirst(fix)
}

// newProjectsLimit is what the index says if too many projects were created in an hour.
const newProjectsLimit = "Too many new projects created"

// newProjectsFix returns the next step after that, if the limit ends after this time; 0 if that is unknown.
func newProjectsFix(ends time.Duration) string {
	when := "in an hour"
	if ends > 0 {
		when = "in " + phrase.Count(int((ends+time.Minute-1)/time.Minute), "minute")
	}
	return "run the job again " + when + ", when the index allows new projects again; " +
		"or add a pending publisher for the project on the index and use Trusted Publishing, which this limit does not apply to"
}

// project returns how a message names the project of the file.
func (r *Refusal) project() string {
	release, err := pep.ReleaseOfFile(r.File)
	if err != nil {
		return "this project"
	}
	return "the project " + string(release.Project)
}

const (
	existsFix = "re-run only the publish job so that it uses the files of the first build, raise the version, " +
		"or finish the release with `skip-existing: true`: the index does not replace files"
	redirectFix = "set `repository-url` to the address that the index redirects to, with the slash at the end: " +
		"uploads do not follow redirects"
)

// hasAny reports whether text contains one of the parts, ignoring letter case.
func hasAny(text string, parts ...string) bool {
	text = strings.ToLower(text)
	for _, part := range parts {
		if strings.Contains(text, strings.ToLower(part)) {
			return true
		}
	}
	return false
}
