package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// steps writes what was done and the result of each step, with the upload token's steps, in the order of the run.
func steps(b *strings.Builder, r ledger.Receipt) {
	lines := slices.Concat(beforeToken(r), tokenBegan(r.Token), attestedStep(r), sent(r), tokenDone(r.Token, r.IndexName), afterwards(r))
	switch len(lines) {
	case 0:
		return
	case 1:
		fmt.Fprintf(b, "%s: %s\n\n", lines[0].name, lines[0].text)
		return
	}
	row(b, "Step", "Result", "Time")
	row(b, ":---", ":---", "---:")
	for _, l := range lines {
		row(b, unbroken(l.name), l.text, unbroken(tookPhase(r, l.phase)))
	}
	b.WriteString("\n")
}

// line is one step: text is its result in Markdown, and phase the name of the phase whose duration it shows, or empty.
type line struct{ name, text, phase string }

// tookPhase returns how long a phase took, or an empty string if the phase did not happen or has not ended.
func tookPhase(r ledger.Receipt, name string) string {
	for _, p := range r.Phases {
		if p.Name == name && name != "" && !p.End.IsZero() {
			return duration(elapsed(p.Began, p.End))
		}
	}
	return ""
}

// beforeToken returns the steps before the upload token.
func beforeToken(r ledger.Receipt) []line {
	if r.Checked.Files == 0 {
		return nil
	}
	return []line{{"Checked", escaped(checked(r.Checked)), "Check"}}
}

// attestedStep returns the step that signs, or nothing if no file has an attestation.
func attestedStep(r ledger.Receipt) []line {
	n := attestedFiles(r)
	if n == 0 {
		return nil
	}
	return []line{{
		"Attested",
		escaped(files(n)+", each with a log entry, by") + "<br>" +
			code(clipped(strings.TrimPrefix(identityOf(r), "https://github.com/"), longestCell)),
		"Attest",
	}}
}

// tokenBegan returns how the upload token was requested and restricted.
func tokenBegan(t ledger.Token) []line {
	var lines []line
	if t.Lost > 0 {
		lines = append(lines, line{"Token unconfirmed", escaped(lostMints(t)), ""})
	}
	if t.Minted == 0 {
		return lines
	}
	minted := strings.TrimSpace(at(t.MintedAt))
	if t.Minted > 1 {
		minted = fmt.Sprintf("%d times, first%s", t.Minted, at(t.MintedAt))
	}
	lines = append(lines, line{"Token requested", escaped(minted), "Authorize"})
	if !t.Restricted {
		return append(lines, line{"Token restricted", "no: its format is unknown, or the index could not read the restricted token", ""})
	}
	return append(lines, line{
		"Token restricted",
		"to " + code(clipped(strings.Join(t.Projects, ", "), longestCell)) + escaped(" until "+clock(t.Expires)),
		"",
	})
}

// sent returns the step of the uploads, or nothing if the run did not get there.
func sent(r ledger.Receipt) []line {
	if r.Token.Minted == 0 && r.Count(ledger.OutcomeUploaded) == 0 {
		return nil
	}
	var uploaded []ledger.File
	for _, f := range r.Files {
		if f.Outcome == ledger.OutcomeUploaded {
			uploaded = append(uploaded, f)
		}
	}
	return []line{{"Uploaded", escaped(fmt.Sprintf("%s, %s", files(len(uploaded)), size(bytesOf(uploaded)))), "Upload"}}
}

// tokenDone returns what became of the upload token.
func tokenDone(t ledger.Token, index string) []line {
	if t.Minted == 0 {
		return nil
	}
	icon := ""
	if t.Known == ledger.BurnFailed {
		icon = "⚠️ "
	}
	return []line{{"Token revocation", icon + escaped(revocationText(t.Known, t.BurnedAt, index)), "Burn"}}
}

// afterwards returns the steps after the upload.
func afterwards(r ledger.Receipt) []line {
	var lines []line
	switch r.Verified {
	case ledger.Served:
		lines = append(lines, line{
			"Verified",
			escaped(readBack(ledger.ReadBack{Served: true, Skipped: r.Count(ledger.OutcomeSkipped)}, r.IndexName)),
			"Read back",
		})
	case ledger.NotServed:
		lines = append(lines, line{"Verified", "⚠️ not confirmed, see above", "Read back"})
	case ledger.NotAsked:
		if unverified := notVerified(r); unverified != "" {
			lines = append(lines, line{"Verified", "no: " + escaped(unverified), ""})
		}
	}
	switch r.Attached.Outcome {
	case ledger.ReleaseAttached:
		lines = append(lines, line{"GitHub release", link(attached(r.Attached), r.Attached.Page), "GitHub release"})
	case ledger.ReleaseFailed:
		lines = append(lines, line{"GitHub release", "⚠️ " + link(attached(r.Attached), r.Attached.Page), "GitHub release"})
	}
	return lines
}
