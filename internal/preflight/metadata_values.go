package preflight

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
)

// judge checks one value of a field, as the functions of package metadata do: it returns the problem in the words of the index, or an empty
// text.
type judge func(value string) (problem string)

// advise returns a check that says what the judge says, and one advice.
func (j judge) advise(advice string) checkValue {
	return j.adviseBy(func(string) string { return advice })
}

// adviseBy returns a check that says what the judge says, and the advice about the value.
func (j judge) adviseBy(advice func(value string) string) checkValue {
	return func(_ field, value string) (message, next string) {
		if problem := j(value); problem != "" {
			return said(problem), advice(value)
		}
		return "", ""
	}
}

// said returns a problem as a message: with a full stop, without its further lines, and without the middle of a long text.
func said(problem string) string {
	const beginning, end = 1000, 200
	problem, _, _ = strings.Cut(problem, "\n")
	if runes := []rune(problem); len(runes) > beginning+end {
		problem = string(runes[:beginning]) + "..." + string(runes[len(runes)-end:])
	}
	return problem + "."
}

var (
	summaryNewline = judge(metadata.Summary).advise("write it as one line; put longer text into the description")
	summaryLength  = judge(metadata.SummaryLength).adviseBy(func(value string) string {
		return fmt.Sprintf("shorten it (it has %d characters); put longer text into the description", utf8.RuneCountInString(value))
	})
	providesExtra = judge(metadata.ProvidesExtra).advise(
		"start and end the extra with a letter or digit, and use only letters, digits, '.', '_' and '-'")
	requiresPython = judge(metadata.RequiresPython).adviseBy(func(value string) string {
		_, err := pep.ParseSpecifiers(value)
		return fmt.Sprint(err)
	})
	requiresDist    = judge(metadata.RequiresDist).adviseBy(whereWrong)
	requiresDistURL = judge(metadata.DirectReference).adviseBy(func(value string) string {
		r, _ := pep.ParseRequirement(value) // the judge has read it
		return "depend on a released version of " + r.Name + "; the index does not accept direct references"
	})
	providesDist = judge(metadata.Relation).adviseBy(whereWrong)
	email        = judge(metadata.Email).adviseBy(func(value string) string {
		if strings.TrimFunc(value, pep.IsSpace) == "None" {
			return "the build wrote the word None for an address that is not there: give one, or leave the field out"
		}
		return "write an address such as Jane Doe <jane@example.com>, or remove it"
	})
	licenseFilePath = judge(metadata.LicensePath).adviseBy(func(path string) string {
		if strings.Contains(path, "*") && !strings.Contains(path, "..") {
			return "build with a backend that resolves patterns to file names"
		}
		return "write a path from the project's root with '/' between the folders, such as licenses/LICENSE"
	})
	contentType = judge(metadata.ContentType).adviseBy(func(value string) string {
		if metadata.MediaType(value) != "" && metadata.ContentType(value) == "'description-content-type' must be a single line" {
			return "write it as one line"
		}
		return "write text/markdown, text/x-rst or text/plain"
	})
	contentTypeVariant = judge(metadata.Variant).advise("write variant=GFM or variant=CommonMark, spelled exactly, or remove it")
	dynamicForbidden   = judge(func(value string) string {
		if metadata.NeverDynamic(strings.ToLower(value)) {
			return metadata.Dynamic(value)
		}
		return ""
	}).advise("remove it from the list, because it must be the same in every file")
	dynamicUnknown = judge(func(value string) string {
		if metadata.NeverDynamic(strings.ToLower(value)) {
			return ""
		}
		return cmp.Or(metadata.Dynamic(value), metadata.StorableDynamic(value))
	}).advise("list only fields of the core metadata, such as Requires-Dist")
	projectURL = judge(metadata.LabelledURL).adviseBy(func(value string) string {
		if label, _ := metadata.SplitProjectURL(value); utf8.RuneCountInString(label) > metadata.MaxLabel {
			return "shorten the label"
		}
		return "write a label and a URL, such as Changelog, https://example.com/changes"
	})
)

// importName checks Import-Name and Import-Namespace (PEP 794).
func importName(f field, value string) (message, advice string) {
	check := judge(metadata.ImportName)
	if f.Name == "Import-Namespace" {
		check = metadata.ImportNamespace
	}
	advice = "write the name as in an import statement, such as package.module"
	if name, _, _ := strings.Cut(value, ";"); strings.HasSuffix(strings.TrimRightFunc(name, pep.IsSpace), "-stubs") {
		advice = "a package of stubs cannot be imported, so it has no import name; if flit_core wrote it, build with another backend, such as hatchling"
	}
	if strings.Contains(value, ";") {
		advice += ", and nothing but private after the semicolon"
	}
	return check.advise(advice)(f, value)
}

// whereWrong returns the position and the problem of a requirement, without repeating it.
func whereWrong(requirement string) string {
	_, err := pep.ParseRequirement(requirement)
	var at *pep.RequirementError
	switch {
	case err == nil:
		return "write a project name and versions, without a URL"
	case !errors.As(err, &at):
		return err.Error()
	}
	return fmt.Sprintf(
		"at character %d: %s; a valid PEP 508 requirement is, for example, name>=1.0; python_version < '3.13'", at.End+1, at.Problem,
	)
}

// cut shortens a text to 1000 characters for a message.
func cut(text string) string {
	const limit = 1000
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "..."
}

func licenseAndExpression(d *distfile.Distribution) (message, fix string) {
	license, old := first(d, "License")
	expression, both := first(d, "License-Expression")
	if !old || !both {
		return "", ""
	}
	return "License is deprecated when License-Expression is present. Only License-Expression should be present.",
		fmt.Sprintf("remove License %s, because License-Expression %s replaces it, and build again",
			quote(elide(license)), quote(elide(expression)))
}
