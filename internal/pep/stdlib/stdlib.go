// Package stdlib lists the names of the modules of Python's standard library, in all its versions. An index does not
// accept them as names of new projects (PyPI, "project name").
//
// The table ages. README.md in this directory gives its source and date.
package stdlib

import (
	_ "embed"
	"strings"
	"sync"
)

//go:generate sh refresh.sh

//go:embed modules.txt
var list string

// Has reports whether a normalized project name equals that of a module, such as os-path, or of a package that contains
// modules.
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
