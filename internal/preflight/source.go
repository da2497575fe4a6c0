package preflight

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// The rules in this file are about sdists that the index accepts, and that installers cannot unpack or build.

// sdistArchive reports archives that not every installer unpacks.
func sdistArchive(s Set) (found []finding.Finding) {
	const again = "build the sdist with python -m build --sdist, and publish it as it is"
	for _, d := range s.Files {
		if !readable(d, distfile.Sdist) {
			continue
		}
		report := func(code string, message func(*archive.Anomaly) string, fix string) {
			if a := unusual(d, code); a != nil {
				found = append(found, refusal(d, message(a), fix))
			}
		}
		report(archive.AnomalyMembers, func(a *archive.Anomaly) string {
			return fmt.Sprintf("the archive consists of %s of gzip, and some readers stop after the first%s", a.Detail,
				tried("gzip members"))
		}, again)
		report(archive.AnomalyNoEnd, func(*archive.Anomaly) string {
			return "the archive does not end with two blocks of zeros, as a tar does" + tried("tar without its end")
		}, again)
		report(archive.AnomalySpecial, func(a *archive.Anomaly) string {
			return fmt.Sprintf("%s is a %s%s", a.Member, a.Detail, tried("special file"))
		}, "leave it out of the sdist")
		report(archive.AnomalyBackslash, func(a *archive.Anomaly) string {
			return fmt.Sprintf("the name %s has a backslash, which is a part of the name on one system, and stands between folders on "+
				"another%s", quote(elide(a.Member)), tried("backslash"))
		}, "rename the file, or build the sdist on another system")
		report(archive.AnomalyLinkCycle, func(a *archive.Anomaly) string {
			return fmt.Sprintf("%s is a link to %s, which leads back to it, so that nobody can open it", a.Member, quote(elide(a.Detail)))
		}, "leave the link out, or pack a file")
	}
	return found
}

// sdistPyproject reports sdists without a file that says how to build them, or with one that cannot be used.
func sdistPyproject(d *distfile.Distribution) (message, fix string) {
	source, text := d.Source, ""
	switch {
	case source == nil || !d.Metadata || isDumb(d.Name):
		return "", ""
	case !source.HasPyproject && !source.HasSetup:
		return "the sdist has neither pyproject.toml nor setup.py, so nobody can build it" + tried("nothing to build with"),
			"build the sdist with python -m build --sdist, or add pyproject.toml to what the backend packs"
	case source.Pyproject == nil:
		return "", ""
	}
	const build = ", and build again"
	text, marked := strings.CutPrefix(string(source.Pyproject), byteOrderMark)
	if marked {
		return "pyproject.toml begins with a byte order mark" + tried("byte order mark"), "save it as UTF-8 without this mark" + build
	}
	p, err := pyproject.ParseSource([]byte(text))
	switch {
	case errors.Is(err, pyproject.ErrTooManyKeys):
		return "", ""
	case err != nil:
		return fmt.Sprintf("pyproject.toml in the sdist cannot be read (%s)%s", elide(err.Error()), tried("no TOML")), "correct it" + build
	case p.HasBuild && !p.HasRequires:
		return "the table build-system of pyproject.toml in the sdist has no requires" + tried("no requires"),
			"name the requirements of the build there; none are requires = []"
	}
	for _, folder := range p.BackendPath {
		clean := path.Clean(strings.ReplaceAll(folder, `\`, "/"))
		if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			return fmt.Sprintf("the backend-path %s in pyproject.toml is outside of the sdist%s", quote(elide(folder)),
				tried("backend outside")), "name a folder of the sdist, and pack it" + build
		}
	}
	return "", ""
}

// sdistProject reports an sdist whose pyproject.toml has another name or version than PKG-INFO, so that its build makes another release.
func sdistProject(d *distfile.Distribution) (message, fix string) {
	release, err := d.Release()
	if d.Source == nil || d.Source.Pyproject == nil || err != nil {
		return "", ""
	}
	p, err := pyproject.ParseSource(d.Source.Pyproject)
	if err != nil {
		return "", ""
	}
	const advice = "build the sdist from a checkout of this release, and do not change it after that"
	if pep.ValidName(p.Name) && pep.Normalize(p.Name) != release.Project {
		return fmt.Sprintf("pyproject.toml in the sdist has the name %s, and PKG-INFO has %s%s", quote(elide(p.Name)),
			quote(d.Header("Name")), tried("another project")), advice
	}
	have, haveErr := pep.ParseVersion(d.Header("Version"))
	want, wantErr := pep.ParseVersion(p.Version)
	if haveErr != nil || wantErr != nil || have.Compare(want) == 0 || isTagged(have, want) {
		return "", ""
	}
	return fmt.Sprintf("pyproject.toml in the sdist has the version %s, and PKG-INFO has %s%s", quote(elide(p.Version)),
		quote(elide(d.Header("Version"))), tried("another version")), advice
}

// isTagged reports whether a version is another one with something behind it: setuptools adds tag_build of setup.cfg, in every build.
func isTagged(version, of pep.Version) bool {
	const all = 1 << 10
	return version.SameSeries(of, all) && strings.HasPrefix(version.String(), of.String())
}
