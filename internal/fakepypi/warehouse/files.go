package warehouse

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// serveFile handles GET /files/… and serves immutable files (docs/reference/pypi-server.md §7.4). A deleted file is still served, because
// PyPI never removes files from its storage.
func (ix *Index) serveFile(w http.ResponseWriter, r *http.Request) {
	at, _ := strings.CutPrefix(path.Clean(r.URL.Path), "/files/")
	root, err := os.OpenRoot(ix.dir)
	if err != nil {
		errorAnswer(w, http.StatusInternalServerError)
		return
	}
	defer func() { _ = root.Close() }()
	in, err := root.Open(filepath.FromSlash(at))
	if err != nil || !strings.HasPrefix(at, "packages/") {
		errorAnswer(w, http.StatusNotFound)
		return
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() {
		errorAnswer(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "max-age=365000000, immutable, public")
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", info.ModTime(), in)
}
