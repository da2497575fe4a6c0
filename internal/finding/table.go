package finding

// Definition is what all findings of an id have in common.
type Definition struct {
	ID       ID
	Severity Severity // the initial severity: an input, or the step that reports the finding, may change it
	Fault    Fault    // the initial fault, which may change too
}

// Section is a section of a documentation page, with the findings that it explains, in its order.
type Section struct {
	Page        string // its path in the repository
	Heading     string // the section's heading; empty if the page has its own order
	Definitions []Definition
}

// Sections returns the table of all findings except those of preflight's rules, which have their own table. An [Index] fault is not a
// Workflow fault even if its next step is to change an input, because only the answer of the index says so.
func Sections() []Section {
	const page = "docs/troubleshooting.md"
	return []Section{
		{page, "The workflow and its inputs", []Definition{
			{InputValue, Error, Workflow},
			{InputURL, Error, Workflow},
			{InputAuth, Error, Workflow},
			{InputRenamed, Error, Workflow},
			{GitHubTokenEmpty, Error, Workflow},
			{GitHubReleaseAuto, Error, Workflow},
			{GitHubAPI, Error, Workflow},
			{CABundle, Error, Workflow},
			{ProxyVariable, Error, Workflow},
			{AttestationsDir, Error, Workflow},
			{SkipExistingUnseen, Error, Workflow},
			{SigstoreEnvironment, Error, Workflow},
		}},
		{page, "Finding the files", []Definition{
			{PackagesDir, Error, Workflow},
			{NoDistributions, Error, Workflow},
			{PathMissing, Error, Workflow},
			{PathUnreadable, Error, Workflow},
			{GlobUnmatched, Error, Workflow},
			{GlobUnsupported, Error, Workflow},
			{NotAFile, Error, Workflow},
			{FolderNamedLikeADistribution, Error, Workflow},
			{NestedDistributions, Error, Workflow},
			{Unreadable, Error, Distribution},
			{NoRelease, Error, Distribution},
			{LeftAlone, Notice, Other},
		}},
		{page, "Who the run is", []Definition{
			{IDTokenPermission, Error, Workflow},
			{IDTokenElsewhere, Error, Workflow},
			{IDTokenFork, Error, Workflow},
			{EventFile, Warning, Workflow},
			{IDTokenNoRunner, Error, Workflow},
			{IDTokenNoAnswer, Error, Index},
			{IDTokenAnswer, Error, Index},
			{EventRefused, Error, Workflow},
			{ReusableWorkflow, Error, Workflow},
			{IssuerRefused, Error, Index},
			{AudienceUnavailable, Error, Index},
			{AudienceRedirect, Error, Index},
			{AudienceAnswer, Error, Index},
			{AudienceForeign, Error, Index},
			{AudienceMismatch, Error, Index},
			{ClockSkew, Warning, Index},
			{NoTrustedPublishing, Error, Workflow},
			{TrustedPublishingOff, Error, Index},
		}},
		{page, "The upload token", []Definition{
			{InvalidPublisher, Error, Index},
			{InvalidPendingPublisher, Error, Index},
			{InvalidReuseToken, Error, Index},
			{InvalidToken, Error, Index},
			{NotEnabled, Error, Index},
			{InvalidPayload, Error, Index},
			{MintRefused, Error, Index},
			{MintUnavailable, Error, Index},
			{MintAnswer, Error, Index},
			{TokenProjects, Error, Index},
			{TokenWidened, Warning, Index},
		}},
		{page, "Attestations", []Definition{
			{AttestationsOff, Notice, Workflow},
			{AttestationsLeftAlone, Notice, Other},
			{AttestationLeftOver, Notice, Distribution},
			{AttestationPrivateRepository, Notice, Workflow},
			{AttestationReusableWorkflow, Error, Workflow},
			{AttestationIssuer, Error, Workflow},
			{AttestationClaims, Error, Workflow},
			{AttestationForeignWorkflow, Error, Workflow},
			{AttestationWorkflowRef, Error, Workflow},
			{AttestationOutage, Error, Index},
			{AttestationIdentityRefused, Error, Index},
			{AttestationRefused, Error, Index},
			{AttestationService, Error, Index},
			{AttestationCertificate, Error, Index},
			{AttestationTrustRoot, Warning, Index},
			{AttestationUnproven, Warning, Program},
			{AttestationUnverified, Error, Index},
		}},
		{page, "The upload", []Definition{
			{PyPIRefuses, Notice, Distribution},
			{Conflict, Error, Distribution},
			{ConflictNoDigest, Error, Distribution},
			{ExistingUnseen, Warning, Workflow},
			{SkipExistingLookFailed, Error, Index},
			{Skipped, Warning, Distribution},
			{UploadRefused, Error, Index},
			{UploadExists, Error, Distribution},
			{UploadNameBurnt, Error, Distribution},
			{UploadAttestations, Error, Index},
			{UploadReleaseClosed, Error, Distribution},
			{UploadSecondSdist, Error, Distribution},
			{UploadFileTooLarge, Error, Distribution},
			{UploadProjectTooLarge, Error, Index},
			{UploadUnknownProject, Error, Index},
			{UploadNameRefused, Error, Distribution},
			{UploadNewProjects, Error, Index},
			{UploadRegistrationOff, Error, Index},
			{UploadOrganization, Error, Index},
			{UploadAccount, Error, Index},
			{UploadWrongProject, Error, Index},
			{UploadTokenExpired, Error, Index},
			{UploadTokenUnknown, Error, Index},
			{UploadTooMany, Error, Index},
			{UploadReadOnly, Error, Index},
			{UploadUserPassword, Error, Workflow},
			{UploadUnauthorized, Error, Index},
			{UploadRedirect, Error, Index},
			{UploadNoEndpoint, Error, Index},
			{UploadFailed, Error, Index},
			{UploadDoubtful, Error, Index},
			{FileChanged, Error, Workflow},
			{ParallelUploadsCut, Notice, Other},
			{TooSlow, Warning, Other},
			{Cancelled, Error, Other},
		}},
		{page, "Afterwards", []Definition{
			{LookFailed, Warning, Index},
			{NotServedYet, Warning, Index},
			{NoDigest, Warning, Index},
			{ServedOtherwise, Error, Index},
			{NoProvenance, Warning, Index},
			{ProvenanceEarlier, Notice, Other},
			{ProvenanceOtherwise, Error, Index},
			{DryRun, Notice, Other},
			{GitHubReleaseUnpublished, Error, Index},
			{GitHubReleaseAttestations, Warning, Index},
			{GitHubReleaseFailed, Error, Index},
			{Report, Warning, Other},
			{Internal, Error, Program},
		}},
		{page, "The GitHub release", []Definition{
			{GitHubRepository, Error, Workflow},
			{GitHubPermission, Error, Workflow},
			{GitHubReleaseMissing, Error, Index},
			{GitHubReleaseAmbiguous, Error, Index},
			{GitHubReleaseImmutable, Error, Index},
			{GitHubAssetConflict, Error, Index},
			{GitHubAssetRefused, Error, Index},
			{GitHubAssetChanged, Error, Workflow},
			{GitHubRateLimit, Error, Index},
			{GitHubUnavailable, Error, Index},
		}},
		{page, "The command line", []Definition{
			{Usage, Error, Workflow},
		}},
		{page, "The command `verify`", []Definition{
			{VerifyMissing, Error, Index},
			{VerifyDifferent, Error, Index},
			{VerifyUnknown, Error, Index},
			{VerifyProvenance, Error, Index},
			{VerifyNoProvenance, Notice, Index},
			{VerifyYanked, Warning, Index},
			{VerifyMore, Notice, Other},
			{TrustRootFile, Error, Workflow},
		}},
		{page, "The index for tests (`serve`)", []Definition{
			{ServeOpen, Warning, Workflow},
			{ServePlainHTTP, Notice, Workflow},
			{ServeNoPublisher, Notice, Workflow},
		}},
		{"docs/rules.md", "", []Definition{
			{Pyproject, Notice, Distribution},
		}},
	}
}

// find returns the definition of an id, and the page that explains it. An id without a definition is a defect of this program.
func (id ID) find() (page string, d Definition) {
	for _, section := range Sections() {
		for _, d := range section.Definitions {
			if d.ID == id {
				return section.Page, d
			}
		}
	}
	return "", Definition{id, Error, Program}
}

// Page returns where an id is explained: a path in the repository, with the heading. It returns an empty string if the table does not
// have the id.
func (id ID) Page() string {
	page, _ := id.find()
	if page == "" {
		return ""
	}
	return page + "#" + string(id)
}
