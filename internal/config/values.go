package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// setter parses one value into the draft, or returns what is wrong with it.
type setter = func(d *draft, value string) *finding.Finding

// boolean returns a parser of true and false in any letter case. It rejects other words, because a wrong guess could publish
// something unintentionally.
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

// number returns a parser of integers from low to high, without sign or leading zeros.
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

// numberOr returns a parser of such a number, or of a word, in any letter case, that stands for 0.
func numberOr(word string, low, high int, put func(*draft, int)) setter {
	parse := number(low, high, put)
	return func(d *draft, value string) *finding.Finding {
		if strings.EqualFold(value, word) {
			put(d, 0)
			return nil
		}
		problem := parse(d, value)
		if problem != nil {
			problem.Fix += ", or " + word
		}
		return problem
	}
}

// word returns a parser of the given words, in any letter case.
func word(put func(*draft, string), phrases ...string) setter {
	return func(d *draft, value string) *finding.Finding {
		for _, w := range phrases {
			if strings.EqualFold(w, value) {
				put(d, w)
				return nil
			}
		}
		last := len(phrases) - 1
		return wrong(finding.InputValue,
			d.quote(value)+" is not an allowed value",
			"write "+strings.Join(phrases[:last], ", ")+" or "+phrases[last])
	}
}

// line returns a parser of any text without line breaks and control characters.
func line(put func(*draft, string)) setter {
	return func(d *draft, value string) *finding.Finding {
		if hasControl(value) {
			return wrong(finding.InputValue, "the value contains a line break or another control character", "write it on one line")
		}
		put(d, value)
		return nil
	}
}

// paths returns a parser of one path per line. It skips blank lines.
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

// projects returns a parser of one name of a project per line. It skips blank lines.
func projects(put func(*draft, []pep.Project)) setter {
	return func(d *draft, value string) *finding.Finding {
		var all []pep.Project
		for each := range strings.Lines(value) {
			switch each = strings.TrimSpace(each); {
			case each == "":
			case !pep.ValidName(each):
				return wrong(finding.InputValue, d.quote(each)+" is not the name of a project", "write one name per line")
			default:
				all = append(all, pep.Normalize(each))
			}
		}
		put(d, all)
		return nil
	}
}

// hasControl reports whether a text contains a control character, such as a line break.
func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// quoteLimit limits how much of a value a message repeats, in bytes.
const quoteLimit = 80

// quote returns a value for a message: redacted, shortened and quoted. It redacts first, because quoting could change a secret
// so that it is no longer recognized.
func (d *draft) quote(value string) string {
	value = d.redactor.Redact(value)
	if len(value) > quoteLimit {
		value = phrase.Beginning(value, quoteLimit) + "…"
	}
	return strconv.Quote(value)
}
