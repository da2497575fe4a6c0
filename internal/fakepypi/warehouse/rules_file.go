package warehouse

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.8 that do not need the content of the archive.

// printableName checks row 52: no control characters in the file name.
func printableName(u *upload) *refusal {
	if strings.ContainsFunc(u.form.content.filename, isControl) {
		return bad("Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name.")
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// noSlash checks row 53: no slash or backslash in the file name.
func noSlash(u *upload) *refusal {
	if strings.ContainsAny(u.form.content.filename, `/\`) {
		return bad(`Cannot upload a file with '/' or '\' in the name.`)
	}
	return nil
}

// extension checks rows 54 and 55. Letter case is ignored when an extension is recognized, but counts when it is allowed, so that foo.WHL
// gets the message of row 54.
func extension(u *upload) *refusal {
	name, kind := u.form.content.filename, u.form.get("filetype")
	found := ""
	for _, ext := range []string{".zip", ".tar.gz", ".whl"} {
		if strings.HasSuffix(strings.ToLower(name), ext) {
			found = name[len(name)-len(ext):]
		}
	}
	allowed := map[string][]string{"sdist": {".zip", ".tar.gz"}, "bdist_wheel": {".whl"}}[kind]
	for _, ext := range allowed {
		if found == ext {
			return nil
		}
	}
	if found == "" {
		return bad("Invalid file extension: Use .tar.gz, .whl or .zip extension. See https://www.python.org/dev/peps/pep-0527 and " +
			"https://peps.python.org/pep-0715/ for more information")
	}
	return bad("Invalid file extension: Extension %s is invalid for filetype %s. "+
		"See https://www.python.org/dev/peps/pep-0527 for more information.",
		found, kind)
}

// contentType checks row 56. Letter case counts, as on PyPI: IMAGE/PNG passes.
func contentType(u *upload) *refusal {
	if kind := u.form.content.kind; kind == "" || strings.HasPrefix(kind, "image/") {
		return bad("Invalid distribution file.")
	}
	return nil
}

// nameTooLong refuses a name that is too long for PyPI's file system (§2.11).
func nameTooLong(u *upload) *refusal {
	if len(u.form.content.filename) > 255 {
		return refuse(http.StatusInternalServerError, "")
	}
	return nil
}

const storageHelp = "https://docs.pypi.org/project-management/storage-limits"

// fileSize checks row 57: the size limit of a file.
func fileSize(u *upload) *refusal {
	limit := u.behavior.limitsOf(u.project).File
	if u.form.content.blob.size <= limit {
		return nil
	}
	return bad("File too large. Limit for project %s is %s. See %s#requesting-a-file-size-limit-increase for more information.",
		pep.Repr(u.project.name), amount(limit), storageHelp)
}

// projectSize checks row 58: the size limit of a project.
func projectSize(u *upload) *refusal {
	limit := u.behavior.limitsOf(u.project).Project
	if u.form.content.blob.size+u.project.size() <= limit {
		return nil
	}
	return bad("Project size too large. Limit for project %s total size is %s. "+
		"See %s#requesting-a-project-size-limit-increase for more information.",
		pep.Repr(u.project.name), amount(limit), storageHelp)
}

// amount returns a limit as PyPI writes it: in whole megabytes or gigabytes, counted in steps of 1024. Limits below one megabyte, which
// only tests set, are in bytes.
func amount(limit int64) string {
	switch {
	case limit >= gib && limit%gib == 0:
		return fmt.Sprintf("%d GB", limit/gib)
	case limit >= mib:
		return fmt.Sprintf("%d MB", limit/mib)
	default:
		return fmt.Sprintf("%d bytes", limit)
	}
}

// digests checks row 59: every digest in the form must be correct.
func digests(u *upload) *refusal {
	b := u.form.content.blob
	for field, computed := range map[string]string{"md5_digest": b.md5, "sha256_digest": b.sha256, "blake2_256_digest": b.blake2} {
		given := u.form.get(field)
		if strings.ContainsFunc(given, func(r rune) bool { return r > 0x7f }) {
			return refuse(http.StatusInternalServerError, "") // §2.11
		}
		if given != "" && !strings.EqualFold(given, computed) {
			return bad("The digest supplied does not match a digest calculated from the uploaded file.")
		}
	}
	return nil
}

// duplicate checks rows 60 and 61. The same file again ends the pipeline with success.
func duplicate(u *upload) *refusal {
	b, name := u.form.content.blob, u.form.content.filename
	same := u.ix.fileNamed(name)
	if same == nil {
		same = u.ix.fileWithDigest(b)
	}
	if same == nil {
		return nil
	}
	if u.ix.overtaken(same.stamp, u.began) {
		return refuse(http.StatusInternalServerError, "")
	}
	if same.name == name && same.sha256 == b.sha256 && same.blake2 == b.blake2 {
		u.done = true
		if u.token != nil {
			u.token.uses++
		}
		return nil
	}
	return bad("File already exists (%s, with blake2_256 hash %s). See %s#file-name-reuse for more information.",
		pep.Repr(name), pep.Repr(b.blake2), u.help())
}

// filenameReuse checks row 62: the name of a deleted file cannot be used again.
func filenameReuse(u *upload) *refusal {
	if !u.ix.used[u.form.content.filename] {
		return nil
	}
	return bad("This filename was previously used by a file that has since been deleted. Use a different version. "+
		"See %s#file-name-reuse for more information.",
		u.help())
}

// closedRelease checks row 63: an old release accepts no new files.
func closedRelease(u *upload) *refusal {
	if u.release == nil || u.ix.now().Sub(u.release.at) <= uploadWindow {
		return nil
	}
	return bad("Uploading new files to releases older than 14 days is not allowed.")
}

// secondSdist checks row 64: a release has one sdist at most.
func secondSdist(u *upload) *refusal {
	if u.form.get("filetype") != "sdist" {
		return nil
	}
	for _, f := range u.project.files {
		if f.kind == "sdist" && f.release == u.release {
			return bad("Only one sdist may be uploaded per release.")
		}
	}
	return nil
}
