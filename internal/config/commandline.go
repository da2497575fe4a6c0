package config

import (
	"regexp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// OnCommandLine returns a finding in the words of a command line, where inputs are paths, flags and variables, and no job has steps.
// isFlag reports whether the command has a flag with this name; an input that is none keeps its name, since it belongs to a workflow.
func OnCommandLine(f finding.Finding, isFlag func(name string) bool) finding.Finding {
	f.Message, f.Fix = ofWorkflows().Replace(f.Message), ofWorkflows().Replace(f.Fix)
	called := map[string]string{}
	var names []string
	for _, in := range Inputs() {
		switch {
		case in.Name == "packages-dir":
			called[in.Name] = "the paths"
		case in.secret:
			called[in.Name] = in.Variable()
		case isFlag(in.Name):
			called[in.Name] = "-" + in.Name
		default:
			continue
		}
		names = append(names, in.Name)
	}
	name := "(" + strings.Join(names, "|") + ")"
	begin := regexp.MustCompile(`^input(?: ` + name + `\b|s ` + name + ` and ` + name + `\b)|\bbut ` + name + ` is\b`)
	f.Message = begin.ReplaceAllStringFunc(f.Message, func(text string) string {
		words := strings.Fields(text)
		for i, word := range words {
			if to, ok := called[word]; ok {
				words[i] = to
			}
		}
		return strings.TrimPrefix(strings.TrimPrefix(strings.Join(words, " "), "input "), "inputs ")
	})
	quoted := regexp.MustCompile("(?:(?:the )?inputs? )?`" + name + "(?:: ([^`]*))?`")
	for _, text := range []*string{&f.Message, &f.Fix} {
		*text = quoted.ReplaceAllStringFunc(*text, func(part string) string {
			m := quoted.FindStringSubmatch(part)
			if m[2] == "" {
				return called[m[1]]
			}
			return called[m[1]] + "=" + m[2]
		})
	}
	return f
}

// ofWorkflows replaces what a next step says of workflows alone.
func ofWorkflows() *strings.Replacer {
	return strings.NewReplacer(
		"check `packages-dir`, and that an earlier step of this job created or downloaded it", "check the path",
		", and that an earlier step of this job created or downloaded the files", "",
		"build them first (python -m build), or download the artifact of the build job into this folder",
		"build them first, for example with python -m build",
		"set `packages-dir` to where the build put its files, and check that the artifact was downloaded there", "check the paths",
		emptySecret, "set `password` to an API token",
		passGitHubToken, "set `github-token` to a token that may write the contents of the repository",
	)
}
