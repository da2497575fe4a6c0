package pep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestListing_Metadata: of each release, the first wheel has the digest of its core metadata, and its address.
func TestListing_Metadata(t *testing.T) {
	t.Parallel()
	one, two := strings.Repeat("1", 64), strings.Repeat("2", 64)
	inJSON := func(key, digest string) string { return `"` + key + `": {"sha256": "` + digest + `"}` }
	inHTML := func(key, digest string) string { return `data-` + key + `="sha256=` + digest + `"` }
	// name, what the index says of its core metadata in JSON and in HTML, and what is kept
	files := []struct{ name, json, html, want string }{
		{"alder-1.0.tar.gz", inJSON("core-metadata", one), inHTML("core-metadata", one), ""},
		{
			"alder-1.0-py2-none-any.whl", inJSON("core-metadata", one) + `, "yanked": true`,
			inHTML("core-metadata", one) + " data-yanked", "",
		},
		{"alder-1.0-py3-none-any.whl", inJSON("core-metadata", one), inHTML("core-metadata", one), one},
		{"alder-1.0-cp312-cp312-win32.whl", inJSON("core-metadata", two), inHTML("core-metadata", two), ""},
		{"alder-1.1-py3-none-any.whl", `"core-metadata": true`, `data-core-metadata="true"`, ""},
		{"alder-1.1-cp312-cp312-win32.whl", inJSON("dist-info-metadata", two), inHTML("dist-info-metadata", two), two},
		{
			"alder-1.2-py3-none-any.whl", `"core-metadata": false, ` + inJSON("dist-info-metadata", two),
			`data-core-metadata="false" ` + inHTML("dist-info-metadata", two), "",
		},
		{"alder-1.3-py3-none-any.whl", `"core-metadata": {"sha512": "00"}`, `data-core-metadata="sha512=00"`, ""},
		{"alder-1.4-py3-none-any.whl", `"core-metadata": [1]`, `data-core-metadata`, ""},
	}
	var asJSON, asHTML []string
	for _, f := range files {
		asJSON = append(asJSON, fmt.Sprintf(`{"filename": %q, "url": "../f/%[1]s", "hashes": {"sha256": %q}, %s}`, f.name, one, f.json))
		asHTML = append(asHTML, fmt.Sprintf(`<a href="../f/%[1]s#sha256=%[2]s" %[3]s>%[1]s</a>`, f.name, one, f.html))
	}
	fromJSON, err := pep.ParseListing([]byte(`{"name": "alder", "files": [` + strings.Join(asJSON, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	fromHTML, err := pep.ParseListingHTML([]byte("<title>Links for alder</title>" + strings.Join(asHTML, "")))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		for form, listing := range map[string]pep.Listing{"JSON": fromJSON, "HTML": fromHTML} {
			got, address := listing.Files[i], ""
			if f.want != "" {
				address = "../f/" + f.name
			}
			expect.Equal(t, form+": metadata of "+f.name, got.Metadata, f.want)
			expect.Equal(t, form+": address of "+f.name, got.URL, address)
		}
	}
}
