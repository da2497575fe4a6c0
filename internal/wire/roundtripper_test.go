package wire_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestHTTP_Retries(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	at := serve(t, func() http.HandlerFunc {
		first := true
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.UserAgent() != "pypi-oidc-publish/test" || r.Header.Get("Authorization") != "Bearer x" {
				rw.WriteHeader(418)
				return
			}
			if first {
				first = false
				rw.WriteHeader(503)
				return
			}
			rw.WriteHeader(404)
			fmt.Fprint(rw, "not here")
		}
	}())
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, at.String(), nil)
	request.Header.Set("Authorization", "Bearer x")
	response, err := w.client().HTTP(wire.IDToken).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 404 || string(body) != "not here" || len(w.tries) != 2 {
		t.Errorf("%d %q %v, %d tries", response.StatusCode, body, err, len(w.tries))
	}
}
