package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/secretscan"
)

// The rules in this file are about credentials in the files. What is found is never part of a message: only its kind and where it is.

// secretFix is the next step for a credential that was about to be published.
const secretFix = "revoke it, since the build may have copied it elsewhere too; then leave the member out, " +
	"or remove it from the sources, and build again"

// secretIn reports credentials that prove themselves, outside of tests, documentation and examples.
func secretIn(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		for _, secret := range d.Secrets {
			if secret.Proved && !secret.Illustrative {
				found = append(found, refusal(d, secretMessage(secret), secretFix))
			}
		}
	}
	return found
}

// secretPossible reports what looks like a credential, and those that prove themselves in tests, documentation and examples. What only
// looks like one there is made up.
func secretPossible(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		for _, secret := range d.Secrets {
			if secret.Proved == secret.Illustrative {
				found = append(found, refusal(d, secretMessage(secret), "if it is real: "+secretFix))
			}
		}
	}
	return found
}

// secretMessage says what is where.
func secretMessage(s distfile.Secret) string {
	switch s.Kind {
	case distfile.GitFolder, distfile.EnvFile, distfile.LoginFile:
		return fmt.Sprintf("the member %s has %s", quote(s.Member), s.Kind)
	}
	return fmt.Sprintf("the member %s has what is %s, at byte %d", quote(s.Member), kindOf(s), s.Offset)
}

// kindOf returns the kind of a credential, with a word for how sure that is.
func kindOf(s distfile.Secret) secretscan.Kind {
	if s.Proved {
		return "surely " + s.Kind
	}
	return "probably " + s.Kind
}
