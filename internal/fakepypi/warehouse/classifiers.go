package warehouse

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

// actions handles what is left of PyPI's oldest address: it serves the list of valid classifiers (docs/reference/pypi-server.md §2.4.3)
// and refuses uploads (§1.1). It does not serve the list after the day of its table: classifiers that PyPI has added since would be
// missing, and clients would refuse them.
func (ix *Index) actions(w http.ResponseWriter, r *http.Request) {
	old := []string{"file_upload", "submit", "submit_pkg_info", "doc_upload"}
	switch action := r.URL.Query().Get(":action"); {
	case !ix.capabilities.modern:
		ix.notFound(w, r)
	case r.Method == http.MethodPost && slices.Contains(old, action):
		answerRefusal(w, r, refuse(http.StatusGone,
			"This API has moved to %s/legacy/. See TODO for more information.", ix.capabilities.uploads))
	case r.Method != http.MethodPost && action == "list_classifiers" && ix.now().Before(trove.AsOf().AddDate(0, 0, 1)):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, classifier := range trove.All() {
			fmt.Fprintln(w, classifier)
		}
	default:
		ix.notFound(w, r)
	}
}
