package distfile

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// formFields maps headers of core metadata, in lower case, to the fields of the upload form. The names are those of the
// index, which silently ignores other names. Headers that are not in the table are not sent.
var formFields = map[string]string{
	"metadata-version":         "metadata_version",
	"name":                     "name",
	"version":                  "version",
	"dynamic":                  "dynamic",
	"platform":                 "platform",
	"supported-platform":       "supported_platform",
	"summary":                  "summary",
	"description":              "description",
	"description-content-type": "description_content_type",
	"keywords":                 "keywords",
	"home-page":                "home_page",
	"download-url":             "download_url",
	"author":                   "author",
	"author-email":             "author_email",
	"maintainer":               "maintainer",
	"maintainer-email":         "maintainer_email",
	"license":                  "license",
	"license-expression":       "license_expression",
	"license-file":             "license_file",
	"classifier":               "classifiers",
	"requires-dist":            "requires_dist",
	"requires-python":          "requires_python",
	"requires-external":        "requires_external",
	"project-url":              "project_urls",
	"provides-extra":           "provides_extra",
	"provides-dist":            "provides_dist",
	"obsoletes-dist":           "obsoletes_dist",
	"import-name":              "import_name",
	"import-namespace":         "import_namespace",
	"requires":                 "requires",
	"provides":                 "provides",
	"obsoletes":                "obsoletes",
}

// Form holds the text fields of an upload form.
type Form struct {
	Fields iter.Seq[Field] // may be used several times
	turn   turn
}

// Close gives back the memory of the form.
func (f *Form) Close() { f.turn.end() }

// Form returns the text fields of the upload form: the type of the file and its core metadata. Repeated fields are in their
// order; the names are sorted, unless the metadata is [Distribution.Partial]: then the file is read again, when no other
// file takes much memory, and the fields are those of the file in its order. The error is that of the file, or a
// *ChangedError. It does not contain the digests and the file itself. The caller must close the form.
func (d *Distribution) Form(ctx context.Context) (*Form, error) {
	form := &Form{turn: turn{ctx: ctx, of: d.memory}}
	if !d.Partial {
		fields := slices.Collect(d.formOf(slices.Values(d.Headers), d.body))
		slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
		form.Fields = slices.Values(fields)
		return form, nil
	}
	if err := form.turn.begin(); err != nil {
		return nil, err
	}
	text, err := d.readMetadata(ctx)
	if err != nil {
		form.Close()
		return nil, fmt.Errorf("read %s: %w", d.Path, err)
	}
	_, body, _ := split(text)
	form.Fields = d.formOf(fieldsOf(text), body)
	return form, nil
}

// formOf returns the form fields of headers and a body.
func (d *Distribution) formOf(headers iter.Seq[Field], body string) iter.Seq[Field] {
	licenseFiles := d.sendsLicenseFiles()
	return func(yield func(Field) bool) {
		for _, f := range []Field{
			{":action", "file_upload"}, {"protocol_version", "1"}, {"filetype", d.fileType()}, {"pyversion", d.pythonVersion()},
		} {
			if !yield(f) {
				return
			}
		}
		for h := range headers {
			name, known := formFields[strings.ToLower(h.Name)]
			if known && (name != "license_file" || licenseFiles) && !yield(Field{name, formValue(name, h.Value)}) {
				return
			}
		}
		if body != "" {
			yield(Field{"description", body})
		}
	}
}

// readMetadata reads the core metadata again.
func (d *Distribution) readMetadata(ctx context.Context) (string, error) {
	file, _, err := localfile.Open(d.Path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := d.unchanged(file); err != nil {
		return "", err
	}
	selection := archive.Selection{
		First: []string{d.member}, Keep: func(member string) bool { return member == d.member }, Only: true,
	}
	var facts archive.Facts
	if d.packing() == tarGz {
		facts, err = archive.ReadTarGz(untilDone{ctx, file}, selection)
	} else {
		facts, err = archive.ReadZip(readerAt{ctx, file}, d.Size, selection)
	}
	text, found := facts.Kept[d.member]
	if err == nil && (!found || len(text) != d.MetadataSize) {
		err = &ChangedError{Path: d.Path}
	}
	return string(text), err
}

// untilDone is a stream that is read until the context is cancelled.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read reads from the stream.
func (u untilDone) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// Sent returns the values that the form contains for a header of core metadata, in their order; none if the header is not
// sent.
func (d *Distribution) Sent(header string) (values []string) {
	var lower [32]byte // longer than any header that is sent
	key := lower[:0]
	for i := 0; i < min(len(header), len(lower)); i++ { // headers that are sent are ASCII
		c := header[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		key = append(key, c)
	}
	name, known := formFields[string(key)]
	if !known || len(key) < len(header) || name == "license_file" && !d.sendsLicenseFiles() {
		return nil
	}
	for _, h := range d.Headers {
		if len(h.Name) == len(header) && strings.EqualFold(h.Name, header) {
			values = append(values, formValue(name, h.Value))
		}
	}
	if name == "description" && d.body != "" {
		values = append(values, d.body)
	}
	return values
}

// sendsLicenseFiles reports whether the metadata may have License-File, a field of metadata 2.4. Older metadata can
// contain it too, written by setuptools before the field was in the standard, but an index refuses it there.
func (d *Distribution) sendsLicenseFiles() bool {
	switch declared := d.Header("Metadata-Version"); declared {
	case "1.0", "1.1", "1.2", "2.1", "2.2", "2.3": // most files have one of these, and this is asked often
		return false
	case "2.4", "2.5":
		return true
	default:
		version, err := pep.ParseVersion(declared)
		if err != nil {
			return false
		}
		first, err := pep.ParseVersion("2.4")
		return err == nil && version.Compare(first) >= 0
	}
}

// formValue returns a header's value in the spelling that the form requires.
func formValue(field, value string) string {
	switch field {
	case "name":
		return formName(value)
	case "keywords":
		return respell(value, -1)
	case "project_urls":
		return respell(value, 2)
	case "description":
		return dedent(value)
	default:
		return value
	}
}

var notInFormNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9.]+`) })

// formName returns a name with dashes, like setuptools and twine, so that the index shows the usual spelling. An invalid
// name is unchanged, because a valid spelling of it could be the name of another project.
func formName(name string) string {
	if !pep.ValidName(name) {
		return name
	}
	return notInFormNames().ReplaceAllString(name, "-")
}

// respell separates the parts of a value, at most n, by a comma and a blank.
func respell(value string, n int) string {
	var b strings.Builder
	for ; n != 1; n-- {
		part, rest, more := strings.Cut(value, ",")
		if !more {
			break
		}
		b.WriteString(strings.TrimSpace(part) + ", ")
		value = rest
	}
	b.WriteString(strings.TrimSpace(value))
	return b.String()
}

// fileTypes maps file extensions, in lower case, to the index's names for the types of distributions.
var fileTypes = map[string]string{
	".whl": "bdist_wheel", ".egg": "bdist_egg", ".exe": "bdist_wininst", ".msi": "bdist_msi", ".rpm": "bdist_rpm",
}

func (d *Distribution) fileType() string {
	for suffix, fileType := range fileTypes {
		if hasSuffix(d.Name, suffix) {
			return fileType
		}
	}
	return "sdist"
}

// pythonVersion returns the first tag of a wheel's file name, and "source" for other files.
func (d *Distribution) pythonVersion() string {
	if d.Kind() != Wheel {
		return "source"
	}
	parts := strings.Split(d.Name[:len(d.Name)-len(".whl")], "-")
	if len(parts) < 5 {
		return ""
	}
	return parts[len(parts)-3]
}
