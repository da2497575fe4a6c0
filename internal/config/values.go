package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// setter reads one value into the draft, or tells what is wrong with it.
type setter = func(d *draft, value string) *finding.Finding

// boolean takes true and false in any case. Other spellings of yes are refused: an action that guesses what "no" means has
// published what nobody wanted published.
func boolean(put func(*draft, bool)) setter {
	return func(d *draft, value string) *finding.Finding {
		switch strings.ToLower(value) {
		case "true":
			put(d, true)
		case "false":
			put(d, false)
		default:
			return wrong(finding.InputValue, d.quote(value)+" is not a boolean", "write true or false")
		}
		return nil
	}
}

// number takes a whole number from low to high, written the one usual way.
func number(low, high int, put func(*draft, int)) setter {
	return func(d *draft, value string) *finding.Finding {
		n, err := strconv.Atoi(value)
		if err != nil || strconv.Itoa(n) != value || n < low || n > high {
			return wrong(finding.InputValue,
				d.quote(value)+" is not an allowed number",
				fmt.Sprintf("write a whole number from %d to %d", low, high))
		}
		put(d, n)
		return nil
	}
}

// word takes one of the words, in any case.
func word(put func(*draft, string), words ...string) setter {
	return func(d *draft, value string) *finding.Finding {
		for _, w := range words {
			if strings.EqualFold(w, value) {
				put(d, w)
				return nil
			}
		}
		last := len(words) - 1
		return wrong(finding.InputValue,
			d.quote(value)+" is not an allowed value",
			"write "+strings.Join(words[:last], ", ")+" or "+words[last])
	}
}

// line takes any text of one line.
func line(put func(*draft, string)) setter {
	return func(d *draft, value string) *finding.Finding {
		if hasControl(value) {
			return wrong(finding.InputValue, "the value contains a line break or another control character", "write it on one line")
		}
		put(d, value)
		return nil
	}
}

// paths takes one path a line; blank lines are left out.
func paths(put func(*draft, []string)) setter {
	return func(d *draft, value string) *finding.Finding {
		var all []string
		for each := range strings.Lines(value) {
			each = strings.TrimSpace(each)
			if hasControl(each) {
				return wrong(finding.InputValue, "a path contains a control character", "write one path per line")
			}
			if each != "" {
				all = append(all, each)
			}
		}
		put(d, all)
		return nil
	}
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// quoteLimit bounds how much of a stranger's value a message repeats, in bytes.
const quoteLimit = 80

// quote makes a value fit for a message: no secret in it, bounded, and quoted. Secrets go first, since quoting would change
// the form in which they are found.
func (d *draft) quote(value string) string {
	value = d.vault.Redact(value)
	if len(value) > quoteLimit {
		value = phrase.Beginning(value, quoteLimit) + "…"
	}
	return strconv.Quote(value)
}
