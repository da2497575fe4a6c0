package preflight

import (
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// DuplicateName is the id of the one rule that nobody can waive: files are told apart by their names.
const DuplicateName = "duplicate-name"

// rules is the table of all rules, in the order in which the index checks a file. The ids are stable: people search for
// them and docs/rules.md is made of them. A line has the id, the severity, who has the rule, what it is judged by, the
// function, what it finds, and why.
var rules = []rule{
	{"name-missing", finding.Error, everywhere, offline, each(nameMissing), "Name is absent from the metadata (or literally UNKNOWN)", "A file belongs to a project, and its metadata alone says to which."},
	{"name-invalid", finding.Error, everywhere, offline, each(nameInvalid), "Name is not a valid project name", "The name is part of the project's address: it begins and ends with a letter or digit and has only ASCII letters, digits, '.', '_' and '-' in it."},
	{"metadata-version", finding.Error, warehouse, offline, metadataVersion, "Metadata-Version is absent or not one that the index knows", "The index reads only the versions of the core metadata that it knows. One that is newer than this program is a warning, since the index may have learned it."},
	{"version-missing", finding.Error, everywhere, offline, each(versionMissing), "Version is absent from the metadata (or literally UNKNOWN)", "A file belongs to a release, and its metadata alone says to which."},
	{"version-invalid", finding.Error, everywhere, offline, each(versionInvalid), "Version is not a version of PEP 440", "Installers order releases by the rules of PEP 440, so a version has to be one."},
	{"version-local", finding.Error, warehouse, offline, each(versionLocal), "Version has a local segment, the part after a plus sign", "The local part is for builds that are not published, such as those of a distributor."},
	{"filename-characters", finding.Error, everywhere, offline, each(filenameCharacters), "the file name has a control character", "The name becomes part of a URL and of other people's file systems."},
	{"filename-slash", finding.Error, everywhere, offline, each(filenameSlash), "the file name has a slash or backslash", "The name is that of a file, not a path."},
	{"filename-extension", finding.Error, everywhere, offline, each(filenameExtension), "the file name does not end in .tar.gz, .zip or .whl, in lower case", "PEP 527 left wheels and sdists; other formats are not taken any more, and the letter case counts."},
	{DuplicateName, finding.Error, everywhere, offline, duplicateName, "two files of the set have one name", "An index tells files apart by their names, so only one of the two could be published."},
	{"duplicate-content", finding.Error, warehouse, offline, duplicateContent, "two files of the set, or of the set and the index, have the same bytes", "The index knows a file by its bytes as well, whatever its name is."},
	{"second-sdist", finding.Error, warehouse, offline, secondSdist, "the set and the index have two sdists of one release", "A release has one source. 1.0 and 1.0.0 are the same release."},
	{"not-a-zip", finding.Error, everywhere, offline, each(notAZip), "a .whl or .zip is no zip archive", "Wheels are zip archives. A file that is none was often damaged on its way, as by a transfer as text."},
	{"not-a-tar", finding.Error, everywhere, offline, each(notATar), "a .tar.gz is no gzipped tar archive", "Sdists are gzipped tar archives. A file that is none was often damaged on its way, as by a transfer as text."},
	{"archive-corrupt", finding.Error, everywhere, offline, archiveCorrupt, "the archive cannot be read to its end", "The index reads the archive; users could not unpack it. Damage after the end of a tar is a warning, since the index does not see it."},
	{"archive-bomb", finding.Warning, everywhere, offline, archiveBomb, "the archive is too large to look into", "What was not looked at could not be judged, so the index may still refuse the file."},
	{"compression-ratio", finding.Error, warehouse, offline, each(compressionRatio), "a zip unpacks to more than 64 MiB and more than 50 times its size", "The index protects itself and its users against archives that grow without bounds."},
	{"compression-method", finding.Error, warehouse, offline, each(compressionMethod), "a zip member is neither stored nor deflated", "Not every installer can unpack other methods."},
	{"tar-sparse", finding.Error, warehouse, offline, each(tarSparse), "a tar has a sparse member", "Readers of tar archives disagree about sparse members."},
	{"top-level", finding.Error, everywhere, offline, each(topLevel), "an sdist has not exactly one folder at the top", "An sdist unpacks into one folder that holds everything."},
	{"pkg-info-missing", finding.Error, everywhere, offline, each(pkgInfoMissing), "an sdist has no PKG-INFO in its folder at the top", "The PKG-INFO is the metadata of an sdist."},
	{"wheel-name-version", finding.Error, everywhere, offline, each(wheelNameVersion), "a wheel's file name has fewer than two dashes", "Where the metadata of a wheel is depends on the name and version in its file name."},
	{"wheel-file-missing", finding.Error, warehouse, offline, each(wheelFileMissing), "a wheel has no WHEEL file where its file name demands it", "Installers read the WHEEL file first. Its folder has to be named as the file is, letter by letter."},
	{"sdist-filename-unparsable", finding.Error, warehouse, offline, each(sdistFilenameUnparsable), "an sdist's file name has no dash or no valid version", "Installers read the version from the file name."},
	{"wheel-filename", finding.Error, warehouse, offline, each(wheelFilename), "a wheel's file name cannot be parsed", "Installers choose a wheel by what its file name says."},
	{"filename-project", finding.Error, warehouse, offline, each(filenameProject), "the file name's project is not that of the metadata", "A file of another project's name would be found by nobody, or by the wrong people."},
	{"sdist-filename", finding.Error, warehouse, offline, each(sdistFilename), "an sdist's file name is not {normalized_name}-{version}.tar.gz", "PEP 625 gives an sdist exactly one name."},
	{"wheel-name-normalized", finding.Error, warehouse, offline, each(wheelNameNormalized), "the project in a wheel's file name is not normalized", "The binary distribution format gives the project exactly one spelling in a wheel's name."},
	{"wheel-version", finding.Error, warehouse, offline, each(wheelVersion), "the version in a wheel's file name is not that of the metadata", "Installers believe the file name; it must not say another version than the metadata."},
	{"metadata-missing", finding.Error, everywhere, offline, each(metadataMissing), "a wheel has no METADATA file where its file name demands it", "The METADATA file is what an installer knows of a wheel. Its folder has to be named as the file is, letter by letter."},
	{"filename-too-long", finding.Error, warehouse, offline, each(filenameTooLong), "a wheel's file name is longer than 246 bytes", "The index also keeps the metadata under this name with an ending, which has to fit a file system."},
	{"expected-version", finding.Error, everywhere, offline, expectedVersion, "a release of the set has another version than expected-version", "A release from a tag is to have the version of the tag. The input `expected-version` says which."},
	{"several-versions", finding.Warning, everywhere, offline, severalVersions, "the set has several versions of one project", "Files that an earlier build left in the folder are published too."},
	{"metadata-drift", finding.Warning, everywhere, offline, metadataDrift, "the files of one release do not agree on a field that users meet", "The index shows the metadata of the file that comes first and checks the others by themselves; installers read that of each file, and take it to hold for all of them. What an sdist leaves open is not compared."},
	{pyproject.ID, finding.Notice, everywhere, offline, pyprojectMismatch, "the pyproject.toml beside the folder has another static name or version, or cannot be read", "The distributions may come from another commit than people think. Only a set of one project is compared, and only what the build backend does not fill in."},
	{"project-archived", finding.Error, warehouse, listing, projectArchived, "the project is archived, and files of the set are missing there", "An archived project takes no uploads from anybody."},
	{"project-quarantined", finding.Error, warehouse, listing, projectQuarantined, "the project is quarantined, and files of the set are missing there", "The administrators of the index have stopped it. With a person's API token this is a warning, since an owner may still upload."},
	{"release-closed", finding.Error, warehouse, listing, releaseClosed, "the release is older than 14 days, and files of the set are missing there", "The index takes new files for two weeks after the first one, so that nobody can add a file to an old release unseen. In the last two hours this is a warning."},
	{"first-release", finding.Notice, everywhere, listing, firstRelease, "the index does not know the project", "The first upload creates the project, under whatever name the metadata has."},
	{"several-new-projects", finding.Warning, warehouse, listing, severalNewProjects, "the index knows none of several projects", "A pending publisher is for one project, and one mint creates at most one."},
}
