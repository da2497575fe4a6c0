package report

import (
	"slices"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// redacted returns the receipt without secrets in texts from outside. It must be called before a text is escaped for Markdown or JSON,
// because an escaped secret is not recognized.
func redacted(r ledger.Receipt, redact func(string) string) ledger.Receipt {
	r.Index, r.IndexName, r.Attached.Page = redact(r.Index), redact(r.IndexName), redact(r.Attached.Page)
	r.Files, r.Releases, r.Findings = slices.Clone(r.Files), slices.Clone(r.Releases), slices.Clone(r.Findings)
	for i := range r.Files {
		f := &r.Files[i]
		f.Path, f.Name, f.Version = redact(f.Path), redact(f.Name), redact(f.Version)
		f.Attestations = slices.Clone(f.Attestations)
		for n := range f.Attestations {
			a := &f.Attestations[n]
			a.Predicate, a.Identity, a.LogURL = redact(a.Predicate), redact(a.Identity), redact(a.LogURL)
		}
	}
	for i := range r.Releases {
		release := &r.Releases[i]
		release.Name, release.Version, release.URL = redact(release.Name), redact(release.Version), redact(release.URL)
	}
	r.Compared = slices.Clone(r.Compared)
	for i := range r.Compared {
		c := &r.Compared[i]
		c.Name, c.Version, c.Before = redact(c.Name), redact(c.Version), redact(c.Before)
		c.Differences = slices.Clone(c.Differences)
		for n := range c.Differences {
			d := &c.Differences[n]
			d.Before, d.Now = redact(d.Before), redact(d.Now)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.File, f.Message, f.Detail, f.Fix = redact(f.File), redact(f.Message), redact(f.Detail), redact(f.Fix)
	}
	if r.Identity != nil {
		who := *r.Identity
		for _, text := range []*string{&who.Repository, &who.Workflow, &who.Environment, &who.Ref, &who.Event, &who.Audience} {
			*text = redact(*text)
		}
		r.Identity = &who
	}
	if r.Publisher != nil {
		needed := *r.Publisher
		needed.Next = redact(needed.Next)
		needed.Pages = slices.Clone(needed.Pages)
		for i := range needed.Pages {
			needed.Pages[i].Project, needed.Pages[i].Page = redact(needed.Pages[i].Project), redact(needed.Pages[i].Page)
		}
		needed.Claims = slices.Clone(needed.Claims)
		for i := range needed.Claims {
			c := &needed.Claims[i]
			c.Claimed, c.Wanted, c.Note = redact(c.Claimed), redact(c.Wanted), redact(c.Note)
		}
		r.Publisher = &needed
	}
	return r
}
