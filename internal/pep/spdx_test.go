package pep_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

func TestSPDX_Canonical(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"MIT":                            "MIT",
		"mit":                            "MIT",
		" \tmit\u00a0or\x1capache-2.0":   "MIT OR Apache-2.0",
		"MIT And (bsd-3-clause oR 0bsd)": "MIT AND (BSD-3-Clause OR 0BSD)",
		"((mit))":                        "((MIT))",
		"(mit)or(isc)":                   "(MIT) OR (ISC)",
		"GPL-2.0-or-later with classpath-exception-2.0":             "GPL-2.0-or-later WITH Classpath-exception-2.0",
		"(mit) with classpath-exception-2.0":                        "(MIT) WITH Classpath-exception-2.0",
		"mit with classpath-exception-2.0 with llvm-exception":      "MIT WITH Classpath-exception-2.0 WITH LLVM-exception",
		"mit with (isc or 0bsd)":                                    "MIT WITH (ISC OR 0BSD)",
		"GPL-3.0":                                                   "GPL-3.0",
		"lgpl-2.1+":                                                 "LGPL-2.1+",
		"apache-2.0+ or mit":                                        "Apache-2.0+ OR MIT",
		"LICENSEREF-My.Own-1":                                       "LicenseRef-My.Own-1",
		"licenseref-":                                               "LicenseRef-",
		"licenseref-A or LicenseRef-a":                              "LicenseRef-a OR LicenseRef-a",
		"LicenseRef-a+ OR LicenseRef-a":                             "LicenseRef-a+ OR LicenseRef-a",
		strings.Repeat("(", 200) + "mit" + strings.Repeat(")", 200): strings.Repeat("(", 200) + "MIT" + strings.Repeat(")", 200),
	} {
		got, err := spdx.Canonical(expression)
		if got != want || err != nil {
			t.Errorf("%q: %q, %v", expression, got, err)
		}
		if again, err := spdx.Canonical(got); again != got || err != nil {
			t.Errorf("%q, again: %q, %v", got, again, err)
		}
	}
}

func TestSPDX_Refused(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"":                           "the expression ends where a licence should come",
		"  ":                         "the expression ends where a licence should come",
		"MIT AND":                    "the expression ends where a licence should come",
		"(MIT":                       "a parenthesis is not closed",
		"MIT)":                       `")" closes nothing`,
		"()":                         `")" closes nothing`,
		"MIT OR ()":                  `")" closes nothing`,
		"(MIT OR)":                   `")" closes nothing`,
		")(":                         `")" closes nothing`,
		"MIT (ISC)":                  `"(" comes without AND or OR`,
		"(MIT)(ISC)":                 `"(" comes without AND or OR`,
		"(MIT) ISC":                  `"ISC" comes without AND, OR or WITH`,
		"MIT ISC":                    `"ISC" comes without AND, OR or WITH`,
		"or MIT":                     `"or" has no licence before it`,
		"MIT OR WITH ISC":            `"WITH" has no licence before it`,
		"not MIT":                    `"MIT" comes without AND, OR or WITH`,
		"GPLv3":                      `"GPLv3" is not in the SPDX license list`,
		"NONE":                       `"NONE" is not in the SPDX license list`,
		"MIT/Apache-2.0":             `"MIT/Apache-2.0" is not in the SPDX license list`,
		"MIT++":                      `"MIT++" is not in the SPDX license list`,
		"+":                          `"+" is not in the SPDX license list`,
		"M\u0130T":                   "\"M\u0130T\" is not in the SPDX license list",
		"Classpath-exception-2.0":    `"Classpath-exception-2.0" is not in the SPDX license list`,
		"GPL-3.0-only WITH Foo":      `"Foo" is not in the SPDX list of exceptions`,
		"MIT WITH MIT":               `"MIT" is not in the SPDX list of exceptions`,
		"MIT WITH LLVM-exception+":   `"LLVM-exception+" is not in the SPDX list of exceptions`,
		"MIT WITH (LLVM-exception)":  `"LLVM-exception" is not in the SPDX license list`,
		"LicenseRef-a_b":             `"LicenseRef-a_b" is not a valid reference`,
		"LicenseRef-ä":               `"LicenseRef-ä" is not a valid reference`,
		"LicenseRef-a+":              `"LicenseRef-a+" is not a valid reference`,
		"LicenseRef-a++":             `"LicenseRef-a++" is not a valid reference`,
		"DocumentRef-a:LicenseRef-b": `"DocumentRef-a:LicenseRef-b" is not in the SPDX license list`,
		"\xff":                       `"\xff" is not in the SPDX license list`,
		strings.Repeat("(", 201) + "MIT" + strings.Repeat(")", 201): "more than 200 parentheses",
	} {
		got, err := spdx.Canonical(expression)
		if err == nil || !strings.HasPrefix(err.Error(), want) || got != "" {
			t.Errorf("%q: %q, %v; want %s", expression, got, err, want)
		}
	}
}

// TestSPDX_List: each identifier of the list is known by any spelling, and is what the list says it is.
func TestSPDX_List(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("spdx/spdx.txt")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(text)) {
		kind, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "as-of" {
			if id != spdx.AsOf().Format(time.DateOnly) {
				t.Errorf("%s: as of %v", line, spdx.AsOf())
			}
			continue
		}
		count[kind]++
		prefix := map[string]string{"license": "", "exception": "MIT WITH "}[kind]
		if got, err := spdx.Canonical(prefix + strings.ToUpper(id)); err != nil || got != prefix+id {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	if count["license"] < 699 || count["exception"] < 79 || len(count) != 2 {
		t.Errorf("the list is incomplete: %v", count)
	}
}

// TestSPDX_UnknownIdentifier: what a newer list could have is not reported like what is always wrong.
func TestSPDX_UnknownIdentifier(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]bool{
		"GPLv3": true, "GPLv3+": true, "MIT OR NONE": true, "MIT WITH Foo": true, "Classpath-exception-2.0": true,
		"MIT AND": false, "MIT/Apache-2.0": false, "MIT++": false, "+": false, "LicenseRef-a_b": false, "(MIT": false, "M\u0130T": false,
		"MIT WITH LLVM_exception": false,
	} {
		_, err := spdx.Canonical(expression)
		var unknown *spdx.UnknownError
		if errors.As(err, &unknown) != want || err == nil {
			t.Errorf("%q: %#v", expression, err)
		}
	}
}

func FuzzSPDX(f *testing.F) {
	for _, seed := range []string{
		"mit", "(MIT or ISC) and LicenseRef-x", "gpl-2.0+ WITH Classpath-exception-2.0", "((", "LicenseRef-K",
		"LicenseRef-a OR LicenseRef-A+",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		once, err := spdx.Canonical(expression)
		if err != nil {
			if once != "" {
				t.Errorf("%q: %q with %v", expression, once, err)
			}
			return
		}
		if twice, err := spdx.Canonical(once); err != nil || twice != once {
			t.Errorf("%q: %q, then %q, %v", expression, once, twice, err)
		}
	})
}

// TestSPDX_Source: the table is the one that the README describes, and of the day that it says.
func TestSPDX_Source(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("spdx/README.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("spdx/spdx.txt")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `spdx.txt` \\| .+ \\| (20\\d\\d-\\d\\d-\\d\\d) \\| `([0-9a-f]{64})` \\|$").
		FindStringSubmatch(string(readme))
	if row == nil {
		t.Fatal("README.md has no row of spdx.txt with a date and a SHA-256")
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(table)); sum != row[2] {
		t.Errorf("spdx.txt has the SHA-256 %s, and README.md says %s: make both with refresh.sh", sum, row[2])
	}
	if day := spdx.AsOf().Format(time.DateOnly); day != row[1] {
		t.Errorf("the list is as of %s, and README.md says %s", day, row[1])
	}
}
