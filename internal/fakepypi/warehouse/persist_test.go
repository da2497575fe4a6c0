package warehouse

import (
	"encoding/json"
	"testing"
)

// FuzzState: a document from anywhere is refused, or it is tables that are written and read as they are.
func FuzzState(f *testing.F) {
	f.Add([]byte(
		`{"format":"pypi-oidc-publish stage","version":1,"user":"u","seq":9,"used":["x"],"projects":[{"id":"p","name":"Demo","status":"active",
"created":"2026-11-22T12:00:00Z","seq":1,"serial":3,"releases":[{"version":"1.0","created":"2026-11-22T12:00:00Z","seq":2}],"files":[{"name":"demo-1.0.tar.gz",
"release":"1.0.0","type":"sdist","python":"source","size":1,"sha256":"0000000000000000000000000000000000000000000000000000000000000000",
"md5":"00000000000000000000000000000000","blake2b_256":"0000000000000000000000000000000000000000000000000000000000000000","uploaded":"2026-11-22T12:00:00Z","seq":3}]}],
"tokens":[{"id":"t","root":"AAAA","caveats":["[3,\"u\"]"],"created":"2026-11-22T12:00:00Z","seq":4}]}`))
	f.Add([]byte(`{"format":"pypi-oidc-publish stage","version":1}`))
	f.Add([]byte(`[]`))
	read := func(text []byte) (*Index, error) {
		ix := &Index{tables: newTables(Behavior{})}
		s, err := parseState(text)
		if err == nil {
			err = ix.fill(s)
		}
		return ix, err
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ix, err := read(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(ix.state())
		if err != nil {
			t.Fatal(err)
		}
		again, err := read(written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, written)
		}
		rewritten, err := json.Marshal(again.state())
		if err != nil || string(rewritten) != string(written) {
			t.Errorf("%v\n%s\nbecame\n%s", err, written, rewritten)
		}
		for _, g := range again.tokens {
			if again.tokenRecord(g.raw) != g {
				t.Errorf("the token %q is not found by what it is", g.raw)
			}
		}
	})
}
