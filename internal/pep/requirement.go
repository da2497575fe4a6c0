package pep

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Requirement is a dependency on a project (PEP 508), such as
//
//	zope.interface[docs]>=5,<6; python_version < "3.13"
type Requirement struct {
	Name       string     // as written
	Extras     []string   // as written
	URL        string     // of a direct reference, which has no specifiers
	Specifiers Specifiers // empty if every version is allowed
	Marker     *Marker    // nil if the requirement applies everywhere
}

// String returns the requirement in normalized spelling: distinct extras, sorted, and single blanks.
func (r Requirement) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if extras := slices.Compact(slices.Sorted(slices.Values(r.Extras))); len(extras) > 0 {
		b.WriteString("[" + strings.Join(extras, ",") + "]")
	}
	b.WriteString(r.Specifiers.String())
	if r.URL != "" {
		b.WriteString(" @ " + r.URL)
		if r.Marker != nil {
			b.WriteString(" ")
		}
	}
	if r.Marker != nil {
		b.WriteString("; " + r.Marker.String())
	}
	return b.String()
}

// RequirementError reports where a text is not a valid requirement.
type RequirementError struct {
	Source     string // the whole text
	Problem    string // with the message of the index
	Start, End int    // the position in characters, from 0; equal for a single position
}

// Error returns the text, the problem and its position in characters, counted from 1.
func (e *RequirementError) Error() string {
	return fmt.Sprintf("%q is not a requirement of PEP 508 (such as name>=1.0; python_version < '3.13'): %s, at character %d",
		e.Source, e.Problem, e.End+1)
}

// ParseRequirement parses a requirement as the index does (docs/reference/pypi-server.md §2.3.1). The error is a
// *RequirementError.
func ParseRequirement(s string) (Requirement, error) {
	p := &parser{source: s}
	r, err := p.requirement()
	if err != nil {
		return Requirement{}, err
	}
	return r, nil
}

// parser parses a requirement from left to right. It never goes back further than one token.
type parser struct {
	source string
	pos    int
	depth  int // of parentheses in the marker
}

func (p *parser) requirement() (r Requirement, err error) {
	p.blanks()
	if r.Name = p.identifier(); r.Name == "" {
		return r, p.failure("Expected package name at the start of dependency specifier", p.pos, p.pos)
	}
	p.blanks()
	if r.Extras, err = p.extras(); err != nil {
		return r, err
	}
	p.blanks()
	start, expected := p.pos, ""
	if p.take("@") {
		start, expected, err = p.url(&r)
	} else {
		expected, err = p.specifiers(&r)
	}
	if err != nil || p.atEnd() {
		return r, err
	}
	if !p.take(";") {
		return r, p.failure("Expected "+expected+" or end", start, p.pos)
	}
	if r.Marker, err = p.marker(); err != nil {
		return r, err
	}
	if !p.atEnd() {
		return r, p.failure("Expected end of dependency specifier", p.pos, p.pos)
	}
	return r, nil
}

// url parses a direct reference. It returns where the URL begins and what may follow it.
func (p *parser) url(r *Requirement) (start int, expected string, err error) {
	p.blanks()
	start = p.pos
	r.URL = until(p.rest(), func(c rune) bool { return c == ' ' || c == '\t' })
	if r.URL == "" {
		return start, "", p.failure("Expected URL after @", p.pos, p.pos)
	}
	p.pos += len(r.URL)
	p.blanks()
	return start, "semicolon (after URL and whitespace)", nil
}

// specifiers parses clauses, with or without parentheses. It returns what may follow them.
func (p *parser) specifiers(r *Requirement) (expected string, err error) {
	open := p.pos
	enclosed := p.take("(")
	p.blanks()
	text, err := p.clauses()
	if err != nil {
		return "", err
	}
	p.blanks()
	if enclosed && !p.take(")") {
		return "", p.unclosed("PARENTHESIS", "version specifier", open)
	}
	p.blanks()
	// A clause with === includes commas, so the whole text is parsed again as a set.
	if r.Specifiers, err = ParseSpecifiers(text); err != nil {
		return "", p.failure("Invalid version specifier", open, p.pos)
	}
	if text == "" {
		return "semicolon (after name with no version specifier)", nil
	}
	return "comma (within version specifier), semicolon (after version specifier)", nil
}

func (p *parser) clauses() (string, error) {
	var text strings.Builder
	for {
		clause, n := scanSpecifier(p.rest())
		if n == 0 {
			return text.String(), nil
		}
		start := p.pos
		p.pos += n
		text.WriteString(clause.String())
		if err := p.trailing(clause, start); err != nil {
			return "", err
		}
		p.blanks()
		if !p.take(",") {
			return text.String(), nil
		}
		text.WriteByte(',')
		p.blanks()
	}
}

// trailing returns an error if the text after a clause is a suffix that the clause must not have.
func (p *parser) trailing(clause Specifier, start int) error {
	equal := strings.HasPrefix(clause.Operator, "==") || clause.Operator == "!="
	switch {
	case strings.HasPrefix(p.rest(), ".*") && equal:
		return p.failure(".* suffix cannot be used after pre-release, post-release, developmental release, or local version labels",
			start, p.pos+1)
	case strings.HasPrefix(p.rest(), ".*"):
		return p.failure(".* suffix can only be used with `==` or `!=` operators", start, p.pos+1)
	case strings.HasPrefix(p.rest(), "+") && localLabel().MatchString(versionText(p.rest())):
		return p.failure("Local version label can only be used with `==` or `!=` operators", start, p.pos)
	}
	return nil
}

func (p *parser) extras() ([]string, error) {
	open := p.pos
	if !p.take("[") {
		return nil, nil
	}
	var extras []string
	p.blanks()
	for extra := p.identifier(); extra != ""; {
		extras = append(extras, extra)
		p.blanks()
		if at := p.pos; p.identifier() != "" {
			return nil, p.failure("Expected comma between extra names", at, at)
		}
		if !p.take(",") {
			break
		}
		p.blanks()
		if extra = p.identifier(); extra == "" {
			return nil, p.failure("Expected extra name after comma", p.pos, p.pos)
		}
	}
	p.blanks()
	if !p.take("]") {
		return nil, p.unclosed("BRACKET", "extras", open)
	}
	return extras, nil
}

func (p *parser) rest() string { return p.source[p.pos:] }

// atEnd reports whether the requirement ends here; one newline may follow it.
func (p *parser) atEnd() bool { return p.rest() == "" || p.rest() == "\n" }

// take skips the token if it is next, and reports whether it did. An empty token is never next.
func (p *parser) take(token string) bool {
	if token == "" || !strings.HasPrefix(p.rest(), token) {
		return false
	}
	p.pos += len(token)
	return true
}

// blanks skips blanks and tabs and reports whether there were any.
func (p *parser) blanks() bool {
	start := p.pos
	p.pos = len(p.source) - len(strings.TrimLeft(p.rest(), " \t"))
	return p.pos > start
}

// identifier parses the name of a project or an extra. It ends at a word boundary, so trailing dots and dashes are not
// part of it.
func (p *parser) identifier() string {
	run := until(p.rest(), func(r rune) bool { return !isNameRune(r) })
	if run == "" || !isWordRune(rune(run[0])) || run[0] == '_' {
		return ""
	}
	next, _ := utf8.DecodeRuneInString(p.rest()[len(run):])
	for end := len(run); end > 0; end-- {
		if before := isWordRune(rune(run[end-1])); before != isWordRune(next) {
			p.pos += end
			return run[:end]
		}
		next = rune(run[end-1])
	}
	return ""
}

// keyword parses the next word if it is one of words.
func (p *parser) keyword(phrases ...string) string {
	for _, word := range phrases {
		if strings.HasPrefix(p.rest(), word) && p.wordEnds(len(word)) {
			p.pos += len(word)
			return word
		}
	}
	return ""
}

// variable parses the name of an environment variable of PEP 508.
func (p *parser) variable() string {
	const longest = len("platform_python_implementation")
	near := p.rest()[:min(longest, len(p.rest()))]
	run := until(near, func(r rune) bool { return !(r == '.' || r == '_' || r >= 'a' && r <= 'z') })
	for ; run != ""; run = run[:max(strings.LastIndexByte(run, '.'), 0)] {
		if variables[run] != "" && p.wordEnds(len(run)) {
			p.pos += len(run)
			return run
		}
	}
	return ""
}

// quoted parses a text in quotes, and returns it with them.
func (p *parser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if inner, found := strings.CutPrefix(p.rest(), quote); found {
			if end := strings.Index(inner, quote); end >= 0 {
				literal := p.rest()[:end+2]
				p.pos += len(literal)
				return literal
			}
		}
	}
	return ""
}

// wordEnds reports whether a word of n bytes ends before the next character.
func (p *parser) wordEnds(n int) bool {
	next, _ := utf8.DecodeRuneInString(p.rest()[n:])
	return !isWordRune(next)
}

func (p *parser) unclosed(bracket, around string, open int) error {
	return p.failure("Expected matching RIGHT_"+bracket+" for LEFT_"+bracket+", after "+around, open, p.pos)
}

func (p *parser) failure(problem string, start, end int) error {
	count := func(bytes int) int { return utf8.RuneCountInString(p.source[:min(bytes, len(p.source))]) }
	return &RequirementError{Source: p.source, Problem: problem, Start: count(start), End: count(end)}
}

func isNameRune(r rune) bool {
	return r < utf8.RuneSelf && (isWordRune(r) || r == '.' || r == '-')
}

// isWordRune reports whether r is a letter, a number or the underscore. It is false for the error rune, which stands for
// the end of the text or invalid UTF-8.
func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_')
}
