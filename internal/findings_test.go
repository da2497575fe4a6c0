package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

const findings = "../findings/"

// headOfFinding is how a finding begins: its title and what it says about itself, in this order.
var headOfFinding = regexp.MustCompile(`^#!/usr/bin/env bash
# \S.*
#
# Expected: .+
(?:#           .+
)*# Seen:     .+
(?:#           .+
)*# Affects:  .+
(?:#           .+
)*# Date:     20\d\d-[01]\d-[0-3]\d
# Versions: .*\d.*
(?:#           .+
)*# Sources:  .+
(?:#           .+
)*# shellcheck source=SCRIPTDIR/common\.bash
\. "\$\(dirname "\$0"\)/common\.bash"
`)

// TestFindings holds the form of the findings, which CI does not run: a head, a comparison with what was seen at its end, packages by
// version, and a line in the table of the README.
func TestFindings(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(findings + "*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no findings: %v", err)
	}
	table := read(t, findings+"README.md")
	for _, path := range scripts {
		text, name := read(t, path), filepath.Base(path)
		if !headOfFinding.MatchString(text) {
			t.Errorf("%s: its head is not in the form of the others", name)
		}
		if !regexp.MustCompile(`(?s)\nstill <<'SEEN'\n.+\nSEEN\n$`).MatchString(text) {
			t.Errorf("%s: it does not end with a comparison with what was seen", name)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
			t.Errorf("%s: it cannot be executed: %v", name, err)
		}
		if row := "| [" + strings.TrimSuffix(name, ".sh") + "](" + name + ") |"; strings.Count(table, row) != 1 {
			t.Errorf("%s: the README must have one row that begins with %s", name, row)
		}
		for i, line := range strings.Split(text, "\n") {
			if len([]rune(line)) > 140 {
				t.Errorf("%s:%d: longer than 140 columns", name, i+1)
			}
		}
		for _, module := range regexp.MustCompile(`(?m)^go_module (.+)$`).FindAllStringSubmatch(text, -1) {
			for _, one := range strings.Fields(module[1]) {
				if !strings.Contains(one, "@v") {
					t.Errorf("%s: %s has no version", name, one)
				}
			}
		}
		for _, packages := range regexp.MustCompile(`(?m)^node_packages (.+)$`).FindAllStringSubmatch(text, -1) {
			for _, one := range strings.Fields(packages[1]) {
				if !regexp.MustCompile(`.@\d+\.\d+\.\d+$`).MatchString(one) {
					t.Errorf("%s: %s has no version", name, one)
				}
			}
		}
	}
	if rows := strings.Count(table, ".sh) |"); rows != len(scripts) {
		t.Errorf("the README has %d rows for %d findings", rows, len(scripts))
	}
}
