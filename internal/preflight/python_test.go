package preflight

import (
	"encoding/json"
	"os"
	"testing"
)

// TestPython compares with what Python's own libraries said to generated texts: the standard library of 3.13 (e-mail,
// pathlib), rfc3986 1.5, cmarkgfm 0.8 and email-validator 1.3. What is exact here is the same; of the rest nothing is refused
// that they take.
func TestPython(t *testing.T) {
	t.Parallel()
	verdict := func(refused bool) string {
		if refused {
			return "bad"
		}
		return ""
	}
	kinds := map[string]struct {
		exact bool
		say   func(text string) string
	}{
		"addr":  {true, oneAddress},
		"lpath": {true, func(text string) string { message, _ := licenseFilePath(field{}, text); return verdict(message != "") }},
		"url":   {false, func(text string) string { return verdict(!acceptedURL(text)) }},
		"email": {false, func(text string) string { return verdict(addressProblem(text) != "") }},
		"md": {false, func(text string) string {
			if emptyMarkdown(text) {
				return "empty"
			}
			return ""
		}},
		"ctype": {false, func(text string) string {
			for kind, check := range map[string]checkValue{
				"type":    contentType,
				"charset": contentTypeCharset,
				"variant": contentTypeVariant,
			} {
				if message, _ := check(field{}, text); message != "" && (kind != "variant" || firstIsVariant(text)) {
					return kind
				}
			}
			return ""
		}},
	}
	text, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Kind, Text, Said string }
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 1000 {
		t.Fatalf("%d texts, %v", len(list), err)
	}
	same, cases := map[string]int{}, map[string]int{}
	for _, c := range list {
		kind := kinds[c.Kind]
		got := kind.say(c.Text)
		cases[c.Kind]++
		if got == c.Said {
			same[c.Kind]++
		} else if kind.exact || got != "" {
			t.Errorf("%s %q: %q, but Python says %q", c.Kind, c.Text, got, c.Said)
		}
	}
	for kind, n := range cases {
		t.Logf("%s: %d of %d alike", kind, same[kind], n)
		if same[kind] < n*4/5 {
			t.Errorf("%s: only %d of %d are alike", kind, same[kind], n)
		}
	}
}

// firstIsVariant reports whether a wrong variant is what Python says first.
func firstIsVariant(text string) bool {
	message, _ := contentTypeCharset(field{}, text)
	return message == ""
}
