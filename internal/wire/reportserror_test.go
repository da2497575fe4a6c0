package wire_test

import (
	"net/http"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestReportsError: an error or errors that are not empty, in JSON of any declared type; PyPI's own JSON of a success has neither.
func TestReportsError(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{ // the message; empty: no error
		`{"error":"Storage is full"}`:                                          "Storage is full",
		` {"message":"rejected","error":"no_space"}`:                           "rejected: no_space",
		"\ufeff" + `{"error":"Storage is full"}`:                               "Storage is full",
		`{"errors":[{"status":507,"message":"Storage is full"}]}`:              "Storage is full",
		`{"errors":["Storage is full","Try later"]}`:                           "Storage is full; Try later",
		`{"errors":{"code":"full","message":"Storage is full"}}`:               "full: Storage is full",
		`{"error":{"code":507,"message":"Storage is full"}}`:                   "Storage is full",
		`{"errors":"Storage is full"}`:                                         "Storage is full",
		`{"error":true,"message":"Storage is full"}`:                           "Storage is full",
		`{"errors":{"file":["is too large"]}}`:                                 "file: is too large",
		`{"error":507}`:                                                        "200 OK",
		`{"Error":"Storage is full"}`:                                          "Storage is full",
		`{"error":"Storage is full"}` + "\n" + `{"next":1}`:                    "Storage is full",
		`{"message":"200 OK\n\n\n\n\n","code":"200 OK","title":"OK"}`:          "",
		`{"message":"201 Created"}`:                                            "",
		`{"error":null,"errors":[]}`:                                           "",
		`{"error":"","errors":{}}`:                                             "",
		`{"error":" ","errors":null}`:                                          "",
		`{"error":false,"errors":0}`:                                           "",
		`{"file":{"error":"in the description of a file, not in the answer"}}`: "",
		`["error"]`:      "",
		`"error"`:        "",
		`{"error"`:       "",
		`error: no room`: "",
		``:               "",
	} {
		a := wire.Answer{Status: 200, Reason: "OK", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
		if got := a.ReportsError(); got != (want != "") {
			t.Errorf("%s: %v", body, got)
		}
		if got := a.ServerMessage(); want != "" && got != want {
			t.Errorf("%s: the message is %q, want %q", body, got, want)
		}
		a.Header = http.Header{"Content-Type": {"text/plain"}}
		if got := a.ReportsError(); got != (want != "") {
			t.Errorf("%s as a text: %v", body, got)
		}
	}
}
