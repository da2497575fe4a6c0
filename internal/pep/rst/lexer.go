package rst

import (
	_ "embed"
	"strings"
)

// lexers lists the names of languages that Pygments 2.20 knows, one per line, sorted.
//
//go:embed lexers.txt
var lexers string

// knownLexer reports whether Pygments knows a language by this name, in lower case.
func knownLexer(name string) bool {
	return strings.Contains("\n"+lexers, "\n"+name+"\n")
}
