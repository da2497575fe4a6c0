package index_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestUpload_RequiresPython: an index other than PyPI gets the field once, also where the metadata has none.
func TestUpload_RequiresPython(t *testing.T) {
	t.Parallel()
	var got []string
	ix, login := unexpected(t, func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprintf("%q", r.MultipartForm.Value["requires_python"]))
	})
	dir := t.TempDir()
	disttest.Write(t, dir, "alder-1.0-py3-none-any.whl", "")
	for _, path := range []string{dir + "/alder-1.0-py3-none-any.whl", sample} {
		if err := ix.Upload(t.Context(), index.UploadRequest{File: read(t, path)}, login); err != nil {
			t.Fatal(err)
		}
	}
	expect.Equal(t, "requires_python", fmt.Sprint(got), `[[""] [">=3.7"]]`)
}
