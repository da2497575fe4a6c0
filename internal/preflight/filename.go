package preflight

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The backends of November 2026 write the right name, setuptools since 69.3, and since 70.2 for a version that is not in its normal form
// (docs/reference/pypi-server.md row 83).
const (
	doNotRename = "do not rename the file after the build"
	newBackend  = "build with a backend that uses this name: setuptools 70.2 or newer, or a current hatchling, flit_core, poetry-core, " +
		"pdm-backend, uv_build, maturin, meson-python or scikit-build-core; for enscons and sip, write the name of the project in its normal form"
	tarGz     = "an index takes no .zip sdists any more: build the sdist as .tar.gz (python -m build --sdist)"
	leaveDumb = "this is not an sdist but a bdist_dumb archive, which no index takes: leave it out, and build wheels and an sdist " +
		"(python -m build)"
)

// isDumb reports whether a file name is that of bdist_dumb, which packs the installed files of one platform into a .tar.gz.
func isDumb(name string) bool { return dumb().MatchString(name) }

var dumb = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(
		`\.(linux|macosx|win|cygwin|mingw|freebsd|openbsd|netbsd|solaris|aix)[A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*(\.tar\.gz|\.zip)$`)
})

func filenameCharacters(d *distfile.Distribution) (message, fix string) {
	if strings.IndexFunc(d.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
		return "", ""
	}
	return "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name.", doNotRename
}

func filenameSlash(d *distfile.Distribution) (message, fix string) {
	if !strings.ContainsAny(d.Name, `/\`) {
		return "", ""
	}
	return `Cannot upload a file with '/' or '\' in the name.`, doNotRename
}

func filenameExtension(d *distfile.Distribution) (message, fix string) {
	for extension, fileType := range map[string]string{".tar.gz": "sdist", ".zip": "sdist", ".whl": "bdist_wheel"} {
		cut := len(d.Name) - len(extension)
		if cut <= 0 || !strings.EqualFold(d.Name[cut:], extension) {
			continue
		}
		if d.Name[cut:] == extension {
			return "", ""
		}
		return fmt.Sprintf("Invalid file extension: Extension %s is invalid for filetype %s.", d.Name[cut:], fileType),
			"write the extension in lower case: " + d.Name[:cut] + extension
	}
	return "Invalid file extension: Use .tar.gz, .whl or .zip extension.",
		"build a wheel and an sdist (python -m build), and move this file out of the folder"
}

func wheelNameVersion(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.DistInfo() != "" {
		return "", ""
	}
	return invalidFile + "Unable to parse name and version from wheel filename", doNotRename
}

// sdistFilenameUnparsable reports an invalid sdist file name. It skips files without an sdist extension, which
// filenameExtension already reports.
func sdistFilenameUnparsable(d *distfile.Distribution) (message, fix string) {
	if _, err := pep.ParseSdistName(d.Name); err == nil || !plain(d, distfile.Sdist) || isOther(d) {
		return "", ""
	}
	fix = doNotRename
	switch copied := copyMark().FindString(d.Name); {
	case isDumb(d.Name):
		fix = leaveDumb
	case copied != "":
		fix = copyAdvice(copied)
	}
	return "Invalid source distribution filename: " + d.Name, fix
}

// copyMark matches what browsers and file managers put behind the name of a copy.
var copyMark = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`( ?\((\d+|copy|another copy)\)| - [Cc]opy( \(\d+\))?| [Cc]opy( \d+)?)`)
})

// isCopy reports whether a file has the name of a copy.
func isCopy(name string) bool { return strings.ContainsAny(name, " (") && copyMark().MatchString(name) }

// copiesLast returns the files with those that have the name of a copy behind the others, so that of two the copy is to blame.
func copiesLast(files []*distfile.Distribution) []*distfile.Distribution {
	var copies []*distfile.Distribution
	others := slices.DeleteFunc(slices.Clone(files), func(d *distfile.Distribution) bool {
		if !isCopy(d.Name) {
			return false
		}
		copies = append(copies, d)
		return true
	})
	return append(others, copies...)
}

func copyAdvice(mark string) string {
	return fmt.Sprintf("this is a copy, as a browser or a file manager names it: remove it, or take %s out of its name", quote(mark))
}

func wheelFilename(d *distfile.Distribution) (message, fix string) {
	name, err := pep.ParseWheelName(d.Name)
	switch {
	case !plain(d, distfile.Wheel) || d.DistInfo() == "":
		return "", ""
	case err != nil && isCopy(d.Name):
		return sentence(err.Error()), copyAdvice(copyMark().FindString(d.Name))
	case err != nil:
		return sentence(err.Error()), doNotRename
	case name.Python == "": // which the upload form must have
		return "Invalid value for pyversion. Error: Python version is required for binary distribution uploads.",
			"build the wheel again with a Python tag, such as py3"
	}
	return "", ""
}

// wheelTagCharacters reports a tag with a character that no tag has.
func wheelTagCharacters(d *distfile.Distribution) (message, fix string) {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil || name.Python == "" || isCopy(d.Name) { // wheel-filename reports a missing Python tag, and wheel-platform-tag a copy
		return "", ""
	}
	for i, tag := range []string{name.Python, name.ABI, name.Platform} {
		empty := tag == "" && i > 0 // without a Python tag the file is refused by another rule
		if empty || strings.ContainsFunc(tag, notInTag) {
			return fmt.Sprintf(
				"the tag %s in the name of the wheel has other characters than letters, digits, '_' and '.'", quote(tag),
			), "build with a current build backend, and do not rename the file"
		}
	}
	return "", ""
}

// notInTag reports whether no tag of a wheel has the character.
func notInTag(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.')
}

func filenameProject(d *distfile.Distribution) (message, fix string) {
	fileName, _, project, ok := names(d)
	if !ok || pep.Normalize(fileName) == project {
		return "", ""
	}
	return fmt.Sprintf("Start filename for %s with %s.", quote(d.Header("Name")), quote(project.Underscored())), doNotRename
}

func sdistFilename(d *distfile.Distribution) (message, fix string) {
	fileName, _, project, ok := names(d)
	version, err := pep.ParseVersion(d.Header("Version"))
	if !ok || err != nil || d.Kind() != distfile.Sdist || pep.Normalize(fileName) != project {
		return "", ""
	}
	right := project.Underscored() + "-" + version.String() + ".tar.gz"
	if d.Name == right {
		return "", ""
	}
	fix = newBackend
	if strings.HasSuffix(d.Name, ".zip") {
		fix = tarGz
	}
	return fmt.Sprintf("Filename %s is invalid, should be %s.", quote(d.Name), quote(right)), fix
}

func wheelNameNormalized(d *distfile.Distribution) (message, fix string) {
	fileName, _, project, ok := names(d)
	if !ok || d.Kind() != distfile.Wheel || pep.Normalize(fileName) != project || fileName == project.Underscored() {
		return "", ""
	}
	return fmt.Sprintf("Filename %s should contain the normalized project name %s, not %s.",
		quote(d.Name), quote(project.Underscored()), quote(fileName)), newBackend
}

func wheelVersion(d *distfile.Distribution) (message, fix string) {
	_, inFile, _, ok := names(d)
	version, err := pep.ParseVersion(d.Header("Version"))
	if !ok || err != nil || d.Kind() != distfile.Wheel || version.Compare(inFile) == 0 {
		return "", ""
	}
	return fmt.Sprintf("Version in filename should be %s not %s.", quote(version.String()), quote(inFile.String())), doNotRename
}

func filenameTooLong(d *distfile.Distribution) (message, fix string) {
	if d.Kind() != distfile.Wheel || len(d.Name) <= 246 {
		return "", ""
	}
	return fmt.Sprintf("Filename is too long: %s", quote(d.Name)), "shorten the version or the tags of the wheel"
}

// names returns the project and version in the file name and the project in the metadata; ok is false if any of them is
// invalid.
func names(d *distfile.Distribution) (fileName string, fileVersion pep.Version, project pep.Project, ok bool) {
	var version string
	if wheel, err := pep.ParseWheelName(d.Name); err == nil {
		fileName, version = wheel.Name, wheel.Version
	} else if sdist, err := pep.ParseSdistName(d.Name); err == nil {
		fileName, version = sdist.Name, sdist.Version
		// Of 1.0-1, which means 1.0.post1, the file name is split at the dash (docs/reference/pypi-server.md row 83).
		declared := d.Header("Version")
		if base, dashed := strings.CutSuffix(declared, "-"+version); dashed && strings.HasSuffix(fileName, "-"+base) {
			fileName, version = strings.TrimSuffix(fileName, "-"+base), declared
		}
	}
	fileVersion, err := pep.ParseVersion(version)
	name := d.Header("Name")
	return fileName, fileVersion, pep.Normalize(name), err == nil && pep.ValidName(name)
}

// plain reports whether d is of that kind and has an extension that the index accepts.
func plain(d *distfile.Distribution, kind distfile.Kind) bool {
	message, _ := filenameExtension(d)
	return d.Kind() == kind && message == ""
}
