package warehouse

import "slices"

// field describes one header of the core metadata and how it is sent in the form (docs/reference/pypi-server.md §1.4).
type field struct {
	header string // lower case, as in messages
	form   string
	multi  bool
	since  string // the metadata version that introduced it
}

// fields returns all headers in alphabetical order.
func fields() []field {
	return []field{
		{"author", "author", false, "1.0"},
		{"author-email", "author_email", false, "1.0"},
		{"classifier", "classifiers", true, "1.1"},
		{"description", "description", false, "1.0"},
		{"description-content-type", "description_content_type", false, "2.1"},
		{"download-url", "download_url", false, "1.1"},
		{"dynamic", "dynamic", true, "2.2"},
		{"home-page", "home_page", false, "1.0"},
		{"import-name", "import_name", true, "2.5"},
		{"import-namespace", "import_namespace", true, "2.5"},
		{"keywords", "keywords", false, "1.0"},
		{"license", "license", false, "1.0"},
		{"license-expression", "license_expression", false, "2.4"},
		{"license-file", "license_file", true, "2.4"},
		{"maintainer", "maintainer", false, "1.2"},
		{"maintainer-email", "maintainer_email", false, "1.2"},
		{"metadata-version", "metadata_version", false, "1.0"},
		{"name", "name", false, "1.0"},
		{"obsoletes", "obsoletes", true, "1.1"},
		{"obsoletes-dist", "obsoletes_dist", true, "1.2"},
		{"platform", "platform", true, "1.0"},
		{"project-url", "project_urls", true, "1.2"},
		{"provides", "provides", true, "1.1"},
		{"provides-dist", "provides_dist", true, "1.2"},
		{"provides-extra", "provides_extra", true, "2.1"},
		{"requires", "requires", true, "1.1"},
		{"requires-dist", "requires_dist", true, "1.2"},
		{"requires-external", "requires_external", true, "1.2"},
		{"requires-python", "requires_python", false, "1.2"},
		{"summary", "summary", false, "1.0"},
		{"supported-platform", "supported_platform", true, "1.1"},
		{"version", "version", false, "1.0"},
	}
}

// metadataVersions returns the accepted metadata versions, oldest first (§1.5).
func metadataVersions() []string {
	return []string{"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}
}

// newer reports whether a field is newer than the declared metadata version. It reports false if that version is unknown.
func (f field) newer(declared string) bool {
	all := metadataVersions()
	at := slices.Index(all, declared)
	return at >= 0 && slices.Index(all, f.since) > at
}
