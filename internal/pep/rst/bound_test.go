package rst_test

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// pieces make texts that repeat one thing: whatever is searched to the end of the text for each of them shows here.
var pieces = []string{
	"*", "**", "`", "``", "_", "|", "[", "[#", "]", ":", "<", "`<", "`a <", "a.", "a-b:", ":a:`", "`a`:b", "\\", "x_ ", "a__ ", "*a* ",
	"``a`` ", "`a`_ ", "`a <b>`_ ", "|s| ", "[1]_ ", "(*) ", "x@y.", "- ", "- a\n", "- a\n\n", " ", " \n", "\n ", "a\n", "a\n\n", ".. ",
	".. a\n\n", ".. _a: b\n", ".. _a", ".. _`a\n   ", ".. |a\n   ", "__ a\n", "a\n=\n", "a\n====\n\n", "+-", "+---+\n", "+-+\n|a|\n",
	"== ==\n", "= =\na b\n", "1. ", "1. a\n", "#. a\n", ":a: b\n", ":a:", "-a  b\n", "| a\n", "a::\n\n  b\n\n", "a\n b\n", "a\n b\n  c\n",
	"日本", "e\u0301", "\t\n", "\x00", "\r", ".. note::\n\n   ", ".. image:: x\n", ".. csv-table::\n\n   ", "\"a\",", "* - ",
	"   a\n\n   -- b\n\n", "a\n\n----\n\n", ".. role:: a\n", ".. class:: a\n\n", ".. contents::\n\n", ".. [#] a\n", ".. target-notes::\n\n",
	".. meta::\n   :a: b\n\n", ".. meta::\n   :a:\n\n", ".. header:: a\n\n", ".. meta::\n   :a: b\n   :c:\n\nd\n\n",
}

// TestCheck_LinearTime compares the work for a text with that for one eight times as long. Allocation stands in for work, since
// the clock of a busy machine lies; a clock far beyond any bound is a failure as well.
func TestCheck_LinearTime(t *testing.T) {
	long.Only(t)
	const small, large = 8_000, 64_000
	for _, piece := range pieces {
		for _, before := range []string{"", "x "} {
			start := time.Now()
			few := allocated(before + strings.Repeat(piece, small/len(piece)))
			many := allocated(before + strings.Repeat(piece, large/len(piece)))
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%q: %v", before+piece, took)
			}
			if many > 40*(few+100_000) {
				t.Errorf("%q: %d bytes for %d, %d for %d", before+piece, few, small, many, large)
			}
		}
	}
}

// allocated is the memory it takes to check a text, in bytes.
func allocated(text string) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rst.Check(text, rst.Renderer45)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestCheck_Memory: a text of any length takes little memory.
func TestCheck_Memory(t *testing.T) { // not parallel: it measures
	long.Only(t)
	for _, piece := range []string{"a\n b\n", "a\n=\n", ":a: b\n"} {
		if took := allocated(strings.Repeat(piece, 4<<20/len(piece))); took > 1<<20 {
			t.Errorf("%q: %d bytes", piece, took)
		}
		if took := allocated(strings.Repeat(piece, 500_000/len(piece))); took > 200<<20 {
			t.Errorf("%q: %d bytes", piece, took)
		}
	}
	if result := rst.Check(strings.Repeat("a\n", 1<<20), rst.Renderer46); result.Outcome != rst.Undecided {
		t.Errorf("a text that is too long: %s", result)
	}
}

// TestCheck_ManyReferences checks documents in which everything refers to everything.
func TestCheck_ManyReferences(t *testing.T) {
	t.Parallel()
	const n = 5000
	for name, line := range map[string]func(i int) string{
		"chain of targets":   func(i int) string { return fmt.Sprintf(".. _a%d: a%d_\n", i, i+1) },
		"same title":         func(int) string { return "a\n=====\n\n" },
		"same link":          func(i int) string { return fmt.Sprintf("`a <b%d>`_\n", i) },
		"anonymous":          func(int) string { return "a__\n\n__ b\n\n" },
		"automatic notes":    func(int) string { return "[#]_\n\n.. [#] a\n\n" },
		"one substitution":   func(int) string { return "|s|\n" },
		"separating lines":   func(int) string { return "a\n\n----\n\n" },
		"class directives":   func(int) string { return ".. class:: a\n\n" },
		"targets in a row":   func(i int) string { return fmt.Sprintf(".. _a%d:\n", i) },
		"references to none": func(i int) string { return fmt.Sprintf("a%d_\n", i) },
	} {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		b.WriteString("\n.. |s| replace:: x\n\nend\n")
		start := time.Now()
		result := rst.Check(b.String(), rst.Renderer45)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v for %s", name, took, result)
		}
	}
}

// FuzzCheck looks for panics, verdicts without words and texts that take far more time than their length is worth.
func FuzzCheck(f *testing.F) {
	for _, piece := range pieces {
		f.Add("text\n\n" + piece + "a\n" + piece + "\n")
	}
	f.Add("+---+---+\n| a | b |\n+===+===+\n| c     |\n+-------+\n")
	f.Add("== ==\na  b\n-----\nc  d\n== ==\n")
	f.Add(".. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n   * - c\n     - d\n")
	f.Add(".. csv-table:: x\n   :header: a, b\n   :widths: 1 2\n\n   \"c\n   d\", e\n")
	f.Add(":Author: A. B.\n:Date: 1\n\n.. |x| replace:: `a <b>`__\n\n|x|_ [#]_\n\n.. [#] y\n.. _x: z_\n.. _z: http://a\n")
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		result := rst.Check(text, rst.Renderer45)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%v for %d bytes", took, len(text))
		}
		if result.Outcome == rst.Accept && !reflect.DeepEqual(result, rst.Result{}) {
			t.Errorf("an accepted text with words: %+v", result)
		}
		if result.Outcome != rst.Accept && (result.Message == "" || result.Construct == "" || result.Fix == "") {
			t.Errorf("no words: %+v", result)
		}
	})
}

// BenchmarkCheck checks an ordinary description of 100 KB: it should take 20 ms at most.
func BenchmarkCheck(b *testing.B) {
	text := description(100_000)
	if result := rst.Check(text, rst.Renderer45); result.Outcome != rst.Accept {
		b.Fatal(result)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		rst.Check(text, rst.Renderer45)
	}
}

// description is a description as projects write them, of at least so many bytes.
func description(size int) string {
	const part = `Release %[1]d
-----------

.. image:: https://example.com/badge-%[1]d.svg
   :target: https://example.com/%[1]d
   :alt: build

Alder *grows* near **water** and reads ` + "``files``" + ` of a kind; see the ` + "`guide %[1]d <https://example.com/guide/%[1]d>`_" + `
and the handbook_ for more, or write to alder@example.com. It takes **care** of (most) things.

* Faster by %[1]d percent, as ` + "``alder.run(*args, **kwargs)``" + ` shows
* No longer fails on empty input [1]_

  - not even with ` + "`--force`" + `

1. Install it::

       pip install alder==%[1]d

2. Use it:

.. code-block:: python

    import alder
    alder.plant(%[1]d)

=======  =======
Species  Height
=======  =======
glutinosa  %[1]d m
incana     20 m
=======  =======

`
	var b strings.Builder
	b.WriteString("Alder\n=====\n\n.. contents::\n\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, strings.ReplaceAll(part, "=======  =======", "=========  ======="), i)
	}
	b.WriteString(".. _handbook: https://example.com/handbook\n.. [1] Found by a reader.\n")
	return strings.ReplaceAll(b.String(), "Species  Height", "Species    Height")
}
