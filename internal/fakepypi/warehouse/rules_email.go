package warehouse

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// emailAddress returns a message if a value has exactly one address and that address is invalid (docs/reference/pypi-server.md row 34).
// Any other value, such as a list of addresses, is not checked (§2.4.1).
func emailAddress(_ *upload, values []string) string {
	address := soleAddress(values[0])
	if address == "" {
		return ""
	}
	if problem := problemOfAddress(address); problem != "" {
		return repr(address) + " is not a valid email address: " + problem
	}
	return ""
}

// problemOfAddress returns why an address is invalid, without the full stop, or an empty string if it is valid.
func problemOfAddress(address string) string {
	local, domain, found := splitAddress(address)
	if !found {
		return "An email address must have an @-sign"
	}
	name, quoted, extra := unquoteLocal(local)
	if extra != "" {
		return "Extra character(s) found after close quote: " + strings.Join(displayed(extra), ", ")
	}
	if problem := problemOfLocal(name, quoted); problem != "" {
		return problem
	}
	switch {
	case quoted:
		return "Quoting the part before the @-sign is not allowed here"
	case domain == "":
		return "There must be something after the @-sign"
	}
	if problem := problemOfDomain(domain); problem != "" {
		return problem
	}
	return tooLongAddress(address)
}

// splitAddress returns the parts before and after the first @-sign that is not in quotes.
func splitAddress(address string) (local, domain string, found bool) {
	quoted, escaped := false, false
	for i, r := range address {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == '@' && !quoted:
			return address[:i], address[i+1:], true
		}
	}
	return "", "", false
}

// unquoteLocal returns a local part without the quotes that it may have. extra is the text behind the closing quote.
func unquoteLocal(local string) (name string, quoted bool, extra string) {
	inner, quoted := strings.CutPrefix(local, `"`)
	if !quoted {
		return local, false, ""
	}
	var b strings.Builder
	escaped := false
	for i, r := range inner {
		switch {
		case escaped:
			escaped = false
			b.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == '"':
			return b.String(), true, inner[i+1:]
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), true, ""
}

// problemOfLocal returns why the part before the @-sign is invalid, or an empty string.
func problemOfLocal(local string, quoted bool) string {
	const invalidBefore = "The email address contains invalid characters "
	switch {
	case local == "":
		return "There must be something before the @-sign"
	case dotAtom(local):
		return unsafeRunes(local, false)
	case quoted:
		if bad := runesOutside(local, func(r rune) bool { return r >= ' ' && r <= '~' || r >= 0x80 }); bad != "" {
			return invalidBefore + "in quotes before the @-sign: " + bad
		}
		return unsafeRunes(local, true)
	}
	if bad := runesOutside(local, func(r rune) bool { return r == '.' || atomRune(r) }); bad != "" {
		return invalidBefore + "before the @-sign: " + bad
	}
	switch { // only misplaced dots are left
	case strings.HasSuffix(local, "."):
		return "An email address cannot have a period immediately before the @-sign"
	case strings.HasPrefix(local, "."):
		return "An email address cannot start with a period"
	default:
		return "An email address cannot have two periods in a row"
	}
}

// dotAtom reports whether s consists of atoms with single dots between them.
func dotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !atomRune(r) }) {
			return false
		}
	}
	return true
}

// atomRune reports whether an atom may have the character.
func atomRune(r rune) bool {
	return r >= 0x80 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r > 0 && strings.ContainsRune("_!#$%&'*+-/=?^`{|}~", r)
}

// hostRune reports whether a host name may have the character.
func hostRune(r rune) bool {
	return r >= 0x80 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-'
}

// problemOfDomain returns why the part after the @-sign is invalid, or an empty string.
func problemOfDomain(domain string) string {
	if bad := runesOutside(domain, hostRune); bad != "" {
		return "The part after the @-sign contains invalid characters: " + bad
	}
	if problem := unsafeRunes(domain, false); problem != "" {
		return problem
	}
	host := strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(strings.ToLower(domain))
	if problem := misplaced(host); problem != "" {
		return problem
	}
	ascii, problem := asciiHost(host)
	if problem != "" {
		return problem
	}
	return problemOfHost(ascii, ascii == domain)
}

// misplaced returns a message if a host name has dots or hyphens in the wrong places.
func misplaced(host string) string {
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
	case strings.Contains(host, ".-") || strings.Contains(host, "-."):
		return start + "period and a hyphen next to each other"
	}
	for label := range strings.SplitSeq(host, ".") {
		if runes := []rune(label); len(runes) >= 4 && string(runes[2:4]) == "--" && string(runes[:2]) != "xn" {
			return "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, " +
				"except Punycode"
		}
	}
	return ""
}

// asciiHost returns host with its international labels in Punycode, or a message if that is not possible. It decides by the general
// category of a character whether a label may have it; the tables of IDNA, which differ in rare cases, are not included.
func asciiHost(host string) (string, string) {
	labels := strings.Split(host, ".")
	for i, label := range labels {
		runes := []rune(label)
		if len(runes) == len(label) {
			continue
		}
		for at, r := range runes {
			if r >= 0x80 && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
				return "", fmt.Sprintf("The part after the @-sign is invalid (Codepoint U+%04X at position %d of %s not allowed)", r, at+1,
					repr(label))
			}
		}
		const tooLong = "The part after the @-sign is invalid (Label too long)"
		if len(runes) > 63 { // the time of encoding grows with the square of the length
			return "", tooLong
		}
		if labels[i] = "xn--" + punycode(runes); len(labels[i]) > 63 {
			return "", tooLong
		}
	}
	return strings.Join(labels, "."), ""
}

// problemOfHost returns why a host name in ASCII is invalid, or an empty string. unchanged says that the address has it in this form.
func problemOfHost(host string, unchanged bool) string {
	if over := len(host) - 253; over > 0 {
		if unchanged {
			return "The email address is too long after the @-sign " + tooMany(over)
		}
		return fmt.Sprintf("The email address is too long after the @-sign (%d byte%s too many after IDNA encoding)", over, plural(over))
	}
	for label := range strings.SplitSeq(host, ".") {
		if over := len(label) - 63; over > 0 {
			return "After the @-sign, periods cannot be separated by so many characters " + tooMany(over)
		}
	}
	const notValid = "The part after the @-sign is not valid. It "
	last := host[len(host)-1]
	switch {
	case !strings.Contains(host, "."):
		return notValid + "should have a period"
	case last < 'a' || last > 'z':
		return notValid + "is not within a valid top-level domain"
	case slices.Contains([]string{"arpa", "invalid", "local", "localhost", "onion", "test"}, host[strings.LastIndexByte(host, '.')+1:]):
		return "The part after the @-sign is a special-use or reserved name that cannot be used with email"
	}
	return ""
}

// tooLongAddress returns a message if an address has more than 254 bytes.
func tooLongAddress(address string) string {
	over := len(address) - 254
	if over <= 0 {
		return ""
	}
	const text = "The email address is too long "
	if utf8.RuneCountInString(address) == len(address) {
		return text + tooMany(over)
	}
	widest := 1
	for _, r := range address {
		widest = max(widest, utf8.RuneLen(r))
	}
	over = max(1, over/widest)
	return fmt.Sprintf("%s(at least %d character%s too many)", text, over, plural(over))
}

func tooMany(over int) string { return fmt.Sprintf("(%d character%s too many)", over, plural(over)) }

func plural(n int) string {
	if n > 1 {
		return "s"
	}
	return ""
}

// unsafeRunes returns a message if s has characters that are not visible, or begins with one that combines with the character before it.
// With blanks, spaces are allowed.
func unsafeRunes(s string, blanks bool) string {
	bad := map[rune]bool{}
	for i, r := range s {
		fine := unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) || unicode.Is(unicode.M, r) && i > 0 ||
			blanks && unicode.Is(unicode.Zs, r)
		if !fine {
			bad[r] = true
		}
	}
	if len(bad) == 0 {
		return ""
	}
	return "The email address contains unsafe characters: " + strings.Join(displayed(string(slices.Sorted(maps.Keys(bad)))), ", ")
}

// runesOutside returns the characters of s for which fine reports false, each once.
func runesOutside(s string, fine func(rune) bool) string {
	var bad []string
	for _, r := range s {
		if !fine(r) {
			bad = append(bad, displayed(string(r))...)
		}
	}
	slices.Sort(bad)
	return strings.Join(slices.Compact(bad), ", ")
}

// displayed returns each character of s for a message: in quotes if it is visible, else by its name or number. The names of rare
// characters are not included; they are shown by number.
func displayed(s string) []string {
	var list []string
	for _, r := range s {
		switch {
		case r == '\\':
			list = append(list, `"\"`)
		case unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S):
			list = append(list, repr(string(r)))
		case r == ' ':
			list = append(list, "SPACE")
		case r == 0xa0:
			list = append(list, "NO-BREAK SPACE")
		case r < 0xffff:
			list = append(list, fmt.Sprintf("U+%04X", r))
		default:
			list = append(list, fmt.Sprintf("U+%08X", r))
		}
	}
	return list
}
