package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
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
	if who := repositoryOf(r); who != "" {
		attestationCommands(b, who, onIndex)
	}
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

// attestationCommands writes the commands of PyPI's tool, which supports no other index.
func attestationCommands(b *strings.Builder, repository string, onIndex []ledger.File) {
	attested := slices.DeleteFunc(slices.Clone(onIndex), func(f ledger.File) bool { return len(f.Attestations) == 0 })
	if len(attested) == 0 {
		return
	}
	fmt.Fprintf(b, "To verify on PyPI that this repository published them, install %s and run:\n\n<pre>",
		code("pypi-attestations"))
	each(b, attested, commandsEnd, func(f ledger.File) string {
		return escaped(
			"pypi-attestations verify pypi --repository " + shellWord(repository) + " " + shellWord("pypi:"+clipped(f.Name, longestCell)),
		)
	})
	b.WriteString("</pre>\n\n")
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

// each writes one line for each file, until the whole summary has end bytes. The last line then counts the rest.
func each(b *strings.Builder, all []ledger.File, end int, line func(ledger.File) string) {
	for i, f := range all {
		if b.Len() > end {
			fmt.Fprintf(b, "… and %d more\n", len(all)-i)
			return
		}
		b.WriteString(line(f) + "\n")
	}
}

// repositoryOf returns the URL of the repository that published, or an empty string if it is unknown.
func repositoryOf(r ledger.Receipt) string {
	if r.Identity == nil || r.Identity.Repository == "" {
		return ""
	}
	return "https://github.com/" + clipped(r.Identity.Repository, longestCell)
}
