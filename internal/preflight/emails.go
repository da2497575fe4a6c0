package preflight

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// email checks Author-email and Maintainer-email like the index's own library (docs/reference/pypi-server.md §2.4.1). It
// does not know all rules of that library for international domains: a domain passes unless it is certain that the index
// refuses it.
func email(_ field, value string) (message, advice string) {
	address := oneAddress(value)
	if address == "" {
		return "", ""
	}
	problem := addressProblem(address)
	if problem == "" {
		return "", ""
	}
	if address == "None" {
		return quoteLimited(address) + " is not a valid email address: " + problem + ".",
			"the build wrote the word None for an address that is not there: give one, or leave the field out"
	}
	return quoteLimited(address) + " is not a valid email address: " + problem + ".",
		"write an address such as Jane Doe <jane@example.com>, or remove it"
}

func addressProblem(address string) string {
	local, domain, found := cutAddress(address)
	if !found {
		return "An email address must have an @-sign"
	}
	if strings.HasPrefix(local, `"`) {
		return quotedProblem(local[1:])
	}
	if problem := localProblem(local); problem != "" {
		return problem
	}
	if domain == "" {
		return "There must be something after the @-sign"
	}
	if problem := domainProblem(domain); problem != "" {
		return problem
	}
	return lengthProblem(address)
}

// cutAddress splits an address at the first @-sign outside of quotes.
func cutAddress(address string) (local, domain string, found bool) {
	quoted := false
	for i := 0; i < len(address); i++ {
		switch address[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '@':
			if !quoted {
				return address[:i], address[i+1:], true
			}
		}
	}
	return "", "", false
}

// quotedProblem returns the problem of a local part in quotes. Such a part is never allowed, but a more specific problem
// comes first.
func quotedProblem(inner string) string {
	text, rest := unquoted(inner)
	if rest != "" {
		return "Extra character(s) found after close quote: " + quoteRunes(rest, func(rune) bool { return false })
	}
	if text == "" {
		return "There must be something before the @-sign"
	}
	if bad := quoteRunes(text, func(r rune) bool { return r >= ' ' && r != 0x7f }); bad != "" {
		return "The email address contains invalid characters in quotes before the @-sign: " + bad
	}
	return "Quoting the part before the @-sign is not allowed here"
}

func localProblem(local string) string {
	if local == "" {
		return "There must be something before the @-sign"
	}
	if bad := quoteRunes(local, isLocalRune); bad != "" {
		return "The email address contains invalid characters before the @-sign: " + bad
	}
	switch {
	case strings.HasSuffix(local, "."):
		return "An email address cannot have a period immediately before the @-sign"
	case strings.HasPrefix(local, "."):
		return "An email address cannot start with a period"
	case strings.Contains(local, ".."):
		return "An email address cannot have two periods in a row"
	}
	return unsafeProblem(local)
}

func isLocalRune(r rune) bool {
	return isHostRune(r) || r > 0 && strings.ContainsRune("_!#$%&'*+/=?^`{|}~", r)
}

func isHostRune(r rune) bool {
	return r >= 0x80 || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// unsafeProblem reports invisible characters, and a combining character at the start.
func unsafeProblem(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	fine := func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.M, unicode.Cn)
	}
	if bad := quoteRunes(s, fine); bad != "" {
		return "The email address contains unsafe characters: " + bad
	}
	if unicode.Is(unicode.M, first) {
		return "The email address contains unsafe characters: " + show(first)
	}
	return ""
}

func domainProblem(domain string) string {
	const badRunes = "The part after the @-sign contains invalid characters"
	if bad := quoteRunes(domain, isHostRune); bad != "" {
		return badRunes + ": " + bad
	}
	if problem := unsafeProblem(domain); problem != "" {
		return problem
	}
	host := strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(strings.ToLower(domain))
	if problem := hostProblem(host); problem != "" {
		return problem
	}
	for label := range strings.SplitSeq(host, ".") {
		for i, r := range []rune(label) {
			if i == 0 && unicode.Is(unicode.M, r) {
				return fmt.Sprintf("%s (Label begins with an illegal combining character)", badRunes)
			}
			if unicode.Is(neverInHosts, r) {
				return fmt.Sprintf("%s (Codepoint U+%04X at position %d of %s not allowed)", badRunes, r, i+1, quote(label))
			}
		}
	}
	if !isASCII(host) {
		return topLevelProblem(host)
	}
	if over := len(host) - 253; over > 0 {
		return "The email address is too long after the @-sign " + tooMany(over)
	}
	for label := range strings.SplitSeq(host, ".") {
		if over := len(label) - 63; over > 0 {
			return "After the @-sign, periods cannot be separated by so many characters " + tooMany(over)
		}
	}
	return topLevelProblem(host)
}

// neverInHosts contains symbols that the tables of IDNA 2008 clearly exclude from domains: arrows, mathematical signs,
// shapes, dingbats except the circled digits, and emoji.
var neverInHosts = &unicode.RangeTable{
	R16: []unicode.Range16{{0x2190, 0x21ff, 1}, {0x2300, 0x2328, 1}, {0x2500, 0x2775, 1}, {0x2794, 0x27ff, 1}},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6d7, 1}, {0x1f900, 0x1f9ff, 1}},
}

// hostProblem reports dots and hyphens at positions where a host name must not have them.
func hostProblem(host string) string {
	const end, start = "An email address cannot end with a ", "An email address cannot have a "
	switch {
	case strings.HasSuffix(host, "."):
		return end + "period"
	case strings.HasPrefix(host, "."):
		return start + "period immediately after the @-sign"
	case strings.Contains(host, ".."):
		return "An email address cannot have two periods in a row"
	case strings.HasSuffix(host, "-"):
		return end + "hyphen"
	case strings.HasPrefix(host, "-"):
		return start + "hyphen immediately after the @-sign"
	case strings.Contains(host, ".-"), strings.Contains(host, "-."):
		return start + "period and a hyphen next to each other"
	}
	for label := range strings.SplitSeq(host, ".") {
		if runes := []rune(label); len(runes) > 3 && runes[2] == '-' && runes[3] == '-' && string(runes[:2]) != "xn" {
			return "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, " +
				"except Punycode"
		}
	}
	return ""
}

// specialUse lists reserved domains that receive no mail (RFC 6761 and later). The example domains are allowed.
var specialUse = []string{"arpa", "invalid", "local", "localhost", "onion", "test"}

// topLevelProblem reports an invalid last label. A label that is not ASCII passes: the index reads it as Punycode, which
// may end with a digit.
func topLevelProblem(host string) string {
	const notValid = "The part after the @-sign is not valid. It "
	dot := strings.LastIndexByte(host, '.')
	top := host[dot+1:]
	switch last := top[len(top)-1]; {
	case dot < 0:
		return notValid + "should have a period"
	case last >= '0' && last <= '9' && isASCII(top):
		return notValid + "is not within a valid top-level domain"
	case slices.Contains(specialUse, top):
		return "The part after the @-sign is a special-use or reserved name that cannot be used with email"
	}
	return ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// lengthProblem reports an address of more than 254 bytes.
func lengthProblem(address string) string {
	over := len(address) - 254
	switch {
	case over <= 0:
		return ""
	case utf8.RuneCountInString(address) == len(address):
		return "The email address is too long " + tooMany(over)
	default:
		return fmt.Sprintf("The email address is too long (when encoded in bytes, %d too many)", over)
	}
}

func tooMany(over int) string {
	if over == 1 {
		return "(1 character too many)"
	}
	return fmt.Sprintf("(%d characters too many)", over)
}

// quoteRunes returns the distinct characters of s that fail fine, as text for a message and sorted, at most maxFindings.
func quoteRunes(s string, fine func(rune) bool) string {
	var bad []string
	for _, r := range s {
		if text := show(r); !fine(r) && len(bad) < maxFindings && !slices.Contains(bad, text) {
			bad = append(bad, text)
		}
	}
	slices.Sort(bad)
	return strings.Join(bad, ", ")
}

// show returns a visible character in quotes, and the name or code point of any other.
func show(r rune) string {
	switch {
	case r == '\\':
		return `"\"`
	case r == ' ':
		return "SPACE"
	case r == 0xa0:
		return "NO-BREAK SPACE"
	case unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S):
		return quote(string(r))
	case r < 0xffff:
		return fmt.Sprintf("U+%04X", r)
	default:
		return fmt.Sprintf("U+%08X", r)
	}
}
