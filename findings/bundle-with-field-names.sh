#!/usr/bin/env bash
# A Sigstore bundle that sigstore-go writes with the names of its fields is empty to @sigstore/bundle
#
# Expected: a bundle is a message of Protocol Buffers in its JSON mapping. That mapping lets a writer use the names of the fields as the
#           schema has them (media_type) instead of lowerCamelCase (mediaType), and says that parsers accept both.
# Seen:     sigstore-go reads both. @sigstore/bundle reads the second alone: the parser that it has from @sigstore/protobuf-specs takes
#           fields of other names for absent, so the error is that media type, content and verification material are missing. They
#           are there. The switch that leads there is one option of the usual JSON writers: UseProtoNames in Go,
#           preserving_proto_field_name in Python.
# Affects:  whoever stores or forwards bundles, trusted roots or signing configs by the general JSON writer of Protocol Buffers, and has
#           readers in JavaScript.
# Date:     2026-11-29
# Versions: Go modules: github.com/sigstore/sigstore-go v1.3.0 (the bundle is one of its examples), google.golang.org/protobuf v1.36.11;
#           npm: @sigstore/bundle 4.0.0 with @sigstore/protobuf-specs 0.5.2 (5.0.1 does the same)
# Sources:  protobuf.dev, "ProtoJSON Format", section "JSON Options" and the row "message" of its table
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/sigstore/sigstore-go@v1.3.0 google.golang.org/protobuf@v1.36.11
node_packages @sigstore/bundle@4.0.0 @sigstore/protobuf-specs@0.5.2

cat >go/main.go <<'GO'
// Writes a bundle in both forms, and reads both again.
package main

import (
	"fmt"
	"os"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"google.golang.org/protobuf/encoding/protojson"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func main() {
	public := must(bundle.LoadJSONFromPath(os.Args[1]))
	for _, form := range []struct {
		name    string
		options protojson.MarshalOptions
	}{{"mediaType", protojson.MarshalOptions{}}, {"media_type", protojson.MarshalOptions{UseProtoNames: true}}} {
		must(0, os.WriteFile(form.name+".json", must(form.options.Marshal(public.Bundle)), 0o600))
		read, err := bundle.LoadJSONFromPath(form.name + ".json")
		if err != nil {
			fmt.Printf("%s, sigstore-go: %v\n", form.name, err)
			continue
		}
		fmt.Printf("%s, sigstore-go: read, %d log entry\n", form.name, len(read.GetVerificationMaterial().GetTlogEntries()))
	}
}
GO
cat >node/read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";

for (const name of ["mediaType", "media_type"]) {
  try {
    const bundle = bundleFromJSON(JSON.parse(readFileSync(`${name}.json`, "utf8")));
    console.log(`${name}, @sigstore/bundle: read, ${bundle.verificationMaterial.tlogEntries.length} log entry`);
  } catch (error) {
    console.log(`${name}, @sigstore/bundle: ${error.message}: ${error.fields}`);
  }
}
JS
go_program
example=$(go -C go list -m -f '{{.Dir}}' github.com/sigstore/sigstore-go)/examples/bundle-provenance.json
{ ./program "$example" && node node/read.mjs; } >seen 2>run.log || untried run.log

still <<'SEEN'
mediaType, sigstore-go: read, 1 log entry
media_type, sigstore-go: read, 1 log entry
mediaType, @sigstore/bundle: read, 1 log entry
media_type, @sigstore/bundle: invalid bundle: mediaType,content,verificationMaterial
SEEN
