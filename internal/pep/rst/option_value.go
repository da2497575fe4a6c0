package rst

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// option holds the value of a directive's option.
type option struct {
	text    string
	given   bool // whether there is a value at all: ":alt:" has none
	number  int
	numbers []int
}

// convert checks the value of an option and stores what it means in it.
type convert func(*option) error

var (
	errNoValue    = errors.New("argument required but none supplied")
	errBeyond     = errors.New("beyond prediction") // docutils fails, or the result depends on Python's version
	errNotInteger = errors.New("invalid literal for int() with base 10")
)

func unchanged(*option) error { return nil }

func required(o *option) error {
	if !o.given {
		return errNoValue
	}
	return nil
}

func flag(o *option) error {
	if strip(o.text) != "" {
		return fmt.Errorf("no argument is allowed; %q supplied", o.text)
	}
	return nil
}

func anyInteger(o *option) error {
	if !o.given {
		return errNoValue
	}
	n, ok := integer(o.text)
	if !ok {
		return fmt.Errorf("%w: '%s'", errNotInteger, o.text)
	}
	o.number = n
	return nil
}

func nonNegative(o *option) error {
	if err := anyInteger(o); err != nil {
		return err
	}
	if o.number < 0 {
		return errors.New("negative value; must be positive or zero")
	}
	return nil
}

// lineNumbers accepts a number at which counting starts, or no value.
func lineNumbers(o *option) error {
	if !o.given {
		return nil
	}
	return anyInteger(o)
}

func percentage(o *option) error {
	o.text = strings.TrimRight(o.text, " %")
	return nonNegative(o)
}

var measure = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(-?[0-9.]+) *([a-zA-Zµ]*|%?)$`) })

// units lists the units of length that docutils knows; the empty one means pixels.
var units = []string{"em", "ex", "ch", "rem", "vw", "vh", "vmin", "vmax", "cm", "mm", "Q", "in", "pt", "pc", "px", ""}

func length(o *option) error          { return measured(o, false) }
func lengthOrPercent(o *option) error { return measured(o, true) }
func classNames(o *option) error      { return classNamesOf(o, o.text) }
func columnWidths(o *option) error    { return unlessWord(o, o.text == "auto", positives) }
func columnWidthsOrGrid(o *option) error {
	return unlessWord(o, o.text == "auto" || o.text == "grid", positives)
}

// figureWidth accepts a width, or "image" for that of the image. Without a value docutils fails.
func figureWidth(o *option) error {
	if !o.given {
		return errBeyond
	}
	return unlessWord(o, strings.ToLower(o.text) == "image", lengthOrPercent)
}

// encoding accepts the name of a character encoding. Python knows many; only the common ones are certain.
func encoding(o *option) error {
	switch strings.ReplaceAll(strings.ToLower(o.text), "_", "-") {
	case "utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "utf-16", "cp1252":
		return nil
	}
	return errBeyond
}

// unlessWord keeps the value if word is set, and calls other otherwise.
func unlessWord(o *option, word bool, other convert) error {
	if word {
		return nil
	}
	return other(o)
}

func measured(o *option, percent bool) error {
	if !o.given {
		return errNoValue
	}
	parts := measure().FindStringSubmatch(o.text)
	if parts == nil {
		return fmt.Errorf("%q is no valid measure", o.text)
	}
	if value, err := strconv.ParseFloat(parts[1], 64); err != nil || value < 0 {
		return fmt.Errorf("%q is not a positive number or measure", o.text)
	}
	if percent && parts[2] == "%" {
		return nil
	}
	for _, unit := range units {
		if parts[2] == unit {
			return nil
		}
	}
	return fmt.Errorf("not a positive number or measure of one of the following units: %s", strings.Join(units[:len(units)-1], ", "))
}

// classNamesOf checks class names: each must contain at least one letter that remains when it is converted to an
// identifier.
func classNamesOf(o *option, text string) error {
	if !o.given {
		return errNoValue
	}
	for _, name := range splitSpace(text) {
		switch identifiable(name) {
		case never:
			return fmt.Errorf("cannot make %q into a class name", name)
		case perhaps:
			return errBeyond
		}
	}
	return nil
}

type certainty uint8

const (
	never certainty = iota
	perhaps
	surely
)

// identifiable reports how certain it is that a name can be converted to an identifier: letters that are not ASCII may
// decompose to ones that are.
func identifiable(name string) certainty {
	answer := never
	for _, r := range name {
		switch {
		case r < utf8.RuneSelf && isLetter(byte(r)):
			return surely
		case r >= utf8.RuneSelf:
			answer = perhaps
		}
	}
	return answer
}

func positives(o *option) error {
	if !o.given {
		return errNoValue
	}
	entries := splitSpace(o.text)
	if strings.Contains(o.text, ",") {
		entries = strings.Split(o.text, ",")
	}
	for _, entry := range entries {
		n, ok := integer(entry)
		if !ok {
			return fmt.Errorf("%w: '%s'", errNotInteger, entry)
		}
		if n < 1 {
			return errors.New("negative or zero value; must be positive")
		}
		o.numbers = append(o.numbers, n)
	}
	if o.numbers == nil {
		o.numbers = []int{}
	}
	return nil
}

// oneWordOf returns a check that accepts one of the words.
func oneWordOf(choices ...string) convert {
	return func(o *option) error {
		if !o.given {
			return fmt.Errorf("must supply an argument; choose from %s", strings.Join(choices, ", "))
		}
		word := strip(strings.ToLower(o.text))
		for _, choice := range choices {
			if word == choice {
				o.text = word
				return nil
			}
		}
		return fmt.Errorf("%q unknown; choose from %s", o.text, strings.Join(choices, ", "))
	}
}

var codePoint = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:(?:0x|x|\\x|U\+?|\\u)([0-9a-f]+)|&#x([0-9a-f]+);)$`)
})

// unicodeCode returns the character for a code point in one of several notations. Any other text is returned as it is.
func unicodeCode(text string) (string, error) {
	digits, base := text, 10
	if !isArabic(text) || text == "" {
		parts := codePoint().FindStringSubmatch(text)
		if parts == nil {
			return text, nil
		}
		digits, base = parts[1]+parts[2], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune {
		return "", fmt.Errorf("code too large (%s)", text)
	}
	return string(rune(n)), nil
}

// oneCharacter accepts a single character or its code point.
func oneCharacter(o *option) error {
	if !o.given {
		return errBeyond
	}
	char, err := unicodeCode(o.text)
	if err != nil {
		return errBeyond
	}
	if utf8.RuneCountInString(char) > 1 {
		return fmt.Errorf("%q invalid; must be a single character or a Unicode code", char)
	}
	o.text = char
	return nil
}

// delimiter accepts one character, or "tab" or "space".
func delimiter(o *option) error {
	switch o.text {
	case "tab":
		o.text = "\t"
	case "space":
		o.text = " "
	default:
		return oneCharacter(o)
	}
	return nil
}
