package rst

// classed returns the options that most directives share, and those in more.
func classed(more map[string]convert) map[string]convert {
	options := map[string]convert{"class": classNames, "name": unchanged}
	for name, check := range more {
		options[name] = check
	}
	return options
}

// directiveNamed returns the directive with this name, in lower case, in an English document (docutils 0.23).
func directiveNamed(name string) (directive, bool) {
	for _, group := range []func(string) (directive, bool){
		bodyDirective, tableDirective, imageDirective, partDirective, definingDirective,
	} {
		if d, ok := group(name); ok {
			return d, true
		}
	}
	return directive{}, false
}

// bodyDirective returns a directive that makes body elements.
func bodyDirective(name string) (directive, bool) {
	switch name {
	case "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning":
		return directive{options: classed(nil), content: true, run: runContainer}, true
	case "compound":
		return directive{options: classed(nil), content: true, run: runContainer}, true
	case "admonition":
		return directive{required: 1, spaces: true, options: classed(nil), content: true, run: runContainer}, true
	case "container":
		return directive{
			optional: 1, spaces: true, options: map[string]convert{"name": unchanged}, content: true, run: runClassedContainer,
		}, true
	case "topic":
		return directive{required: 1, spaces: true, options: classed(nil), content: true, run: runTopic}, true
	case "sidebar":
		return directive{
			optional: 1, spaces: true, options: classed(map[string]convert{"subtitle": required}), content: true, run: runSidebar,
		}, true
	case "rubric":
		return directive{required: 1, spaces: true, options: classed(nil), run: runRubric}, true
	case "epigraph", "highlights", "pull-quote":
		return directive{content: true, run: runQuote}, true
	case "line-block":
		return directive{options: classed(nil), content: true, run: runLineBlock}, true
	case "parsed-literal":
		return directive{options: classed(nil), content: true, run: runParsedLiteral}, true
	case "math":
		return directive{options: classed(nil), content: true, run: runMath}, true
	case "code", "code-block", "sourcecode":
		return directive{
			optional: 1, options: classed(map[string]convert{"number-lines": lineNumbers}), content: true, run: runCode,
		}, true
	}
	return directive{}, false
}

// tableDirective returns a directive that makes tables.
func tableDirective(name string) (directive, bool) {
	shared := map[string]convert{
		"align": oneWordOf("left", "center", "right"), "width": lengthOrPercent, "widths": columnWidths,
	}
	d := directive{optional: 1, spaces: true, content: true}
	switch name {
	case "table":
		shared["widths"] = columnWidthsOrGrid
		d.run = runTable
	case "list-table":
		shared["header-rows"], shared["stub-columns"] = nonNegative, nonNegative
		d.run = runListTable
	case "csv-table":
		for option, check := range csvOptions() {
			shared[option] = check
		}
		d.run = runCSVTable
	default:
		return directive{}, false
	}
	d.options = classed(shared)
	return d, true
}

func csvOptions() map[string]convert {
	return map[string]convert{
		"header-rows": nonNegative, "stub-columns": nonNegative, "header": unchanged,
		"file": required, "url": required, "encoding": encoding,
		"delim": delimiter, "quote": oneCharacter, "escape": oneCharacter, "keepspace": flag,
	}
}

// imageDirective returns a directive that shows images.
func imageDirective(name string) (directive, bool) {
	options := classed(map[string]convert{
		"alt": unchanged, "height": length, "width": lengthOrPercent, "scale": percentage, "target": required,
		"align":   oneWordOf("top", "middle", "bottom", "left", "center", "right"),
		"loading": oneWordOf("embed", "link", "lazy"),
	})
	switch name {
	case "image":
		return directive{required: 1, spaces: true, options: options, run: runImage}, true
	case "figure":
		options["figwidth"], options["figclass"], options["figname"] = figureWidth, classNames, unchanged
		options["align"] = oneWordOf("left", "center", "right")
		return directive{required: 1, spaces: true, options: options, content: true, run: runFigure}, true
	}
	return directive{}, false
}

// partDirective returns a directive for parts of the document.
func partDirective(name string) (directive, bool) {
	switch name {
	case "contents":
		return directive{optional: 1, spaces: true, options: map[string]convert{
			"depth": nonNegative, "local": flag, "backlinks": oneWordOf("top", "entry", "none"), "class": classNames,
		}, run: runContents}, true
	case "sectnum", "section-numbering":
		return directive{options: map[string]convert{
			"depth": anyInteger, "start": anyInteger, "prefix": required, "suffix": required,
		}, run: runPending}, true
	case "target-notes":
		return directive{options: map[string]convert{"class": classNames}, run: runTargetNotes}, true
	case "header", "footer":
		return directive{content: true, run: runDecoration}, true
	case "meta":
		return directive{content: true, run: runMeta}, true
	case "title":
		return directive{required: 1, spaces: true, run: runNothing}, true
	case "class", "rst-class":
		return directive{required: 1, spaces: true, content: true, run: runClass}, true
	case "restructuredtext-test-directive":
		return directive{
			optional: 1, spaces: true, options: map[string]convert{"option": required}, content: true, run: runTest,
		}, true
	}
	return directive{}, false
}

// definingDirective returns a directive for substitutions or roles, or one that the index has disabled.
func definingDirective(name string) (directive, bool) {
	switch name {
	case "replace":
		return directive{content: true, run: runReplace}, true
	case "unicode":
		return directive{
			required: 1, spaces: true, options: map[string]convert{"trim": flag, "ltrim": flag, "rtrim": flag}, run: runUnicode,
		}, true
	case "date":
		return directive{content: true, run: runDate}, true
	case "role":
		return directive{content: true, run: runRole}, true
	case "default-role":
		return directive{optional: 1, run: runDefaultRole}, true
	case "include":
		return directive{required: 1, spaces: true, options: includeOptions(), run: runDisabled}, true
	case "raw":
		return directive{required: 1, spaces: true, options: map[string]convert{
			"file": required, "url": required, "encoding": encoding, "class": classNames,
		}, content: true, run: runDisabled}, true
	}
	return directive{}, false
}

func includeOptions() map[string]convert {
	return classed(map[string]convert{
		"literal": flag, "code": unchanged, "encoding": encoding, "parser": unchanged, "tab-width": anyInteger,
		"start-line": anyInteger, "end-line": anyInteger, "start-after": unchanged, "end-before": unchanged,
		"number-lines": lineNumbers,
	})
}
