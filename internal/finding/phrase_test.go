package finding_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

func TestPhrase_Count(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 files", 1: "1 file", 2: "2 files"} {
		if got := phrase.Count(n, "file"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPhrase_Some(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "", 1: "a", 2: "a, b", 3: "a, b and 1 more", 5: "a, b and 3 more"} {
		if got := phrase.Some(strings.Split("abcde", "")[:n], 2); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPhrase_Units(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "ab": 2, "é…": 2, "\U0001d465": 2, "\xff": 1} {
		if got := phrase.Units(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestPhrase_Beginning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"abc", 0, ""},
		{"aé", 2, "a"},
		{"aé", 3, "aé"},
		{"é", 1, ""},
		{"a😀b", 4, "a"},
		{"a😀b", 5, "a😀"},
		{"\x80\x80\x80\x80\x80\x80\x80", 6, "\x80\x80\x80\x80\x80\x80"},
		{"ab\xffcd", 3, "ab\xff"},
	} {
		if got := phrase.Beginning(c.text, c.most); got != c.want {
			t.Errorf("%q, %d: got %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
