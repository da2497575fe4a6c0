package metadata

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The domain of an email address. PyPI's library converts it by UTS 46, and requires labels of IDNA 2008.

// hostProblem returns a domain as a host name in ASCII, or why it is invalid.
func hostProblem(domain string) (host, problem string) {
	const invalidRunes = "The part after the @-sign contains invalid characters"
	if bad := runesOutside(domain, isHostRune); bad != "" {
		return "", invalidRunes + ": " + bad
	}
	if problem := unsafeProblem(domain, false); problem != "" {
		return "", problem
	}
	mapped, bad := mappedHost(domain)
	if bad != "" {
		return "", invalidRunes + ": " + bad
	}
	if bad := runesOutside(mapped, isHostRune); bad != "" {
		return "", invalidRunes + " after Unicode normalization: " + bad
	}
	if problem := placementProblem(mapped); problem != "" {
		return "", problem
	}
	labels := strings.Split(mapped, ".")
	for i, label := range labels {
		if isASCII(label) {
			continue
		}
		if problem := labelProblem(label); problem != "" {
			return "", "The part after the @-sign is invalid (" + problem + ")"
		}
		labels[i] = encoded(label)
	}
	host = strings.Join(labels, ".")
	return host, asciiProblem(host, host == domain)
}

// mappedHost returns a domain as UTS 46 maps it: in lower case, with ordinary dots, and composed. bad are the characters that it does not
// allow, as text for a message.
func mappedHost(domain string) (mapped, bad string) {
	domain = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(domain)
	labels := strings.Split(domain, ".")
	for i, label := range labels {
		if isASCII(label) {
			labels[i] = strings.ToLower(label)
			continue
		}
		if bad := runesOutside(label, isMappable); bad != "" {
			return "", bad
		}
		labels[i], _ = mapping().ToUnicode(strings.Map(remap, label)) // what is wrong with the mapped label is found later
	}
	return strings.Join(labels, "."), ""
}

// mapping returns the conversion of UTS 46 without its checks.
func mapping() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.ValidateLabels(false), idna.StrictDomainName(false), idna.CheckHyphens(false))
}

// isMappable reports whether UTS 46 allows a character, perhaps replaced by others. Those that become a text with a dot it does not.
func isMappable(r rune) bool {
	if r < 0x80 {
		return true
	}
	mapped, err := mapping().ToUnicode(strings.Map(remap, string(r)))
	return (err == nil || unassigned(r)) && !strings.Contains(mapped, ".")
}

// remap is what UTS 46 does since Unicode 15.1 with characters that it did not allow before: it returns the small letter of a capital, and
// a negative number for an invisible character, which is removed. Any other character stays.
func remap(r rune) rune {
	switch {
	case slices.Contains([]rune{0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0}, r):
		return -1
	case r == 0x04c0, r >= 0x10a0 && r <= 0x10c5, r == 0x2132, r == 0x2183:
		return unicode.ToLower(r)
	default:
		return r
	}
}

// placementProblem reports dots and hyphens at positions where a host name must not have them.
func placementProblem(host string) string {
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
		if runes := []rune(label); len(runes) > 3 && string(runes[2:4]) == "--" && string(runes[:2]) != "xn" {
			return "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a " +
				"period, except Punycode"
		}
	}
	return ""
}

// maxHostLabel is the maximum length of a label in ASCII.
const maxHostLabel = 63

// labelProblem returns why IDNA 2008 does not allow a mapped label; empty if it does.
func labelProblem(label string) string {
	runes := []rune(label)
	if unicode.Is(unicode.M, runes[0]) {
		return "Label begins with an illegal combining character"
	}
	for i, r := range runes {
		if !isLabelRune(r) {
			return fmt.Sprintf("Codepoint U+%04X at position %d of %s not allowed", r, i+1, pep.Repr(label))
		}
	}
	if len(runes) > maxHostLabel { // encoding takes a time that grows with the square of the length
		return "Label too long"
	}
	code := encoded(label)
	strict := idna.New(idna.ValidateLabels(true), idna.BidiRule(), idna.StrictDomainName(false), idna.CheckHyphens(false))
	if _, err := strict.ToUnicode(code); err != nil && !strings.ContainsFunc(label, unassigned) {
		return "Label is not composed, mixes directions, or has a joiner that joins nothing"
	}
	if len(code) > maxHostLabel {
		return "Label too long"
	}
	return ""
}

// encoded returns a label in Punycode.
func encoded(label string) string {
	text, _ := idna.Punycode.ToASCII(label) // it fails only if the label is too long
	return text
}

// isLabelRune reports whether a mapped label of IDNA 2008 may have a character (RFC 5892): letters, marks and digits, with exceptions, and
// a few characters that are allowed in some contexts.
func isLabelRune(r rune) bool {
	switch {
	case r < 0x80:
		return isHostRune(r) && !unicode.IsUpper(r) && r != '.'
	case unicode.Is(neverInLabels, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
		return false
	case unassigned(r), unicode.Is(inSomeLabels, r):
		return true
	}
	return unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd)
}

func unassigned(r rune) bool { return unicode.Is(unicode.Cn, r) }

// neverInLabels has the letters and marks that RFC 5892 does not allow: single ones, those of some blocks, and old Hangul letters.
var neverInLabels = &unicode.RangeTable{R16: []unicode.Range16{
	{0x0640, 0x0640, 1},
	{0x07fa, 0x07fa, 1},
	{0x1100, 0x11ff, 1},
	{0x302e, 0x302f, 1},
	{0x3031, 0x3035, 1},
	{0x303b, 0x303b, 1},
	{0x20d0, 0x20ff, 1},
	{0xa960, 0xa97c, 1},
	{0xd7b0, 0xd7c6, 1},
	{0xd7cb, 0xd7fb, 1},
}, R32: []unicode.Range32{{0x1d100, 0x1d24f, 1}}}

// inSomeLabels has the other characters that RFC 5892 allows, always or in some contexts.
var inSomeLabels = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00b7, 0x00b7, 1},
	{0x0375, 0x0375, 1},
	{0x05f3, 0x05f4, 1},
	{0x06fd, 0x06fe, 1},
	{0x0f0b, 0x0f0b, 1},
	{0x13a0, 0x13f5, 1},
	{0x200c, 0x200d, 1},
	{0x3007, 0x3007, 1},
	{0x30fb, 0x30fb, 1},
}, LatinOffset: 1}

// specialUse lists reserved domains that receive no mail (RFC 6761 and later). The example domains are allowed.
var specialUse = [...]string{"arpa", "invalid", "local", "localhost", "onion", "test"}

// asciiProblem returns why a host name in ASCII is invalid. unchanged says that the address has it in this form.
func asciiProblem(host string, unchanged bool) string {
	const longest = 253
	if over := len(host) - longest; over > 0 {
		reason := tooMany(over, "character")
		if !unchanged {
			reason = strings.TrimSuffix(tooMany(over, "byte"), ")") + " after IDNA encoding)"
		}
		return "The email address is too long after the @-sign " + reason
	}
	for label := range strings.SplitSeq(host, ".") {
		if over := len(label) - maxHostLabel; over > 0 {
			return "After the @-sign, periods cannot be separated by so many characters " + tooMany(over, "character")
		}
	}
	const notValid = "The part after the @-sign is not valid. It "
	last := host[len(host)-1]
	switch {
	case !strings.Contains(host, "."):
		return notValid + "should have a period"
	case last < 'a' || last > 'z':
		return notValid + "is not within a valid top-level domain"
	case slices.Contains(specialUse[:], host[strings.LastIndexByte(host, '.')+1:]):
		return "The part after the @-sign is a special-use or reserved name that cannot be used with email"
	}
	return decodingProblem(host)
}

// decodingProblem returns why a label in Punycode of a host name does not stand for a label of IDNA 2008.
func decodingProblem(host string) string {
	for label := range strings.SplitSeq(host, ".") {
		code, punycode := strings.CutPrefix(label, "xn--")
		if !punycode {
			continue
		}
		problem := ""
		if text, err := idna.Punycode.ToUnicode(label); err != nil {
			problem = "Invalid A-label"
		} else if strings.HasSuffix(code, "-") {
			problem = "A-label must not end with a hyphen"
		} else {
			problem = labelProblem(text)
		}
		if problem != "" {
			return "The part after the @-sign is not valid IDNA (" + problem + ")"
		}
	}
	return ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
