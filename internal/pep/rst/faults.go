package rst

// The messages of docutils that can refuse a description, in its own words. If the message contains a verb of fmt, refuse
// fills it in. To add one, add an entry here and call refuse where the problem is found.

// Lines and blocks.
var (
	lineTooLong           = fault{"line", "Line %d exceeds the line-length-limit.", "break the line: 10000 characters are the most"}
	unexpectedIndentation = fault{
		"indentation",
		"Unexpected indentation.",
		"put a blank line before the indented lines, or indent them like the line above",
	}
	noLiteral = fault{
		"literal block",
		"Literal block expected; none found.",
		`indent the block that "::" announces and put a blank line before it, or end the sentence with one colon`,
	}
	quotingChanges = fault{
		"literal block",
		"Inconsistent literal block quoting.",
		"begin all lines of the block with the same character, or indent the block",
	}
	lineBlockEnds = fault{
		"line block",
		"Line block ends without a blank line.",
		`put a blank line behind the lines that begin with "|"; a Markdown table needs text/markdown as description content type`,
	}
	optionMarker = fault{
		"option list",
		"Invalid option list marker: wrong number of option tokens (=%d), should be 1 or 2: \"%s\"",
		"write one option and at most one argument, or quote the line as ``literal``",
	}
)

// noBlankLine returns the fault of an element that ends without a blank line.
func noBlankLine(what string) fault {
	return fault{
		what,
		"%s ends without a blank line; unexpected unindent.",
		"put a blank line before this line, or indent it to belong to what is above",
	}
}

// Titles and transitions.
var (
	underlineShort = fault{
		"section title",
		"Title underline too short.",
		"make the line under the title at least as long as the title",
	}
	overlineShort = fault{
		"section title",
		"Title overline too short.",
		"make the lines above and under the title at least as long as the title",
	}
	incompleteTitle = fault{"section title", "Incomplete section title.", "put the same line under the title as above it"}
	noUnderline     = fault{
		"section title",
		"Missing matching underline for section title overline.",
		"put the same line under the title as above it; a separating line needs blank lines on both sides",
	}
	overlineMismatch = fault{
		"section title",
		"Title overline & underline mismatch.",
		"make the lines above and under the title the same",
	}
	invalidTitle = fault{
		"section title",
		"Invalid section title or transition marker.",
		"put a blank line between the two lines of punctuation, or a title",
	}
	titleInside = fault{
		"section title",
		"Unexpected section title.",
		"sections can't begin inside of lists, quotes and directives: move the title to the left margin, or use bold text",
	}
	titleOrTransitionInside = fault{
		"section title",
		"Unexpected section title or transition.",
		"titles and separating lines can't stand inside of lists, quotes and directives: move the line to the left margin, or remove it",
	}
	levelSkipped = fault{
		"section title",
		"Inconsistent title style: skip from level %d to %d.",
		"underline the title like the other titles of its level",
	}
	transitionAtEnd     = fault{"transition", "Transition at the end of the document.", "remove the separating line at the end"}
	transitionAtStart   = fault{"transition", "Transition at the start of the %s.", "remove the separating line at the start"}
	transitionsTogether = fault{
		"transition",
		"At least one body element should separate transitions.",
		"remove one of the separating lines, or put text between them",
	}
)

// Tables.
var (
	malformedTable   = fault{"table", "Malformed table.\n%s", "line the borders up with the columns of the text"}
	tableEnds        = fault{"table", "Blank line required after table.", "put a blank line behind the table"}
	oneTableExpected = fault{
		"directive",
		"Error parsing content block for the \"%s\" directive: exactly one table expected.",
		"put one table and nothing else into the directive",
	}
	tableContentExpected = fault{
		"directive",
		"Content block expected for the \"%s\" directive; none found.",
		"put the table into the directive, indented",
	}
	badWidths = fault{
		"directive",
		"\"%s\" widths do not match the number of columns in table (%d).",
		"give one width for each column",
	}
	listTableEmpty = fault{
		"directive",
		"The \"%s\" directive is empty; content required.",
		"put a list of lists into the directive, indented",
	}
	oneListExpected = fault{
		"directive",
		"Error parsing content block for the \"%s\" directive: exactly one bullet list expected.",
		"put one list and nothing else into the directive",
	}
	secondLevelExpected = fault{
		"directive",
		"Error parsing content block for the \"%s\" directive: two-level bullet list expected, " +
			"but row %d does not contain a second-level bullet list.",
		"make every row a list of its cells: \"* - one\"",
	}
	unevenRows = fault{
		"directive",
		"Error parsing content block for the \"%s\" directive: uniform two-level bullet list expected, " +
			"but row %d does not contain the same number of items as row 1 (%d vs %d).",
		"give every row the same number of cells",
	}
	noTableData       = fault{"directive", "No table data detected in CSV file.", "put the rows of the table into the directive"}
	tooManyHeaderRows = fault{
		"directive",
		"%d header row(s) specified but only %d row(s) of data supplied (\"%s\" directive).",
		"correct header-rows",
	}
	onlyHeaderRows = fault{
		"directive",
		"Insufficient data supplied (%d row(s)); no data remaining for table body, required by \"%s\" directive.",
		"correct header-rows",
	}
	tooManyStubColumns = fault{
		"directive",
		"%d stub column(s) specified but only %d columns(s) of data supplied (\"%s\" directive).",
		"correct stub-columns",
	}
	onlyStubColumns = fault{
		"directive",
		"Insufficient data supplied (%d columns(s)); no data remaining for table body, required by \"%s\" directive.",
		"correct stub-columns",
	}
	fileAccessOff = fault{
		"directive",
		"File and URL access deactivated; ignoring \"%s\" directive.",
		"the index reads no files: put the rows into the directive",
	}
	csvEmpty = fault{
		"directive",
		"The \"%s\" directive requires content; none supplied.",
		"put the rows of the table into the directive",
	}
	csvError = fault{"directive", "Error with CSV data in \"%s\" directive:\n%v", "correct the quotes of the values"}
)

const (
	twoSeparators    = "Multiple head/body row separators (table lines %d and %d); only one allowed."
	separatorOutside = "The head/body row separator may not be the first or last line of the table."
)

// Inline markup.
var (
	openInline = fault{
		"inline markup",
		"Inline %s start-string without end-string.",
		`close it, or write a backslash before the mark: "\*"`,
	}
	openInterpreted = fault{
		"inline markup",
		"Inline interpreted text or phrase reference start-string without end-string.",
		"close the back-quotes, or write a backslash before the first; ``code`` needs two on both sides",
	}
	twoRoles = fault{
		"inline markup",
		"Multiple roles in interpreted text (both prefix and suffix present; only one allowed).",
		"give the text one role",
	}
	roleAndReference = fault{
		"inline markup",
		"Mismatch: both interpreted text role %s and reference suffix.",
		"remove the role or the underscore",
	}
)

// Roles.
var (
	unknownRole        = fault{"role", "Unknown interpreted text role \"%s\".", ""}
	roleNotImplemented = fault{"role", "Interpreted text role \"%s\" not implemented.", "use ``code``, *emphasis* or a link instead"}
	badPEP             = fault{"role", "PEP number must be a number from 0 to 9999; \"%s\" is invalid.", "give the number of the PEP alone"}
	badRFC             = fault{
		"role",
		"RFC number must be a number greater than or equal to 1; \"%s\" is invalid.",
		"give the number of the RFC alone",
	}
	rawRole         = fault{"role", "raw (and derived) roles disabled", "the index lets no raw HTML through: remove the role"}
	roleNeedsName   = fault{"directive", "\"%s\" directive requires arguments on the first line.", "name the role behind the directive"}
	badRoleName     = fault{"directive", "\"%s\" directive arguments not valid role names: \"%s\".", "write \"name\" or \"name(base)\""}
	roleNameNoClass = fault{
		"directive",
		"Invalid argument for \"%s\" directive:\ncannot make \"%s\" into a class name.",
		"begin the name of the role with a letter",
	}
)

// Explicit markup and references.
var (
	malformedTarget = fault{
		"hyperlink target",
		"malformed hyperlink target.",
		"write \".. _name: address\", with back-quotes around a name that contains a colon",
	}
	malformedSubstitution = fault{"substitution definition", "malformed substitution definition.", "write \".. |name| image:: address\""}
	substitutionMissing   = fault{
		"substitution definition",
		"Substitution definition \"%s\" missing contents.",
		"write a directive behind the name, like \"image::\" or \"replace::\"",
	}
	substitutionEmpty = fault{
		"substitution definition",
		"Substitution definition \"%s\" empty or invalid.",
		"write a directive behind the name that makes inline content: image, replace, unicode or date",
	}
	substitutionUnfit = fault{
		"substitution definition",
		"%s are not supported in a substitution definition.",
		"use an anonymous link with an address in it: `text <address>`__",
	}
	duplicateSubstitution = fault{
		"substitution definition",
		"Duplicate substitution definition name: \"%s\".",
		"remove one of the definitions, or give it another name",
	}
	undefinedSubstitution = fault{
		"substitution",
		"Undefined substitution referenced: \"%s\".",
		"define it with \".. |name| ...\", or write a backslash before the first bar",
	}
	circularSubstitution = fault{
		"substitution", "Circular substitution definition referenced: \"%s\".", "a definition can't contain itself",
	}
	circularDefinition = fault{
		"substitution definition", "Circular substitution definition detected:", "a definition can't contain itself",
	}
	substitutionTooLong = fault{
		"substitution definition",
		"Substitution definition \"%s\" exceeds the line-length-limit.",
		"shorten it to 10000 characters",
	}
	duplicateTarget    = fault{"hyperlink target", "Duplicate explicit target name: \"%s\".", "give one of the targets another name"}
	unknownTarget      = fault{"reference", "Unknown target name: \"%s\".", ""}
	ambiguousReference = fault{
		"reference",
		"Duplicate target name, cannot be used as a unique reference: \"%s\".",
		"two sections or links have this name: give one of them another, or refer to an explicit target",
	}
	anonymousMismatch = fault{
		"reference",
		"Anonymous hyperlink mismatch: %d references but %d targets.",
		"every \"name__\" needs its own \"__ address\", in the same order",
	}
	indirectTarget = fault{
		"hyperlink target",
		"Indirect hyperlink target %srefers to target \"%s\", %s.",
		"let the target lead to an address or to a target that exists",
	}
	tooManyAutoRefs = fault{
		"footnote",
		"Too many autonumbered footnote references: only %d corresponding footnote%s available.",
		"write a footnote \".. [#] text\" for every \"[#]_\"",
	}
	tooManySymbolRefs = fault{
		"footnote",
		"Too many symbol footnote references: only %d corresponding footnotes available.",
		"write a footnote \".. [*] text\" for every \"[*]_\"",
	}
	emptyFootnote = fault{
		"footnote",
		"Footnote content expected.",
		"write the text of the footnote behind its label, or indented below",
	}
	emptyCitation = fault{
		"citation",
		"Citation content expected.",
		"write the text of the citation behind its label, or indented below",
	}
)

// Directives.
var (
	unknownDirective  = fault{"directive", "Unknown directive type \"%s\".", ""}
	directiveError    = fault{"directive", "Error in \"%s\" directive:\n%v.", ""}
	directiveDisabled = fault{
		"directive",
		"\"%s\" directive disabled.",
		"the index includes no files and lets no raw HTML through: remove the directive",
	}
	contentExpected = fault{
		"directive",
		"Content block expected for the \"%s\" directive; none found.",
		"indent the content of the directive below it",
	}
	partInside = fault{
		"directive",
		"The \"%s\" directive may not be used within topics or body elements.",
		"move the directive to the left margin",
	}
	sidebarInSidebar = fault{
		"directive",
		"The \"%s\" directive may not be used within a sidebar element.",
		"move the directive out of the sidebar",
	}
	subtitleAlone     = fault{"directive", `The "subtitle" option may not be used without a title.`, "give the sidebar a title"}
	badClass          = fault{"directive", "Invalid class attribute value for \"%s\" directive: \"%s\".", "a class name needs a letter"}
	noElementForClass = fault{
		"directive",
		`No suitable element following "class" directive`,
		"remove the directive, or put the element behind it",
	}
	noQuotes = fault{
		"class",
		`No smart quotes defined for language "%s".`,
		"remove the class, or begin its name with something else than language-",
	}
	badAlign = fault{
		"directive",
		"Error in \"%s\" directive: \"%s\" is not a valid value for the \"align\" option here.",
		"use left, center or right for an image by itself, and top, middle or bottom for one in a substitution definition",
	}
	badCaption = fault{
		"directive",
		"Figure caption must be a paragraph or empty comment.",
		"begin the content of the figure with a paragraph",
	}
	onlyInSubstitution = fault{
		"directive",
		"Invalid context: the \"%s\" directive can only be used within a substitution definition.",
		"write \".. |name| \" before it",
	}
	oneParagraphExpected = fault{
		"directive",
		"Error in \"%s\" directive: may contain a single paragraph only.",
		"give the replacement as one paragraph",
	}
	badCode          = fault{"directive", "Invalid character code: %s", "give the number of a Unicode character"}
	badMeta          = fault{"directive", "Invalid meta directive.", "write fields only: \":name: content\""}
	badMetaAttribute = fault{"directive", "Error parsing meta tag attribute \"%s\".", "write attributes as name=value"}
)

// The whole document.
var (
	emptyBibliographic    = fault{"bibliographic field", "Cannot extract empty bibliographic field \"%s\".", "fill the field or remove it"}
	compoundBibliographic = fault{
		"bibliographic field",
		"Bibliographic field \"%s\"\nmust contain a single <paragraph>.",
		"write the field as one paragraph, or put text before the field list",
	}
	badAuthors = fault{
		"bibliographic field",
		"Cannot extract \"%s\" from bibliographic field:\nBibliographic field \"%s\" must contain either a single paragraph, " +
			"multiple paragraphs or a bullet list.",
		"separate the names by semicolons or commas",
	}
	oneTopicOnly    = fault{"bibliographic field", "There can only be one \"%s\" field.", "remove one of them"}
	cannotEmbed     = fault{"image", "Cannot embed image", "the index reads no files: remove the option loading"}
	nothingRendered = fault{
		"document",
		"No content rendered from RST source.",
		"write some text: a title, comments and link targets alone show nothing",
	}
)
