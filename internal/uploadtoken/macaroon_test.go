package uploadtoken_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/macaroon"
)

// macaroonVector is a token, and what it becomes with more caveats.
type macaroonVector struct {
	Name, Minted, Narrowed string
	More                   []string
}

func macaroonVectors(t testing.TB) []macaroonVector {
	t.Helper()
	text, err := os.ReadFile("../macaroon/testdata/macaroons.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []macaroonVector
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	return all
}

// The vectors come from another implementation: macaroon/testdata/macaroons.py.
func TestMacaroon_Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range macaroonVectors(t) {
		m, err := macaroon.Parse(v.Minted)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if m.String() != v.Minted {
			t.Errorf("%s: came back as another token", v.Name)
		}
		before := m.String()
		restricted := m
		for _, caveat := range v.More {
			restricted = restricted.With([]byte(caveat))
		}
		if restricted.String() != v.Narrowed {
			t.Errorf("%s:\ngot  %s\nwant %s", v.Name, restricted, v.Narrowed)
		}
		if m.String() != before {
			t.Errorf("%s: narrowing changed the token it began with", v.Name)
		}
	}
}

func TestMacaroon_LifetimeAndProjects(t *testing.T) {
	t.Parallel()
	m, err := macaroon.Parse(macaroonVectors(t)[0].Minted)
	if err != nil {
		t.Fatal(err)
	}
	expires, notBefore, ok := m.Window()
	if !ok || expires != 1790000900 || notBefore != 1790000000 {
		t.Error(expires, notBefore, ok)
	}
	if n, ok := m.Projects(); !ok || n != 1 {
		t.Error(n, ok)
	}
	bare, err := macaroon.Parse(macaroonVectors(t)[1].Minted)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := bare.Window(); ok {
		t.Error("a token without caveats has a lifetime")
	}
	if _, ok := bare.Projects(); ok {
		t.Error("a token without caveats has projects")
	}
}

func FuzzMacaroon(f *testing.F) {
	for _, v := range macaroonVectors(f) {
		f.Add(v.Minted)
		f.Add(v.Narrowed[:len(v.Narrowed)/2])
	}
	f.Add("pypi-AgAA")
	f.Add("pypi-" + "Av____8P")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := macaroon.Parse(text)
		if err != nil {
			return
		}
		narrowed := m.With([]byte(`[1,["a"]]`)).String()
		again, err := macaroon.Parse(narrowed)
		if err != nil || again.String() != narrowed || narrowed == m.String() {
			t.Errorf("%q cannot be narrowed: %v", text, err)
		}
		m.Window()
		m.Projects()
	})
}
