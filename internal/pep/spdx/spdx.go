// Package spdx speaks SPDX licence expressions as the metadata of a Python package has them (PEP 639,
// "License-Expression") and as the index reads them, whose own library is more lenient than the SPDX specification in some
// places: WITH binds no tighter than OR, an exception may follow a parenthesis, and no DocumentRef- is known.
//
// The list of identifiers ages. README.md beside this file tells its source and date.
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

// maxNesting is how many parentheses may be open at once: the index has the grammar judged by Python's own parser, which
// refuses more.
const maxNesting = 200

// Canonical returns the expression as the index stores it: identifiers in the spelling of the SPDX list, operators in
// capitals, one space between words and none inside of parentheses. The canonical form is canonical itself.
//
// An error names the word that is at fault, and is an *UnknownError where a newer list could have it. It takes time and
// memory in proportion to the text.
func Canonical(expression string) (string, error) {
	words := split(expression)
	if err := grammar(words); err != nil {
		return "", err
	}
	refs := references(words)
	var b strings.Builder
	for i, word := range words {
		said, err := spelled(words, i, refs)
		if err != nil {
			return "", err
		}
		if i > 0 && words[i-1] != "(" && word != ")" {
			b.WriteByte(' ')
		}
		b.WriteString(said)
	}
	return b.String(), nil
}

// UnknownError tells of a word that could be an identifier and is not in the list, which may have learned it since.
type UnknownError struct {
	Word      string // as it was written
	Exception bool   // whether an exception should stand there, and not a licence
}

// Error names the word and where to look for the right one.
func (e *UnknownError) Error() string {
	if e.Exception {
		return fmt.Sprintf("%q is not in the SPDX list of exceptions: use an identifier from https://spdx.org/licenses/exceptions-index.html",
			e.Word)
	}
	return fmt.Sprintf("%q is not in the SPDX license list: use an identifier from https://spdx.org/licenses/, or LicenseRef- followed by your own name",
		e.Word)
}

// AsOf is the last day on which the index is known to have had exactly this list.
func AsOf() time.Time {
	return tables().asOf
}

// split cuts an expression into words; parentheses are words of their own.
func split(expression string) []string {
	padded := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression)
	return strings.FieldsFunc(padded, isSpace)
}

// isSpace is what Python takes for white space: more than Unicode does.
func isSpace(r rune) bool {
	return r >= 0x1c && r <= 0x1f || len(strings.TrimSpace(string(r))) == 0
}

// lower is Python's, which keeps the dot of a Turkish capital I, so that "MİT" is not "mit".
func lower(word string) string {
	return strings.ToLower(strings.ReplaceAll(word, "\u0130", "i\u0307"))
}

// grammar judges the order of words: an operand, then an operator and an operand as often as you like; an operand is an
// identifier or an expression in parentheses.
func grammar(words []string) error {
	open, operand := 0, true // operand: one has to come next
	for _, word := range words {
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

// references maps references in lower case to their spelling. Of several spellings of one the last is used for all.
func references(words []string) map[string]string {
	refs := map[string]string{}
	for _, word := range words {
		if low := lower(word); strings.HasPrefix(low, refPrefix) {
			refs[low] = "LicenseRef-" + word[len(refPrefix):]
		}
	}
	return refs
}

// validRef judges a reference in lower case.
var validRef = regexp.MustCompile(`^[a-z0-9.-]*$`)

// spelled gives word i its canonical spelling.
func spelled(words []string, i int, refs map[string]string) (string, error) {
	low := lower(words[i])
	switch low {
	case "(", ")", "and", "or", "with":
		return strings.ToUpper(low), nil
	}
	if i > 0 && lower(words[i-1]) == "with" {
		if id, known := tables().exceptions[low]; known {
			return id, nil
		}
		return "", unknown(words[i], true)
	}
	low, later := strings.CutSuffix(low, "+")
	suffix := ""
	if later {
		suffix = "+"
	}
	if strings.HasPrefix(low, refPrefix) {
		id, known := refs[low]
		if !known || !validRef.MatchString(low) {
			return "", fmt.Errorf("%q is not a valid reference: write LicenseRef- and then only letters, digits, dots and dashes", words[i])
		}
		return id + suffix, nil
	}
	if id, known := tables().licenses[low]; known {
		return id + suffix, nil
	}
	return "", unknown(words[i], false)
}

// identifier is what SPDX allows in one (annex "SPDX license expressions").
var identifier = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)

// unknown is an *UnknownError for a word that the list may get one day, and another error of the same text for one that
// cannot be an identifier.
func unknown(word string, exception bool) error {
	err := &UnknownError{Word: word, Exception: exception}
	if id := strings.TrimSuffix(word, "+"); !identifier.MatchString(id) {
		return errors.New(err.Error())
	}
	return err
}

// identifiers map lower case to the list's spelling.
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
			t.asOf, _ = time.Parse(time.DateOnly, id) // a test holds that it is a date
		case "license":
			t.licenses[strings.ToLower(id)] = id
		case "exception":
			t.exceptions[strings.ToLower(id)] = id
		}
	}
	return t
})
