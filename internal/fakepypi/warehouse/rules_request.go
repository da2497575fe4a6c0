package warehouse

import (
	"net/http"
	"unicode/utf8"
)

// The rules of docs/reference/pypi-server.md §1.1, §1.4 and §2.1: the request, before the fields of the form.

// help returns the address of the help page in messages.
func (u *upload) help() string { return u.ix.help() }

func (ix *Index) help() string { return ix.capabilities.site + "/help/" }

func validText(s string) bool { return utf8.ValidString(s) }

// secure checks row 2: the request uses HTTPS.
func secure(u *upload) *refusal {
	if !u.behavior.HTTPS {
		return nil
	}
	return refuse(http.StatusForbidden, "SSL is required")
}

func sanitised(u *upload) *refusal { return u.form.sanitise() }

func action(u *upload) *refusal {
	name := u.r.URL.Query().Get(":action")
	if name == "" {
		name = u.form.get(":action")
	}
	switch name {
	case "file_upload":
		return nil
	case "submit", "submit_pkg_info":
		return refuse(http.StatusGone, "Project pre-registration is no longer required or supported, upload your files instead.")
	case "doc_upload":
		return refuse(http.StatusGone, "Uploading documentation is no longer supported, we recommend using https://readthedocs.org/.")
	default:
		return refuse(http.StatusNotFound, "")
	}
}

// noPassword checks row 3: no user name other than __token__.
func noPassword(u *upload) *refusal {
	if !u.auth.basic || u.auth.user == tokenUser {
		return nil
	}
	return refuse(http.StatusForbidden, "Username/Password authentication is no longer supported. Migrate to API Tokens or "+
		"Trusted Publishers instead. See %s#apitoken and %s#trusted-publishers", u.help(), u.help())
}

func readOnly(u *upload) *refusal {
	if !u.behavior.ReadOnly {
		return nil
	}
	return refuse(http.StatusForbidden, "Read-only mode: Uploads are temporarily disabled.")
}

func noNewUploads(u *upload) *refusal {
	if !u.behavior.NoUploads {
		return nil
	}
	return refuse(http.StatusForbidden, "New uploads are temporarily disabled. See %s#admin-intervention for more information.", u.help())
}

// identified checks row 7: the index must know the token. Its caveats are checked later.
func identified(u *upload) *refusal {
	if u.token = u.ix.tokenRecord(u.auth.token); u.token == nil {
		return refuse(http.StatusForbidden, "Invalid or non-existent authentication information. See %s#invalid-auth for more information.",
			u.help())
	}
	return nil
}

func protocol(u *upload) *refusal {
	if v := u.form.texts["protocol_version"]; len(v) > 0 && v[len(v)-1] != "1" { // of several, the last one counts
		return bad("Unknown protocol version.")
	}
	return nil
}
