package index_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// TestListFiles_Retry: what arrived of a page before the connection broke is not part of the next try.
func TestListFiles_Retry(t *testing.T) {
	t.Parallel()
	tries := 0
	ix, _ := unexpected(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if tries++; tries == 1 {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"name":"alder","files":[{"filename":"a-1.tar.gz"},`)
			return
		}
		_, _ = fmt.Fprint(w, `{"name":"alder","files":[{"filename":"b-1.tar.gz"}]}`)
	})
	got, err := ix.ListFiles(t.Context(), "alder")
	if err != nil || len(got.Files) != 1 || got.Files[0].Name != "b-1.tar.gz" || tries != 2 {
		t.Errorf("got %v, %v after %d tries", got.Files, err, tries)
	}
}
