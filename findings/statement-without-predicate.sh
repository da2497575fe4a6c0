#!/usr/bin/env bash
# in-toto's library refuses the statements of PyPI's publish attestations, as its reference program writes them
#
# Expected: a statement as the publish attestations of PyPI have it is valid. Its type has no fields, and the body of the predicate MUST be
#           "either empty or not supplied" there. The in-toto specification allows that: predicate is optional, "unset is treated the
#           same as set-but-empty", and it may be omitted if the predicate type says it all.
# Seen:     Validate of in-toto's Go library takes the empty one alone. If the predicate is left out, or null as the reference program of
#           PyPI writes it, "predicate object required" is its answer. The specification lies in the same module.
# Affects:  programs in Go that have a statement checked by its own method before they trust, store or sign it: they refuse what the usual
#           tools publish. A writer can avoid it by an empty predicate, which both sides take; what is signed already stays as it is.
# Date:     2026-11-30
# Versions: Go modules: github.com/in-toto/attestation v1.2.0, google.golang.org/protobuf v1.36.11
# Sources:  in-toto, spec/v1/statement.md, "Fields" (in the module); docs.pypi.org, "PyPI Publish Attestation (v1)", section "Schema"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/in-toto/attestation@v1.2.0 google.golang.org/protobuf@v1.36.11

cat >go/main.go <<'GO'
// Reads the statement of a publish attestation in its three forms, and has each validated.
package main

import (
	"fmt"
	"os"
	"strings"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	for _, form := range []struct{ name, predicate string }{
		{"empty", `,"predicate":{}`}, {"not supplied", ""}, {"null", `,"predicate":null`},
	} {
		text := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"alder-1.0-py3-none-any.whl","digest":{"sha256":"` +
			strings.Repeat("a1", 32) + `"}}],"predicateType":"https://docs.pypi.org/attestations/publish/v1"` + form.predicate + `}`
		statement := &intoto.Statement{}
		if err := protojson.Unmarshal([]byte(text), statement); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		said := "valid"
		if err := statement.Validate(); err != nil {
			said = err.Error()
		}
		fmt.Printf("predicate %s: %s\n", form.name, said)
	}
}
GO
go_program
specification=$(go -C go list -m -f '{{.Dir}}' github.com/in-toto/attestation)/spec/v1/statement.md
{ ./program && sed -n 's/^.predicate. _\(.*\)_$/specification: predicate \1/p' "$specification"; } >seen 2>run.log || untried run.log

still <<'SEEN'
predicate empty: valid
predicate not supplied: predicate object required
predicate null: predicate object required
specification: predicate object, optional
SEEN
