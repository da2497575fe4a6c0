package finding

// ID is the short name of one kind of finding. It is part of annotations and of the manifest, and the anchor on the page that explains
// the finding. The name of a constant is its id in Go's spelling.
type ID string

// The workflow and its inputs.
const (
	InputValue          ID = "input-value"          // an input has a value that is not allowed
	InputURL            ID = "input-url"            // an input has a URL that cannot be used for uploads or queries
	InputAuth           ID = "input-auth"           // user, password, auth and attestations contradict each other
	InputRenamed        ID = "input-renamed"        // an input of another action, with an underscore in its name
	GitHubTokenEmpty    ID = "github-token-empty"   // a GitHub release is requested without a token that may change it
	GitHubReleaseAuto   ID = "github-release-auto"  // the GitHub release of a tag is requested, but the run is not for a tag
	GitHubAPI           ID = "github-api"           // the runner's address of GitHub's API cannot be used
	CABundle            ID = "ca-bundle"            // the file of additional CA certificates cannot be used
	ProxyVariable       ID = "proxy-variable"       // the variable with the address of a proxy cannot be used
	AttestationsDir     ID = "attestations-dir"     // the folder for attestations cannot be used
	SkipExistingUnseen  ID = "skip-existing-unseen" // skip-existing is set, but the run cannot see which files exist
	SigstoreEnvironment ID = "sigstore-environment" // the variables that select another Sigstore instance cannot be used
)

// Finding the files.
const (
	PackagesDir                  ID = "packages-dir"                     // the paths of distributions cannot be read
	NoDistributions              ID = "no-distributions"                 // no path has a distribution
	PathMissing                  ID = "path-missing"                     // a path does not exist
	PathUnreadable               ID = "path-unreadable"                  // a path cannot be read
	GlobUnmatched                ID = "glob-unmatched"                   // a pattern matches no file
	GlobUnsupported              ID = "glob-unsupported"                 // a pattern has two asterisks
	NotAFile                     ID = "not-a-file"                       // a path named like a distribution is a device, a pipe or similar
	FolderNamedLikeADistribution ID = "folder-named-like-a-distribution" // a folder is named like a distribution
	NestedDistributions          ID = "nested-distributions"             // distributions below a folder would be left out
	Unreadable                   ID = "unreadable"                       // a file cannot be read to its end
	NoRelease                    ID = "no-release"                       // a file's metadata does not have its project and version
	LeftAlone                    ID = "left-alone"                       // files that are not distributions are not published
)

// Who the run is.
const (
	IDTokenPermission    ID = "id-token-permission"    // the job has no permission to request an ID token
	IDTokenElsewhere     ID = "id-token-elsewhere"     // the job does not run on github.com, whose ID tokens alone the index accepts
	IDTokenFork          ID = "id-token-fork"          // a pull request from a fork gets no ID token
	EventFile            ID = "event-file"             // the file of the event is none that can be read
	IDTokenNoRunner      ID = "id-token-no-runner"     // the program does not run on GitHub's runner
	IDTokenNoAnswer      ID = "id-token-no-answer"     // GitHub gave no ID token
	IDTokenAnswer        ID = "id-token-answer"        // GitHub's answer is not an ID token
	EventRefused         ID = "event-refused"          // the index accepts no uploads from runs for this event
	ReusableWorkflow     ID = "reusable-workflow"      // the job runs in a reusable workflow of another repository
	IssuerRefused        ID = "issuer-refused"         // the index does not know the issuer of the ID token
	AudienceUnavailable  ID = "audience-unavailable"   // the index did not return its audience
	AudienceRedirect     ID = "audience-redirect"      // the index redirects the request for its audience
	AudienceAnswer       ID = "audience-answer"        // the answer of the index has no audience
	AudienceForeign      ID = "audience-foreign"       // the index returned an audience of another service
	AudienceMismatch     ID = "audience-mismatch"      // the ID token is for another audience than the requested one
	ClockSkew            ID = "clock-skew"             // the ID token is not valid by the clock of the index
	NoTrustedPublishing  ID = "no-trusted-publishing"  // the index has no Trusted Publishing
	TrustedPublishingOff ID = "trusted-publishing-off" // the index has disabled Trusted Publishing
)

// The upload token.
const (
	InvalidPublisher        ID = "invalid-publisher"         // no publisher matches; this id and the next five are codes of PyPI
	InvalidPendingPublisher ID = "invalid-pending-publisher" // a pending publisher matches, but its project exists
	InvalidReuseToken       ID = "invalid-reuse-token"       // the ID token was used before
	InvalidToken            ID = "invalid-token"             // the index does not accept the ID token as valid
	NotEnabled              ID = "not-enabled"               // the index has disabled Trusted Publishing with GitHub
	InvalidPayload          ID = "invalid-payload"           // the index cannot use the claims of the ID token
	MintRefused             ID = "mint-refused"              // the index refused to issue an upload token for another reason
	MintUnavailable         ID = "mint-unavailable"          // the index did not answer the request for an upload token
	MintAnswer              ID = "mint-answer"               // the answer of the index has no upload token
	TokenProjects           ID = "token-projects"            // the upload token is for fewer projects than the files need
	TokenWidened            ID = "token-widened"             // the index could not read the restricted upload token
)

// Attestations.
const (
	AttestationsOff              ID = "attestations-off"               // this index or authentication does not support attestations
	AttestationsLeftAlone        ID = "attestations-left-alone"        // attestations beside the files are not sent
	AttestationLeftOver          ID = "attestation-left-over"          // an attestation beside a file does not verify for it and this run
	AttestationPrivateRepository ID = "attestation-private-repository" // signing publishes facts about a private repository
	AttestationReusableWorkflow  ID = "attestation-reusable-workflow"  // the job runs in a reusable workflow
	AttestationIssuer            ID = "attestation-issuer"             // the index does not accept attestations of this issuer
	AttestationClaims            ID = "attestation-claims"             // the ID token does not name the workflow
	AttestationForeignWorkflow   ID = "attestation-foreign-workflow"   // the workflow belongs to another repository
	AttestationWorkflowRef       ID = "attestation-workflow-ref"       // the workflow and the sources have different refs
	AttestationOutage            ID = "attestation-outage"             // Sigstore did not answer
	AttestationIdentityRefused   ID = "attestation-identity-refused"   // Sigstore does not accept the ID token
	AttestationRefused           ID = "attestation-refused"            // Sigstore refused a request
	AttestationService           ID = "attestation-service"            // Sigstore has no service that can be used
	AttestationCertificate       ID = "attestation-certificate"        // the index would not accept the certificate
	AttestationTrustRoot         ID = "attestation-trust-root"         // the program's own copy of the trust root is used
	AttestationUnproven          ID = "attestation-unproven"           // attestations do not verify with that copy
	AttestationUnverified        ID = "attestation-unverified"         // the index would refuse an attestation of this run
)

// The upload.
const (
	PyPIRefuses            ID = "pypi-refuses"              // what only PyPI refuses, in a run to another index
	Conflict               ID = "conflict"                  // the index has other bytes under the name of a file
	ConflictNoDigest       ID = "conflict-no-digest"        // the index has a file of this name, and gives no digest of it
	ExistingUnseen         ID = "existing-unseen"           // the run cannot see which files exist, and the index may replace them
	SkipExistingLookFailed ID = "skip-existing-look-failed" // skip-existing is set, and the query for existing files failed
	Skipped                ID = "skipped"                   // like conflict, if skip-existing is set
	UploadRefused          ID = "upload-refused"            // the index refused a file for another reason
	UploadExists           ID = "upload-exists"             // the index already has the file or its bytes
	UploadNameBurnt        ID = "upload-name-burnt"         // a deleted file had this name
	UploadAttestations     ID = "upload-attestations"       // the index refused the attestations
	UploadReleaseClosed    ID = "upload-release-closed"     // the release is too old for new files
	UploadSecondSdist      ID = "upload-second-sdist"       // the release already has an sdist
	UploadFileTooLarge     ID = "upload-file-too-large"     // the file is larger than the index allows
	UploadProjectTooLarge  ID = "upload-project-too-large"  // the project is larger than the index allows
	UploadUnknownProject   ID = "upload-unknown-project"    // the pending publisher is for another project
	UploadNameRefused      ID = "upload-name-refused"       // the index creates no project of this name
	UploadNewProjects      ID = "upload-new-projects"       // this user or address has created too many projects in an hour
	UploadRegistrationOff  ID = "upload-registration-off"   // the index currently creates no new projects
	UploadOrganization     ID = "upload-organization"       // the organization that owns the project is inactive
	UploadAccount          ID = "upload-account"            // the account of the API token lacks a verified address or a second factor
	UploadWrongProject     ID = "upload-wrong-project"      // the publisher does not belong to this project
	UploadTokenExpired     ID = "upload-token-expired"      // the upload token has expired
	UploadTokenUnknown     ID = "upload-token-unknown"      // the index does not know the upload token that it issued to this run
	UploadTooMany          ID = "upload-too-many"           // the index limits the rate of requests
	UploadReadOnly         ID = "upload-read-only"          // the index currently accepts no uploads
	UploadUserPassword     ID = "upload-user-password"      // the index accepts no passwords
	UploadUnauthorized     ID = "upload-unauthorized"       // the index does not accept the credential
	UploadRedirect         ID = "upload-redirect"           // the index redirects the upload
	UploadNoEndpoint       ID = "upload-no-endpoint"        // this address is not an upload endpoint
	UploadFailed           ID = "upload-failed"             // a file could not be sent
	UploadDoubtful         ID = "upload-doubtful"           // a file was sent, and it is unknown whether the index has it
	FileChanged            ID = "file-changed"              // a file was written to during the run
	ParallelUploadsCut     ID = "parallel-uploads-cut"      // fewer files of a release are uploaded at once than the user asked for
	TooSlow                ID = "too-slow"                  // an upload takes longer than the index's time limit
	Cancelled              ID = "cancelled"                 // a signal ended the run
)

// Afterwards.
const (
	LookFailed                ID = "look-failed"                 // the index did not answer what it has
	NotServedYet              ID = "not-served-yet"              // the index does not serve all files yet
	NoDigest                  ID = "no-digest"                   // the index serves files without digests
	ServedOtherwise           ID = "served-otherwise"            // the index serves other bytes than the run sent
	NoProvenance              ID = "no-provenance"               // the index serves no provenance of an attested file
	ProvenanceEarlier         ID = "provenance-earlier"          // the index keeps the attestations of an earlier run
	ProvenanceOtherwise       ID = "provenance-otherwise"        // the index serves another provenance than the run sent
	DryRun                    ID = "dry-run"                     // the run was a dry run
	GitHubReleaseUnpublished  ID = "github-release-unpublished"  // files to attach are not on the index, and the job may not publish them
	GitHubReleaseAttestations ID = "github-release-attestations" // attestations on the index could not be attached
	GitHubReleaseFailed       ID = "github-release-failed"       // the files are published, but not all were attached
	Report                    ID = "report"                      // the outputs, the summary or the manifest could not be written
	Internal                  ID = "internal"                    // an error without an explanation
)

// The GitHub release.
const (
	GitHubRepository       ID = "github-repository"        // GitHub does not know the repository by this name
	GitHubPermission       ID = "github-permission"        // the token may not change releases
	GitHubReleaseMissing   ID = "github-release-missing"   // there is no release of the tag
	GitHubReleaseAmbiguous ID = "github-release-ambiguous" // there are several draft releases of the tag
	GitHubReleaseImmutable ID = "github-release-immutable" // the release accepts no more assets
	GitHubAssetConflict    ID = "github-asset-conflict"    // the release has other bytes under the name of an asset
	GitHubAssetRefused     ID = "github-asset-refused"     // GitHub does not accept an asset
	GitHubAssetChanged     ID = "github-asset-changed"     // a file was written to before it was attached
	GitHubRateLimit        ID = "github-rate-limit"        // GitHub limits the rate of requests
	GitHubUnavailable      ID = "github-unavailable"       // GitHub did not answer, or not as its API should
)

// The command line.
const (
	Usage ID = "usage" // a flag or an argument of a command has a value that it does not take
)

// The verify command.
const (
	VerifyMissing      ID = "verify-missing"       // the index does not list a file
	VerifyDifferent    ID = "verify-different"     // the index serves other bytes
	VerifyUnknown      ID = "verify-unknown"       // the index gives no digest to compare
	VerifyProvenance   ID = "verify-provenance"    // the provenance of a file is not valid, or of another repository
	VerifyNoProvenance ID = "verify-no-provenance" // the index serves no provenance
	VerifyYanked       ID = "verify-yanked"        // a file is yanked
	VerifyMore         ID = "verify-more"          // the index has more files of the release
	TrustRootFile      ID = "trust-root-file"      // the given trust root cannot be read
)

// The index for tests (serve).
const (
	ServeOpen        ID = "serve-open"         // the test index can be reached from other machines
	ServePlainHTTP   ID = "serve-plain-http"   // the test index listens beyond loopback, where only other clients use HTTP
	ServeNoPublisher ID = "serve-no-publisher" // no publisher is registered with the test index
)

// Pyproject is the only rule of preflight whose findings are also made elsewhere.
const Pyproject ID = "pyproject" // the pyproject.toml beside the files cannot be read, or does not agree with them
