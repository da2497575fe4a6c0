package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// What the verify command says about files and releases, after a run of this program has published them.

// verifyOutput is the JSON form of verify, as a program would read it.
type verifyOutput struct {
	Files []struct {
		Path, Name, Match, SHA256, Uploaded string
		Yanked                              bool
		Attestations                        []struct {
			Predicate, Identity, Time string
			LogIndex                  int64  `json:"log_index"`
			LogURL                    string `json:"log_url"`
		}
		Findings []struct{ Rule, Severity, Message, Fix, Path, Help string }
	}
	Findings    []struct{ Rule, Severity, Message, Fix, Path, Help string }
	NotVerified []string `json:"not_verified"`
}

// rules returns the severity and id of every finding, in order.
func (v verifyOutput) rules() (all []string) {
	for _, f := range v.Files {
		for _, found := range f.Findings {
			all = append(all, found.Severity+" "+found.Rule)
		}
	}
	for _, found := range v.Findings {
		all = append(all, found.Severity+" "+found.Rule)
	}
	return all
}

// verifies runs verify against the step's index, and returns what it printed as JSON.
func (s *step) verifies(code int, arguments ...string) (v verifyOutput) {
	s.t.Helper()
	out := s.verifyCommand(code, append([]string{"-format", "json"}, arguments...)...)
	in := json.NewDecoder(strings.NewReader(out))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return v
}

// verifyCommand runs verify against the step's index, and returns what it printed.
func (s *step) verifyCommand(code int, arguments ...string) string {
	s.t.Helper()
	got := s.start(append([]string{"verify", "-index", s.env["INPUT_REPOSITORY-URL"]}, arguments...)...).wait()
	expect.Equal(s.t, "exit code of verify", got, code)
	return s.log.String()
}

const own = "octo-org/rehearsal" // the repository of the test runs

func TestVerify_WhatTheIndexServes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(s *step) // after the release was published
		arguments []string
		code      int
		rules     []string // severity and id
		matches   string   // of each file
		signed    int      // files with verified attestations
	}{
		"as published": {
			arguments: []string{"-repository", own}, matches: "same same", signed: 2,
		},
		"whoever published": {
			matches: "same same", signed: 2,
		},
		"the release without files": {
			arguments: []string{"-repository", own, "Alder==1.0.0"}, matches: "listed listed", signed: 2,
		},
		"other bytes": {
			change:    func(s *step) { s.build(besideWheel, "again") },
			arguments: []string{"-repository", own},
			code:      cli.Failed, rules: []string{"error verify-different"}, matches: "different same", signed: 1,
		},
		"another repository": {
			arguments: []string{"-repository", "octo-org/other"},
			code:      cli.Failed, rules: []string{"error verify-provenance", "error verify-provenance"}, matches: "same same",
		},
		"yanked": {
			change: func(s *step) {
				if err := s.servers.Yank(pep.Release{Project: "alder", Version: "1"}, "broken"); err != nil {
					s.t.Fatal(err)
				}
			},
			rules: []string{"warning verify-yanked", "warning verify-yanked"}, matches: "same same", signed: 2,
		},
		"a file that was not published": {
			change: func(s *step) { s.build("alder-1.1-py3-none-any.whl", "") },
			code:   cli.Failed, rules: []string{"error verify-missing"}, matches: "same same missing", signed: 2,
		},
		"a file that is only on the index": {
			change: func(s *step) { s.remove(besideSdist) },
			rules:  []string{"notice verify-more"}, matches: "same", signed: 1,
		},
		"a release that is not there": {
			arguments: []string{"alder==9"},
			code:      cli.Failed, rules: []string{"error verify-missing"},
		},
		"a page without digests": {
			change: func(s *step) { s.pagesWithoutDigests() },
			code:   cli.Failed, rules: []string{"error verify-unknown", "error verify-unknown"}, matches: "unknown unknown",
		},
		"a release on a page without digests": {
			change: func(s *step) { s.pagesWithoutDigests() }, arguments: []string{"alder==1.0"},
			code: cli.Failed, rules: []string{"error verify-unknown", "error verify-unknown"}, matches: "unknown unknown",
		},
		"the keys from a file, and Sigstore down": {
			change: func(s *step) {
				root, err := s.servers.TrustedRoot()
				if err != nil {
					s.t.Fatal(err)
				}
				s.write("trusted_root.json", string(root))
				s.outage("trust-root", 0, -1)
			},
			arguments: []string{"-repository", own, "-trusted-root", "trusted_root.json"}, matches: "same same", signed: 2,
		},
		"the keys of another instance": {
			change: func(s *step) {
				root, err := startedElsewhere(s.t).TrustedRoot()
				if err != nil {
					s.t.Fatal(err)
				}
				s.write("trusted_root.json", string(root))
			},
			arguments: []string{"-trusted-root", "trusted_root.json"},
			code:      cli.Failed, rules: []string{"error verify-provenance", "error verify-provenance"}, matches: "same same",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := published(t)
			if c.change != nil {
				c.change(s)
			}
			arguments := c.arguments
			for i, argument := range arguments {
				if argument == "trusted_root.json" {
					arguments[i] = s.path(argument)
				}
			}
			if len(arguments) == 0 || !strings.Contains(arguments[len(arguments)-1], "==") {
				arguments = append(arguments, s.path("dist"))
			}
			v := s.verifies(c.code, arguments...)
			var matches []string
			signed := 0
			for _, f := range v.Files {
				matches = append(matches, f.Match)
				if len(f.Attestations) > 0 {
					signed++
					expect.Contains(t, "the identity", f.Attestations[0].Identity, "https://github.com/"+own+"/.github/workflows/")
				}
			}
			expect.Equal(t, "findings", strings.Join(v.rules(), ", "), strings.Join(c.rules, ", "))
			expect.Equal(t, "matches", strings.Join(matches, " "), c.matches)
			expect.Equal(t, "attested files", signed, c.signed)
			if len(v.NotVerified) == 0 {
				t.Error("it does not say what it did not verify")
			}
		})
	}
}

// published returns a step after it has published a wheel and an sdist with attestations.
func published(t *testing.T) *step {
	t.Helper()
	s := newSigningStep(t, fakepypi.Run{})
	s.ends(cli.Done)
	return s
}

// startedElsewhere returns servers with keys of their own.
func startedElsewhere(t *testing.T) *fakepypi.Servers {
	t.Helper()
	return newSigningStep(t, fakepypi.Run{}).servers
}

// pagesWithoutDigests has the index list its files without digests, as some indexes do.
func (s *step) pagesWithoutDigests() {
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/simple/") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			for _, name := range s.indexed() {
				fmt.Fprintf(w, "<a href=%q>%s</a>\n", name, name)
			}
		})
	})
}

// TestVerify_NoProvenance: without attestations the bytes can be compared, but who published them is unknown. Who requires a repository is
// told that this is no proof.
func TestVerify_NoProvenance(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_ATTESTATIONS"] = "false"
	s.ends(cli.Done)
	v := s.verifies(cli.Done, s.path("dist"))
	expect.Equal(t, "findings", strings.Join(v.rules(), ", "), "notice verify-no-provenance, notice verify-no-provenance")
	v = s.verifies(cli.Failed, "-repository", own, s.path("dist"))
	expect.Equal(t, "findings", strings.Join(v.rules(), ", "), "error verify-no-provenance, error verify-no-provenance")
}

// TestVerify_Unable: an index or a Sigstore that does not answer is no verdict on the files, in no format.
func TestVerify_Unable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op, says string
	}{
		"no page":       {"look", "look-failed"},
		"no provenance": {"provenance", "look-failed"},
		"no trust root": {"trust-root", "attestation-outage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := published(t)
			s.outage(c.op, 0, -1)
			for _, format := range []string{"text", "json", "github"} {
				out := s.verifyCommand(cli.Misconfigured, "-format", format, s.path("dist"))
				expect.Lacks(t, "the output", out, "verified 2")
				if format == "github" {
					expect.Contains(t, "the annotation", out, c.says)
				}
			}
		})
	}
}

// TestVerify_Arguments: what cannot be meant is said before anything is requested.
func TestVerify_Arguments(t *testing.T) {
	t.Parallel()
	s := published(t)
	junk := s.path("junk.json")
	if err := os.WriteFile(junk, bytes.Repeat([]byte("{"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, arguments := range map[string][]string{
		"-format takes text, github or json":           {"-format", "yaml"},
		"-repository takes owner/name":                 {"-repository", "rehearsal"},
		"a release is written as alder==1.2.0":         {"alder==one"},
		"the trust root that was given cannot be read": {"-trusted-root", junk, s.path("dist")},
		"-trusted-root: ":                              {"-trusted-root", s.path("none.json"), s.path("dist")},
		"does not exist":                               {s.path("nowhere")},
	} {
		expect.Contains(t, strings.Join(arguments, " "), s.verifyCommand(cli.Misconfigured, arguments...), want)
	}
}

// TestVerify_Page: the commands in docs/verify.md do what the page says, with the release of these tests.
func TestVerify_Page(t *testing.T) {
	t.Parallel()
	s := published(t)
	commands := commandsOf(t, "verify.md", "pypi-oidc-publish verify ")
	if len(commands) < 5 {
		t.Fatalf("the page has %d commands", len(commands))
	}
	for _, command := range commands {
		arguments := strings.Fields(command)
		for i, argument := range arguments {
			if strings.HasPrefix(argument, "dist/") {
				arguments[i] = s.path(argument)
			}
		}
		expect.Contains(t, "the output of "+command, s.verifyCommand(cli.Done, arguments...), "attest")
	}
	s.remove(besideSdist)
	page, out := string(readFile(t, "../../docs/verify.md")), s.verifyCommand(cli.Done, s.path("dist"))
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		line, _, _ = strings.Cut(line, s.dir)
		line, _, _ = strings.Cut(line, " SHA-256 ") // differs between versions of Go
		line, _, _ = strings.Cut(line, " on 20")
		ofTheSdist := slices.ContainsFunc([]string{"verify-more", "across all files", "also has"}, func(part string) bool {
			return strings.Contains(line, part)
		})
		if !ofTheSdist && !strings.Contains(line, " verified: ") {
			expect.Contains(t, "docs/verify.md", page, line)
		}
	}
}

// commandsOf returns the lines of a page's shell blocks that begin like this, without that beginning.
func commandsOf(t *testing.T, page, beginning string) (commands []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(readFile(t, "../../docs/"+page)), -1) {
		for line := range strings.SplitSeq(block[1], "\n") {
			if command, ok := strings.CutPrefix(line, beginning); ok {
				commands = append(commands, command)
			}
		}
	}
	return commands
}
