package cli

import (
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// keptCredentials are a user and a password that a developer keeps in a file for other tools.
type keptCredentials struct {
	user, password string
	file           string // where they were found
}

// longestKept is how many bytes of such a file are read at most.
const longestKept = 1 << 20

// withKept returns the inputs with the user and the password that a developer keeps in .pypirc or .netrc, and the file; "" if none are
// used. They are looked for on a developer's machine alone: where no password is given, and the user asks for a token or no ID token can be
// requested; never in CI, never for plain http.
func (w Process) withKept(input func(string) string) (with func(string) string, file string) {
	auth := strings.ToLower(input("auth"))
	automatic := (auth == "" || auth == "auto") && w.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL") == ""
	home := w.Getenv("HOME")
	to, err := url.Parse(input("repository-url"))
	switch {
	case input("password") != "", auth != "token" && !automatic, w.Getenv("CI") != "", w.Getenv("GITHUB_ACTIONS") != "":
		return input, ""
	case home == "", err != nil, to.Scheme != "https", to.Host == "":
		return input, ""
	}
	found, ok := kept(home, to, input("user"))
	if !ok {
		return input, ""
	}
	values := map[string]string{"user": found.user, "password": found.password}
	return func(name string) string {
		if value := values[name]; value != "" {
			return value
		}
		return input(name)
	}, found.file
}

// kept returns what the files in a home folder have for the upload URL, and for the user unless that is "": .pypirc of exactly this
// address, else .netrc of exactly its host.
func kept(home string, to *url.URL, user string) (keptCredentials, bool) {
	for _, source := range []struct {
		name  string
		parse func(text string, to *url.URL) []keptCredentials
	}{{".pypirc", fromPypirc}, {".netrc", fromNetrc}} {
		path := filepath.Join(home, source.name)
		text, err := readPrivate(path)
		if err != nil {
			continue
		}
		for _, found := range source.parse(text, to) {
			if found.password != "" && (user == "" || user == found.user) {
				found.file = path
				return found, true
			}
		}
	}
	return keptCredentials{}, false
}

// errNotPrivate says that others may read a file.
var errNotPrivate = errors.New("other users may read it")

// readPrivate reads a file that no other user may read.
func readPrivate(path string) (string, error) {
	file, info, err := localfile.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	const others fs.FileMode = 0o077
	if runtime.GOOS != "windows" && info.Mode().Perm()&others != 0 {
		return "", errNotPrivate
	}
	text, err := localfile.ReadAll(file, longestKept)
	return string(text), err
}

// fromPypirc returns the credentials of the sections whose repository is exactly the upload URL.
func fromPypirc(text string, to *url.URL) (all []keptCredentials) {
	section := map[string]string{}
	end := func() {
		if section["repository"] == to.String() {
			all = append(all, keptCredentials{user: section["username"], password: section["password"]})
		}
		section = map[string]string{}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if before, after, colon := strings.Cut(line, ":"); colon && (!ok || len(before) < len(name)) {
			name, value, ok = before, after, true
		}
		switch {
		case strings.HasPrefix(line, "["):
			end()
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, ";"), !ok:
		default:
			section[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	end()
	return all
}

// fromNetrc returns the credentials of the machines that are exactly the host of the upload URL; its default is for none.
func fromNetrc(text string, to *url.URL) (all []keptCredentials) {
	var machine string
	var found keptCredentials
	end := func() {
		if machine != "" && strings.EqualFold(machine, to.Hostname()) {
			all = append(all, found)
		}
		machine, found = "", keptCredentials{}
	}
	macro := false // its lines go on to an empty one
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if macro = macro && len(words) > 0; macro {
			continue
		}
		for i := 0; i < len(words); i++ {
			word, value := words[i], ""
			if i+1 < len(words) {
				value = words[i+1]
			}
			switch word {
			case "machine":
				end()
				machine = value
			case "default":
				end()
				continue
			case "login":
				found.user = value
			case "password":
				found.password = value
			case "macdef":
				macro = true
			case "account":
			default:
				if strings.HasPrefix(word, "#") {
					words = nil
				}
				continue
			}
			i++
		}
	}
	end()
	return all
}
