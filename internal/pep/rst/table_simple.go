package rst

import (
	"fmt"
	"slices"
)

// simpleTable extracts and parses a table whose columns are drawn with "=".
func (p *parser) simpleTable(s *scope) (data tableData, blankFinish bool) {
	block, finish := p.isolateSimple(s)
	t := simpleReader{p: p, block: block, rows: grid(block)}
	for _, i := range []int{0, len(block) - 1} {
		replaceRune(t.rows[i], '=', '-')
	}
	t.dropSeparator()
	return t.read(), finish
}

// isolateSimple returns the lines of a simple table, up to its second border, or to one that a blank line follows.
func (p *parser) isolateSimple(s *scope) (block []line, blankFinish bool) {
	start, found := s.at, 0
	top := len(strip(s.text()))
	for i := start + 1; i < len(s.lines); i++ {
		p.spend(1)
		text := s.lines[i].text
		if !simpleBorder(text) {
			continue
		}
		if len(strip(text)) != top {
			p.refuse(s.lines[i].lineno, malformedTable, "Bottom border or header rule does not match top border.")
		}
		found++
		last := i == len(s.lines)-1 || strip(s.lines[i+1].text) == ""
		if found == 2 || last {
			s.at = i
			return s.lines[start : i+1], last
		}
	}
	detail := "No bottom table border found"
	if found > 0 {
		detail += " or no blank line after table bottom"
	}
	p.refuse(s.lines[start].lineno, malformedTable, detail+".")
	return nil, false
}

func replaceRune(r row, old, by rune) {
	for i := range r {
		if r[i] == old {
			r[i] = by
		}
	}
}

// simpleReader parses the rows of a simple table.
type simpleReader struct {
	p       *parser
	block   []line
	rows    []row
	columns []span
	border  int // the right end of the table's border; text in the last column may continue beyond it
	table   [][]cell
}

type span struct{ start, end int }

// dropSeparator converts the line between head and body to an ordinary border.
func (t *simpleReader) dropSeparator() {
	separator := -1
	for i, r := range t.rows {
		if !drawn(r, '=') {
			continue
		}
		if separator >= 0 {
			t.p.refuse(t.block[i].lineno, malformedTable, fmt.Sprintf(twoSeparators, separator+1, i+1))
		}
		separator = i
		replaceRune(r, '=', '-')
	}
}

// drawn reports whether a row consists of c and gaps, and begins with c.
func drawn(r row, c rune) bool {
	return len(r) > 0 && r[0] == c && !slices.ContainsFunc(r, func(r rune) bool { return r != c && r != ' ' })
}

func (t *simpleReader) read() tableData {
	t.columns = t.spans(0)
	t.border = t.columns[len(t.columns)-1].end
	first := t.columns[0]
	start, text := 1, false
	for i := 1; i < len(t.rows); i++ {
		t.p.spend(1)
		switch {
		case drawn(t.rows[i], '-'):
			t.row(start, i, t.spans(i))
			start, text = i+1, false
		case !blankBetween(t.rows[i], first.start, first.end):
			if text && i != start {
				t.row(start, i, slices.Clone(t.columns))
			}
			start, text = i, true
		case !text:
			start = i + 1
		}
	}
	return tableData{len(t.columns), t.table}
}

func blankBetween(r row, start, end int) bool {
	end = min(end, len(r))
	return start >= end || strip(string(r[start:end])) == ""
}

// spans returns the columns that a line draws. A line below the top joins columns and must end where they end.
func (t *simpleReader) spans(at int) []span {
	var spans []span
	r := t.rows[at]
	for i := 0; i < len(r); i++ {
		if r[i] != '-' {
			continue
		}
		start := i
		for i < len(r) && r[i] != ' ' {
			i++
		}
		spans = append(spans, span{start, i})
	}
	if t.columns == nil {
		return spans
	}
	last := &spans[len(spans)-1]
	if last.end != t.border {
		t.p.refuse(t.block[at].lineno, malformedTable, fmt.Sprintf("Column span incomplete in table line %d.", at+1))
	}
	last.end = t.columns[len(t.columns)-1].end
	return spans
}

// row cuts the lines from start to end into cells.
func (t *simpleReader) row(start, end int, columns []span) {
	t.checkMargins(start, end, columns)
	t.checkSpans(start, columns)
	var cells []cell
	for _, column := range columns {
		cells = append(cells, cut(t.block, t.rows, start, column.start, end, column.end))
	}
	t.table = append(t.table, cells)
}

// checkMargins refuses text between columns. Text in the last column widens it.
func (t *simpleReader) checkMargins(start, end int, columns []span) {
	last := len(columns) - 1
	for i := range columns {
		for at := start; at < end; at++ {
			t.p.spend(1)
			bare := t.rows[at].bare()
			if i < last {
				if !blankBetween(bare, columns[i].end, columns[i+1].start) {
					t.p.refuse(t.block[at].lineno, malformedTable, fmt.Sprintf("Text in column margin in table line %d.", at+1))
				}
				continue
			}
			if blankBetween(bare, columns[i].end, len(bare)) {
				continue
			}
			width := len([]rune(stripRight(string(bare[columns[i].start:]))))
			main := &t.columns[len(t.columns)-1]
			columns[i].end = max(main.end, columns[i].start+width)
			main.end = max(main.end, columns[i].start+width)
		}
	}
}

// checkSpans refuses columns that do not begin and end at column borders of the table.
func (t *simpleReader) checkSpans(start int, columns []span) {
	i := 0
	for _, column := range columns {
		ok := i < len(t.columns) && column.start == t.columns[i].start
		for ok && column.end != t.columns[i].end {
			i++
			ok = i < len(t.columns)
		}
		if !ok {
			t.p.refuse(t.block[start].lineno+1, malformedTable, fmt.Sprintf("Column span alignment problem in table line %d.", start+2))
		}
		i++
	}
}
