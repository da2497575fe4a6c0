package rst

import (
	"slices"
	"strings"
	"unicode"
)

// cell holds the lines of one table cell.
type cell struct{ lines []line }

// tableData holds the cells of a table, row by row, in the order in which docutils parses them.
type tableData struct {
	columns int
	rows    [][]cell
}

// table parses a table of either kind.
func (p *parser) table(s *scope, read func(*scope) (tableData, bool)) {
	number := s.lineNumber()
	data, finish := read(s)
	s.node.add(p.buildTable(data, number))
	if !finish {
		p.refuse(s.lineNumber()+1, tableEnds)
	}
}

// buildTable parses the content of all cells.
func (p *parser) buildTable(data tableData, number int) *node {
	table := newNode(kindTable, number)
	table.columns = data.columns
	for _, row := range data.rows {
		for _, one := range row {
			entry := newNode(kindBlock, number)
			table.add(entry)
			if !allEmpty(one.lines) {
				p.nested(one.lines, entry)
			}
		}
	}
	return table
}

func allEmpty(lines []line) bool {
	return !slices.ContainsFunc(lines, func(l line) bool { return l.text != "" })
}

// row is one line of a table, split into columns: a wide character is followed by a null for its second column.
type row []rune

// grid splits the lines of a table into columns.
func grid(block []line) []row {
	rows := make([]row, len(block))
	for i, l := range block {
		rows[i] = make(row, 0, len(l.text))
		for _, r := range l.text {
			rows[i] = append(rows[i], r)
			if r >= 0x1100 && unicode.Is(wide, r) {
				rows[i] = append(rows[i], null)
			}
		}
	}
	return rows
}

// bare returns the row without the characters that take no column.
func (r row) bare() row {
	if !slices.ContainsFunc(r, isCombining) {
		return r
	}
	return slices.DeleteFunc(slices.Clone(r), isCombining)
}

func isCombining(r rune) bool { return r >= 0x300 && unicode.Is(combining, r) }

// indexOf returns the index at which a column begins, or the length of the row.
func (r row) indexOf(column int) int {
	if column > len(r) {
		column = len(r)
	}
	if !slices.ContainsFunc(r, isCombining) {
		return column
	}
	for i, one := range r {
		if isCombining(one) {
			continue
		}
		if column == 0 {
			return i
		}
		column--
	}
	return len(r)
}

// cut returns a rectangle of a table, without the indentation that all its lines share.
func cut(block []line, rows []row, top, left, bottom, right int) cell {
	lines := make([]line, 0, max(bottom-top, 0))
	indent := right
	for i := top; i < bottom; i++ {
		one := rows[i]
		text := strings.ReplaceAll(string(one[one.indexOf(left):max(one.indexOf(right), one.indexOf(left))]), "\x00", "")
		text = stripRight(text)
		if _, width := stripLeft(text); text != "" {
			indent = min(indent, width)
		}
		lines = append(lines, line{text, block[i].lineno})
	}
	if indent > 0 && indent < right {
		for i := range lines {
			lines[i].text = cutColumns(lines[i].text, indent)
		}
	}
	return cell{lines}
}
