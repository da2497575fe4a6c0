package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestRepr compares with what CPython 3.13 prints.
func TestRepr(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"demo": `'demo'`, "": `''`, "it's": `"it's"`, `a"b`: `'a"b'`, `it's "x"`: `'it\'s "x"'`, `a\b`: `'a\\b'`,
		"a\nb\r\tc": `'a\nb\r\tc'`, "\x00\x1f\x7f\u0085\u00a0": `'\x00\x1f\x7f\x85\xa0'`, "\u00ad": `'\xad'`, "åäö€": `'åäö€'`,
		"\u200b": `'\u200b'`, "\u2028": `'\u2028'`, "😀": `'😀'`, "\U000e0001": `'\U000e0001'`,
	} {
		if got := pep.Repr(text); got != want {
			t.Errorf("repr(%q) = %s, want %s", text, got, want)
		}
	}
	if got := pep.ReprList([]string{"a", "b'"}); got != `['a', "b'"]` {
		t.Errorf("list: %s", got)
	}
	if got := pep.ReprList(nil); got != "[]" {
		t.Errorf("empty list: %s", got)
	}
}
