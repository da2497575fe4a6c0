package metadata

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Email checks Author-email or Maintainer-email, if the value has exactly one address (docs/reference/pypi-server.md §2.4.1).
func Email(value string) (problem string) {
	address := oneAddress(value)
	if address == "" {
		return ""
	}
	if problem = addressProblem(address); problem != "" {
		return pep.Repr(address) + " is not a valid email address: " + problem
	}
	return ""
}

// addressProblem returns why an address is invalid, in the words of the library that PyPI uses; empty if it is valid.
func addressProblem(address string) string {
	rest, problem := withoutName(address)
	if problem != "" {
		return problem
	}
	local, domain, found := cutAddress(rest)
	if !found {
		return "An email address must have an @-sign"
	}
	if problem := localProblem(local); problem != "" {
		return problem
	}
	if domain == "" {
		return "There must be something after the @-sign"
	}
	host, problem := hostProblem(domain)
	if problem != "" {
		return problem
	}
	if problem := lengthProblem(local, domain, host); problem != "" {
		return problem
	}
	if rest != address {
		return "A display name and angle brackets around the email address are not permitted here"
	}
	return ""
}

// withoutName returns an address without the name and the angle brackets around it.
func withoutName(address string) (rest, problem string) {
	at := indexUnquoted(address, "@<")
	switch {
	case at < 0 && strings.Contains(address, "\uff20"):
		return "", `The email address has the "full-width" at-sign (@) character instead of a regular at-sign`
	case at < 0 && strings.Contains(address, "\ufe6b"):
		return "", `The email address has the "small commercial at" character instead of a regular at-sign`
	case at < 0:
		return "", "An email address must have an @-sign"
	case address[at] == '@':
		return address, ""
	case !strings.Contains(address[at:], ">"):
		return "", "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end"
	case !strings.HasSuffix(strings.TrimRight(address, " "), ">"):
		return "", "There can't be anything after the email address"
	}
	return strings.TrimRight(strings.TrimRight(address[at+1:], " "), ">"), ""
}

// cutAddress splits an address at the first @-sign outside of quotes.
func cutAddress(address string) (local, domain string, found bool) {
	at := indexUnquoted(address, "@")
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}

// indexUnquoted returns the position of the first character of set outside of quotes, or -1.
func indexUnquoted(address, set string) int {
	quoted := false
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(set, c) >= 0:
			return i
		}
	}
	return -1
}

// localProblem checks the part before the @-sign. One in quotes is never allowed, but a more specific problem comes first.
func localProblem(local string) string {
	const invalidRunes = "The email address contains invalid characters "
	inner, quoted := strings.CutPrefix(local, `"`)
	if quoted {
		var extra string
		if local, extra = unquoted(inner); extra != "" {
			return "Extra character(s) found after close quote: " + strings.Join(shown(extra), ", ")
		}
	}
	bad := ""
	switch {
	case local == "":
		return "There must be something before the @-sign"
	case isDotAtom(local):
		bad = unsafeProblem(local, false)
	case quoted:
		if outside := runesOutside(local, isQuotable); outside != "" {
			return invalidRunes + "in quotes before the @-sign: " + outside
		}
		bad = unsafeProblem(local, true)
	default:
		if outside := runesOutside(local, isLocalRune); outside != "" {
			return invalidRunes + "before the @-sign: " + outside
		}
		return dotProblem(local, "immediately before the @-sign")
	}
	if bad == "" && quoted {
		return "Quoting the part before the @-sign is not allowed here"
	}
	return bad
}

// dotProblem says which of the dots of a local part is misplaced.
func dotProblem(local, atEnd string) string {
	switch {
	case strings.HasSuffix(local, "."):
		return "An email address cannot have a period " + atEnd
	case strings.HasPrefix(local, "."):
		return "An email address cannot start with a period"
	default:
		return "An email address cannot have two periods in a row"
	}
}

// isDotAtom reports whether a local part consists of atoms with single dots between them.
func isDotAtom(local string) bool {
	return runesOutside(local, isLocalRune) == "" && !strings.HasPrefix(local, ".") && !strings.HasSuffix(local, ".") &&
		!strings.Contains(local, "..")
}

func isLocalRune(r rune) bool {
	return isHostRune(r) || r > 0 && strings.ContainsRune("_!#$%&'*+/=?^`{|}~", r)
}

func isHostRune(r rune) bool {
	return r >= 0x80 || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func isQuotable(r rune) bool { return r >= ' ' && r <= '~' || r >= 0x80 }

// unsafeProblem reports invisible characters, and a combining character at the start. A code point that this program's tables do not have
// passes: a newer version of Unicode may have assigned it.
func unsafeProblem(s string, blanks bool) string {
	bad := map[rune]bool{}
	for i, r := range s {
		fine := unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Cn) || unicode.Is(unicode.M, r) && i > 0 ||
			blanks && unicode.Is(unicode.Zs, r)
		if !fine {
			bad[r] = true
		}
	}
	if len(bad) == 0 {
		return ""
	}
	return "The email address contains unsafe characters: " + strings.Join(shown(string(slices.Sorted(maps.Keys(bad)))), ", ")
}

// lengthProblem reports an address of more than 254 bytes. host is the domain in ASCII.
func lengthProblem(local, domain, host string) string {
	const most, tooLong = 254, "The email address is too long "
	address := local + "@" + domain
	over, runes := len(address)-most, utf8.RuneCountInString(address)
	switch {
	case over > 0 && runes == len(address):
		return tooLong + tooMany(over, "character")
	case over > 0:
		widest := 1
		for _, r := range address {
			widest = max(widest, utf8.RuneLen(r))
		}
		if least := max(1, over/widest); least < over {
			return fmt.Sprintf("%s(%d-%d characters too many)", tooLong, least, over)
		}
		return tooLong + tooMany(over, "character")
	}
	if over = len(local) + 1 + len(host) - most; over > 0 {
		return tooLong + "when the part after the @-sign is converted to IDNA ASCII " + tooMany(over, "byte")
	}
	return ""
}

func tooMany(over int, unit string) string {
	if over == 1 {
		return "(1 " + unit + " too many)"
	}
	return fmt.Sprintf("(%d %ss too many)", over, unit)
}

// runesOutside returns the distinct characters of s for which fine reports false, as text for a message.
func runesOutside(s string, fine func(rune) bool) string {
	bad := map[rune]bool{}
	for _, r := range s {
		if !fine(r) {
			bad[r] = true
		}
	}
	texts := shown(string(slices.SortedFunc(maps.Keys(bad), cmp.Compare[rune])))
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// shown returns each character of s for a message: a visible one in quotes, any other by its name or code point. Of the names, only those
// of the most frequent characters are known.
func shown(s string) []string {
	texts := make([]string, 0, utf8.RuneCountInString(s))
	for _, r := range s {
		switch {
		case r == '\\':
			texts = append(texts, `"\"`)
		case unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S):
			texts = append(texts, pep.Repr(string(r)))
		case r == ' ':
			texts = append(texts, "SPACE")
		case r == 0xa0:
			texts = append(texts, "NO-BREAK SPACE")
		case r < 0xffff:
			texts = append(texts, fmt.Sprintf("U+%04X", r))
		default:
			texts = append(texts, fmt.Sprintf("U+%08X", r))
		}
	}
	return texts
}
