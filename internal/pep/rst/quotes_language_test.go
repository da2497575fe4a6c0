package rst_test

import (
	"fmt"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// TestCheck_QuotesOfLanguage compares with what docutils says, on which readme_renderer calls with smart quotes.
func TestCheck_QuotesOfLanguage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // the language that is refused
		".. class:: language-xx\n\ntext\n":                                     "xx",
		".. class:: language-de\n\ntext\n":                                     "",
		".. class:: language-de-AT\n\ntext\n":                                  "",
		".. class:: language-zh\n\ntext\n":                                     "zh",
		".. class:: language-zh_CN\n\ntext\n":                                  "",
		".. class:: other language-xx\n\ntext\n":                               "xx",
		".. class:: language-de language-xx\n\ntext\n":                         "",
		".. class:: language-python\n\n::\n\n  code\n\ntext\n":                 "",
		".. class:: language-xx\n\n  text\n\nmore\n":                           "xx",
		".. class:: language-xx\n\nTitle\n=====\n\ntext\n":                     "xx",
		".. class:: language-xx\n\n- item\n- item\n":                           "xx",
		".. container:: language-python\n\n   text\n":                          "python",
		".. container:: language-python\n\n   ::\n\n      code\n":              "",
		".. note::\n   :class: language-xx\n\n   text\n":                       "xx",
		".. code:: python\n   :class: language-xx\n\n   text\n":                "",
		".. image:: a.png\n   :class: language-xx\n":                           "",
		".. figure:: a.png\n   :class: language-xx\n\n   caption\n":            "",
		".. figure:: a.png\n   :figclass: language-xx\n\n   caption\n":         "xx",
		".. role:: x\n   :class: language-xx\n\n:x:`text`\n":                   "",
		".. class:: language-xx\n\n.. container:: language-de\n\n   text\n":    "",
		".. class:: language\n\ntext\n":                                        "",
		".. class:: language-xx\n\n.. image:: a.png\n\ntext\n":                 "",
		".. topic:: Title\n   :class: language-xx\n\n   text\n":                "xx",
		".. table:: Title\n   :class: language-xx\n\n   = =\n   a b\n   = =\n": "xx",
	} {
		for _, by := range renderers {
			result, message := rst.Check(text, by), fmt.Sprintf("No smart quotes defined for language %q.", want)
			if refused := result.Outcome == rst.Refuse; refused != (want != "") || refused && result.Message != message {
				t.Errorf("%q with %v: %v, want the language %q refused", text, by, result, want)
			}
		}
	}
}
