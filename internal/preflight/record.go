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
	if otherDistInfo(d) != "" {
		return "", "" // the index stops at WHEEL
	}
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
	folder, backslash, mark, hash := false, false, false, false
	for _, o := range d.Archive.Anomalies {
		switch o.Code {
		case archive.AnomalyUnlisted:
			differences = append(differences, o.Member+" is not in it")
			backslash = backslash || strings.Contains(o.Member, `\`)
		case archive.AnomalyAbsent:
			difference := o.Member + " is in it, but not in the wheel"
			switch {
			case strings.HasPrefix(o.Member, byteOrderMark):
				difference, mark = "it begins with a byte order mark, which counts as part of the first name", true
			case strings.HasSuffix(o.Member, "/"):
				difference, folder = o.Member+" is in it, but is a folder", true
			case o.Detail != "":
				difference = o.Member + " is in it, but must not be: " + o.Detail
			}
			differences = append(differences, difference)
		case archive.AnomalyRecordSum:
			differences = append(differences, o.Member+": "+o.Detail)
			hash = hash || strings.Contains(o.Detail, "SHA-")
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
	fix = "build the wheel again, and change it only with tools that update RECORD (such as python -m wheel pack)"
	switch {
	case mark:
		fix = "write RECORD as UTF-8 without a byte order mark"
	case backslash:
		fix = "rename the files with a backslash in their names: the parts of a path in a wheel have slashes between them"
	case folder:
		fix = "list files alone in RECORD, as python -m wheel pack does: a folder has no row"
	}
	installers := ""
	if hash {
		installers = tried("record hash")
	}
	return "RECORD does not match the wheel: " + strings.Join(differences[:min(limit, len(differences))], "; ") + more + installers, fix
}

// recordEmptyRow reports a RECORD with an empty row. The index fails on it, each time.
func recordEmptyRow(d *distfile.Distribution) (message, fix string) {
	row := unusual(d, archive.AnomalyEmptyRow)
	if row == nil || !readable(d, distfile.Wheel) || unusual(d, archive.AnomalyRecord) != nil {
		return "", ""
	}
	return "RECORD has an empty row (" + row.Detail + "): the index answers such a file with 500 Internal Server Error, and does so " +
			"again at each try",
		"write RECORD with one line end after each row: blank lines, and the line end \\r\\r\\n that Windows makes of \\r\\n in a file " +
			"opened as text, are empty rows"
}
