package warehouse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/platform"
)

// The rules of docs/reference/pypi-server.md §2.8 about the content of a file name: rows 81 to 83, 85 to 89, and 94.

func isSdist(u *upload) bool { return u.form.get("filetype") == "sdist" }

// sdistFilename checks rows 81 to 83: the name of an sdist is made of the normalized project name and the version.
func sdistFilename(u *upload) *refusal {
	if !isSdist(u) {
		return nil
	}
	filename := u.form.content.filename
	name, err := pep.ParseSdistName(filename)
	if err != nil {
		return bad("Invalid source distribution filename: %s", filename)
	}
	project := pep.Normalize(u.form.get("name"))
	if pep.Normalize(name.Name) != project {
		return bad("Start filename for %s with %s.", pep.Repr(u.form.get("name")), pep.Repr(project.Underscored()))
	}
	if want := project.Underscored() + "-" + u.version.String() + ".tar.gz"; filename != want {
		return bad("Filename %s is invalid, should be %s.", pep.Repr(filename), pep.Repr(want))
	}
	return nil
}

// wheelFilename checks rows 85 to 89: the name of a wheel, its platform tags included.
func wheelFilename(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	filename := u.form.content.filename
	name, err := pep.ParseWheelName(filename)
	if err != nil {
		return bad("%s", upperFirst(err.Error()))
	}
	for tag := range strings.SplitSeq(strings.ToLower(name.Platform), ".") {
		if !platform.Accepted(tag) && platform.Refused(tag, u.ix.now()) {
			return bad("Binary wheel %s has an unsupported platform tag %s.", pep.Repr(filename), pep.Repr(tag))
		}
	}
	return wheelNaming(u, name)
}

// wheelNaming checks rows 87 to 89: a wheel's name has the normalized project name and the version.
func wheelNaming(u *upload, name pep.WheelName) *refusal {
	project := pep.Normalize(u.form.get("name"))
	if pep.Normalize(name.Name) != project {
		return bad("Start filename for %s with %s.", pep.Repr(u.form.get("name")), pep.Repr(project.Underscored()))
	}
	if name.Name != project.Underscored() {
		return bad("Filename %s should contain the normalized project name %s, not %s.",
			pep.Repr(u.form.content.filename), pep.Repr(project.Underscored()), pep.Repr(name.Name))
	}
	if v, err := pep.ParseVersion(name.Version); err != nil || v.Compare(u.version) != 0 {
		return bad("Version in filename should be %s not %s.", pep.Repr(u.version.String()), pep.Repr(name.Version))
	}
	return nil
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// longestWheel is the maximum length of a wheel's name, in bytes: ".metadata" can still be added to it (row 94).
const longestWheel = 246

// filenameLength checks row 94. A name that is too long for the file system is refused earlier; see nameTooLong.
func filenameLength(u *upload) *refusal {
	if name := u.form.content.filename; !isSdist(u) && len(name) > longestWheel {
		return bad("Filename is too long: %s", pep.Repr(name))
	}
	return nil
}
