package report

import (
	"slices"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// redacted is the receipt without secrets in any text that came from outside. It has to be done before a text is escaped for
// Markdown or JSON: a secret of another form is not known any more.
func redacted(r ledger.Receipt, redact func(string) string) ledger.Receipt {
	r.Index = redact(r.Index)
	r.Files, r.Releases, r.Findings = slices.Clone(r.Files), slices.Clone(r.Releases), slices.Clone(r.Findings)
	for i := range r.Files {
		f := &r.Files[i]
		f.Path, f.Name, f.Version = redact(f.Path), redact(f.Name), redact(f.Version)
	}
	for i := range r.Releases {
		release := &r.Releases[i]
		release.Name, release.Version, release.URL = redact(release.Name), redact(release.Version), redact(release.URL)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.File, f.Message, f.Fix = redact(f.File), redact(f.Message), redact(f.Fix)
	}
	return r
}
