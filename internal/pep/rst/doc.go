// Package rst predicts whether the index accepts a long description in reStructuredText.
//
// The index renders it with docutils 0.23 through readme_renderer: the first message of level WARNING ends the rendering
// and refuses the release, files and raw HTML are disabled, and an empty result is refused as well
// (docs/reference/pypi-server.md §2.6). So this package is a parser of the whole language that produces a verdict instead
// of a document. It follows the state machine, the directives, the roles and the transforms of docutils as far as they
// affect messages, and omits what cannot cause any. The releases of readme_renderer configure docutils differently, so a
// verdict applies to one [Renderer].
//
// What it cannot predict is undecided, never refused: nesting or expansion beyond its limits, and what depends on the
// version of another library.
//
// # Reading order
//
// Each file corresponds to a part of docutils. To follow one description, read them in this order:
//
//	rst.go                      Check and its Result
//	halt.go faults.go fixes.go how a parse ends: docutils' messages, the limits, what to do about a message
//	source.go char.go           text into lines; Python's functions for strings; names and escapes
//	parser.go block.go          lines with a current position; indented blocks; nested parsing
//	marker.go body.go           what a line begins, and which function parses it
//	text.go section.go          paragraphs, literal blocks, line blocks; titles and transitions
//	list.go enumerator.go option.go quote.go     lists of all kinds, block quotes
//	table.go table_grid.go table_scan.go table_simple.go    drawn tables
//	explicit.go target.go substitution.go        explicit markup: what begins with ".." or "__"
//	inline.go inline_reference.go inline_embedded.go role.go lexer.go    markup within a text
//	directive.go directive_table.go option_value.go         directives: parsing, the list of them, values of options
//	directive_body.go directive_define.go directive_image.go directive_part.go directive_table_run.go directive_csv.go csv.go
//	                            what each directive checks
//	node.go document.go         the tree, and which node has which name
//	resolve.go                  what needs the complete document; then one file for each group of transforms:
//	                            resolve_substitution.go resolve_title.go resolve_docinfo.go resolve_reference.go
//	                            resolve_note.go quotes_language.go resolve_transition.go resolve_output.go
//	punctuation_data.go quotes_data.go width_data.go        tables of characters
//
// # Names of docutils
//
// This list maps functions to their originals. The names on the right are those of docutils 0.19; names without a module
// belong to docutils.parsers.rst.states.
//
// The run as a whole:
//
//	Check                     readme_renderer.rst.render, docutils.core.publish_parts
//	halt                      utils.SystemMessage: what a message at or above halt_level raises
//	refuse                    utils.Reporter.system_message (warning, error, severe)
//	inform                    Reporter.info: a system_message in the document, without a consequence
//	sourceLines               statemachine.string2lines, with the line_length_limit of parsers.rst.Parser
//
// Characters and names:
//
//	strip splitSpace isSpace       str.strip, str.split, str.isspace
//	normalizeName             nodes.fully_normalize_name
//	squeeze                   nodes.whitespace_normalize_name
//	escape                    utils.escape2null
//	unescape                  nodes.unescape
//	restore                   nodes.unescape with restore_backslashes
//	columns                   utils.column_width
//	simpleName                Inliner.simplename
//	beforeMarkup afterMarkup closersOf  utils.punctuation_chars
//
// The state machine and its blocks:
//
//	parser                    RSTStateMachine, with the memo that all nested machines share
//	titleStyles               memo.title_styles
//	scope                     a NestedStateMachine: input_lines, line_offset and node; titles is match_titles
//	nested                    RSTState.nested_parse
//	body                      statemachine.StateMachine.run in the state Body
//	element                   statemachine.StateMachine.check_line
//	items                     RSTState.nested_list_parse in one of the states of SpecializedBody
//	needBlank                 RSTState.unindent_warning
//	take                      StateMachineWS.get_indented, get_known_indented, get_first_known_indented
//	length cutColumns         statemachine.StringList.get_indented, trim_left
//	textBlock                 statemachine.StringList.get_text_block, UnexpectedIndentationError
//	cut grid                  statemachine.StringList.get_2D_block, pad_double_width
//
// Transitions of the state Body, in its order (mark is the name of a transition):
//
//	markBlank markIndent      blank, indent: Body.indent
//	markBullet                bullet: BulletList
//	markEnumerator            enumerator: EnumeratedList
//	markField                 field_marker: FieldList
//	markOption                option_marker: OptionList
//	markDoctest               doctest
//	markLineBlock             line_block: LineBlock
//	markGridTable             grid_table_top
//	markSimpleTable           simple_table_top
//	markExplicit              explicit_markup: Explicit
//	markAnonymous             anonymous
//	markLine                  line: Line
//	markText                  text: Text
//
// Body elements:
//
//	text                      the state Text: blank, eof, indent, underline, text
//	paragraph                 RSTState.paragraph
//	literalBlock              Text.literal_block
//	quotedLiteral             QuotedLiteralBlock
//	lineBlock blockLine       Body.line_block, Body.line_block_line
//	underlined                Text.underline
//	punctuationLine           Body.line, and the choice between the methods of Line
//	transition overlined      Line.blank, Line.text
//	section                   RSTState.section, check_subsection
//	newSection                RSTState.new_subsection
//	bulletList listItem       Body.bullet, Body.list_item
//	enumeratedList            Body.enumerator
//	parseEnumerator           Body.parse_enumerator
//	beginsItem label          Body.is_enumerated_list_item, Body.make_enumerator
//	fieldList field           Body.field_marker, Body.field
//	optionList option         Body.option_marker, Body.option_list_item
//	checkOptions              Body.parse_option_marker
//	definitionList definition  Text.indent, Text.definition_list_item, the states DefinitionList and Definition
//	indentedQuote blockQuotes  Body.indent, Body.block_quote
//	splitAttribution attributionEnd  Body.split_attribution, Body.check_attribution
//
// Tables:
//
//	table                     Body.table_top, Body.table
//	buildTable                Body.build_table
//	isolateGrid isolateSimple  Body.isolate_grid_table, Body.isolate_simple_table
//	gridReader                parsers.rst.tableparser.GridTableParser
//	scan scanDown scanLeft scanUp  GridTableParser.scan_cell, scan_right, scan_down, scan_left, scan_up
//	order                     GridTableParser.structure_from_cells
//	simpleReader              parsers.rst.tableparser.SimpleTableParser
//	checkMargins              SimpleTableParser.check_columns
//	spans checkSpans          SimpleTableParser.parse_columns, init_row
//	dropSeparator             TableParser.find_head_body_sep
//
// Explicit markup:
//
//	explicitMarkup            Body.explicit_markup, Body.explicit_list
//	construct                 Body.explicit_construct
//	comment                   Body.comment
//	note                      Body.footnote, Body.citation
//	namedTarget anonymousTarget  Body.hyperlink_target, Body.anonymous_target
//	aim                       Body.make_target, Body.add_target
//	targetDestination         Body.parse_target
//	referenceName             Body.is_reference
//	substitution              Body.substitution_def
//	substitutionContent       the state SubstitutionDef
//	checkSubstitution         Body.disallowed_inside_substitution_definitions
//	define                    nodes.document.note_substitution_def
//
// Inline markup and roles:
//
//	inlineReader              Inliner
//	read                      Inliner.parse
//	findStart                 Inliner.patterns.initial
//	quoted                    Inliner.quoted_start
//	simple                    Inliner.emphasis, Inliner.strong
//	literal                   Inliner.literal
//	internalTarget            Inliner.inline_internal_target
//	substitutionReference     Inliner.substitution_reference
//	noteReference             Inliner.footnote_reference
//	reference                 Inliner.reference, Inliner.anonymous_reference
//	interpreted               Inliner.interpreted_or_phrase_ref
//	phrase                    Inliner.phrase_ref
//	embeddedTarget            Inliner.patterns.embedded_link
//	beginsWithAddress isEmail  Inliner.patterns.uri, Inliner.patterns.email
//	interpret                 Inliner.interpreted
//	role standardRole         parsers.rst.roles.role, and the roles registered there
//	roleText                  roles.GenericRole
//	checkLanguage             utils.code_analyzer.Lexer
//
// Directives:
//
//	directive                 parsers.rst.Directive: required and optional arguments, option_spec, has_content
//	call                      an instance of it, when it runs (Body.directive, Body.run_directive)
//	directiveNamed            parsers.rst.directives.directive
//	arrange                   Body.parse_directive_block
//	arguments                 Body.parse_directive_arguments
//	readOptions setOption     the state ExtensionOptions, utils.assemble_option_dict
//	badDirective              MarkupError
//	convert                   the functions of parsers.rst.directives that option_spec names:
//	unchanged required flag   unchanged, unchanged_required, flag
//	nonNegative percentage    nonnegative_int, percentage
//	length lengthOrPercent    length_or_unitless, length_or_percentage_or_unitless
//	classNames positives      class_option, positive_int_list
//	unicodeCode oneCharacter delimiter  unicode_code, single_char_or_unicode, single_char_or_whitespace_or_unicode
//	encoding oneWordOf unlessWord  encoding, choice, value_or
//	runContainer              admonitions.BaseAdmonition, body.Compound
//	runClassedContainer       body.Container
//	runPart                   body.BasePseudoSection: Topic, Sidebar
//	runQuote                  body.BlockQuote: Epigraph, Highlights, PullQuote
//	runLineBlock runParsedLiteral runCode runMath runRubric  body.LineBlock, ParsedLiteral, CodeBlock, MathBlock, Rubric
//	runTable runListTable runCSVTable  tables.RSTTable, ListTable, CSVTable
//	uniform                   tables.ListTable.check_list_content
//	checkDimensions           tables.Table.check_table_dimensions
//	csvReader                 the module csv of Python, with tables.CSVTable.DocutilsDialect
//	runImage runFigure        images.Image, images.Figure
//	runReplace runUnicode runDate  misc.Replace, Unicode, Date
//	runRole runDefaultRole    misc.Role, misc.DefaultRole, roles.CustomRole
//	runClass runMeta          misc.Class, misc.Meta
//	runContents runDecoration  parts.Contents, parts.Header and Footer
//	runTargetNotes            references.TargetNotes
//	runDisabled               misc.Include, misc.Raw, with file_insertion_enabled and raw_enabled off
//
// The document:
//
//	node                      nodes.Element; kind is its class
//	kindSubstitution          nodes.substitution_definition
//	kindMessage               nodes.system_message
//	kindBlock kindInline      all classes that need no distinction
//	kindGone kindDetached     no counterpart in docutils
//	invisible                 nodes.Invisible
//	beforeDocinfo             nodes.PreBibliographic
//	document                  nodes.document
//	identify                  document.set_id
//	target                    document.note_implicit_target, document.note_explicit_target, document.set_name_id_map
//	duplicate                 document.set_duplicate_name_id
//	loseName                  nodes.dupname
//	noteRef noteIDRef noteIndirect  document.note_refname, note_refid, note_indirect_target
//
// The transforms, in the order of their priority:
//
//	resolve                   transforms.Transformer.apply_transforms
//	classTargets              misc.ClassAttribute (210)
//	substitute                references.Substitutions (220)
//	propagate                 references.PropagateTargets (260)
//	promoteTitle              frontmatter.DocTitle (320)
//	docinfo                   frontmatter.DocInfo (340)
//	promoteSubtitles          frontmatter.SectionSubTitle (350)
//	lonelySection             frontmatter.TitlePromoter.candidate_index
//	matchAnonymous            references.AnonymousHyperlinks (440)
//	followIndirect            references.IndirectHyperlinks (460)
//	placeTargetNotes          references.TargetNotes (540)
//	matchNotes                references.Footnotes (620)
//	resolveDuplicates                    references.ExternalTargets (640), references.InternalTargets (660)
//	dropEmptyContents         parts.Contents (720)
//	checkTransitions          misc.Transitions (830)
//	checkReferences           references.DanglingReferences (850)
//	checkWritten              the HTML writer, and readme_renderer's check of the result
package rst
