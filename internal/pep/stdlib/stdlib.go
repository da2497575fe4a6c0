// Package stdlib knows the names of the modules of Python's standard library, in all its versions. An index gives them to
// no new project (PyPI, "project name").
//
// The table ages. README.md beside this file tells its source and date.
package stdlib

import (
	_ "embed"
	"strings"
	"sync"
)

//go:generate sh refresh.sh

//go:embed modules.txt
var list string

// Has reports whether a normalized project name is that of a module, or of a package that a module is in: os-path is one.
func Has(project string) bool {
	return names()[project]
}

var names = sync.OnceValue(func() map[string]bool {
	known := make(map[string]bool)
	for line := range strings.Lines(list) {
		known[strings.TrimSuffix(line, "\n")] = true
	}
	return known
})
