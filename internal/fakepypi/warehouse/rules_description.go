package warehouse

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// descriptionRenders is docs/reference/pypi-server.md row 50: a description has to render to something, in its
// own format, and in reStructuredText without a
// warning.
func descriptionRenders(u *upload) *refusal {
	text, kind := u.form.all("description"), u.form.get("description_content_type")
	if len(text) == 0 || !unrendered(text[0], kind) {
		return nil
	}
	where := "for '" + kind + "'"
	if kind == "" {
		where = "in the default format of reStructuredText"
	}
	return bad("The description failed to render %s. See %s#description-content-type for more information.", where, u.help())
}

// unrendered reports whether the index would fail to render a text, or show nothing of it, for sure.
func unrendered(text, contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/plain":
		return false // it is shown as it is, be it blank
	case "text/markdown":
		return emptyMarkdown(text)
	default:
		return rst.Check(text, rst.Renderer46).Outcome == rst.Refuse
	}
}

// textLines splits at every kind of line end.
func textLines(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
}
