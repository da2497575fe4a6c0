package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

func entryPoints(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.EntryPoints == nil {
		return "", ""
	}
	return fmt.Sprintf("Wheel %s has invalid entry points defined in the entry_points.txt file", quote(d.Name)),
		fmt.Sprintf("correct the scripts in pyproject.toml and build again (%v)", d.EntryPoints)
}
