package rst

import (
	"regexp"
	"strings"
	"sync"
)

// optionEnd returns the end of the marker of an option list item, "-f FILE, --file=FILE", including the blanks after it;
// 0 if there is none.
func optionEnd(text string) int {
	i := 0
	for {
		i = oneOption(text, i)
		if i < 0 {
			return 0
		}
		if !strings.HasPrefix(text[i:], ", ") {
			break
		}
		i += 2
	}
	rest := text[i:]
	switch trimmed := strings.TrimLeft(rest, " "); {
	case len(rest)-len(trimmed) >= 2:
		return len(text) - len(trimmed)
	case trimmed == "":
		return len(text)
	default:
		return 0
	}
}

// oneOption returns the end of the option at i, including its argument, or -1.
func oneOption(text string, i int) int {
	rest := text[i:]
	switch {
	case strings.HasPrefix(rest, "--"):
		return longOption(text, i+2)
	case strings.HasPrefix(rest, "/"):
		return longOption(text, i+1)
	case len(rest) > 1 && (rest[0] == '-' || rest[0] == '+') && isAlnum(rest[1]):
		i += 2
		if end := optionArgument(text, skipByte(text, i, " ")); end >= 0 {
			return end
		}
		return i
	default:
		return -1
	}
}

// longOption returns the end of the option whose name begins at i, or -1.
func longOption(text string, i int) int {
	if i >= len(text) || !isAlnum(text[i]) {
		return -1
	}
	i = optionWord(text, i)
	if after := skipByte(text, i, " ="); after > i {
		if end := optionArgument(text, after); end >= 0 {
			return end
		}
	}
	return i
}

// skipByte returns the position after the character at i if that is in of, otherwise i.
func skipByte(text string, i int, of string) int {
	if i < len(text) && strings.IndexByte(of, text[i]) >= 0 {
		return i + 1
	}
	return i
}

// optionArgument returns the end of the argument at i, "FILE" or "<any text>", or -1.
func optionArgument(text string, i int) int {
	switch {
	case i >= len(text):
		return -1
	case isLetter(text[i]):
		return optionWord(text, i)
	case text[i] == '<':
		end := strings.IndexAny(text[i+1:], "<>")
		if end < 1 || text[i+1+end] != '>' {
			return -1
		}
		return i + 1 + end + 1
	default:
		return -1
	}
}

func optionWord(text string, i int) int {
	for i < len(text) && (isAlnum(text[i]) || text[i] == '_' || text[i] == '-') {
		i++
	}
	return i
}

// checkOptions refuses an option list marker that has too many parts.
func (p *parser) checkOptions(s *scope, end int) {
	for _, one := range splitOptions(strings.TrimRight(s.text()[:end], " ")) {
		tokens := splitSpace(one)
		switch first := tokens[0]; {
		case strings.Contains(first, "="):
			name, value, _ := strings.Cut(first, "=")
			tokens = append([]string{name, value}, tokens[1:]...)
		case len(first) > 2 && (first[0] == '-' && first[1] != '-' || first[0] == '+'):
			tokens = append([]string{first[:2], first[2:]}, tokens[1:]...)
		}
		if len(tokens) > 1 && strings.HasPrefix(tokens[1], "<") && strings.HasSuffix(tokens[len(tokens)-1], ">") {
			tokens = tokens[:2]
		}
		if len(tokens) > 2 {
			p.refuse(s.lineNumber(), optionMarker, len(tokens), one)
		}
	}
}

var angles = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<[^<>]*>|, `) })

// splitOptions splits at the commas outside of angle brackets.
func splitOptions(marker string) []string {
	var options []string
	start := 0
	for _, at := range angles().FindAllStringIndex(marker, -1) {
		if marker[at[0]] == ',' {
			options = append(options, marker[start:at[0]])
			start = at[1]
		}
	}
	return append(options, marker[start:])
}
