package pep_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestCheckEntryPoints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // what is wrong, in part
		"":                                              "",
		"\n# nothing\n":                                 "",
		"[console_scripts]\nx = a:b\n":                  "",
		"[console_scripts]\r\nx = a:b\r\n":              "",
		"[console_scripts]\nx.y-z_1=\n":                 "",
		"[console_scripts]\nä٣Ⅷ = x":                    "",
		"[console_scripts]\nx = %(y)s\n":                "",
		"[console_scripts]\nx = a\n  b c\n\n\n  d e\n":  "",
		"[console_scripts]\nx = a\n#\n; y\n  b":         "",
		"[console_scripts] and more\nx = a\n":           "",
		"[other]\na b = c\n":                            "",
		"[ console_scripts ]\na b = c\n":                "",
		"[DEFAULT]\na b = c\n":                          "",
		"[DEFAULT]\n[DEFAULT]\n":                        "",
		"[console_scripts]\nx = a\n[Console_Scripts]\n": "",
		"x = a\n":                               "before any section",
		"  [console_scripts\n":                  "before any section",
		"[]\n":                                  "before any section",
		"\ufeff[console_scripts]\n":             "before any section",
		"[console_scripts]\nx: a\n":             "has no =",
		"[console_scripts]\n  x\n":              "has no =",
		"[console_scripts]\n= a\n":              "nothing before",
		"[console_scripts]\nx = a\nx = b\n":     "twice",
		"[other]\n[console_scripts]\n[other]\n": "twice",
		"[DEFAULT]\na = b\n[DEFAULT]\na = c\n":  "twice",
		"[console_scripts]\na b = c\n":          "not a valid command name",
		"[gui_scripts]\na/b = c\n":              "not a valid command name",
		"[gui_scripts]\ne\u0301 = c\n":          "not a valid command name",
		"[DEFAULT]\na b = c\n[gui_scripts]\n":   "not a valid command name",
		"[gui_scripts]\nx = \xff\n":             "not UTF-8",
	} {
		err := pep.CheckEntryPoints([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestParseEntryPoints: what becomes a command is read with its whole value, as Python's configparser does.
func TestParseEntryPoints(t *testing.T) {
	t.Parallel()
	points, err := pep.ParseEntryPoints([]byte(
		"[other]\nx = y\n[console_scripts]\na = b:c\n# no\nd =\n  e:f\n\n  [g]\nh=\n[gui_scripts]\ni = j:k ; l\n[DEFAULT]\nm = n\n",
	))
	want := pep.EntryPoints{
		Groups: []string{"other", "console_scripts", "gui_scripts"},
		Commands: []pep.Command{
			{Name: "a", Value: "b:c"}, {Name: "d", Value: "\ne:f\n[g]"}, {Name: "h"}, {Name: "i", Value: "j:k ; l"},
		},
	}
	if err != nil || !reflect.DeepEqual(points, want) {
		t.Errorf("got %+v, %v, want %+v", points, err, want)
	}
}

func TestCommand_Module(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{ // empty: not an object
		"alder:main":           "alder",
		"alder.cli:App.run":    "alder.cli",
		"alder:main [x]":       "alder",
		"alder:main[x, y-z.a]": "alder",
		"älder:main":           "älder",
		"alder":                "",
		"":                     "",
		"alder:":               "",
		":main":                "",
		"alder:main()":         "",
		"alder:main  # run it": "",
		"\nalder:main":         "",
		"alder/cli.py:main":    "",
		"al-der:main":          "",
		"alder:main [x":        "",
		"alder:main []":        "",
		"alder:main:x":         "",
		"alder.:main":          "",
		"alder : main":         "",
		"alder:main;":          "",
		"alder:main\n[x]":      "",
	} {
		module, isObject := pep.Command{Value: value}.Module()
		if module != want || isObject != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", value, module, isObject, want)
		}
	}
}

func FuzzCheckEntryPoints(f *testing.F) {
	f.Add([]byte("[console_scripts]\nx = a:b\n  c\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := pep.CheckEntryPoints(text); err != nil && err.Error() == "" {
			t.Error("no reason")
		}
	})
}
