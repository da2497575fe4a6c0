package setup

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// longest limits the bytes read from a file of the checkout. Workflows and configurations are much smaller.
const longest = 1 << 20

// remoteOf returns the repository on GitHub, "owner/name", that the git remote of a checkout names: origin, or else the only one.
// It returns an empty string if there is none.
func remoteOf(dir string) string {
	text, err := localfile.Read(filepath.Join(gitDir(dir), "config"), longest)
	if err != nil {
		return ""
	}
	remotes := remotesIn(string(text))
	if at, ok := remotes["origin"]; ok || len(remotes) != 1 {
		return onGitHub(at)
	}
	for _, at := range remotes {
		return onGitHub(at)
	}
	return ""
}

// gitDir returns the folder with the configuration of a checkout's repository. In a worktree and a submodule, .git is a file that names
// the folder, which may share the configuration of another one (gitrepository-layout(5)).
func gitDir(dir string) string {
	git := filepath.Join(dir, ".git")
	text, err := localfile.Read(git, longest)
	if err != nil {
		return git // a folder, or nothing
	}
	at, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !ok {
		return git
	}
	if git = at; !filepath.IsAbs(git) {
		git = filepath.Join(dir, at)
	}
	common, err := localfile.Read(filepath.Join(git, "commondir"), longest)
	if err != nil {
		return git
	}
	if shared := strings.TrimSpace(string(common)); filepath.IsAbs(shared) {
		return shared
	} else {
		return filepath.Join(git, shared)
	}
}

// remotesIn returns the URLs of the remotes in a git configuration, by name (git-config(1)). The first URL of a remote is for fetching.
func remotesIn(config string) map[string]string {
	section := regexp.MustCompile(`^\[\s*remote\s+"([^"]*)"\s*\]`)
	value := regexp.MustCompile(`(?i)^url\s*=\s*"?([^"#;]*?)"?\s*$`)
	remotes, name := map[string]string{}, ""
	for line := range strings.SplitSeq(config, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			name = ""
			if match := section.FindStringSubmatch(line); match != nil {
				name = match[1]
			}
			continue
		}
		if match := value.FindStringSubmatch(line); match != nil && name != "" && remotes[name] == "" {
			remotes[name] = match[1]
		}
	}
	return remotes
}

// onGitHub returns "owner/name" of a remote's URL on github.com, or an empty string. URLs may have a user, and the short form of ssh.
func onGitHub(remote string) string {
	host, path := "", ""
	if !strings.Contains(remote, "://") {
		host, path, _ = strings.Cut(remote, ":")
		host = host[strings.LastIndex(host, "@")+1:]
	} else if u, err := url.Parse(remote); err == nil {
		host, path = u.Hostname(), u.Path
	}
	if !strings.EqualFold(host, "github.com") && !strings.EqualFold(host, "ssh.github.com") {
		return ""
	}
	owner, name, ok := strings.Cut(strings.Trim(path, "/"), "/")
	name = strings.TrimSuffix(name, ".git")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return ""
	}
	return owner + "/" + name
}
