package preflight

import (
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// contentTypeCharset reports a charset that is not exactly UTF-8. Another letter case is a warning if the index may run a library by now
// that accepts it.
func contentTypeCharset(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		f := field{Name: "Description-Content-Type"}
		for _, value := range sent(d, f.Name) {
			problem := metadata.Charset(value)
			if problem == "" {
				continue
			}
			bad := wrong(d, f, value, said(problem), "write charset=UTF-8 in upper case, or remove it")
			if metadata.MayPass(f.Name, value, s.Now) {
				bad.Severity = finding.Warning
				bad.Fix += aged("rule", metadata.AsOf())
			}
			found = append(found, bad)
		}
	}
	return found
}
