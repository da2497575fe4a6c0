package rst

// runTable adds a title to a table in its content.
func runTable(p *parser, c *call) []*node {
	if len(c.content) == 0 {
		p.refuse(c.line, tableContentExpected, c.name)
	}
	title := p.argument(c)
	holder := newNode(kindDetached, c.line)
	p.nested(c.content, holder)
	if len(holder.children) != 1 || holder.children[0].kind != kindTable {
		p.refuse(c.line, oneTableExpected, c.name)
	}
	table := holder.children[0]
	p.checkWidths(c, table.columns)
	p.giveName(table, c, "name")
	table.add(title...)
	return []*node{table}
}

// checkWidths refuses a list of widths whose length differs from the number of columns.
func (p *parser) checkWidths(c *call, columns int) {
	if widths := c.options["widths"].numbers; widths != nil && len(widths) != columns {
		p.refuse(c.line, badWidths, c.name, columns)
	}
}

// runListTable builds a table from a list of lists.
func runListTable(p *parser, c *call) []*node {
	if len(c.content) == 0 {
		p.refuse(c.line, listTableEmpty, c.name)
	}
	title := p.argument(c)
	holder := newNode(kindDetached, c.line)
	p.nested(c.content, holder)
	if len(holder.children) != 1 || holder.children[0].kind != kindBulletList {
		p.refuse(c.line, oneListExpected, c.name)
	}
	list := holder.children[0]
	columns := p.uniform(c, list)
	p.listWidths(c, columns)
	sizes := make([]int, len(list.children))
	for i := range sizes {
		sizes[i] = columns
	}
	p.checkDimensions(c, sizes)
	table := newNode(kindTable, c.line)
	table.add(list)
	p.giveName(table, c, "name")
	table.add(title...)
	return []*node{table}
}

// uniform returns the number of columns of a list of lists, and refuses rows with a different number.
func (p *parser) uniform(c *call, list *node) int {
	columns := 0
	for i, item := range list.children {
		if len(item.children) != 1 || item.children[0].kind != kindBulletList {
			p.refuse(c.line, secondLevelExpected, c.name, i+1)
		}
		size := len(item.children[0].children)
		if i == 0 {
			columns = size
		}
		if size != columns {
			p.refuse(c.line, unevenRows, c.name, i+1, size, columns)
		}
	}
	return columns
}

// listWidths works like checkWidths, for tables that may have no columns at all.
func (p *parser) listWidths(c *call, columns int) {
	p.checkWidths(c, columns)
	if columns == 0 && c.options["widths"].numbers == nil {
		p.refuse(c.line, noTableData)
	}
}

// checkDimensions refuses a table without a row or column left for the body. sizes has the number of cells of each row.
func (p *parser) checkDimensions(c *call, sizes []int) {
	header, stub := c.options["header-rows"].number, c.options["stub-columns"].number
	switch rows := len(sizes); {
	case rows < header:
		p.refuse(c.line, tooManyHeaderRows, header, rows, c.name)
	case rows == header && header > 0:
		p.refuse(c.line, onlyHeaderRows, rows, c.name)
	}
	for _, size := range sizes {
		switch {
		case size < stub:
			p.refuse(c.line, tooManyStubColumns, stub, size, c.name)
		case size == stub && stub > 0:
			p.refuse(c.line, onlyStubColumns, size, c.name)
		}
	}
}
