package config

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secret"
)

const (
	authAuto    = "auto"
	tokenUser   = "__token__" // the user name for API tokens
	tokenPrefix = "pypi-"     // the prefix of every API token of the public indexes
)

// isNone reports whether a user or password is the word for an empty one.
func isNone(value string) bool { return strings.EqualFold(strings.TrimSpace(value), "none") }

// setUser reads the user of basic authentication (RFC 7617: no colon and no control character).
func setUser(d *draft, value string) *finding.Finding {
	switch {
	case strings.HasPrefix(value, tokenPrefix):
		d.redactor.New(value)
		return wrong(finding.InputAuth,
			"the value looks like an API token",
			"set the input `password` to it, and leave `user` out; revoke the token if a log shows it")
	case strings.Contains(value, ":") || hasControl(value):
		return wrong(finding.InputValue,
			"the user name contains a colon or a control character, which basic authentication does not allow",
			"check the value")
	}
	if mayBeToken(value) {
		d.redactor.New(value)
	}
	d.User = value
	return nil
}

// mayBeToken reports whether a user name may be a token, which some indexes want there. It is masked then.
func mayBeToken(user string) bool {
	const shortest = 20
	return len(user) >= shortest && strings.ContainsAny(user, "0123456789") && !strings.ContainsAny(user, "@ \\")
}

// setPassword keeps the raw password until resolveAuth knows the origin that it is for.
func setPassword(d *draft, value string) *finding.Finding {
	d.password = value
	if hasControl(value) {
		return wrong(finding.InputValue,
			"the secret contains a line break or another control character, which basic authentication does not allow",
			"save the secret again, on one line")
	}
	return nil
}

// resolveAuth chooses between Trusted Publishing and a token. It never changes the method silently: if the requested one is not
// possible, it returns an error. It does not report again what was wrong with an input on its own.
func resolveAuth(d *draft) []finding.Finding {
	given := d.password != ""
	requested := string(d.Auth)
	d.AuthAuto = requested == authAuto
	switch {
	case requested == "" || d.User == "":
		return nil
	case isNone(d.password) && (requested != string(Token) || d.User == tokenUser):
		return []finding.Finding{finding.New(finding.InputAuth,
			"input password: none is the word for an empty password, which needs auth: token and a user",
			"set `auth: token` and `user` (a name, a token, or none), or set the password")}
	case requested == string(TrustedPublishing) && given:
		return []finding.Finding{finding.New(finding.InputAuth,
			"inputs auth and password contradict each other: trusted-publishing uses no password",
			"remove one of them")}
	case d.User != tokenUser && !given:
		return []finding.Finding{finding.New(finding.InputAuth,
			"input user: "+d.quote(d.User)+" is given, but password is empty",
			emptySecret+", or leave `user` out for Trusted Publishing")}
	case requested == string(Token) && !given:
		return []finding.Finding{finding.New(finding.InputAuth, "input password is empty, but auth is token", emptySecret)}
	case !given:
		d.Auth, d.AuthWhy = TrustedPublishing, "Trusted Publishing, "+because(requested, "no password is given")
		return nil
	}
	d.Auth, d.AuthWhy = Token, "user and password, "+because(requested, "a password is given")
	if d.Repository == nil {
		return nil
	}
	problems := tokenShape(d)
	switch {
	case isNone(d.password) && isNone(d.User):
		d.User, d.AuthWhy = "", "no credentials, "+because(requested, "")
	case isNone(d.password): // the user may be a token
		d.User, d.Password = "", d.redactor.New(d.User, d.Repository).AsUser()
		d.AuthWhy = "a user without a password, " + because(requested, "")
	default:
		d.Password = d.redactor.New(d.password, d.Repository)
		if isNone(d.User) {
			d.User = ""
		}
		if secret.TooShort(d.password) {
			d.Warnings = append(d.Warnings, shortPassword())
		}
	}
	return problems
}

// shortPassword returns the warning about a password that cannot be masked.
func shortPassword() finding.Finding {
	f := finding.New(finding.InputAuth,
		"input password: the value is so short that it is not masked in the log: its letters would be masked everywhere",
		"use a longer password: check that the secret has the right value")
	f.Severity = finding.Warning
	return f
}

// emptySecret is the fix for an expected password that is empty.
const emptySecret = "check that the secret's name is correct, that the job names the secret's environment, " +
	"and that the run is not from a fork (forks get no secrets)"

// because returns the reason for the method, given the input auth and the reason that applies if it is auto.
func because(requested, auto string) string {
	if requested == authAuto {
		return "because " + auto
	}
	return "because auth requires it"
}

// tokenShape rejects credentials that the public indexes never accept.
func tokenShape(d *draft) []finding.Finding {
	if !apiTokensOnly(d.Repository.String()) {
		return nil
	}
	var problems []finding.Finding
	if d.User != tokenUser {
		problems = append(problems, finding.New(finding.InputAuth,
			"input user: "+nameOf(d.Repository.String())+" accepts only API tokens and Trusted Publishing, no user names",
			"leave `user` out, and set `password` to an API token or leave it out too"))
	}
	if !strings.HasPrefix(d.password, tokenPrefix) {
		problems = append(problems, finding.New(finding.InputAuth,
			"input password: the value is not an API token of "+nameOf(d.Repository.String())+" (these begin with "+tokenPrefix+")",
			"create an API token, or leave `password` out for Trusted Publishing"))
	}
	return problems
}
