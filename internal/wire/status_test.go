package wire_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestAmbiguous_UploadAndMint: of an upload every 5xx and a 499, of a mint those after which the server behind a gateway was reached, and
// may have done its work.
func TestAmbiguous_UploadAndMint(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status       int
		reason       string
		upload, mint bool
	}{
		{400, "", false, false},
		{408, "", false, false},
		{409, "", false, false},
		{425, "", false, false},
		{429, "", false, false},
		{499, "", true, true},
		{500, "", true, true},
		{501, "", true, true},
		{502, "", true, true},
		{504, "", true, true},
		{505, "", true, true},
		{520, "", true, true},
		{524, "", true, true},
		{527, "", true, true},
		{528, "", true, true},
		{529, "", true, true},
		{599, "", true, true},
		{503, "Service Unavailable", true, false},
		{503, "", true, false},
		{521, "", true, false},
		{522, "", true, false},
		{523, "", true, false},
		{525, "", true, false},
		{526, "", true, false},
		{530, "", true, false},
		// What a CDN says where the server behind it was asked and did not answer in time.
		{503, "first byte timeout", true, true},
		{503, "Backend fetch failed", true, true},
		{503, "between bytes timeout", true, true},
		{503, "backend read error", true, true},
		{503, "Backend unavailable, connection timeout", true, false},
		{522, "first byte timeout", true, false},
	}
	for _, c := range cases {
		for op, want := range map[wire.Op]bool{wire.Upload: c.upload, wire.Mint: c.mint, wire.LogEntry: c.upload} {
			answers := 0
			s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) {
				answers++
				return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", c.status, c.reason), false
			})
			_, err := (&fakeClock{}).client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: s.url("http", "127.0.0.1")})
			var failed *wire.Error
			if !errors.As(err, &failed) || failed.Answer == nil {
				t.Fatalf("%s, %d: %v", op, c.status, err)
			}
			n := 0
			if want {
				n = failed.Tries
			}
			if failed.AmbiguousTries != n {
				t.Errorf("%s, %d %s: %d of %d tries may have had their effect, want %d", op, c.status, c.reason, failed.AmbiguousTries,
					failed.Tries, n)
			}
			if again := slices.Contains(worthAnotherTry(), c.status); again != (failed.Tries > 1) {
				t.Errorf("%s, %d: %d tries", op, c.status, failed.Tries)
			}
		}
	}
}

// TestAmbiguous_TemporaryStatuses are those that say nothing of what was asked for, and those after which it may have been done.
func TestAmbiguous_TemporaryStatuses(t *testing.T) {
	t.Parallel()
	for status := range 700 {
		ambiguous := status == 499 || status >= 500
		temporary := ambiguous || status == 408 || status == 425 || status == 429
		answer := &wire.Answer{Status: status}
		if answer.Ambiguous() != ambiguous || answer.Temporary() != temporary {
			t.Errorf("%d: ambiguous %v, temporary %v", status, answer.Ambiguous(), answer.Temporary())
		}
	}
	var none *wire.Answer
	if none.Ambiguous() || none.Temporary() {
		t.Errorf("no answer: ambiguous %v, temporary %v", none.Ambiguous(), none.Temporary())
	}
}
