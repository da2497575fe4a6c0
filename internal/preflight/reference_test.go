package preflight_test

import (
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// decision is what preflight says of a value of which the pinned libraries of the index and the newest ones say different things.
type decision struct {
	today string // the worst finding on the last day on which the index is known to run the pinned libraries
	later string // on any later day
	why   string
}

var (
	soon    = decision{"warning", "warning", "the newer library refuses it"}
	ageing  = decision{"error", "warning", "the newer library accepts it"}
	refused = decision{"error", "error", "another rule of the index refuses it today"}
	nothing = decision{"", "", "its normal form differs, nobody writes it, or the table here is the newest"}
	newer46 = decision{"warning", "warning", "readme_renderer 45 refuses it, and 46 does not"}
)

// decisions has a row for every such value of the tables.
var decisions = map[string]map[string]decision{
	"ctype": {
		"text/plain;=":                                                    soon,
		"text/markdown ; varian=GFM (c),x=y":                              soon,
		"text/markdown;;charset = UTF-8; charset=latin-1":                 soon,
		"text/x-rst;;chArset=\"UTF-8\";;charset='UTF-8'":                  soon,
		"text/plain ; charset='UTF-8'; charset=\"UTF-8\"":                 soon,
		"TEXT/Markdown;;charset*=utf-8''UTF-8;charset=\"UTF-8\"":          soon,
		"text/markdown; charset*=utf-8''UTF-8 ; charset=\"UTF-8\"":        soon,
		"TEXT/Markdown ; harset;variant=\"GFM\",charset*=utf-8''UTF-8":    soon,
		"TEXT/Markdown; variant=\"GFM\",variant,ant,charset*=tf-8''UTF-8": soon,
		"text/plain;charset=utf-8":                                        ageing,
		"text/plain ; charset=utf-8;variant=GFM":                          ageing,
		"text/x-rst; variant=GFM (c) ; charset=utf-8":                     ageing,
	},
	"lpath": {"a:": soon, "C:a/b": soon, "C:]:]\u0130.b": soon},
	"req": {
		"A.-.Z@\ufeff${a}/B;PYTHON<='\\X41\u00a0'":   refused,
		"A90A1 [] @http//u:p@h:1/p?q=\x0c\u21671;2 ": refused,
	},
	"spdx": {
		"( (LicenseRef-x )  OR\tlicenseref-X )": nothing,
		"( apache-2.0 WITH classpath-exception-2.0 )  OR\tPSF-2.0 WITH Bison-exception-2.2  OR\tlicenseref-\u212aX or apache-2.0 " +
			"WITH classpath-exception-2.0": nothing,
		"LICENSErEF-":                     soon,
		"LicenseRef- with LLVM-exception": soon,
		"( apache-2.0  OR\tApache-2.0 And LicenseRef- WITH BisoN-EXception-2.2 " +
			")": soon,
		"LicenseRef- with GCC-exception-3.1 aND cc0-1.0 WITH bISON-EXCEPTION-2.2 and lICENSErEF-a.B-1 or aPACHE-2.0 with " +
			"CLASSPATH-EXCEPTION-2.0 OR eCos-2.0 with GCC-exception-3.1": soon,
	},
	"wheel": {
		"00_0-v1-cp314.py3.--.whl":                                         refused,
		"10_-1!10.01.01.01+00_ubuntu--cp314t-.win_amd64.whl":               refused,
		"9Z1Z-999-py3.cp314.py3-abi3-.linux_x86_64.macosx_11_0_arm64*.whl": refused,
		"1b_000-2024.12345678901234567890.12345678901234567890.12345678901234567890_dev_01-" +
			"2abc--abi3.00none-macosx_11_0_a\u212am64.whl": refused,
	},
	"sdist": {
		"-v2.1.10.007pre.zip": refused,
	},
	"trove": {
		"Framework :: Odoo :: 20.0": nothing,
	},
	"rst": {
		".\x1c..": newer46,
		"**************\nH\\ :sub:`2`\\ O\n**************\n":              newer46,
		"`x :title-reference:`z`\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^": newer46,
		"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n" +
			"`x `t <https://x/y>`_ --- \"quoted\" `t <relative>`_ *em*\n" +
			"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n" +
			"\n" +
			".. class: `t <a_>`_\n" +
			"  :header-rows: 10xx\n" +
			"  :quote:lazy\n" +
			"\n" +
			"  a, b\n" +
			"  1, 2": newer46,
	},
}

// TestReference_Differences holds preflight to a decision about every value of which the pinned and the newest libraries say different
// things.
func TestReference_Differences(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{ // the field of each kind; empty for a file name
		"ver":     "Version",
		"spec":    "Requires-Python",
		"req":     "Requires-Dist",
		"name":    "Name",
		"extra":   "Provides-Extra",
		"wheel":   "",
		"sdist":   "",
		"spdx":    "License-Expression",
		"email":   "Author-email",
		"url":     "Home-page",
		"lpath":   "License-File",
		"import":  "Import-Name",
		"dynamic": "Dynamic",
		"ctype":   "Description-Content-Type",
		"ep":      "",
		"md":      "",
		"rst":     "Description",
		"trove":   "Classifier",
	}
	for kind, name := range kinds {
		rows := 0
		for _, v := range vectors.Values(t, kind) {
			want, decided := decisions[kind][v.Text]
			if v.Pinned == v.Newest {
				if decided {
					t.Errorf("%s %q: both say %s, and there is a decision about it", kind, v.Text, v.Pinned)
				}
				continue
			}
			rows++
			s := set(t, wheel(newest))
			d := s.Files[0]
			if name == "" {
				d.Name = v.Text
			} else {
				d.Headers = append(d.Headers, distfile.Field{Name: name, Value: v.Text})
			}
			s.Now = metadata.AsOf()
			today := worst(preflight.Check(s))
			s.Now = trove.AsOf().AddDate(0, 0, 1)
			if later := worst(preflight.Check(s)); !decided || today != want.today || later != want.later {
				t.Errorf(
					"%s %q (%s, and then %s): %q today and %q later, decided is %+v",
					kind,
					v.Text,
					v.Pinned,
					v.Newest,
					today,
					later,
					want,
				)
			}
		}
		if rows != len(decisions[kind]) {
			t.Errorf("%s: %d decisions for %d values", kind, len(decisions[kind]), rows)
		}
	}
}

// worst returns the highest severity of the findings other than that of a missing license file.
func worst(found []finding.Finding) string {
	found = slices.DeleteFunc(found, func(f finding.Finding) bool { return f.ID == "license-file-missing" || f.ID == "metadata-missing" })
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b finding.Finding) int { return int(a.Severity) - int(b.Severity) }).Severity.String()
}
