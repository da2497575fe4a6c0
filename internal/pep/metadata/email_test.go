package metadata

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAddress_Sole(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                              "",
		"Jane Doe":                      "Jane",
		"jane@example.com":              "jane@example.com",
		"Jane <jane@example.com>":       "jane@example.com",
		"jane@example.com (Jane (Doe))": "jane@example.com",
		`"Doe, J. (" <j@x.org>`:         "j@x.org",
		"Jane <@relay:jane@x.org>":      "jane@x.org",
		"jane @ x . org":                "jane@x.org",
		"a . b@x.org":                   "a.b@x.org",
		"jane doe@x.org":                "jane doe@x.org",
		`"a\"b"@x.org`:                  `"a\"b"@x.org`,
		"team: jane@x.org;":             "jane@x.org",
		"team: a@x.org, b@x.org;":       "",
		"a@x.org, b@x.org":              "",
		"a@x.org b@x.org":               "",
		"a@@b":                          "",
		"a@[10.0.0.1]":                  "",
		"jane@x.org (":                  "",
		"jane@x.org )(":                 "",
		`jane@x.org (\))`:               "jane@x.org",
		"<jane":                         "jane",
		"<>":                            "",
		",":                             "",
	} {
		if got := oneAddress(value); got != want {
			t.Errorf("oneAddress(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestAddress_Problem has what email-validator 2.3.0 says on CPython 3.13.
func TestAddress_Problem(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"a@example.com": "", "a.b+c@sub.example.co": "", "ä@exämple.de": "", "a@XN--EXMPLE-CUA.de": "", "'@x.org": "",
		strings.Repeat("j", 100) + "@x.org": "",
		"@x.org":                            "There must be something before the @-sign",
		"a@":                                "There must be something after the @-sign",
		`"@x.org`:                           "An email address must have an @-sign",
		`"a"b@x.org`:                        "Extra character(s) found after close quote: 'b'",
		`"a b"@x.org`:                       "Quoting the part before the @-sign is not allowed here",
		"a;\\(@x.org":                       `The email address contains invalid characters before the @-sign: "\", '(', ';'`,
		".a@x.org":                          "An email address cannot start with a period",
		"a.@x.org":                          "An email address cannot have a period immediately before the @-sign",
		"a\u00a0b@x.org":                    "The email address contains unsafe characters: NO-BREAK SPACE",
		"a@x_y.org":                         "The part after the @-sign contains invalid characters: '_'",
		"a@.x.org":                          "An email address cannot have a period immediately after the @-sign",
		"a@x.org.":                          "An email address cannot end with a period",
		"a@x..org":                          "An email address cannot have two periods in a row",
		"a@-x.org":                          "An email address cannot have a hyphen immediately after the @-sign",
		"a@x-.org":                          "An email address cannot have a period and a hyphen next to each other",
		"a@ab--c.org": "An email address cannot have two letters followed by two dashes immediately after " +
			"the @-sign or after a period, except Punycode",
		"a@ex①.org": "", "a@ａ．org": "", "a@xn--fiqs8s.xn--j6w193g": "", "a@ᲠᲐ.org": "", "a@ᎠᏴ.org": "",
		"a@b.xn--wgbl6a": "",
		"a@xn--0.org":    "The part after the @-sign is not valid IDNA (Invalid A-label)",
		"a@\u05d0b.org": "The part after the @-sign is invalid (Label is not composed, mixes directions, " +
			"or has a joiner that joins nothing)",
		"a@\u2488x.org":  "The part after the @-sign contains invalid characters: '\u2488'",
		"a@x\u200dy.org": "The email address contains unsafe characters: U+200D",
		"a＠x.org": `The email address has the "full-width" at-sign (@) character ` +
			"instead of a regular at-sign",
		"a<b@x.org>":                            "A display name and angle brackets around the email address are not permitted here",
		"a@" + strings.Repeat("ä", 63) + ".org": "The part after the @-sign is invalid (Label too long)",
		"a@☃.org": "The part after the @-sign is invalid (Codepoint U+2603 at position 1 of '☃' " +
			"not allowed)",
		"a@" + strings.Repeat("x", 64) + ".org": "After the @-sign, periods cannot be separated by so many characters (1 " +
			"character too many)",
		"a@" + strings.Repeat("x.", 126) + "org": "The email address is too long after the @-sign (2 characters too many)",
		strings.Repeat("j", 250) + "@x.org":      "The email address is too long (2 characters too many)",
		strings.Repeat("ä", 125) + "@x.org":      "The email address is too long (1-2 characters too many)",
		"a@x.TEST": "The part after the @-sign is a special-use or reserved name that cannot be " +
			"used with email",
		"a@x.o1": "The part after the @-sign is not valid. It is not within a valid top-level domain",
	} {
		if got := addressProblem(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// TestAddress_Bounded: no value of a form takes long.
func TestAddress_Bounded(t *testing.T) {
	t.Parallel()
	const n = 1 << 16
	for _, value := range []string{
		"a@" + strings.Repeat("ä", n) + ".org", strings.Repeat("(", n) + strings.Repeat(")", n), strings.Repeat("a:", n),
		strings.Repeat("a.", n), strings.Repeat("a ", n) + "@x", strings.Repeat(`"`, n), strings.Repeat("<", n),
		"<" + strings.Repeat("@:", n),
	} {
		if address := oneAddress(value); address != "" && addressProblem(address) == "" {
			t.Errorf("%.20q… is an address", value)
		}
	}
}

// FuzzAddress holds that no value breaks the reader of addresses or their check, and that what is read comes out
// of the value.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{
		`"Doe, J." <j@x.org>`, "a:b@c.d,e@f;", "jane doe@x.org", "<@r:j@x>", "(c(d)e) a@b.c", "a@exämple.de", `"a\"b"@x.y`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return // forms have none
		}
		address := oneAddress(value)
		if len(address) > 2*len(value)+2 {
			t.Errorf("%q came out of %q", address, value)
		}
		if problem := addressProblem(address); strings.HasSuffix(problem, ".") {
			t.Errorf("%q: %s", value, problem)
		}
	})
}
