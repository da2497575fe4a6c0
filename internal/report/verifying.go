package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// verifying writes how users can verify the files of this run. It writes nothing for a dry run, a failed run, or if the index has no file
// of it.
func verifying(b *strings.Builder, r ledger.Receipt) {
	var onIndex []ledger.File
	for _, f := range r.Files {
		if f.Outcome.OnIndex() {
			onIndex = append(onIndex, f)
		}
	}
	if len(onIndex) == 0 || r.DryRun || r.Result() == ledger.Failed {
		return
	}
	b.WriteString("<details><summary>How to verify these files</summary>\n\n")
	b.WriteString("To install exactly these files, put this into a requirements file, add the same for all dependencies, " +
		"and pass the file to <code>pip install --require-hashes -r</code>:\n\n<pre>")
	requirements(b, r, onIndex)
	b.WriteString("</pre>\n\nTo check downloaded files, pass this to <code>sha256sum --check</code>:\n\n<pre>")
	each(b, onIndex, digestsEnd, func(f ledger.File) string {
		return escaped(clipped(f.SHA256, longestCell)) + "  " + escaped(clipped(f.Name, longestCell))
	})
	b.WriteString("</pre>\n\n")
	attestationCommands(b, r, onIndex)
	b.WriteString("</details>\n")
}

// requirements writes the releases and the digests of their files as a requirements file for pip.
func requirements(b *strings.Builder, r ledger.Receipt, onIndex []ledger.File) {
	of := map[pep.Release][]ledger.File{}
	for _, f := range onIndex {
		of[f.Release] = append(of[f.Release], f)
	}
	for _, release := range r.Releases {
		if len(of[release.Release]) == 0 || b.Len() > requirementsEnd {
			continue
		}
		b.WriteString(escaped(clipped(release.Name+"=="+release.Version, longestCell)))
		for _, f := range of[release.Release] {
			if b.Len() > requirementsEnd {
				break // pip accepts the files whose digests are listed
			}
			fmt.Fprintf(b, " &#92;\n    %s", escaped("--hash=sha256:"+clipped(f.SHA256, longestCell)))
		}
		b.WriteString("\n")
	}
}

// proof is a file with who published it.
type proof struct {
	file      string
	owner     string // and name of the repository, as octo-org/trees
	identity  string // the workflow that signed, by the certificate: a URL; empty if it is none of GitHub's
	predicate string // the type of the attestation: a URL
}

// proofs returns the attested files with who published them: the run. One that only attaches has no identity, and the attestation says it.
func proofs(r ledger.Receipt, onIndex []ledger.File) (all []proof) {
	const github = "https://github.com/"
	for _, f := range onIndex {
		p := proof{file: clipped(f.Name, longestCell)}
		for _, a := range f.Attestations {
			path, known := strings.CutPrefix(a.Identity, github)
			parts := strings.SplitN(path, "/", 3)
			if a.Publish && known && len(parts) == 3 {
				p.identity, p.predicate = clipped(a.Identity, longestCell), clipped(a.Predicate, longestCell)
				p.owner = parts[0] + "/" + parts[1]
				break
			}
		}
		if r.Identity != nil && r.Identity.Repository != "" {
			p.owner = clipped(r.Identity.Repository, longestCell)
		}
		if len(f.Attestations) > 0 && p.owner != "" {
			all = append(all, p)
		}
	}
	return all
}

// attestationCommands writes the commands that verify who published the files: PyPI's tool, which supports no other index, and those
// for the bundles on the GitHub release, where all of them were attached.
func attestationCommands(b *strings.Builder, r ledger.Receipt, onIndex []ledger.File) {
	all := proofs(r, onIndex)
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "To verify on PyPI that this repository published them, install %s and run:\n\n<pre>", code("pypi-attestations"))
	each(b, all, commandsEnd, func(p proof) string {
		return command("pypi-attestations", "verify", "pypi", "--repository", "https://github.com/"+p.owner, "pypi:"+p.file)
	})
	b.WriteString("</pre>\n\n")
	all = slices.DeleteFunc(all, func(p proof) bool { return p.identity == "" })
	if r.Attached.Outcome != ledger.ReleaseAttached || len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "To verify a file of the GitHub release, with its bundle beside it, use %s or %s:\n\n<pre>",
		code("sigstore"), code("cosign"))
	each(b, all, bundlesEnd, func(p proof) string {
		bundle := p.file + ".publish.sigstore.json"
		return command("sigstore", "verify", "github", "--repository", p.owner, "--bundle", bundle, p.file) + "\n" +
			command("cosign", "verify-blob-attestation", "--bundle", bundle, "--type", p.predicate,
				"--certificate-oidc-issuer", oidc.GitHubIssuer, "--certificate-identity", p.identity, p.file)
	})
	b.WriteString("</pre>\n\n")
}

// command returns a command for a shell as text for a summary.
func command(words ...string) string {
	for i, word := range words {
		words[i] = shellWord(word)
	}
	return escaped(strings.Join(words, " "))
}

// shellWord returns a text as one word of a POSIX shell: as it is if no character of it means something there, else in single quotes.
func shellWord(text string) string {
	special := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-./:,+@%=", c))
	}
	if !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// each writes a line for each file, until the whole summary has end bytes. The last line then counts the rest.
func each[T any](b *strings.Builder, all []T, end int, line func(T) string) {
	for i, f := range all {
		if b.Len() > end {
			fmt.Fprintf(b, "… and %d more\n", len(all)-i)
			return
		}
		b.WriteString(line(f) + "\n")
	}
}
