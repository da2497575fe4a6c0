package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/stdlib"
)

// nameOfModule reports new projects named like a module of the standard library. Existing projects keep their names
// (docs/reference/pypi-server.md §2.9).
func nameOfModule(s Set) (found []finding.Finding) {
	checked := map[pep.Project]bool{}
	for _, d := range s.Files {
		name := d.Header("Name")
		project := pep.Normalize(name)
		listing, queried := s.Listings[project]
		if !queried || listing.Exists || checked[project] || !pep.ValidName(name) || !stdlib.Has(string(project)) {
			continue
		}
		checked[project] = true
		found = append(found, refusal(d,
			fmt.Sprintf("The name %s isn't allowed (conflict with Python Standard Library module name).", quote(name)),
			fmt.Sprintf("choose a different Name than %s: the index accepts no new project with that name",
				quote(elide(name)))))
	}
	return found
}
