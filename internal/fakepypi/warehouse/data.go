package warehouse

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The tables of data/README.md.

//go:generate sh data/refresh.sh

var (
	//go:embed data/classifiers.json
	classifiersJSON []byte
	//go:embed data/stdlib-modules.txt
	stdlibModules string
)

// classifierTable is the table of classifiers.
type classifierTable struct {
	valid      map[string]bool
	deprecated map[string][]string // and what replaces each, if anything does
}

var classifiers = sync.OnceValues(func() (classifierTable, error) {
	var document struct {
		Classifiers []string            `json:"classifiers"`
		Deprecated  map[string][]string `json:"deprecated"`
	}
	err := json.Unmarshal(classifiersJSON, &document)
	table := classifierTable{map[string]bool{}, document.Deprecated}
	for _, classifier := range document.Classifiers {
		table.valid[classifier] = true
	}
	return table, err
})

// standardLibrary has the names that no new project may have: the modules of every Python version and the packages that
// they are in, without what stands before and behind names in underscores.
var standardLibrary = sync.OnceValue(func() map[pep.Project]bool {
	names := map[pep.Project]bool{}
	for line := range strings.Lines(stdlibModules) {
		module := strings.TrimSpace(line)
		for at, r := range module + "." {
			if r == '.' {
				names[pep.Normalize(strings.Trim(module[:at], "-_."))] = true
			}
		}
	}
	return names
})
