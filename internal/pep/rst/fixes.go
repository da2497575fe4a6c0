package rst

import (
	"fmt"
	"slices"
	"strings"
)

// sphinxRoles lists roles of Sphinx that descriptions use by mistake.
var sphinxRoles = []string{
	"abbr", "any", "attr", "class", "cls", "command", "confval", "const", "cpp", "ctype", "cfunc", "c", "data", "deco", "dfn", "doc",
	"download", "envvar", "eq", "exc", "file", "func", "guilabel", "index", "issue", "js", "kbd", "keyword", "mailheader", "makevar",
	"manpage", "menuselection", "meth", "method", "mimetype", "mod", "module", "newsgroup", "numref", "obj", "option", "program",
	"property", "py", "ref", "regexp", "rst", "samp", "term", "token", "type", "user", "pr", "gh", "ghissue", "pull", "commit",
}

// roleAdvice returns what to write instead of a role that the index does not know.
func roleAdvice(name string) string {
	domain, _, _ := strings.Cut(strings.ToLower(name), ":")
	if slices.Contains(sphinxRoles, domain) {
		return fmt.Sprintf("`:%s:` is a Sphinx role; the index does not know it; use ``code`` or a plain link", name)
	}
	return fmt.Sprintf("the index does not know the role `:%s:`; use ``code``, or define it with \".. role:: %s\"", name, name)
}

// sphinxDirectives maps directives of Sphinx and its extensions that descriptions use by mistake to what to use instead;
// empty if there is no replacement.
var sphinxDirectives = map[string]string{
	"autoclass": "", "autofunction": "", "automodule": "", "autosummary": "", "toctree": "", "only": "", "index": "",
	"highlight": "", "tabs": "", "tab": "", "click": "", "argparse": "", "program-output": "", "currentmodule": "", "module": "",
	"function": "", "method": "", "attribute": "", "py:function": "", "py:class": "", "py:module": "", "glossary": "",
	"productionlist": "", "doctest": "code-block", "testcode": "code-block", "ipython": "code-block", "prompt": "code-block",
	"literalinclude": "code-block", "seealso": "note", "todo": "note", "versionadded": "note", "versionchanged": "note",
	"deprecated": "note", "centered": "rubric", "hlist": "", "graphviz": "image", "mermaid": "image", "plot": "image",
	"youtube": "", "video": "", "grid": "", "card": "", "dropdown": "note",
}

// directiveAdvice returns what to write instead of a directive that the index does not know.
func directiveAdvice(name string) string {
	instead, sphinx := sphinxDirectives[strings.ToLower(name)]
	switch {
	case instead != "":
		return fmt.Sprintf("`.. %s::` is a directive of Sphinx; the index does not know it; use `.. %s::`", name, instead)
	case sphinx:
		return fmt.Sprintf("`.. %s::` is a directive of Sphinx; the index does not know it; remove it or use plain text", name)
	default:
		return fmt.Sprintf("the index does not know the directive `.. %s::`; remove it", name)
	}
}

// targetAdvice returns what to do about a reference to an unknown target.
func targetAdvice(name string) string {
	if strings.ContainsAny(name, "<>") {
		return "write a link as `text <address>`_, with a blank before \"<\" and nothing behind \">\""
	}
	return fmt.Sprintf("add \".. _%s: address\", correct the name, or write the text as ``%s`` if it's no link", name, name)
}
