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

// The rules of docs/reference/pypi-server.md §2.8 that look into the archive: rows 65 to 80, 84 and 90 to 93.

// archiveHelp is where the index sends those whose archive it does not accept.
const archiveHelp = " See https://docs.pypi.org/archives for more information"

// archiveRead reads the archive as far as the rules need it.
func archiveRead(u *upload) *refusal {
	in, err := os.Open(u.form.content.blob.disk)
	if err != nil {
		return refuse(http.StatusInternalServerError, "")
	}
	defer func() { _ = in.Close() }()
	if strings.HasSuffix(u.form.content.filename, ".tar.gz") {
		u.archive, err = archive.ReadTarGz(in, archive.Ask{Keep: func(string) bool { return false }})
		if err == nil {
			err = u.archive.LookForZip(in, u.form.content.blob.size)
		}
	} else {
		u.archive, err = archive.ReadZip(in, u.form.content.blob.size, u.asked())
	}
	if err != nil {
		return refuse(http.StatusInternalServerError, "")
	}
	return nil
}

// asked are the members that the index opens.
func (u *upload) asked() archive.Ask {
	members := []string{path.Join(u.distInfo(), "WHEEL"), path.Join(u.distInfo(), "METADATA"), path.Join(u.distInfo(), "entry_points.txt")}
	for _, file := range u.form.all("license_file") {
		members = append(members, u.distInfo()+"/licenses/"+file)
	}
	ask := archive.Ask{Keep: func(member string) bool {
		return slices.Contains(members, member) || isSdist(u) && strings.HasSuffix(member, "/PKG-INFO")
	}}
	if u.distInfo() != "" {
		ask.Record = u.distInfo() + "/RECORD"
	}
	return ask
}

// distInfo is the folder of a wheel's metadata, verbatim from the file name; empty where that has no two dashes.
func (u *upload) distInfo() string {
	parts := strings.SplitN(u.form.content.filename, "-", 3)
	if len(parts) < 3 || isSdist(u) {
		return ""
	}
	return parts[0] + "-" + parts[1] + ".dist-info"
}

// archiveValid is rows 65 to 80, in the order of §2.8.1.
func archiveValid(u *upload) *refusal {
	if no := archiveRead(u); no != nil {
		return no
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

// corrupt is what the index says of an archive that its reader gives up on.
const corrupt = "None"

func notBoth(u *upload) string {
	if u.archive.Odd(archive.OddBoth) != nil {
		return "File is both a zip and a tar file"
	}
	return ""
}

func opens(u *upload) string {
	switch broken := u.archive.Broken; {
	case broken == nil:
		return ""
	case errors.Is(broken, archive.ErrNotZip):
		return "File is not a zipfile"
	case errors.Is(broken, archive.ErrNotTar):
		return "File is not a tarfile"
	default:
		return corrupt
	}
}

func zipContent(u *upload) string {
	switch {
	case u.archive.Bomb(u.form.content.blob.size):
		return "File exceeds compression ratio of 50"
	case u.archive.Odd(archive.OddMethod) != nil:
		return "File does not use a supported compression type"
	case isSdist(u):
		return sdistFolder(u)
	case u.distInfo() == "":
		return "Unable to parse name and version from wheel filename"
	default:
		place := u.distInfo() + "/WHEEL"
		return u.member(place, "WHEEL not found at "+place)
	}
}

// member tells what keeps the index from reading a member.
func (u *upload) member(place, missing string) string {
	switch {
	case u.damaged(place):
		return corrupt
	case !u.archive.Names.Has(place):
		return missing
	default:
		return ""
	}
}

func (u *upload) damaged(member string) bool {
	return slices.ContainsFunc(u.archive.Oddities, func(o archive.Oddity) bool { return o.Code == archive.OddDamaged && o.Member == member })
}

func notSparse(u *upload) string {
	if u.archive.Odd(archive.OddSparse) != nil {
		return "tar archive not accepted: Sparse members are not allowed." + archiveHelp
	}
	return ""
}

func sdistFolder(u *upload) string {
	top := u.archive.Top
	if top == "" || top == "/" {
		return "Incorrect number of top-level directories in sdist"
	}
	place := strings.TrimSuffix(top, "/") + "/PKG-INFO"
	return u.member(place, "PKG-INFO not found at "+place)
}

// sourceReadable is the scan of all Python source; what comes first in the archive counts.
func sourceReadable(u *upload) string {
	for _, o := range u.archive.Oddities {
		switch {
		case o.Code == archive.OddDamaged && archive.IsSource(o.Member):
			return corrupt
		case o.Code == archive.OddObfuscated:
			return o.Detail + "-encrypted content is not allowed. See https://pypi.org/policy/acceptable-use-policy/ for more information."
		}
	}
	return ""
}

func framed(u *upload) string {
	if framing := u.archive.Odd(archive.OddFraming); framing != nil {
		return "ZIP archive not accepted: " + framing.Detail + "." + archiveHelp
	}
	return ""
}

// sdistLicenses is row 84.
func sdistLicenses(u *upload) *refusal {
	if !isSdist(u) {
		return nil
	}
	return u.licenses(u.archive.Top + "/")
}

// wheelLicenses is row 90.
func wheelLicenses(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	return u.licenses(u.distInfo() + "/licenses/")
}

func (u *upload) licenses(folder string) *refusal {
	for _, file := range u.form.all("license_file") {
		missing := fmt.Sprintf("License-File %s does not exist in distribution file %s at %s", file, u.form.content.filename, folder+file)
		if complaint := u.member(folder+file, missing); complaint != "" {
			return wheelComplaint(complaint)
		}
	}
	return nil
}

// wheelComplaint words what keeps a file of the metadata from being read.
func wheelComplaint(complaint string) *refusal {
	if complaint == corrupt {
		return bad("Invalid distribution file. %s", corrupt)
	}
	return bad("%s", complaint)
}

// recordPresent is row 91. A record that is none counts as missing; one that lists other members is taken.
func recordPresent(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	place := u.distInfo() + "/RECORD"
	missing := fmt.Sprintf("Wheel %s does not contain the required RECORD file: %s", repr(u.form.content.filename), place)
	if u.archive.Odd(archive.OddRecord) != nil {
		return bad("%s", missing)
	}
	if complaint := u.member(place, missing); complaint != "" {
		return wheelComplaint(complaint)
	}
	return nil
}

// entryPoints is row 92.
func entryPoints(u *upload) *refusal {
	place := u.distInfo() + "/entry_points.txt"
	if isSdist(u) || !u.archive.Names.Has(place) {
		return nil
	}
	if u.damaged(place) {
		return wheelComplaint(corrupt)
	}
	if text, kept := u.archive.Kept[place]; kept && pep.CheckEntryPoints(text) != nil {
		return bad("Wheel %s has invalid entry points defined in the entry_points.txt file", repr(u.form.content.filename))
	}
	return nil
}

// metadataPresent is row 93.
func metadataPresent(u *upload) *refusal {
	if isSdist(u) {
		return nil
	}
	place := u.distInfo() + "/METADATA"
	missing := fmt.Sprintf("Wheel %s does not contain the required METADATA file: %s", repr(u.form.content.filename), place)
	if complaint := u.member(place, missing); complaint != "" {
		return wheelComplaint(complaint)
	}
	return nil
}
