package warehouse

import (
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// descriptionRenders checks docs/reference/pypi-server.md row 50: a description must render to something, in its own format, and in
// reStructuredText without a warning.
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

// unrendered reports whether PyPI would certainly fail to render a text, or would show nothing of it.
func unrendered(text, contentType string) bool {
	switch metadata.MediaType(contentType) {
	case "text/plain":
		return false // shown as it is, even if blank
	case "text/markdown":
		return metadata.EmptyMarkdown(text)
	default:
		return rst.Check(text, rst.Renderer46).Outcome == rst.Refuse && rst.Check(text, rst.Renderer45).Outcome == rst.Refuse
	}
}
