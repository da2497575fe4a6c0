package rst

import (
	"errors"
	"fmt"
	"strings"
)

// dialect describes a format of comma-separated values. Quotes and delimiters are single characters.
type dialect struct {
	delimiter, quote string
	escape           string // empty: a quote inside quotes is doubled
	skipBlank        bool   // blanks after a delimiter are ignored
}

// csvCell holds one value, and the line on which it begins.
type csvCell struct {
	text string
	line int
}

// longestField limits one value, in bytes, as Python's reader does.
const longestField = 131_072

// csvState says what the reader expects at the next character.
type csvState uint8

const (
	csvStart csvState = iota
	csvInField
	csvInQuotes
	csvQuoteSeen // a quote inside quotes: their end, or the first of a doubled one
	csvEscaped
	csvEscapedInQuotes
)

// csvReader parses values character by character, as strictly as Python's reader with docutils' settings.
type csvReader struct {
	dialect
	state csvState
	row   []csvCell
	field strings.Builder
	line  int // the line on which the field begins
}

// read parses all lines and returns their rows. An empty line is a row without cells.
func (d dialect) read(lines []line) ([][]csvCell, error) {
	r := csvReader{dialect: d}
	var rows [][]csvCell
	open := false
	for _, l := range lines {
		if !open && l.text == "" {
			rows = append(rows, nil)
			continue
		}
		if !open {
			r.state, r.row, r.line = csvStart, nil, l.lineno
		}
		for _, one := range l.text {
			if err := r.character(string(one), l.lineno); err != nil {
				return nil, err
			}
		}
		if open = r.lineEnd(); !open {
			rows = append(rows, r.row)
		}
		if r.field.Len() > longestField {
			return nil, fmt.Errorf("field larger than field limit (%d)", longestField)
		}
	}
	if open {
		return nil, errors.New("unexpected end of data")
	}
	return rows, nil
}

// lineEnd handles the end of a line, and reports whether the row continues on the next one.
func (r *csvReader) lineEnd() (open bool) {
	switch r.state {
	case csvInQuotes:
		r.field.WriteByte('\n')
		return true
	case csvEscapedInQuotes:
		r.field.WriteByte('\n')
		r.state = csvInQuotes
		return true
	case csvEscaped:
		r.field.WriteByte('\n')
		r.state = csvInField
		return true
	default:
		r.save()
		return false
	}
}

// save ends a value.
func (r *csvReader) save() {
	r.row = append(r.row, csvCell{r.field.String(), r.line})
	r.field.Reset()
	r.state = csvStart
}

func (r *csvReader) character(c string, number int) error {
	switch r.state {
	case csvStart:
		r.first(c, number)
	case csvInField:
		r.inField(c)
	case csvInQuotes:
		r.inQuotes(c)
	case csvQuoteSeen:
		return r.behindQuote(c)
	case csvEscaped:
		r.field.WriteString(c)
		r.state = csvInField
	case csvEscapedInQuotes:
		r.field.WriteString(c)
		r.state = csvInQuotes
	}
	return nil
}

func (r *csvReader) first(c string, number int) {
	r.line = number
	switch {
	case c == r.quote:
		r.state = csvInQuotes
	case c == r.escape:
		r.state = csvEscaped
	case c == " " && r.skipBlank:
	case c == r.delimiter:
		r.save()
	default:
		r.field.WriteString(c)
		r.state = csvInField
	}
}

func (r *csvReader) inField(c string) {
	switch c {
	case r.escape:
		r.state = csvEscaped
	case r.delimiter:
		r.save()
	default:
		r.field.WriteString(c)
	}
}

func (r *csvReader) inQuotes(c string) {
	switch {
	case c == r.escape:
		r.state = csvEscapedInQuotes
	case c != r.quote:
		r.field.WriteString(c)
	case r.escape == "":
		r.state = csvQuoteSeen
	default:
		r.state = csvInField
	}
}

// behindQuote handles the character after a quote inside quotes: another quote, or the end of the value.
func (r *csvReader) behindQuote(c string) error {
	switch c {
	case r.quote:
		r.field.WriteString(c)
		r.state = csvInQuotes
	case r.delimiter:
		r.save()
	default:
		return fmt.Errorf("'%s' expected after '%s'", r.delimiter, r.quote)
	}
	return nil
}
