package fakepypi_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/macaroon"
)

// TestMacaroon_Vectors compares with tokens that warehouse/macaroon/testdata/macaroon.py computed.
func TestMacaroon_Vectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("warehouse/macaroon/testdata/macaroon.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Root, Location, Identifier, Signature, Token string
		Caveats                                      []string
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 4 {
		t.Fatal(len(vectors), err)
	}
	for _, v := range vectors {
		root, err := hex.DecodeString(v.Root)
		if err != nil {
			t.Fatal(err)
		}
		m := macaroon.New(root, v.Location, v.Identifier, v.Caveats)
		if got := hex.EncodeToString(m.Signature); got != v.Signature {
			t.Errorf("signature of %d caveats is %s, want %s", len(v.Caveats), got, v.Signature)
		}
		if m.Token() != v.Token {
			t.Errorf("token of %d caveats is %s, want %s", len(v.Caveats), m.Token(), v.Token)
		}
		back, err := macaroon.Parse(v.Token)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Caveats) == 0 {
			back.Caveats = v.Caveats
		}
		if !reflect.DeepEqual(back, m) {
			t.Errorf("token came back as %+v, want %+v", back, m)
		}
	}
}

func TestMacaroon_Malformed(t *testing.T) {
	t.Parallel()
	good := macaroon.New([]byte("k"), "pypi.org", "id", []string{"[0,2,1]"}).Token()
	for name, token := range map[string]string{
		"empty": "", "no prefix": strings.TrimPrefix(good, "pypi-"), "other prefix": "test-" + strings.TrimPrefix(good, "pypi-"),
		"prefix alone": "pypi-", "cut": good[:len(good)-4], "more": good + "AAAA",
		"not base64": "pypi-!!!!", "other version": "pypi-AQID", "huge": "pypi-" + strings.Repeat("A", 32<<10),
	} {
		if m, err := macaroon.Parse(token); err == nil {
			t.Errorf("%s: %q was read as %+v", name, token, m)
		}
	}
}

// FuzzToken holds that no token breaks the reader, and that what it reads it writes back.
func FuzzToken(f *testing.F) {
	f.Add(macaroon.New([]byte("k"), "pypi.org", "id", []string{"[0,2,1]", `[1,["demo"]]`}).Token())
	f.Add("pypi-AgEIcHlwaS5vcmc")
	f.Fuzz(func(t *testing.T, token string) {
		m, err := macaroon.Parse(token)
		if err != nil {
			return
		}
		again, err := macaroon.Parse(m.Token())
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%q came back as %+v, then %+v, %v", token, m, again, err)
		}
	})
}

// FuzzCaveat holds that no caveat breaks the check, and that what is not a caveat is refused.
func FuzzCaveat(f *testing.F) {
	for _, c := range []string{`[0,2,1]`, `[1,["demo"]]`, `[2,[null]]`, `[4,"x",null]`, `{}`, `null`, `[]`, `[1.5]`, `["a"]`, `[true]`} {
		f.Add(c)
	}
	root := []byte("k")
	f.Fuzz(func(t *testing.T, text string) {
		r := macaroon.Request{Publisher: "x", Registered: true, ProjectID: "x", ProjectKey: "demo", ProjectName: "demo"}
		if len(r.Verify(macaroon.New(root, "pypi.org", "id", []string{text}).Token(), root, nil)) == 0 && !strings.Contains(text, "[") {
			t.Errorf("%q holds", text)
		}
	})
}
