package uploadtoken_test

import (
	"net/http"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// FuzzAnswers: any answer to a request for the audience, or for a token, is a token or one finding with a next step.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		"", "null", "<html>", `{"audience":"mine"}`, `{"success":true,"token":"pypi-AgAAAAAAAAAAAAAA","expires":1790000900.5}`,
		`{"token":7}`, `{"message":"x","errors":[{"code":"invalid-publisher","description":"no publisher"}]}`,
	} {
		for status := range uint8(5) {
			f.Add(status, body, body)
		}
	}
	f.Fuzz(func(t *testing.T, status uint8, audience, mint string) {
		code := []int{200, 400, 403, 404, 422}[status%5]
		r := newRunAgainst(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/_/oidc/audience":
				says(http.StatusOK, "application/json", audience)(w, r)
			case "/_/oidc/mint-token":
				says(code, "application/json", mint)(w, r)
			default:
				says(http.StatusNotFound, "text/plain", "")(w, r)
			}
		})
		err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}})
		if err == nil && code != http.StatusOK {
			t.Errorf("%d is a success", code)
		}
		for _, f := range finding.Of(err) {
			if f.Message == "" || f.Fix == "" {
				t.Errorf("%+v", f)
			}
		}
	})
}
