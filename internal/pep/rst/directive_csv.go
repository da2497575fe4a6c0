package rst

import (
	"strings"
)

// runCSVTable builds a table from comma-separated values.
func runCSVTable(p *parser, c *call) []*node {
	if c.has("file") || c.has("url") {
		p.refuse(c.line, fileAccessOff, c.name)
	}
	title := p.argument(c)
	if len(c.content) == 0 {
		p.refuse(c.line, csvEmpty, c.name)
	}
	dialect := dialectOf(p, c)
	var head [][]csvCell
	if c.has("header") {
		head = p.readCSV(c, headerLines(c), dialect)
	}
	rows := p.readCSV(c, c.content, dialect)
	columns := 0
	for _, row := range append(head[:len(head):len(head)], rows...) {
		columns = max(columns, len(row))
	}
	sizes := make([]int, len(rows))
	for i, row := range rows {
		sizes[i] = len(row)
	}
	p.checkDimensions(c, sizes)
	p.listWidths(c, columns)
	table := p.buildTable(tableData{columns, csvRows(append(head, rows...))}, c.line)
	p.giveName(table, c, "name")
	table.add(title...)
	return []*node{table}
}

// headerLines returns the lines of the header option.
func headerLines(c *call) []line {
	var lines []line
	for text := range strings.SplitSeq(c.options["header"].text, "\n") {
		lines = append(lines, line{text, c.line})
	}
	return lines
}

// csvRows converts the texts of cells to lines.
func csvRows(rows [][]csvCell) [][]cell {
	table := make([][]cell, len(rows))
	for i, row := range rows {
		for _, one := range row {
			var lines []line
			for rest := one.text; rest != ""; {
				var first string
				first, rest = cutLine(rest)
				lines = append(lines, line{first, one.line + len(lines)})
			}
			table[i] = append(table[i], cell{lines})
		}
	}
	return table
}

// readCSV parses lines of values.
func (p *parser) readCSV(c *call, lines []line, d dialect) [][]csvCell {
	rows, err := d.read(lines)
	if err != nil {
		p.refuse(c.line, csvError, c.name, err)
	}
	return rows
}

// dialectOf returns the format of the values. Contradictory marks are undecided, because the result depends on the
// version of Python.
func dialectOf(p *parser, c *call) dialect {
	d := dialect{delimiter: ",", quote: `"`, skipBlank: !c.has("keepspace")}
	if c.has("delim") {
		d.delimiter = c.options["delim"].text
	}
	if c.has("quote") {
		d.quote = c.options["quote"].text
	}
	if c.has("escape") {
		d.escape = c.options["escape"].text
	}
	odd := d.delimiter == d.quote || d.escape != "" && (d.escape == d.delimiter || d.escape == d.quote)
	for _, mark := range []string{d.delimiter, d.quote, d.escape} {
		odd = odd || mark == "\n" || mark == "\r" || mark == " " && d.skipBlank && mark != d.delimiter
	}
	if odd || d.delimiter == "" || d.quote == "" || c.has("escape") && d.escape == "" || d.delimiter == " " && d.skipBlank {
		p.undecided(c.line, "directive", "the marks of the csv-table directive rule each other out")
	}
	return d
}
