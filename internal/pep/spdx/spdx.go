// Package spdx checks SPDX license expressions in the metadata of Python packages (PEP 639, "License-Expression") as the
// index does. The library of the index accepts more than the SPDX specification: WITH binds no more tightly than OR, an
// exception may follow a parenthesis, and DocumentRef- is unknown.
//
// The list of identifiers ages. README.md in this directory gives its source and date.
package spdx

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:generate sh refresh.sh

//go:embed spdx.txt
var list string

// maxNesting limits how many parentheses may be open at once: the index checks the grammar with Python's own parser,
// which refuses more.
const maxNesting = 200

// Canonical returns the expression as the index stores it: identifiers in the spelling of the SPDX list, operators in
// capitals, one space between words and none inside parentheses. The canonical form of a canonical expression is the
// same.
//
// An error names the invalid word, and is an *UnknownError if a newer list could contain it. Time and memory are
// proportional to the length of the text.
func Canonical(expression string) (string, error) {
	phrases := split(expression)
	if err := grammar(phrases); err != nil {
		return "", err
	}
	refs := references(phrases)
	var b strings.Builder
	for i, word := range phrases {
		message, err := spelled(phrases, i, refs)
		if err != nil {
			return "", err
		}
		if i > 0 && phrases[i-1] != "(" && word != ")" {
			b.WriteByte(' ')
		}
		b.WriteString(message)
	}
	return b.String(), nil
}

// Strict reports whether a valid expression is one for releases of the index's library since packaging 26.3 too: an exception must follow
// an identifier, and a reference must have a name and no plus sign.
func Strict(expression string) bool {
	phrases := split(expression)
	for i, word := range phrases {
		switch low := lower(word); {
		case low == "with" && (i == 0 || i+1 == len(phrases) || phrases[i-1] == ")"):
			return false
		case low == "with" && i > 1 && lower(phrases[i-2]) == "with":
			return false
		case low == refPrefix, strings.HasPrefix(low, refPrefix) && strings.HasSuffix(low, "+"):
			return false
		}
	}
	return true
}

// UnknownError reports a word that could be an identifier but is not in the list. A newer list may contain it.
type UnknownError struct {
	Word      string // as written
	Exception bool   // whether an exception is expected, not a license
}

// Error names the word and the page that lists the valid ones.
func (e *UnknownError) Error() string {
	if e.Exception {
		return fmt.Sprintf(
			"%q is not in the SPDX list of exceptions: use an identifier from https://spdx.org/licenses/exceptions-index.html",
			e.Word)
	}
	return fmt.Sprintf(
		"%q is not in the SPDX license list: use an identifier from https://spdx.org/licenses/, or LicenseRef- followed by your own name",
		e.Word)
}

// AsOf returns the last day, at midnight UTC, on which the index is known to have had exactly this list.
func AsOf() time.Time {
	return tables().asOf
}

// Refused reports whether the index certainly refuses on a day an expression of which Canonical returns err: always, but for an identifier
// that a newer list may contain.
func Refused(err error, today time.Time) bool {
	var unknown *UnknownError
	return err != nil && (!errors.As(err, &unknown) || today.Before(AsOf().AddDate(0, 0, 1)))
}

// split returns the words of an expression; every parenthesis is a word.
func split(expression string) []string {
	padded := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression)
	return strings.FieldsFunc(padded, isSpace)
}

// isSpace reports whether Python treats r as white space: Unicode's set and four control characters.
func isSpace(r rune) bool {
	return r >= 0x1c && r <= 0x1f || len(strings.TrimSpace(string(r))) == 0
}

// lower converts to lower case as Python does, which keeps the dot of a Turkish capital I, so that "MİT" is not "mit".
func lower(word string) string {
	return strings.ToLower(strings.ReplaceAll(word, "\u0130", "i\u0307"))
}

// grammar checks the order of words: an operand, followed by any number of operators with an operand each. An operand is
// an identifier or an expression in parentheses.
func grammar(phrases []string) error {
	open, operand := 0, true // operand: whether an operand must come next
	for _, word := range phrases {
		switch kind := lower(word); kind {
		case "(":
			if open++; open > maxNesting {
				return fmt.Errorf("more than %d parentheses are open at once: write the expression with fewer", maxNesting)
			}
			if !operand {
				return fmt.Errorf("%q comes without AND or OR before it: put one there", word)
			}
		case ")":
			if open--; operand || open < 0 {
				return fmt.Errorf("%q closes nothing: put an expression in parentheses", word)
			}
		case "and", "or", "with":
			if operand {
				return fmt.Errorf("%q has no licence before it: put one there", word)
			}
			operand = true
		default:
			if !operand {
				return fmt.Errorf("%q comes without AND, OR or WITH before it: put one there", word)
			}
			operand = false
		}
	}
	switch {
	case operand:
		return errors.New("the expression ends where a licence should come: name one")
	case open > 0:
		return errors.New("a parenthesis is not closed: close it")
	}
	return nil
}

const refPrefix = "licenseref-"

// references maps references in lower case to their spelling. If a reference has several spellings, the last one counts.
func references(phrases []string) map[string]string {
	refs := map[string]string{}
	for _, word := range phrases {
		if low := lower(word); strings.HasPrefix(low, refPrefix) {
			refs[low] = "LicenseRef-" + word[len(refPrefix):]
		}
	}
	return refs
}

// validRef matches a valid reference in lower case.
var validRef = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9.-]*$`) })

// spelled returns the canonical spelling of word i.
func spelled(phrases []string, i int, refs map[string]string) (string, error) {
	low := lower(phrases[i])
	switch low {
	case "(", ")", "and", "or", "with":
		return strings.ToUpper(low), nil
	}
	if i > 0 && lower(phrases[i-1]) == "with" {
		if id, known := tables().exceptions[low]; known {
			return id, nil
		}
		return "", unknown(phrases[i], true)
	}
	low, later := strings.CutSuffix(low, "+")
	suffix := ""
	if later {
		suffix = "+"
	}
	if strings.HasPrefix(low, refPrefix) {
		id, known := refs[low]
		if !known || !validRef().MatchString(low) {
			return "",
				fmt.Errorf("%q is not a valid reference: write LicenseRef- and then only letters, digits, dots and dashes", phrases[i])
		}
		return id + suffix, nil
	}
	if id, known := tables().licenses[low]; known {
		return id + suffix, nil
	}
	return "", unknown(phrases[i], false)
}

// identifier matches the characters that SPDX allows in identifiers (annex "SPDX license expressions").
var identifier = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9.-]+$`) })

// unknown returns an *UnknownError for a word that a newer list may contain, and another error with the same text for one
// that cannot be an identifier.
func unknown(word string, exception bool) error {
	err := &UnknownError{Word: word, Exception: exception}
	if id := strings.TrimSuffix(word, "+"); !identifier().MatchString(id) {
		return errors.New(err.Error())
	}
	return err
}

// identifiers maps names in lower case to the spelling of the list.
type identifiers struct {
	licenses, exceptions map[string]string
	asOf                 time.Time
}

var tables = sync.OnceValue(func() identifiers {
	t := identifiers{licenses: map[string]string{}, exceptions: map[string]string{}}
	for line := range strings.Lines(list) {
		kind, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "as-of":
			t.asOf, _ = time.Parse(time.DateOnly, id) // a test checks that it is a date
		case "license":
			t.licenses[strings.ToLower(id)] = id
		case "exception":
			t.exceptions[strings.ToLower(id)] = id
		}
	}
	return t
})
