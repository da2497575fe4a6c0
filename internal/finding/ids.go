package finding

// ID is the slug of one kind of finding: it stands in annotations and in the manifest, and is the anchor of the page that explains
// it. The name of a constant is its slug in Go's spelling.
type ID string

// The workflow and its inputs.
const (
	InputValue          ID = "input-value"          // an input has a value that it does not take
	InputURL            ID = "input-url"            // an input has a URL that nothing can be uploaded to or looked up at
	InputAuth           ID = "input-auth"           // user, password, auth and attestations contradict each other
	InputRenamed        ID = "input-renamed"        // an input of another action, with an underscore in its name
	GitHubTokenEmpty    ID = "github-token-empty"   // a GitHub release is asked for without the right to change it
	GitHubReleaseAuto   ID = "github-release-auto"  // the GitHub release of a tag is asked for, and the run is for no tag
	GitHubAPI           ID = "github-api"           // the runner's address of GitHub's API cannot be used
	CABundle            ID = "ca-bundle"            // the file of additional roots cannot be used
	AttestationsDir     ID = "attestations-dir"     // the folder for attestations cannot be used
	SkipExistingUnseen  ID = "skip-existing-unseen" // skip-existing is asked for, and the run cannot see what exists
	SigstoreEnvironment ID = "sigstore-environment" // the variables that name another Sigstore cannot be used
)

// Finding the files.
const (
	PackagesDir                  ID = "packages-dir"                     // the paths of distributions cannot be looked at
	NoDistributions              ID = "no-distributions"                 // no path has a distribution
	PathMissing                  ID = "path-missing"                     // a path does not exist
	PathUnreadable               ID = "path-unreadable"                  // a path cannot be read
	GlobUnmatched                ID = "glob-unmatched"                   // a pattern matches no file
	GlobUnsupported              ID = "glob-unsupported"                 // a pattern has two asterisks
	NotAFile                     ID = "not-a-file"                       // what is named like a distribution is a device, a pipe or the like
	FolderNamedLikeADistribution ID = "folder-named-like-a-distribution" // a folder is named like a distribution
	NestedDistributions          ID = "nested-distributions"             // distributions below a folder would be left out
	Unreadable                   ID = "unreadable"                       // a file cannot be read to its end
	NoRelease                    ID = "no-release"                       // the metadata of a file does not say its project and version
	LeftAlone                    ID = "left-alone"                       // files that are no distributions are not published
)

// Who the run is.
const (
	IDTokenPermission    ID = "id-token-permission"    // the job lacks the right to ask for an ID token
	IDTokenFork          ID = "id-token-fork"          // a pull request from a fork gets no ID token
	IDTokenNoRunner      ID = "id-token-no-runner"     // the program does not run on GitHub's runner
	IDTokenNoAnswer      ID = "id-token-no-answer"     // GitHub gave no ID token
	IDTokenAnswer        ID = "id-token-answer"        // GitHub's answer is no ID token
	EventRefused         ID = "event-refused"          // the index takes no uploads from runs for this event
	ReusableWorkflow     ID = "reusable-workflow"      // the job runs in a reusable workflow of another repository
	IssuerRefused        ID = "issuer-refused"         // the index does not know the issuer of the ID token
	AudienceUnavailable  ID = "audience-unavailable"   // the index did not say its audience
	AudienceRedirect     ID = "audience-redirect"      // the index names another address when it is asked for its audience
	AudienceAnswer       ID = "audience-answer"        // the answer of the index has no audience
	AudienceForeign      ID = "audience-foreign"       // the index asks for an ID token of another service
	AudienceMismatch     ID = "audience-mismatch"      // the ID token is for another audience than was asked for
	ClockSkew            ID = "clock-skew"             // the ID token is not valid by the clock of the index
	NoTrustedPublishing  ID = "no-trusted-publishing"  // the index has no Trusted Publishing
	TrustedPublishingOff ID = "trusted-publishing-off" // the index has turned Trusted Publishing off
)

// The upload token.
const (
	InvalidPublisher        ID = "invalid-publisher"         // no publisher fits; like the next five a code of PyPI
	InvalidPendingPublisher ID = "invalid-pending-publisher" // a pending publisher fits, and its project exists
	InvalidReuseToken       ID = "invalid-reuse-token"       // the ID token was used before
	InvalidToken            ID = "invalid-token"             // the index does not believe the ID token
	NotEnabled              ID = "not-enabled"               // the index has turned Trusted Publishing with GitHub off
	InvalidPayload          ID = "invalid-payload"           // the index cannot use what the ID token says
	MintRefused             ID = "mint-refused"              // the index refused an upload token for another reason
	MintUnavailable         ID = "mint-unavailable"          // the index did not answer the request for an upload token
	MintAnswer              ID = "mint-answer"               // the answer of the index has no upload token
	TokenProjects           ID = "token-projects"            // the upload token is for fewer projects than the set has
	TokenWidened            ID = "token-widened"             // the index could not read the restricted upload token
)

// Attestations.
const (
	AttestationsOff              ID = "attestations-off"               // this index or this way to authorize takes no attestations
	AttestationsLeftAlone        ID = "attestations-left-alone"        // attestations beside the files are not sent
	AttestationLeftOver          ID = "attestation-left-over"          // an attestation beside a file does not hold for it and this run
	AttestationPrivateRepository ID = "attestation-private-repository" // signing makes facts of a private repository public
	AttestationReusableWorkflow  ID = "attestation-reusable-workflow"  // the job runs in a reusable workflow
	AttestationIssuer            ID = "attestation-issuer"             // the index does not take attestations of this issuer
	AttestationClaims            ID = "attestation-claims"             // the ID token does not say which workflow runs
	AttestationForeignWorkflow   ID = "attestation-foreign-workflow"   // the workflow is of another repository
	AttestationWorkflowRef       ID = "attestation-workflow-ref"       // the workflow and the sources are of different refs
	AttestationOutage            ID = "attestation-outage"             // Sigstore did not answer
	AttestationIdentityRefused   ID = "attestation-identity-refused"   // Sigstore does not take the ID token
	AttestationRefused           ID = "attestation-refused"            // Sigstore refused a request
	AttestationService           ID = "attestation-service"            // Sigstore names no service that can be used
	AttestationCertificate       ID = "attestation-certificate"        // the certificate is none that the index would take
	AttestationTrustRoot         ID = "attestation-trust-root"         // the program's own copy of the trust root is used
	AttestationUnproven          ID = "attestation-unproven"           // attestations do not verify with that copy
	AttestationUnverified        ID = "attestation-unverified"         // the index would refuse an attestation that was made
)

// The upload.
const (
	Conflict               ID = "conflict"                  // the index has other bytes under the name of a file
	ConflictNoDigest       ID = "conflict-no-digest"        // the index has a file of this name, and gives no digest of it
	ExistingUnseen         ID = "existing-unseen"           // the run cannot see what exists, and the index may replace it
	SkipExistingLookFailed ID = "skip-existing-look-failed" // skip-existing is asked for, and the index could not be asked what exists
	Skipped                ID = "skipped"                   // as conflict, where the user asked to skip such files
	UploadRefused          ID = "upload-refused"            // the index refused a file for another reason
	UploadExists           ID = "upload-exists"             // the index has the file or its bytes
	UploadNameBurnt        ID = "upload-name-burnt"         // a deleted file had this name
	UploadAttestations     ID = "upload-attestations"       // the index refused the attestations
	UploadReleaseClosed    ID = "upload-release-closed"     // the release is too old for further files
	UploadSecondSdist      ID = "upload-second-sdist"       // the release has an sdist
	UploadFileTooLarge     ID = "upload-file-too-large"     // the file is larger than the index takes
	UploadProjectTooLarge  ID = "upload-project-too-large"  // the project is larger than the index takes
	UploadUnknownProject   ID = "upload-unknown-project"    // the pending publisher is for another project
	UploadWrongProject     ID = "upload-wrong-project"      // the publisher is not one of this project
	UploadTokenExpired     ID = "upload-token-expired"      // the upload token has expired
	UploadTooMany          ID = "upload-too-many"           // the index wants fewer requests
	UploadReadOnly         ID = "upload-read-only"          // the index takes no uploads at the moment
	UploadUserPassword     ID = "upload-user-password"      // the index takes no passwords
	UploadUnauthorized     ID = "upload-unauthorized"       // the index does not take the credential
	UploadRedirect         ID = "upload-redirect"           // the index names another address
	UploadNoEndpoint       ID = "upload-no-endpoint"        // nothing takes uploads at this address
	UploadFailed           ID = "upload-failed"             // a file could not be sent
	UploadDoubtful         ID = "upload-doubtful"           // a file was sent, and the index did not say what became of it
	FileChanged            ID = "file-changed"              // a file was written to during the run
	TooSlow                ID = "too-slow"                  // an upload takes longer than the index waits
	Cancelled              ID = "cancelled"                 // a signal ended the run
)

// Afterwards.
const (
	LookFailed                ID = "look-failed"                 // the index could not be asked what it has
	NotServedYet              ID = "not-served-yet"              // the index does not serve everything yet
	NoDigest                  ID = "no-digest"                   // the index serves files without digests
	ServedOtherwise           ID = "served-otherwise"            // the index serves other bytes than it was sent
	NoProvenance              ID = "no-provenance"               // the index serves no provenance of an attested file
	ProvenanceEarlier         ID = "provenance-earlier"          // the index keeps the attestations of an earlier run
	ProvenanceOtherwise       ID = "provenance-otherwise"        // the index serves another provenance than it was sent
	DryRun                    ID = "dry-run"                     // the run was a dry run
	GitHubReleaseUnpublished  ID = "github-release-unpublished"  // files to attach are not on the index, and the job may not publish them
	GitHubReleaseAttestations ID = "github-release-attestations" // attestations on the index could not be attached
	GitHubReleaseFailed       ID = "github-release-failed"       // the files are published, and not all was attached
	Report                    ID = "report"                      // the outputs, the summary or the manifest could not be written
	Internal                  ID = "internal"                    // an error that nobody explained
)

// The GitHub release.
const (
	GitHubRepository       ID = "github-repository"        // GitHub does not know the repository by this name
	GitHubPermission       ID = "github-permission"        // the token may not change releases
	GitHubReleaseMissing   ID = "github-release-missing"   // there is no release of the tag
	GitHubReleaseAmbiguous ID = "github-release-ambiguous" // there are several drafts of a release of the tag
	GitHubReleaseImmutable ID = "github-release-immutable" // the release takes no more assets
	GitHubAssetConflict    ID = "github-asset-conflict"    // the release has other bytes under the name of an asset
	GitHubAssetRefused     ID = "github-asset-refused"     // GitHub does not take an asset
	GitHubAssetChanged     ID = "github-asset-changed"     // a file was written to before it was attached
	GitHubRateLimit        ID = "github-rate-limit"        // GitHub wants fewer requests
	GitHubUnavailable      ID = "github-unavailable"       // GitHub did not answer, or not as its API does
)

// The index for tests (serve).
const (
	ServeOpen        ID = "serve-open"         // the test index can be reached from other machines
	ServePlainHTTP   ID = "serve-plain-http"   // the test index is beyond loopback, where only other clients use http
	ServeNoPublisher ID = "serve-no-publisher" // the test index trusts no publisher
)

// Pyproject is the one rule of preflight whose findings are also made elsewhere.
const Pyproject ID = "pyproject" // the pyproject.toml beside the files cannot be read, or does not agree with them
