package distfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// FindResult is the result of Find. Each list is sorted and without duplicates.
type FindResult struct {
	Distributions    []string // files that look like distributions, whether or not an index would accept them
	AttestationFiles []string // attestation files next to a distribution
	Others           []string // everything else, which is ignored; folders end in a slash
	Nested           []Nested // distributions in sub-folders of a given folder, which are not in Distributions
}

// suffixes lists extensions of current and former distribution formats. Letter case does not matter: a user who names a
// file alder.WHL means a wheel, and should learn that no index accepts that name.
var suffixes = []string{".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".egg", ".exe", ".rpm", ".msi"}

var attestationSuffixes = []string{".publish.attestation", ".slsa.attestation"}

// NoneFoundError reports that there is no distribution, and that nothing else is wrong.
type NoneFoundError struct{ finding.Finding }

// Unwrap returns the finding.
func (e NoneFoundError) Unwrap() error { return e.Finding }

// Find collects files by patterns. Each pattern is a folder (its files, without those of sub-folders), a file, or a glob.
// The error joins all problems, each a finding that names its pattern: no match, a folder named like a distribution, no
// distribution at all. It does not report Nested as a problem; that is the decision of the caller.
func Find(patterns []string) (FindResult, error) {
	s := search{seen: map[string]bool{}, resolved: map[string]string{}}
	for _, pattern := range patterns {
		if pattern = strings.TrimSpace(pattern); pattern != "" {
			s.collect(pattern)
		}
	}
	if len(s.result.Distributions) == 0 && len(s.wrong) == 0 {
		s.refuse(NoneFoundError{finding.New(finding.NoDistributions,
			"no distributions found in "+strings.Join(patterns, ", "),
			"build them first (python -m build), or download the artifact of the build job into this folder")})
	}
	for _, list := range []*[]string{&s.result.Distributions, &s.result.AttestationFiles, &s.result.Others} {
		slices.Sort(*list)
	}
	s.result.Nested = findNested(s.folders, s.result.Distributions, nestedEntries)
	return s.result, errors.Join(s.wrong...)
}

// search holds the state of one call of Find.
type search struct {
	result  FindResult
	folders []string // given folders, without those that a glob matched
	seen    map[string]bool
	// resolved has folders as they were written, with what they are without symbolic links: most files are in one folder.
	resolved map[string]string
	wrong    []error
}

func (s *search) refuse(err error) { s.wrong = append(s.wrong, err) }

func (s *search) collect(pattern string) {
	info, err := os.Stat(pattern)
	switch {
	case err == nil && info.IsDir():
		s.folders = append(s.folders, pattern)
		s.folder(pattern)
	case err == nil:
		s.file(pattern)
	case errors.Is(err, os.ErrNotExist) && strings.ContainsAny(pattern, "*?["):
		s.glob(pattern)
	case errors.Is(err, os.ErrNotExist):
		s.refuse(finding.New(finding.PathMissing,
			pattern+" does not exist",
			"check `packages-dir`, and that an earlier step of this job created or downloaded it").In(pattern))
	default:
		s.refuse(finding.New(finding.PathUnreadable, err.Error(), "check the permissions of the path").In(pattern))
	}
}

func (s *search) folder(path string) {
	if isDistribution(path) {
		s.folderNamedLikeAFile(path)
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		s.refuse(finding.New(finding.PathUnreadable, err.Error(), "check the permissions of the folder").In(path))
		return
	}
	for _, entry := range entries {
		s.file(filepath.Join(path, entry.Name()))
	}
}

// glob adds the files that a pattern matches. Matched folders are ignored, unless the pattern ends in a slash.
func (s *search) glob(pattern string) {
	if strings.Contains(pattern, "**") {
		s.refuse(finding.New(finding.GlobUnsupported,
			pattern+" contains **, which would match only one level of folders",
			"write each folder on its own line").In(pattern))
		return
	}
	bare := strings.TrimRight(pattern, "/")
	matches, err := filepath.Glob(bare)
	if err == nil && len(matches) == 0 {
		err = errors.New("matches nothing")
	}
	if err != nil {
		s.refuse(finding.New(finding.GlobUnmatched,
			fmt.Sprintf("%s: %v", pattern, err),
			"check the pattern, and that an earlier step of this job created or downloaded the files").In(pattern))
		return
	}
	for _, path := range matches {
		if info, err := os.Stat(path); err == nil && info.IsDir() && bare != pattern {
			s.folder(path)
			continue
		}
		s.file(path)
	}
}

// file adds one path to the list that it belongs to.
func (s *search) file(path string) {
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	switch {
	case err != nil && isDistribution(path):
		s.refuse(finding.New(finding.PathMissing, err.Error(), "check the target of the link").In(path))
	case err != nil:
		s.add(&s.result.Others, path, path)
	case info.IsDir() && isDistribution(path):
		s.folderNamedLikeAFile(path)
	case info.IsDir():
		s.add(&s.result.Others, path, path+string(filepath.Separator))
	case isDistribution(path) && !info.Mode().IsRegular():
		s.refuse(finding.New(finding.NotAFile,
			fmt.Sprintf("%s is not a regular file (%s)", path, info.Mode().Type()),
			"replace it by the distribution itself").In(path))
	case isDistribution(path):
		s.add(&s.result.Distributions, path, path)
	case isAttestationFile(path):
		s.add(&s.result.AttestationFiles, path, path)
	default:
		s.add(&s.result.Others, path, path)
	}
}

func (s *search) folderNamedLikeAFile(path string) {
	s.refuse(finding.New(finding.FolderNamedLikeADistribution,
		path+" is a folder, but is named like a distribution",
		"name the folder that holds the files, or move the file out of it (artifacts are sometimes unpacked that way)").In(path))
}

// add lists a path once, even if several patterns match it.
func (s *search) add(list *[]string, path, display string) {
	if key := s.identity(path); !s.seen[key] {
		s.seen[key] = true
		*list = append(*list, display)
	}
}

// identity returns the same path for a file, however it was reached. Two links in the same folder remain two files,
// because their names differ.
func (s *search) identity(path string) string {
	folder, name := filepath.Split(path)
	whole, known := s.resolved[folder]
	if !known {
		var err error
		if whole, err = filepath.Abs(folder); err != nil {
			return path
		}
		if resolved, err := filepath.EvalSymlinks(whole); err == nil {
			whole = resolved
		}
		s.resolved[folder] = whole
	}
	return filepath.Join(whole, name)
}

// isDistribution reports whether a path has the name of a distribution. What macOS stores beside a file on foreign file systems has the
// same
// name after "._" (AppleDouble), and is none.
func isDistribution(path string) bool {
	if strings.HasPrefix(filepath.Base(path), "._") {
		return false
	}
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return hasSuffix(filepath.Clean(path), suffix) })
}

func isAttestationFile(path string) bool {
	return slices.ContainsFunc(attestationSuffixes, func(suffix string) bool { return strings.HasSuffix(path, suffix) })
}
