package rst

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// gridTable extracts and parses a table drawn with "+", "-" and "|".
func (p *parser) gridTable(s *scope) (data tableData, blankFinish bool) {
	first := s.at
	block, finish := p.isolateGrid(s)
	g := gridReader{p: p, block: block, rows: grid(block)}
	width := len(g.rows[0])
	for i, one := range g.rows {
		bare := one.bare()
		if last := bare[len(bare)-1]; len(bare) != width || last != '+' && last != '|' {
			p.refuse(s.lines[first].lineno+i, malformedTable, "Right border not aligned or missing.")
		}
		g.plain = append(g.plain, bare)
	}
	g.dropSeparator()
	return g.read(), finish
}

// isolateGrid returns the lines of a grid table, up to its last border.
func (p *parser) isolateGrid(s *scope) (block []line, blankFinish bool) {
	text := p.textBlock(s, true)
	block = make([]line, 0, len(text))
	finish := true
	for i, l := range text {
		l.text = strip(l.text)
		if l.text[0] != '+' && l.text[0] != '|' {
			finish = false
			s.at -= len(text) - i
			break
		}
		block = append(block, l)
	}
	if gridBorder(block[len(block)-1].text) == 0 {
		end := len(block) - 2
		for ; end > 1 && gridBorder(block[end].text) == 0; end-- {
		}
		if end <= 1 {
			p.refuse(block[0].lineno, malformedTable, "Bottom border missing or corrupt.")
		}
		s.at -= len(block) - end + 1
		block, finish = block[:end+1], false
	}
	return block, finish
}

// gridReader finds the cells of a grid table, corner by corner.
type gridReader struct {
	p             *parser
	block         []line
	rows          []row // as in the source
	plain         []row // without combining characters: used to find the borders
	bottom, right int
	done          []int // per column: the last line that belongs to a cell found so far
	cells         []gridCell
	rowLines      map[int]bool // lines and columns that contain a border
	columnLines   map[int]bool
}

type gridCell struct{ top, left, bottom, right int }

// dropSeparator converts the line between head and body to an ordinary border.
func (g *gridReader) dropSeparator() {
	separator := -1
	for i, l := range g.block {
		text := strings.TrimRight(l.text, " ")
		n := len(text)
		if n < 5 || text[:2] != "+=" || text[n-2:] != "=+" || strings.Trim(text, "+=") != "" {
			continue
		}
		if separator >= 0 {
			g.p.refuse(l.lineno, malformedTable, fmt.Sprintf(twoSeparators, separator+1, i+1))
		}
		separator = i
		for j, r := range g.plain[i] {
			if r == '=' {
				g.plain[i][j] = '-'
			}
		}
	}
	if separator == 0 || separator == len(g.block)-1 {
		g.p.refuse(g.block[len(g.block)-1].lineno, malformedTable, separatorOutside)
	}
}

// read finds all cells. The table is complete if they leave no gap.
func (g *gridReader) read() tableData {
	g.bottom, g.right = len(g.block)-1, len(g.plain[0])-1
	g.done = slices.Repeat([]int{-1}, len(g.plain[0]))
	g.rowLines, g.columnLines = map[int]bool{0: true}, map[int]bool{0: true}
	corners := []corner{{0, 0}}
	for len(corners) > 0 {
		c := corners[0]
		corners = corners[1:]
		if c.top == g.bottom || c.left == g.right || c.top <= g.done[c.left] {
			continue
		}
		found, ok := g.scan(c)
		if !ok {
			continue
		}
		g.mark(found)
		g.cells = append(g.cells, found)
		corners = addCorner(corners, corner{c.top, found.right})
		corners = addCorner(corners, corner{found.bottom, c.left})
	}
	for _, done := range g.done[:g.right] {
		if done != g.bottom-1 {
			g.p.refuse(g.block[0].lineno, malformedTable, "Malformed table; parse incomplete.")
		}
	}
	return g.order()
}

type corner struct{ top, left int }

// addCorner inserts a corner in order: from the top, then from the left.
func addCorner(corners []corner, c corner) []corner {
	at, _ := slices.BinarySearchFunc(corners, c, func(a, b corner) int {
		if a.top != b.top {
			return a.top - b.top
		}
		return a.left - b.left
	})
	return slices.Insert(corners, at, c)
}

// mark records that the columns of a cell are read down to its bottom.
func (g *gridReader) mark(c gridCell) {
	g.p.spend(c.right - c.left)
	for column := c.left; column < c.right; column++ {
		if g.done[column] != c.top-1 {
			g.p.undecided(g.block[c.top].lineno, "table", "the cells of the table overlap")
		}
		g.done[column] = c.bottom - 1
	}
}

// order returns the cells row by row. Cells that do not match the lines of the table are undecided.
func (g *gridReader) order() tableData {
	sort.Slice(g.cells, func(i, j int) bool {
		a, b := g.cells[i], g.cells[j]
		return a.top < b.top || a.top == b.top && a.left < b.left
	})
	area := 0
	rowsAt, columnsAt := ranks(g.rowLines), ranks(g.columnLines)
	var rows [][]cell
	for i, c := range g.cells {
		if i == 0 || c.top != g.cells[i-1].top {
			rows = append(rows, nil)
		}
		area += (rowsAt[c.bottom] - rowsAt[c.top]) * (columnsAt[c.right] - columnsAt[c.left])
		inner := cut(g.block, g.rows, c.top+1, c.left+1, c.bottom, c.right)
		rows[len(rows)-1] = append(rows[len(rows)-1], inner)
	}
	if area != (len(rowsAt)-1)*(len(columnsAt)-1) {
		g.p.undecided(g.block[0].lineno, "table", "the cells of the table leave gaps")
	}
	return tableData{len(columnsAt) - 1, rows}
}

// ranks numbers the members of a set in ascending order.
func ranks(set map[int]bool) map[int]int {
	keys := make([]int, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	ranks := make(map[int]int, len(keys))
	for i, key := range keys {
		ranks[key] = i
	}
	return ranks
}
