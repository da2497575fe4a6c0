package rst

// scan returns the smallest cell whose top left corner is c: it follows the border right, down, left and up again.
func (g *gridReader) scan(c corner) (gridCell, bool) {
	top := g.plain[c.top]
	var seen []int
	for right := c.left + 1; right <= g.right; right++ {
		g.p.spend(1)
		switch top[right] {
		case '+':
			seen = append(seen, right)
			if bottom, ok := g.scanDown(c, right); ok {
				for _, column := range seen {
					g.columnLines[column] = true
				}
				return gridCell{c.top, c.left, bottom, right}, true
			}
		case '-':
		default:
			return gridCell{}, false
		}
	}
	return gridCell{}, false
}

func (g *gridReader) scanDown(c corner, right int) (bottom int, ok bool) {
	var seen []int
	for bottom = c.top + 1; bottom <= g.bottom; bottom++ {
		g.p.spend(1)
		switch g.plain[bottom][right] {
		case '+':
			seen = append(seen, bottom)
			if g.scanLeft(c, bottom, right) {
				for _, line := range seen {
					g.rowLines[line] = true
				}
				return bottom, true
			}
		case '|':
		default:
			return 0, false
		}
	}
	return 0, false
}

func (g *gridReader) scanLeft(c corner, bottom, right int) bool {
	var seen []int
	border := g.plain[bottom]
	for column := right - 1; column > c.left; column-- {
		g.p.spend(1)
		switch border[column] {
		case '+':
			seen = append(seen, column)
		case '-':
		default:
			return false
		}
	}
	if border[c.left] != '+' || !g.scanUp(c, bottom) {
		return false
	}
	for _, column := range seen {
		g.columnLines[column] = true
	}
	return true
}

func (g *gridReader) scanUp(c corner, bottom int) bool {
	var seen []int
	for line := bottom - 1; line > c.top; line-- {
		g.p.spend(1)
		switch g.plain[line][c.left] {
		case '+':
			seen = append(seen, line)
		case '|':
		default:
			return false
		}
	}
	for _, line := range seen {
		g.rowLines[line] = true
	}
	return true
}
