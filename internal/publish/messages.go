package publish

import (
	"errors"
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// withFix makes the findings in err, if nobody explained it yet, ones with this id and next step.
func withFix(err error, id, fix string) error {
	return eachFinding(err, func(f *finding.Finding) {
		if f.ID == finding.Internal {
			f.ID, f.Fix = id, fix
		}
	})
}

// withFault says whose fault the findings in err are.
func withFault(err error, fault finding.Fault) error {
	return eachFinding(err, func(f *finding.Finding) { f.Fault = fault })
}

func eachFinding(err error, change func(*finding.Finding)) error {
	if err == nil {
		return nil
	}
	var all []error
	for _, f := range finding.Of(err) {
		change(&f)
		all = append(all, f)
	}
	return errors.Join(all...)
}

// listSome names the first of many things.
func listSome(names []string) string {
	const most = 10
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
