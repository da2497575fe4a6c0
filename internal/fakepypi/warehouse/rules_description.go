package warehouse

import (
	"strings"
)

// descriptionRenders is row 50: a description has to render to something, in its own format.
func descriptionRenders(u *upload) *refusal {
	text, kind := u.form.all("description"), u.form.get("description_content_type")
	if len(text) == 0 || !nothingRendered(text[0], kind) {
		return nil
	}
	where := "for '" + kind + "'"
	if kind == "" {
		where = "in the default format of reStructuredText"
	}
	return bad("The description failed to render %s. See %s#description-content-type for more information.", where, u.help())
}

// nothingRendered reports whether the index would show nothing for sure.
func nothingRendered(text, contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/plain":
		return false // it is shown as it is, be it blank
	case "text/markdown":
		return emptyMarkdown(text)
	default:
		return emptyRST(text)
	}
}

// emptyRST reports whether a reStructuredText document is nothing but white space and comments. That it is faulty, which
// the index refuses as well, is not looked for.
func emptyRST(text string) bool {
	lines := textLines(text)
	for i := 0; i < len(lines); i++ {
		switch line := strings.TrimSpace(lines[i]); {
		case line == "":
		case !isRSTComment(lines[i]):
			return false
		default:
			i += commentEnd(lines[i+1:], line == "..")
		}
	}
	return true
}

// isRSTComment leaves out what begins like a comment and is something else, or might be.
func isRSTComment(line string) bool {
	text, explicit := strings.CutPrefix(strings.TrimRight(line, " \t"), "..")
	if !explicit || text != "" && text[0] != ' ' && text[0] != '\t' {
		return false
	}
	text = strings.TrimSpace(text)
	return !strings.Contains(text, "::") && (text == "" || !strings.ContainsRune("[_|", rune(text[0])))
}

// commentEnd counts the lines that still belong to a comment: those that are indented, unless a bare comment has a blank
// line behind it.
func commentEnd(lines []string, bare bool) int {
	for i, line := range lines {
		blank := strings.TrimSpace(line) == ""
		if bare && i == 0 && blank || !blank && line[0] != ' ' && line[0] != '\t' {
			return i
		}
	}
	return len(lines)
}

// textLines splits at every kind of line end.
func textLines(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
}
