package macaroon

import (
	"encoding/json"
	"os"
	"testing"
)

type vector struct {
	Name, Minted, Narrowed string
	More                   []string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/macaroons.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	return all
}

// The vectors come from another implementation: testdata/macaroons.py.
func TestRestrict_Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		m, err := Parse(v.Minted)
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

func TestParse_LifetimeAndProjects(t *testing.T) {
	t.Parallel()
	m, err := Parse(vectors(t)[0].Minted)
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
	bare, err := Parse(vectors(t)[1].Minted)
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

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Minted)
		f.Add(v.Narrowed[:len(v.Narrowed)/2])
	}
	f.Add("pypi-AgAA")
	f.Add("pypi-" + "Av____8P")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(m.With([]byte(`[1,["a"]]`)).String())
		if err != nil || len(again.caveats) != len(m.caveats)+1 {
			t.Errorf("%q cannot be narrowed: %v", text, err)
		}
		m.Window()
		m.Projects()
	})
}
