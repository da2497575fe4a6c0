package preflight

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// field describes one header of the core metadata.
type field = metadata.Field

// fields lists all headers of the core metadata, in the order in which the index checks them.
var fields = metadata.Fields()

// isField reports whether a name, in lower case, is a header of the core metadata.
func isField(key string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.HasKey(key) })
}

// sent returns the values of a header as the index reads them from the upload form: none if the value is UNKNOWN or a
// single empty text, only one if any contains a NUL.
func sent(d *distfile.Distribution, name string) []string {
	values := d.Sent(name)
	if len(values) == 0 || len(values) == 1 && values[0] == "" || strings.TrimFunc(values[len(values)-1], pep.IsSpace) == "UNKNOWN" {
		return nil
	}
	at := slices.IndexFunc(values, func(v string) bool { return strings.ContainsRune(v, 0) })
	if at < 0 {
		return values
	}
	return []string{strings.ReplaceAll(values[at], "\x00", `\x00`)}
}

// first returns the value of a header that occurs once; present is false if the index sees none.
func first(d *distfile.Distribution, name string) (value string, present bool) {
	values := sent(d, name)
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// checkValue checks one value of a field. It returns the message of the index and what to do, or an empty message if the
// value is valid.
type checkValue func(f field, value string) (message, advice string)

// eachValue returns a check that calls check once for every distinct value of the named headers.
func eachValue(check checkValue, names ...string) func(Set) []finding.Finding {
	return func(s Set) (found []finding.Finding) {
		for _, d := range s.Files {
			found = append(found, checkValues(d, check, names)...)
		}
		return found
	}
}

func checkValues(d *distfile.Distribution, check checkValue, names []string) []finding.Finding {
	var found limitedFindings
	for _, f := range fields {
		if !slices.Contains(names, f.Name) {
			continue
		}
		seen := map[string]bool{}
		for _, value := range sent(d, f.Name) {
			if seen[value] {
				continue
			}
			seen[value] = true
			if message, advice := check(f, value); message != "" {
				found.add(wrong(d, f, value, message, advice))
			}
		}
	}
	return found.all()
}

// wrong returns the finding about an invalid value. Its next step names the field and the value.
func wrong(d *distfile.Distribution, f field, value, message, advice string) finding.Finding {
	return refusal(d, message, fmt.Sprintf("correct %s %s: %s; then build again", f.Name, quote(elide(value)), advice))
}

// limitedFindings keeps the first maxFindings findings and counts the rest.
type limitedFindings struct {
	kept []finding.Finding
	more int
}

func (h *limitedFindings) add(f finding.Finding) {
	if len(h.kept) == maxFindings {
		h.more++
		return
	}
	h.kept = append(h.kept, f)
}

func (h *limitedFindings) all() []finding.Finding {
	if h.more > 0 {
		last := &h.kept[maxFindings-1]
		last.Fix = fmt.Sprintf("%s (and %d more like this)", last.Fix, h.more)
	}
	return h.kept
}

// quoteLimited quotes a value in a message as the index does. A value of more than 1000 characters is cut.
func quoteLimited(value string) string {
	const limit = 1000
	if utf8.RuneCountInString(value) <= limit {
		return quote(value)
	}
	runes := []rune(value)
	return quote(string(runes[:limit])) + "..."
}

// fieldRepeated reports single fields that occur twice and Project-URLs with equal labels. It spells fields as the upload
// form does, like the messages of the index.
func fieldRepeated(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		for _, f := range fields {
			values := sent(d, f.Name)
			switch {
			case f.Name == "Project-URL":
				if label, twice := metadata.RepeatedLabel(values); twice {
					found = append(found, refusal(d, "'project_urls' has invalid data.",
						fmt.Sprintf("give every Project-URL a different label (%s occurs twice), and build again", quote(elide(label)))))
				}
			case !f.Multiple && len(values) > 1:
				form := strings.ReplaceAll(f.Key(), "-", "_")
				found = append(found, refusal(d, quote(form)+" has invalid data.",
					fmt.Sprintf("keep one %s (there are %d, the first is %s), and build again",
						f.Name, len(values), quote(elide(values[0])))))
			}
		}
	}
	return found
}

// fieldTooNew reports fields that are newer than the declared metadata version. It skips an unknown version, because its
// fields are unknown too.
func fieldTooNew(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		declared, _ := first(d, "Metadata-Version")
		for _, f := range fields {
			if values := sent(d, f.Name); len(values) > 0 && f.Newer(declared) {
				fix := fmt.Sprintf("build with a backend that writes Metadata-Version %s, or remove %s "+
					"%s", f.Since, f.Name, quote(elide(values[0])))
				if declared == "1.0" {
					fix = "Metadata-Version 1.0 is from a tool of before 2011: " + fix
				}
				found = append(found, refusal(d, fmt.Sprintf("%s introduced in metadata version %s, not "+
					"%s.", f.Key(), f.Since, declared), fix))
			}
		}
	}
	return found
}

// fieldUnknown reports headers that are not in the table. They are not sent, so an index that supports them does not get
// them.
func fieldUnknown(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		var unknown limitedFindings
		seen := map[string]bool{}
		_, cut := headersCut(d)
		for i, h := range d.Headers {
			key := strings.ToLower(h.Name)
			if seen[key] || cut && d.HeadersEndAt == nil && i == len(d.Headers)-1 {
				continue // headers-end-early reports the last line
			}
			if seen[key] = true; isField(key) {
				continue
			}
			unknown.add(refusal(d, fmt.Sprintf("this program does not know the field %s of the metadata; it is not sent to the index",
				quote(elide(h.Name))),
				fmt.Sprintf("remove %s %s, or update the action if the field is new", quote(elide(h.Name)), quote(elide(h.Value)))))
		}
		found = append(found, unknown.all()...)
	}
	return found
}

// valueUnknown reports fields whose value is UNKNOWN, which count as absent.
func valueUnknown(d *distfile.Distribution) (message, fix string) {
	var names []string
	for _, h := range d.Headers {
		field, known := fieldNamed(h.Name)
		if known && strings.TrimFunc(h.Value, pep.IsSpace) == "UNKNOWN" && !slices.Contains(names, field) {
			names = append(names, field)
		}
	}
	if len(names) == 0 || slices.Contains(names, "Name") || slices.Contains(names, "Version") {
		return "", ""
	}
	return "the metadata says UNKNOWN for " + strings.Join(names, ", ") + ", which counts as absent; another client may send the word " +
			"to the index",
		"give the field a value, or build with a current build backend, which leaves an empty field out"
}

// metadataEncoding reports values that are not UTF-8, which both the core metadata and the upload form require.
func metadataEncoding(d *distfile.Distribution) (message, fix string) {
	for _, f := range fields {
		for _, value := range d.Sent(f.Name) {
			if !utf8.ValidString(value) {
				return "Invalid Form Data.",
					fmt.Sprintf("%s is not UTF-8 (%q): write the project's files as UTF-8 and build again", f.Name, elide(value))
			}
		}
	}
	return "", ""
}
