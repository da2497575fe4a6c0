package pep_test

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/rst"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

const bad = "bad"

// judged returns ok or bad.
func judged(problem string) string {
	if problem != "" {
		return bad
	}
	return "ok"
}

// read returns ok, or bad for an error.
func read(err error) string {
	if err != nil {
		return bad
	}
	return "ok"
}

// normal returns a text, or bad for an error.
func normal(text string, err error) string {
	if err != nil {
		return bad
	}
	return text
}

// said has what this program says of a value of each kind, in the words of the tables.
var said = map[string]func(v vectors.Value) string{
	"ver": func(v vectors.Value) string {
		version, err := pep.ParseVersion(v.Text)
		return normal(version.String(), err)
	},
	"cmp": func(v vectors.Value) string {
		a, errA := pep.ParseVersion(v.Text)
		b, errB := pep.ParseVersion(v.Other)
		return normal([]string{"<", "=", ">"}[a.Compare(b)+1], cmp.Or(errA, errB))
	},
	"spec": func(v vectors.Value) string { return judged(metadata.RequiresPython(v.Text)) },
	"req":  func(v vectors.Value) string { return judged(metadata.RequiresDist(v.Text)) },
	"name": func(v vectors.Value) string {
		if !pep.ValidName(v.Text) {
			return bad
		}
		return string(pep.Normalize(v.Text))
	},
	"extra": func(v vectors.Value) string { return judged(metadata.ProvidesExtra(v.Text)) },
	"wheel": func(v vectors.Value) string {
		name, err := pep.ParseWheelName(v.Text)
		version, _ := pep.ParseVersion(name.Version)
		return normal(fmt.Sprintf("%s|%s|%s", pep.Normalize(name.Name), version, name.Build), err)
	},
	"sdist": func(v vectors.Value) string {
		name, err := pep.ParseSdistName(v.Text)
		version, _ := pep.ParseVersion(name.Version)
		return normal(fmt.Sprintf("%s|%s", pep.Normalize(name.Name), version), err)
	},
	"spdx":   func(v vectors.Value) string { return normal(spdx.Canonical(v.Text)) },
	"email":  func(v vectors.Value) string { return judged(metadata.Email(v.Text)) },
	"url":    func(v vectors.Value) string { return judged(metadata.URL(v.Text)) },
	"lpath":  func(v vectors.Value) string { return judged(metadata.LicensePath(v.Text)) },
	"import": func(v vectors.Value) string { return judged(metadata.ImportName(v.Text)) },
	"dynamic": func(v vectors.Value) string {
		return judged(metadata.Dynamic(v.Text) + metadata.StorableDynamic(v.Text))
	},
	"ctype": func(v vectors.Value) string {
		return judged(metadata.ContentType(v.Text) + metadata.Charset(v.Text) + metadata.Variant(v.Text))
	},
	"ep": func(v vectors.Value) string { return read(pep.CheckEntryPoints([]byte(v.Text))) },
	"md": func(v vectors.Value) string {
		if metadata.EmptyMarkdown(v.Text) {
			return bad
		}
		return "ok"
	},
	"rst": func(v vectors.Value) string {
		return map[rst.Outcome]string{rst.Accept: "ok", rst.Refuse: bad}[rst.Check(v.Text, rst.Renderer45).Outcome]
	},
	"trove": func(v vectors.Value) string {
		status, _ := trove.Lookup(v.Text)
		return map[trove.Status]string{trove.Unknown: "unknown", trove.Valid: "valid", trove.Deprecated: "deprecated"}[status]
	},
}

// TestReference holds the parsers and the judges of values to what the pinned releases of Python's own libraries say. Nothing is refused
// that they accept; what is said otherwise is listed.
func TestReference(t *testing.T) {
	t.Parallel()
	for kind, say := range said {
		same, values := 0, vectors.Values(t, kind)
		for _, v := range values {
			got := say(v)
			reason, listed := otherwise[kind][v.Text]
			switch {
			case got == v.Pinned && listed:
				t.Errorf("%s %q: said as by the libraries now: take it from the list (%s)", kind, v.Text, reason)
			case got == v.Pinned:
				same++
			case got == bad && v.Pinned != bad:
				t.Errorf("%s %q: refused, and the libraries say %q", kind, v.Text, v.Pinned)
			case !listed:
				t.Errorf("%s %q: %q, and the libraries say %q", kind, v.Text, got, v.Pinned)
			}
		}
		t.Logf("%s: %d of %d as the libraries say", kind, same, len(values))
	}
}

// otherwise has the values of which something else is said than by the pinned libraries, and why. None is a refusal.
var otherwise = map[string]map[string]string{
	"md":    {"[^x]: <!-- -->\n[^a]: - x\n-[  \n": "a list that goes on in a footnote: missed"},
	"trove": {"Framework :: Odoo :: 20.0": "the table is that of the newest release"},
	"wheel": {"199-01.1.0.2_Alpha_2024-01-cp314-abi3-any.linux_x86_64.win_amd64.whl": "a build tag is kept as written"},
}
