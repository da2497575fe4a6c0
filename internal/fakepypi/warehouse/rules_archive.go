package warehouse

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules of docs/reference/pypi-server.md §2.8 that need the content of the archive: rows 65 to 80, 84 and 90 to 93.

// archiveHelp is the end of a message about an archive that PyPI does not accept.
const archiveHelp = " See https://docs.pypi.org/archives for more information"

// archiveRead reads the archive as far as the rules need it. It refuses with 500 if the file cannot be read.
func archiveRead(u *upload) *refusal {
	in, err := os.Open(u.form.content.blob.disk)
	if err != nil {
		return refuse(http.StatusInternalServerError, "")
	}
	defer func() { _ = in.Close() }()
	if strings.HasSuffix(u.form.content.filename, ".tar.gz") {
		u.archive, err = archive.ReadTarGz(in, archive.Selection{Keep: func(string) bool { return false }})
		if err == nil {
			err = u.archive.FindZip(in, u.form.content.blob.size)
		}
	} else {
		u.archive, err = archive.ReadZip(in, u.form.content.blob.size, u.wantedMembers())
	}
	if err != nil {
		return refuse(http.StatusInternalServerError, "")
	}
	return nil
}

// wantedMembers returns which members of the archive are read and kept: those that PyPI opens.
func (u *upload) wantedMembers() archive.Selection {
	members := []string{path.Join(u.distInfo(), "WHEEL"), path.Join(u.distInfo(), "METADATA"), path.Join(u.distInfo(), "entry_points.txt")}
	for _, file := range u.form.all("license_file") {
		members = append(members, u.distInfo()+"/licenses/"+file)
	}
	selection := archive.Selection{Keep: func(member string) bool {
		return slices.Contains(members, member) || isSdist(u) && strings.HasSuffix(member, "/PKG-INFO")
	}}
	if u.distInfo() != "" {
		selection.Record = u.distInfo() + "/RECORD"
	}
	return selection
}

// distInfo returns the folder of a wheel's metadata, verbatim from the file name. It returns an empty string for an sdist, and if the
// name has fewer than two hyphens.
func (u *upload) distInfo() string {
	parts := strings.SplitN(u.form.content.filename, "-", 3)
	if len(parts) < 3 || isSdist(u) {
		return ""
	}
	return parts[0] + "-" + parts[1] + ".dist-info"
}

// archiveValid checks rows 65 to 80, in the order of §2.8.1.
func archiveValid(u *upload) *refusal {
	if refused := archiveRead(u); refused != nil {
		return refused
	}
	checks := []func(*upload) string{notBoth, opens, zipContent, sourceReadable, framed}
	if strings.HasSuffix(u.form.content.filename, ".tar.gz") {
		checks = []func(*upload) string{notBoth, opens, notSparse, sdistFolder, sourceReadable}
	}
	for _, check := range checks {
		if complaint := check(u); complaint != "" {
			return bad("Invalid distribution file. %s", complaint)
		}
	}
	return nil
}

// corrupt is PyPI's message about an archive that its reader fails on.
const corrupt = "None"

// notBoth returns a message if the file is both a ZIP and a tar archive.
func notBoth(u *upload) string {
	if u.archive.HasAnomaly(archive.AnomalyBoth) != nil && !errors.Is(u.archive.Broken, archive.ErrNotTar) {
		return "File is both a zip and a tar file"
	}
	return ""
}

// opens returns a message if the archive cannot be opened.
func opens(u *upload) string {
	switch broken := u.archive.Broken; {
	case broken == nil:
		return ""
	case errors.Is(broken, archive.ErrNotZip):
		return "File is not a zipfile"
	case errors.Is(broken, archive.ErrNotTar):
		return "File is not a tarfile"
	case errors.Is(broken, archive.ErrExtensible):
		return notAccepted("ZIP64 extensible data not allowed")
	default:
		return corrupt
	}
}

// zipContent returns a message if a ZIP archive exceeds the compression ratio, uses an unsupported compression method, or lacks its
// metadata.
func zipContent(u *upload) string {
	switch {
	case u.archive.Bomb(u.form.content.blob.size):
		return "File exceeds compression ratio of 50"
	case u.archive.HasAnomaly(archive.AnomalyMethod) != nil:
		return "File does not use a supported compression type"
	case isSdist(u):
		return sdistFolder(u)
	case u.distInfo() == "":
		return "Unable to parse name and version from wheel filename"
	default:
		member := u.distInfo() + "/WHEEL"
		return u.member(member, "WHEEL not found at "+member)
	}
}

// member returns why PyPI cannot read a member: corrupt if it is damaged, missing if it does not exist, else an empty string.
func (u *upload) member(member, missing string) string {
	switch {
	case u.damaged(member):
		return corrupt
	case !u.archive.Names.Has(member):
		return missing
	default:
		return ""
	}
}

// damaged reports whether a member was read and found to be damaged.
func (u *upload) damaged(member string) bool {
	return slices.ContainsFunc(
		u.archive.Anomalies, func(o archive.Anomaly) bool { return o.Code == archive.AnomalyDamaged && o.Member == member },
	)
}

// notSparse returns a message if a tar archive has sparse members.
func notSparse(u *upload) string {
	if u.archive.HasAnomaly(archive.AnomalySparse) != nil {
		return "tar archive not accepted: Sparse members are not allowed." + archiveHelp
	}
	return ""
}

// sdistFolder returns a message unless the archive has one top-level folder with PKG-INFO in it.
func sdistFolder(u *upload) string {
	top := u.archive.Top
	if top == "" || top == "/" {
		return "Incorrect number of top-level directories in sdist"
	}
	member := strings.TrimSuffix(top, "/") + "/PKG-INFO"
	return u.member(member, "PKG-INFO not found at "+member)
}

// sourceReadable returns a message if a Python source file is damaged or obfuscated; the first one in the archive counts.
func sourceReadable(u *upload) string {
	for _, o := range u.archive.Anomalies {
		switch {
		case o.Code == archive.AnomalyDamaged && archive.IsSource(o.Member):
			return corrupt
		case o.Code == archive.AnomalyObfuscated:
			return o.Detail + "-encrypted content is not allowed. See https://pypi.org/policy/acceptable-use-policy/ for more information."
		}
	}
	return ""
}

// framed returns a message if a ZIP archive read from its start differs from its central directory.
func framed(u *upload) string {
	if anomaly := u.archive.HasAnomaly(archive.AnomalyFraming); anomaly != nil {
		return notAccepted(anomaly.Detail)
	}
	return ""
}

// notAccepted returns the message about the framing of a ZIP archive.
func notAccepted(problem string) string {
	return "ZIP archive not accepted: " + problem + "." + archiveHelp
}

// sdistLicenses checks row 84: an sdist has the files that License-File names.
func sdistLicenses(u *upload) *refusal {
	if !isSdist(u) {
		return nil
	}
	return u.licenses(u.archive.Top + "/")
}

// wheelLicenses checks row 90: a wheel has the files that License-File names.
func wheelLicenses(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	return u.licenses(u.distInfo() + "/licenses/")
}

// licenses refuses an archive that lacks a License-File in folder.
func (u *upload) licenses(folder string) *refusal {
	for _, file := range u.form.all("license_file") {
		missing := fmt.Sprintf("License-File %s does not exist in distribution file %s at %s", file, u.form.content.filename, folder+file)
		if complaint := u.member(folder+file, missing); complaint != "" {
			return wheelComplaint(complaint)
		}
	}
	return nil
}

// wheelComplaint returns the refusal for a metadata file that cannot be read.
func wheelComplaint(complaint string) *refusal {
	if complaint == corrupt {
		return bad("Invalid distribution file. %s", corrupt)
	}
	return bad("%s", complaint)
}

// recordPresent checks row 91: a wheel has RECORD. A record that cannot be read counts as missing; one that lists other members is
// accepted.
func recordPresent(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	member := u.distInfo() + "/RECORD"
	missing := fmt.Sprintf("Wheel %s does not contain the required RECORD file: %s", pep.Repr(u.form.content.filename), member)
	if u.archive.HasAnomaly(archive.AnomalyRecord) != nil {
		return bad("%s", missing)
	}
	if u.archive.HasAnomaly(archive.AnomalyEmptyRow) != nil {
		return refuse(http.StatusInternalServerError, "") // PyPI takes the first cell of every row
	}
	if complaint := u.member(member, missing); complaint != "" {
		return wheelComplaint(complaint)
	}
	return nil
}

// entryPoints checks row 92: entry_points.txt is valid if it exists.
func entryPoints(u *upload) *refusal {
	member := u.distInfo() + "/entry_points.txt"
	if isSdist(u) || !u.archive.Names.Has(member) {
		return nil
	}
	if u.damaged(member) {
		return wheelComplaint(corrupt)
	}
	if text, ok := u.archive.Kept[member]; ok && pep.CheckEntryPoints(text) != nil {
		return bad("Wheel %s has invalid entry points defined in the entry_points.txt file", pep.Repr(u.form.content.filename))
	}
	return nil
}

// metadataPresent checks row 93: a wheel has METADATA.
func metadataPresent(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	member := u.distInfo() + "/METADATA"
	missing := fmt.Sprintf("Wheel %s does not contain the required METADATA file: %s", pep.Repr(u.form.content.filename), member)
	if complaint := u.member(member, missing); complaint != "" {
		return wheelComplaint(complaint)
	}
	return nil
}
