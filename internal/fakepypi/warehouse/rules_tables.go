package warehouse

import (
	"slices"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/stdlib"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

// The rules that use tables which become outdated.

// knownClassifiers returns a message if a classifier is unknown or deprecated (docs/reference/pypi-server.md rows 35 and 36). Unknown ones
// come first, each kind in alphabetical order.
func knownClassifiers(u *upload, values []string) string {
	values = slices.Sorted(slices.Values(values))
	for _, value := range values {
		if status, _ := trove.Lookup(value); status == trove.Unknown && trove.Refused(value, u.ix.now()) {
			return pep.Repr(value) + " is not a valid classifier"
		}
	}
	for _, value := range values {
		switch status, instead := trove.Lookup(value); {
		case status != trove.Deprecated:
		case len(instead) > 0:
			return "The classifier " + pep.Repr(value) + " has been deprecated, use one of " + pep.ReprList(instead) + " instead"
		default:
			return "The classifier " + pep.Repr(value) + " has been deprecated"
		}
	}
	return ""
}

// nameNotStandard refuses the names of modules of the standard library (§2.9).
func nameNotStandard(ix *Index, name string) *refusal {
	if !stdlib.Has(string(pep.Normalize(name))) {
		return nil
	}
	return bad("The name %s isn't allowed (conflict with Python Standard Library module name). See %s#project-name for more information.",
		pep.Repr(name), ix.help())
}
