package preflight

// DuplicateName is the id of the one rule that nobody can waive: files are told apart by their names.
const DuplicateName = "duplicate-name"

// rules is the table of all rules, in the order in which the index checks a file. The ids are stable: people search for
// them and the documentation is made of them.
var rules = []rule{
	{"name-missing", "Name is absent from the metadata (or literally UNKNOWN)", true, each(nameMissing)},
	{"name-invalid", "Name is not a valid project name", true, each(nameInvalid)},
	{"metadata-version", "Metadata-Version is absent or not one that the index knows", false, metadataVersion},
	{"version-missing", "Version is absent from the metadata (or literally UNKNOWN)", true, each(versionMissing)},
	{"version-invalid", "Version is not a version of PEP 440", true, each(versionInvalid)},
	{"version-local", "Version has a local segment, the part after a plus sign", false, each(versionLocal)},
	{"filename-characters", "the file name has a control character", true, each(filenameCharacters)},
	{"filename-slash", "the file name has a slash or backslash", true, each(filenameSlash)},
	{"filename-extension", "the file name does not end in .tar.gz, .zip or .whl, in lower case", true, each(filenameExtension)},
	{DuplicateName, "two files of the set have one name", true, duplicateName},
	{"duplicate-content", "two files of the set have the same bytes", false, duplicateContent},
	{"second-sdist", "the set has two sdists of one release", false, secondSdist},
	{"not-a-zip", "a .whl or .zip is no zip archive", true, each(notAZip)},
	{"not-a-tar", "a .tar.gz is no gzipped tar archive", true, each(notATar)},
	{"archive-corrupt", "the archive cannot be read to its end", true, archiveCorrupt},
	{"archive-bomb", "the archive is too large to look into", true, archiveBomb},
	{"compression-ratio", "a zip unpacks to more than 64 MiB and more than 50 times its size", false, each(compressionRatio)},
	{"compression-method", "a zip member is neither stored nor deflated", false, each(compressionMethod)},
	{"tar-sparse", "a tar has a sparse member", false, each(tarSparse)},
	{"top-level", "an sdist has not exactly one folder at the top", true, each(topLevel)},
	{"pkg-info-missing", "an sdist has no PKG-INFO in its folder at the top", true, each(pkgInfoMissing)},
	{"wheel-name-version", "a wheel's file name has fewer than two dashes", true, each(wheelNameVersion)},
	{"wheel-file-missing", "a wheel has no WHEEL file where its file name demands it", false, each(wheelFileMissing)},
	{"sdist-filename-unparsable", "an sdist's file name has no dash or no valid version", false, each(sdistFilenameUnparsable)},
	{"wheel-filename", "a wheel's file name cannot be parsed", false, each(wheelFilename)},
	{"filename-project", "the file name's project is not that of the metadata", false, each(filenameProject)},
	{"sdist-filename", "an sdist's file name is not {normalized_name}-{version}.tar.gz", false, each(sdistFilename)},
	{"wheel-name-normalized", "the project in a wheel's file name is not normalized", false, each(wheelNameNormalized)},
	{"wheel-version", "the version in a wheel's file name is not that of the metadata", false, each(wheelVersion)},
	{"metadata-missing", "a wheel has no METADATA file where its file name demands it", true, each(metadataMissing)},
	{"filename-too-long", "a wheel's file name is longer than 246 bytes", false, each(filenameTooLong)},
	{"expected-version", "a release of the set has another version than expected-version", true, expectedVersion},
}
