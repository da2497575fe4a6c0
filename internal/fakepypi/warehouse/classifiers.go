package warehouse

import (
	"fmt"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

// actions handles what is left of PyPI's oldest address: it serves the list of valid classifiers (docs/reference/pypi-server.md §2.4.3)
// and refuses every POST. It does not serve the list after the day of its table: classifiers that PyPI has added since would be missing,
// and clients would refuse them.
func (ix *Index) actions(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		ix.oldHost(w, r)
	case ix.capabilities.modern && r.URL.Query().Get(":action") == "list_classifiers" && ix.now().Before(trove.AsOf().AddDate(0, 0, 1)):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, classifier := range trove.All() {
			fmt.Fprintln(w, classifier)
		}
	default:
		ix.notFound(w, r)
	}
}
