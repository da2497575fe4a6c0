package fakepypi_test

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

const (
	spec        = " See https://packaging.python.org/specifications/core-metadata for more information."
	described   = " See https://pypi.org/help/#description-content-type for more information."
	invalidDist = "Invalid distribution file. "
	unfit       = "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information."
)

// row is one behaviour of the upload endpoint, named by its section and row in docs/reference/pypi-server.md.
type row struct {
	name   string
	send   upload
	status int
	reason string // of the status line; the code's own words where the index has none
}

// TestUpload_Refusals provokes every refusal that a single upload can meet, on an index that would take the unchanged one.
func TestUpload_Refusals(t *testing.T) {
	t.Parallel()
	const ok, bad = 200, 400
	long, borrow := strings.Repeat("a", 61), borrowing(t)
	for _, r := range []row{
		{"the wheel itself", wheel(), ok, "OK"},
		{"the sdist itself", sdist(), ok, "OK"},

		{"1.1 action in the query", query(wheel(":action", "-"), "?:action=file_upload"), ok, "OK"},
		{"1.1 no action", wheel(":action", "-"), 404, "Not Found"},
		{"1.1 unknown action", wheel(":action", "dance"), 404, "Not Found"},
		{
			"1.1 submit", wheel(":action", "submit"), 410,
			"Project pre-registration is no longer required or supported, upload your files instead.",
		},
		{
			"1.1 submit_pkg_info", wheel(":action", "submit_pkg_info"), 410,
			"Project pre-registration is no longer required or supported, upload your files instead.",
		},
		{"1.1 doc_upload", wheel(":action", "doc_upload"), 410, ""},
		{"1.4/1 body not UTF-8", wheel("summary", "\xff"), bad, "Invalid Form Data."},
		{"1.4/2 UNKNOWN", wheel("name", " UNKNOWN "), bad, "'' is an invalid value for Name. Error: This field is required." + spec},
		{"1.4/2 the last value counts", wheel().and("classifiers", "x").and("classifiers", "UNKNOWN"), ok, "OK"},
		{
			"1.4/3 NUL", wheel("name", "de\x00mo"), bad,
			`'de\\x00mo' is an invalid value for Name. Error: ` +
				"Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'." + spec,
		},
		{"1.4 a single empty value is absent", wheel("requires_python", ""), ok, "OK"},
		{"1.4 unknown fields are ignored", wheel("license_files", "../x", "whatever", "y"), ok, "OK"},

		{"2.1/1 query", query(wheel(), "?x=%ff"), bad, "Invalid bytes in query string."},
		{
			"2.1/3 user name", authorized(wheel(), basic("jane", "secret")), 403,
			"Username/Password authentication is no longer supported. Migrate to API Tokens or Trusted Publishers instead. " +
				"See https://pypi.org/help/#apitoken and https://pypi.org/help/#trusted-publishers",
		},
		{"2.1/7 no credential", authorized(wheel(), ""), 403, unfit},
		{"2.1/7 unknown token", authorized(wheel(), basic("__token__", "pypi-nonsense")), 403, unfit},
		{"2.1/7 unknown scheme", authorized(wheel(), "Digest x"), 403, unfit},
		{"2.1/7 before 8", authorized(wheel("protocol_version", "2"), ""), 403, unfit},
		{"2.1/8 protocol version", wheel("protocol_version", "2"), bad, "Unknown protocol version."},
		{"2.1/8 the last counts", wheel().and("protocol_version", "2"), bad, "Unknown protocol version."},
		{"2.1/8 the first does not", wheel("protocol_version", "2").and("protocol_version", "1"), ok, "OK"},
		{"2.1/8 absent", wheel("protocol_version", "-"), ok, "OK"},

		{"2.2/9 no name", wheel("name", "-"), bad, "'' is an invalid value for Name. Error: This field is required." + spec},
		{
			"2.2/9 name", wheel("name", "-demo"), bad,
			"'-demo' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII numeric and '.', " +
				"'_' and '-'." + spec,
		},
		{
			"2.2/9 elided", wheel("name", long+"!"), bad,
			"'" + long[:30] + "..." + long[:29] + "!' is an invalid value for Name. Error: " +
				"Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'." + spec,
		},
		{
			"2.2/9 not Latin-1", wheel("name", "d€mo"), bad,
			"'d?mo' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII numeric and '.', " +
				"'_' and '-'." + spec,
		},
		{
			"2.2/9 a blank", wheel("name", " "), bad, "' ' is an invalid value for Name. Error: Start and end with a letter or numeral " +
				"containing only ASCII numeric and '.', '_' and '-'." + spec,
		},
		{"2.2/10 a blank", wheel("filetype", " "), bad, "Invalid value for filetype. Error: Use a known file type."},
		{"2.2/12 a blank", wheel("pyversion", " "), ok, "OK"},
		{"2.2/10 no filetype", wheel("filetype", "-"), bad, "Invalid value for filetype. Error: This field is required."},
		{"2.2/10 egg", wheel("filetype", "bdist_egg"), bad, "Invalid value for filetype. Error: Use a known file type."},
		{
			"2.2/11 sha256", wheel("sha256_digest", "abc"), bad,
			"Invalid value for sha256_digest. Error: Use a valid, hex-encoded, SHA256 message digest.",
		},
		{
			"2.2/11 blake2", wheel("blake2_256_digest", strings.Repeat("g", 64)), bad,
			"Invalid value for blake2_256_digest. Error: Use a valid, hex-encoded, BLAKE2 message digest.",
		},
		{
			"2.2/12 pyversion", wheel("pyversion", "-"), bad,
			"Invalid value for pyversion. Error: Python version is required for binary distribution uploads.",
		},
		{
			"2.2/13 pyversion", sdist("pyversion", "py3"), bad,
			"Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.",
		},
		{"2.2/13 absent", sdist("pyversion", "-"), ok, "OK"},
		{"2.2/14 no digest", wheel("sha256_digest", "-"), bad, "Error: Include at least one message digest."},
		{"2.2/14 whitespace is absent", wheel("sha256_digest", "  "), bad, "Error: Include at least one message digest."},
		{"2.2/14 md5 alone", wheel("sha256_digest", "-", "md5_digest", md5Of(theWheel)), ok, "OK"},
		{
			"2.2/14 blake2 alone, upper case", wheel("sha256_digest", "-", "blake2_256_digest", strings.ToUpper(blake2Of(theWheel))), ok,
			"OK",
		},

		{"2.3/15 repeated", wheel("summary", "a").and("summary", "b"), bad, "'summary' has invalid data." + spec},
		{
			"2.3/15 labels", wheel("project_urls", "A, https://a").and("project_urls", "A, https://b"), bad,
			"'project_urls' has invalid data." + spec,
		},
		{"2.3/16 2.0", wheel("metadata_version", "2.0"), bad, "'2.0' is not a valid metadata version." + spec},
		{"2.3/16 2.6", wheel("metadata_version", "2.6"), bad, "'2.6' is not a valid metadata version." + spec},
		{"2.3/16 none", wheel("metadata_version", "-"), bad, "None is not a valid metadata version." + spec},
		{"2.3/18 none", wheel("version", "-"), bad, "'version' is a required field." + spec},
		{"2.3/18 dog", wheel("version", "dog"), bad, "'dog' is invalid for 'version'." + spec},
		{"2.3/18 spelling", wheel("version", " v1.0 "), ok, "OK"},
		{"2.3/18 before others", wheel("version", "dog", "dynamic", "foo"), bad, "'dog' is invalid for 'version'." + spec},
		{
			"2.3/19 too new", wheel("metadata_version", "2.1", "license_file", "LICENSE"), bad,
			"license-file introduced in metadata version 2.4, not 2.1." + spec,
		},
		{
			"2.3/19 dynamic", wheel("metadata_version", "2.1", "dynamic", "foo"), bad,
			"dynamic introduced in metadata version 2.2, not 2.1." + spec,
		},
		{
			"2.3/19 alphabetical", wheel("metadata_version", "1.0", "requires_python", "three", "classifiers", "x"), bad,
			"classifier introduced in metadata version 1.1, not 1.0." + spec,
		},
		{"2.3/20 summary", wheel("summary", "a\nb"), bad, "'summary' must be a single line." + spec},
		{
			"2.3/21 html", wheel("description_content_type", "text/html"), bad,
			"'description-content-type' must be one of ['text/x-rst', 'text/markdown', 'text/plain'], not 'text/html'." + spec,
		},
		{
			"2.3/22 charset", wheel("description_content_type", "text/markdown; charset=utf-8"), bad,
			"'description-content-type' can only specify the UTF-8 charset, not 'utf-8'." + spec,
		},
		{
			"2.3/23 variant", wheel("description_content_type", "text/markdown; variant=gfm"), bad,
			"valid Markdown variants for 'description-content-type' are ['GFM', 'CommonMark'], not 'gfm'." + spec,
		},
		{"2.3/21-23 fine", wheel("description_content_type", "text/Markdown; charset=UTF-8; variant=GFM"), ok, "OK"},
		{"2.3/24 name", wheel("dynamic", "Name"), bad, "'name' is not allowed as a dynamic field." + spec},
		{"2.3/24 unknown", wheel("dynamic", "Foo"), bad, "'foo' is not a valid dynamic field." + spec},
		{"2.3/24 fine", wheel("dynamic", "Requires-Dist"), ok, "OK"},
		{"2.3/25 extra", wheel("provides_extra", "a b"), bad, "'a b' is invalid for 'provides-extra'." + spec},
		{"2.3/26 wildcard", wheel("requires_python", ">=3.8.*"), bad, "'>=3.8.*' is invalid for 'requires-python'." + spec},
		{"2.3/26 no comma", wheel("requires_python", ">=3.8 <4"), bad, "'>=3.8 <4' is invalid for 'requires-python'." + spec},
		{"2.3/26 one segment", wheel("requires_python", "~=3"), bad, "'~=3' is invalid for 'requires-python'." + spec},
		{"2.3/26 fine", wheel("requires_python", ">=3.8, !=3.9.*, <4.0.dev0,, ~=3.0, ===anything"), ok, "OK"},
		{"2.3/28 unknown", wheel("license_expression", "GPLv3"), bad, "'GPLv3' is invalid for 'license-expression'." + spec},
		{"2.3/28 grammar", wheel("license_expression", "MIT AND"), bad, "'MIT AND' is invalid for 'license-expression'." + spec},
		{
			"2.3/28 exception", wheel("license_expression", "MIT WITH it's-own"), bad,
			`"MIT WITH it's-own" is invalid for 'license-expression'.` + spec,
		},
		{"2.3/28 blank", wheel("license_expression", " "), bad, "' ' is invalid for 'license-expression'." + spec},
		{
			"2.3/28 too new", wheel("metadata_version", "2.3", "license_expression", "GPLv3"), bad,
			"license-expression introduced in metadata version 2.4, not 2.3." + spec,
		},
		{
			"2.3/28 before 29", wheel("license_expression", "GPLv3", "license_file", "../L"), bad,
			"'GPLv3' is invalid for 'license-expression'." + spec,
		},
		{"2.3/28 fine", wheel("license_expression", "mit or (gpl-2.0+ WITH Classpath-exception-2.0) and LicenseRef-Own"), ok, "OK"},
		{"2.3/26 arbitrary nothing", wheel("requires_python", "==="), ok, "OK"},
		{
			"2.3/26 label behind a wildcard", wheel("requires_python", "==3.8.*a1"), bad,
			"'==3.8.*a1' is invalid for 'requires-python'." + spec,
		},
		{"2.3/27 no version", wheel("requires_dist", "bar>=dog"), bad, "'bar>=dog' is invalid for 'requires-dist'." + spec},
		{"2.3/27 no comma", wheel("requires_dist", "bar>=1.0 <2"), bad, "'bar>=1.0 <2' is invalid for 'requires-dist'." + spec},
		{
			"2.3/27 variable", wheel("requires_dist", "bar; python_versions < '3'"), bad,
			`"bar; python_versions < '3'" is invalid for 'requires-dist'.` + spec,
		},
		{"2.3/27 bracket", wheel("requires_dist", "bar[x>=1"), bad, "'bar[x>=1' is invalid for 'requires-dist'." + spec},
		{
			"2.3/27 the second", wheel("requires_dist", "foo").and("requires_dist", "bar @"), bad,
			"'bar @' is invalid for 'requires-dist'." + spec,
		},
		{
			"2.3/27 before 26", wheel("requires_dist", "bar>=dog", "requires_python", "three"), bad,
			"'bar>=dog' is invalid for 'requires-dist'." + spec,
		},
		{
			"2.3/27 fine",
			wheel(
				"requires_dist", "bar[x,y]>=1.0,<2 ; python_version < '3.13' and (sys.platform == 'linux' or extra == 'all')",
			).and("requires_dist", "baz ()").and("requires_dist", "qux>=1,"),
			ok, "OK",
		},
		{
			"2.3/29 parent", wheel("license_file", "../L"), bad,
			"'../L' is invalid for 'license-file', parent directory indicators are not allowed." + spec,
		},
		{"2.3/29 glob", wheel("license_file", "LICEN*"), bad, "'LICEN*' is invalid for 'license-file', paths must be resolved." + spec},
		{"2.3/29 absolute", wheel("license_file", "/L"), bad, "'/L' is invalid for 'license-file', paths must be relative." + spec},
		{"2.3/29 drive", wheel("license_file", "C:/L"), bad, "'C:/L' is invalid for 'license-file', paths must be relative." + spec},
		{
			"2.3/29 backslash", wheel("license_file", `docs\L`), bad,
			`'docs\\L' is invalid for 'license-file', paths must use '/' delimiter.` + spec,
		},
		{
			"2.3/29 share", wheel("license_file", `\\srv\s\L`), bad,
			`'\\\\srv\\s\\L' is invalid for 'license-file', paths must be relative.` + spec,
		},
		{
			"2.3/29 slash at the end", wheel("license_file", "docs/"), bad,
			"'docs/' is invalid for 'license-file', paths must use '/' delimiter." + spec,
		},
		{
			"2.3/29 two slashes", wheel("license_file", "a//b"), bad,
			"'a//b' is invalid for 'license-file', paths must use '/' delimiter." + spec,
		},
		{
			"2.3/29 the first of two", wheel("license_file", "a//b").and("license_file", "../L"), bad,
			"'a//b' is invalid for 'license-file', paths must use '/' delimiter." + spec,
		},
		{"2.3/29 fine", wheel("license_file", "LICENSE").and("license_file", "docs/.hidden/LICENSE.txt"), ok, "OK"},
		{"2.3/29 dot", wheel("license_file", "./L"), bad, "'./L' is invalid for 'license-file', paths must use '/' delimiter." + spec},

		{
			"2.3/30 identifier", wheel("metadata_version", "2.5", "import_name", "demo-x"), bad,
			"'demo-x' is invalid for 'import-name'; 'demo-x' is not a valid identifier." + spec,
		},
		{
			"2.3/30 dots", wheel("metadata_version", "2.5", "import_namespace", "demo..x ; private"), bad,
			"'demo..x' is invalid for 'import-namespace'; '' is not a valid identifier." + spec,
		},
		{
			"2.3/30 keyword", wheel("metadata_version", "2.5", "import_name", "demo.class"), bad,
			"'demo.class' is invalid for 'import-name'; 'class' is a keyword." + spec,
		},
		{
			"2.3/30 option", wheel("metadata_version", "2.5", "import_name", "demo; public"), bad,
			"'demo; public' is invalid for 'import-name'; the only valid option is 'private'." + spec,
		},
		{"2.3/30 fine", wheel("metadata_version", "2.5", "import_name", "demo.sub").and("import_name", "_démo2 ;private"), ok, "OK"},
		{
			"2.3/30 before metadata version 2.5", wheel("import_name", "demo"), bad,
			"import-name introduced in metadata version 2.5, not 2.4." + spec,
		},

		{
			"2.4/32 local", wheel("version", "1.0+l"), bad,
			"The use of local versions in '1.0+l' is not allowed. " +
				"See https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers for more " +
				"information." + spec,
		},
		{"2.4 after 2.3", wheel("version", "1.0+l", "requires_python", "three"), bad, "'three' is invalid for 'requires-python'." + spec},
		{"2.4/33 summary", wheel("summary", strings.Repeat("ä", 513)), bad, "'summary' field must be 512 characters or less." + spec},
		{"2.4/33 fine", wheel("summary", strings.Repeat("ä", 512)), ok, "OK"},
		{
			"2.4/35 private", wheel("classifiers", "Private :: Do Not Upload"), bad,
			"'Private :: Do Not Upload' is not a valid classifier." + spec,
		},
		{
			"2.4/35 sorted", wheel("classifiers", "Z :: Unknown").and("classifiers", "A :: Unknown"), bad,
			"'A :: Unknown' is not a valid classifier." + spec,
		},
		{
			"2.4/35 spelling", wheel("classifiers", "programming language :: Python"), bad,
			"'programming language :: Python' is not a valid classifier." + spec,
		},
		{
			"2.4/35 before 36", wheel("classifiers", "Natural Language :: Ukranian").and("classifiers", "Z :: Unknown"), bad,
			"'Z :: Unknown' is not a valid classifier." + spec,
		},
		{
			"2.4/35 fine", wheel("classifiers", "Programming Language :: Python :: 3").and("classifiers", "Natural Language :: Ukrainian"),
			ok, "OK",
		},
		{"2.4/35 one of 2026", wheel("classifiers", "Programming Language :: Python :: 3.16"), ok, "OK"},
		{
			"2.4/36 replaced", wheel("classifiers", "Natural Language :: Ukranian"), bad,
			"The classifier 'Natural Language :: Ukranian' has been deprecated, use one of ['Natural Language :: Ukrainian'] instead." +
				spec,
		},
		{
			"2.4/36 withdrawn", wheel("classifiers", "License :: OSI Approved :: X.Net License"), bad,
			"The classifier 'License :: OSI Approved :: X.Net License' has been deprecated." + spec,
		},
		{
			"2.4/36 before 37", wheel("classifiers", "License :: OSI Approved :: X.Net License", "home_page", "example.com"), bad,
			"The classifier 'License :: OSI Approved :: X.Net License' has been deprecated." + spec,
		},
		{
			"2.4/34 no period", wheel("author_email", "Jane <jane@localhost>"), bad,
			"'jane@localhost' is not a valid email address: The part after the @-sign is not valid. It should have a period." + spec,
		},
		{
			"2.4/34 a name", wheel("maintainer_email", "Jane Doe"), bad,
			"'Jane' is not a valid email address: An email address must have an @-sign." + spec,
		},
		{
			"2.4/34 special use", wheel("author_email", "jane@build.local"), bad,
			"'jane@build.local' is not a valid email address: The part after the @-sign is a special-use or reserved name that " +
				"cannot be used with email." + spec,
		},
		{
			"2.4/34 numbers", wheel("author_email", "jane@10.0.0.1"), bad,
			"'jane@10.0.0.1' is not a valid email address: The part after the @-sign is not valid. " +
				"It is not within a valid top-level domain." + spec,
		},
		{
			"2.4/34 quotes", wheel("author_email", `"jane"@example.com`), bad,
			`'"jane"@example.com' is not a valid email address: Quoting the part before the @-sign is not allowed here.` + spec,
		},
		{
			"2.4/34 blank", wheel("author_email", "jane doe@example.com"), bad,
			"'jane doe@example.com' is not a valid email address: The email address contains invalid characters before the @-sign: SPACE." +
				spec,
		},
		{
			"2.4/34 dots", wheel("author_email", "jane..doe@example.com"), bad,
			"'jane..doe@example.com' is not a valid email address: An email address cannot have two periods in a row." + spec,
		},
		{
			"2.4/34 before 37", wheel("author_email", "Jane", "home_page", "example.com"), bad,
			"'Jane' is not a valid email address: An email address must have an @-sign." + spec,
		},
		{"2.4/34 lists are not looked at", wheel("author_email", "jane@localhost, joe"), ok, "OK"},
		{"2.4/34 nor is what cannot be read", wheel("author_email", "a@@b"), ok, "OK"},
		{"2.4/34 long", wheel("author_email", strings.Repeat("j", 65)+"@example.com"), ok, "OK"},
		{"2.4/34 fine", wheel("author_email", "Jane Doe <jane+pypi@mail.example.com>", "maintainer_email", "jane@exämple.de"), ok, "OK"},
		{"2.4/37 home page", wheel("home_page", "example.com"), bad, "'example.com' is not a valid url." + spec},
		{"2.4/37 brackets", wheel("download_url", "https://example.com/[x]"), bad, "'https://example.com/[x]' is not a valid url." + spec},
		{"2.4/37 port", wheel("home_page", "http://example.com:70000"), bad, "'http://example.com:70000' is not a valid url." + spec},
		{"2.4/37 odd but fine", wheel("home_page", "HTTPS:///x"), ok, "OK"},
		{"2.4/38 label", wheel("project_urls", ", https://example.com"), bad, "Must have a label." + spec},
		{
			"2.4/38 long label", wheel("project_urls", strings.Repeat("l", 33)+", https://example.com"), bad,
			"'" + strings.Repeat("l", 33) + "' must be 32 characters or less." + spec,
		},
		{"2.4/38 no URL", wheel("project_urls", "Home"), bad, "Must have a URL." + spec},
		{"2.4/38 URL", wheel("project_urls", "Home, ftp://x"), bad, "'ftp://x' is not a valid url." + spec},
		{
			"2.4/37 port of a literal", wheel("home_page", "http://me@[::1]:65536/x"), bad,
			"'http://me@[::1]:65536/x' is not a valid url." + spec,
		},
		{"2.4/37 no port at all", wheel("home_page", "http://exa mple.com:70000"), ok, "OK"},
		{"2.4/37 query", wheel("home_page", "http://example.com/?a[b]"), bad, "'http://example.com/?a[b]' is not a valid url." + spec},
		{"2.4/37 fragment", wheel("home_page", "http://example.com/#a[b]"), ok, "OK"},
		{"2.4/37 leading blank", wheel("home_page", " http://example.com"), bad, "' http://example.com' is not a valid url." + spec},
		{"2.4/38 label of 32", wheel("project_urls", strings.Repeat("ä", 32)+", https://example.com"), ok, "OK"},
		{
			"2.4/39 two words", wheel("provides_dist", "foo bar"), bad,
			"'foo bar' is invalid: Expected semicolon (after name with no version specifier) or end\n    foo bar\n        ^." + spec,
		},
		{
			"2.4/39 bare version", wheel("obsoletes_dist", "foo (3.4)"), bad,
			"'foo (3.4)' is invalid: Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, " +
				"after version specifier\n    foo (3.4)\n        ~^." + spec,
		},
		{
			"2.4/39 direct reference", wheel("provides_dist", "bar @ https://example.com/bar.whl"), bad,
			"Can't have direct dependency: 'bar @ https://example.com/bar.whl'." + spec,
		},
		{"2.4/39 fine", wheel("provides_dist", "foo (==3.4)", "obsoletes_dist", "old; python_version >= '3'"), ok, "OK"},
		{
			"2.4/40 direct reference", wheel("requires_dist", "bar @ https://example.com/bar.whl"), bad,
			"Can't have direct dependency: bar @ https://example.com/bar.whl." + spec,
		},
		{
			"2.4/40 normal spelling", wheel("requires_dist", "bar [b,a]@https://example.com ;extra=='X_y'"), bad,
			`Can't have direct dependency: bar[a,b] @ https://example.com ; extra == "x-y".` + spec,
		},
		{"2.4/40 after 37", wheel("requires_dist", "bar @ https://x", "home_page", "x"), bad, "'x' is not a valid url." + spec},
		{"2.4/41 dynamic", wheel("dynamic", "Dynamic"), bad, "Dynamic field 'dynamic' is not a valid dynamic field." + spec},
		{"2.4/41 fine", wheel("dynamic", "Import-Name").and("dynamic", "obsoletes"), ok, "OK"},
		{
			"2.4/42 both", wheel("license", "MIT", "license_expression", "MIT"), bad,
			"License is deprecated when License-Expression is present. Only License-Expression should be present." + spec,
		},
		{"2.4/42 an empty license", wheel("license", "", "license_expression", "MIT"), ok, "OK"},

		{"2.5/43 no content", bare(wheel()), bad, "Upload payload does not have a file."},
		{
			"2.5/44 no project", byPublisher(wheel("name", "other")), bad, "Non-user identities cannot create new projects. " +
				"This was probably caused by successfully using a pending publisher but specifying the project name incorrectly " +
				"(either in the publisher or in your project's metadata). Please ensure that both match. See: " +
				"https://docs.pypi.org/trusted-publishers/troubleshooting/#token-minting",
		},

		{
			"2.6/50 blank Markdown", wheel("description", " \n", "description_content_type", "text/markdown"), bad,
			"The description failed to render for 'text/markdown'." + described,
		},
		{
			"2.6/50 Markdown, its type in full",
			wheel("description", "[a]: /x", "description_content_type", "text/markdown; charset=UTF-8; variant=GFM"), bad,
			"The description failed to render for 'text/markdown; charset=UTF-8; variant=GFM'." + described,
		},
		{"2.6/50 an HTML comment", wheel("description", "<!-- -->", "description_content_type", "text/markdown"), ok, "OK"},
		{"2.6/50 blank plain text", wheel("description", " \n", "description_content_type", "text/plain"), ok, "OK"},
		{
			"2.6/50 blank", wheel("description", " \n"), bad,
			"The description failed to render in the default format of reStructuredText." + described,
		},
		{
			"2.6/50 a comment", wheel("description", ".. nothing\n", "description_content_type", "text/x-rst"), bad,
			"The description failed to render for 'text/x-rst'." + described,
		},
		{"2.6/50 text", wheel("description", "Demo\n====\n\nText.\n"), ok, "OK"},
		// The index renders with readme_renderer 46, as released on 2026-08-28: it shows the title.
		{"2.6/50 a title alone", wheel("description", "Demo\n====\n"), ok, "OK"},
		{"2.6/50 a title and a comment", wheel("description", "Demo\n====\n\n.. nothing\n"), ok, "OK"},
		{"2.6/50 a title and authors", wheel("description", "Demo\n====\n\n:Author:\n  - Ann\n  - Ben\n"), ok, "OK"},
		{
			"2.6/50 authors", wheel("description", ":Author:\n  - Ann\n  - Ben\n\nText.\n"), bad,
			"The description failed to render in the default format of reStructuredText." + described,
		},
		{
			"2.6/50 an image to scale",
			wheel("description", ".. image:: a.png\n   :scale: 50%\n", "description_content_type", "text/x-rst"), ok,
			"OK",
		},
		{"2.6/50 a short underline that is text", wheel("description", "Demo\n===\n"), ok, "OK"},
		{
			"2.6/50 a Sphinx role", wheel("description", ":func:`x`\n", "description_content_type", "text/x-rst"), bad,
			"The description failed to render for 'text/x-rst'." + described,
		},
		{"2.6/50 empty is absent", wheel("description", "", "description_content_type", "text/markdown"), ok, "OK"},
		{
			"2.6/50 before 52", wheel("description", " ").called("demo-1.0\x1f-py3-none-any.whl"), bad,
			"The description failed to render in the default format of reStructuredText." + described,
		},

		{
			"2.8/52 control", wheel().called("demo-1.0\x1f-py3-none-any.whl"), bad,
			"Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name.",
		},
		{"2.8/53 slash", wheel().called("dist/demo-1.0-py3-none-any.whl"), bad, `Cannot upload a file with '/' or '\' in the name.`},
		{"2.8/53 backslash", wheel().called(`dist\demo-1.0-py3-none-any.whl`), bad, `Cannot upload a file with '/' or '\' in the name.`},
		{
			"2.8/54 wheel as sdist", sdist().called("demo-1.0-py3-none-any.whl"), bad,
			"Invalid file extension: Extension .whl is invalid for filetype sdist. " +
				"See https://www.python.org/dev/peps/pep-0527 for more information.",
		},
		{
			"2.8/54 .tar.GZ", sdist().called("demo-1.0.tar.GZ"), bad,
			"Invalid file extension: Extension .tar.GZ is invalid for filetype sdist. " +
				"See https://www.python.org/dev/peps/pep-0527 for more information.",
		},
		{
			"2.8/54 .WHL", wheel().called("demo-1.0-py3-none-any.WHL"), bad,
			"Invalid file extension: Extension .WHL is invalid for filetype bdist_wheel. " +
				"See https://www.python.org/dev/peps/pep-0527 for more information.",
		},
		{
			"2.8/55 egg", wheel().called("demo-1.0.egg"), bad,
			"Invalid file extension: Use .tar.gz, .whl or .zip extension. See https://www.python.org/dev/peps/pep-0527 and " +
				"https://peps.python.org/pep-0715/ for more information",
		},
		{
			"2.8/55 tgz", sdist().called("demo-1.0.tgz"), bad,
			"Invalid file extension: Use .tar.gz, .whl or .zip extension. See https://www.python.org/dev/peps/pep-0527 and " +
				"https://peps.python.org/pep-0715/ for more information",
		},
		// Measured on the index's own code (6b62157, 2026-11-29): a part without the line is text/plain.
		{"2.8/56 no type", typed(wheel(), "-"), ok, "OK"},
		{"2.8/56 text", typed(wheel(), "text/plain"), ok, "OK"},
		{"2.8/56 an empty type", typed(wheel(), ""), bad, "Invalid distribution file."},
		{"2.8/56 image", typed(wheel(), "image/png"), bad, "Invalid distribution file."},
		{"2.8/56 image in upper case", typed(wheel(), "IMAGE/png"), ok, "OK"},
		{
			"2.8/59 sha256", wheel("sha256_digest", strings.Repeat("0", 64)), bad,
			"The digest supplied does not match a digest calculated from the uploaded file.",
		},
		{
			"2.8/59 all of them", wheel("md5_digest", md5Of("other")), bad,
			"The digest supplied does not match a digest calculated from the uploaded file.",
		},
		{"2.11 md5 not ASCII", wheel("md5_digest", "ä"), 500, "Internal Server Error"},
		{"2.11 content as a field", bare(wheel("content", "the wheel")), 500, "Internal Server Error"},
		{
			"2.11 name of 256 bytes",
			wheel("version", "1."+strings.Repeat("1", 232)).called("demo-1." + strings.Repeat("1", 232) + "-py3-none-any.whl"), 500,
			"Internal Server Error",
		},

		{"2.8/65 zip and tar", rawly(wheel(), tarOf(sdistMembers("x"))+theWheel), bad, invalidDist + "File is both a zip and a tar file"},
		{"2.8/65 tar and zip", rawly(sdist(), sdist().content+theWheel), bad, invalidDist + "File is both a zip and a tar file"},
		{"2.8/66 no zip", rawly(wheel(), "the wheel"), bad, invalidDist + "File is not a zipfile"},
		{
			"2.8/66 before the name", rawly(wheel().called("elder-1.0-py3-none-any.whl"), "the wheel"), bad,
			invalidDist + "File is not a zipfile",
		},
		{
			"2.8/66 no directory", rawly(wheel(), strings.Replace(theWheel, "PK\x01\x02", "PK\x01\x03", 1)), bad,
			invalidDist + "File is not a zipfile",
		},
		{"2.8/66 ZIP64 without locator", rawly(wheel(), zip64(theWheel, "", false)), bad, invalidDist + "File is not a zipfile"},
		{"2.8/67 directory cut", rawly(wheel(), cutDirectory(theWheel)), bad, invalidDist + "None"},
		{"2.8/69 method", rawly(wheel(), squeezed(theWheel)), bad, invalidDist + "File does not use a supported compression type"},
		{
			"2.8/70 zip with two folders", rawly(sdist().called("demo-1.0.zip"), zipOf([][2]string{{"a/PKG-INFO", ""}, {"b/x", ""}})), bad,
			invalidDist + "Incorrect number of top-level directories in sdist",
		},
		{
			"2.8/71 zip without PKG-INFO", rawly(sdist().called("demo-1.0.zip"), zipOf([][2]string{{"a/b", ""}, {"a/x", ""}})), bad,
			invalidDist + "PKG-INFO not found at a/PKG-INFO",
		},
		{"2.8/72 no dash", wheel().called("demo.whl"), bad, invalidDist + "Unable to parse name and version from wheel filename"},
		{"2.8/73 no WHEEL", rawly(wheel(), without("WHEEL")), bad, invalidDist + "WHEEL not found at demo-1.0.dist-info/WHEEL"},
		{
			"2.8/74 PyArmor", rawly(wheel(), zipOf(append(wheelMembers(nameOfWheel, ""), [2]string{"demo.PY", "# __pyarmor_enter__"}))),
			bad,
			invalidDist +
				"PyArmor-encrypted content is not allowed. See https://pypi.org/policy/acceptable-use-policy/ for more information.",
		},
		{
			"2.8/74 not in text", rawly(wheel(), zipOf(append(wheelMembers(nameOfWheel, ""), [2]string{".py", "# __pyarmor_enter__"}))), ok,
			"OK",
		},
		{
			"2.8/75 trailing data", rawly(wheel(), theWheel+"\n"), bad,
			invalidDist + "ZIP archive not accepted: Trailing data. See https://docs.pypi.org/archives for more information",
		},
		{
			"2.8/75 prefix", rawly(wheel(), "#!/bin/sh\n"+theWheel), bad,
			invalidDist + "ZIP archive not accepted: Unknown record signature. See https://docs.pypi.org/archives for more information",
		},
		{"2.8/75 ZIP64", rawly(wheel(), zip64(theWheel, "", true)), ok, "OK"},
		{
			"2.8/75 ZIP64 with more", rawly(wheel(), zip64(theWheel, "more", true)), bad,
			invalidDist + "ZIP archive not accepted: ZIP64 extensible data not allowed. See https://docs.pypi.org/archives for more " +
				"information",
		},
		{"2.8/76 a zip", rawly(sdist(), theWheel), bad, invalidDist + "File is not a tarfile"},
		{"2.8/76 xz", rawly(sdist(), "\xfd7zXZ\x00..."), bad, invalidDist + "None"},
		{"2.8/76 no tar", rawly(sdist(), "the sdist"), bad, invalidDist + "File is not a tarfile"},
		{"2.8/76 a tar, not packed", rawly(sdist(), tarOf(sdistMembers("x"))), bad, invalidDist + "None"},
		{
			"2.8/78 two folders", rawly(sdist(), tarGzOf([][2]string{{"a/PKG-INFO", ""}, {"b/x", ""}})), bad,
			invalidDist + "Incorrect number of top-level directories in sdist",
		},
		{
			"2.8/79 no PKG-INFO", rawly(sdist(), tarGzOf([][2]string{{"a/b", ""}, {"a/x", ""}})), bad,
			invalidDist + "PKG-INFO not found at a/PKG-INFO",
		},
		{
			"2.8/80 SourceDefender",
			rawly(sdist(), tarGzOf(append(sdistMembers(""), [2]string{"demo-1.0/x.pye", "---BEGIN PYE FILE---\n---END PYE FILE---"}))), bad,
			invalidDist +
				"SourceDefender-encrypted content is not allowed. See https://pypi.org/policy/acceptable-use-policy/ for more information.",
		},
		{
			"2.8/84 licence", sdist("license_file", "COPYING"), bad,
			"License-File COPYING does not exist in distribution file demo-1.0.tar.gz at demo-1.0/COPYING",
		},
		{"2.8/84 fine", sdist("license_file", "LICENSE"), ok, "OK"},
		{
			"2.8/90 licence", wheel("license_file", "COPYING"), bad,
			"License-File COPYING does not exist in distribution file demo-1.0-py3-none-any.whl at demo-1.0.dist-info/licenses/COPYING",
		},
		{
			"2.8/91 no RECORD", rawly(wheel(), without("RECORD")), bad,
			"Wheel 'demo-1.0-py3-none-any.whl' does not contain the required RECORD file: demo-1.0.dist-info/RECORD",
		},
		{
			"2.8/91 not UTF-8", rawly(wheel(), with("RECORD", "\xff")), bad,
			"Wheel 'demo-1.0-py3-none-any.whl' does not contain the required RECORD file: demo-1.0.dist-info/RECORD",
		},
		{
			"2.8/91 a field too long", rawly(wheel(), with("RECORD", strings.Repeat("x", 131073))), bad,
			"Wheel 'demo-1.0-py3-none-any.whl' does not contain the required RECORD file: demo-1.0.dist-info/RECORD",
		},
		{"2.8/91 an empty row", rawly(wheel(), with("RECORD", "x,,\r\r\n")), 500, ""},
		{"2.8/91 other members", rawly(wheel(), with("RECORD", strings.Repeat("x", 131072))), ok, "OK"},
		{
			"2.8/92 entry points", rawly(wheel(), with("entry_points.txt", "[console_scripts]\na b = c:d\n")), bad,
			"Wheel 'demo-1.0-py3-none-any.whl' has invalid entry points defined in the entry_points.txt file",
		},
		{"2.8/92 fine", rawly(wheel(), with("entry_points.txt", "[console_scripts]\na.b-c = c:d\n[other]\na b = c\n")), ok, "OK"},
		{
			"2.8/93 no METADATA", rawly(wheel(), without("METADATA")), bad,
			"Wheel 'demo-1.0-py3-none-any.whl' does not contain the required METADATA file: demo-1.0.dist-info/METADATA",
		},

		{"2.8/81 no dash", sdist().called("demo.tar.gz"), bad, "Invalid source distribution filename: demo.tar.gz"},
		{"2.8/82 other project", sdist().called("elder-1.0.tar.gz"), bad, "Start filename for 'demo' with 'demo'."},
		{
			"2.8/83 version", sdist().called("demo-1.0.0.tar.gz"), bad,
			"Filename 'demo-1.0.0.tar.gz' is invalid, should be 'demo-1.0.tar.gz'.",
		},
		{"2.8/83 zip", sdist().called("demo-1.0.zip"), bad, "Filename 'demo-1.0.zip' is invalid, should be 'demo-1.0.tar.gz'."},
		{"2.8/83 spelling", sdist().called("Demo-1.0.tar.gz"), bad, "Filename 'Demo-1.0.tar.gz' is invalid, should be 'demo-1.0.tar.gz'."},
		{
			"2.8/85 parts", wheel().called("demo-1.0-none-any.whl"), bad,
			"Invalid wheel filename (wrong number of parts): 'demo-1.0-none-any'",
		},
		{"2.8/85 underscores", wheel().called("de__mo-1.0-py3-none-any.whl"), bad, "Invalid project name: 'de__mo-1.0-py3-none-any'"},
		{
			"2.8/85 version", wheel().called("demo-dog-py3-none-any.whl"), bad,
			"Invalid wheel filename (invalid version): 'demo-dog-py3-none-any'",
		},
		{"2.8/85 build", wheel().called("demo-1.0-b1-py3-none-any.whl"), bad, "Invalid build number: b1 in 'demo-1.0-b1-py3-none-any'"},
		{
			"2.8/86 platform", wheel().called("demo-1.0-cp312-cp312-linux_x86_64.whl"), bad,
			"Binary wheel 'demo-1.0-cp312-cp312-linux_x86_64.whl' has an unsupported platform tag 'linux_x86_64'.",
		},
		{
			"2.8/86 one of three", wheel().called("demo-1.0-cp312-cp312-manylinux_2_17_x86_64.Freebsd_14.any.whl"), bad,
			"Binary wheel 'demo-1.0-cp312-cp312-manylinux_2_17_x86_64.Freebsd_14.any.whl' has an unsupported platform tag 'freebsd_14'.",
		},
		{
			"2.8/86 fine", wheel().called("demo-1.0-cp312-cp312-musllinux_1_2_riscv64.macosx_11_0_arm64.ios_13_0_arm64_iphoneos.whl"), ok,
			"OK",
		},
		{"2.8/87 other project", wheel().called("elder-1.0-py3-none-any.whl"), bad, "Start filename for 'demo' with 'demo'."},
		{
			"2.8/88 spelling", wheel().called("Demo-1.0-py3-none-any.whl"), bad,
			"Filename 'Demo-1.0-py3-none-any.whl' should contain the normalized project name 'demo', not 'Demo'.",
		},
		{"2.8/89 version", wheel().called("demo-1.1-py3-none-any.whl"), bad, "Version in filename should be '1.0' not '1.1'."},
		{"2.8/89 same version", wheel().called("demo-1.0.0-py3-none-any.whl"), ok, "OK"},
		{"2.8/94 length", longWheel(247), bad, "Filename is too long: '" + longWheel(247).filename + "'"},
		{"2.8/94 fine", longWheel(246), ok, "OK"},
		{
			"2.8/95 empty", byPublisher(wheel("attestations", "[]")), bad,
			"Invalid attestations supplied during upload: Malformed attestations: an empty attestation set is not permitted",
		},
	} {
		t.Run(strings.ReplaceAll(r.name, "/", "."), func(t *testing.T) {
			t.Parallel()
			th := borrow(t)
			token := th.apiToken // minting one takes twice as long as the upload
			if r.send.byPublisher {
				token = th.minted
			}
			th.upload(token(), r.send).want(t, r.status, r.reason)
			if count := len(th.Files()); (count == 1) != (r.status == ok) {
				t.Errorf("the index holds %d files", count)
			}
		})
	}
}

// rawly returns the upload with these very bytes.
func rawly(p upload, content string) upload {
	p.content = content
	return p.set("sha256_digest", sha256Of(content))
}

// squeezed is the zip with an unknown method of its last member.
func squeezed(content string) string {
	at := strings.LastIndex(content, "PK\x01\x02") + 10
	return content[:at] + "\x0c" + content[at+1:]
}

// cutDirectory is the zip with something else where the last entry of its directory is.
func cutDirectory(content string) string {
	at := strings.LastIndex(content, "PK\x01\x02")
	return content[:at] + "XX" + content[at+2:]
}

// zip64 is the zip with a ZIP64 end record, which has extensible data, and the locator of the record if located is set.
func zip64(content, extensible string, located bool) string {
	body, end := content[:len(content)-22], []byte(content[len(content)-22:])
	entries := binary.LittleEndian.Uint16(end[10:])
	size, offset := binary.LittleEndian.Uint32(end[12:]), binary.LittleEndian.Uint32(end[16:])
	record := append([]byte("PK\x06\x06"), make([]byte, 52)...)
	binary.LittleEndian.PutUint64(record[4:], uint64(44+len(extensible)))
	binary.LittleEndian.PutUint64(record[24:], uint64(entries))
	binary.LittleEndian.PutUint64(record[32:], uint64(entries))
	binary.LittleEndian.PutUint64(record[40:], uint64(size))
	binary.LittleEndian.PutUint64(record[48:], uint64(offset))
	locator := append([]byte("PK\x06\x07"), make([]byte, 16)...)
	binary.LittleEndian.PutUint64(locator[8:], uint64(len(body)))
	locator[16] = 1
	if !located {
		locator = nil
	}
	for at := 12; at < 20; at++ { // size and offset of the directory are in the other record
		end[at] = 0xff
	}
	return body + string(record) + extensible + string(locator) + string(end)
}

// without is the wheel less one file of its metadata, with has another one.
func without(file string) string {
	return zipOf(slices.DeleteFunc(
		wheelMembers(nameOfWheel, seedOfWheel), func(m [2]string) bool { return m[0] == "demo-1.0.dist-info/"+file },
	))
}

func with(file, text string) string {
	members := slices.DeleteFunc(wheelMembers(nameOfWheel, seedOfWheel),
		func(m [2]string) bool { return m[0] == "demo-1.0.dist-info/"+file })
	return zipOf(append(members, [2]string{"demo-1.0.dist-info/" + file, text}))
}

// and adds a value to a field.
func (p upload) and(name, value string) upload {
	p.fields = append(p.fields[:len(p.fields):len(p.fields)], [2]string{name, value})
	return p
}

func query(p upload, q string) upload { p.query = q; return p }

func typed(p upload, kind string) upload { p.kind = kind; return p }

func bare(p upload) upload { p.bare = true; return p }

// byPublisher is the upload with a token of the project's Trusted Publisher, and not of its user.
func byPublisher(p upload) upload { p.byPublisher = true; return p }

func authorized(p upload, value string) upload {
	p.header = []string{"Authorization", value}
	return p
}

// longWheel is a wheel whose file name has n bytes.
func longWheel(n int) upload {
	tail := "-py3-none-any.whl"
	version := "1." + strings.Repeat("1", n-len("demo-1.")-len(tail))
	return wheel("version", version).called("demo-" + version + tail)
}

// TestUpload_AdminOptions: what an admin, an organisation or a user's account can do to an upload.
func TestUpload_AdminOptions(t *testing.T) {
	t.Parallel()
	const size = "https://docs.pypi.org/project-management/storage-limits"
	short := strconv.Itoa(len(theWheel) - 1)
	for name, c := range map[string]struct {
		change func(*fakepypi.Behavior)
		api    bool // by API token, for a new project
		status int
		reason string
	}{
		"2.1.2 https": {func(s *fakepypi.Behavior) { s.HTTPS = true }, false, 403, "SSL is required"},
		"2.1.5 read-only": {
			func(s *fakepypi.Behavior) { s.ReadOnly = true }, false, 403, "Read-only mode: Uploads are temporarily disabled.",
		},
		"2.1.6 no uploads": {
			func(s *fakepypi.Behavior) { s.NoUploads = true }, false, 403,
			"New uploads are temporarily disabled. See https://pypi.org/help/#admin-intervention for more information.",
		},
		"2.5.45 e-mail": {
			func(s *fakepypi.Behavior) { s.NoEmail = true }, true, 403,
			"User 'rehearser', associated with the API token used, does not have a verified primary email address. " +
				"Please add a verified primary email before attempting to upload to PyPI. " +
				"See https://pypi.org/help/#verified-email for more information.",
		},
		"2.5.45 second factor": {
			func(s *fakepypi.Behavior) { s.NoSecondFactor = true }, true, 403,
			"User 'rehearser', associated with the API token used, does not have two-factor authentication enabled. " +
				"Please enable two-factor authentication before attempting to upload to PyPI. " +
				"See https://pypi.org/help/#two-factor-authentication for more information.",
		},
		"2.5.49 organisation": {func(s *fakepypi.Behavior) { s.Inactive = true }, false, 400, ""},
		"2.8.57 file": {
			func(s *fakepypi.Behavior) { s.FileLimit = int64(len(theWheel)) - 1 }, false, 400,
			"File too large. Limit for project 'demo' is " + short + " bytes. See " + size +
				"#requesting-a-file-size-limit-increase for more information.",
		},
		"2.8.57 fits": {func(s *fakepypi.Behavior) { s.FileLimit = int64(len(theWheel)) }, false, 200, "OK"},
		"2.8.58 project": {
			func(s *fakepypi.Behavior) { s.ProjectLimit = int64(len(theWheel)) - 1 }, false, 400,
			"Project size too large. Limit for project 'demo' total size is " + short + " bytes. See " + size +
				"#requesting-a-project-size-limit-increase for more information.",
		},
		"2.9 rate limit": {func(s *fakepypi.Behavior) { s.TooManyProjects = true }, true, 429, "Too many new projects created"},
		"2.9 no new projects": {
			func(s *fakepypi.Behavior) { s.NoProjects = true }, true, 403,
			"New project registration temporarily disabled. See https://pypi.org/help/#admin-intervention for more information.",
		},
		"2.9 prohibited": {func(s *fakepypi.Behavior) { s.Prohibited = []string{"De.Mo"} }, true, 200, "OK"},
		"2.9 prohibited indeed": {
			func(s *fakepypi.Behavior) { s.Prohibited = []string{"Demo"} }, true, 400,
			"The name 'demo' isn't allowed. See https://pypi.org/help/#project-name for more information.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := open(t, fakepypi.Options{})
			var token string
			if c.api {
				token = th.apiToken()
			} else {
				th.AddPublisher(fakepypi.Publisher{Project: demo})
				token = th.minted()
			}
			th.Switch(c.change)
			th.upload(token, wheel()).want(t, c.status, c.reason)
			if c.status != 200 && c.api && th.get("/simple/demo/").status != 404 {
				t.Error("the refused upload left a project")
			}
			th.Switch(func(s *fakepypi.Behavior) { *s = fakepypi.Behavior{} })
			th.upload(token, wheel()).want(t, 200, "OK")
		})
	}
}

// TestUpload_LimitMessages: the default limits in the index's words.
func TestUpload_LimitMessages(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.Switch(func(s *fakepypi.Behavior) { s.FileLimit = 1 << 20 })
	big := wheel().holding(strings.Repeat("x", 1<<20+1))
	th.upload(th.minted(), big).want(
		t, 400,
		"File too large. Limit for project 'demo' is 1 MB. "+
			"See https://docs.pypi.org/project-management/storage-limits#requesting-a-file-size-limit-increase for more information.",
	)
}

func (th *harness) apiToken() string {
	th.t.Helper()
	token, err := th.APIToken()
	if err != nil {
		th.t.Fatal(err)
	}
	return token
}

// TestUpload_SecondFile: what depends on the files that are there already.
func TestUpload_SecondFile(t *testing.T) {
	t.Parallel()
	const reuse = " See https://pypi.org/help/#file-name-reuse for more information."
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		between func(*harness)
		second  upload
		status  int
		reason  string
	}{
		"2.8.60 identical":      {nil, wheel(), 200, "OK"},
		"2.8.60 other metadata": {nil, wheel("summary", "new"), 200, "OK"},
		"2.8.60 before 63":      {func(th *harness) { th.clock.pass(15 * day) }, wheel(), 200, "OK"},
		"2.8.61 other bytes": {
			nil, wheel().holding("other"), 400,
			"File already exists ('demo-1.0-py3-none-any.whl', with blake2_256 hash '" + blake2Of(packed(nameOfWheel, "other")) + "')." +
				reuse,
		},
		"2.8.61 other name": {
			nil, wheel().called("demo-1.0-1-py3-none-any.whl"), 400,
			"File already exists ('demo-1.0-1-py3-none-any.whl', with blake2_256 hash '" + blake2Of(theWheel) + "')." + reuse,
		},
		"2.8.62 deleted, same bytes": {
			func(th *harness) { th.remove("demo-1.0-py3-none-any.whl") }, wheel(), 400,
			"This filename was previously used by a file that has since been deleted. Use a different version." + reuse,
		},
		"2.8.62 deleted, other bytes": {
			func(th *harness) { th.remove("demo-1.0-py3-none-any.whl") }, wheel().holding("other"), 400,
			"This filename was previously used by a file that has since been deleted. Use a different version." + reuse,
		},
		"2.8.63 fourteen days": {func(th *harness) { th.clock.pass(14 * day) }, sdist(), 200, "OK"},
		"2.8.63 and more": {
			func(th *harness) { th.clock.pass(14*day + time.Second) }, sdist(), 400,
			"Uploading new files to releases older than 14 days is not allowed.",
		},
		"2.8.63 another release": {
			func(th *harness) { th.clock.pass(15 * day) }, sdist("version", "1.1").called("demo-1.1.tar.gz"), 200, "OK",
		},
		"2.7.51 the same release": {
			func(th *harness) { th.clock.pass(15 * day) }, sdist("version", "1.0.0").called("demo-1.0.0.tar.gz"), 400,
			"Uploading new files to releases older than 14 days is not allowed.",
		},
		"2.8.64 first sdist": {nil, sdist(), 200, "OK"},
		"2.8.64 second sdist": {
			func(th *harness) { th.accepted(th.minted(), sdist()) }, sdist("version", "1.0.0").called("demo-1.0.0.tar.gz").holding("other"),
			400,
			"Only one sdist may be uploaded per release.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			th.accepted(th.minted(), wheel())
			if c.between != nil {
				c.between(th)
			}
			before := len(th.Files())
			th.upload(th.minted(), c.second).want(t, c.status, c.reason)
			added := len(th.Files()) - before
			if want := c.status == 200 && !strings.HasPrefix(name, "2.8.60"); (added == 1) != want {
				t.Errorf("%d files were added", added)
			}
		})
	}
}

func (th *harness) remove(name string) {
	th.t.Helper()
	if err := th.Remove(name); err != nil {
		th.t.Fatal(err)
	}
}

// TestUpload_ArchivedProject is row 48: what a project's status means for whom.
func TestUpload_ArchivedProject(t *testing.T) {
	t.Parallel()
	const (
		forToken = "The given token isn't allowed to upload to project 'demo'. " +
			"See https://pypi.org/help/#project-name for more information."
		forUser = "The user 'rehearser' isn't allowed to upload to project 'demo'. " +
			"See https://pypi.org/help/#project-name for more information."
	)
	for status, c := range map[string]struct {
		shown         string
		publisher     int
		user          int
		reasonForUser string
	}{
		"active":           {"active", 200, 200, "OK"},
		"archived":         {"archived", 403, 403, forUser},
		"archived-noindex": {"archived", 403, 403, forUser},
		"quarantined":      {"quarantined", 403, 200, "OK"},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			if err := th.SetStatus("demo", status); err != nil {
				t.Fatal(err)
			}
			reason := forToken
			if c.publisher == 200 {
				reason = "OK"
			}
			th.upload(th.minted(), wheel()).want(t, c.publisher, reason)
			th.upload(th.apiToken(), wheel()).want(t, c.user, c.reasonForUser)
			page := th.get("/simple/demo/", "Accept", simpleJSON).json(t)
			if got := page["project-status"].(map[string]any)["status"]; got != c.shown {
				t.Errorf("the page shows %v", got)
			}
		})
	}
	if err := opened(t).SetStatus("demo", "gone"); err == nil {
		t.Error("a project became gone")
	}
}

// TestUpload_NewProject is §2.9 as far as names go.
func TestUpload_NewProject(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	token := th.apiToken()
	th.accepted(token, wheel())
	other := func(name string) upload {
		return wheel("name", name).called(strings.ToLower(name) + "-1.0-py3-none-any.whl").holding(name)
	}
	th.upload(token, other("dem0")).want(
		t, 400, "The name 'dem0' is too similar to an existing project. See https://pypi.org/help/#project-name for more information.",
	)
	th.upload(token, other("Demo")).want(
		t, 400,
		"File already exists ('demo-1.0-py3-none-any.whl', with blake2_256 hash '"+blake2Of(packed(nameOfWheel, "Demo"))+
			"'). See https://pypi.org/help/#file-name-reuse for more information.",
	)
	for _, name := range []string{"asyncio", "XML.etree", "future", "carbon", "distutils-command"} {
		th.upload(token, other(name)).want(
			t, 400,
			"The name '"+name+"' isn't allowed (conflict with Python Standard Library module name). "+
				"See https://pypi.org/help/#project-name for more information.",
		)
	}
	th.upload(token, other("another")).want(t, 200, "OK")
}

// TestAttestations_APIToken is §5.1 row 1.
func TestAttestations_APIToken(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.upload(th.apiToken(), wheel("attestations", "[{}]")).want(
		t, 400, "Invalid attestations supplied during upload: Attestations are only supported when using Trusted Publishing",
	)
}

// TestUpload_RenamesProject: the project takes the spelling of the last file's metadata.
func TestUpload_RenamesProject(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.AddPublisher(fakepypi.Publisher{Project: "foo-bar"})
	token := th.minted()
	th.accepted(token, wheel("name", "Foo_Bar").called("foo_bar-1.0-py3-none-any.whl"))
	if info := th.get("/pypi/foo-bar/json").json(t)["info"].(map[string]any); info["name"] != "Foo_Bar" {
		t.Errorf("info: %v", info)
	}
}
