package pep_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

var (
	aSHA256 = strings.Repeat("0aF9", 16)
	anMD5   = strings.Repeat("0aF9", 8)
)

func TestParseListingHTML_Valid(t *testing.T) {
	t.Parallel()
	sha256, md5 := strings.ToLower(aSHA256), strings.ToLower(anMD5)
	cases := map[string]struct {
		page   string
		status string
		files  []pep.IndexFile
	}{
		"as the public index writes it": {
			`<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4">
			<meta name="pypi:project-status" content="archived">
			<title>Links for alder</title></head><body><h1>Links for alder</h1>
			<a href="https://files.example/packages/aa/bb/alder-1.0.tar.gz#sha256=` + aSHA256 +
				`" data-requires-python="&gt;=3.9" data-yanked="it &quot;broke&quot;">alder-1.0.tar.gz</a><br />
			<a href="https://files.example/p/alder-1.0-py3-none-any.whl#sha256=` + aSHA256 +
				`" data-dist-info-metadata="sha256=00" data-core-metadata="sha256=00"
				data-provenance="https://index.example/p?a=1&amp;b=2">alder-1.0-py3-none-any.whl</a><br />
			</body></html><!--SERIAL 7-->`,
			"archived",
			[]pep.IndexFile{
				{Name: "alder-1.0.tar.gz", SHA256: sha256, Yanked: true},
				{Name: "alder-1.0-py3-none-any.whl", SHA256: sha256, Provenance: "https://index.example/p?a=1&b=2"},
			},
		},
		"any order, quotes, case and shape": {
			`<A data-yanked='' HREF='../../f/alder-1.0%2Blocal.TAR.GZ#md5=` + anMD5 +
				`'> alder-1.0+local.TAR.GZ </A><a class=x href=alder-1.0.zip>alder<b>-1.0</b>.zip` +
				`<a href = "&#97;lder-2.0.zip?x=1#egg=x&amp;sha256=` + aSHA256 + `" >alder&#45;2.0.zip`,
			"",
			[]pep.IndexFile{
				{Name: "alder-1.0+local.TAR.GZ", MD5: md5, Yanked: true},
				{Name: "alder-1.0.zip", URL: "alder-1.0.zip"},
				{Name: "alder-2.0.zip", SHA256: sha256},
			},
		},
		"with a title, other links are left alone": {
			`<title>root/dev: links for alder</title><a href="../">up</a><a name="x">here</a><a href="/f/alder-1.0.zip#sha256=dog">download</a>` +
				`<!-- <a href="no.zip">no.zip</a> --><script>"<a href='no.whl'>"</script>`,
			"",
			[]pep.IndexFile{{Name: "alder-1.0.zip", URL: "/f/alder-1.0.zip"}},
		},
		"a project without files":         {`<h1>Links for alder</h1>`, "", nil},
		"a project without files, by PEP": {`<meta content="1.0" name="pypi:repository-version"><title>alder</title>`, "", nil},
		"a digest of another kind is ignored": {
			`<a href="alder-1.0.zip#sha512=` + aSHA256 + `">alder-1.0.zip</a>`, "", []pep.IndexFile{{
				Name: "alder-1.0.zip",
				URL:  "alder-1.0.zip",
			}},
		},
		"a digest of another length neither": {
			`<a href="alder-1.0.zip#md5=` + aSHA256 + `">alder-1.0.zip</a>`, "", []pep.IndexFile{{
				Name: "alder-1.0.zip",
				URL:  "alder-1.0.zip",
			}},
		},
		"BLAKE2b of 256 bits, by either name": {
			`<a href="alder-1.0.zip#blake2b=` + aSHA256 + `">alder-1.0.zip</a><a href="alder-1.1.zip#blake2_256=` + aSHA256 +
				`">alder-1.1.zip</a>`, "",
			[]pep.IndexFile{{Name: "alder-1.0.zip", BLAKE2b: sha256}, {Name: "alder-1.1.zip", BLAKE2b: sha256}},
		},
		"BLAKE2b of 512 bits": {
			`<a href="alder-1.0.zip#blake2b=` + aSHA256 + aSHA256 + `">alder-1.0.zip</a>`, "",
			[]pep.IndexFile{{Name: "alder-1.0.zip", BLAKE2b: sha256 + sha256}},
		},
	}
	for name, c := range cases {
		got, err := pep.ParseListingHTML([]byte(c.page))
		want := pep.Listing{Exists: true, Status: c.status, Files: c.files}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, want)
		}
	}
}

func TestParseListingHTML_Invalid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " \n", "not found", `{"files": []}`, "<html><body>Please log in</body></html>",
		`<html><title>Log in</title><a href="/forgot">Forgot your password?</a></html>`,
		`<a href="/alder-1.0.zip">alder-1.0.zip</a><a href="/login">Log in</a>`,      // one link that is not to a file
		`<a href="/app.zip#md5=` + anMD5 + `">Get our app</a>`,                       // a text that is not the file's name
		`<a href="/alder-1.0.zip"></a>`,                                              // no text at all
		`<meta name="pypi:repository-version" content="1.0"><a href="/a/">a</a>`,     // the list of all projects
		`<title>Sign in for links</title>`,                                           // no heading of a project's page
		`<a href="%zz/alder-1.0.zip">alder-1.0.zip</a>`,                              // no address
		`<a href="/.whl">.whl</a>`,                                                   // no name
		`<h1>Links for alder</h1><a href="` + strings.Repeat("x", 1<<20) + `">x</a>`, // a tag beyond all bounds
	} {
		if got, err := pep.ParseListingHTML([]byte(text)); !errors.Is(err, pep.ErrNoListing) {
			t.Errorf("%.80q: got %+v, %v", text, got, err)
		}
	}
}

func FuzzParseListingHTML(f *testing.F) {
	f.Add([]byte(`<title>Links for a</title><a data-yanked href="/a-1.zip#sha256=` + aSHA256 + `">a-1.zip</a>`))
	f.Add([]byte(`<a href='a-1.whl#md5=` + anMD5 + `'>a-1.whl`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := pep.ParseListingHTML(text)
		if err != nil {
			if !errors.Is(err, pep.ErrNoListing) {
				t.Fatal(err)
			}
			return
		}
		for _, file := range l.Files {
			if file.Name == "" || strings.Contains(file.Name, "/") || (file.SHA256 != "" && len(file.SHA256) != 64) || (file.MD5 != "" &&
				len(file.MD5) != 32) {
				t.Fatalf("%+v", file)
			}
		}
	})
}
