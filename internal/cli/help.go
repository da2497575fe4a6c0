package cli

import (
	"cmp"
	"regexp"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// home is the repository with the documentation, unless GitHub says that the action comes from another one.
const home = "org/pypi-oidc-publish"

// source returns the repository and the ref that the action comes from. known is false if GitHub does not name both.
func (w Process) source() (repository, ref string, known bool) {
	repository, ref = w.Getenv("GITHUB_ACTION_REPOSITORY"), w.Getenv("GITHUB_ACTION_REF")
	return repository, ref, repository != "" && ref != "" && !strings.ContainsAny(repository+ref, " ?#")
}

// help returns the URL of the page that explains an id. It links to the version that runs, because others may differ.
func (w Process) help(id finding.ID) string {
	repository, ref, known := w.source()
	if !known {
		repository, ref = home, "main"
	}
	if !known && isRelease(w.Version) {
		ref = w.Version
	}
	return "https://github.com/" + repository + "/blob/" + ref + "/" + page(id)
}

// page returns the path in this repository, with a fragment, of the text that explains an id. The rules of preflight have their own
// page.
func page(id finding.ID) string { return cmp.Or(preflight.Page(id), id.Page()) }

// isRelease reports whether a version is one of this program, whose tag exists.
func isRelease(version string) bool {
	return releaseTag().MatchString(version)
}

var releaseTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^v\d+\.\d+\.\d+$`) })

// inWords returns a finding in the words of its reader: those of the command line, unless a step of a workflow runs.
func (w Process) inWords(f finding.Finding) finding.Finding {
	if w.flags == nil {
		return f
	}
	return config.OnCommandLine(f, func(name string) bool { return w.flags.Lookup(name) != nil })
}

// allInWords returns findings in the words of their reader.
func (w Process) allInWords(all []finding.Finding) []finding.Finding {
	words := make([]finding.Finding, 0, len(all))
	for _, f := range all {
		words = append(words, w.inWords(f))
	}
	return words
}
