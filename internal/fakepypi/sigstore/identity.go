package sigstore

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

// The workflow run that requested a certificate, as the certificate's extensions describe it (docs/reference/attestations.md §2.3).

// github is the default value of `url` in Fulcio's templates.
const github = "https://github.com/"

// extension is one row of the table: a number below 1.3.6.1.4.1.57264.1, and how its value is made from the claims.
type extension struct {
	number int
	raw    bool // the deprecated form: the text as plain bytes, not as a UTF8String
	value  func(claims) string
}

// extensions returns the table of certificate extensions.
func extensions() []extension {
	claim := func(name string) func(claims) string {
		return func(c claims) string { return c.text(name) }
	}
	url := func(name string) func(claims) string {
		return func(c claims) string { return below(github, c.text(name)) }
	}
	return []extension{
		{1, true, claim("iss")},
		{2, true, claim("event_name")},
		{3, true, claim("sha")},
		{4, true, claim("workflow")},
		{5, true, claim("repository")},
		{6, true, claim("ref")},
		{8, false, claim("iss")},
		{9, false, url("job_workflow_ref")},
		{10, false, claim("job_workflow_sha")},
		{11, false, claim("runner_environment")},
		{12, false, url("repository")},
		{13, false, claim("sha")},
		{14, false, claim("ref")},
		{15, false, claim("repository_id")},
		{16, false, url("repository_owner")},
		{17, false, claim("repository_owner_id")},
		{18, false, url("workflow_ref")},
		{19, false, claim("workflow_sha")},
		{20, false, claim("event_name")},
		{21, false, runURL},
		{22, false, claim("repository_visibility")},
		{23, false, claim("environment")},
		{24, false, claim("sub")},
	}
}

// below returns the URL of a name, or an empty string if there is no name.
func below(base, name string) string {
	if name == "" {
		return ""
	}
	return base + name
}

// runURL returns the URL of the workflow run, or an empty string if a claim is missing.
func runURL(c claims) string {
	if c.text("repository") == "" || c.text("run_id") == "" {
		return ""
	}
	return github + c.text("repository") + "/actions/runs/" + c.text("run_id") + "/attempts/" + c.text("run_attempt")
}

// facts returns the extensions of a certificate. Empty values are left out.
func facts(c claims) ([]pkix.Extension, error) {
	var all []pkix.Extension
	for _, e := range extensions() {
		text := e.value(c)
		if text == "" {
			continue
		}
		value := []byte(text)
		if !e.raw {
			var err error
			if value, err = asn1.MarshalWithParams(text, "utf8"); err != nil {
				return nil, err
			}
		}
		all = append(all, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, e.number}, Value: value})
	}
	return all, nil
}
