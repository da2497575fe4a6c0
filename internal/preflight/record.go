package preflight

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// recordMissing reports a wheel without RECORD. The index sends the same message if it cannot read it.
func recordMissing(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.DistInfo() == "" {
		return "", ""
	}
	member := d.DistInfo() + "/RECORD"
	message = fmt.Sprintf("Wheel %s does not contain the required RECORD file: %s", quote(d.Name), member)
	if unreadable := unusual(d, archive.AnomalyRecord); unreadable != nil {
		return message, fmt.Sprintf("%s: %s", unreadable.Detail, rebuildWheel)
	}
	return missing(d, member, message, rebuildWheel)
}

// recordMismatch reports a RECORD that does not match the wheel. The index accepts such a wheel and sends an email to the
// owners of the project.
func recordMismatch(d *distfile.Distribution) (message, fix string) {
	var differences []string
	for _, o := range d.Archive.Anomalies {
		switch o.Code {
		case archive.AnomalyUnlisted:
			differences = append(differences, o.Member+" is not in it")
		case archive.AnomalyAbsent:
			differences = append(differences, o.Member+" is in it, but not in the wheel")
		case archive.AnomalyRecordSum:
			differences = append(differences, o.Member+": "+o.Detail)
		}
	}
	if len(differences) == 0 {
		return "", ""
	}
	const limit = 3
	more := ""
	if len(differences) > limit {
		more = ", and more"
	}
	return "RECORD does not match the wheel: " + strings.Join(differences[:min(limit, len(differences))], "; ") + more,
		"build the wheel again, and change it only with tools that update RECORD (such as python -m wheel pack)"
}
